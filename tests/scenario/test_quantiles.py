"""The shapes between a lowest and a highest value: where their middle lies, and that they stay within."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deflator.scenario.quantiles import QUANTILES, beta, lognormal, triangular, uniform, whole

EVENLY = (np.arange(100_000) + 0.5) / 100_000
RANGES = st.lists(st.floats(0.001, 1e6), min_size=3, max_size=3).map(sorted)


@pytest.mark.parametrize("shape", [shape for shape in QUANTILES if shape != "whole"])
@settings(deadline=None)  # the first call of a shape may load its special functions
@given(bounds=RANGES)
def test_draws_lie_between_the_bounds_and_rise_with_the_uniform_number(shape, bounds):
    low, value, high = map(np.array, bounds)

    draws = QUANTILES[shape](EVENLY[::997], low, value, high)

    assert draws.min() >= low
    assert draws.max() <= high
    assert (np.diff(draws) >= 0).all()


@pytest.mark.parametrize("shape", QUANTILES)
@pytest.mark.parametrize("value", [0.5, 1.0, 3.0])
def test_a_range_of_no_width_gives_its_value(shape, value):
    if shape == "whole":
        value = np.ceil(value)

    assert (QUANTILES[shape](EVENLY[::997], *(np.array(value),) * 3) == value).all()


def test_a_triangle_has_its_mean_at_the_mean_of_the_three():
    draws = triangular(EVENLY, np.array(8.0), np.array(10.0), np.array(20.0))

    assert draws.mean() == pytest.approx((8 + 10 + 20) / 3, rel=1e-6)


def test_a_triangle_has_the_distribution_function_that_it_claims():
    low, value, high = 2.0, 3.0, 7.0
    draws = triangular(EVENLY, np.array(low), np.array(value), np.array(high))

    below = (draws - low) ** 2 / ((high - low) * (value - low))
    above = 1 - (high - draws) ** 2 / ((high - low) * (high - value))
    assert np.where(draws < value, below, above) == pytest.approx(EVENLY, abs=1e-12)


def test_a_uniform_has_its_mean_in_the_middle_wherever_its_value():
    assert uniform(EVENLY, np.array(1.0), np.array(1.2), np.array(3.0)).mean() == pytest.approx(2.0)


def test_half_of_a_lognormal_lies_below_its_value_and_its_bounds_are_where_its_tails_would_begin():
    draws = lognormal(EVENLY, np.array(4_000.0), np.array(12_000.0), np.array(40_000.0))

    assert (draws < 12_000).mean() == pytest.approx(0.5)
    assert draws.min() == pytest.approx(4_000, rel=1e-3)
    assert draws.max() == pytest.approx(40_000, rel=1e-3)


def test_each_side_of_a_lognormal_is_normal_in_logs():
    from scipy.stats import truncnorm

    draws = lognormal(EVENLY, np.array(0.1), np.array(0.25), np.array(0.6))

    # The upper half of a normal that is cut at its 95th percentile, 1.645 standard deviations out.
    upper = np.log(draws[draws > 0.25] / 0.25) / np.log(0.6 / 0.25) * 1.6448536
    assert upper.mean() == pytest.approx(truncnorm(0, 1.6448536).mean(), rel=1e-3)
    assert upper.std() == pytest.approx(truncnorm(0, 1.6448536).std(), rel=1e-3)


def test_a_beta_has_the_mean_that_pert_gives_it():
    draws = beta(EVENLY, np.array(0.35), np.array(0.60), np.array(0.85))
    skewed = beta(EVENLY, np.array(0.05), np.array(0.18), np.array(0.40))

    assert draws.mean() == pytest.approx(0.60, abs=1e-6)
    assert skewed.mean() == pytest.approx((0.05 + 4 * 0.18 + 0.40) / 6, abs=1e-5)


def test_months_at_the_ends_of_a_range_are_as_likely_as_the_triangle_over_their_cell_says():
    draws = whole(EVENLY, np.array(3.0), np.array(6.0), np.array(9.0))

    months, counts = np.unique(draws, return_counts=True)
    assert months.tolist() == [3, 4, 5, 6, 7, 8, 9]
    steps = np.arange(7) / 3.5
    rise = np.diff(np.minimum(steps, 1) ** 2)[:3] / 2
    expected = [*rise, 1 - 2 * rise.sum(), *rise[::-1]]
    assert counts / counts.sum() == pytest.approx(expected, abs=1e-4)


def test_a_count_never_leaves_the_whole_numbers_within_its_range():
    assert set(whole(EVENLY, np.array(0.7), np.array(1.0), np.array(1.3))) == {1.0}
    assert set(whole(EVENLY, np.array(2.1), np.array(3.0), np.array(5.9))) == {3.0, 4.0, 5.0}


def test_a_flag_in_doubt_is_what_the_book_says_in_two_draws_of_three():
    draws = whole(EVENLY, np.array(0.0), np.array(1.0), np.array(1.0))

    assert draws.mean() == pytest.approx(2 / 3, abs=1e-4)
