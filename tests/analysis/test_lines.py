import numpy as np
import pytest
from known_processes import PROBLEMS, vector
from scipy.integrate import quad
from scipy.special import ndtr

from deflator.analysis.design_point import differences, find_design_point
from deflator.analysis.lines import probability_by_lines


@pytest.mark.parametrize("name", PROBLEMS)
def test_lines_along_a_design_point_give_the_published_failure_probability(name):
    published, limit = vector(name), PROBLEMS[name]
    point = find_design_point(lambda u: float(limit(u)), differences(lambda u: float(limit(u))), np.array([0.2, 0.1]))
    found = probability_by_lines(limit, point.point)

    assert published["tolerance_type"] == "relative"
    assert found.value == pytest.approx(published["expected"], rel=published["tolerance"])


@pytest.mark.parametrize("direction", [[0.3, 1.0], [1.0, -0.2]])
def test_another_direction_gives_the_same_answer(direction):
    # The four branches jump across some lines: adaptive quadrature has to find where.
    limit, published = PROBLEMS["rp_four_branch"], vector("rp_four_branch")

    found = probability_by_lines(limit, np.array(direction), nodes=361)
    assert found.value == pytest.approx(published["expected"], rel=1e-4)


def test_in_more_dimensions_the_answer_lies_within_its_error():
    # Along the first number the boundary lies at 3 + 0.05 q, and q, a sum of four squares, is chi squared.
    found = probability_by_lines(lambda u: 3.0 - u[0] + 0.05 * (u[1:] ** 2).sum(axis=0), np.eye(5)[0], lines=128)
    exact, _ = quad(lambda q: ndtr(-3.0 - 0.05 * q) * 0.25 * q * np.exp(-0.5 * q), 0.0, 60.0)

    assert abs(found.value - exact) < 4.0 * found.error
    assert 0.0 < found.error < 0.02 * found.value


def test_a_plane_needs_one_line_and_one_number_needs_none_across():
    limit = lambda u: 2.0 - (u * np.array([[0.6], [0.8], [0.0]])).sum(axis=0)  # noqa: E731

    found = probability_by_lines(limit, np.array([0.6, 0.8, 0.0]), lines=1, replications=2)
    assert found.value == pytest.approx(ndtr(-2.0), rel=1e-9)
    assert probability_by_lines(lambda u: 2.0 - u[0], np.array([1.0])).value == pytest.approx(ndtr(-2.0), rel=1e-9)


def test_what_is_true_between_two_places_of_a_line_is_counted():
    found = probability_by_lines(lambda u: (u[0] - 1.0) * (u[0] - 2.0), np.array([1.0]))

    assert found.value == pytest.approx(ndtr(2.0) - ndtr(1.0), rel=1e-9)
