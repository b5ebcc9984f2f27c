"""Scores of density forecasts against closed forms and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from deflator.analysis.calibration.forecast import Density, pool_drifts, scored
from deflator.analysis.calibration.history import Series
from deflator.analysis.forecast_scores import crps_normal, crps_sample, inside


@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(-4, 4))
def test_the_score_of_a_normal_forecast_is_the_area_between_its_distribution_and_the_step(
    mean: float, deviation: float, outcome: float
) -> None:
    law = stats.norm(mean, deviation)
    below, _ = integrate.quad(lambda x: law.cdf(x) ** 2, mean - 12 * deviation, outcome)
    above, _ = integrate.quad(lambda x: law.sf(x) ** 2, outcome, mean + 12 * deviation)

    assert crps_normal(mean, deviation, outcome) == pytest.approx(below + above, abs=1e-6)


def test_a_large_sample_scores_as_the_law_it_comes_from() -> None:
    sample = stats.norm.ppf((np.arange(4000) + 0.5) / 4000) * 0.3 + 1.0

    assert crps_sample(sample, 1.4) == pytest.approx(crps_normal(1.0, 0.3, 1.4), abs=2e-4)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(-5, 5))
def test_sorting_gives_the_mean_distance_less_half_the_mean_distance_within(
    sample: list[float], outcome: float
) -> None:
    values = np.array(sample)
    plain = np.abs(values - outcome).mean() - 0.5 * np.abs(values[:, None] - values).mean()

    assert crps_sample(sample, outcome) == pytest.approx(plain, abs=1e-9)


def test_a_sharp_forecast_that_is_right_beats_a_wide_one_and_one_that_is_wrong_does_not() -> None:
    assert crps_normal(0.0, 0.1, 0.05) < crps_normal(0.0, 1.0, 0.05)
    assert crps_normal(0.0, 0.1, 2.0) > crps_normal(0.0, 1.0, 2.0)


def test_coverage_counts_months_in_closed_intervals() -> None:
    quantiles = np.tile(np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]), (4, 1))
    density = Density("flat", quantiles, np.zeros(4))
    outcome = np.array([0.5, 1.0, -1.5, 3.5])

    assert density.holds(0.5, outcome).tolist() == [True, True, False, False]
    assert density.holds(0.8, outcome).mean() == pytest.approx(0.75)
    assert density.holds(0.95, outcome).tolist() == [True, True, True, False]
    assert inside([0.0], [1.0], [0.0]).all()


def test_only_series_with_prices_on_both_sides_are_scored() -> None:
    long = Series("h100", "long", -20, np.zeros(21))
    ended = Series("h100", "ended", -20, np.zeros(12))
    young = Series("h100", "young", -10, np.zeros(11))

    assert [one.name for one in scored([long, ended, young], -8)] == ["long"]


def test_drifts_that_differ_by_no_more_than_chance_become_one_and_clear_differences_stay() -> None:
    generator = np.random.default_rng(1)
    alike = pool_drifts([generator.normal(-0.02, 0.1, 20) for _ in range(6)])
    apart = pool_drifts([generator.normal(mean, 0.01, 200) for mean in (-0.2, 0.0, 0.2)])

    assert np.ptp([mean for mean, _ in alike]) < 0.02
    assert [mean for mean, _ in apart] == pytest.approx([-0.2, 0.0, 0.2], abs=0.005)
    assert all(error < 0.01 for _, error in apart)
