"""What must hold for the clearing payments of every network."""

import numpy as np
import pytest
from drawn_networks import networks, property_of_all, random_network, survival
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from deflator.clearing import ClearingStatus, clear


def solve(network, **options):
    liabilities, assets, outside = network
    result = clear(liabilities, assets, external_liabilities=outside, **options)

    assert result.status is ClearingStatus.SETTLED
    return result


@property_of_all
@given(networks(), survival, survival)
def test_nobody_pays_more_than_is_due_or_more_than_they_have(network, alpha, beta):
    _, assets, _ = network
    result = solve(network, alpha=alpha, beta=beta)

    assert (result.payments <= result.due[0] + 1e-9).all()
    assert (result.payments <= assets + result.received + 1e-9).all()
    assert (result.equity >= 0.0).all()


@property_of_all
@given(networks(), survival, survival)
def test_owners_get_nothing_unless_every_debt_is_paid(network, alpha, beta):
    _, assets, _ = network
    result = solve(network, alpha=alpha, beta=beta)
    solvent = ~result.defaulted

    assert (result.equity[result.defaulted] == 0.0).all()
    assert (result.shortfall[solvent] == 0.0).all()
    left = assets + result.received - result.payments
    assert result.equity[solvent] == pytest.approx(left[solvent], abs=1e-9)


@property_of_all
@given(networks(), survival, survival)
def test_a_defaulter_hands_out_what_survives_its_default(network, alpha, beta):
    _, assets, _ = network
    result = solve(network, alpha=alpha, beta=beta)
    fallen = result.defaulted
    survived = alpha * assets + beta * result.received

    assert result.payments[fallen] == pytest.approx(survived[fallen], abs=1e-9)


@property_of_all
@given(networks())
def test_without_bankruptcy_costs_no_money_is_lost(network):
    _, assets, outside = network
    result = solve(network)
    to_outside = (result.share_paid[0] * outside).sum()

    assert result.equity.sum() + to_outside == pytest.approx(assets.sum(), abs=1e-9)


@property_of_all
@given(networks(), survival, survival, st.integers(0, 6), st.integers(1, 5))
def test_more_assets_never_lower_a_payment(network, alpha, beta, node, gift):
    liabilities, assets, outside = network
    richer = assets.copy()
    richer[node % assets.size] += gift
    before = solve(network, alpha=alpha, beta=beta)
    after = solve((liabilities, richer, outside), alpha=alpha, beta=beta)

    assert (after.payments >= before.payments - 1e-9).all()
    assert (after.equity >= before.equity - 1e-9).all()


@property_of_all
@given(networks(), survival, survival, st.sampled_from([1e-6, 1e-2, 3.0, 1e9]))
def test_counting_in_another_currency_changes_nothing_else(network, alpha, beta, rate):
    result = solve(network, alpha=alpha, beta=beta)
    other = solve(tuple(figures * rate for figures in network), alpha=alpha, beta=beta)

    assert other.payments == pytest.approx(result.payments * rate, rel=1e-9, abs=1e-9 * rate)
    assert (other.defaulted == result.defaulted).all()


@property_of_all
@given(networks(), survival, survival, st.randoms(use_true_random=False))
def test_the_order_of_the_nodes_does_not_matter(network, alpha, beta, random):
    liabilities, assets, outside = network
    order = list(range(assets.size))
    random.shuffle(order)
    result = solve(network, alpha=alpha, beta=beta)
    moved = solve((liabilities[np.ix_(order, order)], assets[order], outside[order]), alpha=alpha, beta=beta)

    assert moved.payments == pytest.approx(result.payments[order], abs=1e-9)


@property_of_all
@given(networks(), survival, survival)
def test_the_greatest_payments_are_at_least_the_least_ones(network, alpha, beta):
    greatest = solve(network, alpha=alpha, beta=beta)
    least = solve(network, alpha=alpha, beta=beta, least=True)

    assert (greatest.payments >= least.payments - 1e-9).all()


@property_of_all
@given(networks(), survival, survival)
def test_every_method_and_form_gives_the_same_payments(network, alpha, beta):
    liabilities, assets, outside = network
    result = solve(network, alpha=alpha, beta=beta, method="fictitious")

    for method in ("picard", "auto"):
        for form in (np.array, csr_array):
            other = solve((form(liabilities), assets, outside), alpha=alpha, beta=beta, method=method)
            assert other.payments == pytest.approx(result.payments, abs=1e-9)
            assert (other.defaulted == result.defaulted).all()


@property_of_all
@given(networks(), survival, survival)
def test_junior_creditors_get_nothing_until_senior_ones_are_paid(network, alpha, beta):
    liabilities, assets, outside = network
    senior, junior = np.triu(liabilities), np.tril(liabilities)
    result = clear([senior, junior], assets, external_liabilities=outside, alpha=alpha, beta=beta)
    senior_short = result.share_paid[0] < 1.0
    owes_junior = result.due[1] > 0.0

    assert (result.share_paid[1][senior_short & owes_junior] == 0.0).all()
    assert result.payments_by_class.sum(axis=0) == pytest.approx(result.payments, abs=1e-12)


@property_of_all
@given(networks())
def test_with_enough_cash_there_is_no_contagion(network):
    liabilities, _, outside = network
    result = clear(liabilities, liabilities.sum(axis=1) + outside, external_liabilities=outside, alpha=0, beta=0)

    assert not result.defaulted.any()
    assert result.rounds == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_class_for_each_liability_is_the_same_as_a_matrix_for_each_class(seed):
    liabilities, assets, outside = random_network(seed, 12)
    rank = np.random.default_rng(seed).integers(0, 3, liabilities.shape)
    classes = [np.where(rank == one, liabilities, 0.0) for one in range(3)]
    by_rank = clear(liabilities, assets, external_liabilities=outside, seniority=rank, external_seniority=1)
    by_matrix = clear(classes, assets, external_liabilities=outside, external_seniority=1)
    sparse = clear([csr_array(one) for one in classes], assets, external_liabilities=outside, external_seniority=1)

    assert (by_rank.payments == by_matrix.payments).all()
    assert (by_rank.payments == sparse.payments).all()
    assert by_rank.defaulted.any()


@pytest.mark.parametrize("seed", range(20))
def test_seniority_only_moves_money_between_creditors_of_defaulters(seed):
    liabilities, assets, outside = random_network(seed, 10)
    rank = np.random.default_rng(seed).integers(0, 2, liabilities.shape)
    ranked = clear(liabilities, assets, external_liabilities=outside, seniority=rank)
    paid_outside = (ranked.share_paid[0] * outside).sum()

    assert ranked.equity.sum() + paid_outside == pytest.approx(assets.sum(), abs=1e-9)
