"""Cash flowing down claims: nothing is made or lost, and nobody is paid out of turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import CreditError, pay_by_rank, sequential_waterfall

amounts = st.floats(0, 1000)
ranked_claims = st.lists(st.tuples(amounts, st.integers(1, 4)), min_size=1, max_size=8)


@given(cash=amounts, ranked=ranked_claims)
def test_cash_is_conserved_and_a_lower_rank_waits_for_the_higher(cash, ranked):
    claims = np.array([claim for claim, _ in ranked])
    ranks = np.array([rank for _, rank in ranked])
    paid = np.full(len(ranked), np.nan)

    left = pay_by_rank(cash, claims, ranks, paid)

    assert paid.sum() + left == pytest.approx(cash, rel=1e-12, abs=1e-9)
    assert (paid >= 0).all()
    assert (paid <= claims).all()
    for junior in np.flatnonzero(paid > 1e-9):
        senior = ranks < ranks[junior]
        assert paid[senior].tolist() == claims[senior].tolist()


@given(cash=st.floats(0, 100), claims=st.lists(st.floats(1, 100), min_size=2, max_size=6))
def test_equal_ranks_recover_the_same_share(cash, claims):
    paid = np.zeros(len(claims))
    pay_by_rank(cash, np.array(claims), np.ones(len(claims), dtype=np.int64), paid)

    recovered = paid / np.array(claims)
    assert recovered == pytest.approx(recovered[0])


@given(
    cash=st.lists(st.floats(0, 300), min_size=1, max_size=24),
    losses=st.lists(st.floats(0, 200), min_size=24, max_size=24),
)
def test_a_deal_hands_out_its_collections_and_never_overpays(cash, losses):
    collateral = np.maximum(1000 - np.cumsum(losses[: len(cash)]), 0)
    deal = sequential_waterfall([700, 200, 100], [0.06, 0.1, 0.18], cash, collateral)

    handed_out = deal.interest.sum(axis=1) + deal.principal.sum(axis=1) + deal.residual
    assert handed_out == pytest.approx(np.array(cash), rel=1e-12, abs=1e-9)
    assert (deal.balance >= -1e-9).all()
    assert (deal.residual >= 0).all()
    # Equity is paid only where all interest is, and the tranches are down to the collateral.
    paid_out = deal.residual > 1e-6
    assert deal.interest_unpaid[paid_out].sum() == pytest.approx(0, abs=1e-9)
    assert (deal.balance.sum(axis=1) <= collateral + 1e-6)[paid_out].all()
    # Mezzanine principal waits for the senior tranche.
    assert (deal.balance[:, 0][deal.principal[:, 1] > 1e-6] < 1e-9).all()


def test_interest_that_cash_does_not_reach_is_owed_at_the_next_payment():
    deal = sequential_waterfall([100, 50], [0.12, 0.12], cash=[1.2, 10.0], collateral_after=[150.0, 150.0])

    assert deal.interest_unpaid[0].tolist() == pytest.approx([0.0, 0.3])
    assert deal.interest[1].tolist() == pytest.approx([1.0, 0.8])
    assert deal.residual.tolist() == pytest.approx([0.0, 8.2])


def test_a_deal_is_a_table_of_payments_and_tranches():
    frame = sequential_waterfall([100, 50], [0.12, 0.12], [10.0], [145.0]).to_frame()

    assert frame.select("payment", "tranche", "balance").rows() == [(1, 1, 95.0), (1, 2, 50.0)]


def test_series_of_a_deal_must_pair_up():
    with pytest.raises(CreditError) as refused:
        sequential_waterfall([100, -50], [0.1], [1.0, 2.0], [1.0])

    assert {fault.column for fault in refused.value.faults} == {
        "balances",
        "annual_rates",
        "collateral_after",
    }
