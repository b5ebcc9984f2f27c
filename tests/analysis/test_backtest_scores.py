"""Scores against cases that can be done by hand, and against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from deflator.analysis.backtest import scores
from deflator.analysis.forecast_scores import crps_sample

ODDS = np.array([0.9, 0.6, 0.2, 0.1])
BROKE = np.array([True, False, True, False])
shares = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=12)


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    assert scores.brier(ODDS, BROKE) == pytest.approx((0.01 + 0.36 + 0.64 + 0.01) / 4)


def test_the_log_score_charges_what_was_given_to_what_happened() -> None:
    by_hand = -(np.log(0.9) + np.log(0.4) + np.log(0.2) + np.log(0.9)) / 4

    assert scores.log_score(ODDS, BROKE) == pytest.approx(by_hand)
    assert scores.log_score(np.array([0.0]), np.array([True])) == float("inf")


def test_no_share_of_paths_is_ever_certain() -> None:
    assert scores.seen_of(np.array([0, 4]), 4).tolist() == [0.1, 0.9]


def test_three_of_four_pairs_in_order_are_an_area_of_three_quarters() -> None:
    assert scores.auc(ODDS, BROKE) == 0.75
    assert scores.auc(1.0 - ODDS, BROKE) == 0.25
    assert scores.auc(np.full(4, 0.3), BROKE) == 0.5


@pytest.mark.parametrize("happened", [np.zeros(4, bool), np.ones(4, bool)])
def test_the_area_has_no_value_without_both_kinds(happened: np.ndarray) -> None:
    assert scores.auc(ODDS, happened) is None


def test_skill_is_the_share_of_the_other_score_that_is_saved() -> None:
    assert scores.skill(0.1, 0.2) == 0.5
    assert scores.skill(0.3, 0.2) == pytest.approx(-0.5)
    assert scores.skill(0.0, 0.0) is None


@given(shares, st.integers(0, 2**32 - 1))
def test_rank_correlations_are_those_of_scipy(values: list[float], seed: int) -> None:
    first, second = np.array(values).round(1), np.random.default_rng(seed).integers(0, 4, len(values)).astype(float)
    ours = (scores.kendall(first, second), scores.spearman(first, second))

    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        assert ours == (None, None)
    else:
        assert ours[0] == pytest.approx(stats.kendalltau(first, second).statistic)
        assert ours[1] == pytest.approx(stats.spearmanr(first, second).statistic)


def test_a_perfect_order_of_six_is_as_rare_among_shuffles_as_it_should_be() -> None:
    order = np.arange(6.0)
    found = scores.against_shuffles(order, order, scores.kendall, seed=1, repeats=5000)

    assert found is not None
    assert found.value == 1.0
    assert found.p_value == pytest.approx(1 / 720, abs=0.002)
    assert -0.8 < found.low < -0.5 < 0.5 < found.high < 0.8


def test_shuffles_and_resamples_are_the_same_for_a_seed_and_differ_between_seeds() -> None:
    seen = np.array([3.0, 1.0, 2.0, 5.0, 4.0])

    def shuffled(seed: int) -> object:
        return scores.against_shuffles(np.arange(5.0), seen, scores.spearman, seed, 200)

    def again(seed: int) -> object:
        odds, broke = np.linspace(0.03, 0.97, 20), np.arange(20) % 3 == 0
        return scores.resampled(20, lambda at: scores.brier(odds[at], broke[at]), seed, 200)

    assert shuffled(7) == shuffled(7) != shuffled(8)
    assert again(7) == again(7) != again(8)


def test_a_resample_without_both_kinds_is_counted_as_undefined() -> None:
    found = scores.resampled(4, lambda at: scores.auc(ODDS[at], BROKE[at]), seed=3, repeats=4000)

    assert found is not None
    assert found.undefined == pytest.approx(2 * 0.5**4, abs=0.02)
    assert found.low <= found.value <= found.high


def test_the_crps_of_a_normal_sample_is_that_of_the_closed_form() -> None:
    sample = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    closed = 0.7 * (2 * stats.norm.cdf(0.7) - 1) + 2 * stats.norm.pdf(0.7) - 1 / np.sqrt(np.pi)

    assert crps_sample(sample, 0.7) == pytest.approx(closed, abs=1e-3)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(-5, 5))
def test_the_crps_is_the_mean_error_less_half_the_spread(values: list[float], seen: float) -> None:
    sample = np.array(values)
    by_pairs = np.abs(sample - seen).mean() - 0.5 * np.abs(sample[:, None] - sample[None, :]).mean()

    assert crps_sample(sample, seen) == pytest.approx(by_pairs, abs=1e-9)


def test_central_intervals_hold_their_share() -> None:
    sample = np.arange(1001.0)

    held = [sum(scores.within(sample, seen, share) for seen in sample) / 1001 for share in (0.5, 0.8, 0.95)]

    assert held == pytest.approx([0.5, 0.8, 0.95], abs=0.002)
