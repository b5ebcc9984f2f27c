"""Where the time of a month goes: `python -m bench.month_profile [SCENARIO] [BLOCKS]`.

The month is compiled once more with a reading of the processor's time stamp after each step; inlining and
vectorisation inside the steps stay as they are.
"""

from __future__ import annotations

import ast
import inspect
import sys
import time

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from bench.subject import items_of
from deflator.analysis.replay import prepare
from deflator.book import load_book
from deflator.engine import month
from deflator.engine.layout import LANES
from deflator.engine.records import allocate, forget, gather
from deflator.engine.setup import start_block
from deflator.ensemble import Question
from deflator.scenario import load_scenario


@intrinsic
def time_stamp(_context):
    def code(_context, builder, _signature, _arguments):
        word = ir.IntType(64)
        function = builder.module.declare_intrinsic("llvm.readcyclecounter", (), ir.FunctionType(word, ()))
        return builder.call(function, ())

    return types.int64(), code


@njit
def tick(times, step):
    now = time_stamp()
    times[0] += 0
    times[step] += now - times[0]
    times[0] = now


def profiled_month():
    """Return `run_month` with a reading after each step, and the names of the steps."""
    tree = ast.parse(inspect.getsource(month))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run_month")
    function.args.args.append(ast.arg("times"))
    names, body = ["start"], []
    for node in function.body:
        body.append(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            body.append(ast.parse(f"tick(times, {len(names)})").body[0])
            names.append(ast.unparse(node.value.func))
        elif isinstance(node, ast.Assign):
            continue
    function.body = [ast.parse("tick(times, 0)").body[0], *body]
    function.decorator_list = []
    space = dict(vars(month)) | {"tick": tick}
    exec(compile(ast.fix_missing_locations(ast.Module([function], [])), "profiled", "exec"), space)
    return njit(nogil=True, error_model="numpy")(space["run_month"]), names


def profile(scenario="base", blocks=4, book="ai-2026-02"):
    """Simulate some blocks of lanes and return how long a month takes, and which share each step has."""
    question = Question(load_book(book), load_scenario(scenario), paths=10_000)
    economy = prepare(question).economy
    run_month, names = profiled_month()
    block = allocate(economy, LANES)
    times = np.zeros(len(names) + 1, dtype=np.int64)
    seed = np.uint64(question.seed)
    spent = np.zeros((blocks, economy.months, len(names) - 1))
    total = 0.0
    for number in range(-1, blocks):
        block.paths[:] = np.arange(LANES, dtype=np.uint64) + np.uint64(max(number, 0) * LANES)
        block.draw[:] = block.paths.astype(np.int64) % economy.draws
        gather(economy.figures, block.draw, block.figures)
        forget(block)
        start_block(block, economy.months, seed, True)
        start = time.process_time()
        for t in range(1, economy.months + 1):
            times[:] = 0
            run_month(t, economy.months, seed, True, block, times)
            spent[max(number, 0), t - 1] = times[1 : len(names)]
        if number >= 0:
            total += time.process_time() - start
    months = blocks * economy.months
    steps = np.median(spent, axis=0).sum(axis=0)  # the median: what else the processor did falls into single months
    shares = sorted(zip(steps / steps.sum(), names[1:], strict=True), reverse=True)
    return {
        "scenario": scenario,
        "microseconds_a_month": 1e6 * total / months,
        "million_item_months_per_processor_second": items_of(economy) * LANES * months / total / 1e6,
        "steps": [
            {"step": name, "share": float(share), "microseconds": 1e6 * float(share) * total / months}
            for share, name in shares
        ],
    }


def main(scenario="base", blocks=4):
    found = profile(scenario, blocks)
    print(
        f"{found['microseconds_a_month']:.0f} µs a month of {LANES} lanes; "
        f"{found['million_item_months_per_processor_second']:.1f} million item-months/s on one processor"
    )
    for step in found["steps"]:
        print(f"{100 * step['share']:5.1f} %  {step['microseconds']:7.1f} µs  {step['step']}")


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(text) for text in sys.argv[2:3]))
