"""Small networks whose payments can be worked out on paper."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from deflator.clearing import ClearingStatus, clear


def test_two_banks_one_of_which_defaults_and_drags_the_other_down():
    # Bank 0 has 1, is owed 2 and owes 4: short. It hands out p0 = 0.5 * 1 + 0.5 * p1.
    # Bank 1 has 0.25 and gets at most 1.5, but owes 2: short as well, p1 = 0.5 * 0.25 + 0.5 * p0.
    # So p0 = 0.75 and p1 = 0.5.
    result = clear([[0, 4], [2, 0]], [1, 0.25], alpha=0.5, beta=0.5)

    assert result.payments == pytest.approx([0.75, 0.5], abs=1e-12)
    assert result.defaulted.all()


def test_two_banks_can_both_stand_or_both_fall():
    # Each owes the other 2 and has 0.1 of its own. Paid in full both can pay. If neither pays, both default.
    greatest = clear([[0, 2], [2, 0]], [0.1, 0.1], alpha=0.5, beta=0.5)
    least = clear([[0, 2], [2, 0]], [0.1, 0.1], alpha=0.5, beta=0.5, least=True)

    assert greatest.payments.tolist() == [2, 2]
    assert not greatest.defaulted.any()
    assert least.payments == pytest.approx([0.1, 0.1], abs=1e-12)  # p = 0.05 + 0.5 p
    assert least.defaulted.all()


def test_without_costs_a_defaulter_pays_all_it_has():
    result = clear([[0, 60, 40], [0, 0, 0], [0, 30, 0]], [50, 0, 15])

    assert result.payments.tolist() == [50, 0, 30]
    assert result.received.tolist() == [0, 60, 20]
    assert result.equity.tolist() == [0, 60, 5]
    assert result.shortfall.tolist() == [50, 0, 0]
    assert result.rounds == 1


def test_a_closed_loop_of_debts_without_cash_pays_itself_around():
    loop = [[0, 3, 0], [0, 0, 3], [3, 0, 0]]

    assert clear(loop, [0, 0, 0]).payments.tolist() == [3, 3, 3]
    assert clear(loop, [0, 0, 0], least=True).payments.tolist() == [0, 0, 0]


def test_the_landlord_before_the_lender():
    senior, junior = np.zeros((3, 3)), np.zeros((3, 3))
    senior[0, 2], junior[0, 1] = 40, 60
    result = clear([senior, junior], [50, 0, 0])

    assert result.payments_by_class[:, 0].tolist() == [40, 10]
    assert result.received.tolist() == [0, 10, 40]


def test_outside_creditors_can_rank_before_or_after():
    liabilities = [np.zeros((2, 2)), np.array([[0.0, 10], [0, 0]])]
    before = clear(liabilities, [8, 0], external_liabilities=[5, 0], external_seniority=0)
    same = clear(liabilities, [8, 0], external_liabilities=[6, 0], external_seniority=1)

    assert before.received.tolist() == [0, 3]
    assert same.received.tolist() == [0, 5]


def test_a_chain_falls_one_after_the_other():
    chain = np.diag([10.0, 9, 8, 7], k=1)
    result = clear(chain, [1, 1, 1, 1, 0], alpha=0.0, beta=1.0)

    assert result.payments[:4].tolist() == [0, 0, 0, 0]
    assert result.defaulted[:4].all()


def test_what_is_paid_on_each_liability():
    liabilities = np.array([[0.0, 60, 40], [0, 0, 0], [0, 30, 0]])
    result = clear(liabilities, [50, 0, 15])
    lanes = clear(liabilities, [[50, 100], [0, 0], [15, 15]])

    assert result.pay(liabilities)[0].tolist() == [0, 30, 20]
    assert result.pay(csr_array(liabilities)).toarray()[0].tolist() == [0, 30, 20]
    assert lanes.pay(liabilities)[0, 1].tolist() == [30, 60]


def test_a_slow_loop_is_solved_exactly():
    # Almost everything goes around: 1 in a million leaks out each time, so plain iteration would need
    # millions of rounds. Each bank has 1 too little.
    due = 1e6
    result = clear([[0, due], [due, 0]], [0, 0], external_liabilities=[1, 1], tolerance=1e-12, max_rounds=1_000)
    slow = clear([[0, due], [due, 0]], [0, 0], external_liabilities=[1, 1], method="picard", max_rounds=1_000)

    assert result.status is ClearingStatus.SETTLED
    assert result.payments == pytest.approx([0, 0], abs=1e-6)
    assert slow.status is ClearingStatus.STILL_MOVING
    assert "not an answer" in slow.status.sentence


def test_a_debt_worth_all_one_owns_is_paid():
    result = clear([[0, 1e6 / 3], [0, 0]], [1e6 / 3, 0], alpha=0, beta=0)

    assert not result.defaulted.any()


def test_shares_in_a_debtor_are_worth_what_its_creditors_leave():
    # Firm 1 owes 3 and has 8; firm 0 owns half of it and owes 4 to firm 2, with nothing else to pay.
    liabilities = np.zeros((3, 3))
    liabilities[1, 2], liabilities[0, 2] = 3, 4
    holdings = np.zeros((3, 3))
    holdings[0, 1] = 0.5
    result = clear(liabilities, [0, 8, 0], crossholdings=holdings)
    shocked = clear(liabilities, [[0, 0], [8, 12], [0, 0]], crossholdings=holdings)

    assert result.payments.tolist() == [2.5, 3, 0]
    assert result.equity.tolist() == [0, 5, 5.5]
    assert shocked.payments[0].tolist() == [2.5, 4]
    assert shocked.defaulted[0].tolist() == [True, False]
