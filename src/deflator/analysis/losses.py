"""Who pays: what holders of claims lose by the horizon."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.ensemble import Run

#: The row for the sum over all holders.
ALL = "all"
_LEVELS = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
_BATCH = 65_536


def loss_table(run: Run) -> pl.DataFrame:
    """Return the distribution over paths of what each holder loses, and of the sum over holders.

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
    losses = run.scan("losses")
    labels = dict(run.entities().select("entity", "name").iter_rows())
    holders = losses.select(pl.col("holder").cast(pl.String)).unique().collect()["holder"].sort()
    rows = [_row(ALL, None, _sum_over_holders(losses, run.manifest.paths), counted)]
    for holder in holders:
        own = losses.filter(pl.col("holder").cast(pl.String) == holder).select("loss_musd").collect()
        rows.append(_row(holder, labels[holder], own["loss_musd"].to_numpy(), counted))
    schema = dict.fromkeys(("holder", "name"), pl.String) | dict.fromkeys(("mean_musd", *_LEVELS), pl.Float64)
    order = [pl.col("holder") != ALL, -pl.col("mean_musd"), pl.col("holder")]
    return pl.DataFrame(rows, schema).sort(order)


def _sum_over_holders(losses: pl.LazyFrame, paths: int) -> NDArray[np.float64]:
    """Return the loss of each path on which there is one."""
    found: list[NDArray[np.float64]] = []
    for first in range(0, paths, _BATCH):
        rows = losses.filter(pl.col("path").is_between(first, first + _BATCH, closed="left")).collect()
        by_path = np.bincount(rows["path"].to_numpy() - first, rows["loss_musd"].to_numpy())
        found.append(by_path.astype(np.float64))
    total = np.concatenate(found)
    return total[total > 0.0]


def _row(holder: str, name: str | None, losses: NDArray[np.float64], counted: int) -> dict[str, object]:
    """Return the distribution of a loss that is zero on every path not given."""
    ordered = np.zeros(counted)
    ordered[counted - losses.size :] = np.sort(losses)
    quantiles = {name: float(ordered[max(0, int(np.ceil(level * counted)) - 1)]) for name, level in _LEVELS.items()}
    return {"holder": holder, "name": name, "mean_musd": float(losses.sum() / counted), **quantiles}
