"""A median over paths with the two things that must be told apart: what is not known, and what was not counted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.probability import TAIL
from deflator.analysis.replay import Floats

_RESAMPLES = 200
#: Median of the absolute value of a standard normal number.
_MEDIAN_OF_NORMAL = 0.6745
#: Fewest paths of a draw whose own median counts for the range: two for each half of it.
_FEWEST = 4


@dataclass(frozen=True)
class Median:
    """Median of a figure over paths.

    Parameters
    ----------
    value
        The median, over ignorance and chance.
    low, high
        Range over ignorance: in nine draws of ten the median of that draw's own paths lies between them. None where a
        run cannot tell: figures were not drawn, draws have fewer than four paths, or the medians of draws differ no
        more than few paths let them.
    mc_error
        Monte Carlo standard error of `value`.
    """

    value: float
    low: float | None
    high: float | None
    mc_error: float


def median(values: Floats, draw: NDArray[np.int64], seed: int, chance: bool = True) -> Median | None:
    """Return the median over paths with its range and its error; None without values.

    Medians of draws differ because figures differ and because paths are few. The second is measured by splitting the
    paths of every draw into halves: the deviation of a draw's median is half of that of the difference between the
    medians of its halves. The draws' medians are drawn together until only the first is left. Deviations are taken
    from medians of absolute values, as returns have long tails. The error is the standard deviation of the median when
    whole draws (of one draw: paths) are drawn with replacement.

    Parameters
    ----------
    values
        By path; NaN does not count.
    draw
        Draw of each path.
    seed
        Of the resampling.
    chance
        Whether paths of one draw differ.

    References
    ----------
    Resampling of whole clusters: Field and Welsh (2007), Journal of the Royal Statistical Society B 69; the
    bootstrap: Efron (1979), Annals of Statistics 7.

    Examples
    --------
    Four draws around 0, 1, 2 and 3, with hardly any noise:

    >>> values = np.repeat([0.0, 1.0, 2.0, 3.0], 10) + np.tile([-0.1, 0.1], 20)
    >>> found = median(values, np.repeat(np.arange(4), 10), seed=1)
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (1.5, 0.2, 2.8)
    """
    there = ~np.isnan(values)
    values, draw = values[there], draw[there]
    if not values.size:
        return None
    value = float(np.median(values))
    groups = [values[draw == one] for one in np.unique(draw)]
    low, high = _range(groups, value, chance)
    clusters = groups if len(groups) > 1 else list(values[:, None])
    return Median(value, low, high, _error(clusters, seed))


def _range(groups: list[Floats], value: float, chance: bool) -> tuple[float | None, float | None]:
    several = [group for group in groups if not chance or len(group) >= _FEWEST]
    if len(several) < 2:
        return None, None
    medians = np.array([np.median(group) for group in several])
    narrowing = 1.0
    if chance:
        halves = np.array([np.median(group[::2]) - np.median(group[1::2]) for group in several])
        noise = 0.5 * float(np.median(np.abs(halves))) / _MEDIAN_OF_NORMAL
        seen = float(np.median(np.abs(medians - np.median(medians)))) / _MEDIAN_OF_NORMAL
        if noise >= seen > 0.0:
            return None, None
        narrowing = math.sqrt(1.0 - (noise / seen) ** 2) if seen > 0.0 else 1.0
    low, high = np.quantile(value + narrowing * (medians - value), [TAIL, 1.0 - TAIL])
    return min(float(low), value), max(float(high), value)


def _error(clusters: list[Floats], seed: int) -> float:
    if len(clusters) < 2:
        return math.inf
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(clusters), (_RESAMPLES, len(clusters)))
    return float(np.std([np.median(np.concatenate([clusters[one] for one in pick])) for pick in picks]))
