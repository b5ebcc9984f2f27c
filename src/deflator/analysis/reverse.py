"""Reverse stress: the most plausible combination of moves that makes a target true.

Instead of asking what a scenario does, it asks which scenario does it. Among all moves of drivers and parameters that
make a target true with the probability asked for, the one with the smallest Mahalanobis distance under the prior is the
most plausible. All trials share their random draws, so that they differ by the moves alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from deflator.analysis.design_point import DesignPoint, Outcome, Reason, alike, find_design_points
from deflator.analysis.lines import LineProbability, probability_by_lines
from deflator.analysis.margin import Followed, follow
from deflator.analysis.moves import Dimension, dimensions_of, moved, prior_of
from deflator.analysis.priors import Prior, tail_beyond_plane, tail_of_distance
from deflator.analysis.probability import Probability, by_draw, probability
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.target import Target
from deflator.book.months import month_at
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import text

#: Bound of every dimension, standard deviations.
REACH = 4.0
#: Fewest paths that have to be on either side of the probability asked for.
_FEWEST = 10
#: Half-width of differences, standard deviations: wide enough that paths change sides.
_STEP = 0.5
#: Move of one thing alone, standard deviations, that tells where a search begins.
_WIDE = 3.0
_TOLERANCE = 0.1
#: Steps of a search: as many as take this number of trials for slopes, and no fewer than the least.
_SLOPE_TRIALS, _LEAST_STEPS = 60, 4
#: Parameters that are searched over besides the drivers.
_SEARCHED = 8
_SCREENING_PATHS = 64
#: How often a search sets out again from the nearest solution, and below which share of its distance that helped.
ROUNDS, _WORTH_IT = 3, 0.98
_RESTARTS = (0.75, 0.4)
_BISECTIONS = 7
#: Lines of each scrambling, places looked at on each, and how often a change between two of them is halved.
_LINES, _NODES, _HALVINGS, _SCRAMBLINGS = 4, 13, 4, 4
_WIDER = 1.25
#: Paths on which the length of a solution is found, and on which it is checked: from which path on, and how many times
#: as many as those of a trial.
_LENGTH_PATH, _LENGTH = 1 << 24, 2
_FRESH_PATH, _FRESH = 1 << 25, 4
_SMALL = 1e-9


@dataclass(frozen=True)
class Moved:
    """How far one thing moves.

    Parameters
    ----------
    name, unit
        Driver or parameter, and the unit of `number`.
    driver
        Whether it is a driver.
    number, median
        To where it moves, and where it is without a move.
    score
        The same in standard deviations of its own prior.
    share
        Its part in the squared distance.
    source
        What the prior is taken from.
    """

    name: str
    unit: str
    driver: bool
    number: float
    median: float
    score: float
    share: float
    source: str


@dataclass(frozen=True, eq=False)
class Solution:
    """One way to make the target true.

    Parameters
    ----------
    distance
        Mahalanobis distance from the medians.
    tail_of_distance
        Probability that a move of any kind lies at least as far.
    tail_beyond_plane
        Probability of moves beyond the plane that touches the solution: Φ(-distance).
    reached
        Share of paths on which the target is true there, on those that its length was found on.
    checked, fresh
        Probability of the target there, on that many paths that nothing was chosen on.
    outcome, reason
        How and why the search ended.
    moves
        By part in the squared distance.
    direction
        Of the solution in standard normal space, of length one; shape [dimension].
    """

    distance: float
    tail_of_distance: float
    tail_beyond_plane: float
    reached: float
    checked: Probability
    fresh: int
    outcome: Outcome
    reason: Reason
    moves: tuple[Moved, ...]
    direction: Floats = field(repr=False)


@dataclass(frozen=True, eq=False)
class Reverse:
    """The most plausible ways to make a target true.

    Parameters
    ----------
    target, by
        What is to be true, as typed in full, and its month.
    asked
        With which probability.
    at_medians
        Its probability when nothing moves.
    dimensions
        Things that could move.
    searched
        Names of those that the search moved.
    left_out
        Part in the squared gradient, at the first point found, of those that it did not move.
    solutions
        By distance.
    by_lines
        Probability under the prior of the things searched that they move to where the target is true; None where it
        was not asked for.
    paths, trials
        Paths of each trial, and trials.
    start
        Month from which drivers are moved, YYYY-MM.
    """

    target: str
    by: str
    asked: float
    at_medians: Probability
    dimensions: int
    searched: tuple[str, ...]
    left_out: float
    solutions: tuple[Solution, ...]
    by_lines: LineProbability | None
    paths: int
    trials: int
    start: str

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each thing that moves in each solution."""
        return pl.DataFrame(
            [
                {"solution": number, "distance": one.distance, "name": move.name, "driver": move.driver,
                 "number": move.number, "median": move.median, "unit": move.unit, "score": move.score,
                 "share": move.share}
                for number, one in enumerate(self.solutions, 1)
                for move in one.moves
            ]
        )  # fmt: skip


def reverse(
    setting: Setting,
    target: Target,
    asked: float = 0.5,
    among: Sequence[str] = (),
    correlations: Mapping[tuple[str, str], float] | None = None,
    start: int = 1,
    most: int = 2,
    rounds: int = ROUNDS,
    lines: bool = False,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Reverse:
    """Find the most plausible moves that make a target true.

    First the drivers are searched. At the point found all parameters are screened, and those that matter most are
    searched with the drivers. The search looks at a smoothed share of paths, which has a gradient; how far each
    solution lies is then read off the share itself, along the solution's direction and on other paths.

    Parameters
    ----------
    setting
        From `prepare`; all trials have its paths.
    target
        From `stress_target`.
    asked
        Probability with which it has to be true, over chance and over figures that are not moved.
    among
        What can move, as for `dimensions_of`.
    correlations
        As for `prior_of`.
    start
        First month in which drivers are moved.
    most
        Solutions to look for.
    rounds
        How often to set out again from the nearest solution while that helps.
    lines
        Whether to look along lines, from the nearest solution's direction, how likely moves are that do it.
    progress
        Told the trials done and about how many there are.
    threads
        Threads to use; they change no result.

    Raises
    ------
    RunError
        When the question is malformed, the target is true when nothing moves, or no move within `REACH` standard
        deviations makes it true.

    References
    ----------
    Hasofer and Lind (1974); Breuer, Jandačka, Rheinberger and Summer (2009), "How to find plausible, severe, and
    useful stress scenarios", International Journal of Central Banking 5(3) (plausibility as Mahalanobis distance);
    Glasserman, Kang and Kang (2015), "Stress scenario selection by empirical likelihood", Quantitative Finance 15.
    """
    _check(setting, asked, start, target)
    dimensions = dimensions_of(setting, among)
    prior = prior_of(dimensions, setting.question.book, correlations)
    search = _Search(setting, target, asked, dimensions, prior, start, threads or os.cpu_count() or 1, progress)
    nothing = search.at(np.zeros(len(dimensions)))
    if nothing.share >= asked:
        raise _already_true(target, setting, asked, nothing.share)
    drivers = [place for place, one in enumerate(dimensions) if one.driver]
    rest = [place for place, one in enumerate(dimensions) if not one.driver]
    left_out = 0.0
    first: tuple[DesignPoint, ...] = ()
    if drivers and rest:
        first = search.points(drivers, [search.wide(drivers)], 1)
        rest, left_out = search.screen(search.full(first[0], drivers), drivers, rest)
    places = [*drivers, *rest]
    starts = [search.full(one, drivers) for one in first] or [search.wide(places)]
    solutions = _solutions(search, places, starts, most, rounds)
    for share in _RESTARTS:
        # Where nothing is near the target slopes mislead: begin again on the way to what came nearest.
        solutions = solutions or _solutions(search, places, [share * search.nearest()[1]], most, rounds)
    if not solutions:
        raise _impossible(search, target, setting, asked)
    nearest = min(solutions, key=lambda one: one.distance)
    return Reverse(
        target=target.text(setting.question.book.as_of),
        by=month_at(target.by, setting.question.book.as_of),
        asked=asked,
        at_medians=_probability(nothing, setting),
        dimensions=len(dimensions),
        searched=tuple(dimensions[place].name for place in places),
        left_out=left_out,
        solutions=tuple(_distinct(solutions)),
        by_lines=_by_lines(search, nearest.direction[places], places) if lines else None,
        paths=setting.question.paths_used,
        trials=search.trials,
        start=month_at(start, setting.question.book.as_of),
    )


class _Search:
    """Trials of moves, remembered, and the limit state that they give.

    The limit state is Φ⁻¹(p) - Φ⁻¹(S), with S the mean over paths of Φ(-margin / width): zero where the smoothed share
    is the probability asked for. The width is that of a kernel estimate of the margins when nothing moves, but no
    narrower than a quarter of their median, so that the limit state has a slope far from the target too. What smoothing
    adds to the share when nothing moves is taken off.
    """

    def __init__(
        self,
        setting: Setting,
        target: Target,
        asked: float,
        dimensions: Sequence[Dimension],
        prior: Prior,
        start: int,
        threads: int,
        progress: Progress | None,
    ) -> None:
        self.setting, self.target, self.asked = setting, target, asked
        self.dimensions, self.prior, self.start = dimensions, prior, start
        self.paths = setting.question.paths_used
        self.trials, self._threads, self._progress = 0, threads, progress
        self._known: dict[bytes, Followed] = {}
        self._slopes: dict[tuple[bytes, tuple[int, ...], int], Floats] = {}
        margins = self.at(np.zeros(len(dimensions))).margin
        silverman = 1.06 * float(np.std(margins)) * len(margins) ** -0.2
        self._width = max(silverman, 0.25 * abs(float(np.median(margins))), _SMALL)
        share = max(float((margins <= 0.0).sum()), 0.5) / len(margins)
        self._excess = max(0.0, self._score(margins) - _probit(share))

    def at(self, point: Floats) -> Followed:
        """Return the target on the search's paths when everything moves to a point."""
        key = point.tobytes()
        if key not in self._known:
            self._known[key] = self._trial(point, self.paths, 0, self._threads)
        return self._known[key]

    def length_share(self, point: Floats) -> float:
        """Return the share of other paths, on which directions were not chosen."""
        return self._trial(point, _LENGTH * self.paths, _LENGTH_PATH, self._threads).share

    def fresh(self, point: Floats) -> Followed:
        """Return the target on paths that nothing was chosen on."""
        return self._trial(point, _FRESH * self.paths, _FRESH_PATH, self._threads)

    def _trial(self, point: Floats, paths: int, first_path: int, threads: int) -> Followed:
        setting = moved(self.setting, self.dimensions, self.prior.numbers(point), self.start)
        found = follow(setting, self.target, paths, first_path, threads)
        self.trials += 1
        if self._progress:
            about = 40 + 4 * len(self.dimensions)
            self._progress(self.trials, max(about, self.trials + 20))
        return found

    def limit(self, followed: Followed) -> float:
        """Return the limit state from margins."""
        return _probit(self.asked) - (self._score(followed.margin) - self._excess)

    def _score(self, margins: Floats) -> float:
        """Return the normal score of the smoothed share."""
        from scipy.special import ndtr

        return _probit(float(ndtr(-margins / self._width).mean()))

    def slopes(self, point: Floats, places: Sequence[int], paths: int) -> Floats:
        """Return the slope of the limit state in some dimensions, by differences to the side with more room."""
        key = (point.tobytes(), tuple(places), paths)
        if key in self._slopes:
            return self._slopes[key]
        here = self.at(point) if paths == self.paths else self._trial(point, paths, 0, 1)
        base = self.limit(here)

        def one(place: int) -> float:
            step = -_STEP if point[place] > 0.0 and point[place] + _STEP > REACH else _STEP
            other = point.copy()
            other[place] += step
            return (self.limit(self._trial(other, paths, 0, 1)) - base) / step

        with ThreadPoolExecutor(self._threads) as pool:
            self._slopes[key] = np.array(list(pool.map(one, places)))
        return self._slopes[key]

    def wide(self, places: Sequence[int]) -> Floats:
        """Return a point in the direction of what moves the limit state most over its whole width: where to begin.

        Near the medians of an unlikely target slopes say little.
        """

        def one(place: int) -> float:
            values = []
            for sign in (1.0, -1.0):
                point = np.zeros(len(self.dimensions))
                point[place] = sign * _WIDE
                values.append(self.limit(self._trial(point, self.paths, 0, 1)))
            return values[1] - values[0]

        point = np.zeros(len(self.dimensions))
        with ThreadPoolExecutor(self._threads) as pool:
            point[list(places)] = list(pool.map(one, places))
        length = float(np.linalg.norm(point))
        return _WIDE / length * point if length > _SMALL else point

    def points(self, places: Sequence[int], starts: Sequence[Floats], most: int) -> tuple[DesignPoint, ...]:
        """Search some dimensions for design points."""

        def whole(part: Floats) -> Floats:
            point = np.zeros(len(self.dimensions))
            point[list(places)] = part
            return point

        return find_design_points(
            lambda part: self.limit(self.at(whole(part))),
            lambda part, _: self.slopes(whole(part), places, self.paths),
            [start[list(places)] for start in starts],
            most, REACH, _TOLERANCE, max(_LEAST_STEPS, _SLOPE_TRIALS // len(places)),
        )  # fmt: skip

    def full(self, found: DesignPoint, places: Sequence[int]) -> Floats:
        """Return a point of some dimensions as one of all."""
        point = np.zeros(len(self.dimensions))
        point[list(places)] = found.point
        return point

    def screen(self, point: Floats, searched: Sequence[int], others: Sequence[int]) -> tuple[list[int], float]:
        """Return those of the others that matter most at a point, and what part of the squared slope is left out."""
        paths = min(_SCREENING_PATHS, self.paths)
        slopes = self.slopes(point, [*searched, *others], paths)
        squares, own = slopes**2, len(searched)
        order = np.argsort(-squares[own:], kind="stable")
        left = float(squares[own:][order[_SEARCHED:]].sum())
        total = float(squares.sum())
        return [others[place] for place in order[:_SEARCHED]], left / total if total > 0.0 else 0.0

    def nearest(self) -> tuple[float, Floats]:
        """Return the largest share of any trial, and the point at which it was found."""
        key, best = max(self._known.items(), key=lambda item: item[1].share)
        return best.share, np.frombuffer(key)


def _solutions(
    search: _Search, places: Sequence[int], starts: Sequence[Floats], most: int, rounds: int
) -> list[Solution]:
    """Return the solutions that searches from some starts lead to.

    From the nearest one the search sets out again while that helps: slopes say most where the target is as likely as
    asked for.
    """
    found = search.points(places, starts, most)
    solutions = [one for point in found if (one := _solution(search, point, places)) is not None]
    for _ in range(rounds if solutions else 0):
        nearest = min(solutions, key=lambda one: one.distance)
        (again,) = search.points(places, [nearest.distance * nearest.direction], 1)
        better = _solution(search, again, places)
        if better is None or better.distance > _WORTH_IT * nearest.distance:
            break
        solutions.append(better)
    return solutions


def _probit(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(min(max(share, 1e-12), 1.0 - 1e-12)))


def _solution(search: _Search, found: DesignPoint, places: Sequence[int]) -> Solution | None:
    """Return where the share of paths itself is the one asked for, in the direction found; None where it is nowhere."""
    towards = search.full(found, places)
    length = float(np.linalg.norm(towards))
    if length < _SMALL:
        return None
    unit = towards / length
    farthest = REACH / float(np.abs(unit).max())
    low, high = 0.0, min(length, farthest)
    while (reached := search.length_share(high * unit)) < search.asked:
        if high >= farthest:
            return None
        low, high = high, min(_WIDER * high, farthest)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        share = search.length_share(middle * unit)
        if share < search.asked:
            low = middle
        else:
            high, reached = middle, share
    point = high * unit
    fresh = search.fresh(point)
    outcome = found.outcome if found.outcome is not Outcome.FAILED else Outcome.BEST_FOUND
    return Solution(
        distance=high,
        tail_of_distance=tail_of_distance(high, len(search.dimensions)),
        tail_beyond_plane=tail_beyond_plane(high),
        reached=reached,
        checked=_probability(fresh, search.setting),
        fresh=len(fresh.margin),
        outcome=outcome,
        reason=found.reason,
        moves=_moves(search, point),
        direction=unit,
    )


def _by_lines(search: _Search, direction: Floats, places: Sequence[int]) -> LineProbability:
    """Return how likely the things searched move to where the share of paths is at least the one asked for."""

    def limits(parts: Floats) -> Floats:
        points = np.zeros((parts.shape[1], len(search.dimensions)))
        points[:, list(places)] = parts.T
        return np.array([search.asked - search.at(point).share - _SMALL for point in points])

    return probability_by_lines(limits, direction, _LINES, _NODES, _HALVINGS, _SCRAMBLINGS, quadrature=False)


def _moves(search: _Search, point: Floats) -> tuple[Moved, ...]:
    numbers, scores = search.prior.numbers(point), search.prior.scores(point)
    # The inverse of the correlation shares the squared distance out: z' R^-1 z is a sum over the scores z.
    shares = scores * np.linalg.solve(search.prior.correlation, scores) / float(point @ point)
    order = np.argsort(-np.abs(shares), kind="stable")
    return tuple(
        Moved(one.name, one.margin.unit, one.driver, float(numbers[place]), one.margin.at(0.0), float(scores[place]),
              float(shares[place]), one.source)
        for place in order
        if abs(scores[place]) > _SMALL
        for one in [search.dimensions[place]]
    )  # fmt: skip


def _distinct(solutions: Sequence[Solution]) -> list[Solution]:
    """Leave out solutions that lie in about the direction of a nearer one."""
    kept: list[Solution] = []
    for one in sorted(solutions, key=lambda each: each.distance):
        if not any(alike(one.direction, other.direction) for other in kept):
            kept.append(one)
    return kept


def _probability(followed: Followed, setting: Setting) -> Probability:
    return probability(*by_draw(followed.true, followed.draw), setting.question.chance)


def fewest_paths(asked: float) -> int:
    """Return the fewest paths that can tell a probability between 0 and 1 from its neighbours.

    Examples
    --------
    >>> fewest_paths(0.5), fewest_paths(0.01)
    (20, 1000)
    """
    return math.ceil(_FEWEST / min(asked, 1.0 - asked))


def _check(setting: Setting, asked: float, start: int, target: Target) -> None:
    faults = []
    paths, book = setting.question.paths_used, setting.question.book
    if not 0.0 < asked < 1.0:
        faults.append(
            Fault("", 0, "--probability", f"{asked:g} is not between 0 and 1", "use a probability such as 0.5")
        )
    elif paths < (needed := fewest_paths(asked)):
        message = f"{paths} paths cannot tell a probability of {asked:g} from its neighbours"
        faults.append(Fault("", 0, "--paths", message, f"use at least {needed}"))
    if not 1 <= start <= target.by:
        allowed = f"use {month_at(1, book.as_of)} to {month_at(target.by, book.as_of)}"
        faults.append(
            Fault("", 0, "--from", f"{month_at(start, book.as_of)} is not before the target's month", allowed)
        )
    if faults:
        raise RunError(faults)


def _already_true(target: Target, setting: Setting, asked: float, share: float) -> RunError:
    said = target.text(setting.question.book.as_of)
    message = text("faults.true_already", target=said, share=f"{share:.0%}", asked=f"{asked:g}")
    return RunError([Fault("", 0, "--target", message, text("faults.true_already_hint"))])


def _impossible(search: _Search, target: Target, setting: Setting, asked: float) -> RunError:
    share, point = search.nearest()
    distance = float(np.linalg.norm(point))
    message = text(
        "faults.out_of_reach", reach=f"{REACH:g}", target=target.text(setting.question.book.as_of), asked=f"{asked:g}",
        trials=search.trials, distance=f"{distance:.1f}", share=f"{share:.0%}",
    )  # fmt: skip
    return RunError([Fault("", 0, "--target", message, text("faults.out_of_reach_hint"))])
