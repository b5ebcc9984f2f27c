"""How exact the headline is while paths come in, so that a run can stop when that is enough."""

from __future__ import annotations

import polars as pl

from deflator.analysis.breaks import Tally
from deflator.analysis.counts import HEADLINE, Counts
from deflator.analysis.probability import Probability


class HeadlineError:
    """The largest Monte Carlo error among the probabilities of the headline.

    These are, for every layer, firm and cohort, that it breaks first and that it breaks at all, and that none does. The
    error of each is `Probability.mc_error`, which is nested: what is not known is a sample of draws, and what chance
    does a sample of paths of each. More paths of the same draws cannot make it smaller than what the draws leave.

    Parameters
    ----------
    entities, draws
        The tables of the run by these names.
    months
        Horizon.
    chance
        Whether paths of one draw differ.
    """

    def __init__(self, entities: pl.DataFrame, draws: pl.DataFrame, months: int, chance: bool) -> None:
        self._counts = Counts(entities, draws, months, [HEADLINE])
        self._chance = chance

    def add(self, paths: pl.DataFrame, breaks: pl.DataFrame) -> float:
        """Count the next paths, from their rows in the tables `paths` and `breaks`; return the error of all so far."""
        self._counts.add_rows(paths, breaks)
        tallies = (*self._counts.by_layer.values(), *self._counts.by_entity.values())
        if not all(tally.paths.any() for tally in tallies):
            return 1.0
        errors = [
            found.mc_error
            for tally in tallies
            for outcome in range(len(tally.names) + 1)
            for found in (tally.p_first(outcome, self._chance), *self._broke(tally, outcome))
        ]
        return max(errors)

    def _broke(self, tally: Tally, outcome: int) -> list[Probability]:
        """Return how likely an outcome breaks at all; nothing of the outcome that none does."""
        return [tally.p_break(outcome, self._chance)] if outcome < len(tally.names) else []
