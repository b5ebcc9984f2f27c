"""Who pays: what holders of claims lose by the horizon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.ensemble import Run
from deflator.ensemble.histogram import Grid

#: The row for the sum over all holders.
ALL = "all"
#: Quantiles of losses are off by at most 0.08 %; what is below a millionth of a dollar counts as that.
GRID = Grid(1e-12, 1e9, 30_000, logarithmic=True)
_LEVELS = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
_BATCH = 16_384


def loss_table(run: Run) -> pl.DataFrame:
    """Return the distribution over paths of what each holder loses, and of the sum over holders.

    Losses are summed and counted a bounded number of paths at a time, so a quantile is the middle of a cell of `GRID`;
    means are exact, and so is a quantile of nothing.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    polars.DataFrame
        Columns `holder`, `name`, `mean_musd`, `q05`, `q50`, `q95` in USD m; the largest mean loss first,
        the sum over all holders before them. Holders that lose on no path have no row.
    """
    counted = run.manifest.paths - run.manifest.paths_failed
    labels = dict(run.entities().select("entity", "name").iter_rows())
    holders = [*labels, ALL]
    sums = np.zeros(len(holders))
    cells = np.zeros((len(holders), GRID.cells), np.int64)
    for holder, loss_musd in _losses(run, pl.Enum(list(labels))):
        sums += np.bincount(holder, loss_musd, len(holders))
        np.add.at(cells, (holder, GRID.cell_of(loss_musd)), 1)
    rows = [
        {"holder": holder, "name": labels.get(holder), "mean_musd": float(sums[at] / counted)}
        | {name: _quantile(cells[at], level, counted) for name, level in _LEVELS.items()}
        for at, holder in enumerate(holders)
        if cells[at].any() or holder == ALL
    ]
    schema = dict.fromkeys(("holder", "name"), pl.String) | dict.fromkeys(("mean_musd", *_LEVELS), pl.Float64)
    order = [pl.col("holder") != ALL, -pl.col("mean_musd"), pl.col("holder")]
    return pl.DataFrame(rows, schema).sort(order)


def _losses(run: Run, names: pl.Enum) -> Iterator[tuple[NDArray[np.integer], NDArray[np.float64]]]:
    """Yield positions of holders and their losses, some paths at a time; after the last name, the sum of a path."""
    losses = run.scan("losses")
    for first in range(0, run.manifest.paths, _BATCH):
        rows = losses.filter(pl.col("path").is_between(first, first + _BATCH, closed="left")).collect()
        loss_musd = rows["loss_musd"].to_numpy()
        by_path = np.bincount(rows["path"].to_numpy() - first, loss_musd)
        total = by_path[by_path > 0.0]
        holder = rows["holder"].cast(pl.String).cast(names).to_physical().to_numpy()
        everyone = np.full(total.size, len(names.categories))
        yield np.concatenate([holder, everyone]), np.concatenate([loss_musd, total])


def _quantile(cells: NDArray[np.int64], level: float, counted: int) -> float:
    """Return the quantile of a loss that is nothing on every path that is not counted in a cell."""
    rank = max(1, int(np.ceil(level * counted))) - (counted - int(cells.sum()))
    return float(GRID.value_of(np.asarray(np.searchsorted(cells.cumsum(), rank)))) if rank > 0 else 0.0
