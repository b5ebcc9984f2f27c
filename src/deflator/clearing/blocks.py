"""Settle many economies on one network, a block of lanes at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.economy import Economy, Outcome
from deflator.clearing.lanes import clear_lanes, lane_workspace, sum_groups
from deflator.clearing.network import Network
from deflator.clearing.single import UnsoundError, settle_one

# Lanes that are cleared together: enough to fill vector registers, few enough for the receipts to stay in the
# second-level cache. The result of a lane does not depend on it.
MOST_LANES = 64
CACHED_FIGURES = 1 << 17
ROUNDS_TOGETHER = 500  # a lane that is not settled by then is slow enough to be solved on its own


def settle_lanes(economy: Economy, start: float, method: str, tolerance: float, max_rounds: int) -> Outcome:
    """Find the clearing payments of every lane.

    Parameters
    ----------
    start, method, tolerance, max_rounds
        As in `deflator.clearing.single.settle_one`.

    Raises
    ------
    UnsoundError
        When a liability makes no sense.
    """
    network = economy.network.listed()
    if not _is_sound(network):
        raise UnsoundError
    economy = replace(economy, network=network)
    outcome = Outcome.empty(network, economy.lanes)
    if method == "fictitious":
        alone = np.arange(economy.lanes)
    else:
        together = max_rounds if method == "picard" else min(max_rounds, ROUNDS_TOGETHER)
        _settle_together(economy, start, tolerance, together, outcome)
        alone = np.flatnonzero(~(outcome.residual <= tolerance)) if together < max_rounds else np.empty(0, int)
    for lane in alone.tolist():
        outcome.put(lane, settle_one(_one_lane(economy, lane), start, method, tolerance, max_rounds))
    return outcome


def _one_lane(economy: Economy, lane: int) -> Economy:
    """Return the economy of one lane, without a lane axis."""
    network = replace(economy.network, due=pick(economy.network.due, lane))
    return replace(
        economy,
        network=network,
        outside=pick(economy.outside, lane),
        resources=pick(economy.resources, lane),
        alpha=pick(economy.alpha, lane),
        beta=pick(economy.beta, lane),
        lanes=0,
    )


def pick(figures: NDArray[np.float64], lanes: Any) -> NDArray[np.float64]:
    """Return some lanes of figures that may have no lane axis, and then hold for all lanes."""
    return np.ascontiguousarray(figures[:, lanes]) if figures.ndim == 2 else figures


def _settle_together(economy: Economy, start: float, tolerance: float, max_rounds: int, outcome: Outcome) -> None:
    """Clear block after block with the kernel that the engine uses."""
    network = economy.network
    nodes, groups = network.nodes + 1, network.group_payer.size  # one more node for all outside creditors
    group_ofs, edge_payee, due = _with_outside(network, economy.outside)
    width = min(MOST_LANES, max(8, CACHED_FIGURES // nodes // 8 * 8), economy.lanes)
    for first in range(0, economy.lanes, width):
        lanes = slice(first, min(first + width, economy.lanes))
        count = lanes.stop - lanes.start
        if first == 0 or count < width:
            work = lane_workspace(nodes, groups, count)
            resources, alpha, beta = (
                np.zeros((nodes, count)),
                np.zeros((nodes, count)),
                np.zeros((nodes, count)),
            )
            ratio, received = np.empty((groups, count)), np.empty((nodes, count))
            defaulted = np.empty((nodes, count), np.bool_)
        for target, source in ((resources, economy.resources), (alpha, economy.alpha), (beta, economy.beta)):
            target[:-1] = _as_rows(pick(source, lanes))
        ratio[:] = 1.0
        clear_lanes(
            network.group_payer, group_ofs, edge_payee, _as_rows(pick(due, lanes)), resources, alpha, beta,
            start, tolerance, max_rounds, ratio, received, defaulted,
            outcome.rounds[lanes], outcome.residual[lanes], work,
        )  # fmt: skip
        outcome.ratio[:, lanes] = ratio
        outcome.received[:, lanes] = received[:-1]
        sum_groups(0, groups, group_ofs, _as_rows(pick(due, lanes)), work.group_due)
        outcome.group_due[:, lanes] = work.group_due


def _as_rows(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    return figures if figures.ndim == 2 else figures[:, None]


def _is_sound(network: Network) -> bool:
    """Return whether every amount is a number of at least 0 and nobody owes to itself."""
    due = network.due
    payer = np.repeat(network.group_payer, np.diff(network.group_ofs))
    to_itself = due[payer == network.edge_payee]
    return bool(np.isfinite(due).all() and (due >= 0.0).all() and not to_itself.any())


def _with_outside(
    network: Network, outside: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Add to every group one obligation to the node of all outside creditors, the last one."""
    if not outside.any():
        return network.group_ofs, network.edge_payee, network.due
    ends = network.group_ofs[1:]
    payee = np.insert(network.edge_payee, ends, network.nodes)
    due = network.due
    if due.ndim < outside.ndim:
        due = np.repeat(due[:, None], outside.shape[1], axis=1)
    elif due.ndim > outside.ndim:
        outside = outside[:, None]
    return network.group_ofs + np.arange(network.group_ofs.size), payee, np.insert(due, ends, outside, axis=0)
