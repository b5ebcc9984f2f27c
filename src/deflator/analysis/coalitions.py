"""Play coalitions of channels on the same paths, each once, and divide what they bring about.

Paths go in blocks. Every block draws its own orders in which channels join, so that many orders are met although each
block plays few; all coalitions of a block share its paths.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.shapley import (
    Orders,
    antithetic_orders,
    coalitions_of,
    exact_interactions,
    exact_values,
    order_values,
)
from deflator.ensemble import Progress

Floats = NDArray[np.float64]
#: Coalition, first path, number of paths -> its worth, shape [outcome, path], and which of the paths count.
Play = Callable[[int, int, int], tuple[Floats, NDArray[np.bool_]]]


@dataclass(frozen=True)
class Plan:
    """How coalitions are chosen.

    Parameters
    ----------
    players
        How many take part.
    paths, block
        Paths to play, and how many of them share orders.
    pairs
        Antithetic pairs of orders for each block; None plays every coalition.
    ends
        Whether every player is also played alone and left out alone.
    seed
        Seed of the orders.
    """

    players: int
    paths: int
    block: int
    pairs: int | None
    ends: bool
    seed: int

    @property
    def exact(self) -> bool:
        """Whether every coalition is played, since that was asked for or takes no longer."""
        return self.pairs is None or 1 << self.players <= 2 * self.pairs * (self.players - 1) + 2

    def orders(self, first: int) -> Orders:
        """Return the orders of the block that begins with a path."""
        random = np.random.default_rng([self.seed, first // self.block])
        return antithetic_orders(self.players, self.pairs or 1, random)

    def coalitions(self, first: int) -> list[int]:
        """Return the coalitions that a block plays."""
        if self.exact:
            return list(range(1 << self.players))
        everyone = (1 << self.players) - 1
        ones = [1 << player for player in range(self.players)] if self.ends else []
        return sorted({*coalitions_of(self.orders(first)), *ones, *(everyone ^ one for one in ones)})


@dataclass(frozen=True, eq=False)
class Played:
    """What was found on the paths on which no coalition failed; path is the last axis of every array.

    Parameters
    ----------
    path
        Numbers of the paths.
    none, everyone
        Worth of no player and of all, shape [outcome, path].
    values
        What each player adds, shape [player, outcome, path]: its Shapley value on the path, or what it adds on
        average over the orders of the path's block.
    alone, last
        What each adds to nobody, and to all others; None where that was not asked for.
    interactions
        Shapley interaction index, shape [player, player, outcome, path]; None unless every coalition was played.
    order_error
        Standard error of the mean of `values` for want of orders, shape [player, outcome]; zeros if exact.
    order_freedom
        Its degrees of freedom; 0 if exact.
    coalitions
        Coalitions played, counted over blocks.
    """

    path: NDArray[np.int64]
    none: Floats
    everyone: Floats
    values: Floats
    alone: Floats | None
    last: Floats | None
    interactions: Floats | None
    order_error: Floats
    order_freedom: int
    coalitions: int


def play_all(
    play: Play,
    plan: Plan,
    threads: int | None = None,
    progress: Progress | None = None,
    announce: Callable[[float], None] | None = None,
) -> Played:
    """Play what is planned, each coalition of a block once, on several threads.

    Parameters
    ----------
    play
        Called from several threads at once.
    plan
        What to play.
    threads
        Threads to use; they change no result.
    progress
        Told the paths done and the paths to do, over coalitions.
    announce
        Told, after a few coalitions, the seconds that all take together.
    """
    threads = threads or os.cpu_count() or 1
    starts = range(0, plan.paths, plan.block)
    work = [(mask, first, min(plan.block, plan.paths - first)) for first in starts for mask in plan.coalitions(first)]
    blocks: list[_Block] = []
    with ThreadPoolExecutor(threads) as pool:
        try:
            results = pool.map(lambda task: play(*task), work)
            results = _watched(results, work, threads, progress, announce)
            for first in starts:
                masks = plan.coalitions(first)
                found = {mask: next(results) for mask in masks}
                blocks.append(_reduced(plan, first, found))
        finally:
            pool.shutdown(cancel_futures=True)
    return _joined(plan, blocks, len(work))


def _watched(
    results: Iterator[tuple[Floats, NDArray[np.bool_]]],
    work: Sequence[tuple[int, int, int]],
    threads: int,
    progress: Progress | None,
    announce: Callable[[float], None] | None,
) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """Pass the results on, tell how far it is, and how long all take once a few are done."""
    total = sum(count for _, _, count in work)
    few = min(2 * threads, len(work) - 1)
    done, start = 0, 0.0
    for number, (result, (_, _, count)) in enumerate(zip(results, work, strict=True)):
        done += count
        if number == 0:  # the first ones of each thread may still load the engine
            start = time.perf_counter()
        if number == few and announce:
            announce((time.perf_counter() - start) / max(few, 1) * len(work))
        if progress:
            progress(done, total)
        yield result


@dataclass(frozen=True, eq=False)
class _Block:
    """What one block found: per path, and per pair of orders averaged over its paths, [pair, player, outcome]."""

    path: NDArray[np.int64]
    none: Floats
    everyone: Floats
    values: Floats
    alone: Floats | None
    last: Floats | None
    interactions: Floats | None
    by_pair: Floats | None


def _reduced(plan: Plan, first: int, found: dict[int, tuple[Floats, NDArray[np.bool_]]]) -> _Block:
    good = np.logical_and.reduce([ok for _, ok in found.values()])
    worth = {mask: values[:, good] for mask, (values, _) in found.items()}
    everyone = (1 << plan.players) - 1
    if plan.exact:
        table = np.stack([worth[mask] for mask in range(1 << plan.players)])
        values, by_pair, interactions = exact_values(table), None, exact_interactions(table)
    else:
        pairs = order_values(worth, plan.orders(first))
        values, interactions = pairs.mean(axis=0), None
        by_pair = pairs.mean(axis=-1) if good.any() else np.zeros(pairs.shape[:-1])
    alone = last = None
    if plan.ends or plan.exact:
        alone = np.stack([worth[1 << player] - worth[0] for player in range(plan.players)])
        last = np.stack([worth[everyone] - worth[everyone ^ 1 << player] for player in range(plan.players)])
    path = first + np.flatnonzero(good)
    return _Block(path, worth[0], worth[everyone], values, alone, last, interactions, by_pair)


def _joined(plan: Plan, blocks: Sequence[_Block], coalitions: int) -> Played:
    def joined(name: str) -> Floats:
        return np.concatenate([getattr(block, name) for block in blocks], axis=-1)

    values = joined("values")
    error, freedom = np.zeros(values.shape[:2]), 0
    if not plan.exact:
        counted = max(values.shape[-1], 1)
        for block in blocks:
            pairs = block.by_pair
            if pairs is not None and len(pairs) > 1:
                weight = block.path.size / counted
                error += weight**2 * pairs.var(axis=0, ddof=1) / len(pairs)
                freedom += len(pairs) - 1
    ends = plan.ends or plan.exact
    return Played(
        path=np.concatenate([block.path for block in blocks]),
        none=joined("none"), everyone=joined("everyone"), values=values,
        alone=joined("alone") if ends else None, last=joined("last") if ends else None,
        interactions=joined("interactions") if plan.exact else None,
        order_error=np.sqrt(error), order_freedom=freedom, coalitions=coalitions,
    )  # fmt: skip
