"""One month of a loan, as scalar functions that compiled code can call.

Every function takes and returns plain numbers, allocates nothing and never raises. The schedules of
`deflator.credit.schedules` and the debt step of the engine call these same functions. Amounts may be in any
currency unit as long as it is one unit throughout; rates are decimals; `months_left` counts the payments
still to come, the present one included. A number that is not a number comes out as it went in.
"""

from __future__ import annotations

import math

from numba import njit

# The words of the book's column `facilities.profile`, in its order.
BULLET, LINEAR, LEVEL, SCHEDULE, SCULPTED = 0, 1, 2, 3, 4
PROFILE_CODES = {
    "bullet": BULLET,
    "linear": LINEAR,
    "level": LEVEL,
    "schedule": SCHEDULE,
    "sculpted": SCULPTED,
}


@njit(cache=True, nogil=True, error_model="numpy")
def _within(value: float, low: float, high: float) -> float:
    if value < low:
        return low
    if value > high:
        return high
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def annuity_payment(balance: float, monthly_rate: float, months_left: float) -> float:
    """Give the constant payment that repays a balance with interest in the payments left.

    Parameters
    ----------
    balance
        Principal outstanding before the payment.
    monthly_rate
        Interest for one month, above -1.
    months_left
        Payments still to come, this one included; one or fewer means that all falls due now.

    Returns
    -------
    float
        Interest and principal together, in the unit of `balance`.

    References
    ----------
    Annuity formula, payment = balance · r / (1 − (1 + r)^−n).

    Examples
    --------
    >>> round(annuity_payment(100.0, 0.06 / 12, 360), 9)
    0.599550525
    """
    return level_principal(balance, monthly_rate, months_left) + balance * monthly_rate


@njit(cache=True, nogil=True, error_model="numpy")
def level_principal(balance: float, monthly_rate: float, months_left: float) -> float:
    """Give the principal inside a level payment: what remains of it once interest is paid.

    Parameters
    ----------
    balance
        Principal outstanding before the payment.
    monthly_rate
        Interest for one month, above -1; at zero the payments are pure principal.
    months_left
        Payments still to come, this one included.

    Returns
    -------
    float
        Principal due now, between 0 and `balance` for a balance that is not negative.

    References
    ----------
    Annuity formula less interest, balance · r / ((1 + r)^n − 1). This form subtracts nothing, so that it
    stays exact for small rates.

    Examples
    --------
    >>> level_principal(120.0, 0.0, 12)
    10.0
    >>> level_principal(120.0, 0.01, 1)
    120.0
    """
    if months_left <= 1.0:
        return balance * 1.0
    if monthly_rate == 0.0:
        return balance / months_left
    return balance * monthly_rate / math.expm1(months_left * math.log1p(monthly_rate))


@njit(cache=True, nogil=True, error_model="numpy")
def linear_principal(balance: float, months_left: float) -> float:
    """Give one of the equal instalments that repay a balance.

    Parameters
    ----------
    balance
        Principal outstanding before the payment.
    months_left
        Payments still to come, this one included.

    Returns
    -------
    float
        Principal due now. After a prepayment the rest is spread over the payments left.

    Examples
    --------
    >>> linear_principal(120.0, 12)
    10.0
    """
    if months_left <= 1.0:
        return balance * 1.0
    return balance / months_left


@njit(cache=True, nogil=True, error_model="numpy")
def scheduled_principal(balance: float, share_due_of_remaining: float) -> float:
    """Give the instalment of an explicit schedule, scaled to what is still owed.

    Parameters
    ----------
    balance
        Principal outstanding before the payment.
    share_due_of_remaining
        This month's scheduled amount over all scheduled amounts from this month on;
        `deflator.credit.shares_due_of_remaining` computes it once for a whole schedule.

    Returns
    -------
    float
        Principal due now, between 0 and `balance`.

    Examples
    --------
    >>> scheduled_principal(80.0, 0.25)
    20.0
    """
    return balance * _within(share_due_of_remaining, 0.0, 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def sculpted_principal(cash_flow_available: float, interest_due: float, target_dscr: float, balance: float) -> float:
    """Give the principal that keeps debt service at a fixed share of cash flow.

    Parameters
    ----------
    cash_flow_available
        Cash flow available for debt service this month.
    interest_due
        Interest due this month.
    target_dscr
        Debt service coverage ratio to hold, above 0: cash flow over debt service.
    balance
        Principal outstanding before the payment.

    Returns
    -------
    float
        Principal due now, between 0 and `balance`; 0 where cash flow over DSCR does not cover interest.

    References
    ----------
    Project-finance identity, debt service = cash flow / DSCR.

    Examples
    --------
    >>> round(sculpted_principal(27.0, 5.0, 1.35, 100.0), 9)
    15.0
    """
    return _within(cash_flow_available / target_dscr - interest_due, 0.0, balance)


@njit(cache=True, nogil=True, error_model="numpy")
def principal_due(
    profile: int,
    balance: float,
    monthly_rate: float,
    months_left: float,
    share_due_of_remaining: float,
    cash_flow_available: float,
    target_dscr: float,
) -> float:
    """Give the principal that a facility's profile calls for this month.

    Parameters
    ----------
    profile
        One of the codes of `PROFILE_CODES`.
    balance
        Principal outstanding before the payment.
    monthly_rate
        Interest for one month.
    months_left
        Months to maturity, this one included; at one or fewer every profile calls for all of the balance.
    share_due_of_remaining
        For an explicit schedule: see `scheduled_principal`.
    cash_flow_available, target_dscr
        For a sculpted profile: see `sculpted_principal`.

    Returns
    -------
    float
        Principal due now, between 0 and `balance`.

    Examples
    --------
    >>> principal_due(BULLET, 100.0, 0.01, 5, 0.0, 0.0, 1.0)
    0.0
    >>> principal_due(BULLET, 100.0, 0.01, 1, 0.0, 0.0, 1.0)
    100.0
    """
    if months_left <= 1.0:
        return balance * 1.0
    if profile == LINEAR:
        return linear_principal(balance, months_left)
    if profile == LEVEL:
        return level_principal(balance, monthly_rate, months_left)
    if profile == SCHEDULE:
        return scheduled_principal(balance, share_due_of_remaining)
    if profile == SCULPTED:
        return sculpted_principal(cash_flow_available, balance * monthly_rate, target_dscr, balance)
    return 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_amount(cash: float, minimum_cash: float, sweep_share: float, balance: float) -> float:
    """Give the prepayment that a cash sweep takes out of what scheduled debt service leaves.

    Parameters
    ----------
    cash
        Cash after scheduled debt service.
    minimum_cash
        Cash that the borrower may keep.
    sweep_share
        Share of the excess that goes to the lender, 0 to 1.
    balance
        Principal outstanding after scheduled principal.

    Returns
    -------
    float
        Extra principal paid, between 0 and `balance`.

    Examples
    --------
    >>> sweep_amount(12.0, 0.0, 0.75, 90.0)
    9.0
    """
    return _within(sweep_share * (cash - minimum_cash), 0.0, balance)


@njit(cache=True, nogil=True, error_model="numpy")
def delayed_draw(cost: float, advance_rate: float, undrawn: float) -> float:
    """Give the draw on a delayed-draw loan against equipment that is delivered.

    Parameters
    ----------
    cost
        Eligible cost of what is delivered this month.
    advance_rate
        Share of cost that the lender funds.
    undrawn
        Commitment not yet drawn.

    Returns
    -------
    float
        Amount drawn, between 0 and `undrawn`.

    Examples
    --------
    >>> delayed_draw(50.0, 0.8, 100.0), delayed_draw(50.0, 0.8, 25.0)
    (40.0, 25.0)
    """
    return _within(advance_rate * cost, 0.0, undrawn)


@njit(cache=True, nogil=True, error_model="numpy")
def conversion_value(principal: float, share_price: float, conversion_price: float) -> float:
    """Give what the shares of a convertible are worth: principal over conversion price, times share price.

    Parameters
    ----------
    principal
        Face amount that can be converted.
    share_price, conversion_price
        In the same currency per share; a conversion price of 0 means that there is no right to convert.

    Returns
    -------
    float
        Value of the shares, in the unit of `principal`.

    Examples
    --------
    >>> conversion_value(100.0, 60.0, 50.0)
    120.0
    """
    if conversion_price <= 0.0:
        return 0.0
    return principal * share_price / conversion_price


@njit(cache=True, nogil=True, error_model="numpy")
def converts(share_price: float, conversion_price: float, buffer: float) -> bool:
    """Say whether holders take shares at maturity rather than cash.

    Parameters
    ----------
    share_price, conversion_price
        In the same currency per share; a conversion price of 0 means that there is no right to convert.
    buffer
        Share price over conversion price that holders ask for; 1 is the bare contract.

    Returns
    -------
    bool
        True where the shares beat the principal by the buffer.

    Examples
    --------
    >>> converts(60.0, 50.0, 1.1), converts(52.0, 50.0, 1.1)
    (True, False)
    """
    return conversion_price > 0.0 and share_price > conversion_price * buffer


@njit(cache=True, nogil=True, error_model="numpy")
def loss_given_default(
    exposure: float,
    collateral_value: float,
    sale_cost_share: float,
    recourse_share: float,
    unsecured_recovery: float,
    discount_rate: float,
    lag_months: float,
) -> float:
    """Give the share of an exposure that a lender loses, once collateral is sold and time has passed.

    Collateral after sale costs pays first, up to the exposure. The recourse part of the shortfall is an
    unsecured claim. What comes in arrives after a lag, and is discounted for it.

    Parameters
    ----------
    exposure
        Amount owed at default; never multiplied by a probability or a loss rate.
    collateral_value
        Expected sale price of the collateral, in the unit of `exposure`.
    sale_cost_share
        Cost of seizing and selling over the sale price, 0 to 1.
    recourse_share
        Share of the shortfall that the borrower or a guarantor itself owes, 0 to 1.
    unsecured_recovery
        Recovery on that unsecured claim, 0 to 1.
    discount_rate
        Annual rate at which the lender discounts the wait, not negative.
    lag_months
        Months from default to receipt.

    Returns
    -------
    float
        Loss given default, 0 to 1; 0 for no exposure.

    References
    ----------
    Workout LGD: one less discounted recoveries over the exposure at default. Basel Committee (2006),
    International Convergence of Capital Measurement, paragraph 460: economic loss with discount effects.

    Examples
    --------
    >>> round(loss_given_default(100.0, 60.0, 0.1, 0.5, 0.4, 0.0, 12.0), 9)
    0.368
    """
    if exposure <= 0.0:
        return 0.0
    secured = _within(collateral_value * (1.0 - sale_cost_share), 0.0, exposure)
    unsecured = (exposure - secured) * recourse_share * unsecured_recovery
    discount = (1.0 + discount_rate) ** (-lag_months / 12.0)
    return _within(1.0 - (secured + unsecured) / exposure * discount, 0.0, 1.0)
