"""How distress travels before anybody defaults: DebtRank, single-hit and linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import refuse
from deflator.clearing.rows import (
    add_product,
    figures_of,
    has_lanes,
    matrix_faults,
    rows_of,
    same_lanes,
    told,
)
from deflator.clearing.settling import freeze_lanes
from deflator.clearing.status import status_of

UNTOUCHED, SPREADING, SPENT = 0, 1, 2


@dataclass(frozen=True)
class Distress:
    """How much of its equity each node has lost, and what that adds to the shock.

    Parameters
    ----------
    distress
        Share of equity lost, 0 to 1, [node] or [node, lane].
    debtrank
        Value lost through contagion, beyond the shock itself, as a share of all value; a number or [lane].
    rounds
        Rounds in which distress spread; a number or [lane].
    residual
        Estimated largest distance of a distress from its limit; a number or [lane].
    status
        Whether distress has settled; a `ClearingStatus`, numbers with lanes.
    """

    distress: NDArray[np.float64]
    debtrank: Any
    rounds: Any
    residual: Any
    status: Any


def debtrank(impact: Any, value: ArrayLike, shock: ArrayLike) -> Distress:
    """Let each distressed node pass its distress on, once.

    Parameters
    ----------
    impact
        `impact[i, j]` is the share of its equity that `j` loses when `i` is lost, 0 to 1: dense or SciPy
        sparse.
    value
        Economic weight of each node; made to sum to one, [node] or [node, lane].
    shock
        Distress at the start, 0 to 1, [node] or [node, lane].

    Returns
    -------
    Distress
        Always settled: after at most as many rounds as there are nodes nobody spreads any more.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Battiston, Puliga, Kaushik, Tasca and Caldarelli (2012), Scientific Reports 2, 541, equations (1) to (3).

    Examples
    --------
    >>> result = debtrank([[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]], [1, 1, 2], [1, 0, 0])
    >>> result.distress
    array([1.  , 0.5 , 0.25])
    >>> result.debtrank
    0.25
    """
    nodes = np.shape(impact)[0]
    found = matrix_faults("impact", impact, (nodes, nodes), high=1.0)
    start = figures_of("shock", shock, nodes, found, high=1.0)
    weight = figures_of("value", value, nodes, found)
    refuse(found)
    rows = rows_of(impact)
    start, weight = same_lanes(start, weight)
    distress, rounds = start.copy(), np.zeros(start.shape[1], np.int64)
    _spread_once(*rows, distress, np.empty_like(start), np.empty(start.shape, np.int8), rounds)
    return _as_distress(distress, start, weight, rounds, np.zeros(rounds.size), 0.0, has_lanes(value, shock))


def linear_debtrank(
    claims: Any, equity: ArrayLike, shock: ArrayLike, *, tolerance: float = 1e-12, max_rounds: int = 100_000
) -> Distress:
    """Let lenders write down claims in proportion to the equity that their debtors have lost.

    Parameters
    ----------
    claims
        `claims[i, j]` is what `i` has lent to `j`, currency: dense or SciPy sparse.
    equity
        Equity before the shock, currency, above 0, [node] or [node, lane].
    shock
        Share of equity lost at the start, 0 to 1, [node] or [node, lane].
    tolerance
        Distress is found to within about this.
    max_rounds
        Most rounds.

    Returns
    -------
    Distress
        Look at `status`: a loop of claims larger than equity settles slowly or at total loss.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Bardoscia, Battiston, Caccioli and Caldarelli (2015), PLoS ONE 10(6) e0130406, equations (6) to (8).

    Examples
    --------
    Node 0 has lent 5 to node 1, and both have an equity of 10; node 1 loses half of it.

    >>> linear_debtrank([[0, 5], [0, 0]], [10, 10], [0, 0.5]).distress
    array([0.25, 0.5 ])
    """
    nodes = np.shape(claims)[0]
    found = matrix_faults("claims", claims, (nodes, nodes), to_others=True)
    start = figures_of("shock", shock, nodes, found, high=1.0)
    own = figures_of("equity", equity, nodes, found, low=np.finfo(float).tiny)
    refuse(found)
    start, own = same_lanes(start, own)
    rows = rows_of(claims)
    distress = start.copy()
    rounds, residual = np.zeros(start.shape[1], np.int64), np.full(start.shape[1], np.inf)
    _spread_on(*rows, own, start, tolerance, max_rounds, distress, np.empty_like(start), rounds, residual)
    return _as_distress(distress, start, own, rounds, residual, tolerance, has_lanes(equity, shock))


def _as_distress(
    distress: NDArray[np.float64],
    start: NDArray[np.float64],
    weight: NDArray[np.float64],
    rounds: NDArray[np.int64],
    residual: NDArray[np.float64],
    tolerance: float,
    with_lanes: bool,
) -> Distress:
    added = ((distress - start) * weight).sum(axis=0) / weight.sum(axis=0)
    return Distress(
        distress=told(distress, with_lanes),
        debtrank=told(added, with_lanes),
        rounds=told(rounds, with_lanes),
        residual=told(residual, with_lanes),
        status=status_of(told(residual, with_lanes), tolerance),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _spread_once(ofs, column, value, distress, gain, state, rounds):
    """Let every node that has become distressed pass it on in the next round, and never again."""
    nodes, lanes = distress.shape
    for node in range(nodes):
        for lane in range(lanes):
            state[node, lane] = SPREADING if distress[node, lane] > 0.0 else UNTOUCHED
    spread = np.zeros(lanes, np.bool_)
    for _ in range(nodes):
        gain[:] = 0.0
        for node in range(nodes):
            for entry in range(ofs[node], ofs[node + 1]):
                other, weight = column[entry], value[entry]
                for lane in range(lanes):
                    passed_on = distress[node, lane] if state[node, lane] == SPREADING else 0.0
                    gain[other, lane] += weight * passed_on
        spread[:] = False
        for node in range(nodes):
            for lane in range(lanes):
                hit = gain[node, lane] > 0.0
                before = state[node, lane]
                distress[node, lane] = min(1.0, distress[node, lane] + gain[node, lane])
                after = UNTOUCHED if before == UNTOUCHED else SPENT
                state[node, lane] = SPREADING if hit and before == UNTOUCHED else after
                spread[lane] |= hit
        rounds += spread
        if not spread.any():
            break


@njit(cache=True, nogil=True, error_model="numpy")
def _spread_on(ofs, column, value, equity, start, tolerance, max_rounds, distress, now, rounds, residual):
    """Raise distress to the least fixed point of `min(1, shock + claims @ distress / equity)`."""
    nodes, lanes = distress.shape
    step, step_before = np.empty(lanes), np.full(lanes, np.inf)
    active = np.ones(lanes, np.bool_)
    for _ in range(max_rounds):
        now[:] = 0.0
        add_product(ofs, column, value, distress, now)
        step[:] = 0.0
        for node in range(nodes):
            for lane in range(lanes):
                before = distress[node, lane]
                after = min(1.0, start[node, lane] + now[node, lane] / equity[node, lane])
                after = after if active[lane] else before
                distress[node, lane] = after
                step[lane] = max(step[lane], abs(after - before))
        if not freeze_lanes(step, step_before, tolerance, active, rounds, residual):
            break
