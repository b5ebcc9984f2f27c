"""Fits that need no simulation, to hold the simulated ones against: Schwartz's price, and rent by performance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.calibration.history import Series
from deflator.book import Book
from deflator.book.months import month_at
from deflator.credit.price_models import schwartz_forecast, wright_unit_cost

Floats = NDArray[np.float64]
_LEAST_EQUIPMENT = 3
_REDRAWS = 2000


@dataclass(frozen=True)
class SchwartzFit:
    """A price whose log is pulled to a line that may fall, by least squares.

    Parameters
    ----------
    series
        Label of the history.
    changes
        Monthly changes used.
    speed_monthly
        Share of the gap that is closed in a month, and its standard error.
    speed_error
        Standard error of it.
    volatility_annual
        Of the log price over a short time; None where nothing pulls the price back.
    spread_after_a_year
        Standard deviation of the log price in a year's time, by `deflator.credit.schwartz_forecast`; None likewise.
    """

    series: str
    changes: int
    speed_monthly: float
    speed_error: float
    volatility_annual: float | None
    spread_after_a_year: float | None


def fit_schwartz(series: Series) -> SchwartzFit:
    """Regress monthly changes on the level and on time: Schwartz's one-factor price around a trend.

    The regression is the maximum of the Gaussian likelihood. It takes posted prices for rents, so that plateaus make
    the price look slow, and its speed is biased upward in short histories (Kendall 1954: by about 4 over the months,
    more with a trend).

    References
    ----------
    Schwartz (1997), The stochastic behavior of commodity prices, Journal of Finance 52, 923-973.

    Examples
    --------
    >>> levels = [1.0]
    >>> for month in range(40):
    ...     levels.append(levels[-1] - 0.25 * levels[-1] + 0.1 * math.sin(7.0 * month**2))
    >>> found = fit_schwartz(Series("h100", "list", -40, np.array(levels)))
    >>> abs(found.speed_monthly - 0.25) < 2 * found.speed_error
    True
    """
    level = series.log_price[:-1]
    change = np.diff(series.log_price)
    use = np.isfinite(level + change)
    months = np.arange(level.size, dtype=np.float64)
    design = np.column_stack([np.ones(use.sum()), level[use], months[use]])
    inverse = np.linalg.pinv(design.T @ design)
    slope = inverse @ design.T @ change[use]
    rest = change[use] - design @ slope
    variance = float(rest @ rest) / max(use.sum() - 3, 1)
    speed = float(-slope[1])
    error = math.sqrt(variance * float(inverse[1, 1]))
    if not 0.0 < speed < 1.0 or variance <= 0.0:
        return SchwartzFit(series.label, int(use.sum()), speed, error, None, None)
    annual = -12.0 * math.log1p(-speed)
    volatility = math.sqrt(variance * 2.0 * annual / -math.expm1(-2.0 * annual / 12.0))
    spread = math.sqrt(schwartz_forecast(1.0, annual, 0.0, volatility, 1.0).log_variance)
    return SchwartzFit(series.label, int(use.sum()), speed, error, volatility, spread)


@dataclass(frozen=True)
class MonthSlope:
    """Rent by performance on one list in one month.

    Parameters
    ----------
    month, series, equipment
        When, on which list, and how many generations it shows.
    slope
        Log rent by log performance.
    """

    month: str
    series: str
    equipment: int
    slope: float


@dataclass(frozen=True)
class PerformanceFit:
    """How rents grow with performance.

    Parameters
    ----------
    value, low, high
        Exponent η, and its 5 % and 95 % quantiles over months and equipments drawn with replacement.
    months
        Slope of each month.
    progress_ratio
        Price of a unit of performance after a doubling of performance over before: 2^(η - 1), Wright's progress ratio
        with performance in the place of units made.
    """

    value: float
    low: float
    high: float
    months: tuple[MonthSlope, ...]
    progress_ratio: float

    def price_of_performance(self, performance: Floats) -> Floats:
        """Return rent per unit of performance over the reference's, by `deflator.credit.wright_unit_cost`."""
        return np.asarray(wright_unit_cost(1.0, self.progress_ratio, performance))


def fit_performance(book: Book, found: Sequence[Series], seed: int) -> PerformanceFit | None:
    """Regress log rents on log performance within each month of each list.

    Parameters
    ----------
    book
        Says how fast each equipment is.
    found
        Histories; only lists that show three generations in a month count.
    seed
        Of the draws with replacement.

    Returns
    -------
    PerformanceFit or None
        None when no list shows three generations in one month.
    """
    speeds = {
        str(row["equipment"]): 0.5 * math.log(float(row["perf_inference"]) * float(row["perf_training"]))
        for row in book.table("equipment").rows
    }
    points: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for series in found:
        for place in series.seen:
            spot = (speeds[series.equipment], float(series.log_price[place]))
            points.setdefault((series.first + int(place), series.name), []).append(spot)
    months = [(key, np.array(spots)) for key, spots in sorted(points.items()) if len(spots) >= _LEAST_EQUIPMENT]
    if not months:
        return None
    pooled = _pooled([spots for _, spots in months])
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 75])))
    redrawn = [_pooled(_redrawn([spots for _, spots in months], generator)) for _ in range(_REDRAWS)]
    low, high = np.nanquantile(redrawn, [0.05, 0.95])
    slopes = tuple(
        MonthSlope(month_at(month, book.as_of), name, len(spots), _pooled([spots])) for (month, name), spots in months
    )
    return PerformanceFit(pooled, float(low), float(high), slopes, 2.0 ** (pooled - 1.0))


def _pooled(months: Sequence[Floats]) -> float:
    """Return the slope within months; NaN where no month has two speeds."""
    centred = [spots - spots.mean(axis=0) for spots in months]
    speed = sum(float((spots[:, 0] ** 2).sum()) for spots in centred)
    return sum(float((spots[:, 0] * spots[:, 1]).sum()) for spots in centred) / speed if speed > 0.0 else math.nan


def _redrawn(months: Sequence[Floats], generator: np.random.Generator) -> list[Floats]:
    drawn = [months[place] for place in generator.integers(len(months), size=len(months))]
    return [spots[generator.integers(len(spots), size=len(spots))] for spots in drawn]
