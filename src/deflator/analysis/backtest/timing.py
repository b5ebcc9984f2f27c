"""How far breaks were from the months in which they were foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.backtest import scores
from deflator.analysis.backtest.scores import Interval
from deflator.messages import text

#: Fewest paths with a break from which its month is foretold.
FEWEST_PATHS = 20
_SHARE = 0.8


@dataclass(frozen=True)
class Timing:
    """Errors of the foretold month of firms that broke and were seen to break on enough paths.

    Parameters
    ----------
    firms
        Firms scored.
    left_out
        Firms that broke but hardly ever break in the model.
    error
        Mean of the median month less the month seen: above 0 is too late. Months.
    distance
        Mean distance. Months.
    covered
        Share of the firms whose month lies within the middle 80 % of the months foretold.
    """

    firms: int
    left_out: int
    error: Interval
    distance: Interval
    covered: Interval


def score_timing(
    months: NDArray[np.int64], broke: Sequence[int | None], until: int, draws: tuple[int, int], refused: list[str]
) -> Timing | None:
    """Score the months of breaks.

    Parameters
    ----------
    months
        Month in which each firm breaks on each path, 0 for never; shape [firm, path].
    broke
        Month in which each broke, None for never.
    until
        Last month scored.
    draws
        Seed and number of the resamples.
    refused
        Told why there is nothing to score.
    """
    errors, covered, left_out = [], [], 0
    for row, seen in zip(months, broke, strict=True):
        if seen is None:
            continue
        when = row[(row > 0) & (row <= until)]
        if when.size < FEWEST_PATHS:
            left_out += 1
            continue
        errors.append(float(np.median(when)) - seen)
        covered.append(scores.within(when.astype(np.float64), seen, _SHARE))
    if not errors:
        refused.append(text("backtest.no_timing", left_out=left_out, fewest=FEWEST_PATHS))
        return None
    error, inside = np.array(errors), np.array(covered, dtype=np.float64)

    def mean_of(values: NDArray[np.float64]) -> Interval:
        found = scores.resampled(values.size, lambda places: float(values[places].mean()), *draws)
        assert found is not None  # a mean always has a value
        return found

    return Timing(len(errors), left_out, mean_of(error), mean_of(np.abs(error)), mean_of(inside))
