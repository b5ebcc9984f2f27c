"""Who can pay what when everybody can pay only what they have and receive: clearing of payments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.blocks import settle_lanes
from deflator.clearing.crossholdings import settle_with_holdings
from deflator.clearing.economy import Economy, Outcome, by_payer, left_to_owners, one_lane, read_economy
from deflator.clearing.faults import choice_faults, refuse
from deflator.clearing.network import network_faults
from deflator.clearing.single import UnsoundError, settle_one
from deflator.clearing.status import status_of

Method = Literal["auto", "picard", "fictitious"]
METHODS = get_args(Method)


@dataclass(frozen=True)
class Clearing:
    """What everybody pays, receives and has left.

    With lanes, every array but the matrices has a last axis [lane], and `rounds`, `residual` and `status` are
    arrays [lane].

    Parameters
    ----------
    payments
        Paid by each node, creditors outside the network included, currency, [node].
    received
        Received by each node from the network, currency, [node].
    equity
        Left to the owners, at least 0, currency, [node]; holdings in other nodes included.
    shortfall
        Due and not paid, currency, [node].
    defaulted
        Who cannot pay in full, [node].
    share_paid
        Share that is paid of each class of seniority, [class, node]; 1 where nothing is due.
    due
        What is due in each class of seniority, currency, [class, node].
    rounds
        Rounds in which some payment changed; 0 when nobody defaults.
    residual
        Estimated largest distance of a paid share from its limit.
    status
        Whether the payments have settled, a `ClearingStatus` whose `sentence` says so; numbers with lanes.
    """

    payments: NDArray[np.float64]
    received: NDArray[np.float64]
    equity: NDArray[np.float64]
    shortfall: NDArray[np.float64]
    defaulted: NDArray[np.bool_]
    share_paid: NDArray[np.float64]
    due: NDArray[np.float64]
    rounds: Any
    residual: Any
    status: Any

    @property
    def payments_by_class(self) -> NDArray[np.float64]:
        """Paid in each class of seniority, currency, [class, node]."""
        return self.due * self.share_paid

    def pay(self, liabilities: Any, rank: int = 0) -> Any:
        """Return what is paid on each liability of one class.

        Parameters
        ----------
        liabilities
            Matrix [payer, payee] of the class, dense or SciPy sparse.
        rank
            Class of seniority, 0 the most senior.

        Returns
        -------
        Matrix of the same kind; with lanes dense [payer, payee, lane].

        Examples
        --------
        >>> clear([[0, 10], [0, 0]], [4, 0]).pay([[0, 10], [0, 0]])
        array([[0., 4.],
               [0., 0.]])
        """
        share = self.share_paid[rank]
        if hasattr(liabilities, "multiply") and share.ndim == 1:
            return liabilities.multiply(share[:, None]).tocsr()
        dense = liabilities.toarray() if hasattr(liabilities, "toarray") else np.asarray(liabilities, float)
        if share.ndim == 1:
            return dense * share[:, None]
        return (dense[:, :, None] if dense.ndim == 2 else dense) * share[:, None, :]


def clear(
    liabilities: Any,
    external_assets: ArrayLike,
    *,
    external_liabilities: ArrayLike | None = None,
    external_seniority: int = 0,
    alpha: ArrayLike = 1.0,
    beta: ArrayLike = 1.0,
    seniority: Any = None,
    crossholdings: Any = None,
    least: bool = False,
    method: Method = "auto",
    tolerance: float = 1e-12,
    max_rounds: int = 10_000,
) -> Clearing:
    """Find the payments at which nobody pays more than they owe or have, and owners come last.

    Clearing payments form a lattice; this returns the greatest (or the least). A node that cannot pay in full
    defaults: it hands out `alpha` of its external assets and `beta` of what it receives, by seniority, pro
    rata within a class. With `alpha = beta = 1` this is Eisenberg and Noe's model, otherwise Rogers and
    Veraart's.

    Parameters
    ----------
    liabilities
        `liabilities[i, j]` is what `i` owes to `j`, currency: dense or SciPy sparse [payer, payee], dense
        [payer, payee, lane], or a sequence of matrices, one per class of seniority, most senior first.
    external_assets
        Cash and whatever else a node can pay with, currency, at least 0, [node] or [node, lane].
    external_liabilities
        Due to creditors outside the network, currency, [node] or [node, lane]; None for none.
    external_seniority
        Class in which those creditors rank; with a single class they rank with everybody else.
    alpha, beta
        Shares of external assets (holdings included) and of receipts that survive a default, in [0, 1]; a
        number, [node] or [node, lane].
    seniority
        Class of each liability, 0 the most senior, like `liabilities`; None for one class.
    crossholdings
        `crossholdings[i, j]` is the share of `j`'s equity that `i` holds; columns sum to at most 1.
    least
        Return the least clearing payments, in which everybody who could be dragged down is.
    method
        `"picard"` iterates; `"fictitious"` solves a linear system whenever the set of defaulters has changed;
        `"auto"` iterates and solves when that is cheaper.
    tolerance
        Paid shares are found to within about this much; a node defaults when it is short by more than this
        share of what it owes.
    max_rounds
        Most rounds of the iteration.

    Returns
    -------
    Clearing
        Payments, equity, defaults, and whether they have settled: look at `status`.

    Raises
    ------
    ClearingError
        Naming every figure that is negative, not finite, out of range or misplaced.

    References
    ----------
    Eisenberg and Noe (2001), Management Science 47, definition 1; Rogers and Veraart (2013), Management
    Science 59, definition 2.6; Elsinger (2009), OeNB Working Paper 156, equations (2) to (4) and section 4.

    Examples
    --------
    A neocloud (0) owes 60 to its lender (1) and 40 to its landlord (2), but has only 50.

    >>> result = clear([[0, 60, 40], [0, 0, 0], [0, 30, 0]], [50, 0, 15])
    >>> result.payments
    array([50.,  0., 30.])
    >>> result.status.sentence
    'Every figure has settled to within the tolerance.'

    With the landlord senior, and two shocks at once:

    >>> senior, junior = np.zeros((3, 3)), np.zeros((3, 3))
    >>> senior[0, 2], junior[0, 1] = 40, 60
    >>> clear([senior, junior], [[50, 30], [0, 0], [0, 0]]).share_paid[:, 0]
    array([[1.        , 0.75      ],
           [0.16666667, 0.        ]])
    """
    refuse(choice_faults("method", method, METHODS))
    owed_outside = 0.0 if external_liabilities is None else external_liabilities
    economy = read_economy(
        liabilities, external_assets, owed_outside, external_seniority, alpha, beta, seniority, crossholdings
    )
    start = 0.0 if least else 1.0
    try:
        return _settle(economy, start, method, tolerance, max_rounds)
    except UnsoundError:
        refuse(network_faults(liabilities, seniority))
        raise


def _settle(economy: Economy, start: float, method: Method, tolerance: float, max_rounds: int) -> Clearing:
    """Settle with the kernel that fits: with shares in one another, with lanes, or one economy."""
    if economy.holdings is not None:
        outcome, value = settle_with_holdings(economy, start, method, tolerance, max_rounds)
        if economy.lanes == 0:
            outcome, value = one_lane(outcome), value[:, 0]
        own = economy.resources if economy.resources.ndim == value.ndim else economy.resources[:, None]
        return as_clearing(replace(economy, resources=own + value), outcome, tolerance)
    settle = settle_lanes if economy.lanes else settle_one
    return as_clearing(economy, settle(economy, start, method, tolerance, max_rounds), tolerance)


def as_clearing(economy: Economy, outcome: Outcome, tolerance: float) -> Clearing:
    """Give the result the words of balance sheets."""
    network = economy.network
    share, due = by_payer(network, outcome.ratio), by_payer(network, outcome.group_due)
    paid, owed = (due * share).sum(axis=1), due.sum(axis=1)
    return Clearing(
        payments=paid,
        received=outcome.received,
        equity=left_to_owners(economy, outcome),
        shortfall=owed - paid,
        defaulted=~np.asarray((share >= 1.0).all(axis=1)),
        share_paid=share.swapaxes(0, 1),
        due=due.swapaxes(0, 1),
        rounds=outcome.rounds,
        residual=outcome.residual,
        status=status_of(outcome.residual, tolerance),
    )
