"""Rare events by splitting: what comes nearer is followed up by several, each with noise of its own.

A process starts, moves in steps with fresh noise, and has a score that says how near it is to the event. Levels of the
score lie between the start and the event. In each stage as many particles as in the one before are continued from where
earlier ones entered the level below; the shares that reach the next level multiply to the probability. Nothing here
knows what the process is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = TypeVar("State")

#: Keys of noise that one stage may use; a multiple of the particles of any stage.
KEYS_PER_STAGE = 1 << 16
#: Stages for which keys are set aside in each replication.
MOST_LEVELS = 32


@dataclass(frozen=True, eq=False)
class Advance(Generic[State]):
    """What became of particles that were continued.

    Parameters
    ----------
    entries
        State of each particle that reached the level, when it first did so, in the order of the particles.
    peaks
        Largest score of each particle up to the end, or up to where it reached the level; shape [particle].
    """

    entries: Sequence[State]
    peaks: Floats


class Process(Protocol[State]):
    """What can be split."""

    def begin(self, count: int, first_key: int) -> Sequence[State]:
        """Return particles at the start."""

    def advance(self, states: Sequence[State], first_key: int, level: float) -> Advance[State]:
        """Continue particles until the score first reaches a level, particle n with the noise of key first_key + n.

        A state whose score has reached the level already is an entry as it stands. An infinite level is never reached.
        """


class NoProgress(Exception):  # noqa: N818
    """No particle came nearer to the event than the last level.

    Parameters
    ----------
    levels
        Levels found before.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        super().__init__(f"no progress beyond {len(levels)} levels")
        self.levels = levels


def choose_levels(
    process: Process[State], event: float, particles: int, share: float = 0.2, first_key: int = 0
) -> tuple[tuple[float, ...], float]:
    """Choose levels in a pilot run, so that about the same share of particles goes from each to the next.

    Its noise must not be used again: levels that were fitted to it would bias an estimate from it.

    Parameters
    ----------
    process
        What is split.
    event
        Score at which the event happens; the last level.
    particles
        Particles of each stage.
    share
        Share of them that should reach the next level.
    first_key
        Keys of noise from here on are used.

    Returns
    -------
    tuple of tuple and float
        Levels, rising, the last one the event; and the share of the particles of the first stage on which the event
        happens.

    Raises
    ------
    NoProgress
        When no particle comes nearer.

    References
    ----------
    Cérou and Guyader (2007), "Adaptive multilevel splitting for rare event analysis", Stoch. Anal. Appl. 25 (levels
    from quantiles of the peaks).
    """
    states = process.begin(particles, first_key)
    levels: list[float] = []
    plain = 0.0
    for stage in range(MOST_LEVELS):
        key = first_key + stage * KEYS_PER_STAGE
        peaks = process.advance(states, key, math.inf).peaks
        happened = float((peaks >= event).mean())
        plain = happened if stage == 0 else plain
        if happened >= share:
            return (*levels, event), plain
        floor = levels[-1] if levels else -math.inf
        level = min(float(np.quantile(peaks, 1.0 - share, method="lower")), event)
        if level <= floor:
            above = peaks[peaks > floor]
            if not above.size:
                raise NoProgress(tuple(levels))
            level = min(float(above.min()), event)
        levels.append(level)
        entries = process.advance(states, key, level).entries
        if level >= event:
            return tuple(levels), plain
        states = spread(entries, particles, np.random.default_rng((first_key, stage)))
    raise NoProgress(tuple(levels))


def rule_of_three(trials: int) -> float:
    """Return the probability that 95 % confidence leaves possible when something was never seen.

    Parameters
    ----------
    trials
        Independent trials on none of which it happened.

    References
    ----------
    Hanley and Lippman-Hand (1983), "If nothing goes wrong, is everything all right?", JAMA 249.

    Examples
    --------
    >>> rule_of_three(1000)
    0.003
    """
    return min(1.0, 3.0 / trials)


def spread(entries: Sequence[State], count: int, rng: np.random.Generator) -> list[State]:
    """Return `count` states to go on from: each entry equally often but for a remainder, which is drawn.

    Examples
    --------
    >>> five = spread(["a", "b"], 5, np.random.default_rng(1))
    >>> sorted((five.count("a"), five.count("b")))
    [2, 3]
    """
    each, left = divmod(count, len(entries))
    chosen = [*list(range(len(entries))) * each, *rng.choice(len(entries), left, replace=False).tolist()]
    return [entries[number] for number in chosen]


@dataclass(frozen=True, eq=False)
class Replication(Generic[State]):
    """One independent estimate.

    Parameters
    ----------
    estimate
        Product of the shares.
    reached
        Particles that reached each level, shape [level]; zeros after the first level that none reached.
    events
        States of those that reached the last one.
    """

    estimate: float
    reached: NDArray[np.int64]
    events: Sequence[State]


def replicate(process: Process[State], levels: Sequence[float], particles: int, first_key: int) -> Replication[State]:
    """Estimate the probability once.

    Parameters
    ----------
    process
        What is split.
    levels
        Rising; the last one is the event. They must not depend on the noise that is used here.
    particles
        Particles of every stage.
    first_key
        Keys of noise from here on are used, `KEYS_PER_STAGE` for each level.

    Returns
    -------
    Replication
        Its estimate is unbiased, whatever the levels and the score are.

    References
    ----------
    L'Ecuyer, Demers and Tuffin (2007), "Rare events, splitting, and quasi-Monte Carlo", ACM TOMACS 17(2), section 3.1
    (fixed effort, and why it is unbiased); Garvels (2000), The Splitting Method in Rare Event Simulation, chapter 2.
    """
    if particles > KEYS_PER_STAGE or len(levels) > MOST_LEVELS:
        raise ValueError(f"at most {KEYS_PER_STAGE} particles and {MOST_LEVELS} levels")
    reached = np.zeros(len(levels), dtype=np.int64)
    entries: Sequence[State] = ()
    for stage, level in enumerate(levels):
        key = first_key + stage * KEYS_PER_STAGE
        if stage == 0:
            states = process.begin(particles, key)
        else:
            states = spread(entries, particles, np.random.default_rng((first_key, stage)))
        entries = process.advance(states, key, level).entries
        reached[stage] = len(entries)
        if not entries:
            break
    return Replication(float(np.prod(reached / particles)), reached, entries)


@dataclass(frozen=True, eq=False)
class Splitting:
    """Independent estimates put together.

    Parameters
    ----------
    probability
        Their mean.
    error
        Its standard error, from how much they differ.
    shares
        Probability of reaching each level from the one before: over all replications, the mean of what was reached up
        to a level over that up to the one before; shape [level].
    """

    probability: float
    error: float
    shares: Floats

    @property
    def relative_error(self) -> float:
        """Standard error over the estimate; infinite where the event was never seen."""
        return self.error / self.probability if self.probability > 0.0 else math.inf


def put_together(replications: Sequence[Replication[State]], particles: int) -> Splitting:
    """Return the mean of independent estimates and its error.

    Parameters
    ----------
    replications
        At least two.
    particles
        Particles of every stage.

    Examples
    --------
    >>> two = [Replication(share / 100, np.array([10, share]), ()) for share in (2, 4)]
    >>> found = put_together(two, 10)
    >>> round(found.probability, 3), round(found.relative_error, 3), found.shares.round(3).tolist()
    (0.03, 0.333, [1.0, 0.3])
    """
    estimates = np.array([one.estimate for one in replications])
    so_far = np.mean([np.cumprod(one.reached / particles) for one in replications], axis=0)
    before = np.concatenate([[1.0], so_far[:-1]])
    shares = np.divide(so_far, before, out=np.zeros_like(so_far), where=before > 0.0)
    error = float(np.std(estimates, ddof=1) / math.sqrt(len(estimates)))
    return Splitting(float(estimates.mean()), error, shares)
