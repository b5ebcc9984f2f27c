"""What a lender gets back after a default, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deflator.credit.faults import Arguments
from deflator.credit.monthly import loss_given_default


@dataclass(frozen=True)
class Workout:
    """How an exposure is recovered.

    Parameters
    ----------
    loss_given_default
        Share of the exposure lost, after discounting, 0 to 1.
    from_collateral, from_recourse
        Amounts received, before discounting, in the unit of the exposure.
    discount_factor
        Worth at default of one received after the lag.
    loss
        Exposure times loss given default.
    """

    loss_given_default: float
    from_collateral: float
    from_recourse: float
    discount_factor: float
    loss: float


def work_out(
    exposure: float,
    collateral_value: float,
    *,
    sale_cost_share: float = 0.0,
    recourse_share: float = 0.0,
    unsecured_recovery: float = 0.0,
    discount_rate: float = 0.0,
    lag_months: float = 0.0,
    value_decline_annual: float = 0.0,
) -> Workout:
    """Give what a lender loses when it seizes and sells collateral some months after a default.

    Parameters
    ----------
    exposure
        Amount owed at default, any currency unit.
    collateral_value
        Market value of the collateral at default, in the same unit.
    sale_cost_share
        Cost of seizing and selling over the sale price, 0 to 1.
    recourse_share
        Share of the shortfall that the borrower or a guarantor itself owes, 0 to 1.
    unsecured_recovery
        Recovery on that unsecured claim, 0 to 1.
    discount_rate
        Annual rate at which the lender discounts the wait.
    lag_months
        Months from default to receipt.
    value_decline_annual
        Log fall of the collateral's value a year, while it waits to be sold.

    Returns
    -------
    Workout
        Loss given default, and where the recovery comes from.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Workout LGD; see `deflator.credit.monthly.loss_given_default`.

    Examples
    --------
    >>> card_loan = work_out(100.0, 80.0, sale_cost_share=0.1, lag_months=6, value_decline_annual=0.7)
    >>> round(card_loan.from_collateral, 2), round(card_loan.loss_given_default, 3)
    (50.74, 0.493)
    """
    given = Arguments("work_out")
    owed = given.number("exposure", exposure, minimum=0)
    value = given.number("collateral_value", collateral_value, minimum=0)
    sale_cost = given.number("sale_cost_share", sale_cost_share, minimum=0, maximum=1)
    recourse = given.number("recourse_share", recourse_share, minimum=0, maximum=1)
    unsecured = given.number("unsecured_recovery", unsecured_recovery, minimum=0, maximum=1)
    rate = given.number("discount_rate", discount_rate, minimum=0)
    lag = given.number("lag_months", lag_months, minimum=0)
    decline = given.number("value_decline_annual", value_decline_annual)
    given.check()
    price = value * math.exp(-decline * lag / 12)
    from_collateral = min(price * (1 - sale_cost), owed)
    lost = loss_given_default(owed, price, sale_cost, recourse, unsecured, rate, lag)
    return Workout(
        loss_given_default=lost,
        from_collateral=from_collateral,
        from_recourse=(owed - from_collateral) * recourse * unsecured,
        discount_factor=(1 + rate) ** (-lag / 12),
        loss=owed * lost,
    )
