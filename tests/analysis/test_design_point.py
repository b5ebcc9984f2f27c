import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_processes import four_branches, reliability_problem_22, vector

from deflator.analysis.design_point import (
    Outcome,
    Reason,
    differences,
    find_design_point,
    find_design_points,
    nearest_in_box,
)
from deflator.analysis.priors import Margin, Prior, tail_beyond_plane


def test_the_most_plausible_loss_of_a_portfolio_is_the_published_one():
    published = vector("rst_gaussian_linear")
    weights, covariance = np.array(published["inputs"]["w"]), np.array(published["inputs"]["C"])
    deviation = np.sqrt(np.diag(covariance))
    margins = tuple(Margin(f"x{n}", "", "normal", -sd, 0.0, sd) for n, sd in enumerate(deviation))
    prior = Prior(margins, covariance / np.outer(deviation, deviation))

    def limit(point):
        return float(weights @ prior.numbers(point) - published["inputs"]["L"])

    found = find_design_point(limit, differences(limit), np.zeros(3))
    expected, tolerance = published["expected"], published["tolerance"]

    assert found.outcome is Outcome.CONVERGED
    assert prior.numbers(found.point) == pytest.approx(expected["x"], abs=tolerance)
    assert found.distance == pytest.approx(expected["mahalanobis"], abs=tolerance)
    assert tail_beyond_plane(found.distance) == pytest.approx(expected["prob"], abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=6).filter(lambda row: max(map(abs, row)) > 0.1),
    st.floats(0.1, 4.0),
)
def test_of_a_plane_it_is_the_foot_of_the_perpendicular(normal, distance):
    unit = np.array(normal) / np.linalg.norm(normal)

    def limit(point):
        return float(distance - unit @ point)

    found = find_design_point(limit, differences(limit), np.zeros(len(unit)))
    np.testing.assert_allclose(found.point, distance * unit, atol=1e-6)


def test_of_an_ellipse_it_is_the_end_of_the_short_axis():
    def limit(point):
        return float(1.0 - (point[0] / 2.0) ** 2 - (point[1] / 5.0) ** 2)

    found = find_design_points(limit, differences(limit), [np.array([0.7, 0.4])])
    np.testing.assert_allclose(np.abs(found[0].point), [2.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(found[1].point, -found[0].point, atol=1e-4)


def test_a_bent_boundary_has_its_design_point_where_it_bends_towards_the_origin():
    def limit(point):
        return float(reliability_problem_22(point))

    found = find_design_points(limit, differences(limit), [np.array([0.1, 0.3])])
    assert len(found) == 1
    np.testing.assert_allclose(found[0].point, np.full(2, 2.5 / 2.0**0.5), atol=1e-5)


def test_all_four_ways_into_trouble_are_found_and_told_apart():
    def limit(point):
        return float(four_branches(point))

    found = find_design_points(limit, differences(limit), [np.array([0.1, 0.05]), np.array([-0.3, 0.5])], most=6)
    assert [one.distance for one in found] == pytest.approx([3.0, 3.0, 3.5, 3.5], abs=1e-5)
    assert {one.outcome for one in found} == {Outcome.CONVERGED}
    directions = np.array([one.point / one.distance for one in found])
    assert (directions @ directions.T - np.eye(4)).max() < 0.1


def test_what_the_bounds_do_not_reach_is_a_failure_that_says_how_near_it_gets():
    def limit(point):
        return float(10.0 - point[0] - point[1])

    found = find_design_point(limit, differences(limit), np.zeros(2), reach=3.0)
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.BOUNDS)
    assert found.value == pytest.approx(4.0)
    np.testing.assert_allclose(found.point, [3.0, 3.0])


def test_a_bound_that_binds_moves_the_design_point_along_it():
    def limit(point):
        return float(5.0 - 2.0 * point[0] - point[1])

    found = find_design_point(limit, differences(limit), np.zeros(2), reach=1.8)
    assert found.outcome is Outcome.CONVERGED
    np.testing.assert_allclose(found.point, [1.8, 1.4], atol=1e-6)


def test_where_nothing_moves_it_the_search_fails_as_flat():
    found = find_design_point(lambda _: 1.0, differences(lambda _: 1.0), np.zeros(3))
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.FLAT)


def test_a_search_that_runs_out_of_steps_keeps_the_best_it_found():
    def limit(point):
        return float(3.0 - point[0] - 0.4 * np.sin(3.0 * point[1]) * point[1])

    found = find_design_point(limit, differences(limit), np.array([4.0, 2.0]), most_steps=0)
    assert (found.outcome, found.reason) == (Outcome.BEST_FOUND, Reason.STEPS)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=5).filter(lambda row: max(map(abs, row)) > 0.1),
       st.floats(-6.0, -0.1))  # fmt: skip
def test_in_a_box_no_point_of_the_plane_is_nearer(normal, level):
    gradient = np.array(normal)
    point, reached = nearest_in_box(gradient, level, 1.5)
    assert np.abs(point).max() <= 1.5
    if reached:
        others = np.random.default_rng(1).uniform(-1.5, 1.5, (2000, len(gradient)))
        inside = others[others @ gradient <= level]
        assert (np.linalg.norm(inside, axis=1) >= np.linalg.norm(point) - 1e-9).all()
        # The half-space holds no nearer point than the plane that bounds it.
        assert gradient @ point == pytest.approx(level)
    else:
        assert np.abs(gradient).sum() * 1.5 < -level + 1e-9
