"""What it is worth to know a figure: how much of the range of an answer goes away with it.

One sample serves all figures: draws of everything that is not known, with some paths each. Draws are sorted by the
place of one figure and cut into bins; what the range still is within a bin is what remains when that figure is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The range of an answer lies between these quantiles over draws.
QUANTILES = (0.1, 0.9)
#: Bins of equal size into which draws are sorted by the place of one figure.
BINS = 10
#: A figure counts as told apart from chance when so small a share of samples without any effect shows as much.
LEVEL = 0.05
_SHUFFLES = 400
_RESAMPLES = 100
_CERTAIN = 1e-3  # a beta distribution with less than this much in all is as good as two points


@dataclass(frozen=True, eq=False)
class Sample:
    """An answer by draw of what is not known.

    Parameters
    ----------
    mean
        Mean of the target over the paths of each draw, shape [draw].
    noise
        Variance of that mean for having few paths, shape [draw]; 0 where a draw has one path without chance.
    event
        Whether the target is 1 or 0, so that the mean is a share.
    """

    mean: Floats
    noise: Floats
    event: bool


def sample_of(values: Floats, draws: int, event: bool) -> tuple[Sample, NDArray[np.intp]]:
    """Gather the values of paths by their draw; path p has draw p modulo `draws`.

    Parameters
    ----------
    values
        By path; NaN where the path failed.
    draws
        Number of draws.
    event
        Whether values are 1 or 0.

    Returns
    -------
    tuple
        The sample, and which draws are in it: those with two paths that did not fail, or with all of theirs.

    Examples
    --------
    >>> sample, kept = sample_of(np.array([1.0, 4.0, 3.0, np.nan]), draws=2, event=False)
    >>> sample.mean, sample.noise, kept
    (array([2.]), array([1.]), array([0]))
    """
    draw = np.arange(values.size) % draws
    good = ~np.isnan(values)
    asked = np.bincount(draw, minlength=draws)
    count = np.bincount(draw[good], minlength=draws)
    total = np.bincount(draw[good], values[good], minlength=draws)
    squares = np.bincount(draw[good], values[good] ** 2, minlength=draws)
    kept = np.flatnonzero((count >= 2) | ((count == asked) & (count > 0)))
    count, mean = count[kept], total[kept] / count[kept]
    spread = np.maximum(squares[kept] / count - mean**2, 0.0)
    return Sample(mean, spread / np.maximum(count - 1, 1), event), kept


def range_over_draws(mean: Floats, noise: Floats, event: bool) -> tuple[Floats, Floats]:
    """Return the 10 and 90 % quantiles of an answer over draws, without the noise of few paths.

    What few paths add to the variance between draws is taken out. A share then has the beta distribution with the mean
    and variance that remain; another answer keeps the form of its sample, drawn together around its mean.

    Parameters
    ----------
    mean, noise
        As in `Sample`, draws on the last axis.
    event
        Whether the answer is a share.

    Returns
    -------
    tuple of ndarray
        In the unit of the answer, without the last axis.

    References
    ----------
    T. A. Louis, JASA 79 (1984), for drawing together. J. G. Skellam, "A probability distribution derived from the
    binomial distribution by regarding the probability of success as variable between the sets of trials", JRSS B 10
    (1948), for the beta distribution of shares by their moments.

    Examples
    --------
    >>> low, high = range_over_draws(np.linspace(0.0, 1.0, 101), np.zeros(101), event=False)
    >>> float(low.round(3)), float(high.round(3))
    (0.1, 0.9)
    """
    middle, seen = mean.mean(axis=-1), mean.var(axis=-1, ddof=1)
    between = np.maximum(seen - noise.mean(axis=-1), 0.0)
    if not event:
        narrowing = np.sqrt(np.divide(between, seen, out=np.zeros_like(seen), where=seen > 0.0))
        low, high = (middle + narrowing * (level - middle) for level in np.quantile(mean, QUANTILES, axis=-1))
        return low, high
    from scipy.special import betaincinv

    both = middle * (1.0 - middle)
    varies = (between > 0.0) & (both > 0.0)
    size = np.divide(both, between, out=np.ones_like(both), where=varies) - 1.0
    size = np.where(varies, np.maximum(size, _CERTAIN), 1.0)
    centre = np.where(varies, middle, 0.5)
    low, high = (
        np.where(varies, betaincinv(centre * size, (1.0 - centre) * size, level), middle) for level in QUANTILES
    )
    return low, high


@dataclass(frozen=True, eq=False)
class Screened:
    """How strongly an answer moves with each figure by itself.

    Parameters
    ----------
    explained
        Share of the variance between draws that each figure explains by itself, shape [figure].
    slope
        Above 0 where the answer rises with the figure.
    p_value
        Bound on how often any of as many figures without effect would explain as much (Bonferroni).
    """

    explained: Floats
    slope: Floats
    p_value: Floats


def screen(sample: Sample, uniforms: Floats) -> Screened:
    """Measure, by regression, how much of an answer each figure explains by itself.

    The answer is regressed on the first two Legendre polynomials of the place of each figure, which are orthogonal
    for a place that is spread evenly. Without an effect, draws x explained share is chi-squared with 2 degrees of
    freedom, exceeded with probability exp(-x / 2).

    Parameters
    ----------
    sample
        The answer by draw.
    uniforms
        Place of each figure, shape [figure, draw].

    References
    ----------
    B. Sudret, "Global sensitivity analysis using polynomial chaos expansions", Reliability Engineering & System Safety
    93 (2008), equation 37: first-order indices as sums of squared coefficients.
    """
    n = sample.mean.size
    noiseless = sample.mean.var() - sample.noise.mean()
    y = (sample.mean - sample.mean.mean()) / np.sqrt(n)
    centred = 2.0 * uniforms - 1.0
    first, second = np.sqrt(3.0) * centred, np.sqrt(5.0) * (1.5 * centred**2 - 0.5)
    slope, bend = (first @ y) / np.sqrt(n), (second @ y) / np.sqrt(n)
    seen = (slope**2 + bend**2) / sample.mean.var()
    chance = np.exp(-n * seen / 2.0)
    share = np.maximum((seen - 2.0 / n) * sample.mean.var() / max(noiseless, 1e-300), 0.0)
    return Screened(np.minimum(share, 1.0), slope, np.minimum(len(seen) * chance, 1.0))


@dataclass(frozen=True)
class Worth:
    """What knowing one figure takes from the range of an answer.

    Parameters
    ----------
    share
        Part of the range that is expected to go away, over what the figure can turn out to be.
    error
        Its standard error.
    """

    share: float
    error: float


def worth_of_knowing(sample: Sample, uniforms: Floats, seed: int) -> list[Worth]:
    """Estimate what the range of an answer loses, in the mean, when a figure becomes known.

    Draws are sorted by the place of the figure and cut into `BINS` bins. The mean range within a bin is compared with
    that within as many bins of draws taken at random, so that bins of few draws do not look narrow by themselves. The
    error is the standard deviation over samples in which draws are drawn again.

    Parameters
    ----------
    sample
        The answer by draw.
    uniforms
        Place of each figure, shape [figure, draw].
    seed
        Seed of the random bins and of the draws that are drawn again.

    References
    ----------
    E. Plischke, E. Borgonovo and C. L. Smith, "Global sensitivity measures from given data", European Journal of
    Operational Research 226 (2013), section 3: conditional distributions by bins of one sample.
    """
    random = np.random.default_rng(seed)
    n = sample.mean.size
    shuffled = np.argsort(random.random((_SHUFFLES, n)), axis=1)
    overall = float(_width(sample.mean, sample.noise, sample.event))
    unknowing = _within_bins(sample, shuffled).mean()
    ratio = unknowing / overall if overall > 0 else np.nan
    found = []
    for place in uniforms:
        order = np.argsort(place)
        again = np.sort(random.integers(0, n, (_RESAMPLES, n)), axis=1)
        taken = order[again]  # sorted by place still
        whole = _width(sample.mean[taken], sample.noise[taken], sample.event)
        shares = 1.0 - _within_bins(sample, taken) / np.where(whole > 0, whole * ratio, np.nan)
        share = 1.0 - float(_within_bins(sample, order[None])[0]) / unknowing
        found.append(Worth(share, float(np.nanstd(shares, ddof=1))))
    return found


def _within_bins(sample: Sample, orders: NDArray[np.intp]) -> Floats:
    """Return the mean range within bins of draws that are in the given orders, shape [order]."""
    size = orders.shape[-1] // BINS
    binned = orders[:, : size * BINS].reshape(len(orders), BINS, size)
    return _width(sample.mean[binned], sample.noise[binned], sample.event).mean(axis=-1)


def _width(mean: Floats, noise: Floats, event: bool) -> Floats:
    low, high = range_over_draws(mean, noise, event)
    return high - low
