"""Matrices as rows of entries, and figures with a lane axis: what the contagion kernels read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import range_faults, refuse, self_dealing_faults, shape_fault
from deflator.errors import Fault


class Rows(NamedTuple):
    """The entries of a matrix that are not zero, row by row."""

    ofs: NDArray[np.int64]  # [row + 1] first entry of each row
    column: NDArray[np.int64]  # [entry]
    value: NDArray[np.float64]  # [entry]


def rows_of(matrix: Any) -> Rows:
    """Return the rows of a dense or SciPy sparse matrix.

    Examples
    --------
    >>> rows_of([[0, 2], [3, 0]]).column
    array([1, 0])
    """
    if hasattr(matrix, "tocsr"):
        sparse = matrix.tocsr()
        return Rows(sparse.indptr.astype(np.int64), sparse.indices.astype(np.int64), sparse.data.astype(float))
    dense = np.asarray(matrix, float)
    row, column = np.nonzero(dense)
    return Rows(np.searchsorted(row, np.arange(dense.shape[0] + 1)), column, dense[row, column])


def matrix_faults(
    name: str, matrix: Any, shape: tuple[int, ...], *, high: float = np.inf, to_others: bool = False
) -> list[Fault]:
    """Return what is wrong with a matrix of figures of at least 0, none of a node to itself if `to_others`."""
    if np.shape(matrix) != shape:
        return [shape_fault(name, np.shape(matrix), f"{list(shape)}")]
    if hasattr(matrix, "tocoo"):
        entries = matrix.tocoo()
        found = range_faults(name, entries.data, high=high, places=(entries.row, entries.col))
    else:
        matrix = np.asarray(matrix, float)
        found = range_faults(name, matrix, high=high)
    return found + (self_dealing_faults(name, matrix.diagonal()) if to_others else [])


def figures_of(
    name: str, values: ArrayLike, nodes: int, found: list[Fault], *, low: float = 0.0, high: float = np.inf
) -> NDArray[np.float64]:
    """Return figures [node, lane], with one lane where none are given, and note what is wrong with them."""
    array = np.asarray(values, float)
    found += range_faults(name, array, low=low, high=high)
    if array.ndim == 0:
        return np.full((nodes, 1), array)
    if array.ndim > 2 or array.shape[0] != nodes:
        found.append(shape_fault(name, array.shape, f"[{nodes}] or [{nodes}, lanes]"))
        return np.zeros((nodes, 1))
    return np.ascontiguousarray(array.reshape(nodes, -1))


def has_lanes(*arguments: ArrayLike) -> bool:
    """Return whether any argument was given with a lane axis."""
    return any(np.ndim(argument) == 2 for argument in arguments)


def told(figures: NDArray[Any], with_lanes: bool) -> Any:
    """Return figures as they are told to the caller: without a lane axis where no argument had one."""
    if with_lanes:
        return figures
    one = figures[..., 0]
    return one.item() if one.ndim == 0 else one


def same_lanes(*figures: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Give all figures [node, lane] the same number of lanes; one lane holds for all.

    Raises
    ------
    ClearingError
        When two of them have different numbers of lanes.
    """
    lanes = max(array.shape[1] for array in figures)
    widths = sorted({array.shape[1] for array in figures} - {1})
    if len(widths) > 1:
        refuse([Fault("", 0, "", f"arguments have {widths} lanes", "give all the same number")])
    return [np.repeat(array, lanes, axis=1) if array.shape[1] < lanes else array for array in figures]


@njit(cache=True, nogil=True, error_model="numpy")
def add_product(ofs, column, value, figures, total):
    """Add matrix times figures to a total: `total[row, lane] += sum of value * figures[column, lane]`."""
    lanes = total.shape[1]
    for row in range(ofs.shape[0] - 1):
        for entry in range(ofs[row], ofs[row + 1]):
            source, weight = column[entry], value[entry]
            for lane in range(lanes):
                total[row, lane] += weight * figures[source, lane]
