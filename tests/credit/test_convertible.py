"""Convertibles: limits, an independent finite-difference solution, and QuantLib without a spread."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_banded
from scipy.special import ndtr

from deflator.credit import CreditError, convertible_value

TERMS = {"risk_free_rate": 0.04, "credit_spread": 0.03, "volatility": 0.3, "years": 5.0}


def test_far_below_the_conversion_price_it_is_a_risky_bond():
    bond = convertible_value(1.0, 100.0, 62.5, coupon_rate=0.05, **TERMS)

    assert bond.value == pytest.approx(bond.bond_floor, rel=1e-6)
    assert bond.share_part == pytest.approx(0.0, abs=1e-6)
    coupons = sum(2.5 * math.exp(-0.07 * half / 2) for half in range(1, 11))
    assert bond.bond_floor == pytest.approx(coupons + 100 * math.exp(-0.35))


def test_far_above_the_conversion_price_it_is_shares():
    bond = convertible_value(5000.0, 100.0, 62.5, **TERMS)

    assert bond.value == pytest.approx(bond.parity, rel=1e-9)


def test_held_to_maturity_its_parts_are_digital_options():
    # Without coupons or dividends early conversion is worth next to nothing at a small spread.
    terms = TERMS | {"credit_spread": 0.005}
    bond = convertible_value(50.0, 100.0, 62.5, **terms)

    spread = 0.3 * math.sqrt(5.0)
    lower = (math.log(50.0 / 62.5) + (0.04 - 0.045) * 5.0) / spread
    assert bond.share_part == pytest.approx(80.0 * ndtr(lower + spread), abs=0.001)
    assert bond.cash_part == pytest.approx(100.0 * math.exp(-0.045 * 5.0) * ndtr(-lower), abs=0.001)


@given(
    share_price=st.floats(5, 200),
    spread=st.floats(0, 0.3),
    volatility=st.floats(0.1, 0.9),
    coupon=st.floats(0, 0.1),
)
def test_it_lies_between_its_shares_or_floor_and_the_same_bond_without_a_spread(
    share_price, spread, volatility, coupon
):
    terms = {"risk_free_rate": 0.04, "volatility": volatility, "years": 4.0, "coupon_rate": coupon}
    bond = convertible_value(share_price, 100.0, 62.5, credit_spread=spread, steps=200, **terms)
    safe = convertible_value(share_price, 100.0, 62.5, credit_spread=0.0, steps=200, **terms)

    # With so few steps the error of the tree is a few cents.
    assert bond.value >= max(bond.bond_floor, bond.parity) - 0.05
    assert bond.value <= safe.value + 0.05


def test_a_wider_spread_lowers_it_where_conversion_is_not_near():
    spreads = [0.0, 0.02, 0.05, 0.1, 0.2]
    values = [convertible_value(35.0, 100.0, 62.5, **TERMS | {"credit_spread": s}).value for s in spreads]

    assert values == sorted(values, reverse=True)


def test_at_a_very_wide_spread_value_can_rise_with_it():
    # The holder decides anew at each node, by discounts that differ between cash and shares. Near conversion
    # the plan that follows from that is not the best one seen from today. The model is kept as published.
    terms = {"risk_free_rate": 0.04, "volatility": 0.25, "years": 4.0, "coupon_rate": 0.01}
    wide, wider = (convertible_value(51.0, 100.0, 62.5, credit_spread=s, **terms).value for s in (0.15, 0.3))

    assert wider > wide + 0.1
    assert wide >= 81.6


def two_part_finite_differences(share_price, shares, face, rate, spread, volatility, years, dividends):
    """Solve the two equations of Tsiveriotis and Fernandes implicitly on a grid of log share prices."""
    nodes, steps = 801, 4000
    logs = np.linspace(math.log(share_price) - 5, math.log(share_price) + 5, nodes)
    parity = shares * np.exp(logs)
    width, step = logs[1] - logs[0], years / steps
    diffusion = 0.5 * volatility**2 / width**2
    drift = (rate - dividends - 0.5 * volatility**2) / (2 * width)

    def system(discount):
        bands = np.zeros((3, nodes))
        bands[0, 2:] = -step * (diffusion + drift)
        bands[1, 1:-1] = 1 + step * (2 * diffusion + discount)
        bands[2, :-2] = -step * (diffusion - drift)
        bands[1, [0, -1]] = 1 + step * discount, 1
        return bands

    cash = np.where(parity >= face, 0.0, face)
    total = np.maximum(parity, face)
    for_cash, for_share = system(rate + spread), system(rate)
    for _ in range(steps):
        share = solve_banded((1, 1), for_share, total - cash)
        cash = solve_banded((1, 1), for_cash, cash)
        total = share + cash
        converted = parity >= total
        total[converted], cash[converted] = parity[converted], 0.0
    return float(total[nodes // 2])


def test_a_wide_spread_agrees_with_finite_differences():
    bond = convertible_value(
        50.0,
        100.0,
        62.5,
        risk_free_rate=0.04,
        credit_spread=0.1,
        volatility=0.3,
        years=5.0,
        dividend_yield=0.02,
    )

    solved = two_part_finite_differences(50.0, 1.6, 100.0, 0.04, 0.1, 0.3, 5.0, 0.02)
    assert bond.value == pytest.approx(solved, abs=0.02)


def quantlib_value(quantlib, share_price, conversion_price, spread, coupon, dividends):
    today = quantlib.Date(1, 3, 2026)
    quantlib.Settings.instance().evaluationDate = today
    end = quantlib.Date(1, 3, 2031)
    # Thirty-day months make five calendar years five years of the tree.
    count = quantlib.Thirty360(quantlib.Thirty360.BondBasis)

    def flat(rate):
        return quantlib.YieldTermStructureHandle(quantlib.FlatForward(today, rate, count))

    noise = quantlib.BlackConstantVol(today, quantlib.NullCalendar(), 0.3, count)
    process = quantlib.BlackScholesMertonProcess(
        quantlib.QuoteHandle(quantlib.SimpleQuote(share_price)),
        flat(dividends),
        flat(0.04),
        quantlib.BlackVolTermStructureHandle(noise),
    )
    dates = quantlib.Schedule(
        today,
        end,
        quantlib.Period(6, quantlib.Months),
        quantlib.NullCalendar(),
        quantlib.Unadjusted,
        quantlib.Unadjusted,
        quantlib.DateGeneration.Backward,
        False,
    )
    bond = quantlib.ConvertibleFixedCouponBond(
        quantlib.AmericanExercise(today, end), 100.0 / conversion_price, [], today, 0, [coupon], count, dates
    )
    quote = quantlib.QuoteHandle(quantlib.SimpleQuote(spread))
    bond.setPricingEngine(quantlib.BinomialCRRConvertibleEngine(process, 1000, quote))
    return bond.NPV()


@pytest.mark.parametrize(("share_price", "coupon", "dividends"), [(50, 0.05, 0), (50, 0.0175, 0.03), (70, 0, 0)])
def test_without_a_spread_it_agrees_with_quantlib(quantlib, share_price, coupon, dividends):
    terms = TERMS | {"credit_spread": 0.0, "coupon_rate": coupon, "dividend_yield": dividends}
    bond = convertible_value(share_price, 100.0, 62.5, **terms)

    assert bond.value == pytest.approx(quantlib_value(quantlib, share_price, 62.5, 0.0, coupon, dividends), abs=0.02)


def test_with_a_spread_quantlib_discounts_more_of_the_shares(quantlib):
    # QuantLib discounts the whole value at a rate between the two, by the chance of conversion; here only
    # cash bears the spread. Theirs is lower by up to two points, and both lie between floor and no spread.
    bond = convertible_value(50.0, 100.0, 62.5, **TERMS)
    safe = convertible_value(50.0, 100.0, 62.5, **TERMS | {"credit_spread": 0.0})

    theirs = quantlib_value(quantlib, 50.0, 62.5, 0.03, 0.0, 0.0)
    assert bond.bond_floor < theirs < bond.value < safe.value
    assert bond.value - theirs < 2.0


def test_steps_that_cannot_hold_the_drift_are_refused_with_the_number_needed():
    with pytest.raises(CreditError, match=r"10 steps cannot hold a drift of 0.5 .* use at least 500"):
        convertible_value(50.0, 100.0, 62.5, risk_free_rate=0.5, credit_spread=0, volatility=0.1, years=5, steps=10)
