"""The rent process as a fitting problem: the engine's market step, read through postings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.calibration.fit import Fit, Problem
from deflator.analysis.calibration.history import Series, aligned
from deflator.analysis.calibration.market_step import BURN_IN, MarketStep
from deflator.analysis.calibration.moments import MOMENTS, moments_of
from deflator.analysis.calibration.posting import Postings, renewal_of
from deflator.analysis.calibration.search import Prior, Simulate
from deflator.analysis.replay import Setting

Floats = NDArray[np.float64]

NOISE = "posting_noise_log"
REVERSION = "own_factor_reversion_monthly"
#: What is possible before data, 5 % to 95 %: wide, and a judgement. From a price that closes a thirtieth of a gap in
#: a month to one that closes nearly all of it; from an administered price to one that moves as a share does.
WIDE = Prior(
    {
        "price_adjust_speed_lambda": (0.03, 0.9),
        "rent_volatility_annual": (0.05, 1.2),
        "rent_jump_probability_monthly": (0.005, 0.2),
        "rent_jump_size_log": (0.08, 0.8),
        NOISE: (0.002, 0.2),
    }
)
#: Parameters of the model among them; the noise of postings belongs to the lists.
OF_THE_MODEL = WIDE.names[:4]
_REVERSION_BOUNDS, _OWN_BOUNDS = (0.02, 0.4), (0.05, 1.2)
_MOST = {"price_adjust_speed_lambda": 1.0, "rent_jump_probability_monthly": 0.5, REVERSION: 1.0}
_PAIR_MOMENTS = (*MOMENTS[:4], "correlation")
_OTHER_LIST = 500  # added to the seed: two equipments are posted by draws of their own


def capped(values: dict[str, float]) -> dict[str, float]:
    """Return parameters within the bounds that a book allows.

    Examples
    --------
    >>> capped({"price_adjust_speed_lambda": 1.2, "rent_volatility_annual": 1.2})
    {'price_adjust_speed_lambda': 1.0, 'rent_volatility_annual': 1.2}
    """
    return {name: min(value, _MOST.get(name, np.inf)) for name, value in values.items()}


def rent_problem(setting: Setting, series: Sequence[Series], target_volatility: float, prior: Prior = WIDE) -> Problem:
    """Return the problem of speed, volatility, jumps and posting noise, shared by several histories of a good.

    Parameters
    ----------
    setting
        From `market_step.setting_of`.
    series
        Histories; each has gaps, length and a renewal of its own.
    target_volatility
        Monthly volatility of the clearing rent, which no history shows; see `measure_target_volatility`.
    prior
        What is possible before data.
    """
    renewals = [renewal_of(one) for one in series]
    longest = max(one.log_price.size for one in series)

    def build(lanes: int, seed: int) -> Simulate:
        step, postings = MarketStep(setting, lanes, longest, seed), Postings(BURN_IN + longest, lanes, seed)

        def simulate(logs: Floats) -> list[Floats]:
            values = capped(prior.values(logs))
            noise = values.pop(NOISE)
            rents, _ = step.rents(values, target_volatility)
            return [
                moments_of(postings.post(rents, renewal, noise)[-one.log_price.size :], np.isfinite(one.log_price))
                for one, renewal in zip(series, renewals, strict=True)
            ]

        return simulate

    observed = [moments_of(one.log_price[:, None], np.isfinite(one.log_price))[0] for one in series]
    return Problem(tuple(one.label for one in series), MOMENTS, observed, prior, build, _MOST)


def pairs_with(reference: str, found: Sequence[Series]) -> list[tuple[Series, Series]]:
    """Return each series of another equipment beside the reference's of the same list, where their changes meet."""
    own = {series.name: series for series in found if series.equipment == reference}
    pairs = []
    for series in found:
        if series.equipment != reference and series.name in own:
            left, right = aligned(series, own[series.name])
            if np.isfinite(np.diff(left - right)).sum() >= _LEAST_COMMON:
                pairs.append((series, own[series.name]))
    return pairs


_LEAST_COMMON = 8


def own_factor_problem(
    setting: Setting, pairs: Sequence[tuple[Series, Series]], rents: Fit, target_volatility: float
) -> Problem:
    """Return the problem of the own factors: one reversion, and a volatility for each equipment.

    Parameters
    ----------
    setting
        From `market_step.setting_of`.
    pairs
        From `pairs_with`.
    rents
        The reference rent as fitted; its values stay.
    target_volatility
        As for `rent_problem`.
    """
    equipments = sorted({series.equipment for series, _ in pairs})
    prior = Prior({REVERSION: _REVERSION_BOUNDS, **{volatility_of(name): _OWN_BOUNDS for name in equipments}})
    values = {name: rents.value(name).value for name in OF_THE_MODEL}
    noise = rents.value(NOISE).value
    both = [aligned(*pair) for pair in pairs]
    longest = max(left.size for left, _ in both)
    renewals = [(renewal_of(one), renewal_of(other)) for one, other in pairs]

    def build(lanes: int, seed: int) -> Simulate:
        step = MarketStep(setting, lanes, longest, seed)
        reference, _ = step.rents(values, target_volatility)
        postings = [Postings(BURN_IN + longest, lanes, seed + other) for other in (0, _OTHER_LIST)]

        def simulate(logs: Floats) -> list[Floats]:
            known = capped(prior.values(logs))
            factors = {name: step.own_factor(name, known[REVERSION], known[volatility_of(name)]) for name in equipments}
            return [
                _pair_moments(
                    postings[0].post(reference + factors[one.equipment], renewal[0], noise)[-left.size :],
                    postings[1].post(reference, renewal[1], noise)[-left.size :],
                    np.isfinite(left + right),
                )
                for (one, _), (left, right), renewal in zip(pairs, both, renewals, strict=True)
            ]

        return simulate

    observed = [_pair_moments(left[:, None], right[:, None], np.isfinite(left + right))[0] for left, right in both]
    labels = tuple(f"{one.equipment}/{other.label}" for one, other in pairs)
    return Problem(labels, _PAIR_MOMENTS, observed, prior, build, _MOST)


def volatility_of(equipment: str) -> str:
    """Return the name under which the volatility of an equipment's own factor is fitted."""
    return f"equipment.{equipment}.rent_volatility_annual"


def _pair_moments(one: Floats, other: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return volatility, ratios and autocorrelation of the log price ratio, and the correlation of the changes."""
    starts = np.flatnonzero(seen[:-1] & seen[1:])
    left, right = (prices[starts + 1] - prices[starts] for prices in (one, other))
    left, right = left - left.mean(axis=0), right - right.mean(axis=0)
    scale = np.sqrt((left**2).mean(axis=0) * (right**2).mean(axis=0))
    correlation = (left * right).mean(axis=0) / np.maximum(scale, 1e-9)
    return np.column_stack([moments_of(one - other, seen)[:, :4], correlation])
