"""One month of a loan, on numbers that can be checked by hand, and inside compiled code."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from deflator.credit import monthly

amounts = st.floats(0, 1e6)
shares = st.floats(0, 1)
rates = st.floats(-0.02, 0.1)
counts = st.integers(1, 480)


def test_level_payment_without_interest_is_an_equal_share():
    assert monthly.annuity_payment(120.0, 0.0, 12) == 10.0
    assert monthly.level_principal(120.0, 0.0, 12) == 10.0


def test_level_payment_for_tiny_rates_joins_the_one_without_interest():
    assert monthly.annuity_payment(120.0, 1e-14, 12) == pytest.approx(10.0, rel=1e-12)


def test_the_last_payment_repays_the_balance_under_every_profile():
    for profile in monthly.PROFILE_CODES.values():
        assert monthly.principal_due(profile, 70.0, 0.01, 1, 0.2, 5.0, 1.3) == 70.0


def test_each_profile_calls_its_own_rule():
    due = {
        word: monthly.principal_due(code, 100.0, 0.01, 4, 0.3, 13.5, 1.35)
        for word, code in monthly.PROFILE_CODES.items()
    }

    level = 100.0 * 0.01 / (1.01**4 - 1)
    assert due == pytest.approx({"bullet": 0.0, "linear": 25.0, "level": level, "schedule": 30.0, "sculpted": 9.0})


def test_profile_words_are_those_of_the_book():
    assert list(monthly.PROFILE_CODES) == ["bullet", "linear", "level", "schedule", "sculpted"]


def test_sculpted_principal_is_nothing_where_cash_does_not_cover_interest():
    assert monthly.sculpted_principal(6.0, 5.0, 1.35, 100.0) == 0.0


def test_sweep_takes_nothing_below_minimum_cash():
    assert monthly.sweep_amount(8.0, 10.0, 1.0, 50.0) == 0.0


def test_conversion_needs_a_price_and_a_buffer():
    assert monthly.conversion_value(100.0, 79.56, 107.8) == pytest.approx(73.80334, abs=1e-5)
    assert not monthly.converts(79.56, 107.8, 1.0)
    assert not monthly.converts(79.56, 0.0, 1.0)
    assert monthly.conversion_value(100.0, 79.56, 0.0) == 0.0


def test_a_missing_number_is_not_turned_into_a_figure():
    assert math.isnan(monthly.sweep_amount(math.nan, 0.0, 1.0, 50.0))
    assert math.isnan(monthly.loss_given_default(100.0, math.nan, 0.1, 0.0, 0.0, 0.0, 0.0))


@given(balance=amounts, rate=rates, months=counts, share=shares, cash=amounts, dscr=st.floats(0.5, 3))
def test_principal_due_never_exceeds_the_balance(balance, rate, months, share, cash, dscr):
    for profile in monthly.PROFILE_CODES.values():
        due = monthly.principal_due(profile, balance, rate, months, share, cash, dscr)
        assert 0.0 <= due <= balance * (1 + 1e-12)


@given(cash=amounts, minimum=amounts, share=shares, balance=amounts)
def test_sweep_leaves_the_minimum_and_overpays_nothing(cash, minimum, share, balance):
    swept = monthly.sweep_amount(cash, minimum, share, balance)

    assert 0.0 <= swept <= balance
    assert swept <= max(cash - minimum, 0.0)


@given(cost=amounts, advance=shares, undrawn=amounts)
def test_draw_stays_within_cost_and_commitment(cost, advance, undrawn):
    drawn = monthly.delayed_draw(cost, advance, undrawn)

    assert 0.0 <= drawn <= min(cost, undrawn)


def test_month_steps_can_be_called_from_compiled_code():
    @njit(nogil=True, error_model="numpy")
    def repay(balance, rates, cash):
        for month in range(len(rates)):
            left = len(rates) - month
            balance -= monthly.principal_due(monthly.LEVEL, balance, rates[month], left, 0.0, 0.0, 1.0)
            balance -= monthly.sweep_amount(cash[month], 1.0, 0.5, balance)
            balance += monthly.delayed_draw(2.0, 0.8, 1.0) if monthly.converts(2.0, 1.0, 1.1) else 0.0
        lost = monthly.loss_given_default(balance, 0.5, 0.1, 0.5, 0.4, 0.05, 12.0)
        return balance, lost + monthly.conversion_value(1.0, 1.0, 2.0)

    balance, figure = repay(100.0, np.full(6, 0.01), np.zeros(6))

    assert balance == pytest.approx(1.0)
    assert figure == pytest.approx(0.5 + 1 - (0.45 + 0.55 * 0.2) / 1.05)
