"""Clear payments of firms that own shares in one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.economy import Economy, Outcome, left_to_owners
from deflator.clearing.faults import refuse
from deflator.clearing.network import Network
from deflator.clearing.revaluation import in_lanes, settle_with_values
from deflator.errors import Fault


def settle_with_holdings(
    economy: Economy, start: float, method: str, tolerance: float, max_rounds: int
) -> tuple[Outcome, NDArray[np.float64]]:
    """Find the clearing payments when a node can also pay with its shares in others.

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
    economy = replace(economy, network=economy.network.listed(), resources=in_lanes(economy.resources, lanes))
    most = _equity_without_debt(economy, lanes)
    outcome, equity = settle_with_values(
        economy,
        most * start,
        np.maximum(most.max(axis=0), np.finfo(float).tiny),
        worth=lambda values, _: economy.holdings @ values,
        revalue=lambda part, settled, *_: left_to_owners(part, settled),
        start=start,
        method=method,
        tolerance=tolerance,
        max_rounds=max_rounds,
    )
    return outcome, economy.holdings @ equity


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
