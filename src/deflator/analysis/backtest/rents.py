"""How well the rents that were seen had been foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deflator.analysis.backtest import scores
from deflator.analysis.backtest.forecast import Forecast
from deflator.analysis.backtest.outcomes import RentSeen
from deflator.analysis.forecast_scores import crps_sample
from deflator.messages import text

#: Central shares whose coverage is told.
SHARES = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class RentScore:
    """One rent that was seen, beside what was foretold.

    Parameters
    ----------
    equipment, month, seen
        Which, when, and how much: USD per unit-hour.
    low, median, high
        5 %, 50 % and 95 % of the paths.
    crps
        Continuous ranked probability score, USD per unit-hour; smaller is better.
    flat
        That of the rent of month 0 taken as the forecast: its distance from what was seen.
    covered
        Whether the middle 50, 80 and 95 % of paths hold what was seen.
    """

    equipment: str
    month: int
    seen: float
    low: float
    median: float
    high: float
    crps: float
    flat: float
    covered: tuple[bool, bool, bool]


def score_rents(forecast: Forecast, rents: Sequence[RentSeen], refused: list[str]) -> tuple[RentScore, ...]:
    """Score every rent that was seen.

    Parameters
    ----------
    forecast
        From `foretell`.
    rents
        What was seen.
    refused
        Told when there are none.
    """
    if not rents:
        refused.append(text("backtest.no_rents"))
    found = []
    for one in rents:
        sample = forecast.rent(one.equipment, one.month)
        start = float(np.median(forecast.rent(one.equipment, 0)))
        low, median, high = (float(value) for value in np.quantile(sample, [0.05, 0.5, 0.95]))
        half, most, nearly_all = (scores.within(sample, one.usd_per_hour, share) for share in SHARES)
        found.append(
            RentScore(
                equipment=one.equipment,
                month=one.month,
                seen=one.usd_per_hour,
                low=low,
                median=median,
                high=high,
                crps=crps_sample(sample, one.usd_per_hour),
                flat=abs(start - one.usd_per_hour),
                covered=(half, most, nearly_all),
            )
        )
    return tuple(found)
