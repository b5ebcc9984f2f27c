"""Loans whose balance moves with cash and with deliveries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import CreditError, amortisation_schedule, delayed_draw_loan, with_cash_sweep

cash_flows = st.lists(st.floats(-20, 60), min_size=1, max_size=36)


@given(cash=cash_flows, share=st.floats(0, 1), minimum=st.floats(0, 30), rate=st.floats(0, 0.3))
def test_swept_loans_conserve_cash_and_repay_the_principal(cash, share, minimum, rate):
    loan = amortisation_schedule("level", 100.0, rate, len(cash))
    swept = with_cash_sweep(loan, cash, share, minimum_cash=minimum)

    repaid = swept.scheduled.sum() + swept.swept.sum()
    assert repaid == pytest.approx(100.0)
    assert (swept.closing >= 0).all()
    used = swept.interest + swept.scheduled + swept.swept + swept.released - swept.shortfall
    assert used == pytest.approx(np.array(cash), abs=1e-9)
    assert (swept.released >= -1e-12).all()


@given(cash=cash_flows, share=st.floats(0, 1))
def test_a_sweep_never_raises_the_balance(cash, share):
    loan = amortisation_schedule("linear", 100.0, 0.1, len(cash))
    swept = with_cash_sweep(loan, cash, share)

    assert (swept.closing <= loan.closing + 1e-9).all()


def test_without_a_share_the_sweep_is_the_loan_itself():
    loan = amortisation_schedule("linear", 100.0, 0.1, 10)
    swept = with_cash_sweep(loan, np.full(10, 50.0), 0.0)

    assert swept.closing.tolist() == pytest.approx(loan.closing.tolist())
    assert swept.to_frame()["interest"].to_list() == pytest.approx(loan.interest.tolist())


def test_cash_that_does_not_cover_debt_service_is_a_shortfall():
    loan = amortisation_schedule("bullet", 100.0, 0.12, 2)
    swept = with_cash_sweep(loan, [0.4, 200.0], 1.0)

    assert swept.shortfall.tolist() == pytest.approx([0.6, 0.0])
    assert swept.released.tolist() == pytest.approx([0.0, 99.0])


def test_a_sweep_needs_cash_for_each_payment():
    loan = amortisation_schedule("bullet", 100.0, 0.12, 3)
    with pytest.raises(CreditError) as refused:
        with_cash_sweep(loan, [1.0], 1.5)

    assert str(refused.value).splitlines() == [
        "with_cash_sweep:cash_flow: 1 values given; use a list of 3",
        "with_cash_sweep:sweep_share: 1.5 was given; use a number from 0 to 1",
    ]


@given(costs=st.lists(st.floats(0, 80), min_size=1, max_size=24), advance=st.floats(0, 1))
def test_draws_stay_within_the_commitment_and_their_share_of_cost(costs, advance):
    loan = delayed_draw_loan("linear", 200.0, 0.1, costs, advance, 36, commitment_fee_rate=0.005)

    assert loan.drawn.sum() <= 200.0 * (1 + 1e-12)
    assert (loan.drawn <= advance * np.array(costs) + 1e-12).all()
    assert loan.drawn + loan.own_funds == pytest.approx(np.array(costs))
    assert loan.undrawn[-1] == pytest.approx(200.0 - loan.drawn.sum(), abs=1e-9)
    assert loan.repayment.principal.sum() == pytest.approx(loan.drawn.sum())


def test_interest_and_fees_of_a_drawn_down_loan_by_hand():
    loan = delayed_draw_loan("level", 100.0, 0.12, [50, 40, 60], 0.8, 12, commitment_fee_rate=0.006)

    assert loan.drawn.tolist() == pytest.approx([40.0, 32.0, 28.0])
    assert loan.interest.tolist() == pytest.approx([0.0, 0.4, 0.72])
    assert loan.commitment_fee.tolist() == pytest.approx([0.05, 0.03, 0.014])
    assert loan.to_frame()["undrawn"].to_list() == pytest.approx([60.0, 28.0, 0.0])
    assert loan.repayment.payment == pytest.approx(100 * 0.01 / (1 - 1.01**-12))
