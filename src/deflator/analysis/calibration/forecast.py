"""Fit to the past, forecast what was not used, and score it against a random walk with drift and a flat price."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.calibration.fit import Effort, Fit, fit
from deflator.analysis.calibration.history import UNMOVED, Series, long_enough
from deflator.analysis.calibration.market_step import BURN_IN, MarketStep
from deflator.analysis.calibration.posting import Postings, renewal_of
from deflator.analysis.calibration.rents import NOISE, WIDE, capped, rent_problem
from deflator.analysis.calibration.search import Prior
from deflator.analysis.forecast_scores import crps_normal, crps_sample, inside
from deflator.analysis.replay import Setting
from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.95)
_QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
MODELS = ("engine", "drift", "flat")
_LEAST_OUTCOMES = 3
_PATHS = 4096
_BETWEEN = 0.5  # log: how far the parameters of one list may lie from those of all lists, one standard deviation
_NORMAL_95 = 1.645
_LEAST_DEVIATION = 0.01  # log a month: a price that never moved is not known to stay


@dataclass(frozen=True, eq=False)
class Density:
    """The forecast of one series by one model.

    Parameters
    ----------
    model
        One of `MODELS`.
    quantiles
        Log price at 2.5, 10, 25, 50, 75, 90 and 97.5 %, [month, level].
    crps
        Score of each month, log.
    """

    model: str
    quantiles: Floats
    crps: Floats

    def holds(self, level: float, outcome: Floats) -> NDArray[np.bool_]:
        """Return in which months the central interval of a level held."""
        place = LEVELS[::-1].index(level)
        return inside(self.quantiles[:, place], self.quantiles[:, -1 - place], outcome)


@dataclass(frozen=True, eq=False)
class SeriesForecast:
    """Forecasts of one series and what came.

    Parameters
    ----------
    series
        The whole history.
    last
        Last month used, counted from the as-of month.
    months
        Months that were forecast and have a price.
    outcome
        Log price in those months.
    densities
        Forecast of each of `MODELS`.
    drift, drift_error
        Monthly drift of the target after pooling with the other series, and its standard deviation.
    fitted
        The rent process as fitted to the part used.
    """

    series: Series
    last: int
    months: tuple[int, ...]
    outcome: Floats
    densities: tuple[Density, ...]
    drift: float
    drift_error: float
    fitted: Fit

    def density(self, model: str) -> Density:
        """Return the forecast of a model."""
        return next(one for one in self.densities if one.model == model)

    def score(self, model: str) -> float:
        """Return the mean score of a model over the months, log; less is better."""
        return float(self.density(model).crps.mean())

    def skill(self, other: str) -> float:
        """Return by which share the engine's score is below another's; negative where it is above."""
        return 1.0 - self.score("engine") / self.score(other)

    def place(self, model: str) -> float:
        """Return at which share of a model's forecast for the last month the price came, from 2.5 to 97.5 %."""
        return float(np.interp(self.outcome[-1], self.density(model).quantiles[-1], _QUANTILES))

    def coverage(self, model: str, level: float) -> float:
        """Return the share of months in which the interval of a level held."""
        return float(self.density(model).holds(level, self.outcome).mean())


@dataclass(frozen=True, eq=False)
class ForecastTest:
    """All series that could be scored, without choice.

    Parameters
    ----------
    until
        Last month of the data that were used, counted from the as-of month.
    series
        A forecast for each series with enough months before and after.
    pooled
        The rent process as fitted to all series together, which each series' fit leans on.
    """

    until: int
    series: tuple[SeriesForecast, ...]
    pooled: Fit

    def coverage(self, model: str, level: float) -> float:
        """Return the share of all months of all series in which the interval of a level held."""
        held = np.concatenate([one.density(model).holds(level, one.outcome) for one in self.series])
        return float(held.mean())

    def wins(self) -> int:
        """Return on how many series the engine scores better than both other forecasts."""
        return sum(min(one.skill("drift"), one.skill("flat")) > 0.0 for one in self.series)


def scored(found: Sequence[Series], until: int) -> list[Series]:
    """Return the series with enough changes up to a month and enough prices after it."""
    return [
        series
        for series in found
        if long_enough([series.until(until)]) and (series.first + series.seen > until).sum() >= _LEAST_OUTCOMES
    ]


def score_forecast(
    setting: Setting,
    found: Sequence[Series],
    until: int,
    target_volatility: float,
    effort: Effort,
    tell: Callable[[], None] | None = None,
) -> ForecastTest:
    """Fit to prices up to a month and score the forecasts of all later ones.

    Parameters
    ----------
    setting
        From `market_step.setting_of`.
    found
        From `read_histories`.
    until
        Last month whose prices are used, counted from the as-of month.
    target_volatility
        As for `rents.rent_problem`.
    effort
        How much is computed.
    tell
        Called after each search.

    Raises
    ------
    RunError
        When no series has enough prices before and after the month.

    Notes
    -----
    Nothing after the month is used. One fit to all series is the prior of each series' own, with one standard
    deviation of half a log unit between series; drifts are pooled likewise (DerSimonian and Laird 1986). The random
    walk with drift and the flat forecast are normal in logs, with the variance of the series' own monthly changes.
    """
    chosen = scored(found, until)
    if not chosen:
        message = f"no series has prices enough before and {_LEAST_OUTCOMES} after the month"
        raise RunError([Fault("", 0, "--fit-to", message, "give a month with prices on both sides")])
    known = long_enough([series.until(until) for series in found])
    pooled = fit(rent_problem(setting, known, target_volatility), effort, False, tell)
    prior = _leaning_on(pooled)
    drifts = pool_drifts([one.changes() for one in known])
    forecasts = []
    for series in chosen:
        past = series.until(until)
        own = fit(rent_problem(setting, [past], target_volatility, prior), effort, False, tell)
        place = [one.label for one in known].index(series.label)
        forecasts.append(_forecast(setting, series, past, own, drifts[place], target_volatility, effort.seed))
    return ForecastTest(until, tuple(forecasts), pooled)


def _leaning_on(pooled: Fit) -> Prior:
    """Return the prior of one series: all of them together, with room between series."""
    bounds = {}
    for place, name in enumerate(WIDE.names):
        middle = float(np.median(pooled.ensemble[:, place]))
        half = _NORMAL_95 * max(float(pooled.ensemble[:, place].std(ddof=1)), _BETWEEN)
        bounds[name] = (math.exp(middle - half), math.exp(middle + half))
    return Prior(bounds)


def pool_drifts(changes: Sequence[Floats]) -> list[tuple[float, float]]:
    """Return mean and standard deviation of each series' monthly drift, drawn towards that of all.

    Parameters
    ----------
    changes
        Monthly log changes of each series.

    References
    ----------
    DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7, 177-188: variance
    between series by moments; then the posterior mean of a normal law.

    Examples
    --------
    >>> alike = [np.array([-0.02, 0.02, 0.01, -0.01]), np.array([-0.03, 0.03, 0.02, -0.02])]
    >>> [round(mean, 6) for mean, _ in pool_drifts(alike)]
    [0.0, 0.0]
    """
    means = np.array([one.mean() for one in changes])
    variances = np.array([max(float(one.var(ddof=1)), _LEAST_DEVIATION**2) / one.size for one in changes])
    weights = 1.0 / variances
    centre = float((weights * means).sum() / weights.sum())
    spread = float((weights * (means - centre) ** 2).sum()) - (len(means) - 1)
    between = max(spread / (weights.sum() - (weights**2).sum() / weights.sum()), 0.0) if len(means) > 1 else 0.0
    total = variances + between
    centre, centre_variance = float((means / total).sum() / (1.0 / total).sum()), float(1.0 / (1.0 / total).sum())
    own = between / total
    pooled = own * means + (1.0 - own) * centre
    deviation = np.sqrt(own * variances + (1.0 - own) ** 2 * centre_variance)
    return list(zip(pooled.tolist(), deviation.tolist(), strict=True))


def _forecast(
    setting: Setting,
    series: Series,
    past: Series,
    own: Fit,
    drift: tuple[float, float],
    target_volatility: float,
    seed: int,
) -> SeriesForecast:
    """Forecast one series by every model."""
    later = series.seen[series.first + series.seen > past.last]
    months = series.first + later
    outcome, horizons = series.log_price[later], months - past.last
    start = float(past.log_price[past.seen[-1]])
    sample = start + _posted_ahead(setting, past, own, drift, int(horizons[-1]), target_volatility, seed)[horizons]
    densities = [_sampled("engine", sample, outcome)]
    changes = past.changes()
    mean, count = float(changes.mean()), changes.size
    around = {
        "drift": (start + horizons * mean, changes.var(ddof=1) * horizons * (1.0 + horizons / count)),
        "flat": (np.full(horizons.size, start), float((changes**2).mean()) * horizons),
    }
    for model, (middle, variance) in around.items():
        densities.append(_normal(model, middle, np.sqrt(np.maximum(variance, _LEAST_DEVIATION**2)), outcome))
    return SeriesForecast(series, past.last, tuple(months.tolist()), outcome, tuple(densities), *drift, own)


def _posted_ahead(
    setting: Setting,
    past: Series,
    own: Fit,
    drift: tuple[float, float],
    ahead: int,
    target_volatility: float,
    seed: int,
) -> Floats:
    """Return posted log prices less the last one seen, [months ahead, path], month 0 being the last one seen.

    The last price may have been posted months before: the rent has moved since, and shows in the next posting.
    """
    age = _months_since_move(past)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 76])))
    drifts = drift[0] + drift[1] * generator.standard_normal(_PATHS)
    members = own.ensemble[np.arange(_PATHS) % len(own.ensemble)]
    values = {name: np.exp(members[:, place]) for place, name in enumerate(WIDE.names)}
    noise = values.pop(NOISE)
    most = capped(dict.fromkeys(values, math.inf))
    step = MarketStep(setting, _PATHS, age + ahead, seed)
    bounded = {name: np.minimum(value, most[name]) for name, value in values.items()}
    rents = step.rents(bounded, target_volatility, drifts)[0][BURN_IN - 1 :]
    renewal = np.full((len(rents), 1), renewal_of(past))
    renewal[: age + 1] = 0.0
    posted = Postings(len(rents), _PATHS, seed).post(rents, renewal, noise)
    return posted[age:] - posted[age]


def _months_since_move(series: Series) -> int:
    """Return how many months ago the last price was posted, as far as the history shows."""
    age = 0
    for change in np.diff(series.log_price)[::-1]:
        if not abs(change) <= UNMOVED:
            break
        age += 1
    return age


def _sampled(model: str, sample: Floats, outcome: Floats) -> Density:
    scores = np.array([crps_sample(row, value) for row, value in zip(sample, outcome, strict=True)])
    return Density(model, np.quantile(sample, _QUANTILES, axis=1).T, scores)


def _normal(model: str, mean: Floats, deviation: Floats, outcome: Floats) -> Density:
    from scipy import stats

    quantiles = mean[:, None] + deviation[:, None] * stats.norm.ppf(_QUANTILES)
    return Density(model, quantiles, np.asarray(crps_normal(mean, deviation, outcome)))
