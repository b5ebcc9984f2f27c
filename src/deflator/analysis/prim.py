"""Find where in what is not known an outcome is frequent: a box of a few figures (PRIM), and a small tree.

Futures are points; each has a figure in each column and an outcome between 0 and 1. Nothing here knows what the
figures mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Share of the points in the box that a peel takes away and a paste gives back.
PATIENCE = 0.05
#: A restriction goes again when the box would look as good without it this often.
LEVEL = 0.05
_CLEAR = 3.0  # standard errors by which the two sides of a split of the tree have to differ


@dataclass(frozen=True, eq=False)
class Box:
    """Bounds between which points lie, unbounded where infinite.

    Parameters
    ----------
    low, high
        Shape [column].
    """

    low: Floats
    high: Floats

    def holds(self, x: Floats) -> Flags:
        """Return which points lie in the box; `x` has shape [point, column]."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1))

    @property
    def restricted(self) -> list[int]:
        """Columns that have a bound."""
        return [int(column) for column in np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high))]

    def without(self, column: int) -> Box:
        """Return the box with a column set free."""
        low, high = self.low.copy(), self.high.copy()
        low[column], high[column] = -np.inf, np.inf
        return Box(low, high)


@dataclass(frozen=True)
class Fit:
    """How well a box fits.

    Parameters
    ----------
    coverage
        Share of all that happens that lies in the box.
    density
        Share of the points in the box on which it happens; NaN for an empty box.
    mass
        Share of all points that lie in the box.
    """

    coverage: float
    density: float
    mass: float


def fit_of(inside: Flags, y: Floats) -> Fit:
    """Return coverage, density and mass of the points inside.

    Examples
    --------
    >>> fit_of(np.array([True, True, False, False]), np.array([1.0, 0.0, 1.0, 0.0]))
    Fit(coverage=0.5, density=0.5, mass=0.5)
    """
    hits = float(y[inside].sum())
    total = float(y.sum())
    count = int(inside.sum())
    return Fit(hits / total if total else float("nan"), hits / count if count else float("nan"), count / y.size)


def find_box(x: Floats, y: Floats, least_mass: float = 0.05, most_restricted: int = 4) -> Box:
    """Find the box in which an outcome is densest, without losing too much of it.

    The box is peeled: of all thin slices at its sides the one goes whose loss raises the density most, or lowers it
    least, for each point lost. Of the boxes on the way, with few restrictions, that one counts whose density is the
    least likely to come about by chance: the largest sqrt(mass) x (density - density of all). Then slices are pasted
    back where the density does not fall, and restrictions without which the box would look as good (`quasi_p_value`)
    are set free.

    Parameters
    ----------
    x, y
        Points [point, column], and outcomes in [0, 1].
    least_mass
        Share of the points that the box must hold.
    most_restricted
        Columns that may have a bound.

    References
    ----------
    J. H. Friedman and N. I. Fisher, "Bump hunting in high-dimensional data", Statistics and Computing 9 (1999),
    sections 8 to 10. B. P. Bryant and R. J. Lempert, "Thinking inside the box", Technological Forecasting and Social
    Change 77 (2010): coverage, density, and quasi-p-values. W. Klösgen,
    "Explora", in Advances in Knowledge Discovery and Data Mining (1996): the binomial test as quality of a subgroup.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)[:, None]
    >>> found = find_box(x, (x[:, 0] > 0.6).astype(float))
    >>> fit_of(found.holds(x), (x[:, 0] > 0.6).astype(float)).density
    1.0
    """
    best, score = Box(np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf)), -1.0
    for box in _peeled(x, y, least_mass):
        if len(box.restricted) > most_restricted:
            break
        fit = fit_of(box.holds(x), y)
        clear = float(np.sqrt(fit.mass) * (fit.density - y.mean()))
        if clear >= score:
            best, score = box, clear
    best = _pasted(best, x, y)
    while best.restricted:
        values = {column: quasi_p_value(best, column, x, y) for column in best.restricted}
        worst = max(values, key=lambda column: values[column])
        if values[worst] <= LEVEL:
            break
        best = best.without(worst)
    return best


def _peeled(x: Floats, y: Floats, least_mass: float) -> Iterator[Box]:
    """Yield the whole space, and the box after each peel."""
    low, high = np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf)
    points, hits = x, y
    while True:
        yield Box(low.copy(), high.copy())
        density = hits.mean()
        if density in (0.0, 1.0):
            return
        chosen = None
        # The best slice goes even where none raises the density: what lies behind it may.
        gain = -np.inf
        for column, values in enumerate(points.T):
            for below in (True, False):
                keep, bound = _slice(values, below)
                kept = int(keep.sum())
                if kept == values.size or kept < least_mass * len(x):
                    continue
                gained = (hits[keep].mean() - density) / (values.size - kept)
                if gained > gain:
                    gain, chosen = gained, (column, below, bound, keep)
        if chosen is None:
            return
        column, below, bound, keep = chosen
        (low if below else high)[column] = bound
        points, hits = points[keep], hits[keep]


def _slice(values: Floats, below: bool) -> tuple[Flags, float]:
    """Return which values remain when the lowest or highest slice goes, and the bound halfway in the gap."""
    signed = values if below else -values
    edge = np.quantile(signed, PATIENCE, method="inverted_cdf")
    keep = signed > edge
    if not keep.any():
        return np.ones(values.size, np.bool_), np.inf
    bound = (signed[keep].min() + signed[~keep].max()) / 2.0
    return keep, float(bound if below else -bound)


def _pasted(box: Box, x: Floats, y: Floats) -> Box:
    """Widen the box, slice by slice, while its density does not fall."""
    moved = True
    while moved:
        moved = False
        inside = box.holds(x)
        density, count = y[inside].mean(), int(inside.sum())
        for column in box.restricted:
            for below in (True, False):
                wider = _widened(box, column, below, x, max(1, int(PATIENCE * count)))
                if wider is not None and y[wider.holds(x)].mean() >= density:
                    box, moved = wider, True
                    inside = box.holds(x)
                    density, count = y[inside].mean(), int(inside.sum())
    return box


def _widened(box: Box, column: int, below: bool, x: Floats, points: int) -> Box | None:
    """Return the box with some more points at one side; None where there is no bound."""
    bound = (box.low if below else box.high)[column]
    if not np.isfinite(bound):
        return None
    side = box.without(column).holds(x)
    values = x[side, column] if below else -x[side, column]
    signed = bound if below else -bound
    outside = np.sort(values[values < signed])[::-1]
    low, high = box.low.copy(), box.high.copy()
    if outside.size <= points:
        (low if below else high)[column] = -np.inf if below else np.inf
    else:
        inner, outer = outside[points - 1], outside[points:]
        rest = outer[outer < inner]
        reached = (inner + rest[0]) / 2.0 if rest.size else -np.inf
        (low if below else high)[column] = reached if below else -reached
    return Box(low, high)


def quasi_p_value(box: Box, column: int, x: Floats, y: Floats) -> float:
    """Return how likely the box would be as dense by chance if one of its restrictions told nothing.

    Points fall into the box, out of those that only the other restrictions allow, whatever their outcome: the number
    of hits among them is then binomial.

    Parameters
    ----------
    box, column
        The box, and the restricted column that is in question.
    x, y
        Points and outcomes; another sample than that in which the box was found gives an honest value.

    References
    ----------
    Bryant and Lempert (2010), appendix: quasi-p-values.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)[:, None]
    >>> y = (x[:, 0] > 0.6).astype(float)
    >>> quasi_p_value(Box(np.array([0.605]), np.array([np.inf])), 0, x, y) < 1e-10
    True
    """
    from scipy.special import bdtrc

    inside, wider = box.holds(x), box.without(column).holds(x)
    count, hits = int(inside.sum()), int(np.ceil(y[inside].sum() - 1e-9))
    if not count or not wider.any():
        return 1.0
    return 1.0 if hits == 0 else float(bdtrc(hits - 1, count, y[wider].mean()))


@dataclass(frozen=True, eq=False)
class Leaf:
    """A leaf of a tree: the box of its points."""

    box: Box


def grow_tree(x: Floats, y: Floats, depth: int = 3, least_mass: float = 0.05) -> list[Leaf]:
    """Split points again and again where the outcome differs most between the two sides.

    A split is the cut that lowers the Gini impurity most; it must leave enough points on each side, and the sides must
    differ by three standard errors.

    Parameters
    ----------
    x, y
        Points [point, column], and outcomes in [0, 1].
    depth
        Splits one after another at most.
    least_mass
        Share of all points that a leaf must hold.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen and C. Stone, Classification and Regression Trees (1984), chapter 4.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)[:, None]
    >>> [float(leaf.box.low[0].round(3)) for leaf in grow_tree(x, (x[:, 0] > 0.6).astype(float))]
    [-inf, 0.605]
    """
    least = max(2, int(np.ceil(least_mass * len(x))))
    whole = Box(np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf))
    return list(_grow(whole, x, y, depth, least))


def _grow(box: Box, x: Floats, y: Floats, depth: int, least: int) -> Iterator[Leaf]:
    inside = box.holds(x)
    split = _best_split(x[inside], y[inside], least) if depth else None
    if split is None:
        yield Leaf(box)
        return
    column, cut = split
    low, high = box.low.copy(), box.high.copy()
    low[column] = high[column] = cut
    yield from _grow(Box(box.low, high), x, y, depth - 1, least)
    yield from _grow(Box(low, box.high), x, y, depth - 1, least)


def _best_split(x: Floats, y: Floats, least: int) -> tuple[int, float] | None:
    """Return column and cut that lower the impurity most; None where no cut is clear."""
    n = y.size
    if n < 2 * least:
        return None
    order = np.argsort(x, axis=0, kind="stable")
    values = np.take_along_axis(x, order, axis=0)
    below = np.cumsum(y[order], axis=0)[:-1]
    count = np.arange(1, n)[:, None]
    left, right = below / count, (y.sum() - below) / (n - count)
    # Impurity falls by the weighted squared difference of the two sides.
    fall = count * (n - count) * (left - right) ** 2 / n**2
    allowed = (values[1:] > values[:-1]) & (count >= least) & (n - count >= least)
    fall = np.where(allowed, fall, -1.0)
    row, column = np.unravel_index(int(fall.argmax()), fall.shape)
    error = np.sqrt(y.var() * (1.0 / (row + 1) + 1.0 / (n - row - 1)))
    if fall[row, column] <= 0.0 or abs(left[row, column] - right[row, column]) < _CLEAR * error:
        return None
    return int(column), float((values[row, column] + values[row + 1, column]) / 2.0)
