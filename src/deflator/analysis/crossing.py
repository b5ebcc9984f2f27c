"""Find where shares fall through a half as something rises: many things at once, on one grid of trials.

A trial answers for all things together, so the grid is shared: every interval in which a share crosses a half is cut
in two, until all are narrow. Nothing here knows what is tried; tests use curves whose root is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats
from deflator.ensemble import Progress

HALF = 0.5
#: A rise of a share counts from so many paired standard errors, and from one path in a hundred.
_CERTAIN, _NOTABLE = 3.0, 0.01
#: Samples of draws from which the error of a root is taken.
_SAMPLES = 400
#: Standard errors, and quantiles of samples, of an interval that holds the root in nine cases of ten.
_MOST_LIKELY = (0.05, 0.95)


class Shape(StrEnum):
    """What a share does as the level rises from the lowest tried to the highest."""

    FALLS = "falls"
    NEVER = "never"
    ALWAYS = "always"
    RISES = "rises"
    BANDS = "bands"
    GONE = "gone"


@dataclass(frozen=True, eq=False)
class Counted:
    """What happened at one level, by group of paths.

    Parameters
    ----------
    hits, paths
        Paths on which each thing happened, and paths that count for it; shape [thing, group].
    """

    hits: Floats
    paths: Floats


#: Level -> what happened there.
Response = Callable[[float], Counted]


@dataclass(frozen=True, eq=False)
class Curves:
    """Shares of paths on which each thing happened, by level.

    Parameters
    ----------
    levels
        Levels tried, ascending, shape [level].
    hits, paths
        Shape [level, thing, group].
    """

    levels: Floats
    hits: Floats
    paths: Floats

    @property
    def shares(self) -> Floats:
        """Share by level, shape [level, thing]; NaN where no path counts."""
        return _ratio(self.hits.sum(axis=-1), self.paths.sum(axis=-1))


@dataclass(frozen=True)
class Crossing:
    """Where the share of one thing falls through a half.

    Parameters
    ----------
    shape
        What the share does; only of one that falls is there a root.
    root
        Level at which the share is a half, in the unit of the levels.
    error, likely
        Monte Carlo standard error of the root, and the interval that holds it in nine cases of ten.
    bracket
        Neighbouring levels tried, with a share of at least a half at the lower and less at the higher.
    range
        Roots of the draws: in four draws of five the draw's own root lies between; None where draws cannot tell.
    ends
        Share at the lowest and at the highest level tried.
    rise, between
        Largest rise of the share with the level, and the levels between which it rises; 0 and None where it only
        falls.
    monotone
        Whether that rise is within its error, or below one path in a hundred.
    bands
        Levels tried at which the share is at least a half, as (lowest, highest) of each unbroken run.
    """

    shape: Shape
    root: float | None
    error: float | None
    likely: tuple[float, float] | None
    bracket: tuple[float, float] | None
    range: tuple[float, float] | None
    ends: tuple[float, float]
    rise: float
    between: tuple[float, float] | None
    monotone: bool
    bands: tuple[tuple[float, float], ...]


def explore(
    response: Response,
    lowest: float,
    highest: float,
    first: int,
    tolerance: float,
    most: int,
    progress: Progress | None = None,
) -> Curves:
    """Try levels until every interval in which a share crosses a half is narrow, or trials are used up.

    Parameters
    ----------
    response
        Answers for all things at one level.
    lowest, highest
        First and last level, above 0.
    first
        Levels of the first grid, at even ratios.
    tolerance
        An interval is narrow when its levels differ by less than this share.
    most
        Most trials in all.
    progress
        Told the trials done and the most there can be.

    Examples
    --------
    Ten paths break below 1, 2, …, 10: half of them at 5.

    >>> def breaks(level):
    ...     return Counted((level < np.arange(1, 11)).astype(float)[None], np.ones((1, 10)))
    >>> curves = explore(breaks, 0.1, 20.0, first=5, tolerance=0.02, most=20)
    >>> low, high = locate(curves)[0].bracket
    >>> low < 6 <= high < 1.03 * low
    True
    """
    seen: dict[float, Counted] = {}

    def attempt(levels: Floats) -> None:
        for level in levels.tolist():
            seen[level] = response(level)
            if progress:
                progress(len(seen), most)

    attempt(np.geomspace(lowest, highest, first))
    while True:
        curves = _together(seen)
        crossed = np.count_nonzero(np.diff(curves.shares >= HALF, axis=0), axis=1)
        ratio = curves.levels[1:] / curves.levels[:-1]
        wide = np.flatnonzero((crossed > 0) & (ratio > 1.0 + tolerance))
        if not wide.size or len(seen) >= most:
            return curves
        # Widest first: with few trials left, none of the intervals stays much wider than the others.
        wide = wide[np.argsort(-ratio[wide], kind="stable")][: most - len(seen)]
        attempt(np.sqrt(curves.levels[wide] * curves.levels[wide + 1]))


def _together(seen: dict[float, Counted]) -> Curves:
    levels = sorted(seen)
    return Curves(
        np.array(levels),
        np.stack([seen[level].hits for level in levels]),
        np.stack([seen[level].paths for level in levels]),
    )


def locate(curves: Curves, several: bool = False, seed: int = 0) -> list[Crossing]:
    """Find where each share falls through a half, with its error and its range over draws.

    Shares that rise with the level by no more than their error are first made to fall by the monotone curve that is
    nearest in its largest distance (the mean of the running maximum from above and the running minimum from below).
    The root is interpolated between the two levels around it, in the logarithm of the level.

    Parameters
    ----------
    curves
        From `explore`.
    several
        Whether groups are draws of what is not known, each with several paths: then there is a range.
    seed
        Of the samples of groups from which the error is taken.

    Returns
    -------
    list of Crossing
        One for each thing.

    References
    ----------
    Error: bootstrap of groups, Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
    Monotone curve: Barlow, Bartholomew, Bremner and Brunk (1972), Statistical Inference under Order Restrictions,
    section 1.6 (best in the largest distance). Range: shares of draws are drawn together until their variance is that
    between draws, Louis (1984), as in `analysis.probability`.
    """
    sampled = _sampled_roots(curves, seed)
    ranges = _ranges(curves) if several else None
    return [
        _crossing(curves, thing, sampled[thing], None if ranges is None else ranges[:, thing])
        for thing in range(curves.hits.shape[1])
    ]


def _crossing(curves: Curves, thing: int, sampled: Floats, ranged: Floats | None) -> Crossing:
    levels, shares = curves.levels, curves.shares[:, thing]
    if np.isnan(shares).any():
        nothing = (float("nan"), float("nan"))
        return Crossing(Shape.GONE, None, None, None, None, None, nothing, 0.0, None, True, ())
    rise, low, high, error = _largest_rise(curves, thing, shares)
    monotone = bool(rise <= max(_CERTAIN * error, _NOTABLE))
    fitted = fall(shares[:, None])[:, 0] if monotone else shares
    above = fitted >= HALF
    shape = _shape(above)
    solved = shape is Shape.FALLS
    last = int(np.flatnonzero(above)[-1]) if solved else 0
    return Crossing(
        shape=shape,
        root=float(roots(levels, fitted[:, None])[0]) if solved else None,
        error=float(np.std(sampled, ddof=1)) if solved else None,
        likely=(float(np.quantile(sampled, _MOST_LIKELY[0])), float(np.quantile(sampled, _MOST_LIKELY[1])))
        if solved
        else None,
        bracket=(float(levels[last]), float(levels[last + 1])) if solved else None,
        range=(float(ranged[0]), float(ranged[1])) if solved and ranged is not None else None,
        ends=(float(shares[0]), float(shares[-1])),
        rise=rise,
        between=(float(levels[low]), float(levels[high])) if rise > 0.0 else None,
        monotone=monotone,
        bands=tuple(_bands(levels, above)),
    )


def _shape(above: NDArray[np.bool_]) -> Shape:
    turns = np.flatnonzero(np.diff(above))
    if not turns.size:
        return Shape.ALWAYS if above[0] else Shape.NEVER
    if turns.size > 1:
        return Shape.BANDS
    return Shape.FALLS if above[0] else Shape.RISES


def _bands(levels: Floats, above: NDArray[np.bool_]) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]])))
    return [(float(levels[start]), float(levels[end - 1])) for start, end in edges.reshape(-1, 2).tolist()]


def _largest_rise(curves: Curves, thing: int, shares: Floats) -> tuple[float, int, int, float]:
    """Return the largest rise of a share from a level to a higher one, both levels, and its paired error."""
    least = np.minimum.accumulate(shares)
    high = int(np.argmax(shares - least))
    rise = float(shares[high] - least[high])
    if rise <= 0.0:
        return 0.0, 0, 0, 0.0
    low = int(np.flatnonzero(shares[: high + 1] == least[high])[-1])
    return (
        rise,
        low,
        high,
        paired_error(
            curves.hits[high, thing], curves.paths[high, thing], curves.hits[low, thing], curves.paths[low, thing]
        ),
    )


def by_draw(happened: NDArray[np.bool_], draws: int) -> Floats:
    """Add what happened on paths up by draw; with one draw each path stands for itself.

    Parameters
    ----------
    happened
        Shape [thing, path]; path p has draw p modulo `draws`.
    draws
        Number of draws.

    Examples
    --------
    >>> by_draw(np.array([[True, False, True, True, True]]), draws=2).tolist()
    [[3.0, 1.0]]
    """
    if draws == 1:
        return happened.astype(np.float64)
    rows, paths = happened.shape
    whole = np.zeros((rows, -(-paths // draws) * draws))
    whole[:, :paths] = happened
    total: Floats = whole.reshape(rows, -1, draws).sum(axis=1)
    return total


def paired_error(hits: Floats, paths: Floats, other_hits: Floats, other_paths: Floats) -> float:
    """Return the standard error of the difference of two shares that were counted on the same paths.

    Parameters
    ----------
    hits, paths
        Of the one, by group of paths, shape [group].
    other_hits, other_paths
        Of the other.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., chapter 6 (ratios of clusters).

    Examples
    --------
    What does not change has no error, however uncertain the shares themselves.

    >>> seen, paths = np.array([1.0, 5.0, 9.0]), np.full(3, 10.0)
    >>> paired_error(seen, paths, seen, paths)
    0.0
    """
    groups = len(hits)
    if groups < 2:
        return 0.0
    misses = (hits - hits.sum() / paths.sum() * paths) / paths.sum()
    misses -= (other_hits - other_hits.sum() / other_paths.sum() * other_paths) / other_paths.sum()
    return float(np.sqrt(groups / (groups - 1) * (misses**2).sum()))


def fall(shares: Floats) -> Floats:
    """Return the falling curves that are nearest to some curves in their largest distance; shape [level, curve].

    Examples
    --------
    >>> fall(np.array([[0.9], [0.4], [0.6], [0.1]])).ravel().tolist()
    [0.9, 0.5, 0.5, 0.1]
    """
    from_above = np.maximum.accumulate(shares[::-1], axis=0)[::-1]
    return 0.5 * (from_above + np.minimum.accumulate(shares, axis=0))


def roots(levels: Floats, shares: Floats) -> Floats:
    """Return where falling curves reach a half; a curve that does not reach it ends at the first or last level.

    Parameters
    ----------
    levels
        Ascending, shape [level].
    shares
        Shape [level, curve].

    Examples
    --------
    >>> roots(np.array([1.0, 4.0]), np.array([[0.75, 0.2, 1.0], [0.25, 0.1, 0.9]])).tolist()
    [2.0, 1.0, 4.0]
    """
    count = (shares >= HALF).sum(axis=0)
    last = np.clip(count - 1, 0, len(levels) - 2)
    curve = np.arange(shares.shape[1])
    upper, lower = shares[last, curve], shares[last + 1, curve]
    drop = upper - lower
    part = np.clip((upper - HALF) / np.where(drop > 0.0, drop, 1.0), 0.0, 1.0)
    logs = np.log(levels)
    found = np.exp(logs[last] + part * (logs[last + 1] - logs[last]))
    return np.where(count == 0, levels[0], np.where(count == len(levels), levels[-1], found))


def _sampled_roots(curves: Curves, seed: int) -> Floats:
    """Return the root of each thing in samples of groups with replacement, shape [thing, sample]."""
    groups = curves.hits.shape[-1]
    weights = (
        np.random.default_rng(seed).multinomial(groups, np.full(groups, 1.0 / groups), _SAMPLES).T.astype(np.float64)
    )
    found = np.empty((curves.hits.shape[1], _SAMPLES))
    for thing in range(len(found)):
        shares = _ratio(curves.hits[:, thing] @ weights, curves.paths[:, thing] @ weights)
        found[thing] = roots(curves.levels, fall(np.nan_to_num(shares)))
    return found


def _ranges(curves: Curves) -> Floats:
    """Return the roots of the curves below and above which one draw in ten lies, shape [2, thing]."""
    things = curves.hits.shape[1]
    found = np.empty((2, things))
    for thing in range(things):
        hits, paths = curves.hits[:, thing], curves.paths[:, thing]
        counted = (paths > 1.0).all(axis=0)
        if counted.sum() < 2:
            found[:, thing] = np.nan
            continue
        shares = hits[:, counted] / paths[:, counted]
        mean = _ratio(hits.sum(axis=-1), paths.sum(axis=-1))[:, None]
        noise = (shares * (1.0 - shares) / (paths[:, counted] - 1.0)).mean(axis=1)
        seen = shares.var(axis=1, ddof=1)
        kept = np.sqrt(np.clip(1.0 - noise / np.where(seen > 0.0, seen, np.inf), 0.0, 1.0))[:, None]
        own = mean + np.where(seen[:, None] > 0.0, kept, 0.0) * (shares - mean)
        found[:, thing] = roots(curves.levels, fall(np.quantile(own, (0.1, 0.9), axis=1).T))
    return found


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0.0, part / np.where(whole > 0.0, whole, 1.0), np.nan)
