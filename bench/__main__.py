"""Measure everything in one run: `make bench`, or `python -m bench`.

Writes the figures to one JSON file and the page that shows them. `--quick` leaves out the longest parts, `--tiny` shows
in seconds that all of it works.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import clearing, limits, month_profile, speed, toy, web_latency, web_load
from bench.children import ROOT
from bench.page import render
from bench.subject import setting_of

TINY_BOOK = str(ROOT / "tests" / "books" / "tiny")
#: Parts that compile the engine anew, start a cluster or need Mesa or a browser: left out of a tiny run.
LONG_PARTS = ("cluster", "start", "profile", "operations", "clearing", "web")


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    book: str = "ai-2026-02"
    scenarios: tuple[str, ...] = ("base", "essay")
    throughput_paths: int = 2_048
    rounds: int = 5
    runs: tuple[int, ...] = (1_000, 10_000)
    few_rounds: int = 2
    latency_paths: tuple[int, ...] = (128, 200, 1_000, 2_000)
    latency_times: int = 20
    paths: tuple[int, ...] = (1_024, 4_096, 16_384)
    months: tuple[int, ...] = (12, 24, 58)
    copies: tuple[int, ...] = (1, 4, 16)
    copy_paths: int = 256
    memory: tuple[tuple[str, int], ...] = (
        ("ai-2026-02", 10_000), ("ai-2026-02", 100_000),
        (TINY_BOOK, 10_000), (TINY_BOOK, 100_000), (TINY_BOOK, 1_000_000),
    )  # fmt: skip
    toy_paths: int = 6_400
    toy_few: int = 40
    mesa: bool = True
    cluster_paths: int = 4_096
    starts: int = 5
    left_out: tuple[str, ...] = ()


FULL = Sizes()
QUICK = replace(FULL, copies=(1, 4), paths=(1_024, 4_096), memory=((FULL.memory[0]), *FULL.memory[2:4]),
                rounds=3, latency_times=10)  # fmt: skip
TINY = Sizes(
    book=TINY_BOOK, scenarios=("base",), throughput_paths=64, rounds=1, runs=(64,), few_rounds=1,
    latency_paths=(32,), latency_times=2, paths=(32, 64), months=(6, 12), copies=(1, 2), copy_paths=32,
    memory=((TINY_BOOK, 64),), toy_paths=64, toy_few=2, mesa=False, left_out=LONG_PARTS,
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Return what the figures were measured on; no name of a machine, a person or a place."""
    model, cpuinfo = platform.machine(), Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model, "cores": os.cpu_count(), "memory_gb": round(memory / 2**30),
        "cache_bytes": {f"L{level}": limits.cache_bytes(level) for level in (1, 2, 3)},
        "system": platform.system(), "python": platform.python_version(),
        **{name: version(name) for name in ("numba", "numpy", "deflator")},
    }  # fmt: skip


def bounds(sizes: Sizes) -> dict[str, Any]:
    """Measure what the machine can do at most, and how large a block of lanes is."""
    block = limits.block_bytes(setting_of(sizes.book, "base", 64).economy)
    size = block["figures"] + block["state"]
    far, near = (256 << 20, 256 << 10) if sizes is not TINY else (4 << 20, 64 << 10)
    return {
        "block_bytes": block,
        "peak_gflops": {str(n): limits.peak_flops(n) / 1e9 for n in (1, speed.THREADS)},
        "copy_gb_per_second": {
            name: {str(n): limits.copy_bandwidth(count, n, 4 * far) / 1e9 for n in (1, speed.THREADS)}
            for name, count in (("far beyond the second cache", far), ("inside the second cache", near),
                                ("as large as a block", size // 2))  # a source and a target
        },
    }  # fmt: skip


def parts_of(sizes: Sizes) -> dict[str, Callable[[], Any]]:
    """Return what is measured, in the order in which it is."""
    parts: dict[str, Callable[[], Any]] = {
        "throughput": lambda: speed.throughput(sizes.book, sizes.scenarios, sizes.throughput_paths, sizes.rounds),
        "runs": lambda: speed.runs(sizes.book, sizes.runs, sizes.few_rounds),
        "latency": lambda: speed.latency(sizes.book, sizes.latency_paths, sizes.latency_times),
        "side_by_side": lambda: toy.side_by_side(sizes.toy_paths, sizes.toy_few, speed.THREADS, sizes.mesa),
        "bounds": lambda: bounds(sizes),
        "profile": lambda: month_profile.profile(sizes.scenarios[0], 16, sizes.book),
        "scaling": lambda: speed.scaling(
            sizes.book, sizes.paths, sizes.months, sizes.copies, sizes.copy_paths, sizes.rounds
        ),
        "cluster": lambda: speed.cluster(sizes.book, sizes.cluster_paths, sizes.few_rounds),
        "memory": lambda: speed.memory(sizes.memory),
        "start": lambda: speed.starting(sizes.book, sizes.starts),
        "operations": lambda: limits.counted_operations(sizes.book, sizes.scenarios[0], 2),
        "clearing": lambda: clearing.measure((100, 1_000)),
        "web": lambda: {"latency": web_latency.measure(sizes.book), "load": web_load.measure(sizes.book)},
    }
    return {name: part for name, part in parts.items() if name not in sizes.left_out}


def measure(sizes: Sizes) -> dict[str, Any]:
    """Run every part, telling on standard error how it goes."""
    begin = perf_counter()
    load_before = os.getloadavg()
    results: dict[str, Any] = {
        "finished_at": "", "machine": machine(), "left_out": list(sizes.left_out), "load_average": {}, "seconds": {},
    }  # fmt: skip
    parts = parts_of(sizes)
    for number, (name, part) in enumerate(parts.items(), 1):
        start = perf_counter()
        print(f"[{start - begin:5.0f} s] {number}/{len(parts)} {name}", file=sys.stderr, flush=True)
        results[name] = part()
        results["seconds"][name] = round(perf_counter() - start, 1)
        results["load_average"][name] = os.getloadavg()[0]
    results["load_average"]["before"] = load_before[0]
    results["seconds"]["all"] = round(perf_counter() - begin, 1)
    results["finished_at"] = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    return results


def main(arguments: list[str] | None = None) -> None:
    """Measure, write the figures, and write the page unless only part was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, default=ROOT / "docs" / "performance.json", help="where figures go")
    parser.add_argument("--page", type=Path, help="where the page goes; beside the figures when not told")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="leave out a million paths and the largest books")
    size.add_argument("--tiny", action="store_true", help="a test that all of it works, on a tiny book")
    size.add_argument("--page-only", action="store_true", help="write the page again from the figures that are there")
    options = parser.parse_args(arguments)
    if not options.page_only:
        results = measure(TINY if options.tiny else QUICK if options.quick else FULL)
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page = options.page or options.json.with_suffix(".md")
    page.write_text(render(json.loads(options.json.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
