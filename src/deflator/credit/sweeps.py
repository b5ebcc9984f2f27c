"""Loans whose balance moves with cash: sweeps of excess cash, and draws against deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.credit.faults import Arguments
from deflator.credit.monthly import sweep_amount
from deflator.credit.schedule import Schedule

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class SweptSchedule:
    """What a loan with a cash sweep pays at each payment.

    Parameters
    ----------
    due
        Month of each payment counted from the draw, or its calendar date, [payment].
    opening, interest, scheduled, swept, closing
        Balance before, interest due, scheduled principal due, sweep, balance after, [payment].
    shortfall
        Debt service that the cash flow does not cover, [payment]; the balance assumes that it is paid.
    released
        Cash left to the borrower, [payment].
    """

    due: NDArray
    opening: NDArray[np.float64]
    interest: NDArray[np.float64]
    scheduled: NDArray[np.float64]
    swept: NDArray[np.float64]
    closing: NDArray[np.float64]
    shortfall: NDArray[np.float64]
    released: NDArray[np.float64]

    def to_frame(self) -> pl.DataFrame:
        """Give one row for each payment."""
        import polars as pl

        when = "date" if self.due.dtype.kind == "M" else "month"
        names = ("opening", "interest", "scheduled", "swept", "closing", "shortfall", "released")
        return pl.DataFrame({when: self.due} | {name: getattr(self, name) for name in names})


def with_cash_sweep(
    loan: Schedule, cash_flow: ArrayLike, sweep_share: float, *, minimum_cash: float = 0.0
) -> SweptSchedule:
    """Let a share of the cash left after debt service prepay a loan.

    A prepayment takes off the last instalments first: the scheduled ones stay as they are until the balance
    is gone, and interest runs on the lower balance.

    Parameters
    ----------
    loan
        The loan without a sweep.
    cash_flow
        Cash flow available for debt service at each payment, [payment].
    sweep_share
        Share of the excess that goes to the lender, 0 to 1.
    minimum_cash
        Part of each payment's cash flow that the sweep does not touch.

    Returns
    -------
    SweptSchedule
        Interest, scheduled principal, sweep and balance by payment.

    Raises
    ------
    CreditError
        For a cash flow of the wrong length, or a share outside 0 to 1.

    References
    ----------
    Excess cash-flow sweep of a term loan, prepayments applied in inverse order of maturity.

    Examples
    --------
    >>> from deflator.credit import amortisation_schedule
    >>> loan = amortisation_schedule("linear", 30.0, 0.0, 3)
    >>> with_cash_sweep(loan, [14.0, 14.0, 14.0], 0.5).closing.tolist()
    [18.0, 6.0, 0.0]
    """
    given = Arguments("with_cash_sweep")
    cash = given.series("cash_flow", cash_flow, len(loan.due))
    share = given.number("sweep_share", sweep_share, minimum=0, maximum=1)
    kept = given.number("minimum_cash", minimum_cash, minimum=0)
    given.check()
    rows = tuple(np.empty(len(loan.due)) for _ in range(7))
    _sweep(loan.opening[0], loan.period_rates, loan.principal, cash, share, kept, *rows)
    return SweptSchedule(loan.due, *rows)


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(
    principal,
    period_rates,
    instalments,
    cash_flow,
    sweep_share,
    minimum_cash,
    opening,
    interest,
    scheduled,
    swept,
    closing,
    shortfall,
    released,
):
    balance = principal
    for payment in range(len(instalments)):
        opening[payment] = balance
        interest[payment] = balance * period_rates[payment]
        scheduled[payment] = min(instalments[payment], balance)
        balance -= scheduled[payment]
        left = cash_flow[payment] - interest[payment] - scheduled[payment]
        swept[payment] = sweep_amount(left, minimum_cash, sweep_share, balance)
        balance -= swept[payment]
        closing[payment] = balance
        shortfall[payment] = max(-left, 0.0)
        released[payment] = max(left, 0.0) - swept[payment]
