"""Rates of return: found where there is one, refused with the reason where there is none or more."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deflator.credit import CreditError, RateStatus, dated_schedule, xirr

START = date(2024, 3, 15)
gaps = st.lists(st.integers(1, 400), min_size=1, max_size=20)


def after(*days):
    return [START + timedelta(days=int(day)) for day in days]


def present_value(rate, dates, amounts):
    years = np.array([(day - dates[0]).days / 365 for day in dates])
    return float((np.array(amounts) * (1 + rate) ** -years).sum())


@given(gaps=gaps, incomes=st.lists(st.floats(0.01, 100), min_size=20, max_size=20), cost=st.floats(1, 200))
def test_one_outlay_followed_by_income_has_one_rate_at_which_it_is_worth_nothing(gaps, incomes, cost):
    dates = after(0, *np.cumsum(gaps))
    amounts = [-cost, *incomes[: len(gaps)]]

    found = xirr(dates, amounts)

    assume(found.status is not RateStatus.OUT_OF_RANGE)
    assert found.status is RateStatus.SOLVED
    scale = np.abs(np.array(amounts) * (1 + found.rate) ** -(np.cumsum([0, *gaps]) / 365)).sum()
    assert abs(present_value(found.rate, dates, amounts)) < 1e-9 * scale


@given(gaps=gaps, amounts=st.lists(st.floats(-100, 100), min_size=21, max_size=21))
def test_every_root_is_one_and_crossings_are_not_missed(gaps, amounts):
    dates = after(0, *np.cumsum(gaps))
    amounts = amounts[: len(dates)]

    found = xirr(dates, amounts, lowest_rate=-0.6, highest_rate=20.0)

    # A grid knows only the crossings between its points: the search finds at least those.
    grid = np.expm1(np.linspace(np.log1p(-0.6), np.log1p(20.0), 400))
    values = np.array([present_value(rate, dates, amounts) for rate in grid])
    crossings = int((np.sign(values[1:]) * np.sign(values[:-1]) < 0).sum())
    assert len(found.roots) >= crossings
    assert (found.rate is not None) == (len(found.roots) == 1)


@given(first=st.floats(-0.5, 3), apart=st.floats(0.01, 3))
def test_two_roots_are_both_found_and_neither_is_chosen(first, apart):
    second = first + apart
    a, b = 1 + first, 1 + second

    found = xirr(after(0, 365, 730), [-100, 100 * (a + b), -100 * a * b])

    assert found.status is RateStatus.SEVERAL_ROOTS
    assert found.rate is None
    assert found.roots == pytest.approx((first, second), abs=1e-6)


@pytest.mark.parametrize("rate", [-0.3, 0.0, 0.1])
def test_a_present_value_that_touches_zero_without_crossing_is_refused(rate):
    found = xirr(after(0, 365, 730), [-1, 2 * (1 + rate), -((1 + rate) ** 2)])

    assert found.status is RateStatus.SEVERAL_ROOTS
    assert found.roots == pytest.approx((rate, rate), abs=1e-6)


def test_a_range_can_settle_which_root_is_meant():
    dates, amounts = after(0, 365, 730), [-100, 230, -132]

    assert xirr(dates, amounts, highest_rate=0.15).rate == pytest.approx(0.1)
    assert xirr(dates, amounts, lowest_rate=0.15).rate == pytest.approx(0.2)


def test_a_root_of_exactly_zero_is_counted_once():
    found = xirr(after(0, 365), [-100, 100])

    assert found.roots == pytest.approx((0.0,), abs=1e-12)


def test_payments_of_one_sign_have_no_rate():
    found = xirr(after(0, 365), [100, 108])

    assert (found.status, found.rate, found.roots) == (RateStatus.NO_SIGN_CHANGE, None, ())
    assert found.reason == "Netted by day, all payments go one way, so that no rate makes the present value zero."


def test_payments_that_cancel_on_one_day_have_no_rate():
    assert xirr(after(0, 0), [-100, 100]).status is RateStatus.NO_SIGN_CHANGE


def test_rates_that_cannot_be_told_apart_are_refused_in_good_time():
    years = range(31)
    amounts = [(-1.1) ** year * math.comb(30, year) for year in years]
    days = [START + timedelta(days=365 * year) for year in years]

    found = xirr(days, amounts)

    assert (found.status, found.rate) == (RateStatus.NOT_SEPARATED, None)
    assert found.reason == RateStatus.NOT_SEPARATED.value


def test_no_rate_in_the_range_is_said_with_the_range():
    found = xirr(after(0, 365), [-100, 108], highest_rate=0.05)

    assert found.status is RateStatus.OUT_OF_RANGE
    assert found.reason == "No rate in the range makes the present value zero. The range is -0.999 to 0.05."


def test_order_of_the_payments_does_not_matter():
    dates, amounts = after(0, 100, 500), [-100.0, 30.0, 90.0]

    assert xirr(dates[::-1], amounts[::-1]).rate == xirr(dates, amounts).rate


def test_wrong_dates_and_amounts_are_refused_together():
    with pytest.raises(CreditError) as refused:
        xirr(["2024-01-01", "soon"], [1.0, float("inf"), 2.0], lowest_rate=-2)

    assert {fault.column for fault in refused.value.faults} == {"dates", "amounts", "lowest_rate"}


def test_the_yield_of_a_loan_agrees_with_quantlib(quantlib):
    dates = ["2024-01-31", "2024-04-30", "2024-07-31", "2024-10-31", "2025-01-31"]
    loan = dated_schedule("linear", 100.0, 0.13, dates, "Act/360")
    start = quantlib.DateParser.parseISO(dates[0])
    leg = [
        quantlib.SimpleCashFlow(float(payment), quantlib.DateParser.parseISO(day))
        for payment, day in zip(loan.payment, dates[1:], strict=True)
    ]
    theirs = quantlib.CashFlows.yieldRate(
        leg, 98.0, quantlib.Actual365Fixed(), quantlib.Compounded, quantlib.Annual, False, start, start, 1e-13
    )

    assert xirr(dates, [-98.0, *loan.payment]).rate == pytest.approx(theirs, abs=1e-9)
