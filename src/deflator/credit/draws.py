"""Delayed-draw loans: a commitment drawn against deliveries, then repaid as a loan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deflator.credit.amortisation import TimeProfile, amortisation_schedule
from deflator.credit.faults import Arguments
from deflator.credit.monthly import delayed_draw
from deflator.credit.schedule import Schedule

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class DelayedDraw:
    """What a delayed-draw loan advances and costs while it can be drawn, and the loan that follows.

    Parameters
    ----------
    drawn
        Advanced in each month of the availability period, at its end, [month].
    own_funds
        Cost that the borrower pays itself, [month].
    undrawn
        Commitment still open after the month, [month].
    interest, commitment_fee
        Due each month on what was drawn, and on what was open, when the month began, [month].
    repayment
        The loan from the end of the availability period; its months count from there.
    """

    drawn: NDArray[np.float64]
    own_funds: NDArray[np.float64]
    undrawn: NDArray[np.float64]
    interest: NDArray[np.float64]
    commitment_fee: NDArray[np.float64]
    repayment: Schedule

    def to_frame(self) -> pl.DataFrame:
        """Give one row for each month of the availability period."""
        import polars as pl

        names = ("drawn", "own_funds", "undrawn", "interest", "commitment_fee")
        months = np.arange(1, len(self.drawn) + 1)
        return pl.DataFrame({"month": months} | {name: getattr(self, name) for name in names})


def delayed_draw_loan(
    profile: TimeProfile | str,
    commitment: float,
    annual_rate: float,
    costs: ArrayLike,
    advance_rate: float,
    repayment_months: int,
    *,
    commitment_fee_rate: float = 0.0,
) -> DelayedDraw:
    """Draw a commitment against the cost of what is delivered, then repay what was drawn.

    Interest alone is due while the loan can be drawn. At the end of that time the rest of the commitment
    lapses, and what is drawn amortises by the profile.

    Parameters
    ----------
    profile
        `bullet`, `linear` or `level`: repayment after the availability period.
    commitment
        Most that can be drawn, any currency unit.
    annual_rate
        Annual decimal.
    costs
        Eligible cost of each month of the availability period, not negative, [month].
    advance_rate
        Share of cost that the lender funds, 0 to 1.
    repayment_months
        Months from the end of the availability period to maturity.
    commitment_fee_rate
        Annual decimal on what is not drawn.

    Returns
    -------
    DelayedDraw
        Draws, own funds, interest and fees by month, and the loan that follows.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Delayed-draw term loan: drawn on delivery at an advance rate on cost, with a fee on what is open.

    Examples
    --------
    >>> loan = delayed_draw_loan("linear", 100.0, 0.12, [50.0, 100.0], 0.8, 24, commitment_fee_rate=0.006)
    >>> loan.drawn.tolist(), loan.own_funds.tolist(), loan.interest.round(6).tolist()
    ([40.0, 60.0], [10.0, 40.0], [0.0, 0.4])
    >>> float(loan.repayment.opening[0]), float(loan.repayment.closing[-1])
    (100.0, 0.0)
    """
    given = Arguments("delayed_draw_loan")
    kind = given.choice("profile", profile, TimeProfile)
    undrawn = given.number("commitment", commitment, minimum=0)
    rate = given.number("annual_rate", annual_rate, above=-1)
    cost_by_month = given.series("costs", costs, minimum=0)
    advance = given.number("advance_rate", advance_rate, minimum=0, maximum=1)
    months = given.whole("repayment_months", repayment_months, minimum=1)
    fee_rate = given.number("commitment_fee_rate", commitment_fee_rate, minimum=0)
    given.check()
    drawn, open_before = np.empty(len(cost_by_month)), np.empty(len(cost_by_month))
    for month, cost in enumerate(cost_by_month):
        open_before[month] = undrawn
        drawn[month] = delayed_draw(cost, advance, undrawn)
        undrawn -= drawn[month]
    balance_before = np.concatenate(([0.0], np.cumsum(drawn)[:-1]))
    return DelayedDraw(
        drawn=drawn,
        own_funds=cost_by_month - drawn,
        undrawn=open_before - drawn,
        interest=balance_before * rate / 12,
        commitment_fee=open_before * fee_rate / 12,
        repayment=amortisation_schedule(kind.value, float(drawn.sum()), rate, months),
    )
