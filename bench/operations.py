"""Count what the engine computes: `python -m bench.operations BOOK SCENARIO BLOCKS`.

Every basic block of the code that Numba hands to LLVM gets an instruction that adds up the block's floating-point
operations and the words of 64-bit floats that it reads from and writes to arrays. So what is counted is what the
sources ask for on the branches that are taken, lane by lane, before LLVM removes what is computed twice. Start this in
a process whose NUMBA_CACHE_DIR is empty: code from a cache has no counters.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from llvmlite import ir
from numba.core.codegen import CPUCodeLibrary

COUNTED = ("operations", "divisions_and_roots", "words_read", "words_written")
counts = np.zeros(len(COUNTED), dtype=np.int64)
_PLAIN = {"fadd": 1, "fsub": 1, "fmul": 1, "fdiv": 1, "frem": 1}
_CALLS = {"llvm.fma": 2, "llvm.sqrt": 1, "llvm.pow": 1, "llvm.exp": 1, "llvm.log": 1}


def counts_of(block: ir.Block) -> list[int]:
    """Return what one basic block adds to each count."""
    found = dict.fromkeys(COUNTED, 0)
    for instruction in block.instructions:
        name = instruction.opname
        if name in _PLAIN:
            found["operations"] += _PLAIN[name]
            found["divisions_and_roots"] += name in ("fdiv", "frem")
        elif name == "call":
            called = getattr(instruction.callee, "name", "")
            found["operations"] += next((n for start, n in _CALLS.items() if called.startswith(start)), 0)
            found["divisions_and_roots"] += called.startswith("llvm.sqrt")
        elif name == "load" and isinstance(instruction.type, ir.DoubleType):
            found["words_read"] += in_an_array(instruction.operands[0])
        elif name == "store" and isinstance(instruction.operands[0].type, ir.DoubleType):
            found["words_written"] += in_an_array(instruction.operands[1])
    return list(found.values())


def in_an_array(place: ir.Value) -> bool:
    """Tell whether an address is one of an array rather than of a variable."""
    while getattr(place, "opname", "") == "bitcast":
        place = place.operands[0]
    return getattr(place, "opname", "") in ("getelementptr", "inttoptr") and not any(
        getattr(operand, "opname", "") == "alloca" for operand in place.operands
    )


def count_in(module: ir.Module) -> None:
    """Add to each basic block what counts it."""
    word = ir.IntType(64)
    for function in module.functions:
        for block in function.blocks:
            for position, number in enumerate(counts_of(block)):
                if number:
                    place = ir.Constant(word, counts.ctypes.data + 8 * position).inttoptr(word.as_pointer())
                    builder = ir.IRBuilder(block)
                    builder.position_before(block.terminator)
                    builder.store(builder.add(builder.load(place), ir.Constant(word, number)), place)


def install() -> None:
    """Let all code that is compiled from here on be counted."""
    plain = CPUCodeLibrary.add_ir_module

    def counting(self: CPUCodeLibrary, module: ir.Module) -> None:
        count_in(module)
        plain(self, module)

    CPUCodeLibrary.add_ir_module = counting


def main(book: str, scenario: str, blocks: str) -> None:
    """Simulate some blocks of lanes and print what a lane's month of an item takes."""
    install()
    from bench.subject import items_of, setting_of
    from deflator.engine import simulate
    from deflator.engine.layout import LANES

    paths = int(blocks) * LANES
    economy = setting_of(book, scenario, paths).economy
    counts[:] = 0
    simulate(economy, seed=1, first_path=0, paths=paths)
    per = paths * economy.months * items_of(economy)
    print(json.dumps({name: int(count) / per for name, count in zip(COUNTED, counts, strict=True)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
