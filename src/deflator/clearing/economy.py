"""A network with what everybody has: the arguments of `clear`, checked, in the shape the kernels read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import range_faults, refuse, shape_fault
from deflator.clearing.network import Network, lay_out, network_faults, square
from deflator.clearing.rows import matrix_faults
from deflator.errors import Fault


@dataclass(frozen=True)
class Economy:
    """Who owes whom, and what everybody can pay with.

    Parameters
    ----------
    network
        Obligations between nodes.
    outside
        Due to creditors outside the network, [group] or [group, lane].
    resources, alpha, beta
        External assets and the shares that survive a default, [node] or [node, lane].
    holdings
        Shares of equity [holder, issuer], or None.
    lanes
        Number of lanes; 0 when there is no lane axis.
    """

    network: Network
    outside: NDArray[np.float64]
    resources: NDArray[np.float64]
    alpha: NDArray[np.float64]
    beta: NDArray[np.float64]
    holdings: Any
    lanes: int


class Outcome(NamedTuple):
    """Where the payments of an economy have settled; every array may have a last axis [lane]."""

    ratio: NDArray[np.float64]  # [group] share paid
    group_due: NDArray[np.float64]  # [group]
    received: NDArray[np.float64]  # [node] from the network
    rounds: Any
    residual: Any

    @classmethod
    def empty(cls, network: Network, lanes: int) -> Outcome:
        """Return memory for the outcome of every lane, none of them settled."""
        groups = network.group_payer.size
        return cls(
            ratio=np.empty((groups, lanes)),
            group_due=np.empty((groups, lanes)),
            received=np.empty((network.nodes, lanes)),
            rounds=np.zeros(lanes, np.int64),
            residual=np.full(lanes, np.inf),
        )

    def put(self, lanes: Any, part: Outcome) -> None:
        """Write the outcome of some lanes into this one."""
        for whole, some in zip(self, part, strict=True):
            whole[..., lanes] = some


def read_economy(
    liabilities: Any,
    external_assets: ArrayLike,
    external_liabilities: ArrayLike,
    external_seniority: int,
    alpha: ArrayLike,
    beta: ArrayLike,
    seniority: Any,
    crossholdings: Any,
) -> Economy:
    """Check the arguments of `clear` and lay them out.

    Raises
    ------
    ClearingError
        Naming every figure that is wrong. Liabilities are checked in the pass that adds them up, unless
        another argument is wrong already.
    """
    network = lay_out(liabilities, seniority)
    nodes = network.nodes
    found: list[Fault] = []
    resources = _vector("external_assets", external_assets, nodes, np.inf, found)
    owed_outside = _vector("external_liabilities", external_liabilities, nodes, np.inf, found)
    kept = _vector("alpha", alpha, nodes, 1.0, found)
    passed = _vector("beta", beta, nodes, 1.0, found)
    if not 0 <= external_seniority < network.classes:
        allowed = f"use a class from 0 to {network.classes - 1}"
        found.append(Fault("", 0, "external_seniority", f"there is no class {external_seniority}", allowed))
    holdings = None if crossholdings is None else square("crossholdings", crossholdings)
    found += [] if holdings is None else _holding_faults(holdings, nodes)
    widths = {array.shape[1] for array in (resources, owed_outside, kept, passed, network.due) if array.ndim == 2}
    if len(widths) > 1:
        found.append(Fault("", 0, "", f"arguments have {sorted(widths)} lanes", "give all the same number"))
    if found:
        refuse(found + network_faults(liabilities, seniority))
    outside = owed_outside
    if network.classes > 1:
        outside = np.zeros((nodes * network.classes, *owed_outside.shape[1:]))
        outside[external_seniority :: network.classes] = owed_outside
    return Economy(network, outside, resources, kept, passed, holdings, max(widths, default=0))


def one_lane(outcome: Outcome) -> Outcome:
    """Return the outcome of the only lane, without a lane axis."""
    return Outcome(*(part[..., 0] for part in outcome))


def by_payer(network: Network, figures: NDArray[Any]) -> NDArray[Any]:
    """Return figures [group] with an axis of their own for the class: [payer, class]."""
    return figures.reshape(network.nodes, network.classes, *figures.shape[1:])


def left_to_owners(economy: Economy, outcome: Outcome) -> NDArray[np.float64]:
    """Return what is left after all debts, 0 for a defaulter, currency, [node]."""
    owed = by_payer(economy.network, outcome.group_due).sum(axis=1)
    solvent = (by_payer(economy.network, outcome.ratio) >= 1.0).all(axis=1)
    resources = economy.resources
    if resources.ndim < owed.ndim:
        resources = resources[:, None]
    return np.where(solvent, np.maximum(resources + outcome.received - owed, 0.0), 0.0)


def _vector(name: str, value: ArrayLike, nodes: int, high: float, found: list[Fault]) -> NDArray[np.float64]:
    """Return a figure per node, with or without lanes, and note what is wrong with it."""
    array = np.asarray(value, np.float64, order="C")
    if not _within(array.ravel(), high):
        found += range_faults(name, array, high=high)
    if array.ndim == 0:
        return np.full(nodes, array)
    if array.ndim > 2 or array.shape[0] != nodes:
        found.append(shape_fault(name, array.shape, f"[{nodes}] or [{nodes}, lanes]"))
    return array


@njit(cache=True, nogil=True, error_model="numpy")
def _within(values, high):
    wrong = 0
    for value in values:
        wrong += not (0.0 <= value <= high and value != np.inf)
    return wrong == 0


def _holding_faults(holdings: Any, nodes: int) -> list[Fault]:
    """Return what is wrong with shares of equity [holder, issuer]."""
    found = matrix_faults("crossholdings", holdings, (nodes, nodes), high=1.0, to_others=True)
    if holdings.shape != (nodes, nodes):
        return found
    sums = np.asarray(holdings.sum(axis=0)).ravel()
    for issuer in np.flatnonzero(sums > 1.0 + 1e-12).tolist():
        where = f"crossholdings[:,{issuer}]"
        found.append(Fault("", 0, where, f"shares sum to {sums[issuer]:.6g}", "let them sum to at most 1"))
    return found
