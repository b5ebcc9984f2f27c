"""Who breaks first: months of breaks per path, joined to layers, and counted.

Nothing here holds all paths at once; batches have a fixed size, so figures do not depend on how a run was
cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import Probability, probability
from deflator.engine.codes import Cause, Trigger
from deflator.engine.layout import TENTHS, YARDSTICKS
from deflator.ensemble import Run
from deflator.ensemble.tables import TENTH_MONTHS, yardstick_column

Months = NDArray[np.int16]
Codes = NDArray[np.int8]

#: The outcome that nothing breaks.
NONE = "none"
#: Share of paths below which an outcome is counted, but neither leads a ranking nor is worth a row in print.
SELDOM = 0.005
_BATCH = 16_384
_NEVER = np.iinfo(np.int16).max


@dataclass(frozen=True)
class Batch:
    """Breaks on some of the paths of a run, failed paths left out.

    Parameters
    ----------
    draw
        Draw of each path, shape [path].
    hard_month, soft_month
        Month of the first break of each kind, 0 for none; shape [entity, path].
    hard_trigger, soft_trigger
        `Trigger` of that break.
    cause
        `Cause` with the largest part in the shortfall at the hard break.
    tenth_month
        Month by which each tenth of a cohort had broken, 0 for never; shape [entity, 10, path]. None where the run did
        not keep it.
    yardstick_month
        Month in which each layer of `YARDSTICKS` crossed a measure of its own, 0 for never; shape [3, path]. None where
        the run did not keep it.
    """

    draw: NDArray[np.int32]
    hard_month: Months
    soft_month: Months
    hard_trigger: Codes
    soft_trigger: Codes
    cause: Codes
    tenth_month: Months | None = None
    yardstick_month: Months | None = None

    def either(self) -> tuple[Months, Codes]:
        """Return month and trigger of the first break of either kind."""
        first = earlier(self.hard_month, self.soft_month)
        trigger = np.where(first == self.hard_month, self.hard_trigger, self.soft_trigger)
        return first, trigger


def earlier(one: Months, other: Months) -> Months:
    """Return the earlier of two months, of which 0 is never.

    Examples
    --------
    >>> earlier(np.array([0, 3, 5, 0], np.int16), np.array([4, 0, 2, 0], np.int16)).tolist()
    [4, 3, 2, 0]
    """
    both = np.minimum(np.where(one > 0, one, _NEVER), np.where(other > 0, other, _NEVER))
    return np.where(both == _NEVER, 0, both).astype(np.int16)


def batches(run: Run) -> Iterator[Batch]:
    """Yield the breaks of a run, some paths at a time, in the order of paths."""
    names = pl.Enum(run.entities()["entity"])
    crossed = [yardstick_column(layer) for layer in YARDSTICKS] if run.manifest.format > 2 else []
    paths = run.scan("paths").select("path", "draw", "status", *crossed)
    breaks = run.scan("breaks")
    for first in range(0, run.manifest.paths, _BATCH):
        within = pl.col("path").is_between(first, first + _BATCH, closed="left")
        found = batch_of(paths.filter(within).collect(), breaks.filter(within).collect(), names)
        if found.draw.size:
            yield found


def batch_of(paths: pl.DataFrame, breaks: pl.DataFrame, names: pl.Enum) -> Batch:
    """Return the breaks on some paths, from their rows in the tables `paths` and `breaks`."""
    return _batch(breaks, paths.filter(pl.col("status") == "ok"), names)


def _batch(rows: pl.DataFrame, known: pl.DataFrame, names: pl.Enum) -> Batch:
    entity = rows["entity"].cast(pl.String).cast(names).to_physical().to_numpy()
    place = np.searchsorted(known["path"].to_numpy(), rows["path"].to_numpy())
    shape = (len(names.categories), known.height)

    def spread(values: NDArray, kind: type) -> NDArray:
        array: NDArray = np.zeros(shape, kind)
        array[entity, place] = values
        return array

    def codes(column: str, members: type[Trigger] | type[Cause]) -> Codes:
        words = pl.Enum([member.name.lower() for member in members])
        filled = rows[column].cast(pl.String).fill_null("none").cast(words)
        return spread(filled.to_physical().to_numpy(), np.int8)

    tenths = None
    if TENTH_MONTHS in rows.columns:
        kept = rows[TENTH_MONTHS].is_not_null().to_numpy()
        tenths = np.zeros((shape[0], TENTHS, shape[1]), np.int16)
        tenths[entity[kept], :, place[kept]] = rows[TENTH_MONTHS].drop_nulls().to_numpy().reshape(-1, TENTHS)
    columns = [yardstick_column(layer) for layer in YARDSTICKS]
    whole = set(columns) <= set(known.columns)
    return Batch(
        draw=known["draw"].to_numpy(),
        hard_month=spread(rows["month"].fill_null(0).to_numpy(), np.int16),
        soft_month=spread(rows["soft_month"].fill_null(0).to_numpy(), np.int16),
        hard_trigger=codes("trigger", Trigger),
        soft_trigger=codes("soft_trigger", Trigger),
        cause=codes("cause_1", Cause),
        tenth_month=tenths,
        yardstick_month=np.stack([known[one].fill_null(0).to_numpy() for one in columns]) if whole else None,
    )


@dataclass(frozen=True)
class Layer:
    """The entities of a layer and what makes the layer break.

    Parameters
    ----------
    name
        Layer.
    entities
        Positions of its entities in the run.
    exposure_musd
        Month-0 exposure of each.
    obligor
        Who answers for each: entities of one parent share a number.
    obligors
        How many independent obligors each stands for: 2 for a cohort of several firms, else 1.
    """

    name: str
    entities: NDArray[np.intp]
    exposure_musd: NDArray[np.float64]
    obligor: NDArray[np.intp]
    obligors: NDArray[np.intp]

    @property
    def independent(self) -> int:
        """Independent obligors in the layer, counted no further than two for each cohort."""
        first_of_each = np.unique(self.obligor, return_index=True)[1]
        return int(self.obligors[first_of_each].sum())


def layer_break(
    months: Months, layer: Layer, share: NDArray[np.float64] | float, obligors: int
) -> tuple[Months, NDArray[np.intp]]:
    """Find the month in which enough of a layer has broken.

    Parameters
    ----------
    months
        Month in which each entity of the layer broke, 0 for never; shape [entity of the layer, path].
    layer
        Exposures and obligors.
    share
        Share of the layer's month-0 exposure that has to break; one for all paths, or one for each.
    obligors
        Independent obligors that have to break.

    Returns
    -------
    tuple
        Month by path, 0 for never; and which entity of the layer completed the break.

    Examples
    --------
    Two landlords, 70 and 30 of exposure: the first breaks in month 5, the second in month 9 or never.

    >>> two = Layer("landlord", np.array([0, 1]), np.array([70.0, 30.0]), np.array([0, 1]), np.array([1, 1]))
    >>> months = np.array([[5, 5], [9, 0]], np.int16)
    >>> layer_break(months, two, share=0.25, obligors=2)[0].tolist()
    [9, 0]
    >>> layer_break(months, two, share=0.25, obligors=1)[0].tolist()
    [5, 5]
    """
    timed = np.where(months > 0, months, _NEVER)
    # Of breaks in the same month the larger exposure comes first, so that the pivotal entity is well defined.
    by_size = np.argsort(-layer.exposure_musd, kind="stable")
    order = by_size[np.argsort(timed[by_size], axis=0, kind="stable")]
    sorted_months = np.take_along_axis(timed, order, axis=0)
    broken = sorted_months < _NEVER
    exposure = np.where(broken, layer.exposure_musd[order], 0.0).cumsum(axis=0)
    count = (_opens_its_obligor(order, layer.obligor) * layer.obligors[order] * broken).cumsum(axis=0)
    needed = np.asarray(share) * layer.exposure_musd.sum()
    # The tolerance keeps a sum of exposures that equals the threshold from missing it by rounding.
    enough = broken & (count >= obligors) & (exposure >= needed * (1.0 - 1e-12))
    place = enough.argmax(axis=0)
    lane = np.arange(place.size)
    month = np.where(enough.any(axis=0), sorted_months[place, lane], 0).astype(np.int16)
    return month, order[place, lane]


def _opens_its_obligor(order: NDArray[np.intp], obligor: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mark, in the order of breaks, the first entity of each obligor."""
    answers = obligor[order]
    opens = np.ones(order.shape, np.bool_)
    for place in range(1, len(order)):
        opens[place] = ~(answers[:place] == answers[place]).any(axis=0)
    return opens


def first_credit(months: Months) -> NDArray[np.float64]:
    """Share the credit of breaking first.

    Parameters
    ----------
    months
        Month of each outcome's break, 0 for never; shape [outcome, path].

    Returns
    -------
    numpy.ndarray
        Shape [outcome + 1, path]: 1/n for each of n that break first in the same month; the last row is 1
        where nothing breaks. Every column sums to one.

    Examples
    --------
    >>> first_credit(np.array([[3, 0], [3, 0], [4, 0]], np.int16)).T.tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    timed = np.where(months > 0, months, _NEVER)
    earliest = timed.min(axis=0, initial=_NEVER)
    first = (timed == earliest) & (earliest < _NEVER)
    credit = first / np.maximum(first.sum(axis=0), 1)
    return np.vstack([credit, earliest == _NEVER])


class Tally:
    """Counts of first breaks and of breaks for competing outcomes, by draw.

    Parameters
    ----------
    names
        The outcomes; `none` is added as the last.
    draws, months
        Draws of the run and its horizon.
    """

    def __init__(self, names: Sequence[str], draws: int, months: int) -> None:
        self.names = list(names)
        outcomes = len(self.names)
        self.paths = np.zeros(draws, np.int64)
        self._first = np.zeros((outcomes + 1, draws))
        self._first_squared = np.zeros((outcomes + 1, draws))
        self._broke = np.zeros((outcomes, draws))
        self._months = np.zeros((outcomes, months + 1), np.int64)
        self._triggers = np.zeros((outcomes, len(Trigger)), np.int64)
        self._causes = np.zeros((outcomes, len(Cause)), np.int64)

    def add(self, draw: NDArray[np.int32], months: Months, triggers: Codes, causes: Codes) -> None:
        """Count some paths; `months`, `triggers` and `causes` have shape [outcome, path]."""
        draws = self.paths.size
        credit = first_credit(months)
        self.paths += np.bincount(draw, minlength=draws)
        for outcome, share in enumerate(credit):
            self._first[outcome] += np.bincount(draw, share, draws)
            self._first_squared[outcome] += np.bincount(draw, share**2, draws)
        for outcome, month in enumerate(months):
            broke = month > 0
            first = credit[outcome] > 0
            self._broke[outcome] += np.bincount(draw, broke, draws)
            self._months[outcome] += np.bincount(month[broke], minlength=self._months.shape[1])
            self._triggers[outcome] += np.bincount(triggers[outcome, broke], minlength=len(Trigger))
            self._causes[outcome] += np.bincount(causes[outcome, first], minlength=len(Cause))

    def p_first(self, outcome: int, chance: bool) -> Probability:
        """Return how likely an outcome is first; the one after the last name is that nothing breaks."""
        return probability(self._first[outcome], self._first_squared[outcome], self.paths, chance)

    def p_break(self, outcome: int, chance: bool) -> Probability:
        """Return how likely an outcome breaks by the horizon."""
        return probability(self._broke[outcome], self._broke[outcome], self.paths, chance)

    def median_month(self, outcome: int) -> int | None:
        """Return the lower median of the months of breaks; None where there are none."""
        reached = self._months[outcome].cumsum()
        return int(np.searchsorted(reached, (reached[-1] + 1) // 2)) if reached[-1] else None

    def trigger(self, outcome: int) -> Trigger:
        """Return the most frequent trigger of an outcome's breaks."""
        return Trigger(int(self._triggers[outcome].argmax()))

    def cause(self, outcome: int) -> Cause:
        """Return the most frequent leading cause of the breaks in which an outcome was first."""
        return Cause(int(self._causes[outcome].argmax()))

    def leader(self) -> str:
        """Return the name that is first most often; `none` where each is first only seldom."""
        shares = self._first[:-1].sum(axis=1) / self.paths.sum()
        return self.names[int(shares.argmax())] if shares.max(initial=0.0) >= SELDOM else NONE
