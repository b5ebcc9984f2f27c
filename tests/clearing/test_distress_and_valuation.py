"""Distress, claim values and cascades: by hand, against each other, and what must hold for all of them."""

import numpy as np
import pytest
from drawn_networks import networks, property_of_all, random_network, survival
from hypothesis import given
from numba import njit
from scipy.integrate import quad
from scipy.sparse import csr_array

from deflator.clearing import (
    ClearingError,
    ClearingStatus,
    Valuation,
    black_cox,
    clear,
    debtrank,
    default_cascade,
    eisenberg_noe,
    failure_cascade,
    furfine,
    linear_debtrank,
    linear_loss,
    merton,
    rogers_veraart,
    value_network,
)


def test_distress_passes_through_a_node_only_once():
    # 0 at 0.5 hits 1, which gets 0.25. Then 1 hits 0, which is spent and only suffers 0.125, and 2 (0.25).
    result = debtrank([[0, 0.5, 0], [0.5, 0, 1], [0, 0, 0]], [1, 1, 2], [0.5, 0, 0])

    assert result.distress.tolist() == [0.625, 0.25, 0.25]
    assert result.debtrank == pytest.approx((0.125 + 0.25 + 2 * 0.25) / 4)
    assert result.rounds == 2


def test_debtrank_of_every_node_at_once():
    rng = np.random.default_rng(4)
    impact = np.minimum(1.0, rng.exponential(0.3, (12, 12)))
    np.fill_diagonal(impact, 0.0)
    together = debtrank(csr_array(impact), np.ones(12), np.eye(12))

    for node in range(12):
        alone = debtrank(impact, np.ones(12), np.eye(12)[node])
        assert (together.distress[:, node] == alone.distress).all()
        assert together.debtrank[node] == pytest.approx(alone.debtrank, rel=1e-14)


def test_linear_debtrank_by_hand():
    # 0 has lent 4 to 1 and 1 has lent 4 to 0, both with equity 10: h0 = 0.3 + 0.4 h1, h1 = 0.4 h0.
    result = linear_debtrank([[0, 4], [4, 0]], [10, 10], [0.3, 0])

    assert result.distress == pytest.approx([0.3 / 0.84, 0.12 / 0.84], abs=1e-12)
    assert result.status is ClearingStatus.SETTLED


def test_claims_beyond_equity_amplify_until_all_is_lost():
    result = linear_debtrank([[0, 15], [15, 0]], [10, 10], [0.01, 0])

    assert result.distress.tolist() == [1, 1]


def test_distress_that_needs_more_rounds_says_so():
    result = linear_debtrank([[0, 9.9], [9.9, 0]], [10, 10], [0.001, 0], max_rounds=5)

    assert result.status is ClearingStatus.STILL_MOVING


@property_of_all
@given(networks(), survival, survival)
def test_valuing_claims_like_clearing_gives_the_payments_of_clearing(network, alpha, beta):
    liabilities, assets, outside = network
    cleared = clear(liabilities, assets, external_liabilities=outside, alpha=alpha, beta=beta)
    valued = value_network(liabilities.T, assets, outside, rogers_veraart(alpha, beta))
    owes = cleared.due[0] > 0.0

    assert valued.claim_value[owes] == pytest.approx(cleared.share_paid[0][owes], abs=1e-9)
    assert np.maximum(valued.equity, 0.0) == pytest.approx(cleared.equity, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_lanes_of_a_valuation_are_economies_of_their_own(seed):
    liabilities, assets, outside = random_network(seed, 10)
    loss = assets[:, None] * np.random.default_rng(seed).random((10, 5))
    together = value_network(csr_array(liabilities.T), assets, outside, eisenberg_noe(), loss=loss)

    for lane in range(5):
        alone = value_network(liabilities.T, assets, outside, eisenberg_noe(), loss=loss[:, lane])
        assert (together.equity[:, lane] == alone.equity).all()
        assert together.rounds[lane] == alone.rounds


def worth(valuation, equity, before=3.0, assets=10.0, owed=8.0):
    return valuation.value(equity, before, assets, owed, valuation.parameters)


@pytest.mark.parametrize(
    "valuation",
    [
        eisenberg_noe(),
        rogers_veraart(0.8, 0.6),
        furfine(0.4),
        linear_loss(),
        merton(0.3),
        black_cox(0.3, 0.4),
    ],
)
def test_a_claim_is_worth_more_when_its_debtor_is(valuation):
    values = [worth(valuation, equity) for equity in np.linspace(-12.0, 12.0, 200)]

    assert all(0.0 <= value <= 1.0 for value in values)
    assert np.all(np.diff(values) >= -1e-12)
    assert values[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("equity", [-9.0, -2.0, 0.0, 1.5, 4.0])
def test_expected_payment_at_maturity_is_the_integral_over_outcomes(equity):
    volatility, recovery, assets, owed = 0.4, 0.7, 10.0, 8.0

    def paid(z):
        later = assets * np.exp(-(volatility**2) / 2.0 + volatility * z)
        worth_then = equity + later - assets
        share = 1.0 if worth_then >= 0.0 else recovery * max(0.0, (worth_then + owed) / owed)
        return share * np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi)

    edges = [
        np.log(level / assets) / volatility + volatility / 2
        for level in (assets - equity, assets - equity - owed)
        if level > 0
    ]
    expected = sum(
        quad(paid, low, high, limit=200)[0]
        for low, high in zip([-12, *sorted(edges)], [*sorted(edges), 12], strict=True)
    )

    assert worth(merton(volatility, recovery), equity) == pytest.approx(expected, abs=1e-8)


def test_a_barrier_is_touched_more_often_than_it_ends_below():
    for equity in (0.5, 2.0, 5.0):
        assert worth(black_cox(0.3), equity) < worth(merton(0.3, 0.0), equity) < 1.0


def test_without_movement_the_future_is_the_present():
    for equity in (-3.0, 0.5):
        assert worth(merton(0.0), equity) == worth(eisenberg_noe(), equity)


def test_anybodys_own_valuation_function_works():
    @njit
    def half_when_thin(equity, equity_before, assets, owed, parameters):
        return 1.0 if equity > parameters[0] else 0.5

    result = value_network([[0, 5], [0, 0]], [10, 20], [8, 19], Valuation(half_when_thin, (2.0,)), loss=[0, 0])

    assert result.claim_value.tolist() == [1.0, 0.5]
    assert result.equity.tolist() == [4.5, -4.0]


def test_failure_of_one_firm_knocks_over_its_owner():
    # (I - C)^-1 = [[1, .5], [.5, 1]] / .75, own = .5: v = ([3, 6] + .5 [6, 3]) / 1.5 = [4, 5].
    # Firm 0 is below 4.5 and fails, which costs 1.5: v = [3, 4.5], and firm 1 falls below 4.6.
    holdings = [[0, 0.5], [0.5, 0]]
    result = failure_cascade(holdings, [3, 6], [4.5, 4.6], [1.5, 0.3])
    mild = failure_cascade(holdings, [3, 6], [4.5, 4.4], [1.5, 0.3])

    assert result.wave.tolist() == [1, 2]
    assert mild.wave.tolist() == [1, 0]
    assert mild.value == pytest.approx([3.0, 4.5])


def test_cascade_values_solve_the_equation_of_the_paper():
    waves = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        holdings = rng.random((15, 15)) * (rng.random((15, 15)) < 0.3)
        np.fill_diagonal(holdings, 0.0)
        holdings *= 0.6 / np.maximum(holdings.sum(axis=0), 0.6)
        assets = rng.random((15, 4)) + 0.5
        costs = rng.random(15) * 1.2
        result = failure_cascade(csr_array(holdings), assets, np.full(15, 0.55), costs)
        own = 1.0 - holdings.sum(axis=0)
        left = assets - costs[:, None] * result.failed
        expected = own[:, None] * np.linalg.solve(np.eye(15) - holdings, left)
        waves.append(result.wave.max())

        assert result.value == pytest.approx(expected, abs=1e-12)
        assert (result.failed == (expected < 0.55)).all()
    assert max(waves) > 1


def test_defaults_run_down_a_chain_one_wave_at_a_time():
    chain = np.diag([5.0, 5, 5, 5], k=1)  # each owes 5 to the next, and has just enough when it is paid
    result = default_cascade(csr_array(chain), [[0, 5], [0, 0], [0, 0], [0, 0], [0, 0]], recovery=0.5)

    assert result.wave[:, 0].tolist() == [1, 2, 3, 4, 0]
    assert result.wave[:, 1].tolist() == [0, 0, 0, 0, 0]


def test_nobody_fails_who_would_stand_without_contagion_at_full_recovery():
    liabilities, assets, outside = random_network(3, 20)
    full = default_cascade(csr_array(liabilities), assets, outside, recovery=1.0)
    none = default_cascade(liabilities, assets, outside, recovery=0.0)

    assert full.wave.max() == 1
    assert (none.failed >= full.failed).all()
    assert none.failed.sum() > full.failed.sum()


def test_bad_figures_of_every_function_are_refused():
    square = np.zeros((2, 2))
    calls = [
        lambda: debtrank([[0, 2], [0, 0]], [1, 1], [1, 0]),
        lambda: debtrank(square, [1, 1], [1.5, 0]),
        lambda: linear_debtrank([[1, 2], [0, 0]], [1, 1], [0, 0]),
        lambda: linear_debtrank(square, [0, 1], [0, 0]),
        lambda: value_network(-np.ones((2, 2)), [1, 1], [0, 0], eisenberg_noe()),
        lambda: rogers_veraart(1.5, 0.5),
        lambda: merton(-1.0),
        lambda: failure_cascade([[0, 1.0], [0, 0]], [1, 1], [1, 1], [1, 1]),
        lambda: default_cascade(square, [1, np.nan], [0, 0]),
        lambda: default_cascade(square, [1, 1, 1], [0, 0]),
        lambda: value_network(square, np.ones((2, 3)), np.ones((2, 4)), eisenberg_noe()),
    ]
    for call in calls:
        with pytest.raises(ClearingError):
            call()
