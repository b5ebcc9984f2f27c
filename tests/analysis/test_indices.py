"""Indices against functions whose indices are known."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from deflator.analysis.indices import check_sobol, shapley_effects, shares_of, sobol_indices
from deflator.errors import RunError

VECTORS = Path(__file__).parents[1] / "vectors"


def vector(name):
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def ishigami(places, a=7.0, b=0.1):
    x = np.pi * (2.0 * places - 1.0)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(places, a):
    return np.prod((np.abs(4.0 * places - 2.0) + a) / (1.0 + np.asarray(a)), axis=1)


def explained_on_a_grid(function, factors, nodes, weights):
    """Integrate what every set of factors explains by a product rule on the unit cube."""
    grid = np.array(list(itertools.product(nodes, repeat=factors)))
    values = function(grid).reshape((len(nodes),) * factors)
    mean = values
    for _ in range(factors):
        mean = np.tensordot(mean, weights, axes=([0], [0]))
    explained = np.zeros(2**factors)
    for number in range(1, 2**factors):
        expected = values - mean
        for factor in reversed(range(factors)):
            if not (number >> factor) & 1:
                expected = np.tensordot(expected, weights, axes=([factor], [0]))
        squares = expected**2
        for _ in range(squares.ndim):
            squares = np.tensordot(squares, weights, axes=([0], [0]))
        explained[number] = squares
    return explained


def test_ishigami_is_shared_out_as_published():
    known = vector("ishigami_7_0.1")
    nodes, weights = np.polynomial.legendre.leggauss(60)
    explained = explained_on_a_grid(ishigami, 3, (nodes + 1.0) / 2.0, weights / 2.0)
    found, expected, allowed = shares_of(explained), known["expected"], known["tolerance"]

    assert explained[-1] == pytest.approx(expected["V"], abs=allowed)
    np.testing.assert_allclose(found.first, expected["S1"], rtol=0, atol=allowed)
    np.testing.assert_allclose(found.total, expected["ST"], rtol=0, atol=allowed)
    np.testing.assert_allclose(found.shapley, expected["shapley"], rtol=0, atol=allowed)


def test_the_g_function_is_shared_out_as_published():
    known = vector("g_function_salib")
    a, expected = np.array(known["inputs"]["a"]), known["expected"]
    own = 1.0 / (3.0 * (1.0 + a) ** 2)
    explained = np.array(
        [np.prod(1.0 + own[[bool((number >> factor) & 1) for factor in range(6)]]) - 1.0 for number in range(64)]
    )
    found, allowed = shares_of(explained), known["tolerance"]

    assert explained[-1] == pytest.approx(expected["V"], abs=allowed)
    np.testing.assert_allclose(explained[1 << np.arange(6)], expected["Vi"], rtol=0, atol=allowed)
    np.testing.assert_allclose(found.first, expected["S1"], rtol=0, atol=allowed)
    np.testing.assert_allclose(found.total, expected["ST"], rtol=0, atol=allowed)


def two_gaussians():
    known = vector("shapley_two_gaussian")
    beta, sigma, rho = (np.array(known["inputs"][name], dtype=float) for name in ("beta", "sigma", "rho"))
    return beta * sigma, float(rho), np.array(known["expected"]), known["tolerance"]


def test_two_correlated_gaussians_share_their_variance_as_published():
    scale, rho, expected, allowed = two_gaussians()
    alone = [(scale[0] + rho * scale[1]) ** 2, (scale[1] + rho * scale[0]) ** 2]
    whole = (scale**2).sum() + 2.0 * rho * scale.prod()

    np.testing.assert_allclose(shares_of(np.array([0.0, *alone, whole])).shapley, expected, rtol=0, atol=allowed)


def test_a_list_that_is_not_one_value_for_each_set_is_refused():
    with pytest.raises(ValueError, match="6 is not"):
        shares_of(np.zeros(6))


def test_estimated_sobol_indices_lie_within_their_errors_of_the_published_ones():
    expected = vector("ishigami_7_0.1")["expected"]
    found = sobol_indices(ishigami, ["a", "b", "c"], base=1024, seed=3)

    assert (np.abs(found.first - expected["S1"]) < 4.0 * found.first_error + 1e-12).all()
    assert (np.abs(found.total - expected["ST"]) < 4.0 * found.total_error + 1e-12).all()
    assert found.total_error.max() < 0.05


def test_a_failed_path_takes_its_whole_base_point_out_of_the_design():
    def failing(places):
        values = ishigami(places)
        values[17] = np.nan
        return values

    found = sobol_indices(failing, ["a", "b", "c"], base=256, seed=3)

    assert (found.points, found.dropped) == (255, 1)
    assert np.isfinite(found.total).all()


def test_a_design_of_which_many_paths_fail_is_refused():
    with pytest.raises(RunError, match="points of the design failed"):
        sobol_indices(lambda places: np.where(places[:, 0] < 0.2, np.nan, 1.0), ["a", "b"], base=64, seed=1)


def test_an_answer_that_never_changes_is_refused():
    with pytest.raises(RunError, match="nothing explains its variance"):
        sobol_indices(lambda places: np.ones(len(places)), ["a", "b"], base=64, seed=1)
    with pytest.raises(RunError, match="nothing explains its variance"):
        shapley_effects(lambda places: np.ones(len(places)), np.eye(2), permutations=20, base=64, seed=1)


def test_without_salib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(RunError, match=r"deflator\[sensitivity\]"):
        check_sobol()


def test_estimated_shapley_effects_of_correlated_gaussians_are_near_the_published_ones():
    scale, rho, expected, _ = two_gaussians()
    found = shapley_effects(
        lambda places: ndtri(places) @ scale, np.array([[1.0, rho], [rho, 1.0]]), permutations=2_000, base=4_000, seed=5
    )

    np.testing.assert_allclose(found.share, expected, atol=0.04)
    assert found.share.sum() == pytest.approx(1.0)
    assert ((found.low < expected) & (expected < found.high)).all()


def test_estimated_shapley_effects_of_independent_factors_are_near_the_published_ones():
    expected = vector("ishigami_7_0.1")["expected"]["shapley"]
    found = shapley_effects(ishigami, np.eye(3), permutations=2_000, base=4_000, seed=5)

    np.testing.assert_allclose(found.share, expected, atol=0.05)


def test_an_order_with_a_failed_path_is_left_out():
    def failing(places):
        values = ishigami(places)
        values[[0, -1]] = np.nan
        return values

    found = shapley_effects(failing, np.eye(3), permutations=100, base=100, seed=5)

    assert (found.permutations, found.dropped) == (99, 1)
    assert found.share.sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_ninety_per_cent_intervals_of_shapley_effects_hold_the_truth_about_nine_times_in_ten():
    scale, rho, expected, _ = two_gaussians()
    held = 0
    for seed in range(200):
        found = shapley_effects(
            lambda places: ndtri(places) @ scale, np.array([[1.0, rho], [rho, 1.0]]), 400, 400, seed
        )
        held += bool(found.low[0] < expected[0] < found.high[0])

    assert 0.83 < held / 200 < 0.96


@pytest.mark.slow
def test_errors_of_sobol_indices_are_as_large_as_the_errors_that_are_made():
    expected = np.array(vector("ishigami_7_0.1")["expected"]["ST"])
    found = [sobol_indices(ishigami, ["a", "b", "c"], base=256, seed=seed) for seed in range(60)]
    made = np.std([one.total - expected for one in found], axis=0)
    told = np.mean([one.total_error for one in found], axis=0)

    # Points of a scrambled Sobol sequence err less than independent ones, as which the resampling takes them.
    assert (made < 1.5 * told).all()
