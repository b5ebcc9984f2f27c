"""Which futures break: boxes of a few figures in which an event is frequent, and a small tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.factors import Factor, Figure, list_factors, places
from deflator.analysis.knowing import LEVEL, Floats, sample_of, screen
from deflator.analysis.prim import Box, Fit, find_box, fit_of, grow_tree, quasi_p_value
from deflator.analysis.probability import Probability, by_draw, probability
from deflator.analysis.replay import Setting
from deflator.analysis.sensitivity import check_event
from deflator.analysis.target import outcomes_of, parse_target, read_target, simulate_target
from deflator.ensemble import Progress, Run
from deflator.errors import Fault, RunError

#: Draws below which halves are too small to look into.
LEAST_DRAWS = 100
_LEAST_EVENTS = 50
_MOST_COLUMNS = 30
_STORED = ("break", "first", "loss")
_UNKEPT = {"loss": "losses by a month before the horizon", "rent": "the rent", "breakeven": "equity values"}


@dataclass(frozen=True)
class Restriction:
    """One figure that must lie between bounds.

    Parameters
    ----------
    figure
        The figure, or the first of those that move together.
    moves_with
        How many others move with it.
    low, high
        Bounds in the unit of the figure; None where there is none.
    quasi_p
        How often the box would be as dense if this restriction told nothing, on the draws in which it was found.
    held_out_quasi_p
        The same on the other half of the draws.
    """

    figure: Figure
    moves_with: int
    low: float | None
    high: float | None
    quasi_p: float
    held_out_quasi_p: float


@dataclass(frozen=True)
class Region:
    """A part of what is not known, and how often the event happens there.

    Parameters
    ----------
    restrictions
        What holds there; the most telling first. None for a leaf that is everything.
    found
        Coverage, density and mass on the draws in which it was found.
    held_out
        The same on the other half.
    probability
        Of the event on the held-out draws in the region, with range and error; None where no draw lies in it.
    """

    restrictions: tuple[Restriction, ...]
    found: Fit
    held_out: Fit
    probability: Probability | None


@dataclass(frozen=True)
class Discovery:
    """Which futures bring an event.

    Parameters
    ----------
    target
        The event.
    probability
        How often it happens on all paths.
    draws, paths, failed
        Draws and paths that count, and paths that failed.
    figures
        Figures that were looked at: those with which the event moves, one of each that move together.
    unknown
        Independent unknowns of the book.
    boxes
        Boxes in which it is frequent, the first found first; each holds what the earlier ones left.
    leaves
        Leaves of the tree, those in which it is most frequent first.
    """

    target: str
    probability: Probability
    draws: int
    paths: int
    failed: int
    figures: int
    unknown: int
    boxes: tuple[Region, ...]
    leaves: tuple[Region, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one row for each restriction of each box and leaf."""
        rows = [
            {
                "kind": kind, "number": number, "figure": one.figure.name, "unit": one.figure.unit,
                "low": one.low, "high": one.high, "quasi_p": one.quasi_p, "held_out_quasi_p": one.held_out_quasi_p,
                "coverage": region.found.coverage, "density": region.found.density, "mass": region.found.mass,
                "held_out_coverage": region.held_out.coverage, "held_out_density": region.held_out.density,
                "held_out_mass": region.held_out.mass,
            }
            for kind, regions in (("box", self.boxes), ("leaf", self.leaves))
            for number, region in enumerate(regions, 1)
            for one in region.restrictions
        ]  # fmt: skip
        return pl.DataFrame(rows, _SCHEMA)


_COLUMNS = (
    "kind", "number", "figure", "unit", "low", "high", "quasi_p", "held_out_quasi_p", "coverage", "density", "mass",
    "held_out_coverage", "held_out_density", "held_out_mass",
)  # fmt: skip


_WORDS = dict.fromkeys(("kind", "figure", "unit"), pl.String)
_SCHEMA = dict.fromkeys(_COLUMNS, pl.Float64) | _WORDS | {"number": pl.Int64}


@dataclass(frozen=True, eq=False)
class _Half:
    """Paths of half of the draws.

    Parameters
    ----------
    x, y
        Figures [path, column] and the event on each path.
    draw
        Draw of each path.
    """

    x: Floats
    y: Floats
    draw: NDArray[np.intp]

    def outside(self, box: Box) -> _Half:
        """Return the paths that a box leaves."""
        left = ~box.holds(self.x)
        return _Half(self.x[left], self.y[left], self.draw[left])


def discover(
    setting: Setting,
    when: str,
    run: Run | None = None,
    boxes: int = 2,
    progress: Progress | None = None,
) -> Discovery:
    """Find which figures, between which bounds, bring an event.

    Half of the draws of what is not known serve to find boxes and tree, the other half to tell how good they are.

    Parameters
    ----------
    setting
        From `prepare`.
    when
        A target with a probability, as `deflator.analysis.target` reads it.
    run
        A kept run of the same question, whose paths are read; without one the paths are simulated.
    boxes
        Boxes to look for.
    progress
        Told the paths done and the paths asked for.

    Returns
    -------
    Discovery

    Raises
    ------
    RunError
        When the target is wrong or no event, it happens on too few or on nearly all paths, draws are few, or a kept
        run does not hold what is asked.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=512, draws=256))
    >>> found = discover(setting, "rent < 60")
    >>> found.draws, 0 < found.probability.value < 1
    (256, True)
    """
    target = parse_target(when, setting, "--when")
    faults = []
    if not target.is_event:
        faults.append(Fault("", 0, "--when", f"{target.words} is a sum, not an event", f"write {target.words!r} > X"))
    early = target.kind == "loss" and target.by < setting.economy.months
    if run and (early or target.kind not in _STORED):
        message = f"a kept run does not hold {_UNKEPT.get(target.kind, target.kind)} of its paths"
        faults.append(Fault("", 0, "--run", message, "ask without --run, and the paths are simulated"))
    draws = setting.economy.draws
    if not setting.question.ignorance or draws < LEAST_DRAWS:
        message = f"{draws} draws of what is not known are too few to look into"
        faults.append(Fault("", 0, "--ignorance", message, f"use at least {LEAST_DRAWS}, and no fewer --paths"))
    if faults:
        raise RunError(faults)
    if run:
        good = run.paths().filter(pl.col("status") == "ok")["path"].to_numpy()
        values = np.full(run.manifest.paths, np.nan)
        values[good] = read_target(target, outcomes_of(run))
    else:
        values = simulate_target(setting, target, progress=progress)
    check_event(target, values, _LEAST_EVENTS)
    return _discovered(setting, target.words, values, boxes)


def _discovered(setting: Setting, target: str, values: Floats, boxes: int) -> Discovery:
    """Look into the paths; every second draw is held out."""
    draws, question = setting.economy.draws, setting.question
    good = ~np.isnan(values)
    draw = np.arange(values.size) % draws
    factors = list_factors(question.book_used, question.scenario)
    columns = _columns(setting, values, factors)
    figures = [factor.figures[0] for factor in columns]
    x = np.array([setting.figures.array(one.table, one.column)[one.position] for one in figures]).reshape(-1, draws).T
    learn, held = (
        _Half(x[draw[good & part]], values[good & part], draw[good & part]) for part in (draw % 2 == 0, draw % 2 == 1)
    )
    chance = question.chance
    regions = []
    left, left_held = learn, held
    for _ in range(boxes if columns else 0):
        if not 0.0 < left.y.mean() < 1.0 or left.y.sum() < 10.0:
            break
        box = find_box(left.x, left.y, least_mass=0.05 * len(learn.y) / len(left.y))
        # What the first boxes left can be less frequent everywhere than it is among all futures.
        if not box.restricted or left.y[box.holds(left.x)].mean() <= learn.y.mean():
            break
        regions.append(_region(box, columns, left, left_held, (learn, held), chance))
        left, left_held = left.outside(box), left_held.outside(box)
    leaves = [
        _region(leaf.box, columns, learn, held, (learn, held), chance)
        for leaf in (grow_tree(learn.x, learn.y) if columns else [])
    ]
    return Discovery(
        target=target,
        probability=probability(*by_draw(values[good], draw[good]), chance),
        draws=int(np.unique(draw[good]).size),
        paths=int(good.sum()),
        failed=int((~good).sum()),
        figures=len(columns),
        unknown=len(factors),
        boxes=tuple(regions),
        leaves=tuple(sorted(leaves, key=lambda leaf: -leaf.found.density)) if len(leaves) > 1 else (),
    )


def _columns(setting: Setting, values: Floats, factors: Sequence[Factor]) -> list[Factor]:
    """Return the factors with which the event moves, on the draws that are not held out."""
    draws = setting.economy.draws
    seen = np.where(np.arange(values.size) % draws % 2 == 0, values, np.nan)
    sample, kept = sample_of(seen, draws, event=True)
    screened = screen(sample, places(factors, setting)[:, kept])
    order = np.argsort(-screened.explained, kind="stable")[:_MOST_COLUMNS]
    return [factors[place] for place in order if screened.p_value[place] < LEVEL]


def _region(
    box: Box, columns: Sequence[Factor], learn: _Half, held: _Half, all_of: tuple[_Half, _Half], chance: bool
) -> Region:
    """Describe a box that was found among the paths `learn`, as a part of all paths of each half."""
    fits = [
        replace(
            fit,
            coverage=fit.coverage * float(part.y.sum() / whole.y.sum()),
            mass=fit.mass * len(part.y) / len(whole.y),
        )
        for part, whole in zip((learn, held), all_of, strict=True)
        for fit in [fit_of(box.holds(part.x), part.y)]
    ]
    restrictions = [
        Restriction(
            figure=columns[column].figures[0],
            moves_with=len(columns[column].figures) - 1,
            low=float(box.low[column]) if np.isfinite(box.low[column]) else None,
            high=float(box.high[column]) if np.isfinite(box.high[column]) else None,
            quasi_p=quasi_p_value(box, column, learn.x, learn.y),
            held_out_quasi_p=quasi_p_value(box, column, held.x, held.y),
        )
        for column in box.restricted
    ]
    inside = box.holds(held.x)
    found = probability(*by_draw(held.y[inside], held.draw[inside]), chance) if inside.any() else None
    return Region(tuple(sorted(restrictions, key=lambda one: one.quasi_p)), fits[0], fits[1], found)
