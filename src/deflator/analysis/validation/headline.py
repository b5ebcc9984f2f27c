"""The headline of a question in a few numbers, taken in memory, so that hundreds of them can be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from deflator.analysis.breaks import NONE, Tally
from deflator.analysis.counts import HEADLINE, Counts, Reading
from deflator.analysis.probability import Probability
from deflator.analysis.replay import Setting
from deflator.analysis.trials import simulate_all
from deflator.engine import Paths
from deflator.ensemble import entity_table
from deflator.ensemble.tables import chunk_tables

#: What is ranked.
KINDS = ("layer", "firm")


@dataclass(frozen=True)
class Headline:
    """Who breaks first, and how often each breaks.

    Parameters
    ----------
    leaders
        By kind: the outcome that is first most often; `none` where each is first only seldom.
    first, breaks
        By kind and name: how often an outcome is first, and how often it breaks.
    """

    leaders: Mapping[str, str]
    first: Mapping[str, Mapping[str, Probability]]
    breaks: Mapping[str, Mapping[str, Probability]]

    def lead(self, kind: str, over: str) -> float:
        """Return in how many standard errors the leader is ahead of another outcome; 0 of itself.

        The error of the difference is taken as that of two counts of the same paths that exclude each other, and never
        below either error alone.
        """
        leader = self.leaders[kind]
        if leader == over:
            return 0.0
        one, other = self.first[kind].get(leader), self.first[kind].get(over)
        ahead = (one.value if one else 0.0) - (other.value if other else 0.0)
        error = math.hypot(one.mc_error if one else 0.0, other.mc_error if other else 0.0)
        return ahead / error if error > 0.0 else 0.0


def measure(setting: Setting, paths: int | None = None) -> Headline:
    """Simulate a question and read its headline.

    Parameters
    ----------
    setting
        From `prepare`.
    paths
        How many; those of the question when None.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=64, draws=8))
    >>> sorted(measure(setting).leaders)
    ['firm', 'layer']
    """
    counts = count(setting, simulate_all(setting, paths), [HEADLINE])
    return read(counts, HEADLINE, setting.question.chance)


def count(setting: Setting, found: Paths, readings: Sequence[Reading]) -> Counts:
    """Return the tallies of simulated paths under some readings."""
    economy = setting.economy
    entities = entity_table(setting.question.book_used, economy)
    shares = pl.DataFrame({"layer_break_share": setting.figures.parameter("layer_break_share")})
    counts = Counts(entities, shares, economy.months, readings)
    rows = chunk_tables(found, 0, economy.draws, economy.entities)
    counts.add_rows(rows["paths"], rows["breaks"])
    return counts


def read(counts: Counts, reading: Reading, chance: bool) -> Headline:
    """Return the headline under one reading; of a reading that splits cohorts, firms stand beside tenths of cohorts."""
    firms = counts.with_tenths[reading.soft] if reading.split else counts.by_entity["firm", reading.soft]
    tallies: dict[str, Tally] = {"layer": counts.by_layer[reading], "firm": firms}
    first, breaks = {}, {}
    for kind, tally in tallies.items():
        names = [*tally.names, NONE]
        first[kind] = {name: tally.p_first(place, chance) for place, name in enumerate(names)}
        breaks[kind] = {name: tally.p_break(place, chance) for place, name in enumerate(tally.names)}
    return Headline({kind: tally.leader() for kind, tally in tallies.items()}, first, breaks)
