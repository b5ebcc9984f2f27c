"""What bounds the engine: what this machine can do, and what a month of a block asks of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numba import njit

from bench.children import ROOT, as_a_user
from deflator.engine import Economy
from deflator.engine.elementary import fused
from deflator.engine.layout import LANES
from deflator.engine.record import Record
from deflator.engine.records import allocate

CHAIN = 16
VALUES = 256  # 2 KB: in the first cache


@njit(nogil=True, error_model="numpy")
def multiply_add(values, rounds):
    """Chain sixteen fused multiply-adds on each value, again and again; values are independent of one another."""
    a, b = 0.999999, 1e-6
    for _ in range(rounds):
        for i in range(values.size):
            x = values[i]
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            x = fused(x, a, b)
            values[i] = x


@njit(nogil=True, error_model="numpy")
def copy(source, target, rounds):
    """Copy an array again and again; adding the round keeps the compiler from doing it once."""
    for n in range(rounds):
        for i in range(source.size):
            target[i] = source[i] + n


def best_together(work: Callable[[], object], threads: int, tries: int = 5) -> float:
    """Return the shortest time in which every thread does the work once, seconds."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: work(), range(threads)))
        times = []
        for _ in range(tries):
            start = perf_counter()
            list(pool.map(lambda _: work(), range(threads)))
            times.append(perf_counter() - start)
    return min(times)


def peak_flops(threads: int, rounds: int = 20_000) -> float:
    """Return floating-point operations a second of fused multiply-adds, each counted as two."""
    seconds = best_together(lambda: multiply_add(np.ones(VALUES), rounds), threads)
    return 2.0 * CHAIN * VALUES * rounds * threads / seconds


def copy_bandwidth(size_bytes: int, threads: int, total_bytes: int = 1 << 30) -> float:
    """Return bytes read and written a second when every thread copies an array of this size to another."""
    rounds = max(1, total_bytes // size_bytes)
    arrays = [(np.ones(size_bytes // 8), np.zeros(size_bytes // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def together() -> float:
            start = perf_counter()
            list(pool.map(lambda pair: copy(*pair, rounds), arrays))
            return perf_counter() - start

        together()
        seconds = min(together() for _ in range(3))
    return 2.0 * size_bytes * rounds * threads / seconds


def cache_bytes(level: int) -> int | None:
    """Return the size of a cache of data of the first processor, or None where the system does not tell."""
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if int((index / "level").read_text()) == level and (index / "type").read_text().strip() != "Instruction":
            return int((index / "size").read_text().strip().removesuffix("K")) * 1024
    return None


def block_bytes(economy: Economy) -> dict[str, int]:
    """Return the memory of one block of lanes: what each lane has, and what all blocks share."""
    seen: dict[int, int] = {}
    shared: dict[int, int] = {}

    def visit(record: Record) -> None:
        for value in record._fields.values():
            if isinstance(value, np.ndarray):
                held = shared if value.ndim == 0 or LANES not in value.shape else seen
                held[value.ctypes.data] = max(held.get(value.ctypes.data, 0), value.nbytes)
            else:
                visit(value)

    block = allocate(economy, LANES)
    figures = block.figures.nbytes
    visit(block)
    low, high = block.figures.ctypes.data, block.figures.ctypes.data + figures
    state = sum(size for place, size in seen.items() if not low <= place < high)
    return {"figures": figures, "state": state, "links_and_requests": sum(shared.values())}


def counted_operations(book: str, scenario: str, blocks: int) -> dict[str, Any]:
    """Count what an item-month computes, in a process of its own that compiles the engine anew."""
    with tempfile.TemporaryDirectory() as folder:
        own = as_a_user(NUMBA_CACHE_DIR=folder)
        command = [sys.executable, "-m", "bench.operations", book, scenario, str(blocks)]
        done = subprocess.run(command, cwd=ROOT, env=own, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])
