"""Scores of forecasts, each a pure function of what was foretold and what happened.

References
----------
G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950).
T. Gneiting and A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007): the
logarithmic score (section 4.1) and the continuous ranked probability score (equation 21).
J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982).
M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945): tau-b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Resamples of firms, and permutations of an order.
REPEATS, REPEATS_QUICK = 2_000, 300
_LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A score with what other samples of as many firms would have given.

    Parameters
    ----------
    value
        The score of the firms as they are.
    low, high
        Where 95 % of the resamples lie.
    undefined
        Share of the resamples in which the score has no value, left out of the range.
    """

    value: float
    low: float
    high: float
    undefined: float = 0.0


@dataclass(frozen=True)
class Rank:
    """A rank correlation beside those of shuffled forecasts.

    Parameters
    ----------
    value
        The correlation.
    low, high
        Where 95 % of the correlations of shuffled forecasts lie: what no knowledge at all would give.
    p_value
        Share of shuffles, the forecast itself among them, that do at least as well.
    """

    value: float
    low: float
    high: float
    p_value: float


def brier(foretold: Floats, happened: Flags) -> float:
    """Return the mean squared distance of probabilities from what happened; 0 is best.

    Examples
    --------
    >>> round(brier(np.array([0.8, 0.3]), np.array([True, False])), 3)
    0.065
    """
    return float(np.mean((foretold - happened) ** 2))


def log_score(foretold: Floats, happened: Flags) -> float:
    """Return the mean of minus the log of the probability given to what happened; 0 is best.

    A probability of exactly 0 or 1 that fails scores infinity: use `seen_of` for shares of paths.

    Examples
    --------
    >>> round(log_score(np.array([0.5, 0.25]), np.array([True, False])), 4)  # -(log 0.5 + log 0.75) / 2
    0.4904
    """
    given = np.where(happened, foretold, 1.0 - foretold)
    with np.errstate(divide="ignore"):
        return float(np.mean(-np.log(given)))


def seen_of(count: NDArray[np.integer], paths: int) -> Floats:
    """Return probabilities from counts of paths that are never quite 0 or 1: half an outcome is added to each side.

    References
    ----------
    Jeffreys' prior; Krichevsky and Trofimov, IEEE Transactions on Information Theory 27 (1981).

    Examples
    --------
    >>> seen_of(np.array([0, 50, 99]), 99).tolist()
    [0.005, 0.505, 0.995]
    """
    return np.asarray((count + 0.5) / (paths + 1.0), dtype=np.float64)


def skill(score: float, reference: float) -> float | None:
    """Return by how much a score is better than that of a reference: 1 is perfect, 0 no better, below 0 worse.

    None where the reference is perfect already.

    Examples
    --------
    >>> skill(0.1, 0.25), skill(0.5, 0.25), skill(0.1, 0.0)
    (0.6, -1.0, None)
    """
    return 1.0 - score / reference if reference > 0.0 else None


def auc(foretold: Floats, happened: Flags) -> float | None:
    """Return how likely one that broke was given a higher probability than one that did not; ties count half.

    None where all broke or none did: there is nothing to tell apart.

    Examples
    --------
    >>> auc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
    0.875
    >>> auc(np.array([0.9, 0.4]), np.array([False, False])) is None
    True
    """
    broke, lasted = foretold[happened], foretold[~happened]
    if not broke.size or not lasted.size:
        return None
    above = np.sign(broke[:, None] - lasted[None, :])
    return float(np.mean((above + 1.0) / 2.0))


def kendall(first: Floats, second: Floats) -> float | None:
    """Return Kendall's tau-b; None where either has no order.

    Examples
    --------
    >>> kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])) == 1 / 3
    True
    """
    pairs = np.triu_indices(first.size, 1)
    one = np.sign(first[:, None] - first[None, :])[pairs]
    other = np.sign(second[:, None] - second[None, :])[pairs]
    scale = np.sqrt(float((one**2).sum()) * float((other**2).sum()))
    return float((one * other).sum() / scale) if scale > 0.0 else None


def spearman(first: Floats, second: Floats) -> float | None:
    """Return Spearman's rank correlation, ties at their average rank; None where either has no order.

    Examples
    --------
    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    0.5
    """
    one, other = (average_ranks(values) - (values.size + 1) / 2 for values in (first, second))
    scale = np.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other / scale) if scale > 0.0 else None


def average_ranks(values: Floats) -> Floats:
    """Return ranks from 1, ties at the mean of the ranks that they share.

    Examples
    --------
    >>> average_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    below = (values[None, :] < values[:, None]).sum(axis=1)
    same = (values[None, :] == values[:, None]).sum(axis=1)
    return below + (same + 1) / 2


def against_shuffles(
    foretold: Floats,
    seen: Floats,
    correlation: Callable[[Floats, Floats], float | None],
    seed: int,
    repeats: int = REPEATS,
) -> Rank | None:
    """Return a rank correlation, with those of forecasts dealt to firms at random.

    Parameters
    ----------
    foretold, seen
        One number for each firm; only their order counts.
    correlation
        `kendall` or `spearman`.
    seed
        Of the shuffles.
    repeats
        How many.

    Returns
    -------
    Rank or None
        None where either has no order.
    """
    value = correlation(foretold, seen)
    if value is None:
        return None
    source = np.random.default_rng(seed)
    shuffled = np.array([correlation(source.permutation(foretold), seen) for _ in range(repeats)], dtype=np.float64)
    low, high = np.quantile(shuffled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    as_good = int((shuffled >= value - 1e-12).sum())
    return Rank(value, float(low), float(high), (as_good + 1) / (repeats + 1))


def resampled(
    count: int, score: Callable[[NDArray[np.intp]], float | None], seed: int, repeats: int = REPEATS
) -> Interval | None:
    """Return a score with its bootstrap interval over firms.

    Parameters
    ----------
    count
        Firms.
    score
        Score of the firms at some positions, None where it has no value.
    seed
        Of the resamples.
    repeats
        How many.

    Returns
    -------
    Interval or None
        None where the firms as they are have no score.

    References
    ----------
    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979): percentile interval.
    """
    value = score(np.arange(count))
    if value is None:
        return None
    source = np.random.default_rng(seed)
    found = [score(source.integers(0, count, count)) for _ in range(repeats)]
    known = np.array([one for one in found if one is not None and np.isfinite(one)])
    if not known.size:
        return Interval(value, value, value, 1.0)
    low, high = np.quantile(known, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Interval(value, float(low), float(high), 1.0 - known.size / repeats)


def within(sample: Floats, seen: float, share: float) -> bool:
    """Return whether what was seen lies in the central interval that holds a share of a sample.

    Examples
    --------
    >>> within(np.arange(101.0), 25.0, 0.5), within(np.arange(101.0), 24.0, 0.5)
    (True, False)
    """
    low, high = np.quantile(sample, [(1.0 - share) / 2.0, (1.0 + share) / 2.0])
    return bool(low <= seen <= high)


def jeffreys(count: int, of: int) -> tuple[float, float]:
    """Return the 90 % interval of a share that was seen `count` times of `of`, from Jeffreys' prior.

    Examples
    --------
    >>> low, high = jeffreys(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.262, 0.738)
    """
    from scipy.stats import beta

    low, high = (beta.ppf(level, count + 0.5, of - count + 0.5) for level in (0.05, 0.95))
    return (0.0 if count == 0 else float(low), 1.0 if count == of else float(high))
