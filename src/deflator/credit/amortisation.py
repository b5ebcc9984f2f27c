"""What a loan owes and when: amortisation by profile, on whole months or on calendar dates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deflator.credit.day_counts import DayCount, elapsed_years
from deflator.credit.faults import Arguments
from deflator.credit.monthly import PROFILE_CODES, SCULPTED
from deflator.credit.schedule import Schedule, roll_forward

# Instalments are typed by people: a schedule may miss the principal by a rounding, but not by more.
_ROUNDING = 1e-9


class Profile(StrEnum):
    """How principal is repaid, by the word that a book uses for it."""

    BULLET = "bullet"
    LINEAR = "linear"
    LEVEL = "level"
    SCHEDULE = "schedule"
    SCULPTED = "sculpted"


class TimeProfile(StrEnum):
    """How principal is repaid where time alone decides, not cash flow or a list."""

    BULLET = "bullet"
    LINEAR = "linear"
    LEVEL = "level"


def amortisation_schedule(
    profile: Profile | str,
    principal: float,
    annual_rate: ArrayLike,
    months: int,
    *,
    months_between_payments: int = 1,
    interest_only_payments: int = 0,
    balloon: float = 0.0,
    scheduled: ArrayLike | None = None,
    cash_flow: ArrayLike | None = None,
    target_dscr: float | None = None,
) -> Schedule:
    """Give what a loan owes at each payment until it matures.

    Interest of a period is opening balance times annual rate times months over 12. Whatever is left falls due
    with the last payment.

    Parameters
    ----------
    profile
        `bullet`, `linear` (equal principal), `level` (equal payments), `schedule` or `sculpted`.
    principal
        Amount drawn at month 0, any currency unit.
    annual_rate
        Annual decimal; one number, or one for each payment, after whose change a level loan is re-levelled.
    months
        Months from draw to maturity, a multiple of `months_between_payments`.
    months_between_payments
        1 for monthly, 3 for quarterly, 12 for annual payments.
    interest_only_payments
        First payments that carry no principal.
    balloon
        Principal that a `linear` or `level` loan leaves to the last payment.
    scheduled
        For `schedule`: principal due at each payment. What it leaves falls due at maturity.
    cash_flow, target_dscr
        For `sculpted`: cash flow available for debt service at each payment, and what to divide it by.

    Returns
    -------
    Schedule
        Opening, interest, principal and closing by payment; principal sums to `principal`.

    Raises
    ------
    CreditError
        For every argument that is out of range, missing for the profile, or of no meaning for it.

    References
    ----------
    Annuity formula for `level`; service = cash flow / DSCR for `sculpted`.

    Examples
    --------
    >>> loan = amortisation_schedule("linear", 300.0, 0.12, 3)
    >>> loan.interest.tolist(), loan.principal.tolist()
    ([3.0, 2.0, 1.0], [100.0, 100.0, 100.0])
    """
    given = Arguments("amortisation_schedule")
    kind = given.choice("profile", profile, Profile)
    owed = given.number("principal", principal, minimum=0)
    due, rates, payments = _periods(given, annual_rate, months, months_between_payments)
    latest = math.inf if payments is None else payments - 1
    grace = given.whole("interest_only_payments", interest_only_payments, minimum=0, maximum=latest)
    last = given.number("balloon", balloon, minimum=0)
    if last > owed and not given.refused("principal"):
        given.refuse("balloon", f"{last} exceeds the principal {owed}", "use at most the principal")
    if last > 0 and kind not in (Profile.LINEAR, Profile.LEVEL) and not given.refused("profile"):
        given.refuse("balloon", f"{last} was given for profile {kind}", "leave it out: the rest falls due last")
    shares = _shares(given, kind, owed, scheduled, payments)
    available, dscr = _sculpting(given, kind, cash_flow, target_dscr, payments)
    given.check()
    return roll_forward(PROFILE_CODES[kind], owed, due, rates, grace, last, shares, available, dscr)


def dated_schedule(
    profile: TimeProfile | str,
    principal: float,
    annual_rate: float,
    dates: Sequence[date | str],
    day_count: DayCount | str,
    *,
    payment: float | None = None,
) -> Schedule:
    """Give what a loan owes on calendar dates, with interest by a day-count convention.

    Parameters
    ----------
    profile
        `bullet`, `linear` (equal principal) or `level` (equal payments).
    principal
        Amount drawn on the first date.
    annual_rate
        Annual decimal.
    dates
        Day of the draw, then each payment date, rising; dates or ISO texts.
    day_count
        A `DayCount` or its name, such as `Act/360`.
    payment
        For `level`: the payment that the contract states. Left out, it is the one that ends at zero.

    Returns
    -------
    Schedule
        Opening, interest, principal and closing by payment date; the last repays what is left.

    Raises
    ------
    CreditError
        For every argument that is out of range, and for a payment that does not cover the interest.

    References
    ----------
    ACTUS contract types PAM (bullet) and ANN (level). The annuity over uneven periods divides principal by
    the sum of the compounded discount factors.

    Examples
    --------
    >>> loan = dated_schedule("bullet", 3000.0, 0.10, ["2013-01-01", "2013-02-01", "2013-03-01"], "Act/365F")
    >>> loan.interest.round(6).tolist()
    [25.479452, 23.013699]
    """
    given = Arguments("dated_schedule")
    kind = given.choice("profile", profile, TimeProfile)
    owed = given.number("principal", principal, minimum=0)
    rate = given.number("annual_rate", annual_rate, above=-1)
    convention = given.choice("day_count", day_count, DayCount)
    days = given.dates("dates", dates, at_least=2)
    for place in range(1, len(days)):
        if days[place] <= days[place - 1]:
            message = f"{days[place]} does not lie after {days[place - 1]}"
            given.refuse("dates", message, "use rising dates", place + 1)
    stated = None if payment is None else given.number("payment", payment, above=0)
    if stated is not None and kind is not TimeProfile.LEVEL:
        given.refuse("payment", f"{stated} was given for profile {kind}", "leave it out, or use level")
    given.check()
    years = [elapsed_years(convention, *period) for period in pairwise(days)]
    rates = rate * np.array(years)
    due = np.array(days[1:], dtype="datetime64[D]")
    if kind is not TimeProfile.LEVEL:
        return roll_forward(PROFILE_CODES[kind], owed, due, rates)
    level = owed / np.cumprod(1.0 / (1.0 + rates)).sum() if stated is None else stated
    # A fixed payment is a sculpted loan whose cash flow is the payment and whose cover is one.
    loan = roll_forward(SCULPTED, owed, due, rates, cash_flow=np.full(len(due), level), target_dscr=1.0)
    uncovered = np.flatnonzero(loan.interest[:-1] > level)
    if uncovered.size:
        message = f"{level} does not cover interest of {loan.interest[uncovered[0]]:.6g}"
        given.refuse("payment", message, "use a larger payment, or shorter periods")
    given.check()
    return loan


def debt_capacity(
    cash_flow: ArrayLike, annual_rate: ArrayLike, target_dscr: float, *, months_between_payments: int = 1
) -> float:
    """Give the largest loan that a cash flow repays in full while it covers debt service by a set ratio.

    Parameters
    ----------
    cash_flow
        Cash flow available for debt service at each payment, not negative, [payment].
    annual_rate
        Annual decimal; one number, or one for each payment.
    target_dscr
        Cash flow over debt service, above 0.
    months_between_payments
        1 for monthly, 3 for quarterly, 12 for annual payments.

    Returns
    -------
    float
        Present value of cash flow / DSCR at the loan's own rate: the principal of the sculpted loan.

    Raises
    ------
    CreditError
        For every argument that is out of range.

    References
    ----------
    Project-finance identity, debt = Σ (cash flow / DSCR) · Π 1/(1 + r).

    Examples
    --------
    >>> round(debt_capacity([13.0, 13.0], 0.12, 1.3), 6)
    19.703951
    """
    given = Arguments("debt_capacity")
    available = given.series("cash_flow", cash_flow, minimum=0)
    months = len(available) * months_between_payments
    _, rates, _ = _periods(given, annual_rate, months, months_between_payments)
    dscr = given.number("target_dscr", target_dscr, above=0)
    given.check()
    return float((available / dscr * np.cumprod(1.0 / (1.0 + rates))).sum())


def shares_due_of_remaining(instalments: ArrayLike) -> NDArray[np.float64]:
    """Give each instalment over the sum of itself and all later ones: the form that the month step takes.

    Parameters
    ----------
    instalments
        Principal due at each payment, not negative, [payment].

    Returns
    -------
    ndarray of float
        Shares, 0 to 1, [payment]; 0 where nothing is left to repay.

    Raises
    ------
    CreditError
        For a negative instalment or an empty list.

    Examples
    --------
    >>> shares_due_of_remaining([20.0, 30.0, 50.0, 0.0]).tolist()
    [0.2, 0.375, 1.0, 0.0]
    """
    given = Arguments("shares_due_of_remaining")
    amounts = given.series("instalments", instalments, minimum=0)
    given.check()
    return _shares_of_remaining(amounts)


def _periods(
    given: Arguments, annual_rate: ArrayLike, months: int, months_between_payments: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], int | None]:
    step = given.whole("months_between_payments", months_between_payments, minimum=1, maximum=12)
    life = given.whole("months", months, minimum=1)
    if life % step:
        given.refuse("months", f"{life} is no multiple of {step}", "use whole periods between payments")
    due = np.arange(step, max(life, step) + 1, step)
    payments = None if given.refused("months") or given.refused("months_between_payments") else len(due)
    if np.ndim(annual_rate):
        rates = given.series("annual_rate", annual_rate, payments, above=-1)
    else:
        rates = np.full(len(due), given.number("annual_rate", annual_rate, above=-1))
    return due, rates * step / 12, payments


def _shares(
    given: Arguments, kind: Profile, principal: float, scheduled: ArrayLike | None, payments: int | None
) -> NDArray[np.float64] | None:
    if (scheduled is None) == (kind is Profile.SCHEDULE) and not given.refused("profile"):
        hint = "give principal by payment with profile schedule, and only with it"
        given.refuse("scheduled", f"profile is {kind}", hint)
    if scheduled is None:
        return None
    amounts = given.series("scheduled", scheduled, payments, minimum=0)
    total = float(amounts.sum())
    if total > principal * (1 + _ROUNDING) and not given.refused("principal"):
        given.refuse("scheduled", f"{total} exceeds the principal {principal}", "use at most the principal")
    amounts[-1] += max(principal - total, 0.0)
    return _shares_of_remaining(amounts)


def _shares_of_remaining(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    remaining = np.cumsum(amounts[::-1])[::-1]
    return np.divide(amounts, remaining, out=np.zeros_like(amounts), where=remaining > 0)


def _sculpting(
    given: Arguments,
    kind: Profile,
    cash_flow: ArrayLike | None,
    target_dscr: float | None,
    payments: int | None,
) -> tuple[NDArray[np.float64] | None, float]:
    for argument, value in (("cash_flow", cash_flow), ("target_dscr", target_dscr)):
        if (value is None) == (kind is Profile.SCULPTED) and not given.refused("profile"):
            given.refuse(argument, f"profile is {kind}", "give it with profile sculpted, and only with it")
    if cash_flow is None or target_dscr is None:
        return None, 1.0
    return given.series("cash_flow", cash_flow, payments), given.number("target_dscr", target_dscr, above=0)
