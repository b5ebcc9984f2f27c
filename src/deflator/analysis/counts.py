"""Every count that the answer of a run needs, taken in one pass over its paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import Batch, Layer, Tally, batch_of, batches, layer_break
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
    """

    share: float | None = None
    obligors: int = OBLIGORS
    soft: bool = False


HEADLINE = Reading()
WITH_SOFT = Reading(soft=True)
ONE_OBLIGOR = Reading(obligors=1)
#: The readings that must agree with the headline on who is first.
GATE = tuple(Reading(share, soft=soft) for soft in (False, True) for share in THRESHOLDS)
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
        How to read the paths for layers; firms and cohorts are read with soft breaks where one of these is.
    """

    def __init__(
        self, entities: pl.DataFrame, draws: pl.DataFrame, months: int, readings: Sequence[Reading] = READINGS
    ) -> None:
        self.entities = entities
        self.layers = layers_of(entities)
        self._names = pl.Enum(entities["entity"])
        self._share = draws["layer_break_share"].to_numpy()
        ranked = entities.with_row_index("position").filter(pl.col("layer") != "world")
        self.positions = {
            "firm": ranked.filter(pl.col("members") == 1)["position"].to_numpy(),
            "cohort": ranked.filter(pl.col("members") > 1)["position"].to_numpy(),
        }
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

    def add_rows(self, paths: pl.DataFrame, breaks: pl.DataFrame) -> None:
        """Count some paths, from their rows in the tables `paths` and `breaks`."""
        self.add(batch_of(paths, breaks, self._names))

    def _add(self, batch: Batch, soft: bool) -> None:
        months, triggers = batch.either() if soft else (batch.hard_month, batch.hard_trigger)
        for kind, positions in self.positions.items():
            self.by_entity[kind, soft].add(batch.draw, months[positions], triggers[positions], batch.cause[positions])
        lane = np.arange(batch.draw.size)
        for reading, tally in self.by_layer.items():
            if reading.soft != soft:
                continue
            share = self._share[batch.draw] if reading.share is None else reading.share
            found = [layer_break(months[layer.entities], layer, share, reading.obligors) for layer in self.layers]
            pivots = np.stack([layer.entities[pivot] for layer, (_, pivot) in zip(self.layers, found, strict=True)])
            layer_months = np.stack([month for month, _ in found])
            tally.add(batch.draw, layer_months, triggers[pivots, lane], batch.cause[pivots, lane])


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
