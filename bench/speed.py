"""How fast the engine is: throughput, latency, scaling, memory, clusters, start."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bench.children import seconds_of_command, seconds_to_first_path, told_by
from bench.copies import copied
from bench.subject import items_of, setting_of
from deflator.analysis.replay import Setting
from deflator.analysis.result import workers_of
from deflator.analysis.trials import Workers, simulate_all, varied
from deflator.book import load_book
from deflator.ensemble import run_paths

THREADS = 2


@dataclass(frozen=True)
class Rounds:
    """How long each of several rounds took: by the clock, and in seconds of all processors together."""

    clock: tuple[float, ...]
    processor: tuple[float, ...]

    def told(self) -> dict[str, Any]:
        """Return the shortest, the middle and the longest."""
        return {
            "seconds": {"best": min(self.clock), "median": median(self.clock), "worst": max(self.clock)},
            "processor_seconds": min(self.processor),
            "rounds": len(self.clock),
        }


def timed(work: Callable[[], object], rounds: int) -> Rounds:
    """Do some work once to warm up, and then so many times against the clock."""
    return timed_in_turn([work], rounds)[0]


def timed_in_turn(works: Sequence[Callable[[], object]], rounds: int) -> list[Rounds]:
    """Time works that are to be compared, one after another in each round, so that a disturbance meets all alike."""
    clock: list[list[float]] = [[] for _ in works]
    processor: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for number, work in enumerate(works):
            start, start_processor = perf_counter(), process_time()
            work()
            clock[number].append(perf_counter() - start)
            processor[number].append(process_time() - start_processor)
    return [Rounds(tuple(one), tuple(other)) for one, other in zip(clock, processor, strict=True)]


def simulated(setting: Setting, paths: int, threads: int, rounds: int) -> dict[str, Any]:
    """Time simulations of a setting, and count how many item-months a second that is."""
    return counted(setting, paths, threads, timed(lambda: simulate_all(setting, paths, threads), rounds))


def compared(runs: Sequence[tuple[Setting, int]], rounds: int) -> list[dict[str, Any]]:
    """Time simulations of settings and numbers of paths in turn, each on threads that stay with their memory."""
    with ExitStack() as stack:
        works = [
            partial(simulate_all, setting, paths, workers=stack.enter_context(Workers(THREADS)))
            for setting, paths in runs
        ]
        found = timed_in_turn(works, rounds)
    return [counted(setting, paths, THREADS, of) for (setting, paths), of in zip(runs, found, strict=True)]


def counted(setting: Setting, paths: int, threads: int, found: Rounds) -> dict[str, Any]:
    """Say what was timed, and how many item-months a second that is."""
    economy = setting.economy
    done = items_of(economy) * economy.months * paths / 1e6
    return {
        "paths": paths, "items": items_of(economy), "months": economy.months, "threads": threads, **found.told(),
        "million_item_months_per_second": {
            "best": done / min(found.clock), "median": done / median(found.clock), "worst": done / max(found.clock),
        },
        "million_item_months_per_processor_second": done / min(found.processor),
    }  # fmt: skip


def throughput(book: str, scenarios: Sequence[str], paths: int, rounds: int) -> list[dict[str, Any]]:
    """Measure item-months per second, all channels on, at one and two threads."""
    rows = []
    for scenario in scenarios:
        setting = setting_of(book, scenario, paths)
        rows += [{"scenario": scenario} | simulated(setting, paths, threads, rounds) for threads in (1, THREADS)]
    return rows


def runs(book: str, sizes: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """Measure warm simulations in memory, and the whole command as a user types it."""
    rows = []
    for paths in sizes:
        setting = setting_of(book, "base", paths)
        inside = timed(lambda setting=setting: simulate_all(setting, threads=THREADS), rounds)
        arguments = "run", "base", "--book", book, "--paths", str(paths), "--threads", str(THREADS)
        command = [seconds_of_command(*arguments) for _ in range(rounds + 1)][1:]
        rows.append({"paths": paths, "in_memory": inside.told(), "command_seconds": {
            "best": min(command), "median": median(command), "worst": max(command)}})  # fmt: skip
    return rows


def latency(book: str, sizes: Sequence[int], times: int) -> list[dict[str, Any]]:
    """Measure how long small simulations keep somebody waiting: from a course that was moved to the paths under it."""
    rows = []
    with Workers(THREADS) as workers:
        for paths in sizes:
            setting, moves = setting_of(book, "base", paths), count(1)

            def moved(setting: Setting = setting, moves: Iterator[int] = moves) -> object:
                shift = np.full(setting.economy.months + 1, 0.001 * next(moves))
                return simulate_all(varied(setting, requests={"funding_shift": shift}), workers=workers)

            clock = timed(moved, times).clock
            rows.append({"paths": paths, "times": times, "median_ms": 1e3 * median(clock),
                         "p95_ms": 1e3 * float(np.quantile(clock, 0.95))})  # fmt: skip
    return rows


def relative(rows: list[dict[str, Any]], per: Callable[[dict[str, Any]], float]) -> list[dict[str, Any]]:
    """Add what a unit of work costs in processor time, relative to the first row."""
    first = rows[0]["processor_seconds"] / per(rows[0])
    return [row | {"cost_over_first": row["processor_seconds"] / per(row) / first} for row in rows]


def scaling(
    book: str, paths: Sequence[int], months: Sequence[int], copies: Sequence[int], copy_paths: int, rounds: int
) -> dict[str, list[dict[str, Any]]]:
    """Measure cost per path, per month and per item as each of them grows."""
    by_paths = compared([(setting_of(book, "base", count), count) for count in paths], rounds)
    by_months = compared([(setting_of(book, "base", paths[0], months=count), paths[0]) for count in months], rounds)
    books = [(setting_of(copied(load_book(book), times), "base", copy_paths, draws=32), copy_paths) for times in copies]
    by_items = [{"copies": times} | row for times, row in zip(copies, compared(books, rounds), strict=True)]
    return {
        "paths": relative(by_paths, lambda row: row["paths"]),
        "months": relative(by_months, lambda row: row["months"]),
        "items": relative(by_items, lambda row: row["items"]),
    }


def memory(runs: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Measure the peak of whole runs, each in a process of its own."""
    return [{"book": Path(book).name, "paths": paths} | told_by("memory", book, str(paths)) for book, paths in runs]


def cluster(book: str, paths: int, rounds: int) -> dict[str, Any]:
    """Compare threads with a local Dask cluster of as many processes, starting them counted and not."""
    question = setting_of(book, "base", paths).question
    times: dict[str, dict[str, list[float]]] = {}
    for name, address in (("threads", None), (f"local:{THREADS}", f"local:{THREADS}")):
        found = times.setdefault(name, {"seconds": [], "of_which_start": []})
        for _ in range(rounds + 1):
            with tempfile.TemporaryDirectory() as folder:
                start = perf_counter()
                with workers_of(question, THREADS, address) as workers:
                    found["of_which_start"].append(perf_counter() - start)
                    run_paths(question, Path(folder), workers)
                    found["seconds"].append(perf_counter() - start)
    return {"paths": paths, **{name: {part: min(values[1:]) for part, values in found.items()}
                               for name, found in times.items()}}  # fmt: skip


def starting(book: str, rounds: int) -> dict[str, Any]:
    """Measure the time to the first path with nothing compiled, and again with all compiled."""
    with tempfile.TemporaryDirectory() as cache:
        cold = seconds_to_first_path(book, cache)
        warm = [seconds_to_first_path(book, cache) for _ in range(rounds)]
    return {"cold_seconds": cold, "warm_seconds": {"best": min(warm), "median": median(warm), "worst": max(warm)}}
