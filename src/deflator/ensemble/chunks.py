"""Simulate paths in chunks on several threads and keep what analyses need of each.

Nothing that is kept depends on how the paths are cut or on who finishes first: per-path rows go to disk
under their path's number, series are counted in whole numbers, and the checksum takes chunks in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from deflator.engine.codes import Status
from deflator.ensemble.checksum import Checksum
from deflator.ensemble.histogram import Grid, Histogram
from deflator.ensemble.tables import chunk_tables, join_parts, write_part, write_table
from deflator.errors import Fault, RunError

if TYPE_CHECKING:
    from deflator.engine import Paths

#: First path and number of paths -> what happened on them.
Simulate = Callable[[int, int], "Paths"]
#: Paths done and paths asked for.
Progress = Callable[[int, int], None]

#: Largest residual of an accounting identity, relative to the gross flow of its month.
RESIDUAL_ALLOWED = 1e-9
IDENTITIES = ("ledger", "debt", "units")

LEVELS = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}
#: Quantiles of rents are off by at most 0.08 %, of openness by at most 0.0001.
GRIDS = {
    "rent": Grid(1e-6, 1e6, 18_000, logarithmic=True),
    "funding": Grid(0.0, 1.0, 5_000, logarithmic=False),
}
_HASHED = (
    "break_month", "break_trigger", "soft_month", "soft_trigger", "broken_share", "cause", "cause_musd",
    "loss_musd", "rent", "funding",
)  # fmt: skip


class ImbalanceError(RunError):
    """A path on which money, debt or equipment appeared or vanished: nothing of the run can be trusted."""


class Job(NamedTuple):
    """What to simulate and how to cut it.

    Parameters
    ----------
    simulate
        Gives the outcome of a range of paths; called from several threads at once.
    entities
        Names, in the order of the engine.
    paths, draws
        Paths to run; draws of the uncertain figures.
    chunk
        Paths to a task.
    threads
        Tasks at a time.
    """

    simulate: Simulate
    entities: tuple[str, ...]
    paths: int
    draws: int
    chunk: int
    threads: int


class Measured(NamedTuple):
    """What a run measured of itself."""

    checksum: str
    paths_failed: int
    residuals: dict[str, float]


class _Reference(NamedTuple):
    """What a worker hands back: small, and the rows stay on disk."""

    paths: int
    failed: int
    cells: dict[str, np.ndarray]
    hashed: dict[str, np.ndarray]
    residuals: dict[str, tuple[float, int]]


def run_chunks(job: Job, folder: Path, progress: Progress | None = None) -> Measured:
    """Simulate all paths and write the tables of the run into a folder.

    Parameters
    ----------
    job
        What to simulate and how to cut it.
    folder
        Where the tables go.
    progress
        Told the number of paths done after each chunk.

    Raises
    ------
    ImbalanceError
        When an accounting identity is off by more than `RESIDUAL_ALLOWED` of the gross flow.
    RunError
        When every path failed.
    """
    checksum = Checksum(job.entities)
    histograms: dict[str, Histogram] = {}
    worst = dict.fromkeys(IDENTITIES, (0.0, 0))
    done = failed = 0
    for part in _in_order(job, folder):
        checksum.add(part.hashed)
        for name, cells in part.cells.items():
            histograms.setdefault(name, Histogram(GRIDS[name], cells.shape[0])).add(cells)
        worst = {name: max(worst[name], part.residuals[name]) for name in IDENTITIES}
        failed += part.failed
        done += part.paths
        if progress:
            progress(done, job.paths)
    _check(worst, failed, job.paths)
    write_table(folder, "series_quantiles", _series(histograms))
    join_parts(folder)
    return Measured(checksum.hexdigest(), failed, {name: worst[name][0] for name in IDENTITIES})


def _in_order(job: Job, folder: Path) -> Iterator[_Reference]:
    """Yield the references of all chunks in order, with few chunks under way so that memory stays small."""

    def work(first: int) -> _Reference:
        outcome = job.simulate(first, min(job.chunk, job.paths - first))
        for name, rows in chunk_tables(outcome, first, job.draws, job.entities).items():
            write_part(folder, name, first, rows)
        return _reference(outcome, first)

    under_way: deque[Future[_Reference]] = deque()
    with ThreadPoolExecutor(job.threads) as threads:
        try:
            for first in range(0, job.paths, job.chunk):
                under_way.append(threads.submit(work, first))
                if len(under_way) > 2 * job.threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def _reference(outcome: Paths, first: int) -> _Reference:
    good = outcome.status == Status.OK
    residuals = {}
    for name in IDENTITIES:
        # A residual that is not a number is as bad as an infinite one.
        measured = np.nan_to_num(getattr(outcome, f"{name}_residual"), nan=np.inf)
        residual = np.where(good, measured, 0.0)
        lane = int(np.argmax(residual))
        residuals[name] = (float(residual[lane]), first + lane)
    return _Reference(
        paths=good.size,
        failed=int(good.size - good.sum()),
        cells={name: grid.cell_of(getattr(outcome, name)[:, good]) for name, grid in GRIDS.items()},
        hashed={"status": outcome.status, **{name: getattr(outcome, name)[..., good] for name in _HASHED}},
        residuals=residuals,
    )


def _check(worst: dict[str, tuple[float, int]], failed: int, paths: int) -> None:
    """Refuse a run that breaks an identity, or of which nothing is left."""
    faults = [
        Fault(
            "", 0, f"{name}_residual",
            f"{residual:.3g} of the gross flow on path {path}, above the allowed {RESIDUAL_ALLOWED:g}",
            "this is a fault of the program: report it with the book, the scenario and the seed",
        )
        for name, (residual, path) in worst.items()
        if not residual <= RESIDUAL_ALLOWED
    ]  # fmt: skip
    if faults:
        raise ImbalanceError(faults)
    if failed == paths:
        hint = "try another seed; look for extreme figures in the book or the scenario"
        raise RunError([Fault("", 0, "", f"all {paths} paths failed, so there is nothing to show", hint)])


def _series(histograms: dict[str, Histogram]) -> pl.DataFrame:
    frames = []
    for name, histogram in histograms.items():
        quantiles = histogram.quantiles(list(LEVELS.values()))
        frames.append(
            pl.DataFrame(
                {
                    "series": [name] * histogram.months,
                    "month": np.arange(histogram.months, dtype=np.int16),
                    **{level: quantiles[:, column] for column, level in enumerate(LEVELS)},
                }
            )
        )
    return pl.concat(frames)
