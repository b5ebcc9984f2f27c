"""How the variance of an answer is shared among factors: Sobol indices and Shapley effects.

Sobol indices need independent factors; Shapley effects share the whole variance out among correlated ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import comb

import numpy as np
from numpy.typing import NDArray

from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]
#: Places of factors [point, factor] -> answer by point; NaN where it failed.
Answer = Callable[[Floats], Floats]

#: Share of the points of a design that may fail.
FAILED_ALLOWED = 0.05
_EDGE = 2.0**-33
_RESAMPLES = 200
_NORMAL_AT_95_PERCENT = 1.959963984540054
_INNER = 3  # the least for a variance that is not too noisy; Song, Nelson and Staum, section 4.2


@dataclass(frozen=True)
class Shares:
    """Shares of the variance of an answer.

    Parameters
    ----------
    first
        Part that knowing the factor alone would take away.
    total
        Part that would remain if everything else were known.
    shapley
        The factor's fair part; the parts of all factors sum to one.
    """

    first: Floats
    total: Floats
    shapley: Floats


def shares_of(explained: Floats) -> Shares:
    """Return the indices of factors from what every set of them explains.

    Parameters
    ----------
    explained
        Variance of the expected answer when exactly the factors of a set are known; the set is the binary number that
        is the position, factor 0 its lowest digit. The first element is 0, the last the whole variance.

    Returns
    -------
    Shares
        Each of shape [factor].

    References
    ----------
    I. M. Sobol', "Sensitivity estimates for nonlinear mathematical models" (1993); A. B. Owen, "Sobol' indices and
    Shapley value", SIAM/ASA Journal on Uncertainty Quantification 2 (2014), equation 3.

    Examples
    --------
    An answer that is the sum of two independent factors, the second with three times the variance:

    >>> shares_of(np.array([0.0, 1.0, 3.0, 4.0])).shapley
    array([0.25, 0.75])
    """
    factors = int(explained.size).bit_length() - 1
    if explained.size != 2**factors:
        raise ValueError(f"{explained.size} is not the number of sets of any factors")
    sets = np.arange(explained.size)
    weight = np.array([1.0 / (factors * comb(factors - 1, size)) for size in range(factors)])
    size_of = np.array([int(number).bit_count() for number in sets])
    shapley = np.empty(factors)
    for factor in range(factors):
        without = sets[(sets >> factor) & 1 == 0]
        gain = explained[without | (1 << factor)] - explained[without]
        shapley[factor] = (weight[size_of[without]] * gain).sum()
    alone = 1 << np.arange(factors)
    whole = explained[-1]
    return Shares(explained[alone] / whole, 1.0 - explained[sets[-1] - alone] / whole, shapley / whole)


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """First-order and total indices, estimated.

    Parameters
    ----------
    first, total
        Share of the variance, shape [factor]; noise can take an estimate a little below 0 or above 1.
    first_error, total_error
        Standard errors, by drawing the points of the design again.
    points
        Base points of the design that count; each stands for two more points than there are factors.
    dropped
        Base points left out because a path of theirs failed.
    """

    first: Floats
    first_error: Floats
    total: Floats
    total_error: Floats
    points: int
    dropped: int


def check_sobol() -> None:
    """Refuse where SALib, of the extra `sensitivity`, is not installed."""
    try:
        import_module("SALib")
    except ImportError:
        hint = "type `pip install 'deflator[sensitivity]'`, or ask with --quick, which needs no indices"
        raise RunError([Fault("", 0, "sensitivity", "SALib is not installed", hint)]) from None


def sobol_indices(answer: Answer, factors: Sequence[str], base: int, seed: int) -> SobolIndices:
    """Estimate Sobol indices of independent factors by SALib.

    Points that fail are never shown to SALib: the whole base point of the design is left out with all that belong to
    it, which leaves the others a valid sample.

    Parameters
    ----------
    answer
        Asked once, for base x (factors + 2) points.
    factors
        Names of the factors.
    base
        Base points, a power of two.
    seed
        Seed of the scrambling and of the errors.

    Raises
    ------
    RunError
        When SALib is missing, more than one base point in twenty fails, or the answer never changes.

    References
    ----------
    A. Saltelli et al., "Variance based sensitivity analysis of model output", Computer Physics Communications 181
    (2010): the design, and the estimators (b) and (f) of its table 2.
    """
    check_sobol()
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampling

    problem = {"num_vars": len(factors), "names": list(factors), "bounds": [[0.0, 1.0]] * len(factors)}
    points = sampling.sample(problem, base, calc_second_order=False, scramble=True, seed=seed)
    values = answer(np.clip(points, _EDGE, 1.0 - _EDGE)).reshape(base, len(factors) + 2)
    good = np.asarray(np.isfinite(values).all(axis=1))
    _check_failures(good)
    values = values[good]
    _check_moves(values)
    scaled = (values - values.mean()) / values.std()
    found = analysis.analyze(problem, scaled.ravel(), calc_second_order=False, num_resamples=_RESAMPLES, seed=seed)
    first, total = (np.asarray(found[name], dtype=np.float64) for name in ("S1", "ST"))
    errors = [np.asarray(found[name], dtype=np.float64) / _NORMAL_AT_95_PERCENT for name in ("S1_conf", "ST_conf")]
    return SobolIndices(first, errors[0], total, errors[1], int(good.sum()), int((~good).sum()))


@dataclass(frozen=True, eq=False)
class ShapleyEffects:
    """Shapley effects, estimated.

    Parameters
    ----------
    share
        Part of the variance, shape [factor]; the parts sum to one.
    low, high
        Interval that holds the part with 90 % confidence.
    permutations
        Orders of the factors that count.
    dropped
        Orders left out because a path of theirs failed.
    """

    share: Floats
    low: Floats
    high: Floats
    permutations: int
    dropped: int


def shapley_effects(answer: Answer, correlation: Floats, permutations: int, base: int, seed: int) -> ShapleyEffects:
    """Estimate the Shapley effects of factors that may be correlated.

    Factors are taken up in random orders. What a set of factors is worth is the mean variance of the answer over them
    while all others are held; a factor is worth what it adds to those before it, in the mean over orders. Places are
    joined by a Gaussian copula, in which any factors can be drawn given the others.

    Parameters
    ----------
    answer
        Asked once, for base + orders x (factors - 1) x 3 points.
    correlation
        Of the normal scores of the factors, positive definite, shape [factor, factor].
    permutations
        Random orders of the factors.
    base
        Points from which the whole variance is estimated.
    seed
        Seed of orders, points and intervals.

    Raises
    ------
    RunError
        When more than one order or point in twenty fails, or the answer never changes.

    References
    ----------
    E. Song, B. L. Nelson and J. Staum, "Shapley effects for global sensitivity analysis", SIAM/ASA Journal on
    Uncertainty Quantification 4 (2016), algorithm 1 with random permutations, one outer and three inner draws (here
    shared by the sets of an order).
    B. Iooss and C. Prieur, "Shapley effects for sensitivity analysis with correlated inputs", International Journal
    for Uncertainty Quantification 9 (2019): intervals by drawing the orders again.
    """
    from scipy.special import ndtr

    random = np.random.default_rng(seed)
    factors = len(correlation)
    root: Floats = np.linalg.cholesky(correlation).astype(np.float64)
    orders = np.array([random.permutation(factors) for _ in range(permutations)])
    scores = [random.standard_normal((base, factors)) @ root.T]
    for order in orders:
        # One outer draw, and the same normal numbers, for all sets of an order: what a factor adds is then a difference
        # of like with like, with the same mean as from fresh draws and far less noise.
        held, fresh = root @ random.standard_normal(factors), random.standard_normal((factors, _INNER))
        for taken in range(1, factors):
            scores.append(_given_the_rest(correlation, held, fresh, order[:taken], order[taken:]))
    values = answer(np.clip(ndtr(np.concatenate(scores)), _EDGE, 1.0 - _EDGE))
    whole, inner = values[:base], values[base:].reshape(permutations, factors - 1, _INNER)
    good = np.asarray(np.isfinite(inner).all(axis=(1, 2)))
    _check_failures(good)
    _check_failures(np.isfinite(whole))
    whole, orders = whole[np.isfinite(whole)], orders[good]
    _check_moves(whole)
    worth = np.zeros((len(orders), factors + 1))
    worth[:, 1:-1] = inner[good].var(axis=2, ddof=1)
    rows = np.arange(len(orders))[:, None]

    def effects(chosen: NDArray[np.intp], variance: float) -> Floats:
        known = worth[chosen]
        known[:, -1] = variance
        added = np.zeros((len(chosen), factors))
        added[rows, orders[chosen]] = np.diff(known, axis=1)
        return added.mean(axis=0) / variance

    share = effects(np.arange(len(orders)), float(whole.var(ddof=1)))
    resampled = np.array(
        [
            effects(
                random.integers(0, len(orders), len(orders)),
                float(whole[random.integers(0, whole.size, whole.size)].var(ddof=1)) or np.nan,
            )
            for _ in range(_RESAMPLES)
        ]
    )
    low, high = np.nanquantile(resampled, [0.05, 0.95], axis=0)
    return ShapleyEffects(share, low, high, len(orders), int((~good).sum()))


def _given_the_rest(
    correlation: Floats, scores: Floats, fresh: Floats, drawn: NDArray[np.intp], held: NDArray[np.intp]
) -> Floats:
    """Return normal scores of which some are drawn several times, given those that are held, shape [draw, factor]."""
    across = np.linalg.solve(correlation[np.ix_(held, held)], correlation[np.ix_(held, drawn)]).T
    remaining = correlation[np.ix_(drawn, drawn)] - across @ correlation[np.ix_(held, drawn)]
    found = np.tile(scores, (_INNER, 1))
    found[:, drawn] = across @ scores[held] + (np.linalg.cholesky(remaining) @ fresh[drawn]).T
    return found


def _check_failures(good: NDArray[np.bool_]) -> None:
    if good.mean() < 1.0 - FAILED_ALLOWED:
        message = f"{np.count_nonzero(~good)} of {good.size} points of the design failed"
        raise RunError([Fault("", 0, "", message, "`deflator run` tells how its paths fail")])


def _check_moves(values: Floats) -> None:
    if np.ptp(values) == 0.0:
        message = f"the answer is {values.flat[0]:g} at all {values.size} points, so nothing explains its variance"
        raise RunError([Fault("", 0, "", message, "ask for a sum that moves, such as headroom:NAME or loss:all")])
