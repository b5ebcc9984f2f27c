"""Default when assets fall below debt: at maturity (Merton 1974) or at any time before (Black-Cox 1976)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.credit.faults import Arguments

# Enough to bring any bracket down to neighbouring floating-point numbers.
_HALVINGS = 100


@njit(cache=True, nogil=True, error_model="numpy")
def normal_cdf(x: float) -> float:
    """Give the probability that a standard normal variable lies below x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True, nogil=True, error_model="numpy")
def log_normal_cdf(x: float) -> float:
    """Give the log of `normal_cdf`, also where that underflows.

    References
    ----------
    Abramowitz and Stegun (1964), 26.2.12: asymptotic series of the tail.
    """
    if x > 0.0:
        return math.log1p(-normal_cdf(-x))
    if x > -30.0:
        return math.log(normal_cdf(x))
    tail = 1.0 - 1.0 / x**2 + 3.0 / x**4 - 15.0 / x**6
    return -0.5 * x * x - math.log(-x * math.sqrt(2.0 * math.pi)) + math.log(tail)


@njit(cache=True, nogil=True, error_model="numpy")
def merton_pd(asset_value: float, debt: float, drift: float, volatility: float, years: float) -> float:
    """Give Merton's default probability, unchecked; see `merton_default_probability`."""
    spread = volatility * math.sqrt(years)
    distance = (math.log(asset_value / debt) + (drift - 0.5 * volatility**2) * years) / spread
    return normal_cdf(-distance)


@njit(cache=True, nogil=True, error_model="numpy")
def black_cox_pd(
    asset_value: float, barrier: float, drift: float, volatility: float, years: float, barrier_growth: float
) -> float:
    """Give Black and Cox's default probability, unchecked; see `black_cox_default_probability`."""
    if asset_value <= barrier:
        return 1.0
    spread = volatility * math.sqrt(years)
    trend = drift - barrier_growth - 0.5 * volatility**2
    gap = math.log(barrier / asset_value)
    below = normal_cdf((gap - trend * years) / spread)
    # The weight of the reflected paths can overflow where their probability underflows: add their logs.
    reflected = math.exp(2.0 * trend * gap / volatility**2 + log_normal_cdf((gap + trend * years) / spread))
    return min(below + reflected, 1.0)


def merton_default_probability(
    asset_value: ArrayLike, debt: ArrayLike, drift: ArrayLike, volatility: ArrayLike, years: ArrayLike
) -> Any:
    """Give the probability that a firm's assets are worth less than its debt when the debt falls due.

    Assets follow a geometric Brownian motion. With the risk-free rate as drift the probability is
    risk-neutral; with the expected return it is a forecast under the model.

    Parameters
    ----------
    asset_value, debt
        Value of assets now and face value of debt, in the same unit, above 0.
    drift
        Expected log growth of assets plus half their variance, annual decimal.
    volatility
        Standard deviation of the log of assets over a year, above 0.
    years
        Time to maturity, above 0.

    Returns
    -------
    float or ndarray of float
        Probability, 0 to 1; the arguments broadcast against each other.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Merton (1974), Journal of Finance 29, 449-470: N(-d2).

    Examples
    --------
    >>> float(merton_default_probability(12.395387, 10.0, 0.05, 0.212305, 1.0).round(4))
    0.127
    """
    given = Arguments("merton_default_probability")
    above_zero = {"asset_value": asset_value, "debt": debt, "volatility": volatility, "years": years}
    assets, claim, moves, life = (given.numbers(name, value, above=0) for name, value in above_zero.items())
    checked = (assets, claim, given.numbers("drift", drift), moves, life)
    return _over_arrays(merton_pd, given, checked)


def black_cox_default_probability(
    asset_value: ArrayLike,
    barrier: ArrayLike,
    drift: ArrayLike,
    volatility: ArrayLike,
    years: ArrayLike,
    barrier_growth: ArrayLike = 0.0,
) -> Any:
    """Give the probability that a firm's assets touch a barrier at any time up to a horizon.

    The barrier is the asset value at which lenders take over; it may grow at a constant rate.

    Parameters
    ----------
    asset_value, barrier
        Value of assets and of the barrier now, in the same unit, above 0.
    drift
        Expected log growth of assets plus half their variance, annual decimal.
    volatility
        Standard deviation of the log of assets over a year, above 0.
    years
        Horizon, above 0.
    barrier_growth
        Log growth of the barrier, annual decimal.

    Returns
    -------
    float or ndarray of float
        Probability, 0 to 1; 1 where the barrier is already reached. The arguments broadcast.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Black and Cox (1976), Journal of Finance 31, 351-367: first passage to an exponential barrier.

    Examples
    --------
    >>> float(black_cox_default_probability(100.0, 70.0, 0.05, 0.2, 1.0).round(6))
    0.056578
    """
    given = Arguments("black_cox_default_probability")
    above_zero = {"asset_value": asset_value, "barrier": barrier, "volatility": volatility, "years": years}
    assets, claim, moves, life = (given.numbers(name, value, above=0) for name, value in above_zero.items())
    growth = given.numbers("barrier_growth", barrier_growth)
    checked = (assets, claim, given.numbers("drift", drift), moves, life, growth)
    return _over_arrays(black_cox_pd, given, checked)


@dataclass(frozen=True)
class MertonFirm:
    """A firm as Merton's model sees it through its share price.

    Parameters
    ----------
    asset_value, asset_volatility
        Assets in the unit of the equity, and the yearly standard deviation of their log.
    distance_to_default
        Standard deviations between expected log assets and debt at maturity, risk-neutral.
    default_probability
        Risk-neutral probability that assets are below debt at maturity.
    debt_value
        Assets less equity.
    credit_spread
        Continuously compounded yield of the debt over the risk-free rate.
    """

    asset_value: float
    asset_volatility: float
    distance_to_default: float
    default_probability: float
    debt_value: float
    credit_spread: float


def merton_from_equity(
    equity_value: float, equity_volatility: float, debt: float, risk_free_rate: float, years: float
) -> MertonFirm:
    """Find the assets whose call option, struck at the debt, is worth the firm's equity and moves like it.

    Parameters
    ----------
    equity_value, debt
        Market value of equity and face value of debt, in the same unit, above 0.
    equity_volatility
        Standard deviation of the log share price over a year, above 0.
    risk_free_rate
        Continuously compounded, annual decimal.
    years
        Time to maturity of the debt, above 0.

    Returns
    -------
    MertonFirm
        Assets, distance to default, risk-neutral default probability, debt value and spread.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Merton (1974). The two equations, E = V N(d1) − D e^(−rT) N(d2) and σ_E E = N(d1) σ_V V, follow Jones,
    Mason and Rosenfeld (1984), Journal of Finance 39, 611-625.

    Examples
    --------
    >>> firm = merton_from_equity(3.0, 0.8, 10.0, 0.05, 1.0)
    >>> round(firm.asset_value, 6), round(firm.asset_volatility, 6), round(firm.default_probability, 6)
    (12.395387, 0.212305, 0.126971)
    """
    given = Arguments("merton_from_equity")
    equity = given.number("equity_value", equity_value, above=0)
    equity_moves = given.number("equity_volatility", equity_volatility, above=0)
    face = given.number("debt", debt, above=0)
    rate = given.number("risk_free_rate", risk_free_rate)
    life = given.number("years", years, above=0)
    given.check()
    # An option moves more than its asset: the volatility of assets lies between zero and that of equity.
    volatility = _asset_volatility(equity, equity_moves, face, rate, life)
    assets = _asset_value(equity, face, rate, volatility, life)
    spread = volatility * math.sqrt(life)
    distance = (math.log(assets / face) + (rate - 0.5 * volatility**2) * life) / spread
    safe_debt = face * math.exp(-rate * life)
    debt_value = assets * normal_cdf(-distance - spread) + safe_debt * normal_cdf(distance)
    return MertonFirm(
        asset_value=assets,
        asset_volatility=volatility,
        distance_to_default=distance,
        default_probability=normal_cdf(-distance),
        debt_value=debt_value,
        credit_spread=math.log(safe_debt / debt_value) / life,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _asset_volatility(equity, equity_volatility, face, rate, years):
    low, high = 0.0, equity_volatility
    for _ in range(_HALVINGS):
        volatility = (low + high) / 2.0
        assets = _asset_value(equity, face, rate, volatility, years)
        upper, _ = _option_distances(assets, face, rate, volatility, years)
        if normal_cdf(upper) * volatility * assets < equity_volatility * equity:
            low = volatility
        else:
            high = volatility
    return (low + high) / 2.0


@njit(cache=True, nogil=True, error_model="numpy")
def _asset_value(equity, face, rate, volatility, years):
    safe_debt = face * math.exp(-rate * years)
    # A call is worth at most its asset, and at least its asset less the discounted strike.
    low, high = equity, equity + safe_debt
    for _ in range(_HALVINGS):
        assets = (low + high) / 2.0
        upper, lower = _option_distances(assets, face, rate, volatility, years)
        if assets * normal_cdf(upper) - safe_debt * normal_cdf(lower) < equity:
            low = assets
        else:
            high = assets
    return (low + high) / 2.0


@njit(cache=True, nogil=True, error_model="numpy")
def _option_distances(assets, face, rate, volatility, years):
    spread = volatility * math.sqrt(years)
    lower = (math.log(assets / face) + (rate - 0.5 * volatility**2) * years) / spread
    return lower + spread, lower


def _over_arrays(probability: Callable[..., float], given: Arguments, checked: tuple[NDArray[np.float64], ...]) -> Any:
    shapes = [values.shape for values in checked]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        sizes = ", ".join(str(shape) for shape in shapes if shape)
        given.refuse("asset_value", f"shapes {sizes} do not match", "use numbers, or arrays of one shape")
    given.check()
    return np.vectorize(probability, otypes=[float])(*checked)[()]
