"""Default probabilities from assets and debt: limits, directions and the equations themselves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtr

from deflator.credit import (
    CreditError,
    black_cox_default_probability,
    merton_default_probability,
    merton_from_equity,
)
from deflator.credit.structural import log_normal_cdf, normal_cdf

debts = st.floats(1, 99)
drifts = st.floats(-0.2, 0.2)
volatilities = st.floats(0.02, 1.5)
horizons = st.floats(0.05, 20)


@given(st.floats(-200, 200))
def test_normal_probabilities_agree_with_scipy(x):
    assert normal_cdf(x) == pytest.approx(ndtr(x), rel=1e-11, abs=1e-300)
    assert log_normal_cdf(x) == pytest.approx(log_ndtr(x), rel=1e-10, abs=1e-300)


@given(debt=debts, more=st.floats(1, 2), drift=drifts, volatility=volatilities, years=horizons)
def test_more_debt_never_makes_default_less_likely(debt, more, drift, volatility, years):
    for probability in (merton_default_probability, black_cox_default_probability):
        low, high = probability(100.0, [debt, debt * more], drift, volatility, years)
        assert 0.0 <= low <= high + 1e-12
        assert high <= 1.0


@given(debt=debts, volatility=volatilities, more=st.floats(1, 2), years=horizons)
def test_more_volatile_assets_never_make_default_less_likely(debt, volatility, more, years):
    # Without drift the median of assets only falls as volatility rises.
    low, high = merton_default_probability(100.0, debt, 0.0, [volatility, volatility * more], years)

    assert low <= high + 1e-12


@given(debt=debts, drift=drifts, volatility=volatilities, years=horizons)
def test_a_test_at_every_moment_catches_at_least_what_a_test_at_maturity_does(debt, drift, volatility, years):
    at_maturity = merton_default_probability(100.0, debt, drift, volatility, years)
    at_any_time = black_cox_default_probability(100.0, debt, drift, volatility, years)

    assert at_any_time >= at_maturity - 1e-12


@given(debt=debts, drift=drifts, volatility=volatilities, years=horizons, longer=st.floats(1, 3))
def test_a_longer_wait_never_makes_first_passage_less_likely(debt, drift, volatility, years, longer):
    short, long = black_cox_default_probability(100.0, debt, drift, volatility, [years, years * longer])

    assert short <= long + 1e-9


def test_without_trend_first_passage_is_twice_the_chance_of_ending_below():
    # The reflection principle: no trend in logs means drift of half the variance.
    volatility = 0.3
    drift = volatility**2 / 2

    at_maturity = merton_default_probability(100.0, 70.0, drift, volatility, 2.0)
    at_any_time = black_cox_default_probability(100.0, 70.0, drift, volatility, 2.0)

    assert at_any_time == pytest.approx(2 * at_maturity, rel=1e-12)


def test_first_passage_agrees_with_a_fine_random_walk():
    draw = np.random.default_rng(7)
    steps, paths, years, volatility, drift = 1000, 20_000, 1.0, 0.35, 0.02
    step = years / steps
    log_assets = np.full(paths, math.log(100.0))
    lowest = log_assets.copy()
    for _ in range(steps):
        noise = draw.standard_normal(paths)
        log_assets += (drift - volatility**2 / 2) * step + volatility * math.sqrt(step) * noise
        lowest = np.minimum(lowest, log_assets)
    # Broadie, Glasserman and Kou (1997): a barrier watched at steps acts like one that lies further away.
    shifted = 75.0 * math.exp(0.5826 * volatility * math.sqrt(step))
    share = (lowest <= math.log(shifted)).mean()

    expected = black_cox_default_probability(100.0, 75.0, drift, volatility, years)
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / paths))


def test_assets_at_the_barrier_have_defaulted():
    assert black_cox_default_probability(50.0, 50.0, 0.1, 0.2, 1.0) == 1.0


def test_a_strong_fall_of_quiet_assets_neither_overflows_nor_escapes_default():
    assert black_cox_default_probability(100.0, 70.0, -0.5, 0.01, 10.0) == pytest.approx(1.0)
    assert black_cox_default_probability(100.0, 70.0, 0.5, 0.01, 10.0) == pytest.approx(0.0, abs=1e-12)


@given(
    equity=st.floats(0.5, 500),
    moves=st.floats(0.05, 1.5),
    rate=st.floats(-0.02, 0.15),
    years=st.floats(0.25, 10),
)
def test_a_firm_seen_through_its_shares_solves_both_equations(equity, moves, rate, years):
    firm = merton_from_equity(equity, moves, 100.0, rate, years)

    spread = firm.asset_volatility * math.sqrt(years)
    lower, upper = firm.distance_to_default, firm.distance_to_default + spread
    call = firm.asset_value * ndtr(upper) - 100.0 * math.exp(-rate * years) * ndtr(lower)
    assert call == pytest.approx(equity, rel=1e-8)
    assert ndtr(upper) * firm.asset_volatility * firm.asset_value == pytest.approx(moves * equity, rel=1e-7)
    assert firm.asset_value - equity == pytest.approx(firm.debt_value, rel=1e-7)
    assert firm.credit_spread >= -1e-12
    assert firm.default_probability == pytest.approx(
        merton_default_probability(firm.asset_value, 100.0, rate, firm.asset_volatility, years), abs=1e-12
    )


def test_wrong_arguments_of_the_models_are_named_together():
    with pytest.raises(CreditError) as refused:
        black_cox_default_probability([100.0, -1.0], 0.0, math.nan, 0.2, "long")

    assert [(fault.row, fault.column) for fault in refused.value.faults] == [
        (0, "barrier"),
        (0, "drift"),
        (0, "years"),
        (2, "asset_value"),
    ]


def test_arrays_that_do_not_match_are_refused():
    with pytest.raises(CreditError, match="do not match"):
        merton_default_probability([100.0, 90.0], [50.0, 60.0, 70.0], 0.0, 0.2, 1.0)
