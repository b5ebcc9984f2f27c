"""The share of face value that a claim is worth, given its debtor: compiled scalar functions of one form.

Each takes the debtor's equity now and before the shock, its external assets after the shock, what it owes in
all, and a tuple of parameters; see `deflator.clearing.valuation`.
"""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def eisenberg_noe_value(equity, equity_before, assets, owed, parameters):
    """Pay what there is: `(equity + owed) / owed` when equity is below 0."""
    return 1.0 if equity >= 0.0 else max(0.0, (equity + owed) / owed)


@njit(cache=True, nogil=True, error_model="numpy")
def rogers_veraart_value(equity, equity_before, assets, owed, parameters):
    """Pay `alpha` of external assets and `beta` of what claims bring, when equity is below 0."""
    alpha, beta = parameters
    if equity >= 0.0:
        return 1.0
    return min(1.0, max(0.0, (alpha * assets + beta * (equity + owed - assets)) / owed))


@njit(cache=True, nogil=True, error_model="numpy")
def furfine_value(equity, equity_before, assets, owed, parameters):
    """Pay in full, or a fixed recovery once equity is below 0."""
    return 1.0 if equity >= 0.0 else parameters[0]


@njit(cache=True, nogil=True, error_model="numpy")
def linear_value(equity, equity_before, assets, owed, parameters):
    """Worth the share of equity that is left."""
    if equity_before <= 0.0:
        return 0.0
    return min(1.0, max(0.0, equity / equity_before))


@njit(cache=True, nogil=True, error_model="numpy")
def merton_value(equity, equity_before, assets, owed, parameters):
    """Expect what is paid at maturity: external assets are lognormal until then, with no drift."""
    volatility, recovery = parameters
    if assets <= 0.0 or volatility == 0.0:
        paid = 1.0 if equity >= 0.0 else recovery * max(0.0, (equity + owed) / owed)
        return min(1.0, paid)
    fails_below = assets - equity  # external assets at which equity is gone
    nothing_below = fails_below - owed  # external assets at which nothing is left to pay
    fails = _probability_below(fails_below, assets, volatility, 0.5)
    pays_nothing = _probability_below(nothing_below, assets, volatility, 0.5)
    mean_between = assets * (
        _probability_below(fails_below, assets, volatility, -0.5)
        - _probability_below(nothing_below, assets, volatility, -0.5)
    )
    paid_in_default = (mean_between - nothing_below * (fails - pays_nothing)) / owed
    return min(1.0, max(0.0, 1.0 - fails + recovery * paid_in_default))


@njit(cache=True, nogil=True, error_model="numpy")
def black_cox_value(equity, equity_before, assets, owed, parameters):
    """Expect face value unless external assets touch the level of no equity, and a fixed recovery then."""
    volatility, recovery = parameters
    if equity <= 0.0:
        return recovery
    if equity >= assets or volatility == 0.0:
        return 1.0
    barrier = assets - equity
    touches = _probability_below(barrier, assets, volatility, 0.5) + assets / barrier * _probability_below(
        barrier, assets, volatility, -0.5
    )
    return 1.0 - (1.0 - recovery) * min(1.0, touches)


@njit(cache=True, nogil=True, error_model="numpy")
def _probability_below(level, assets, volatility, half):
    """Return N(log(level / assets) / volatility + half * volatility), 0 for a level of at most 0."""
    if level <= 0.0:
        return 0.0
    return 0.5 * math.erfc(-(math.log(level / assets) / volatility + half * volatility) / math.sqrt(2.0))
