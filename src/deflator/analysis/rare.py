"""Breaks too rare to count: splitting over the months of the economy.

A path that comes near to a break is continued several times from that month on, under path numbers of their own, so
that each continuation has fresh noise. That is what the engine's noise is like anyway: independent month by month.
What was drawn at the start, figures that are not known and delays, stays with all of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import TAIL, Probability
from deflator.analysis.replay import Floats, Setting, cash_buffer
from deflator.analysis.splitting import (
    KEYS_PER_STAGE,
    MOST_LEVELS,
    Advance,
    NoProgress,
    Replication,
    Splitting,
    choose_levels,
    put_together,
    replicate,
    rule_of_three,
)
from deflator.book.months import month_at
from deflator.engine.extended import advance
from deflator.engine.layout import LANES, LENDER, RECORDS, kinds_of, name_of
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather
from deflator.engine.setup import start_block
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

#: Score of a path on which the entity has broken; every other score is below `_NEAR`.
EVENT = 1.0
_NEAR = 0.99
#: Replications have path numbers of their own below those of the plain comparison.
MOST_REPLICATIONS = 512
MOST_PARTICLES = 32_768
_CHANGING = ("State", "Flag", "Lane")
_HALF = 0.5
_SMALL = 1e-9
#: Share of pilot paths above which an event is not rare.
_NOT_RARE = 0.02
_KEYS = KEYS_PER_STAGE * MOST_LEVELS
#: Path numbers of the plain comparison, beyond those of every replication.
_PLAIN_KEY = 1 << 31
_NOTHING = np.zeros(0)
Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class Particle:
    """A path in the middle of its course.

    Parameters
    ----------
    month
        Last month it has been through; -1 before it has started.
    draw
        Its draw of the figures that are not known.
    score
        How near the entity is to a break, 0 to 1.
    column
        All that changes on a path, one field after the other; empty before it has started. Whole numbers stand in it
        as they are, since they are far below 2**53.
    """

    month: int
    draw: int
    score: float
    column: Floats


class Breaking:
    """Paths of an economy on their way to the break of an entity, as a process that can be split.

    Parameters
    ----------
    setting
        From `prepare`.
    position
        Of the entity.
    last
        Month by which it has to break.
    """

    def __init__(self, setting: Setting, position: int, last: int) -> None:
        self._setting, self._position, self._last = setting, position, last
        self._block = allocate(setting.economy, LANES)
        self._arrays = [
            getattr(getattr(self._block, name_of(record)), field).reshape(-1, LANES)
            for record in RECORDS
            for field, kind in kinds_of(record).items()
            if kind in _CHANGING
        ]
        self._counts = [
            getattr(getattr(self._block, name_of(record)), field)
            for record in RECORDS
            for field, kind in kinds_of(record).items()
            if kind == "Count"
        ]
        ends = np.cumsum([len(array) for array in self._arrays])
        self._rows = [slice(end - len(array), end) for end, array in zip(ends, self._arrays, strict=True)]
        self._columns = np.zeros((LANES, int(ends[-1])))
        #: Months simulated so far, over all paths.
        self.path_months = 0

    def begin(self, count: int, first_key: int) -> Sequence[Particle]:
        """Return paths before their start, which take the draws of the figures in turn."""
        draws = self._setting.economy.draws
        return [Particle(-1, number % draws, 0.0, _NOTHING) for number in range(count)]

    def advance(self, states: Sequence[Particle], first_key: int, level: float) -> Advance[Particle]:
        """Continue paths, each with the noise of its key, up to the level or to the last month."""
        entries: list[Particle | None] = [None] * len(states)
        peaks = np.array([state.score for state in states])
        waiting = []
        for number, state in enumerate(states):
            if state.score >= level:
                entries[number] = state
            else:
                waiting.append(number)
        # Lanes of a block go through the months together, so those that join in about the same month share one.
        waiting.sort(key=lambda number: states[number].month)
        for first in range(0, len(waiting), LANES):
            self._run(waiting[first : first + LANES], states, first_key, level, entries, peaks)
        return Advance([entry for entry in entries if entry is not None], peaks)

    def _run(
        self,
        numbers: Sequence[int],
        states: Sequence[Particle],
        first_key: int,
        level: float,
        entries: list[Particle | None],
        peaks: Floats,
    ) -> None:
        """Run one block of paths from where the first of them stands."""
        block, economy = self._block, self._setting.economy
        seed, chance = np.uint64(self._setting.question.seed), self._setting.question.chance
        filled = np.array([*numbers, *[numbers[0]] * (LANES - len(numbers))])
        block.paths[:] = (first_key + filled).astype(np.uint64)
        joins = np.array([states[number].month for number in filled])
        month = max(int(joins.min()), 0)
        forget(block)
        if joins[0] < 0:
            block.draw[:] = [states[number].draw for number in filled]
            gather(economy.figures, block.draw, block.figures)
            start_block(block, economy.months, seed, chance)
            joins[:] = 0
        else:  # lanes that join later hold the first path until then, and what it does there is thrown away
            first = states[filled[0]]
            here = [states[number] if join == month else first for number, join in zip(filled, joins, strict=True)]
            self._load(np.arange(LANES), here)
        going = np.arange(LANES) < len(numbers)
        while True:
            scores = nearness(block, self._position)
            seen = going & (joins <= month)
            np.maximum.at(peaks, filled[seen], scores[seen])
            there = np.flatnonzero(seen & (scores >= level))
            for lane, particle in zip(there, self._save(there, month, scores), strict=True):
                entries[filled[lane]] = particle
            going[there] = False
            if month == self._last or not going.any():
                return
            self.path_months += int((going & (joins <= month)).sum())
            month += 1
            advance(economy, month, seed, chance, block)
            joining = np.flatnonzero((joins == month) & going)
            if joining.size:
                self._load(joining, [states[filled[lane]] for lane in joining])

    def _load(self, lanes: NDArray[np.intp], particles: Sequence[Particle]) -> None:
        """Put paths into lanes of the block."""
        columns = self._columns[: len(particles)]
        for row, particle in zip(columns, particles, strict=True):
            row[:] = particle.column
        for rows, array in zip(self._rows, self._arrays, strict=True):
            array[:, lanes] = columns[:, rows].T
        for count in self._counts:  # they say what can be skipped, and know nothing of who joined
            count[...] = 1
        self._block.draw[lanes] = [particle.draw for particle in particles]
        gather(self._setting.economy.figures, self._block.draw, self._block.figures)

    def _save(self, lanes: NDArray[np.intp], month: int, scores: Floats) -> list[Particle]:
        """Copy paths out of lanes of the block."""
        if not lanes.size:
            return []
        columns = np.concatenate([array[:, lanes] for array in self._arrays]).T.copy()
        return [
            Particle(month, int(self._block.draw[lane]), float(scores[lane]), column)
            for lane, column in zip(lanes, columns, strict=True)
        ]


def nearness(block: Record, position: int) -> Floats:
    """Return how near an entity is to its break, 0 to 1 and 1 where it has happened, shape [lane].

    For a firm it falls with cash over its buffer, for a lender it is the share of capital lost, for a cohort half of it
    is the share of members broken, over the half that breaks it.
    """
    entities, at = block.entities, slice(position, position + 1)
    least, due, ebitda = entities.minimum_liquidity[at], entities.scheduled_due[at], entities.ebitda[at]
    buffer = cash_buffer(block.world.parameters, least, due, ebitda)[0]
    if entities.layer[position] == LENDER:
        near = entities.lost[position] / np.maximum(entities.capital[position], _SMALL)
    else:
        near = buffer / np.maximum(buffer + np.maximum(entities.cash[position], 0.0), _SMALL)
    if entities.cohort[position]:
        near = 0.5 * (near + np.minimum(entities.broken_share[position] / _HALF, 1.0))
    return np.where(entities.break_month[position] > 0, EVENT, _NEAR * np.clip(near, 0.0, 1.0))


@dataclass(frozen=True)
class Plain:
    """What counting finds at the same cost.

    Parameters
    ----------
    paths, breaks
        Paths simulated, and those on which the entity breaks.
    value, error
        Share, and its standard error; where nothing was seen the error is None.
    relative_error
        Of counting that many paths, if the probability is that of splitting.
    """

    paths: int
    breaks: int
    value: float
    error: float | None
    relative_error: float


@dataclass(frozen=True, eq=False)
class Rare:
    """The probability of a rare break.

    Parameters
    ----------
    entity, name
        Id, and name as people know it.
    by
        Month by which it breaks, YYYY-MM.
    probability
        With the range over what is not known and the Monte Carlo error, that of a sample of draws included.
    relative_error
        Standard error of the estimates for these draws, over the probability.
    levels
        Scores between start and break, rising; the last one is the break.
    shares
        Probability of reaching each level from the one before.
    estimates
        Independent estimates whose mean is the probability.
    particles
        Paths followed in each stage of each of them.
    path_months
        Months simulated for the estimates.
    pilot_share
        Share of the pilot's own plain paths on which it breaks.
    draws_hit
        Draws of what is not known in which a break was seen.
    plain
        Plain Monte Carlo of the same cost.
    """

    entity: str
    name: str
    by: str
    probability: Probability
    relative_error: float
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    estimates: tuple[float, ...]
    particles: int
    path_months: int
    pilot_share: float
    draws_hit: int
    plain: Plain

    @property
    def times_cheaper(self) -> float:
        """How many times as long counting would take for the same relative error."""
        return (self.plain.relative_error / self.relative_error) ** 2

    @property
    def disagree(self) -> bool:
        """Whether splitting and counting differ by more than three standard errors of their difference."""
        counted = math.sqrt(self.probability.value / self.plain.paths)
        return abs(self.probability.value - self.plain.value) > 3.0 * math.hypot(self.probability.mc_error, counted)

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each level: its score, the share that reaches it, and the probability of getting there."""
        return pl.DataFrame(
            {"level": self.levels, "share": self.shares, "probability": np.cumprod(self.shares).tolist()}
        )


def rare(
    setting: Setting,
    position: int,
    last: int,
    replications: int = 8,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Rare:
    """Estimate how likely the break of an entity is, where it is too rare to count.

    Parameters
    ----------
    setting
        From `prepare`; its paths are the particles of every stage, rounded up to the same number for each draw.
    position
        Of the entity, from `position_of`.
    last
        Month by which it breaks.
    replications
        Independent estimates, at least 2, from which the error is taken.
    progress
        Told the parts done and the parts there are.
    threads
        Threads to use; they change no result.

    Raises
    ------
    RunError
        When the event is not rare, or no path gets near it.

    References
    ----------
    Rubino and Tuffin (eds.) (2009), Rare Event Simulation using Monte Carlo Methods, chapter 3: splitting.
    """
    _check(setting, last, replications)
    draws = setting.economy.draws
    particles = draws * math.ceil(setting.question.paths_used / draws)
    entity = setting.economy.entities[position]
    total = 2 * replications + 1
    try:
        levels, pilot_share = choose_levels(Breaking(setting, position, last), EVENT, particles)
    except NoProgress as stopped:
        raise _nothing_near(setting, entity, last, particles, len(stopped.levels)) from None
    if pilot_share >= _NOT_RARE:
        raise _not_rare(setting, entity, last, pilot_share, particles)
    if progress:
        progress(1, total)

    def once(number: int) -> tuple[Replication[Particle], int]:
        process = Breaking(setting, position, last)
        found = replicate(process, levels, particles, (1 + number) * _KEYS)
        return Replication(found.estimate, found.reached, [_bare(one) for one in found.events]), process.path_months

    done = _side_by_side(once, replications, threads, lambda count: progress and progress(1 + count, total))
    found = put_together([one for one, _ in done], particles)
    cost = sum(months for _, months in done)
    if found.probability == 0.0:
        raise _nothing_near(setting, entity, last, particles * replications, int((found.shares > 0.0).sum()))

    def count(number: int) -> int:
        each = max(particles, round(cost / last / replications))
        process = Breaking(setting, position, last)
        peaks = process.advance(process.begin(each, 0), _PLAIN_KEY + number * each, math.inf).peaks
        return int((peaks >= EVENT).sum())

    breaks = _side_by_side(
        count, replications, threads, lambda count: progress and progress(1 + replications + count, total)
    )
    plain = _plain(sum(breaks), replications * max(particles, round(cost / last / replications)), found.probability)
    by_draw = _by_draw([one for one, _ in done], draws)
    return Rare(
        entity=entity,
        name=setting.labels[entity],
        by=month_at(last, setting.question.book.as_of),
        probability=_with_range(found, by_draw, setting.question.chance),
        relative_error=found.relative_error,
        levels=tuple(levels),
        shares=tuple(found.shares.tolist()),
        estimates=tuple(one.estimate for one, _ in done),
        particles=particles,
        path_months=cost,
        pilot_share=pilot_share,
        draws_hit=int((by_draw > 0.0).any(axis=0).sum()),
        plain=plain,
    )


def _check(setting: Setting, last: int, replications: int) -> None:
    """Refuse what splitting cannot work with."""
    faults = []
    if not setting.question.chance:
        message = "without chance a path has no noise to split"
        faults.append(Fault("", 0, "--chance", message, "leave chance on"))
    if not 1 <= last <= setting.economy.months:
        allowed = (month_at(month, setting.question.book.as_of) for month in (1, setting.economy.months))
        message = f"month {last} is not simulated"
        faults.append(Fault("", 0, "--by", message, f"use {' to '.join(allowed)}"))
    if not 2 <= replications <= MOST_REPLICATIONS:
        message = f"{replications} is out of range"
        faults.append(Fault("", 0, "--replications", message, f"use a number from 2 to {MOST_REPLICATIONS}"))
    if setting.question.paths_used > MOST_PARTICLES:
        message = f"{setting.question.paths_used:,} is out of range"
        faults.append(Fault("", 0, "--paths", message, f"use a number up to {MOST_PARTICLES:,}"))
    if faults:
        raise RunError(faults)


def _side_by_side(
    work: Callable[[int], Part], count: int, threads: int | None, tell: Callable[[int], object]
) -> list[Part]:
    """Do the work for each number on several threads, in order."""
    parts = []
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        try:
            for number, part in enumerate(pool.map(work, range(count)), 1):
                parts.append(part)
                tell(number)
        finally:
            pool.shutdown(cancel_futures=True)
    return parts


def _bare(particle: Particle) -> Particle:
    """Return a particle without what it would take to go on with it."""
    return Particle(particle.month, particle.draw, particle.score, _NOTHING)


def _plain(breaks: int, paths: int, probability: float) -> Plain:
    share = breaks / paths
    error = math.sqrt(share * (1.0 - share) / paths) if breaks else None
    return Plain(paths, breaks, share, error, math.sqrt((1.0 - probability) / (probability * paths)))


def _by_draw(replications: Sequence[Replication[Particle]], draws: int) -> Floats:
    """Return an unbiased estimate for each draw, replication by replication, shape [replication, draw]."""
    found = np.zeros((len(replications), draws))
    for row, one in zip(found, replications, strict=True):
        if one.events:
            hits = np.bincount([event.draw for event in one.events], minlength=draws)
            row[:] = one.estimate * draws * hits / len(one.events)
    return found


def _with_range(found: Splitting, by_draw: Floats, chance: bool) -> Probability:
    """Return the probability with its range over draws, whose own estimates are drawn together by their noise.

    The variance between the draws' means is that between draws and that of the means; the second is known from how
    much replications differ, and is taken out, as `analysis.probability` does it.
    """
    if by_draw.shape[1] < 2:
        return Probability(found.probability, None, None, found.error)
    means = by_draw.mean(axis=0)
    noise = float(by_draw.var(axis=0, ddof=1).mean()) / len(by_draw) if chance else 0.0
    seen = float(means.var(ddof=1))
    narrowing = math.sqrt(max(0.0, 1.0 - noise / seen)) if seen > 0.0 else 0.0
    # The draws are a sample too: what lies between them is part of the error, as it is of every other probability.
    error = math.hypot(found.error, math.sqrt(max(seen - noise, 0.0) / len(means)))
    between = np.clip(found.probability + narrowing * (means - found.probability), 0.0, 1.0)
    low, high = np.quantile(between, [TAIL, 1.0 - TAIL])
    return Probability(
        found.probability, min(float(low), found.probability), max(float(high), found.probability), error
    )


def _not_rare(setting: Setting, entity: str, last: int, share: float, paths: int) -> RunError:
    error = math.sqrt(share * (1.0 - share) / paths)
    by = month_at(last, setting.question.book.as_of)
    message = f"{entity} breaks by {by} on {share:.1%} ± {error:.1%} of {paths:,} plain paths: that is not rare"
    return RunError([Fault("", 0, "ENTITY", message, "count it: `deflator run`")])


def _nothing_near(setting: Setting, entity: str, last: int, paths: int, passed: int) -> RunError:
    """Return the refusal, with what the paths that began at the start allow; those split off later allow no more."""
    by = month_at(last, setting.question.book.as_of)
    message = (
        f"no path on which {entity} breaks by {by} was found, and after {passed} levels none came nearer; the "
        f"{paths:,} independent paths allow up to {rule_of_three(paths):.2g} with 95 % confidence"
    )
    return RunError([Fault("", 0, "ENTITY", message, "ask for a later month, a harsher scenario or more --paths")])
