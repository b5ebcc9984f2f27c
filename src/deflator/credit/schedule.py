"""The rows of a loan, and the one loop that rolls its balance through its payments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from deflator.credit.monthly import BULLET, principal_due

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Schedule:
    """What is owed on each payment date of a loan, if it is paid as agreed.

    Parameters
    ----------
    due
        Month of each payment counted from the draw, or its calendar date, [payment].
    period_rates
        Interest rate of the period that ends with the payment, not annualised, [payment].
    opening, interest, principal, closing
        Balance before, interest due, principal due and balance after, in the principal's unit, [payment].
    """

    due: NDArray
    period_rates: NDArray[np.float64]
    opening: NDArray[np.float64]
    interest: NDArray[np.float64]
    principal: NDArray[np.float64]
    closing: NDArray[np.float64]

    @property
    def payment(self) -> NDArray[np.float64]:
        """Interest and principal together, [payment]."""
        return self.interest + self.principal

    def to_frame(self) -> pl.DataFrame:
        """Give one row for each payment."""
        import polars as pl

        when = "date" if self.due.dtype.kind == "M" else "month"
        return pl.DataFrame(
            {
                when: self.due,
                "opening": self.opening,
                "interest": self.interest,
                "principal": self.principal,
                "payment": self.payment,
                "closing": self.closing,
            }
        )


def roll_forward(
    profile: int,
    principal: float,
    due: NDArray,
    period_rates: NDArray[np.float64],
    interest_only_payments: int = 0,
    balloon: float = 0.0,
    shares: NDArray[np.float64] | None = None,
    cash_flow: NDArray[np.float64] | None = None,
    target_dscr: float = 1.0,
) -> Schedule:
    """Roll a balance through its payments with arguments that were checked before."""
    nothing = np.zeros(len(due))
    rolled = tuple(np.empty(len(due)) for _ in range(4))
    _roll(
        profile,
        principal,
        period_rates,
        interest_only_payments,
        balloon,
        nothing if shares is None else shares,
        nothing if cash_flow is None else cash_flow,
        target_dscr,
        *rolled,
    )
    return Schedule(due, period_rates, *rolled)


@njit(cache=True, nogil=True, error_model="numpy")
def _roll(
    profile,
    principal,
    period_rates,
    interest_only_payments,
    balloon,
    shares,
    cash_flow,
    target_dscr,
    opening,
    interest,
    repaid,
    closing,
):
    balance = principal
    payments = len(period_rates)
    for payment in range(payments):
        rate = period_rates[payment]
        left = payments - payment
        kind = BULLET if payment < interest_only_payments else profile
        opening[payment] = balance
        interest[payment] = balance * rate
        # The balloon takes no part in the profile until the last payment sweeps up what is left.
        repaid[payment] = balance
        if left > 1:
            repaid[payment] = principal_due(
                kind, balance - balloon, rate, left, shares[payment], cash_flow[payment], target_dscr
            )
        balance = balance - repaid[payment]
        closing[payment] = balance
