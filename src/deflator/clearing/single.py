"""Settle one economy: iterate, and solve the linear system of the defaulters when that is cheaper."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.economy import Economy, Outcome
from deflator.clearing.one import default_system, marginal_groups, owe_one, sum_one, sweep_one

# Costs that decide when to solve instead of iterating. They need only be right to a factor of two or
# three, and they are constants, so that the same network is always settled in the same way.
SECONDS_PER_LISTED_EDGE = 1.5e-9
SECONDS_PER_DENSE_EDGE = 0.5e-9
SECONDS_PER_SOLVE_FLOP = 3e-11
LOOK_EVERY = 30  # rounds between two looks at whether to solve
SLACK = 1e-9  # by how much rounding may move a solved share past the share before it


class UnsoundError(Exception):
    """Some liability is negative, not finite or to oneself."""


def settle_one(economy: Economy, start: float, method: str, tolerance: float, max_rounds: int) -> Outcome:
    """Find the clearing payments of an economy without lanes.

    Parameters
    ----------
    start
        1.0 for the greatest clearing vector, 0.0 for the least.
    method, tolerance, max_rounds
        As in `deflator.clearing.clear`.

    Raises
    ------
    UnsoundError
        When a liability makes no sense.
    """
    network = economy.network
    edges = (network.group_ofs, network.edge_payee, network.due)
    groups, nodes = network.group_payer.size, network.nodes
    group_due, owed, received = np.empty(groups), np.empty(nodes), np.empty(nodes)
    if not owe_one(network.group_payer, *edges, economy.outside, group_due, owed, received):
        raise UnsoundError
    received *= start
    ratio, touched = np.full(groups, start), np.ones(nodes, np.bool_)
    progress = np.array([np.inf, np.inf])
    stage = {"picard": max_rounds, "fictitious": 1, "auto": LOOK_EVERY}[method]
    rounds, solved_for = 0, 0
    while True:
        rounds += sweep_one(
            network.group_payer, *edges, group_due, owed, economy.resources, economy.alpha, economy.beta,
            tolerance, min(stage, max_rounds - rounds), ratio, received, touched, progress,
        )  # fmt: skip
        if progress[1] <= tolerance or rounds >= max_rounds:
            break
        margin = np.empty(nodes, np.int64)
        margin = margin[: marginal_groups(network.group_payer, ratio, group_due, margin)]
        worth_it = method == "fictitious" or _solving_is_cheaper(economy, margin.size, progress, tolerance)
        if worth_it and margin.size != solved_for:
            solved_for = margin.size
            if _solve(economy, group_due, margin, start, ratio):
                sum_one(*edges, ratio, received)
                touched[:] = True
                progress[:] = np.inf
    sum_one(*edges, ratio, received)
    return Outcome(ratio, group_due, received, rounds, float(progress[1]))


def _solving_is_cheaper(economy: Economy, defaulters: int, progress: NDArray[np.float64], tolerance: float) -> bool:
    """Compare the rounds still to come with one linear system of the defaulters."""
    step, distance = progress.tolist()
    if not step < distance < math.inf:
        return False  # fast, or not yet falling: iterating is fine
    factor = distance / (distance + step)
    rounds_to_come = math.log(tolerance / distance) / math.log(factor) if tolerance > 0.0 else math.inf
    network = economy.network
    per_edge = SECONDS_PER_DENSE_EDGE if network.is_dense else SECONDS_PER_LISTED_EDGE
    edges_of_defaulters = network.due.size * defaulters / network.group_payer.size
    solve = SECONDS_PER_SOLVE_FLOP * defaulters**3 + SECONDS_PER_LISTED_EDGE * network.due.size
    return rounds_to_come * edges_of_defaulters * per_edge > solve


def _solve(
    economy: Economy,
    group_due: NDArray[np.float64],
    margin: NDArray[np.int64],
    start: float,
    ratio: NDArray[np.float64],
) -> bool:
    """Jump to what the present defaulters end up paying; return False, changing nothing, if that is no step.

    With the defaulters of a round held fixed the payments fall (or, from below, rise) to the solution,
    which is still on the same side of the clearing vector that is looked for. A solution that leaves that
    path means that the marginal classes will change, and then the rounds go on.
    """
    network = economy.network
    place = np.full(network.nodes, -1, np.int64)
    place[network.group_payer[margin]] = np.arange(margin.size)
    matrix, right = default_system(
        network.group_payer, network.group_ofs, network.edge_payee, network.due, group_due,
        economy.resources, economy.alpha, economy.beta, ratio, margin, place,
    )  # fmt: skip
    try:
        share = np.linalg.solve(matrix, right) / group_due[margin]
    except np.linalg.LinAlgError:
        return False  # closed loops of defaulters without means of their own have no single solution
    before = ratio[margin]
    low, high = (-SLACK, before + SLACK) if start == 1.0 else (before - SLACK, 1.0)
    if not np.all((share >= low) & (share <= high)):
        return False
    ratio[margin] = np.clip(share, 0.0, 1.0)
    return True
