import numpy as np
import pytest

from deflator.analysis.priors import Margin, Prior, tail_beyond_plane, tail_of_distance
from deflator.errors import RunError


def test_a_score_of_zero_is_the_median_and_one_is_a_standard_deviation():
    rent = Margin("rent", "log", "normal", 0.1, 0.4, 0.7)
    assert (rent.at(0.0), rent.at(1.0), rent.at(-2.0)) == pytest.approx((0.4, 0.7, -0.2))


def test_a_number_of_the_book_never_leaves_its_range():
    recovery = Margin("recovery", "share", "beta", 0.35, 0.6, 0.85)
    assert 0.35 <= recovery.at(-8.0) < recovery.at(0.0) < recovery.at(8.0) <= 0.85


def test_moves_are_correlated_as_their_prior_says():
    margins = tuple(Margin(name, "", "normal", -1.0, 0.0, 1.0) for name in "abc")
    wanted = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    prior = Prior(margins, wanted)
    drawn = np.random.default_rng(5).standard_normal((4000, 3))
    numbers = np.array([prior.numbers(row) for row in drawn])

    np.testing.assert_allclose(np.corrcoef(numbers.T), wanted, atol=0.05)
    point = drawn[0]
    mahalanobis = prior.numbers(point) @ np.linalg.solve(wanted, prior.numbers(point))
    assert mahalanobis == pytest.approx(point @ point)


def test_correlations_that_contradict_each_other_are_refused():
    margins = tuple(Margin(name, "", "normal", -1.0, 0.0, 1.0) for name in "abc")
    contradiction = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    with pytest.raises(RunError, match="contradict"):
        Prior(margins, contradiction)


def test_a_distance_is_less_remarkable_the_more_numbers_can_move():
    tails = [tail_of_distance(2.0, count) for count in (1, 2, 5, 20)]
    assert tails == sorted(tails)
    assert tails[0] == pytest.approx(2.0 * tail_beyond_plane(2.0))
    assert tails[1] == pytest.approx(np.exp(-2.0))
