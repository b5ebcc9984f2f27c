"""What is paid in a month with a default is what the public clearing library finds for the same dues and cash."""

from functools import cache

import numpy as np
import pytest
from economies import AI, SEED, TINY, economy, months_of

from deflator.clearing import clear
from deflator.engine.codes import Category

CLOSE = 1e-9  # of what is due
NO_MONEY = tuple(f"parameters.{name}=0" for name in ("lending_capacity_share_monthly", "equity_sale_max_share_annual"))
POOR_CLOUD = ("figures.entities.neo_one.cash_musd=0", *NO_MONEY)
DARK = ("parameters.idle_in_liquidation_share=1",)  # estates let nothing, and so run nothing
#: book, scenario, settings, and a month: the first from there in which somebody cannot pay is looked at
CASES = {
    "a lab that stops paying": (AI, "lab-failure", DARK, 14),
    "a window that shuts": (AI, "funding-freeze", DARK, 30),
    "a cloud without cash": (TINY, "base", POOR_CLOUD, 1),
    "a lab that takes its cloud along": (TINY, "base", ("failure.lab_one.level={+1: on}", *POOR_CLOUD), 1),
}


@cache
def month_of(case):
    """Return the records at the end of the month of a case; `payments` and `network` are those of that month."""
    book_name, scenario, settings, month = CASES[case]
    of = economy(book_name, scenario, 8, True, settings)
    later = (block for t, block in months_of(of, of.months, chance=True, seed=SEED, lanes=8) if t >= month)
    return next(block for block in later if block.payments.defaulted.any())


def group_of_edge(network):
    return np.repeat(np.arange(network.group_payer.size), np.diff(network.group_ofs))


def rank_of_group(network):
    """Return the class of each group within its payer, 0 the most senior."""
    payer = network.group_payer
    return np.array([np.count_nonzero(payer[:group] == payer[group]) for group in range(payer.size)])


def cleared(block, lane):
    """Clear the month of one lane with the public library: one matrix of dues for each class of seniority."""
    network, payments = block.network, block.payments
    group, rank = group_of_edge(network), rank_of_group(network)
    nodes = len(payments.resources)
    dues = np.zeros((rank.max() + 1, nodes, nodes))
    np.add.at(dues, (rank[group], network.group_payer[group], network.payee), network.due[:, lane])
    unlimited = dues.sum() + 1.0
    cash = np.minimum(payments.resources[:, lane], unlimited)
    return clear(list(dues), cash, alpha=payments.alpha[:, lane], beta=payments.beta[:, lane])


def test_the_cases_hold_zero_payments_payments_in_part_and_a_default_that_another_one_causes():
    paid = {case: month_of(case).payments for case in CASES}

    assert all(payments.defaulted.any() for payments in paid.values())
    assert (paid["a lab that stops paying"].ratio == 0.0).any()
    assert ((paid["a window that shuts"].ratio % 1.0) > 0.0).any()
    cloud = economy().entities.index("neo_one")
    alone = paid["a cloud without cash"].defaulted[cloud]
    after_the_lab = paid["a lab that takes its cloud along"].defaulted[cloud]
    assert (after_the_lab & ~alone).any()


@pytest.mark.parametrize("case", CASES)
def test_shares_paid_receipts_and_defaulters_are_those_of_the_public_library(case):
    block = month_of(case)
    network, payments = block.network, block.payments
    rank = rank_of_group(network)
    for lane in range(payments.ratio.shape[1]):
        public = cleared(block, lane)

        assert public.share_paid[rank, network.group_payer] == pytest.approx(payments.ratio[:, lane], abs=CLOSE)
        assert public.received == pytest.approx(payments.received[:, lane], rel=CLOSE, abs=CLOSE)
        assert (public.defaulted == payments.defaulted[:, lane]).all()


@pytest.mark.parametrize("case", CASES)
def test_nobody_pays_more_than_is_due_or_than_they_have(case):
    network, payments = month_of(case).network, month_of(case).payments
    paid = np.zeros_like(payments.resources)
    np.add.at(paid, network.group_payer[group_of_edge(network)], payments.ratio[group_of_edge(network)] * network.due)

    assert payments.ratio.min() >= 0.0
    assert payments.ratio.max() <= 1.0
    has = payments.resources + payments.received
    assert (paid <= has * (1.0 + CLOSE) + CLOSE).all()


@pytest.mark.parametrize("case", CASES)
def test_senior_payments_come_first(case):
    network, payments = month_of(case).network, month_of(case).payments
    payer, ratio = network.group_payer, payments.ratio
    same = payer[1:] == payer[:-1]
    due = np.add.reduceat(network.due, network.group_ofs[:-1], axis=0)

    junior_paid = (ratio[1:] > 0.0) & (due[1:] > 0.0) & same[:, None]

    assert junior_paid.any()
    assert (ratio[:-1][junior_paid] >= 1.0 - CLOSE).all()


@pytest.mark.parametrize("case", CASES)
def test_the_ledger_books_what_was_paid_by_its_reason(case):
    block = month_of(case)
    network, paid = block.network, block.payments.ratio[group_of_edge(block.network)] * block.network.due

    for reason in (Category.OPERATIONS, Category.CONTRACT, Category.INTEREST):
        of_reason = paid[network.kind == reason].sum(axis=0)
        assert block.ledger.flow[reason] == pytest.approx(of_reason, rel=CLOSE)


def test_what_estates_pay_to_run_the_units_that_they_let_is_booked_beside_what_firms_pay():
    book_name, scenario, _, _ = CASES["a window that shuts"]
    of = economy(book_name, scenario, 8, True, ())
    found = []
    for t, block in months_of(of, of.months, chance=True, seed=SEED, lanes=8):
        paid = block.payments.ratio[group_of_edge(block.network)] * block.network.due
        firms = paid[block.network.kind == Category.OPERATIONS].sum(axis=0)
        estates = block.equipment.estate.sum(axis=0)
        if t:
            more = block.ledger.flow[Category.OPERATIONS] - firms
            assert more[estates == 0.0] == pytest.approx(0.0, abs=CLOSE * firms.max())
            found += more[estates > 1.0].tolist()

    assert len(found) > 10
    assert min(found) > 0.0


def test_without_the_channel_payment_everybody_pays_as_if_all_others_had():
    book_name, scenario, settings, month = CASES["a lab that stops paying"]
    of = economy(book_name, scenario, 8, True, (*settings, "channels.payment=off"))
    *_, (_, block) = months_of(of, month, chance=True, seed=SEED, lanes=8)
    network, payments = block.network, block.payments
    receipts = np.zeros_like(payments.resources)
    np.add.at(receipts, network.payee, network.due)
    owed = np.zeros_like(receipts)
    np.add.at(owed, network.group_payer[group_of_edge(network)], network.due)

    short = payments.resources < owed * (1.0 - CLOSE)

    assert (payments.resources >= receipts).all(), "what others owe counts in full"
    assert short.any()
    assert (payments.defaulted == short).all()
