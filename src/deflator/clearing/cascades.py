"""Failures that knock over others in waves: firms that own one another, and debtors with a fixed recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import refuse
from deflator.clearing.network import square
from deflator.clearing.rows import Rows, figures_of, has_lanes, matrix_faults, rows_of, same_lanes, told
from deflator.errors import Fault

ROUNDING = 1e-12  # a node falls when it is below its threshold by more than this share of its assets


@dataclass(frozen=True)
class Cascade:
    """Who fails, and in which wave.

    Parameters
    ----------
    value
        Market value of a firm after the cascade, or net worth of a debtor, currency, [node] or [node, lane].
    failed
        Who has failed, [node] or [node, lane].
    wave
        Wave in which a node failed: 1 by the shock itself, later by contagion, 0 not at all.
    """

    value: NDArray[np.float64]
    failed: NDArray[np.bool_]
    wave: NDArray[np.int64]


def failure_cascade(crossholdings: Any, assets: ArrayLike, thresholds: ArrayLike, failure_costs: ArrayLike) -> Cascade:
    """Let a firm lose value at once when it fails, and those that own it lose with it.

    The market value of firms is `v = own (I - C)^-1 (assets - costs of those that have failed)`, where
    `own` is the share of each firm that nobody in the network holds. A firm fails when its value is below
    its threshold.

    Parameters
    ----------
    crossholdings
        `C[i, j]` is the share of `j` that `i` holds; columns sum to less than 1.
    assets
        Market value of the assets that a firm holds directly, currency, [node] or [node, lane].
    thresholds
        Value below which a firm fails, currency, [node] or [node, lane].
    failure_costs
        Value that is lost when a firm fails, currency, [node] or [node, lane].

    Returns
    -------
    Cascade
        The fewest failures that are consistent: nobody fails who need not.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Elliott, Golub and Jackson (2014), Financial networks and contagion, American Economic Review 104,
    equations (4) and (5) and the algorithm of section II.B.

    Examples
    --------
    Two firms hold 30 % of each other. The first loses half its assets and fails; the second would stand
    without the costs of that failure.

    >>> result = failure_cascade([[0, 0.3], [0.3, 0]], [5, 10], [6.5, 8], [4, 4])
    >>> result.wave
    array([1, 2])
    """
    matrix = square("crossholdings", crossholdings)
    holdings = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    nodes = holdings.shape[0]
    found = matrix_faults("crossholdings", holdings, (nodes, nodes), high=1.0, to_others=True)
    direct = figures_of("assets", assets, nodes, found)
    floor = figures_of("thresholds", thresholds, nodes, found)
    costs = figures_of("failure_costs", failure_costs, nodes, found)
    outside = 1.0 - holdings.sum(axis=0)
    for node in np.flatnonzero(outside <= 0.0).tolist():
        what = f"shares sum to {1.0 - outside[node]:.6g}"
        found.append(Fault("", 0, f"crossholdings[:,{node}]", what, "let them sum to less than 1"))
    refuse(found)
    ultimate = outside[:, None] * np.linalg.inv(np.eye(nodes) - holdings)  # who owns which asset in the end
    direct, floor, costs = same_lanes(direct, floor, costs)
    return _fall(
        rows_of(ultimate.T),
        costs,
        ultimate @ direct,
        floor,
        direct,
        has_lanes(assets, thresholds, failure_costs),
    )


def default_cascade(
    liabilities: Any,
    external_assets: ArrayLike,
    external_liabilities: ArrayLike = 0.0,
    *,
    recovery: ArrayLike = 0.0,
) -> Cascade:
    """Let creditors of a defaulter lose all but a fixed recovery, at once, and default when that ruins them.

    Parameters
    ----------
    liabilities
        `liabilities[i, j]` is what `i` owes to `j`, currency: dense or SciPy sparse.
    external_assets, external_liabilities
        What a node owns and owes outside the network, currency, [node] or [node, lane].
    recovery
        Share of a claim on a defaulter that is recovered, 0 to 1, a number or [node] by defaulter.

    Returns
    -------
    Cascade
        `value` is net worth at that recovery.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Furfine (2003), Interbank exposures: quantifying the risk of contagion, Journal of Money, Credit and
    Banking 35.

    Examples
    --------
    >>> default_cascade([[0, 5], [0, 0]], [1, 3], [0, 6], recovery=0.5).wave
    array([1, 2])
    """
    nodes = np.shape(liabilities)[0]
    found = matrix_faults("liabilities", liabilities, (nodes, nodes), to_others=True)
    assets = figures_of("external_assets", external_assets, nodes, found)
    debts = figures_of("external_liabilities", external_liabilities, nodes, found)
    kept = figures_of("recovery", recovery, nodes, found, high=1.0)
    refuse(found)
    rows = rows_of(liabilities)
    assets, debts, lost = same_lanes(assets, debts, 1.0 - kept)
    claims = np.bincount(rows.column, rows.value, nodes)[:, None]
    owed = np.bincount(np.repeat(np.arange(nodes), np.diff(rows.ofs)), rows.value, nodes)[:, None]
    worth = assets + claims - debts - owed
    lanes_given = has_lanes(external_assets, external_liabilities, recovery)
    return _fall(rows, lost, worth, np.zeros_like(worth), assets + claims, lanes_given)


def _fall(
    rows: Rows,
    loss: NDArray[np.float64],
    value: NDArray[np.float64],
    floor: NDArray[np.float64],
    scale: NDArray[np.float64],
    with_lanes: bool,
) -> Cascade:
    value, wave = np.ascontiguousarray(value), np.zeros(value.shape, np.int64)
    _fall_in_waves(*rows, loss, floor - ROUNDING * scale, value, wave)
    return Cascade(told(value, with_lanes), told(wave > 0, with_lanes), told(wave, with_lanes))


@njit(cache=True, nogil=True, error_model="numpy")
def _fall_in_waves(ofs, column, weight, loss, floor, value, wave):
    """Let all that are below their floor fail together, take the loss from those they drag along, and repeat.

    Row `k` of the matrix says how much of `loss[k]` each other node bears when `k` fails.
    """
    nodes, lanes = value.shape
    for count in range(1, nodes + 1):
        anyone = False
        for node in range(nodes):
            for lane in range(lanes):
                if wave[node, lane] == 0 and value[node, lane] < floor[node, lane]:
                    wave[node, lane] = count
                    anyone = True
        if not anyone:
            break
        for node in range(nodes):
            if not (wave[node] == count).any():
                continue
            for entry in range(ofs[node], ofs[node + 1]):
                other, share = column[entry], weight[entry]
                for lane in range(lanes):
                    value[other, lane] -= share * (loss[node, lane] if wave[node, lane] == count else 0.0)
