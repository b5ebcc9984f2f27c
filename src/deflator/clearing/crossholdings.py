"""Clear payments of firms that own shares in one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.blocks import pick, settle_lanes
from deflator.clearing.economy import Economy, Outcome, left_to_owners
from deflator.clearing.faults import refuse
from deflator.clearing.network import Network
from deflator.clearing.settling import distance_left
from deflator.errors import Fault


def settle_with_holdings(
    economy: Economy, start: float, method: str, tolerance: float, max_rounds: int
) -> tuple[Outcome, NDArray[np.float64]]:
    """Find the clearing payments when a node can also pay with its shares in others.

    What a share is worth depends on the payments, and the payments on what shares are worth. They rise
    together, so from an upper bound of equity (nobody owes anything) both fall to the greatest solution, and
    from worthless equity both rise to the least.

    Parameters
    ----------
    start, method, tolerance, max_rounds
        As in `deflator.clearing.single.settle_one`; a round values all shares anew.

    Returns
    -------
    outcome : Outcome
        Payments, always with a lane axis.
    value : float array [node, lane]
        What the shares of each node are worth, currency.

    References
    ----------
    Elsinger (2009), OeNB Working Paper 156, equations (2) to (4); Suzuki (2002), Valuing corporate debt: the
    effect of cross-holdings of stock and debt, Journal of the Operations Research Society of Japan 45.
    """
    lanes = max(1, economy.lanes)
    economy = replace(economy, network=economy.network.listed(), resources=_wide(economy.resources, lanes))
    most = _equity_without_debt(economy, lanes)
    equity = most * start
    scale = np.maximum(most.max(axis=0), np.finfo(float).tiny)
    outcome = Outcome.empty(economy.network, lanes)
    value = np.empty_like(equity)
    step_before, todo = np.full(lanes, np.inf), np.arange(lanes)
    for count in range(1, max_rounds + 1):
        value[:, todo] = economy.holdings @ equity[:, todo]
        part = _some_lanes(economy, todo, value)
        settled = settle_lanes(part, start, method, tolerance, max_rounds)
        worth = left_to_owners(part, settled)
        step = np.abs(worth - equity[:, todo]).max(axis=0) / scale[todo]
        equity[:, todo] = worth
        distance = np.array([distance_left(*pair) for pair in zip(step, step_before[todo], strict=True)])
        step_before[todo] = step
        outcome.put(todo, settled._replace(rounds=count, residual=np.maximum(settled.residual, distance)))
        todo = todo[~(distance <= tolerance)]
        if todo.size == 0:
            break
    return outcome, value


def _wide(figures: NDArray[np.float64], lanes: int) -> NDArray[np.float64]:
    return figures if figures.ndim == 2 else np.repeat(figures[:, None], lanes, axis=1)


def _some_lanes(economy: Economy, lanes: NDArray[np.int64], value: NDArray[np.float64]) -> Economy:
    """Return some lanes of an economy whose nodes can also pay with the value of their shares."""
    return replace(
        economy,
        network=replace(economy.network, due=pick(economy.network.due, lanes)),
        outside=pick(economy.outside, lanes),
        resources=economy.resources[:, lanes] + value[:, lanes],
        alpha=pick(economy.alpha, lanes),
        beta=pick(economy.beta, lanes),
        lanes=lanes.size,
    )


def _equity_without_debt(economy: Economy, lanes: int) -> NDArray[np.float64]:
    """Return what equity would be if all claims were paid and nobody owed anything: more than it can be."""
    nodes = economy.network.nodes
    everything = economy.resources + _paid_in_full(economy.network, lanes)
    try:
        if hasattr(economy.holdings, "tocsc"):
            from scipy.sparse import eye_array
            from scipy.sparse.linalg import splu

            most = splu((eye_array(nodes) - economy.holdings).tocsc()).solve(everything)
        else:
            most = np.linalg.solve(np.eye(nodes) - economy.holdings, everything)
    except (np.linalg.LinAlgError, RuntimeError):  # a singular matrix, in the words of NumPy and of SciPy
        most = np.full_like(everything, np.inf)
    slack = 1e-9 * max(1.0, float(everything.max(initial=0.0)))
    if not (np.isfinite(most).all() and (most >= everything - slack).all()):
        hint = "let somebody outside hold a share of each group of firms"
        refuse([Fault("", 0, "crossholdings", "some firms own one another entirely", hint)])
    return np.maximum(most, everything)


def _paid_in_full(network: Network, lanes: int) -> NDArray[np.float64]:
    received = np.zeros((network.nodes, lanes))
    np.add.at(received, network.edge_payee, network.due if network.due.ndim == 2 else network.due[:, None])
    return received
