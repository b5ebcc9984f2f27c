"""How the price of collateral may move: a mean-reverting price, and a cost that falls with experience."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deflator.credit.faults import Arguments


@dataclass(frozen=True)
class PriceForecast:
    """Where a mean-reverting price is expected at a horizon.

    Parameters
    ----------
    log_mean, log_variance
        Mean and variance of the log of the price.
    expected_price
        Mean of the price; the futures price where the long-run mean is risk-adjusted.
    """

    log_mean: float
    log_variance: float
    expected_price: float


def schwartz_forecast(
    price: float, reversion_annual: float, long_run_log_mean: float, volatility: float, years: float
) -> PriceForecast:
    """Forecast a price whose log is pulled back to a long-run mean.

    Parameters
    ----------
    price
        Price now, above 0.
    reversion_annual
        Share of the log gap closed per year in continuous time, above 0; the half-life is ln 2 over it.
    long_run_log_mean
        Mean to which the log of the price returns. The futures price needs the risk-adjusted one.
    volatility
        Standard deviation of the log price over a short time, per square root of a year, not negative.
    years
        Horizon, not negative.

    Returns
    -------
    PriceForecast
        Mean and variance of the log price, and the expected price.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Schwartz (1997), The stochastic behavior of commodity prices, Journal of Finance 52, 923-973,
    equations (3) to (7) of the one-factor model.

    Examples
    --------
    >>> forecast = schwartz_forecast(20.0, 0.301, 2.9, 0.334, 1.0)
    >>> round(forecast.expected_price, 6)
    20.34338
    """
    given = Arguments("schwartz_forecast")
    now = given.number("price", price, above=0)
    speed = given.number("reversion_annual", reversion_annual, above=0)
    mean = given.number("long_run_log_mean", long_run_log_mean)
    noise = given.number("volatility", volatility, minimum=0)
    horizon = given.number("years", years, minimum=0)
    given.check()
    kept = math.exp(-speed * horizon)
    log_mean = kept * math.log(now) + (1.0 - kept) * mean
    log_variance = noise**2 * -math.expm1(-2.0 * speed * horizon) / (2.0 * speed)
    return PriceForecast(log_mean, log_variance, math.exp(log_mean + 0.5 * log_variance))


def wright_unit_cost(first_unit_cost: float, progress_ratio: float, cumulative_units: ArrayLike) -> Any:
    """Give the cost of a unit that falls by a fixed share with each doubling of what was ever made.

    Parameters
    ----------
    first_unit_cost
        Cost of the first unit, not negative.
    progress_ratio
        Cost after a doubling over cost before, above 0 and at most 1.
    cumulative_units
        Units ever made, at least 1.

    Returns
    -------
    float or ndarray of float
        Cost of the last of those units, in the unit of `first_unit_cost`.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Wright (1936), Factors affecting the cost of airplanes, Journal of the Aeronautical Sciences 3, 122-128:
    cost = first cost · units^(log2 of the progress ratio).

    Examples
    --------
    >>> wright_unit_cost(100.0, 0.8, [1, 2, 4]).round(9).tolist()
    [100.0, 80.0, 64.0]
    """
    given = Arguments("wright_unit_cost")
    first = given.number("first_unit_cost", first_unit_cost, minimum=0)
    ratio = given.number("progress_ratio", progress_ratio, above=0, maximum=1)
    units = given.numbers("cumulative_units", cumulative_units, minimum=1)
    given.check()
    return (first * units ** np.log2(ratio))[()]
