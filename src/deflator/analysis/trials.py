"""Run an economy again and again with one thing changed, on the same random draws, and keep the outcome in memory.

A trial of a few thousand paths takes seconds, so an analysis asks for many. All of them share seed, figures and path
numbers: what differs between two trials is what was changed, path by path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting, walk
from deflator.engine import Paths, simulate
from deflator.engine.layout import LANES
from deflator.engine.positions import CHANNELS
from deflator.engine.record import Record
from deflator.ensemble import Progress

#: Month and block -> what is to be kept of each month: name -> [item, lane] or [lane], copied.
Keep = Callable[[int, Record], Mapping[str, NDArray]]
_MOST_BLOCKS = 16  # in a piece of work for one thread
_TURNS = 4  # pieces for each thread, where there are so many: a thread that other work holds up does fewer
Part = TypeVar("Part")


class Workers:
    """Threads that stay between simulations, each with the memory of its last one.

    A simulation of a few blocks takes tens of milliseconds; to start threads and to lay out memory for it anew takes
    several more. Close it, or use it as a context.

    Parameters
    ----------
    threads
        How many; as many as the machine has processors when None.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=64, draws=2))
    >>> low = np.full(setting.economy.months + 1, 0.5)
    >>> with Workers(2) as workers:
    ...     first = simulate_all(setting, workers=workers)
    ...     again = simulate_all(varied(setting, requests={"rent_level": low}), workers=workers)
    >>> first.rent.shape == again.rent.shape, bool(abs(again.rent[1:] - 0.5).max() < 1e-12)
    (True, True)
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="deflator-block")

    def submit(self, work: Callable[[int, int], Part], first: int, count: int) -> Future[Part]:
        """Let the next free thread do some work."""
        return self._pool.submit(work, first, count)

    def close(self) -> None:
        """Let the threads end, and with them their memory; what has not begun is not done."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def simulate_all(
    setting: Setting,
    paths: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    first_path: int = 0,
    workers: Workers | None = None,
) -> Paths:
    """Simulate the paths of a setting on all processors and hold what is kept of each in memory.

    Parameters
    ----------
    setting
        From `prepare` or `varied`.
    paths
        How many; those of the question when None.
    threads
        Threads to use; they change no result.
    progress
        Told the paths done and the paths asked for.
    first_path
        Path to count from.
    workers
        Threads that stay, for a process that simulates again and again; instead of `threads`.

    Returns
    -------
    Paths
        The last axis is the path; a path counts only where `status` is `Status.OK`.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> question = Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2)
    >>> simulate_all(prepare(question)).break_month.shape[-1]
    8
    """
    question = setting.question

    def work(first: int, count: int) -> Paths:
        return simulate(
            setting.economy, seed=question.seed, first_path=first_path + first, paths=count, chance=question.chance
        )

    count = question.paths_used if paths is None else paths
    threads = workers.threads if workers else threads or os.cpu_count() or 1
    blocks = -(-count // LANES)
    chunk = LANES * max(min(_MOST_BLOCKS, blocks // (_TURNS * threads)), 1)
    parts = _in_chunks(work, chunk, count, threads, progress, workers)
    if len(parts) == 1:
        return parts[0]
    return Paths(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True)))


def watch(
    setting: Setting,
    keep: Keep,
    paths: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    last: int | None = None,
    first_path: int = 0,
) -> dict[str, NDArray]:
    """Simulate paths month by month and keep chosen state of every month.

    Parameters
    ----------
    setting
        From `prepare` or `varied`.
    keep
        Called at month 0 and at the end of each month; it must copy what it returns.
    paths, threads, progress
        As for `simulate_all`.
    last
        Last month to simulate; the horizon when None.
    first_path
        Path to count from.

    Returns
    -------
    dict of str to ndarray
        What was kept, shape [months + 1, ..., path], and `status`, shape [path].
    """

    def work(first: int, count: int) -> dict[str, NDArray]:
        months: dict[str, list[NDArray]] = {}
        for month, block in walk(setting, first_path + np.arange(first, first + count), last):
            for name, value in keep(month, block).items():
                months.setdefault(name, []).append(np.asarray(value)[..., :count])
        return {name: np.stack(values) for name, values in months.items()} | {
            "status": block.ledger.status[:count].copy()
        }

    parts = _in_chunks(work, LANES, setting.question.paths_used if paths is None else paths, threads, progress)
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def _in_chunks(
    work: Callable[[int, int], Part],
    chunk: int,
    paths: int,
    threads: int | None,
    progress: Progress | None,
    workers: Workers | None = None,
) -> list[Part]:
    """Do the work for chunks of paths on several threads; the parts come back in the order of the paths."""
    sizes = [min(chunk, paths - first) for first in range(0, paths, chunk)]
    done = list(accumulate(sizes))
    parts = []
    with nullcontext(workers) if workers else Workers(threads) as hired:
        waiting = [hired.submit(work, first, size) for first, size in zip(range(0, paths, chunk), sizes, strict=True)]
        try:
            for part, end in zip(waiting, done, strict=True):
                parts.append(part.result())
                if progress:
                    progress(end, paths)
        finally:
            for part in waiting:
                part.cancel()
    return parts


def varied(
    setting: Setting,
    off: Collection[str] = (),
    requests: Mapping[str, NDArray] | None = None,
    figures: Mapping[str, Floats] | None = None,
) -> Setting:
    """Return the setting with something changed that its figures do not depend on; all random draws stay.

    Parameters
    ----------
    setting
        What to start from; it stays as it is.
    off
        Channels to switch off besides those that are off already.
    requests
        What the scenario asks for by month, by field of `deflator.engine.layout.Requests`, in the shape of that field.
    figures
        Figures by `record.field`, shape [item, draw] or [item, 1].

    Raises
    ------
    KeyError, ValueError
        For a channel, field or shape that does not exist: a fault of the caller.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> alone = varied(setting, off=CHANNELS)
    >>> int(alone.economy.links["world.channels"].sum()), int(setting.economy.links["world.channels"].sum())
    (0, 11)
    """
    economy = setting.economy
    links = economy.links
    if off:
        channels = links["world.channels"].copy()
        channels[[CHANNELS.index(name) for name in off]] = 0
        links = {**links, "world.channels": channels}
    asked = economy.requests
    for name, values in (requests or {}).items():
        if getattr(asked, name).shape != values.shape:
            raise ValueError(f"{name} has shape {getattr(asked, name).shape}, not {values.shape}")
        asked = asked._replace(**{name: np.ascontiguousarray(values, dtype=np.float64)})
    table = economy.figures
    if figures:
        table = table.copy()
        for name, values in figures.items():
            table[economy.rows[name]] = values
    return replace(setting, economy=replace(economy, links=links, requests=asked, figures=table))
