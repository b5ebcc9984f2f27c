"""Price models of collateral: their limits, and what they refuse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import CreditError, schwartz_forecast, wright_unit_cost


def test_now_is_known_and_far_away_is_the_long_run():
    now = schwartz_forecast(3.0, 0.8, 0.5, 0.4, 0.0)
    far = schwartz_forecast(3.0, 0.8, 0.5, 0.4, 200.0)

    assert (now.expected_price, now.log_variance) == (pytest.approx(3.0), 0.0)
    assert far.log_mean == pytest.approx(0.5)
    assert far.log_variance == pytest.approx(0.4**2 / 1.6)


def test_half_of_the_gap_is_closed_after_a_half_life():
    forecast = schwartz_forecast(math.e, 0.5, 0.0, 0.1, math.log(2) / 0.5)

    assert forecast.log_mean == pytest.approx(0.5)


@given(units=st.floats(1, 1e9), ratio=st.floats(0.5, 1))
def test_each_doubling_multiplies_cost_by_the_progress_ratio(units, ratio):
    before, after = wright_unit_cost(1.0, ratio, [units, 2 * units])

    assert after / before == pytest.approx(ratio)


def test_a_price_model_refuses_what_it_cannot_use():
    with pytest.raises(CreditError) as refused:
        schwartz_forecast(0.0, -1.0, 0.5, 0.4, 1.0)

    assert [fault.column for fault in refused.value.faults] == ["price", "reversion_annual"]
    with pytest.raises(CreditError, match="use a number above 0 to 1"):
        wright_unit_cost(100.0, 1.3, [1])
