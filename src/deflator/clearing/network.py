"""From matrices of liabilities to the layout that the kernels read.

Every payer has one group per class of seniority, so group `payer * classes + class` is its place; see
`deflator.clearing.lanes` for edges and groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.faults import range_faults, refuse, self_dealing_faults, shape_fault
from deflator.errors import Fault

MATRIX = "a square matrix [payer, payee], dense or SciPy sparse"


@dataclass(frozen=True)
class Network:
    """Who owes whom, sorted by payer and class.

    Parameters
    ----------
    nodes, classes
        Sizes.
    group_payer
        Payer of each group, [group].
    group_ofs
        First edge of each group, [group + 1].
    edge_payee
        Who is owed, [edge]; empty when the network is dense and edge `e` of group `g` pays node `e - ofs[g]`.
    due
        Amount due, [edge] or [edge, lane].
    """

    nodes: int
    classes: int
    group_payer: NDArray[np.int64]
    group_ofs: NDArray[np.int64]
    edge_payee: NDArray[np.int64]
    due: NDArray[np.float64]

    @property
    def is_dense(self) -> bool:
        """Whether the edges are a full matrix."""
        return self.edge_payee.size == 0 and self.due.size > 0

    def listed(self) -> Network:
        """Return the same network with its edges listed one by one, without those of nothing."""
        if not self.is_dense:
            return self
        matrix = self.due.reshape(self.nodes, self.nodes)
        payer, payee = np.nonzero(matrix)
        ofs = np.concatenate(([0], np.cumsum(np.bincount(payer, minlength=self.nodes))))
        return Network(self.nodes, 1, self.group_payer, ofs, payee, matrix[payer, payee])

    def edge_group(self) -> NDArray[np.int64]:
        """Return the group of each edge, [edge]."""
        return np.repeat(np.arange(self.group_payer.size), np.diff(self.group_ofs))


def lay_out(liabilities: Any, seniority: Any = None) -> Network:
    """Sort liabilities by payer and class.

    Parameters
    ----------
    liabilities
        Matrix [payer, payee], dense or SciPy sparse, or dense [payer, payee, lane]; or a sequence of
        matrices, one per class, most senior first.
    seniority
        Class of each liability, 0 the most senior, like `liabilities`; None for a single class.

    Raises
    ------
    ClearingError
        Naming every figure that is wrong.
    """
    classes = _as_classes(liabilities, seniority)
    if len(classes) > 1 or classes[0].ndim == 3:
        return _merge(classes)
    matrix = classes[0]
    nodes = matrix.shape[0]
    payer = np.arange(nodes)
    if hasattr(matrix, "tocsr"):
        ofs, payee = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
        return Network(nodes, 1, payer, ofs, payee, matrix.data)
    return Network(nodes, 1, payer, np.arange(nodes + 1) * nodes, np.empty(0, np.int64), matrix.ravel())


def network_faults(liabilities: Any, seniority: Any = None) -> list[Fault]:
    """Return every negative or non-finite liability and every liability to oneself.

    The kernels find out for themselves whether there is any, since that costs them nothing; this names them.
    """
    classes = _as_classes(liabilities, seniority)
    found: list[Fault] = []
    for rank, matrix in enumerate(classes):
        name = "liabilities" if len(classes) == 1 or seniority is not None else f"liabilities[{rank}]"
        if hasattr(matrix, "tocoo"):
            entries = matrix.tocoo()
            found += range_faults(name, entries.data, places=(entries.row, entries.col))
            found += self_dealing_faults(name, matrix.diagonal())
        else:
            found += range_faults(name, matrix)
            diagonal = np.einsum("ii...->i...", matrix)
            found += self_dealing_faults(name, np.abs(diagonal).reshape(len(diagonal), -1).max(axis=1))
    return found


def square(name: str, matrix: Any) -> Any:
    """Return a square matrix of numbers as CSR or as a C-ordered array; refuse any other."""
    if hasattr(matrix, "tocsr"):
        matrix = matrix.tocsr().astype(np.float64, copy=False)
    else:
        matrix = np.ascontiguousarray(matrix, np.float64)
    if not (2 <= matrix.ndim <= 3 and matrix.shape[0] == matrix.shape[1] > 0):
        refuse([shape_fault(name, matrix.shape, MATRIX)])
    return matrix


def _as_classes(liabilities: Any, seniority: Any) -> list[Any]:
    """Return one matrix per class of seniority."""
    several = isinstance(liabilities, (list, tuple)) and len(np.shape(liabilities[0])) >= 2
    if several and seniority is None:
        classes = [square(f"liabilities[{rank}]", matrix) for rank, matrix in enumerate(liabilities)]
        refuse(
            shape_fault(f"liabilities[{rank}]", matrix.shape, f"the shape of liabilities[0], {list(classes[0].shape)}")
            for rank, matrix in enumerate(classes)
            if matrix.shape != classes[0].shape
        )
        return classes
    if several:
        refuse([Fault("", 0, "seniority", "given beside one matrix per class", "give either, not both")])
    matrix = square("liabilities", liabilities)
    return [matrix] if seniority is None else _split(matrix, seniority)


def _split(matrix: Any, seniority: Any) -> list[Any]:
    """Split one matrix into its classes."""
    rank = seniority.toarray() if hasattr(seniority, "toarray") else np.asarray(seniority)
    if rank.shape != matrix.shape[:2]:
        refuse([shape_fault("seniority", rank.shape, f"one class per liability, {list(matrix.shape[:2])}")])
    refuse(range_faults("seniority", rank.astype(np.float64)))
    if not np.array_equal(rank, np.floor(rank)):
        refuse([Fault("", 0, "seniority", "holds a class that is not a whole number", "use 0, 1, 2, …")])
    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    columns = rank if dense.ndim == 2 else rank[:, :, None]
    return [np.where(columns == one, dense, 0.0) for one in range(int(rank.max(initial=0)) + 1)]


def _merge(classes: Sequence[Any]) -> Network:
    """List the edges of several classes, sorted by payer and class."""
    payers, payees, ranks, dues = [], [], [], []
    for rank, matrix in enumerate(classes):
        if hasattr(matrix, "tocoo"):
            entries = matrix.tocoo()
            payer, payee, due = entries.row, entries.col, entries.data
        else:
            payer, payee = np.nonzero(matrix if matrix.ndim == 2 else np.abs(matrix).max(axis=2))
            due = matrix[payer, payee]
        payers.append(payer)
        payees.append(payee)
        ranks.append(np.full(payer.size, rank))
        dues.append(due)
    nodes = classes[0].shape[0]
    group = np.concatenate(payers) * len(classes) + np.concatenate(ranks)
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group, minlength=nodes * len(classes))
    return Network(
        nodes,
        len(classes),
        np.repeat(np.arange(nodes), len(classes)),
        np.concatenate(([0], np.cumsum(counts))),
        np.concatenate(payees)[order].astype(np.int64),
        np.concatenate(dues)[order],
    )
