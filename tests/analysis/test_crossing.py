"""Curves whose root is known: the search has to find it, say how sure it is, and say what has no root."""

import numpy as np
import pytest

from deflator.analysis.crossing import Counted, Shape, explore, fall, locate

MEDIAN = 1.3


def thresholds(seed, draws=120, paths=6, ignorance=0.3, chance=0.4, things=1):
    """Return the level below which each path breaks: lognormal, with what is not known apart from chance."""
    rng = np.random.default_rng(seed)
    known = rng.normal(size=(things, draws, 1)) * ignorance + rng.normal(size=(things, draws, paths)) * chance
    return MEDIAN * np.exp(known)


def breaks_below(limits):
    return lambda level: Counted((level < limits).sum(axis=-1).astype(float), np.full(limits.shape[:2], 6.0))


def found(response, several=True, first=9, most=40):
    return locate(explore(response, 0.05, 9.0, first, 0.03, most), several)


def counted(*shares):
    """Return a response of 1,000 paths a thing, in 10 draws alike, from functions of the level."""
    return lambda level: Counted(
        np.array([[round(100 * share(level))] * 10 for share in shares], float), np.full((len(shares), 10), 100.0)
    )


def test_the_red_line_is_the_median_of_what_paths_bear():
    limits = thresholds(1)
    crossing = found(breaks_below(limits))[0]

    assert crossing.shape is Shape.FALLS
    assert crossing.root == pytest.approx(np.median(limits), rel=0.03)
    assert crossing.bracket[0] <= crossing.root <= crossing.bracket[1] < 1.03 * crossing.bracket[0]
    assert crossing.likely[0] < MEDIAN < crossing.likely[1]
    assert (crossing.monotone, crossing.rise) == (True, 0.0)


def test_the_range_over_ignorance_is_that_of_the_draws_own_red_lines_without_the_noise_of_their_few_paths():
    low, high = found(breaks_below(thresholds(2, draws=600)))[0].range

    assert (low, high) == pytest.approx(MEDIAN * np.exp(np.array([-1.0, 1.0]) * 1.2816 * 0.3), rel=0.1)


def test_draws_that_know_all_alike_have_no_range_to_speak_of():
    wide = found(breaks_below(thresholds(3, ignorance=0.5)))[0].range
    narrow = found(breaks_below(thresholds(3, ignorance=0.0)))[0].range

    assert np.log(narrow[1] / narrow[0]) < 0.25 * np.log(wide[1] / wide[0])
    assert found(breaks_below(thresholds(3)), several=False)[0].range is None


def test_more_draws_make_the_error_smaller():
    few, many = (found(breaks_below(thresholds(4, draws=draws)))[0].error for draws in (50, 800))

    assert many < 0.4 * few


def test_things_share_the_grid_and_each_keeps_its_own_root():
    limits = np.array([[0.3], [1.0], [3.0]])[:, :, None] * np.ones((3, 20, 6))
    tried = []

    def response(level):
        tried.append(level)
        return breaks_below(limits)(level)

    roots = [crossing.root for crossing in found(response)]
    assert roots == pytest.approx([0.3, 1.0, 3.0], rel=0.03)
    assert len(tried) == len(set(tried)) <= 9 + 3 * 5  # five halvings of an interval of the first grid, for each


def test_what_has_no_red_line_says_why():
    shapes = found(
        counted(
            lambda _: 0.9,
            lambda _: 0.1,
            lambda level: 0.1 if level < 1.0 else 0.9,
            lambda level: 0.9 if 0.5 < level < 2.0 else 0.1,
        )
    )

    assert [crossing.shape for crossing in shapes] == [Shape.ALWAYS, Shape.NEVER, Shape.RISES, Shape.BANDS]
    assert {crossing.root for crossing in shapes} == {None}
    assert shapes[0].ends == (0.9, 0.9)
    low, high = shapes[3].bands[0]
    assert 0.5 < low < high < 2.0


def test_what_no_path_can_tell_is_gone():
    nothing = Counted(np.zeros((1, 10)), np.zeros((1, 10)))

    assert found(lambda _: nothing)[0].shape is Shape.GONE


def test_a_share_that_rises_a_little_with_the_rent_is_smoothed_and_one_that_rises_much_is_told():
    def falls(level):
        return float(np.clip(1.0 - level / 2.6, 0.0, 1.0))

    def dips(level):
        return 0.6 if 0.2 < level < 0.5 else 0.9 * (level < MEDIAN)

    little, much = found(counted(lambda level: falls(level) + 0.005 * (2.0 < level < 4.0), dips))

    assert little.monotone
    assert little.root == pytest.approx(MEDIAN, rel=0.03)
    assert not much.monotone
    assert much.rise == pytest.approx(0.3)
    assert 0.2 < much.between[0] < 0.5 < much.between[1] < MEDIAN


def test_trials_that_are_used_up_leave_a_wider_bracket_and_no_more_trials_than_allowed():
    tried = []
    limits = thresholds(5)

    def response(level):
        tried.append(level)
        return breaks_below(limits)(level)

    crossing = found(response, most=11)[0]
    assert len(tried) == 11
    assert crossing.bracket[1] / crossing.bracket[0] > 1.03
    assert crossing.bracket[0] < np.median(limits) < crossing.bracket[1]


def test_the_nearest_falling_curve_leaves_falling_curves_alone():
    falling = np.array([[0.9, 1.0], [0.5, 0.2], [0.1, 0.2]])

    np.testing.assert_array_equal(fall(falling), falling)


@pytest.mark.slow
def test_the_stated_interval_holds_the_root_in_nine_cases_of_ten():
    crossings = [found(breaks_below(thresholds(100 + case)), several=False)[0] for case in range(400)]
    held = np.mean([crossing.likely[0] <= MEDIAN <= crossing.likely[1] for crossing in crossings])
    misses = [(crossing.root - MEDIAN) / crossing.error for crossing in crossings]

    assert held == pytest.approx(0.9, abs=0.04)
    assert np.std(misses) == pytest.approx(1.0, abs=0.12)
