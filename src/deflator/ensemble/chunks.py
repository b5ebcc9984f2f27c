"""One chunk of paths: simulated, reduced where it was simulated, and packed into bytes that carry their own checksum.

What is kept of a path does not depend on the chunk in which it was simulated: rows carry the path's number, series are
counted in whole numbers, and the checksum of a run is one of its paths.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from deflator.engine.codes import Status
from deflator.ensemble.checksum import path_digests
from deflator.ensemble.histogram import Grid
from deflator.ensemble.tables import chunk_tables

if TYPE_CHECKING:
    from deflator.engine import Paths

#: First path and number of paths -> what happened on them.
Simulate = Callable[[int, int], "Paths"]

IDENTITIES = ("ledger", "debt", "units")
#: Quantiles of rents are off by at most 0.08 %, of openness by at most 0.0001.
GRIDS = {
    "rent": Grid(1e-6, 1e6, 18_000, logarithmic=True),
    "funding": Grid(0.0, 1.0, 5_000, logarithmic=False),
}
_HASHED = (
    "break_month", "break_trigger", "soft_month", "soft_trigger", "broken_share", "tenth_month",
    "yardstick_month", "cause", "cause_musd", "loss_musd", "rent", "funding",
)  # fmt: skip
_COUNTS, _DIGESTS, _MEASURED = "counts", "digests", "measured.json"
_SEAL_BYTES = hashlib.sha256().digest_size
_COMPILING = threading.Lock()
_compiled: set[object] = set()


class Job(NamedTuple):
    """What to simulate and how to cut it; it travels to workers in other processes.

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
    """

    simulate: Simulate
    entities: tuple[str, ...]
    paths: int
    draws: int
    chunk: int

    @property
    def firsts(self) -> range:
        """First path of every chunk."""
        return range(0, self.paths, self.chunk)

    def size(self, first: int) -> int:
        """Return the number of paths in the chunk that begins with a path."""
        return min(self.chunk, self.paths - first)


class Failure(NamedTuple):
    """A chunk that could not be simulated, and why."""

    reason: str


class DamagedError(ValueError):
    """Bytes that are not a whole chunk."""


class Measured(NamedTuple):
    """What a chunk measured of itself.

    Parameters
    ----------
    first, paths
        Which paths.
    failed
        Paths whose status is not OK.
    residuals
        By identity, the largest residual and the path that has it.
    months
        Points in time of a series.
    seconds
        Time that the simulation took in one thread.
    """

    first: int
    paths: int
    failed: int
    residuals: dict[str, tuple[float, int]]
    months: int
    seconds: float


@dataclass(frozen=True)
class Chunk:
    """What is kept of some paths.

    Parameters
    ----------
    parts
        Content by name.
    """

    parts: dict[str, bytes]

    @classmethod
    def read(cls, data: bytes) -> Chunk:
        """Open what `simulate_chunk` returned.

        Raises
        ------
        DamagedError
            When a single bit differs.
        """
        seal, payload = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
        if hashlib.sha256(payload).digest() != seal:
            raise DamagedError
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            return cls({name: archive.read(name) for name in archive.namelist()})

    def table(self, name: str) -> pl.DataFrame:
        """Return the rows that the chunk adds to a table."""
        return pl.read_parquet(io.BytesIO(self.parts[name]))

    @property
    def counts(self) -> pl.DataFrame:
        """Paths by `series` and place in its histogram: `at` is month times cells plus cell."""
        return self.table(_COUNTS)

    @property
    def digests(self) -> bytes:
        """The digest of every path."""
        return self.parts[_DIGESTS]

    @property
    def measured(self) -> Measured:
        """What the chunk measured of itself."""
        found = json.loads(self.parts[_MEASURED])
        residuals = {name: (float(residual), path) for name, (residual, path) in found["residuals"].items()}
        return Measured(**(found | {"residuals": residuals}))


def simulate_chunk(job: Job, first: int) -> bytes:
    """Simulate a chunk, reduce it, and return it packed, behind the SHA-256 of what follows.

    Parameters
    ----------
    job
        What to simulate.
    first
        First path of the chunk.
    """
    compile_once(job.simulate)
    start = time.perf_counter()
    outcome = job.simulate(first, job.size(first))
    seconds = time.perf_counter() - start
    tables = chunk_tables(outcome, first, job.draws, job.entities)
    good = outcome.status == Status.OK
    parts = {name: _parquet(rows) for name, rows in (tables | {_COUNTS: _counts(outcome, good)}).items()}
    parts[_DIGESTS] = path_digests({"status": outcome.status, **_of_good(outcome, good)})
    parts[_MEASURED] = json.dumps(_measured(outcome, good, first, seconds)._asdict()).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    payload = packed.getvalue()
    return hashlib.sha256(payload).digest() + payload


def compile_once(simulate: Simulate) -> None:
    """Compile what a simulation needs, before its chunks are timed."""
    kind = getattr(simulate, "kind", type(simulate))
    with _COMPILING:
        if kind not in _compiled:
            simulate(0, 1)
            _compiled.add(kind)


def _parquet(rows: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    rows.write_parquet(stream, compression="zstd")
    return stream.getvalue()


def _counts(outcome: Paths, good: np.ndarray) -> pl.DataFrame:
    """Return how many paths lie in each cell of each month; cells without paths have no row."""
    frames = []
    for name, grid in GRIDS.items():
        cells = grid.cell_of(getattr(outcome, name)[:, good])
        at, count = np.unique(np.arange(len(cells), dtype=np.int32)[:, None] * grid.cells + cells, return_counts=True)
        columns = {"at": at.astype(np.int32), "count": count.astype(np.int32)}
        frames.append(pl.DataFrame(columns).with_columns(series=pl.lit(name)))
    return pl.concat(frames)


def _of_good(outcome: Paths, good: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is hashed; of failed paths nothing but the status counts."""
    hashed = {name: getattr(outcome, name) for name in _HASHED}
    return (
        hashed if good.all() else {name: np.where(good, array, array.dtype.type(0)) for name, array in hashed.items()}
    )


def _measured(outcome: Paths, good: np.ndarray, first: int, seconds: float) -> Measured:
    residuals = {}
    for name in IDENTITIES:
        # A residual that is not a number is as bad as an infinite one.
        measured = np.nan_to_num(getattr(outcome, f"{name}_residual"), nan=np.inf)
        residual = np.where(good, measured, 0.0)
        lane = int(np.argmax(residual))
        residuals[name] = (float(residual[lane]), first + lane)
    return Measured(first, good.size, int(good.size - good.sum()), residuals, len(outcome.rent), seconds)
