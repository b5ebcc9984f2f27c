"""Who is paid first: cash flowing down a list of claims, and a sequential-pay deal month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.credit.faults import Arguments

if TYPE_CHECKING:
    import polars as pl


@njit(cache=True, nogil=True, error_model="numpy")
def pay_by_rank(cash: float, claims: NDArray, ranks: NDArray, paid: NDArray) -> float:
    """Pay claims in order of rank, equal ranks in proportion, and give back what is left.

    Made for compiled code: nothing is allocated and nothing is checked.

    Parameters
    ----------
    cash
        Money to hand out, not negative.
    claims
        Amount owed, not negative, [claim].
    ranks
        Whole numbers, 1 is paid first, [claim].
    paid
        Filled with the amount that each claim receives, [claim].

    Returns
    -------
    float
        Cash left once every claim is paid; 0 where the claims exceed it.

    Examples
    --------
    >>> paid = np.zeros(3)
    >>> pay_by_rank(70.0, np.array([50.0, 30.0, 10.0]), np.array([1, 2, 2]), paid)
    0.0
    >>> paid.tolist()
    [50.0, 15.0, 5.0]
    """
    left = cash
    lowest = 0
    for claim in range(len(claims)):
        lowest = max(lowest, ranks[claim])
    for rank in range(1, lowest + 1):
        owed = 0.0
        for claim in range(len(claims)):
            if ranks[claim] == rank:
                owed += claims[claim]
        share = 1.0 if owed <= left else left / owed
        for claim in range(len(claims)):
            if ranks[claim] == rank:
                paid[claim] = claims[claim] * share
        left = left - owed if owed <= left else 0.0
    return left


@dataclass(frozen=True, eq=False)
class Waterfall:
    """What each tranche of a sequential deal receives.

    Parameters
    ----------
    interest, principal
        Paid, [payment, tranche].
    interest_unpaid
        Interest still owed after the payment, [payment, tranche].
    balance
        Principal outstanding after the payment, [payment, tranche].
    residual
        Cash left for the equity of the deal, [payment].
    """

    interest: NDArray[np.float64]
    principal: NDArray[np.float64]
    interest_unpaid: NDArray[np.float64]
    balance: NDArray[np.float64]
    residual: NDArray[np.float64]

    def to_frame(self) -> pl.DataFrame:
        """Give one row for each payment and tranche, both numbered from 1; the residual has its own array."""
        import polars as pl

        payments, tranches = self.balance.shape
        return pl.DataFrame(
            {
                "payment": np.repeat(np.arange(1, payments + 1), tranches),
                "tranche": np.tile(np.arange(1, tranches + 1), payments),
                "interest": self.interest.ravel(),
                "principal": self.principal.ravel(),
                "interest_unpaid": self.interest_unpaid.ravel(),
                "balance": self.balance.ravel(),
            }
        )


def sequential_waterfall(
    balances: ArrayLike,
    annual_rates: ArrayLike,
    cash: ArrayLike,
    collateral_after: ArrayLike,
    *,
    months_between_payments: int = 1,
) -> Waterfall:
    """Pay the tranches of an asset-backed deal: all interest in order, then principal in order.

    Principal due is whatever brings the tranches down to the collateral that is left. Interest that cash
    does not reach is owed at the next payment, without interest on it.

    Parameters
    ----------
    balances
        Principal of each tranche at the start, most senior first, [tranche].
    annual_rates
        Coupon of each tranche, annual decimal, [tranche].
    cash
        Collections of each payment date, [payment].
    collateral_after
        Performing collateral after each payment date, [payment].
    months_between_payments
        Months of interest in a payment.

    Returns
    -------
    Waterfall
        Amounts by payment and tranche, and the residual.

    Raises
    ------
    CreditError
        For series of unequal length, negative amounts or rates.

    References
    ----------
    Sequential-pay priority of payments: interest, then principal to the collateral balance, then equity.

    Examples
    --------
    >>> deal = sequential_waterfall([70, 30], [0.06, 0.12], cash=[12.0], collateral_after=[90.0])
    >>> deal.principal.tolist(), round(float(deal.residual[0]), 9)
    ([[10.0, 0.0]], 1.35)
    """
    given = Arguments("sequential_waterfall")
    owed = given.series("balances", balances, minimum=0)
    rates = given.series("annual_rates", annual_rates, owed.size, minimum=0)
    collections = given.series("cash", cash, minimum=0)
    collateral = given.series("collateral_after", collateral_after, collections.size, minimum=0)
    months = given.whole("months_between_payments", months_between_payments, minimum=1, maximum=12)
    given.check()
    shape = (collections.size, owed.size)
    deal = Waterfall(
        interest=np.zeros(shape),
        principal=np.zeros(shape),
        interest_unpaid=np.zeros(shape),
        balance=np.zeros(shape),
        residual=np.zeros(collections.size),
    )
    _run_deal(owed, rates * months / 12, collections, collateral, deal)
    return deal


def _run_deal(
    balances: NDArray[np.float64],
    period_rates: NDArray[np.float64],
    cash: NDArray[np.float64],
    collateral: NDArray[np.float64],
    deal: Waterfall,
) -> None:
    ranks = np.arange(1, len(balances) + 1)
    balance = balances.copy()
    unpaid = np.zeros(len(balances))
    for payment in range(len(cash)):
        interest_due = unpaid + balance * period_rates
        left = pay_by_rank(cash[payment], interest_due, ranks, deal.interest[payment])
        unpaid = interest_due - deal.interest[payment]
        # A claim on principal is at most the tranche; only the excess over the collateral falls due.
        due = max(balance.sum() - collateral[payment], 0.0)
        unspent = pay_by_rank(min(left, due), balance, ranks, deal.principal[payment])
        balance = balance - deal.principal[payment]
        deal.interest_unpaid[payment] = unpaid
        deal.balance[payment] = balance
        deal.residual[payment] = left - min(left, due) + unspent
