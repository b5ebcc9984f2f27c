"""Every count that the answer of a run needs, taken in one pass over its paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import Batch, Codes, Layer, Months, Tally, batch_of, batches, earlier, layer_break
from deflator.engine.layout import TENTHS, YARDSTICKS
from deflator.ensemble import Run

#: Shares of a layer's exposure at which the headline is recomputed.
THRESHOLDS = (0.15, 0.25, 0.40)
#: Independent obligors that have to break before a layer does.
OBLIGORS = 2


@dataclass(frozen=True)
class Reading:
    """One way to read the paths: what counts as a break.

    Parameters
    ----------
    share
        Share of a layer's month-0 exposure that has to break; None for the share that each draw carries.
    obligors
        Independent obligors that have to break with it.
    soft
        Whether soft breaks count as hard ones do.
    split
        Whether each cohort counts as ten obligors that break one by one, and not whole.
    """

    share: float | None = None
    obligors: int = OBLIGORS
    soft: bool = False
    split: bool = False


HEADLINE = Reading()
WITH_SOFT = Reading(soft=True)
ONE_OBLIGOR = Reading(obligors=1)
#: The readings that must agree with the headline on who is first.
GATE = tuple(
    Reading(share, soft=soft, split=split) for split in (False, True) for soft in (False, True) for share in THRESHOLDS
)
READINGS = (HEADLINE, WITH_SOFT, ONE_OBLIGOR, *GATE)


class Counts:
    """The tallies of a run.

    Parameters
    ----------
    entities, draws
        The tables of the run by these names.
    months
        Horizon.
    readings
        How to read the paths for layers; firms and cohorts are read with soft breaks, and tenths of cohorts among
        firms, where one of these is.
    """

    def __init__(
        self, entities: pl.DataFrame, draws: pl.DataFrame, months: int, readings: Sequence[Reading] = READINGS
    ) -> None:
        self.entities = entities
        self.layers = layers_of(entities)
        self._split = Split.of(entities)
        self._names = pl.Enum(entities["entity"])
        self._share = draws["layer_break_share"].to_numpy()
        self.positions = positions_of(entities)
        names = entities["entity"].to_list()
        self._soft = sorted({reading.soft for reading in readings})
        self.by_entity = {
            (kind, soft): Tally([names[position] for position in positions], draws.height, months)
            for kind, positions in self.positions.items()
            for soft in self._soft
        }
        self.by_layer = {
            reading: Tally([layer.name for layer in self.layers], draws.height, months) for reading in readings
        }
        self.with_tenths = {
            reading.soft: Tally(self._split.names, draws.height, months) for reading in readings if reading.split
        }
        self.yardsticks = Tally(YARDSTICKS, draws.height, months)

    @classmethod
    def of(cls, run: Run) -> Counts:
        """Return the tallies of a finished run, read a bounded number of paths at a time."""
        counts = cls(run.entities(), run.draws(), run.manifest.months)
        for batch in batches(run):
            counts.add(batch)
        return counts

    def add(self, batch: Batch) -> None:
        """Count some paths."""
        for soft in self._soft:
            self._add(batch, soft)
        for soft, tally in self.with_tenths.items():
            months, triggers, causes = self._split.read(batch, soft)
            ranked = self._split.ranked
            tally.add(batch.draw, months[ranked], triggers[ranked], causes[ranked])
            self._add_layers(batch, soft, self._split.layers, (months, triggers, causes))
        if batch.yardstick_month is not None:
            nothing = np.zeros(batch.yardstick_month.shape, np.int8)
            self.yardsticks.add(batch.draw, batch.yardstick_month, nothing, nothing)

    def add_rows(self, paths: pl.DataFrame, breaks: pl.DataFrame) -> None:
        """Count some paths, from their rows in the tables `paths` and `breaks`."""
        self.add(batch_of(paths, breaks, self._names))

    def _add(self, batch: Batch, soft: bool) -> None:
        months, triggers = batch.either() if soft else (batch.hard_month, batch.hard_trigger)
        for kind, positions in self.positions.items():
            self.by_entity[kind, soft].add(batch.draw, months[positions], triggers[positions], batch.cause[positions])
        self._add_layers(batch, soft, self.layers, (months, triggers, batch.cause))

    def _add_layers(self, batch: Batch, soft: bool, layers: Sequence[Layer], read: tuple[Months, Codes, Codes]) -> None:
        """Count the layers under every reading of these entities, or of these with cohorts split."""
        months, triggers, causes = read
        lane, split = np.arange(batch.draw.size), layers is self._split.layers
        for reading, tally in self.by_layer.items():
            if (reading.soft, reading.split) != (soft, split):
                continue
            share = self._share[batch.draw] if reading.share is None else reading.share
            found = [layer_break(months[layer.entities], layer, share, reading.obligors) for layer in layers]
            pivots = np.stack([layer.entities[pivot] for layer, (_, pivot) in zip(layers, found, strict=True)])
            layer_months = np.stack([month for month, _ in found])
            tally.add(batch.draw, layer_months, triggers[pivots, lane], causes[pivots, lane])


@dataclass(frozen=True)
class Split:
    """The entities of a run with every cohort as ten obligors.

    Parameters
    ----------
    names
        Of those that are ranked: firms, and tenths as `cohort:1` (the first to break) to `cohort:10`.
    layers
        Layers; their entities are rows of what `read` returns.
    ranked
        Rows of those that are in no world account.
    position
        Entity of the run that each row is of.
    tenth
        Which tenth of it, counted from 0; -1 for one that is no cohort.
    """

    names: list[str]
    layers: list[Layer]
    ranked: NDArray[np.intp]
    position: NDArray[np.intp]
    tenth: NDArray[np.intp]

    @classmethod
    def of(cls, entities: pl.DataFrame) -> Split:
        """Split the cohorts of the table `entities`.

        Examples
        --------
        >>> table = pl.DataFrame({
        ...     "entity": ["big", "small"], "layer": ["neocloud"] * 2, "members": [1, 150], "obligor": ["big", "small"],
        ...     "exposure_musd": [20.0, 30.0]})
        >>> split = Split.of(table)
        >>> split.names[:3], split.layers[0].exposure_musd[:3].tolist(), split.layers[0].independent
        (['big', 'small:1', 'small:2'], [20.0, 3.0, 3.0], 11)
        """
        parts = np.where(entities["members"].to_numpy() > 1, TENTHS, 1)
        position = np.repeat(np.arange(entities.height), parts)
        within = np.arange(position.size) - np.repeat(parts.cumsum() - parts, parts)
        tenth = np.where(parts[position] > 1, within, -1)
        cohort, number = pl.Series(tenth >= 0), pl.Series(tenth + 1).cast(pl.String)
        own = pl.when(cohort).then(pl.col("entity") + ":" + number)
        rows = entities[position].with_columns(
            entity=own.otherwise(pl.col("entity")),
            obligor=own.otherwise(pl.col("obligor")),
            members=pl.when(cohort).then(1).otherwise(pl.col("members")),
            exposure_musd=pl.col("exposure_musd") / pl.Series(parts[position]),
        )
        ranked = positions_of(rows)["firm"]
        return cls(rows["entity"].gather(ranked).to_list(), layers_of(rows), ranked, position, tenth)

    def read(self, batch: Batch, soft: bool) -> tuple[Months, Codes, Codes]:
        """Return month, trigger and cause of the break of each row.

        A soft break is one of the cohort as a whole, so it strikes each tenth that has not broken by then.
        """
        assert batch.tenth_month is not None
        hard = np.where(
            (self.tenth >= 0)[:, None], batch.tenth_month[self.position, self.tenth], batch.hard_month[self.position]
        )
        months = earlier(hard, batch.soft_month[self.position]) if soft else hard
        triggers = batch.either()[1] if soft else batch.hard_trigger
        return months, triggers[self.position], batch.cause[self.position]


def positions_of(entities: pl.DataFrame) -> dict[str, NDArray[np.intp]]:
    """Return the positions of named firms and of cohorts, which rank apart; world accounts are in neither."""
    ranked = entities.with_row_index("position").filter(pl.col("layer") != "world")
    return {
        "firm": ranked.filter(pl.col("members") == 1)["position"].to_numpy().astype(np.intp),
        "cohort": ranked.filter(pl.col("members") > 1)["position"].to_numpy().astype(np.intp),
    }


def layers_of(entities: pl.DataFrame) -> list[Layer]:
    """Return the layers of a run in the order of its book; world accounts are in none.

    Examples
    --------
    A captive lab and its parent answer together; a cohort of many firms is two obligors by itself.

    >>> table = pl.DataFrame({
    ...     "layer": ["lab", "lab", "neocloud"], "members": [1, 1, 150], "obligor": ["big", "other", "small"],
    ...     "exposure_musd": [10.0, 20.0, 30.0]})
    >>> [(layer.name, layer.independent) for layer in layers_of(table)]
    [('lab', 2), ('neocloud', 2)]
    """
    numbers = {name: number for number, name in enumerate(entities["obligor"].unique(maintain_order=True))}
    obligor = np.array([numbers[name] for name in entities["obligor"]], dtype=np.intp)
    stands_for = np.minimum(entities["members"].to_numpy(), OBLIGORS).astype(np.intp)
    exposure = entities["exposure_musd"].to_numpy()
    layer_of = np.array(entities["layer"].to_list())

    def layer(name: str) -> Layer:
        at: NDArray[np.intp] = np.flatnonzero(layer_of == name)
        return Layer(name, at, exposure[at], obligor[at], stands_for[at])

    return [layer(name) for name in dict.fromkeys(layer_of.tolist()) if name != "world"]
