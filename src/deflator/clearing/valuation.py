"""What claims on troubled debtors are worth: one fixed point, interchangeable valuation functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.claim_values import (
    black_cox_value,
    eisenberg_noe_value,
    furfine_value,
    linear_value,
    merton_value,
    rogers_veraart_value,
)
from deflator.clearing.faults import range_faults, refuse
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
from deflator.errors import Fault


@dataclass(frozen=True)
class Valuation:
    """How much of its face value a claim is worth, given its debtor.

    Parameters
    ----------
    value
        Compiled function `value(equity, equity_before, assets, owed, parameters)` of one debtor: equity
        now and before the shock, external assets after it, total debts, all currency. It returns a share
        of face value in [0, 1] that does not fall when equity rises.
    parameters
        What else it needs.
    """

    value: Callable[..., float]
    parameters: tuple[float, ...] = (0.0,)


def eisenberg_noe() -> Valuation:
    """Value claims at what clearing without default costs would pay (Barucca et al. 2020, section 3.2)."""
    return Valuation(eisenberg_noe_value)


def rogers_veraart(alpha: float, beta: float) -> Valuation:
    """Value claims at what clearing with bankruptcy costs would pay, see `deflator.clearing.clear`."""
    _check("alpha", alpha, 1.0)
    _check("beta", beta, 1.0)
    return Valuation(rogers_veraart_value, (float(alpha), float(beta)))


def furfine(recovery: float = 0.0) -> Valuation:
    """Value claims in full until the debtor's equity is gone, then at a fixed recovery: Furfine (2003)."""
    _check("recovery", recovery, 1.0)
    return Valuation(furfine_value, (float(recovery),))


def linear_loss() -> Valuation:
    """Write claims down in proportion to the equity lost: linear DebtRank, Bardoscia et al. (2015)."""
    return Valuation(linear_value)


def merton(volatility: float, recovery: float = 1.0) -> Valuation:
    """Value claims before maturity when external assets move until then and default happens at maturity.

    Parameters
    ----------
    volatility
        Standard deviation of the logarithm of external assets until maturity (annual volatility times the
        root of the years).
    recovery
        Share of what a defaulter has that survives.

    References
    ----------
    Barucca et al. (2020), Mathematical Finance 30, equations (12) and (16).
    """
    _check("volatility", volatility, np.inf)
    _check("recovery", recovery, 1.0)
    return Valuation(merton_value, (float(volatility), float(recovery)))


def black_cox(volatility: float, recovery: float = 0.0) -> Valuation:
    """Value claims when a debtor defaults as soon as its external assets touch the level of no equity.

    Parameters
    ----------
    volatility
        As in `merton`.
    recovery
        Share of face value that is paid after default.

    References
    ----------
    Bardoscia, Barucca, Brinley Codd and Hill (2019), Forward-looking solvency contagion, Journal of Economic
    Dynamics and Control 108, section 2; Black and Cox (1976), Journal of Finance 31.
    """
    _check("volatility", volatility, np.inf)
    _check("recovery", recovery, 1.0)
    return Valuation(black_cox_value, (float(volatility), float(recovery)))


@dataclass(frozen=True)
class NetworkValue:
    """What everybody is worth when all claims are valued consistently.

    Parameters
    ----------
    equity
        May be below 0: what owners would have to add, currency, [node] or [node, lane].
    claim_value
        Share of face value that a claim on each node is worth, [node] or [node, lane].
    equity_before
        Book equity before the loss with all claims at face value, currency, [node] or [node, lane].
    rounds, residual, status
        Rounds used, estimated distance to the limit as a share of face value, and a `ClearingStatus`; per
        lane where there are lanes.
    """

    equity: NDArray[np.float64]
    claim_value: NDArray[np.float64]
    equity_before: NDArray[np.float64]
    rounds: Any
    residual: Any
    status: Any


def value_network(
    claims: Any,
    external_assets: ArrayLike,
    external_liabilities: ArrayLike,
    valuation: Valuation,
    *,
    loss: ArrayLike = 0.0,
    tolerance: float = 1e-12,
    max_rounds: int = 100_000,
) -> NetworkValue:
    """Value everybody's equity when claims are worth what their debtors' equity allows.

    Parameters
    ----------
    claims
        `claims[i, j]` is the face value of what `i` has lent to `j`, currency: dense or SciPy sparse.
    external_assets, external_liabilities
        Before the loss, currency, [node] or [node, lane].
    valuation
        Such as `eisenberg_noe()`, `rogers_veraart(0.9, 0.8)`, `linear_loss()`, `merton(0.2)`, or your own.
    loss
        Loss on external assets, currency, [node] or [node, lane].
    tolerance
        Claim values are found to within about this share of face value.
    max_rounds
        Most rounds.

    Returns
    -------
    NetworkValue
        The greatest consistent values: look at `status`.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Barucca, Bardoscia, Caccioli, D'Errico, Visentin, Caldarelli and Battiston (2020), Network valuation in
    financial systems, Mathematical Finance 30, equations (3) and (4).

    Examples
    --------
    >>> result = value_network([[0, 5], [0, 0]], [10, 20], [8, 12], eisenberg_noe(), loss=[0, 5])
    >>> result.equity, result.claim_value
    (array([ 6.41176471, -2.        ]), array([1.        , 0.88235294]))
    """
    nodes = np.shape(claims)[0]
    found = matrix_faults("claims", claims, (nodes, nodes), to_others=True)
    assets = figures_of("external_assets", external_assets, nodes, found)
    debts = figures_of("external_liabilities", external_liabilities, nodes, found)
    lost = figures_of("loss", loss, nodes, found)
    refuse(found)
    rows = rows_of(claims)
    assets, debts, lost = same_lanes(assets, debts, lost)
    lent = np.bincount(np.repeat(np.arange(nodes), np.diff(rows.ofs)), rows.value, nodes)[:, None]
    owed = debts + np.bincount(rows.column, rows.value, nodes)[:, None]
    before = assets + lent - owed
    left = assets - lost
    equity, value = np.empty_like(before), np.ones_like(before)
    rounds, residual = np.zeros(before.shape[1], np.int64), np.full(before.shape[1], np.inf)
    _settle_values(
        valuation.value, valuation.parameters, *rows, left, owed, before, tolerance, max_rounds,
        equity, value, rounds, residual,
    )  # fmt: skip
    lanes_given = has_lanes(external_assets, external_liabilities, loss)
    return NetworkValue(
        equity=told(equity, lanes_given),
        claim_value=told(value, lanes_given),
        equity_before=told(before, lanes_given),
        rounds=told(rounds, lanes_given),
        residual=told(residual, lanes_given),
        status=status_of(told(residual, lanes_given), tolerance),
    )


def _check(name: str, value: float, high: float) -> None:
    found: list[Fault] = range_faults(name, np.asarray(value, float), high=high)
    refuse(found)


# Not cached: Numba compiles it anew for each valuation function, and would pile up copies on disk.
@njit(nogil=True, error_model="numpy")
def _settle_values(
    valuation,
    parameters,
    ofs,
    column,
    face,
    assets,
    owed,
    before,
    tolerance,
    max_rounds,
    equity,
    value,
    rounds,
    residual,
):
    """Lower claim values from face value to the greatest fixed point; a lane that has arrived is frozen."""
    nodes, lanes = equity.shape
    step, step_before = np.empty(lanes), np.full(lanes, np.inf)
    active = np.ones(lanes, np.bool_)
    worth = np.empty((nodes, lanes))
    on_the_way = True
    while True:
        worth[:] = 0.0
        add_product(ofs, column, face, value, worth)
        for node in range(nodes):
            for lane in range(lanes):
                equity[node, lane] = assets[node, lane] + worth[node, lane] - owed[node, lane]
        if not on_the_way or rounds.max() >= max_rounds:
            break
        step[:] = 0.0
        for node in range(nodes):
            for lane in range(lanes):
                if not active[lane] or owed[node, lane] == 0.0:
                    continue
                share = valuation(
                    equity[node, lane], before[node, lane], assets[node, lane], owed[node, lane], parameters
                )
                step[lane] = max(step[lane], abs(value[node, lane] - share))
                value[node, lane] = share
        on_the_way = freeze_lanes(step, step_before, tolerance, active, rounds, residual)
