"""From chunks to the tables of a run: simulate those that are missing, then read all of them in the order of paths.

Wherever and whenever a chunk was simulated, it is read back from the same file here; so a run has the same bits on
threads, on a cluster, and when it was stopped and resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from deflator.ensemble.checksum import Checksum
from deflator.ensemble.chunk_files import ChunkFolder
from deflator.ensemble.chunks import GRIDS, IDENTITIES, Chunk, Failure, Job
from deflator.ensemble.histogram import Histogram
from deflator.ensemble.tables import CHUNKED, FAILURES, write_rows, write_table
from deflator.ensemble.workers import Workers
from deflator.errors import Fault, RunError

#: Paths done and paths asked for.
Progress = Callable[[int, int], None]

#: Largest residual of an accounting identity, relative to the gross flow of its month.
RESIDUAL_ALLOWED = 1e-9
LEVELS = {"q05": 0.05, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q95": 0.95}
#: Paths after which the error is looked at again; every size of chunk of a run with a goal divides it.
PATHS_TO_A_LOOK = 1_024


class HopelessError(RunError):
    """A run whose result would be the same, and of no use, however often it is run."""


class ImbalanceError(HopelessError):
    """A path on which money, debt or equipment appeared or vanished: nothing of the run can be trusted."""


class Meter(Protocol):
    """What measures how exact the answer is while paths come in."""

    def add(self, paths: pl.DataFrame, breaks: pl.DataFrame) -> float:
        """Take the next paths, in order; return the largest error of all so far."""


class Goal(NamedTuple):
    """When to stop before all paths are run.

    Parameters
    ----------
    error
        Monte Carlo standard error that is small enough, a share.
    meter
        Measures it.
    """

    error: float
    meter: Meter


class Expected(NamedTuple):
    """What a run will take, measured on its first chunk.

    Parameters
    ----------
    seconds
        Time until it is done.
    kept_bytes, most_bytes
        Disk that the finished run takes, and that it takes just before it is finished.
    paths
        Paths to simulate.
    threads
        Chunks at a time.
    """

    seconds: float
    kept_bytes: int
    most_bytes: int
    paths: int
    threads: int


class Told(NamedTuple):
    """Who is told how a run goes.

    Parameters
    ----------
    progress
        Told the paths done and the paths asked for after each chunk.
    expected
        Told once, after the first chunk, what the run will take.
    """

    progress: Progress | None = None
    expected: Callable[[Expected], None] | None = None


class Outcome(NamedTuple):
    """What a run measured of itself.

    Parameters
    ----------
    checksum
        Fingerprint of all paths.
    paths, paths_failed
        Paths run, fewer than asked for when the goal was reached; those that are in no figure.
    residuals
        Largest by identity.
    error
        What the meter said last; None without a goal.
    """

    checksum: str
    paths: int
    paths_failed: int
    residuals: dict[str, float]
    error: float | None


def run_chunks(
    job: Job, folder: Path, chunks: Path, workers: Workers, told: Told | None = None, goal: Goal | None = None
) -> Outcome:
    """Simulate all paths and write the tables of the run into a folder.

    Parameters
    ----------
    job
        What to simulate and how to cut it.
    folder
        Where the tables go.
    chunks
        Where chunks are kept; those that lie there already are not simulated again.
    workers
        Who simulates.
    told
        Who is told how it goes.
    goal
        When to stop before all paths are run.

    Raises
    ------
    ImbalanceError
        When an accounting identity is off by more than `RESIDUAL_ALLOWED` of the gross flow.
    HopelessError
        When every path failed.
    """
    kept = ChunkFolder(chunks)
    looks = _Looks(job, kept, goal) if goal else None
    done, failures = _fill(job, kept, workers, told or Told(), looks)
    paths = looks.paths if looks else job.paths
    done = {first for first in done if first < paths}
    failures = {first: failure for first, failure in failures.items() if first < paths}
    unrun = {first: min(job.size(first), paths - first) for first in failures}
    checksum = Checksum(job.entities)
    histograms: dict[str, Histogram] = {}
    worst = dict.fromkeys(IDENTITIES, (0.0, 0))
    failed = sum(unrun.values())
    for first in sorted(done):
        chunk = kept.read(first)
        measured = chunk.measured
        checksum.add(chunk.digests)
        _count(chunk, measured.months, histograms)
        worst = {name: max(worst[name], measured.residuals[name]) for name in IDENTITIES}
        failed += measured.failed
    _check(worst, failed, paths, failures)
    write_table(folder, "series_quantiles", _series(histograms))
    for table in CHUNKED:
        write_rows(folder, table, lambda table=table: kept.rows(done, table))  # type: ignore[misc]
    rows = [(first, unrun[first], failure.reason) for first, failure in sorted(failures.items())]
    write_table(folder, "failures", pl.DataFrame(rows, FAILURES, orient="row"))
    residuals = {name: worst[name][0] for name in IDENTITIES}
    return Outcome(checksum.hexdigest(), paths, failed, residuals, looks.error if looks else None)


def _fill(
    job: Job, kept: ChunkFolder, workers: Workers, told: Told, looks: _Looks | None
) -> tuple[set[int], dict[int, Failure]]:
    """Simulate the chunks that are not there, until the goal is reached."""
    done = kept.verified(job)
    failures: dict[int, Failure] = {}
    paths_done = sum(map(job.size, done))
    if looks and looks.enough(done, failures):
        return done, failures
    missing = [first for first in job.firsts if first not in done]
    expected = told.expected
    with closing(workers.simulate(job, missing)) as results:  # type: ignore[type-var]
        for first, found in results:
            if isinstance(found, Failure):
                failures[first] = found
            else:
                kept.write(first, found)
                done.add(first)
                if expected:
                    expected(expectation(job, found, job.paths - paths_done, workers.threads))
                    expected = None
            paths_done += job.size(first)
            if told.progress:
                told.progress(paths_done, job.paths)
            if looks and looks.enough(done, failures):
                break
    return done, failures


def expectation(job: Job, data: bytes, paths: int, threads: int) -> Expected:
    """Return what is to be expected of some more paths of a job, of which one chunk was simulated."""
    chunk = Chunk.read(data)
    measured = chunk.measured
    rows = sum(len(chunk.parts[table]) for table in CHUNKED)
    at_a_time = min(threads, -(-paths // job.chunk))
    return Expected(
        seconds=measured.seconds * paths / measured.paths / at_a_time,
        kept_bytes=rows * job.paths // measured.paths,
        most_bytes=(rows + len(data)) * job.paths // measured.paths,
        paths=paths,
        threads=threads,
    )


class _Looks:
    """Looks at the error after fixed numbers of paths in order, whoever simulated them and whenever.

    The rows of a look are counted together, so that not even a rounding depends on how paths were cut into chunks.
    """

    def __init__(self, job: Job, kept: ChunkFolder, goal: Goal) -> None:
        self._job, self._kept, self._goal = job, kept, goal
        self.paths = 0
        self.error = np.inf

    def enough(self, done: Collection[int], failures: Collection[int]) -> bool:
        """Look as far as all paths are there, and tell whether to stop."""
        while self.paths < self._job.paths and not self._reached:
            end = min(self.paths + PATHS_TO_A_LOOK, self._job.paths)
            firsts = range(self.paths, end, self._job.chunk)
            there = [first for first in firsts if first in done]
            if len(there) + sum(first in failures for first in firsts) < len(firsts):
                return False
            if there:
                paths, breaks = (pl.concat(self._kept.rows(there, name)) for name in ("paths", "breaks"))
                self.error = self._goal.meter.add(paths, breaks)
            self.paths = end
        return True

    @property
    def _reached(self) -> bool:
        return self.error <= self._goal.error


def _count(chunk: Chunk, months: int, histograms: dict[str, Histogram]) -> None:
    for (name,), rows in chunk.counts.group_by("series"):
        histogram = histograms.setdefault(str(name), Histogram(GRIDS[str(name)], months))
        histogram.add_counts(rows["at"].to_numpy(), rows["count"].to_numpy())


def _check(worst: Mapping[str, tuple[float, int]], failed: int, paths: int, failures: Mapping[int, Failure]) -> None:
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
        why = f" ({failures[min(failures)].reason})" if failures else ""
        raise HopelessError([Fault("", 0, "", f"all {paths} paths failed, so there is nothing to show{why}", hint)])


def _series(histograms: Mapping[str, Histogram]) -> pl.DataFrame:
    frames = []
    for name in GRIDS:
        histogram = histograms[name]
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
