"""The most plausible way into trouble: the point of a limit state that lies nearest to the origin.

In a space of independent standard normal numbers the likelihood of a point falls with its distance from the origin, so
the nearest point at which something becomes true is the most plausible one. Reliability engineers call it the design
point. Nothing here knows what the limit state is of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Value at a point: above zero where the thing is not true, zero on its boundary.
Limit = Callable[[Floats], float]
#: Gradient at a point, given the value there.
Slope = Callable[[Floats, float], Floats]

_HALVINGS = 6
_ARMIJO = 0.1
_FLAT = 1e-12
#: Radius of a bulge, and where inside it the bulge is as steep as the limit state; shares of the distance.
_BULGE, _STEEP = 1.1, 0.75
#: Solutions whose directions lie within this angle are one.
_APART = np.cos(np.radians(25.0))


class Outcome(StrEnum):
    """How a search ended."""

    CONVERGED = "converged"
    BEST_FOUND = "best_found"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a search ended as it did."""

    NEAREST = "nearest"
    STEPS = "steps"
    STUCK = "stuck"
    FLAT = "flat"
    BOUNDS = "bounds"


@dataclass(frozen=True, eq=False)
class DesignPoint:
    """Where a search for the nearest point of a limit state ended.

    Parameters
    ----------
    point
        In standard normal space, shape [dimension].
    value
        Limit state there.
    gradient
        Its gradient there.
    outcome, reason
        How and why the search ended. A search that failed found no point at which the limit state is reached: its
        point is the one that came nearest to that.
    steps
        Steps taken.
    """

    point: Floats
    value: float
    gradient: Floats
    outcome: Outcome
    reason: Reason
    steps: int

    @property
    def distance(self) -> float:
        """Distance from the origin: the Mahalanobis distance of the move under its prior."""
        return float(np.linalg.norm(self.point))


def differences(limit: Limit, step: float = 1e-5) -> Slope:
    """Return the gradient of a limit state by central differences.

    Parameters
    ----------
    limit
        Limit state.
    step
        Half of the distance over which it is compared.

    Examples
    --------
    >>> slope = differences(lambda u: float(3.0 - u[0] * u[1]))
    >>> slope(np.array([1.0, 2.0]), 1.0).round(6).tolist()
    [-2.0, -1.0]
    """

    def slope(point: Floats, _: float) -> Floats:
        steps = step * np.eye(len(point))
        return np.array([(limit(point + along) - limit(point - along)) / (2.0 * step) for along in steps])

    return slope


def find_design_point(
    limit: Limit,
    slope: Slope,
    start: Floats,
    reach: float = 8.0,
    tolerance: float = 1e-6,
    most_steps: int = 100,
    scale: float | None = None,
) -> DesignPoint:
    """Find the point nearest to the origin at which a limit state is reached.

    Each step goes towards the nearest point of the limit state as it looks from where the search stands, were it a
    plane, within the bounds of every dimension, and is halved until the merit function falls.

    Parameters
    ----------
    limit, slope
        Limit state and its gradient; smooth, above zero at the origin.
    start
        Where to begin, shape [dimension].
    reach
        Bound of every dimension, standard deviations.
    tolerance
        Relative change of the point, and share of the value at the start, below which the search has converged.
    most_steps
        Steps after which it ends.
    scale
        What the tolerance of the value is a share of; None takes the size of the value at the origin.

    Returns
    -------
    DesignPoint
        Converged, the best point found, or the one that came nearest.

    References
    ----------
    Hasofer and Lind (1974), "Exact and invariant second-moment code format", J. Eng. Mech. 100; Rackwitz and Fiessler
    (1978), "Structural reliability under combined random load sequences", Computers and Structures 9 (the step);
    Zhang and Der Kiureghian (1995), "Two improved algorithms for reliability analysis", in Reliability and
    Optimization of Structural Systems, eq. 8 to 11 (the merit function ½|u|² + c|g|).

    Examples
    --------
    >>> limit = lambda u: float(5.0 - u[0] - 2.0 * u[1])
    >>> found = find_design_point(limit, differences(limit), np.zeros(2))
    >>> found.point.round(6).tolist(), str(found.outcome)
    ([1.0, 2.0], 'converged')
    """
    point = np.clip(np.asarray(start, dtype=np.float64), -reach, reach)
    value = limit(point)
    if scale is None:
        scale = max(abs(limit(np.zeros_like(point))), _FLAT)
    best: DesignPoint | None = None
    nearest: DesignPoint | None = None
    reason = Reason.STEPS
    for step in range(most_steps + 1):
        gradient = slope(point, value)
        here = DesignPoint(point, value, gradient, Outcome.BEST_FOUND, Reason.STEPS, step)
        if value <= tolerance * scale and (best is None or here.distance < best.distance):
            best = here
        if nearest is None or value < nearest.value:
            nearest = here
        if np.linalg.norm(gradient) <= _FLAT * scale:
            reason = Reason.FLAT
            break
        target, reached = nearest_in_box(gradient, float(gradient @ point) - value, reach)
        move = target - point
        if np.linalg.norm(move) <= tolerance * max(1.0, here.distance):
            if reached and abs(value) <= tolerance * scale:
                return replace(here, outcome=Outcome.CONVERGED, reason=Reason.NEAREST)
            reason = Reason.STUCK if reached else Reason.BOUNDS
            break
        if step == most_steps:
            break
        moved = _search_line(limit, here, move)
        if moved is None:
            reason = Reason.STUCK
            break
        point, value = moved
    if best is not None:
        return replace(best, reason=reason)
    assert nearest is not None
    return replace(nearest, outcome=Outcome.FAILED, reason=reason)


def nearest_in_box(gradient: Floats, level: float, reach: float) -> tuple[Floats, bool]:
    """Return the point nearest to the origin with `gradient @ point = level` in a box, and whether there is one.

    Where the box does not reach the plane, it is the corner that comes nearest.

    Parameters
    ----------
    gradient
        Normal of the plane, not zero.
    level
        Where the plane lies.
    reach
        Half of the width of the box.

    Examples
    --------
    >>> nearest_in_box(np.array([-3.0, -4.0]), -5.0, 8.0)[0].round(9).tolist()
    [0.6, 0.8]
    >>> point, reached = nearest_in_box(np.array([-3.0, -4.0]), -5.0, 0.7)
    >>> point.round(9).tolist(), reached
    ([0.7, 0.7], False)
    """
    steep = np.sort(np.abs(gradient))[::-1]
    # The point is clip(-λ gradient): the steepest dimensions meet their bounds first.
    for bound in range(len(steep)):
        left = abs(level) - reach * float(steep[:bound].sum())
        free = float((steep[bound:] ** 2).sum())
        if free <= 0.0:
            break
        size = left / free
        if size * steep[bound] <= reach:
            return np.sign(level) * np.clip(size * gradient, -reach, reach), True
    return np.sign(level) * np.sign(gradient) * reach, False


def _search_line(limit: Limit, here: DesignPoint, move: Floats) -> tuple[Floats, float] | None:
    """Return the first point on the way, by halves, at which the merit function has fallen enough."""
    length = float(np.linalg.norm(here.gradient))
    weight = 2.0 * here.distance / length + 10.0 / length
    if here.value != 0.0:
        weight = max(weight, 0.5 * float((here.point + move) @ (here.point + move)) / abs(here.value))

    def merit(point: Floats, value: float) -> float:
        return 0.5 * float(point @ point) + weight * abs(value)

    start = merit(here.point, here.value)
    slope = float(here.point @ move) + weight * np.sign(here.value) * float(here.gradient @ move)
    for halving in range(_HALVINGS + 1):
        size = 0.5**halving
        point = here.point + size * move
        value = limit(point)
        if merit(point, value) <= start + _ARMIJO * size * min(slope, 0.0):
            return point, value
    return None


def find_design_points(
    limit: Limit,
    slope: Slope,
    starts: Sequence[Floats],
    most: int = 4,
    reach: float = 8.0,
    tolerance: float = 1e-6,
    most_steps: int = 100,
) -> tuple[DesignPoint, ...]:
    """Find several distinct points of a limit state that are nearest to the origin around them.

    A point that was found is covered by a bulge, which keeps later searches away from it; what they find is searched
    from once more without bulges. Points whose directions are alike count once.

    Parameters
    ----------
    limit, slope
        Limit state and its gradient.
    starts
        Where to begin, one search each at least; there is at least one.
    most
        How many points to look for.
    reach, tolerance, most_steps
        As for `find_design_point`.

    Returns
    -------
    tuple of DesignPoint
        By distance. Where every search failed, the one that came nearest.

    References
    ----------
    Der Kiureghian and Dakessian (1998), "Multiple design points in first and second-order reliability", Structural
    Safety 20, eq. 8 to 13 (bulges).

    Examples
    --------
    >>> limit = lambda u: float(9.0 - u[0] ** 2)
    >>> found = find_design_points(limit, differences(limit), [np.array([0.5, 0.1])])
    >>> [one.point.round(4).tolist() for one in found]
    [[3.0, 0.0], [-3.0, 0.0]]
    """
    terms = (reach, tolerance, most_steps)
    scale = max(abs(limit(np.zeros_like(starts[0]))), _FLAT)
    found: list[DesignPoint] = []
    failed: list[DesignPoint] = []
    for start in starts:
        while len(found) < most:
            over, steeper = _bulged(limit, slope, found)
            away = find_design_point(over, steeper, start, *terms, scale)
            if found and away.outcome is not Outcome.FAILED:
                away = find_design_point(limit, slope, away.point, *terms, scale)
            if away.outcome is Outcome.FAILED:
                failed.append(away)
                break
            if any(alike(away.point, one.point) for one in found):
                break
            found.append(away)
            if away.distance == 0.0:
                return (away,)
    if not found:
        return (min(failed, key=lambda one: one.value),)
    return tuple(sorted(found, key=lambda one: one.distance))


def alike(one: Floats, other: Floats) -> bool:
    """Tell whether two points lie in about the same direction."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return lengths == 0.0 or float(one @ other) / lengths > _APART


def _bulged(limit: Limit, slope: Slope, found: Sequence[DesignPoint]) -> tuple[Limit, Slope]:
    """Return a limit state, and its gradient, that is pushed away from the points that were found."""
    bulges = []
    for one in found:
        radius, steep = _BULGE * one.distance, _STEEP * one.distance
        height = steep * float(np.linalg.norm(one.gradient)) / (radius**2 - steep**2) ** 2
        bulges.append((one.point, radius, height))

    def inside(point: Floats) -> list[tuple[Floats, float, float]]:
        gaps = [(point - centre, radius, height) for centre, radius, height in bulges]
        return [(gap, radius**2 - float(gap @ gap), height) for gap, radius, height in gaps if gap @ gap < radius**2]

    def over(point: Floats) -> float:
        return limit(point) + sum(height * room**2 for _, room, height in inside(point))

    def steeper(point: Floats, value: float) -> Floats:
        parts = inside(point)
        below = value - sum(height * room**2 for _, room, height in parts)
        pushed = [-4.0 * height * room * gap for gap, room, height in parts]
        return slope(point, below) + np.sum(pushed, axis=0) if parts else slope(point, value)

    return over, steeper
