"""What a default costs, what the tail of losses holds, and how much can be lent against collateral."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_MOST_GROUPS = 200  # of draws that are left out together
#: Scales of a loan between which an advance rate is sought, and halvings of that range (in logs).
_SMALLEST, _LARGEST, _HALVINGS = 1e-3, 1e3, 26


@dataclass(frozen=True, eq=False)
class Defaults:
    """The defaults of some loans on all paths, one element each, and what their severity depends on.

    Parameters
    ----------
    loan, path, month
        Which loan, on which path, in which month.
    exposure
        USD m owed.
    collateral
        Value of what is pledged in the month of the default, before costs, USD m.
    prior
        Claims that are paid from it before, USD m.
    sale_cost, unsecured, discount
        Cost over price; recovery on an unsecured claim; worth at default of a dollar received after the lag.
    recourse
        Share of the shortfall that the borrower itself owes.
    restructured, haircut
        Share of defaults that is restructured, and what that takes off the claim.
    kept
        Share of the loss that no guarantor bears.
    """

    loan: Places
    path: Places
    month: Places
    exposure: Floats
    collateral: Floats
    prior: Floats
    sale_cost: Floats
    unsecured: Floats
    discount: Floats
    recourse: Floats
    restructured: Floats
    haircut: Floats
    kept: Floats


def severity(found: Defaults, scale: Floats | float = 1.0) -> Floats:
    """Return loss given default, a share of the exposure, of each element.

    The engine's rule: a default is restructured with a haircut, or liquidated. In a liquidation the collateral, less
    the cost of its sale and prior claims, pays first; the recourse part of the rest is an unsecured claim; both arrive
    after a lag and are discounted.

    Parameters
    ----------
    found
        Defaults.
    scale
        Exposure over that of the tape, collateral unchanged.

    Returns
    -------
    ndarray
        LGD = k (q h + (1 − q) (1 − (S + (E − S) ρ u) δ / E)), S = min(max(C (1 − c) − A, 0), E), with k kept, q
        restructured, h haircut, E exposure, C collateral, c sale cost, A prior claims, ρ recourse, u recovery of the
        unsecured, δ discount. Between 0 and 1.

    References
    ----------
    Workout LGD: one less discounted recoveries over the exposure at default. Basel Committee (2006), International
    Convergence of Capital Measurement, paragraph 460. `deflator.credit.monthly.loss_given_default` is the same with one
    lender.

    Examples
    --------
    100 owed, 60 of collateral, a tenth lost in the sale, half of the rest recourse at 40 %: 36.8 of 100.

    >>> one = np.ones(1)
    >>> default = Defaults(np.zeros(1, int), np.zeros(1, int), np.ones(1, int), 100 * one, 60 * one, 0 * one, 0.1 * one,
    ...                    0.4 * one, one, 0.5 * one, 0 * one, 0 * one, one)
    >>> severity(default).round(3).tolist(), severity(default, 0.5).round(3).tolist()
    ([0.368], [0.0])
    """
    exposure = found.exposure * scale
    secured = np.clip(found.collateral * (1.0 - found.sale_cost) - found.prior, 0.0, exposure)
    claim = (exposure - secured) * found.recourse * found.unsecured
    liquidated = np.clip(1.0 - (secured + claim) / exposure * found.discount, 0.0, 1.0)
    return found.kept * (found.restructured * found.haircut + (1.0 - found.restructured) * liquidated)


def expected_shortfall(losses: Floats, level: float) -> Floats:
    """Return the mean of the worst losses, along the last axis.

    Parameters
    ----------
    losses
        One for each path, equally likely, [..., path].
    level
        Such as 0.99: the worst hundredth of the paths counts, the path on its edge in part.

    References
    ----------
    C. Acerbi and D. Tasche, "On the coherence of expected shortfall", Journal of Banking and Finance 26 (2002),
    definition 2.6 and equation 3.3, for an empirical distribution.

    Examples
    --------
    >>> losses = np.array([0.0, 0.0, 4.0, 10.0])
    >>> float(expected_shortfall(losses, 0.75)), float(expected_shortfall(losses, 0.5))
    (10.0, 7.0)
    >>> float(expected_shortfall(losses, 0.625))
    8.0
    """
    worst, weight = _worst(losses, level)
    taken: Floats = np.take_along_axis(losses, worst, axis=-1)
    return np.asarray((taken * weight).sum(axis=-1), dtype=np.float64)


def _worst(losses: Floats, level: float) -> tuple[Places, Floats]:
    """Return which paths are the worst ones, the worst first, and how much each counts."""
    paths = losses.shape[-1]
    counted = max(paths * (1.0 - level), 1e-12)
    number = min(math.ceil(counted - 1e-9), paths)
    order = np.argpartition(-losses, number - 1, axis=-1)[..., :number]
    ranked = np.take_along_axis(order, np.argsort(-np.take_along_axis(losses, order, axis=-1), axis=-1, kind="stable"),
                                axis=-1)  # fmt: skip
    weight = np.full(number, 1.0 / counted)
    weight[-1] = 1.0 - (number - 1) / counted
    return ranked, weight


def tail_weights(losses: Floats, level: float) -> Floats:
    """Return how much each path counts in the expected shortfall of losses, [path]; they sum to one.

    The loss of a part of a portfolio under the weights of the whole is its contribution: contributions add up.

    References
    ----------
    D. Tasche, "Risk contributions and performance measurement", working paper, TU München (1999), section 5: the
    derivative of expected shortfall in the size of a part is its mean on the paths of the tail.

    Examples
    --------
    >>> tail_weights(np.array([0.0, 0.0, 4.0, 10.0]), 0.5).tolist()
    [0.0, 0.0, 0.5, 0.5]
    """
    worst, weight = _worst(losses, level)
    found = np.zeros(losses.shape[-1])
    found[worst] = weight
    return found


def shortfall_error(losses: Floats, level: float, draw: NDArray[np.int64]) -> float:
    """Return the Monte Carlo standard error of an expected shortfall: the larger one of two.

    Paths of one draw share figures and are not independent, so whole draws are left out in turn, many draws some at a
    time; where there is one draw only, paths are taken as independent.

    Parameters
    ----------
    losses
        One for each path, [path].
    level
        Such as 0.99.
    draw
        Draw of each path.

    References
    ----------
    B. J. Manistre and G. H. Hancock, "Variance of the CTE estimator", North American Actuarial Journal 9 (2005),
    equation 2.2: (Var(L | tail) + level (ES − q)²) / (n (1 − level)), with q the quantile. B. Efron and C. Stein, "The
    jackknife estimate of variance", Annals of Statistics 9 (1981): (D − 1)/D Σ (ES without d − their mean)².

    Examples
    --------
    >>> shortfall_error(np.zeros(100), 0.95, np.arange(100) % 10)
    0.0
    """
    worst, _ = _worst(losses, level)
    tail = losses[worst]
    spread = float(np.var(tail, ddof=1)) if tail.size > 1 else 0.0
    over = float(expected_shortfall(losses, level)) - float(tail[-1])
    error = math.sqrt((spread + level * over**2) / tail.size)
    group = draw % _MOST_GROUPS
    groups = np.unique(group)
    if groups.size < 2:
        return error
    without = np.array([expected_shortfall(losses[group != one], level) for one in groups])
    jackknife = (groups.size - 1) / groups.size * float(((without - without.mean()) ** 2).sum())
    return max(error, math.sqrt(jackknife))


def scale_for_target(
    found: Defaults, loans: int, paths: int, exposure_now: Floats, target: float
) -> tuple[Floats, Floats, Floats]:
    """Return by how much each loan can be scaled, collateral unchanged, until its expected loss is the target.

    The expected loss over the exposure of today rises with the scale, as less of the loan is covered; the scale is
    bracketed and halved in logs.

    Parameters
    ----------
    found
        Defaults of the loans; `found.loan` counts from 0 to `loans`.
    loans, paths
        How many.
    exposure_now
        Exposure of today, USD m, [loan].
    target
        Expected loss over the exposure of today by the horizon, a share.

    Returns
    -------
    tuple of ndarray
        Scale, and the share lost at the smallest and at the largest scale tried, [loan]. Where the first is above the
        target no scale holds it; where the last is not above it, every scale does: the scale is then 0 or infinite.

    Examples
    --------
    One loan of 100 that defaults on one path of ten, against collateral of 60: 4 % is lost. At 60, nothing is.

    >>> one = np.ones(1)
    >>> default = Defaults(np.zeros(1, int), np.zeros(1, int), np.ones(1, int), 100 * one, 60 * one, 0 * one, 0 * one,
    ...                    0 * one, one, 0 * one, 0 * one, 0 * one, one)
    >>> scale, low, high = scale_for_target(default, 1, 10, 100 * one, 0.02)
    >>> scale.round(4).tolist()  # at 75, 15 is lost on one path of ten: 2 % of 75
    [0.75]
    """

    def share_lost(scale: Floats) -> Floats:
        lost = found.exposure * severity(found, scale[found.loan])
        return np.bincount(found.loan, lost, loans) / (paths * np.maximum(exposure_now, 1e-12))

    low, high = np.full(loans, math.log(_SMALLEST)), np.full(loans, math.log(_LARGEST))
    least, most = share_lost(np.exp(low)), share_lost(np.exp(high))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        over = share_lost(np.exp(middle)) > target
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    scale = np.exp(0.5 * (low + high))
    return np.where(least > target, 0.0, np.where(most <= target, np.inf, scale)), least, most
