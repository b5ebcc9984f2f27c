"""A probability with the two things that must be told apart: what is not known, and what was not counted.

The paths of a run are nested: each draw of the uncertain figures (ignorance) has several paths of its own
(chance).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Share of the draws that lies below `low` and above `high`.
TAIL = 0.05


@dataclass(frozen=True)
class Probability:
    """Share of paths on which something happens.

    Parameters
    ----------
    value
        The share, over ignorance and chance.
    low, high
        Range over ignorance: in nine draws of ten the share of that draw's own paths lies between them.
        None where a run cannot tell, because figures were not drawn or each draw has one path only.
    mc_error
        Monte Carlo standard error of `value`: what more draws and paths would make smaller.
    """

    value: float
    low: float | None
    high: float | None
    mc_error: float


def by_draw(
    values: NDArray[np.generic], draw: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return what `probability` and `estimate` are taken from: by draw, sum, sum of squares, and number of paths.

    Parameters
    ----------
    values
        What happened on each path, shape [path].
    draw
        Draw of each path.

    Examples
    --------
    >>> sums, squares, paths = by_draw(np.array([True, False, True]), np.array([0, 1, 0]))
    >>> sums.tolist(), squares.tolist(), paths.tolist()
    ([2.0, 0.0], [2.0, 0.0], [2, 1])
    """
    numbers = values.astype(np.float64)
    sums, squares = (np.bincount(draw, weights).astype(np.float64) for weights in (numbers, numbers**2))
    return sums, squares, np.bincount(draw).astype(np.int64)


def probability(
    sums: NDArray[np.float64], squares: NDArray[np.float64], paths: NDArray[np.int64], chance: bool
) -> Probability:
    """Return the share of paths on which something happens, with its range and its error.

    The share seen within a draw varies between draws for two reasons: figures differ, and paths are few.
    The second is taken out: shares are drawn together around their mean until their variance is the
    variance between draws alone. The error is that of a sample of draws, and never below that of as many
    independent paths with two more of each outcome, so that what was never seen does not look certain.

    Parameters
    ----------
    sums
        By draw: sum over its paths of the outcome, which lies in [0, 1].
    squares
        By draw: sum of the squared outcome.
    paths
        By draw: number of its paths.
    chance
        Whether paths of one draw differ.

    Returns
    -------
    Probability
        Shares, not per cent.

    References
    ----------
    T. A. Louis, "Estimating a population of parameter values using Bayes and empirical Bayes methods", JASA
    79 (1984) (shares drawn together until their variance is right). A. Agresti and B. A. Coull,
    "Approximate is better than 'exact' for interval estimation of binomial proportions", The American
    Statistician 52 (1998) (two more of each outcome). W. G. Cochran, Sampling Techniques, 3rd ed. (1977),
    chapter 9A (clusters of unequal size).

    Examples
    --------
    Two draws of 100 paths: the thing happens on 10 of one and on 30 of the other.

    >>> seen = np.array([10.0, 30.0])
    >>> found = probability(seen, seen, np.array([100, 100]), chance=True)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3), round(found.mc_error, 3)
    (0.2, 0.113, 0.287, 0.1)
    """
    used = paths > 0
    sums, squares, paths = sums[used], squares[used], paths[used]
    total = int(paths.sum())
    value = float(sums.sum() / total)
    padded = (sums.sum() + 2.0) / (total + 4.0)
    error = math.sqrt(padded * (1.0 - padded) / (total + 4.0))
    draws = len(paths)
    if draws < 2:
        return Probability(value, None, None, error)
    misses = sums - value * paths
    error = max(error, math.sqrt(draws / (draws - 1) * float((misses**2).sum())) / total)
    low, high = _range(sums / paths, squares / paths, paths, value, chance, bounds=(0.0, 1.0))
    return Probability(value, low, high, error)


@dataclass(frozen=True)
class Estimate:
    """A mean over paths, of sums or of changes; the fields mean what they do in `Probability`.

    Parameters
    ----------
    value
        The mean, in the unit of what was averaged.
    low, high
        Range over ignorance; None where a run cannot tell.
    mc_error
        Monte Carlo standard error of `value`.
    """

    value: float
    low: float | None
    high: float | None
    mc_error: float


def estimate(
    sums: NDArray[np.float64], squares: NDArray[np.float64], paths: NDArray[np.int64], chance: bool
) -> Estimate:
    """Return the mean over paths of something that may have any size and sign, with its range and its error.

    The range is that of `probability`; the error is the larger one of that between draws and that of independent
    paths. What is the same on every path has none.

    Parameters
    ----------
    sums, squares
        By draw: sum of it and of its square over the paths of the draw.
    paths
        By draw: number of its paths.
    chance
        Whether paths of one draw differ.

    Examples
    --------
    >>> found = estimate(np.array([20.0, 60.0]), np.array([40.0, 400.0]), np.array([10, 10]), chance=True)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3), round(found.mc_error, 3)
    (4.0, 2.225, 5.775, 2.0)
    """
    used = paths > 0
    sums, squares, paths = sums[used], squares[used], paths[used]
    total, draws = int(paths.sum()), len(paths)
    value = float(sums.sum() / total)
    spread = max(float(squares.sum()) - total * value**2, 0.0)
    error = math.sqrt(spread / max(total - 1, 1) / total)
    if draws < 2:
        return Estimate(value, None, None, error)
    misses = sums - value * paths
    error = max(error, math.sqrt(draws / (draws - 1) * float((misses**2).sum())) / total)
    return Estimate(value, *_range(sums / paths, squares / paths, paths, value, chance), error)


def _range(
    shares: NDArray[np.float64],
    mean_squares: NDArray[np.float64],
    paths: NDArray[np.int64],
    value: float,
    chance: bool,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float | None, float | None]:
    """Return the range of the draws' own shares, without the noise of their few paths."""
    if chance:
        several = paths > 1
        if several.sum() < 2:
            return None, None
        shares, paths = shares[several], paths[several]
        noise = float(np.mean((mean_squares[several] - shares**2) / (paths - 1)))
        seen = float(np.var(shares, ddof=1))
        narrowing = math.sqrt(max(0.0, 1.0 - noise / seen)) if seen > 0 else 0.0
    else:
        narrowing = 1.0
    between = np.clip(value + narrowing * (shares - value), *bounds)
    low, high = np.quantile(between, [TAIL, 1.0 - TAIL])
    # A few extreme draws can carry the mean beyond nine tenths of them; the range still has to hold it.
    return min(float(low), value), max(float(high), value)
