"""What a change of inputs changes: two runs path by path on common random numbers, each difference with its error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import NONE, Batch, Layer, batches, first_credit, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of
from deflator.analysis.inputs import (
    DRAWN,
    InputChange,
    book_changes,
    find_book,
    scenario_changes,
    settings_changes,
)
from deflator.analysis.losses import ALL
from deflator.analysis.probability import Estimate, Probability, estimate, probability
from deflator.book import Book
from deflator.ensemble import Run
from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]
BREAKS, FIRST, LOSS = "breaks", "first", "loss"
GROUPS = ("layer", "firm", "cohort")


@dataclass(frozen=True)
class Difference:
    """One thing that both runs measured.

    Parameters
    ----------
    measure
        `breaks` (share of paths on which it breaks by the horizon), `first` (share on which it is the first of its
        group to break), or `loss` (mean by the horizon).
    group, name, label
        `layer`, `firm`, `cohort` or `holder`; id, `none` or `all`; name as people know it, None for the latter.
    first, second
        Level in each run: a share, or USD m.
    change
        Second less first, with a range only where paths are paired.
    """

    measure: str
    group: str
    name: str
    label: str | None
    first: Probability | Estimate
    second: Probability | Estimate
    change: Estimate

    @property
    def unit(self) -> str:
        """USD m, or a share of paths."""
        return "musd" if self.measure == LOSS else "share"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs side by side.

    Parameters
    ----------
    first, second
        The runs.
    paths
        Paths that count in both, if they are paired; else the smaller number.
    unpaired
        Settings because of which paths are not paired; empty if they are.
    inputs
        What the runs were given differently.
    unseen
        Inputs that differ, but of which the runs do not say how: `scenario`, `book`, `order of rows`.
    differences
        What they found.
    """

    first: Run
    second: Run
    paths: int
    unpaired: tuple[str, ...]
    inputs: tuple[InputChange, ...]
    unseen: tuple[str, ...]
    differences: tuple[Difference, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return the changes, second run less first, in USD m or shares of paths."""
        return _frame([(one, {"change": one.change.value, **_spread(one.change)}) for one in self.differences])

    def levels_frame(self) -> pl.DataFrame:
        """Return the levels of each run; `run` is `first` or `second`."""
        rows = [
            (one, {"run": run, "level": getattr(one, run).value, **_spread(getattr(one, run))})
            for one in self.differences
            for run in ("first", "second")
        ]
        return _frame(rows)

    def inputs_frame(self) -> pl.DataFrame:
        """Return what the runs were given differently, as text."""
        return pl.DataFrame(
            [vars(change) for change in self.inputs],
            dict.fromkeys(("section", "item", "field", "first", "second"), pl.String),
        )


def _spread(found: Probability | Estimate) -> dict[str, float | None]:
    return {"low": found.low, "high": found.high, "mc_error": found.mc_error}


def _frame(rows: Sequence[tuple[Difference, dict[str, object]]]) -> pl.DataFrame:
    words = ("measure", "group", "name", "label", "unit")
    figures = dict.fromkeys(("change", "level", "low", "high", "mc_error"), pl.Float64)
    named = [{word: getattr(one, word) for word in words} | values for one, values in rows]
    kept = [column for column in ("run", *figures) if not named or column in named[0]]
    schema = {column: figures.get(column, pl.String) for column in (*words, *kept)}
    return pl.DataFrame(named, schema)


def compare(first: Run, second: Run, books: Sequence[Book] = ()) -> Comparison:
    """Compare two stored runs: what they were given, and what they found.

    Runs of one seed, with the same paths and draws, share their random numbers, and are compared path by path: what
    chance does to both alike is no part of the error of their difference. Others are compared as independent runs.

    Parameters
    ----------
    first, second
        The runs; changes are second less first.
    books
        Books that are not shipped, to find those of the runs among by their fingerprint.

    Raises
    ------
    RunError
        When the runs cannot be compared: they are the same one, or as-of month or horizon differ.

    References
    ----------
    D. G. Bonett and R. M. Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", Journal of Educational and Behavioral Statistics 37 (2012) (one more path for each way to differ).

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import deflator
    >>> with TemporaryDirectory() as folder:
    ...     runs = [
    ...         deflator.run("fibre-2001", deflator.load_scenario("base", changes), 64, 8, out=f"{folder}/{number}").raw
    ...         for number, changes in enumerate([[], ["rent.level=0.5"]])
    ...     ]
    ...     compared = compare(*runs)
    >>> compared.unpaired, compared.inputs_frame()["field"].to_list()
    ((), ['level'])
    """
    _check(first, second)
    unpaired = tuple(name for name in DRAWN if getattr(first.manifest, name) != getattr(second.manifest, name))
    inputs, unseen = _inputs(first, second, books)
    sides = [_Side(first), _Side(second)]
    losing = {ALL, *sides[0].holders, *sides[1].holders}
    keys = [key for key in sides[0].keys if key in sides[1].keys and (key[0] != LOSS or key[2] in losing)]
    change = None if unpaired else _Moments(len(keys), first.manifest.draws)
    if change:
        for one, other in zip(sides[0].worth(keys), sides[1].worth(keys), strict=False):
            _, here, there = np.intersect1d(one[0], other[0], assume_unique=True, return_indices=True)
            change.add(one[0][here], other[1][:, there] - one[1][:, here])
    else:
        for side in sides:
            for _ in side.worth(keys):
                pass
    paths = int(change.paths.sum()) if change else min(int(side.moments.paths.sum()) for side in sides)
    if not paths:
        message = "no path counts in both runs"
        raise RunError([Fault("", 0, "RUN", message, "run them again with another seed")])
    differences = tuple(_difference(number, key, sides, change) for number, key in enumerate(keys))
    return Comparison(first, second, paths, unpaired, tuple(inputs), tuple(unseen), differences)


def _check(first: Run, second: Run) -> None:
    one, other = first.manifest, second.manifest
    if first.folder.resolve() == second.folder.resolve():
        message = f"{one.run} is compared with itself"
        raise RunError([Fault("", 0, "RUN", message, "name another run; `deflator runs` lists them")])
    faults = [
        Fault("", 0, "RUN", f"the runs differ in {words}: {getattr(one, name)} and {getattr(other, name)}",
              "losses and breaks by the horizon need the same months: run one of them again")
        for name, words in (("as_of", "their as-of month"), ("months", "their months"))
        if getattr(one, name) != getattr(other, name)
    ]  # fmt: skip
    if faults:
        raise RunError(faults)


def _inputs(first: Run, second: Run, books: Sequence[Book]) -> tuple[list[InputChange], list[str]]:
    """Return what was given differently, and what of it is not known."""
    found, unseen = settings_changes(first, second), []
    one, other = first.manifest, second.manifest
    if one.scenario["fingerprint"] != other.scenario["fingerprint"]:
        scenarios = [run.scenario() for run in (first, second)]
        if scenarios[0] and scenarios[1]:
            found += scenario_changes(scenarios[0], scenarios[1])
        else:
            unseen.append("scenario")
    if one.book["fingerprint"] != other.book["fingerprint"]:
        known = [find_book(run, books) for run in (first, second)]
        if known[0] and known[1]:
            changes = book_changes(known[0], known[1])
            found += changes
            unseen += [] if changes else ["order of rows"]
        else:
            unseen.append("book")
    return found, unseen


class _Moments:
    """Sums, sums of squares and signs of what differs by path, by draw."""

    def __init__(self, rows: int, draws: int) -> None:
        self.draws = draws
        self.paths = np.zeros(draws, np.int64)
        self.sums, self.squares = np.zeros((2, rows, draws))
        self.up, self.down = np.zeros((2, rows), np.int64)

    def add(self, path: NDArray[np.int64], values: Floats) -> None:
        """Count some paths; `values` has shape [row, path]."""
        draw = path % self.draws
        self.paths += np.bincount(draw, minlength=self.draws)
        for row, value in enumerate(values):
            self.sums[row] += np.bincount(draw, value, self.draws)
            self.squares[row] += np.bincount(draw, value**2, self.draws)
        self.up += (values > 0.0).sum(axis=1)
        self.down += (values < 0.0).sum(axis=1)


Key = tuple[str, str, str]


class _Side:
    """One of the two runs: what it measured by path, and the moments of that."""

    def __init__(self, run: Run) -> None:
        self.run, self.chance = run, run.manifest.chance
        entities = run.entities()
        self.layers: list[Layer] = layers_of(entities)
        self.labels = dict(entities.select("entity", "name").iter_rows())
        self.entities = entities["entity"].to_list()
        ranked = entities.with_row_index("position").filter(pl.col("layer") != "world")
        self.positions = {
            "firm": ranked.filter(pl.col("members") == 1)["position"].to_numpy(),
            "cohort": ranked.filter(pl.col("members") > 1)["position"].to_numpy(),
        }
        self.names = {"layer": [layer.name for layer in self.layers]}
        self.names |= {group: [self.entities[int(at)] for at in found] for group, found in self.positions.items()}
        lost = run.scan("losses").select(pl.col("holder").cast(pl.String)).unique().collect()["holder"]
        self.holders = set(lost)
        rows: list[Key] = []
        for group in GROUPS:
            rows += [(BREAKS, group, name) for name in self.names[group]]
            rows += [(FIRST, group, name) for name in (*self.names[group], NONE)] if self.names[group] else []
        # Who loses nothing here may lose in the other run, so everybody has a row.
        rows += [(LOSS, "holder", name) for name in (ALL, *self.entities)]
        self.keys = {key: row for row, key in enumerate(rows)}
        self.moments = _Moments(0, run.manifest.draws)
        self.share = run.draws()["layer_break_share"].to_numpy()

    def worth(self, keys: Sequence[Key]) -> Iterator[tuple[NDArray[np.int64], Floats]]:
        """Yield numbers of paths and what was measured on them, shape [key, path], and count it."""
        order = [self.keys[key] for key in keys]
        self.moments = _Moments(len(keys), self.run.manifest.draws)
        good = self.run.paths().filter(pl.col("status") == "ok")["path"].to_numpy().astype(np.int64)
        start = 0
        for batch in batches(self.run):
            path = good[start : start + batch.draw.size]
            start += batch.draw.size
            worth = np.concatenate([*self._breaks(batch), self._losses(path)])[order]
            self.moments.add(path, worth)
            yield path, worth

    def _breaks(self, batch: Batch) -> Iterator[Floats]:
        share = self.share[batch.draw]
        months = {group: batch.hard_month[at] for group, at in self.positions.items()}
        layers = [layer_break(batch.hard_month[layer.entities], layer, share, OBLIGORS)[0] for layer in self.layers]
        months["layer"] = np.stack(layers)
        for group in GROUPS:
            if self.names[group]:
                yield (months[group] > 0).astype(np.float64)
                yield first_credit(months[group])

    def _losses(self, path: NDArray[np.int64]) -> Floats:
        """Return the loss of all holders and of each entity, shape [1 + entity, path]."""
        rows = self.run.scan("losses").filter(pl.col("path").is_between(int(path[0]), int(path[-1]))).collect()
        names = pl.Enum(self.entities)
        holder = rows["holder"].cast(pl.String).cast(names).to_physical().to_numpy()
        lost = np.zeros((1 + len(self.entities), path.size))
        lost[1 + holder.astype(np.intp), np.searchsorted(path, rows["path"].to_numpy())] = rows["loss_musd"].to_numpy()
        lost[0] = lost[1:].sum(axis=0)
        return lost

    def level(self, row: int, share: bool) -> Probability | Estimate:
        """Return the mean over paths of what was measured."""
        found = self.moments
        return (probability if share else estimate)(found.sums[row], found.squares[row], found.paths, self.chance)


def _difference(number: int, key: Key, sides: Sequence[_Side], change: _Moments | None) -> Difference:
    measure, group, name = key
    first, second = (side.level(number, measure != LOSS) for side in sides)
    if change is None:
        # Independent runs: squares of errors add up, and nothing is known of the range of the difference.
        found = Estimate(second.value - first.value, None, None, math.hypot(first.mc_error, second.mc_error))
    else:
        sums, squares = change.sums[number], change.squares[number]
        found = estimate(sums, squares, change.paths, sides[0].chance)
        if measure != LOSS:
            error = max(found.mc_error, _floor(change.up[number], change.down[number], int(change.paths.sum())))
            found = Estimate(found.value, found.low, found.high, error)
    label = None if name in (NONE, ALL) else sides[0].labels.get(name, name)
    return Difference(measure, group, name, label, first, second, found)


def _floor(up: int, down: int, paths: int) -> float:
    """Return the error of a change of shares with one more path that goes up and one that goes down.

    Examples
    --------
    >>> round(_floor(0, 0, 98), 4), round(_floor(20, 5, 98), 4)
    (0.0141, 0.0497)
    """
    more, less = (up + 1) / (paths + 2), (down + 1) / (paths + 2)
    return math.sqrt((more + less - (more - less) ** 2) / (paths + 2))
