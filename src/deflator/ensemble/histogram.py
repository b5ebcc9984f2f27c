"""Quantiles of a series over any number of paths, from exact counts on a fixed grid.

Counts are whole numbers, so the quantiles are the same bits for any order in which paths are added, and
memory does not grow with their number. The price is a bounded error: a quantile is the middle of its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Grid:
    """Equal cells between two bounds, of the value itself or of its logarithm.

    Parameters
    ----------
    low, high
        Bounds in the unit of the series; values beyond them count in the first or last cell.
    cells
        Number of cells.
    logarithmic
        Whether the cells are equal in the logarithm.

    Notes
    -----
    A quantile is off by at most half a cell: `error` is relative for a logarithmic grid, absolute otherwise.

    Examples
    --------
    >>> grid = Grid(0.01, 100.0, 4, logarithmic=True)
    >>> grid.cell_of(np.array([0.02, 0.2, 2.0, 1000.0])).tolist()
    [0, 1, 2, 3]
    >>> round(float(grid.value_of(np.array(2))), 3)
    3.162
    """

    low: float
    high: float
    cells: int
    logarithmic: bool

    def cell_of(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the cell of each value."""
        if self.logarithmic:
            share = np.log(np.maximum(values, self.low) / self.low) / np.log(self.high / self.low)
        else:
            share = (values - self.low) / (self.high - self.low)
        return np.clip(np.floor(share * self.cells), 0, self.cells - 1).astype(np.int32)

    def value_of(self, cells: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the middle of each cell."""
        share = (np.asarray(cells) + 0.5) / self.cells
        if self.logarithmic:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share

    @property
    def error(self) -> float:
        """Largest error of a value within the bounds: relative if logarithmic, else in its unit."""
        if self.logarithmic:
            return float((self.high / self.low) ** (0.5 / self.cells) - 1.0)
        return 0.5 * (self.high - self.low) / self.cells


@dataclass
class Histogram:
    """Counts of a monthly series by month and cell.

    Parameters
    ----------
    grid
        Where the cells lie.
    months
        Number of points in time, month 0 included.

    Examples
    --------
    >>> rents = Histogram(Grid(0.0, 10.0, 1000, logarithmic=False), months=1)
    >>> rents.add(rents.grid.cell_of(np.array([[1.0, 2.0, 3.0, 4.0]])))
    >>> rents.quantiles([0.5])[0].round(2).tolist()
    [2.0]
    """

    grid: Grid
    months: int
    counts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.months, self.grid.cells), np.int64)

    def add(self, cells: NDArray[np.int32]) -> None:
        """Count one cell per month and path, `[month, path]`."""
        np.add.at(self.counts, (np.arange(self.months)[:, None], cells), 1)

    def add_counts(self, at: NDArray[np.int32], count: NDArray[np.int32]) -> None:
        """Add paths that were counted elsewhere; `at` is month times cells plus cell, each at most once."""
        self.counts.reshape(-1)[at] += count

    def quantiles(self, levels: Sequence[float]) -> NDArray[np.float64]:
        """Return `[month, level]`: the lowest cell at or below which at least that share of paths lies."""
        reached = self.counts.cumsum(axis=1)
        total = reached[:, -1:]
        if not total.all():
            return np.full((self.months, len(levels)), np.nan)
        cells = [(reached < np.ceil(level * total)).sum(axis=1) for level in levels]
        return self.grid.value_of(np.stack(cells, axis=1))
