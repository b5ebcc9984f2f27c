"""The tables of a run, made chunk by chunk and written piece by piece, so that no run has to fit into memory.

========================= ==============================================================================
file                      one row for
========================= ==============================================================================
entities.parquet          an entity: name, layer, members, obligor, month-0 exposure
draws.parquet             a draw of the uncertain figures: the layer threshold that it carries
paths.parquet             a path: draw, status, residuals, months in which layers crossed their own yardsticks
breaks.parquet            an entity that broke in a path, hard or soft, in whole or in part
losses.parquet            a holder that lost in a path
series_quantiles.parquet  a month of a series: quantiles over paths
failures.parquet          a chunk of paths that could not be simulated, and why
========================= ==============================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from deflator.engine import Paths, Trigger
from deflator.engine.codes import Cause, Status
from deflator.engine.layout import TENTHS, YARDSTICKS

#: Made by chunk while the run goes on.
CHUNKED = ("paths", "breaks", "losses")
FAILURES = {"first_path": pl.Int32, "paths": pl.Int32, "reason": pl.String}
#: Large enough to be compressed well, small enough to be read one at a time.
_ROWS_TO_A_GROUP = 131_072
_TRIGGERS = pl.Enum([member.name.lower() for member in Trigger])
_CAUSES = pl.Enum([member.name.lower() for member in Cause])
_STATUSES = pl.Enum([member.name.lower() for member in Status])
_CAUSES_KEPT = 3
#: Column of `breaks`: months by which a tenth, two tenths ... of a cohort had broken, 0 for not yet; blank for a firm.
TENTH_MONTHS = "tenth_months"


def yardstick_column(layer: str) -> str:
    """Return the column of `paths` with the month in which a layer crossed its own yardstick."""
    return f"yardstick_{layer}"


def chunk_tables(chunk: Paths, first_path: int, draws: int, entities: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """Return the rows that a chunk adds to each table; paths that failed appear in `paths` alone.

    Parameters
    ----------
    chunk
        What the engine returned.
    first_path
        Global number of the first path of the chunk.
    draws
        Draws of the uncertain figures.
    entities
        Names, in the order of the engine.
    """
    paths = first_path + np.arange(chunk.status.shape[0], dtype=np.int32)
    good = chunk.status == Status.OK
    return {
        "paths": _paths(chunk, paths, good, draws),
        "breaks": _breaks(chunk, paths, good, pl.Enum(entities)),
        "losses": _losses(chunk, paths, good, pl.Enum(entities)),
    }


def _paths(chunk: Paths, paths: np.ndarray, good: np.ndarray, draws: int) -> pl.DataFrame:
    crossed = np.where(good, chunk.yardstick_month, np.int16(0))
    return pl.DataFrame(
        {
            "path": paths,
            "draw": paths % draws,
            "status": _named(chunk.status, _STATUSES),
            "ledger_residual": chunk.ledger_residual,
            "debt_residual": chunk.debt_residual,
            "units_residual": chunk.units_residual,
            **{yardstick_column(layer): _or_null(month) for layer, month in zip(YARDSTICKS, crossed, strict=True)},
        }
    )


def _breaks(chunk: Paths, paths: np.ndarray, good: np.ndarray, names: pl.Enum) -> pl.DataFrame:
    touched = (chunk.break_month > 0) | (chunk.soft_month > 0) | (chunk.broken_share > 0)
    path, entity = np.nonzero((touched & good).T)
    columns = {
        "path": pl.Series(paths[path]),
        "entity": _named(entity, names),
        "month": _or_null(chunk.break_month[entity, path]),
        "trigger": _or_null(_named(chunk.break_trigger[entity, path], _TRIGGERS)),
        "soft_month": _or_null(chunk.soft_month[entity, path]),
        "soft_trigger": _or_null(_named(chunk.soft_trigger[entity, path], _TRIGGERS)),
        "broken_share": pl.Series(chunk.broken_share[entity, path]),
    }
    for rank in range(_CAUSES_KEPT):
        columns[f"cause_{rank + 1}"] = _or_null(_named(chunk.cause[entity, rank, path], _CAUSES))
        columns[f"cause_{rank + 1}_musd"] = pl.Series(chunk.cause_musd[entity, rank, path])
    tenths = np.ascontiguousarray(chunk.tenth_month[entity, :, path])
    of_cohort = pl.Series(tenths.any(axis=1))
    months = pl.Series(tenths, dtype=pl.Array(pl.Int16, TENTHS))
    columns[TENTH_MONTHS] = months.to_frame().select(pl.when(of_cohort).then(pl.first())).to_series()
    return pl.DataFrame(columns)


def _losses(chunk: Paths, paths: np.ndarray, good: np.ndarray, names: pl.Enum) -> pl.DataFrame:
    path, holder = np.nonzero(((chunk.loss_musd > 0) & good).T)
    return pl.DataFrame(
        {"path": paths[path], "holder": _named(holder, names), "loss_musd": chunk.loss_musd[holder, path]}
    )


def _named(codes: np.ndarray, names: pl.Enum) -> pl.Series:
    """Return codes as the words that they stand for."""
    return pl.Series(names.categories, dtype=names).gather(codes)


def _or_null(values: np.ndarray | pl.Series) -> pl.Series:
    """Return the values with a blank where month or word says that nothing happened."""
    series = values if isinstance(values, pl.Series) else pl.Series(values)
    nothing = "none" if isinstance(series.dtype, pl.Enum) else 0
    return series.set(series == nothing, None)


def write_rows(folder: Path, name: str, pieces: Callable[[], Iterator[pl.DataFrame]]) -> None:
    """Write a table that may be larger than memory, piece by piece into row groups.

    Parameters
    ----------
    folder, name
        Where it goes.
    pieces
        Gives the rows in order; there is at least one piece, and all have the same columns.
    """
    schema = next(pieces()).schema

    def source(*_: object) -> Iterator[pl.DataFrame]:
        return pieces()

    rows = register_io_source(source, schema=schema)
    rows.sink_parquet(folder / f"{name}.parquet", compression="zstd", row_group_size=_ROWS_TO_A_GROUP)


def write_table(folder: Path, name: str, rows: pl.DataFrame) -> None:
    """Write a table that is small enough to be written at once."""
    rows.write_parquet(folder / f"{name}.parquet", compression="zstd")
