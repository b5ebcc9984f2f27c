import json
from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.prim import Box, find_box, fit_of, grow_tree, quasi_p_value

VECTOR = Path(__file__).parents[1] / "vectors" / "prim_known_box.json"


def known_grid():
    edge = (np.arange(40) + 0.5) / 40
    x = np.array(np.meshgrid(edge, edge, [0.25, 0.75], indexing="ij")).reshape(3, -1).T
    return x, ((x[:, 0] > 0.6) & (x[:, 1] < 0.3)).astype(float)


def noisy(points=4_000, columns=10, seed=1):
    random = np.random.default_rng(seed)
    x = random.random((points, columns))
    likely = np.where((x[:, 2] > 0.7) & (x[:, 5] < 0.5), 0.8, 0.1)
    return x, (random.random(points) < likely).astype(float)


def test_the_known_box_is_found_as_published():
    known = json.loads(VECTOR.read_text(encoding="utf-8"))
    x, y = known_grid()
    box = find_box(x, y)
    fit = fit_of(box.holds(x), y)

    assert y.sum() == known["inputs"]["positives"]
    assert fit.coverage == pytest.approx(known["expected"]["coverage"], abs=known["tolerance"])
    assert fit.density == pytest.approx(known["expected"]["density"], abs=known["tolerance"])
    assert box.restricted == [0, 1]


def test_a_noisy_box_is_found_and_nothing_else_is_restricted():
    x, y = noisy()
    box = find_box(x, y)

    assert box.restricted == [2, 5]
    assert (box.low[2], box.high[5]) == pytest.approx((0.7, 0.5), abs=0.06)
    assert fit_of(box.holds(x), y).density == pytest.approx(0.8, abs=0.05)


def test_where_nothing_tells_futures_apart_no_density_is_found_that_holds_on_others():
    random = np.random.default_rng(3)
    x, y = random.random((2_000, 5)), (random.random(2_000) < 0.3).astype(float)
    box = find_box(x[:1_000], y[:1_000])

    assert abs(fit_of(box.holds(x[1_000:]), y[1_000:]).density - 0.3) < 0.1


def test_a_box_holds_no_less_than_was_asked():
    x, y = noisy()

    assert fit_of(find_box(x, y, least_mass=0.3).holds(x), y).mass >= 0.3


def test_a_restriction_that_tells_nothing_has_a_large_quasi_p_value_and_one_that_tells_much_a_small_one():
    x, y = noisy()
    free = Box(np.full(10, -np.inf), np.full(10, np.inf))
    low = free.low.copy()
    low[[0, 2]] = 0.5, 0.7
    box = Box(low, free.high)

    assert quasi_p_value(box, 2, x, y) < 1e-6
    assert quasi_p_value(box, 0, x, y) > 0.01


def test_the_quasi_p_value_is_the_binomial_tail_by_hand():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    y = np.array([0.0, 0.0, 1.0, 1.0])
    # Two of two hits where each has the chance one half: a quarter.
    assert quasi_p_value(Box(np.array([1.5]), np.array([np.inf])), 0, x, y) == pytest.approx(0.25)


def test_the_tree_cuts_at_the_edges_of_the_box():
    x, y = noisy()
    leaves = sorted(grow_tree(x, y, depth=2), key=lambda leaf: -fit_of(leaf.box.holds(x), y).density)

    assert leaves[0].box.restricted == [2, 5]
    assert (leaves[0].box.low[2], leaves[0].box.high[5]) == pytest.approx((0.7, 0.5), abs=0.02)


def test_leaves_hold_every_point_once():
    x, y = noisy()
    inside = np.sum([leaf.box.holds(x) for leaf in grow_tree(x, y)], axis=0)

    assert (inside == 1).all()


def test_a_tree_without_anything_to_tell_has_one_leaf():
    x = np.random.default_rng(5).random((500, 3))

    assert len(grow_tree(x, np.arange(500) % 2 * 1.0, least_mass=0.2)) == 1


@pytest.mark.slow
def test_a_restriction_without_meaning_passes_the_quasi_p_value_on_other_points_one_time_in_twenty():
    passed = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        x, y = random.random((400, 1)), (random.random(400) < 0.3).astype(float)
        passed += quasi_p_value(Box(np.array([0.6]), np.array([np.inf])), 0, x, y) <= 0.05

    assert passed / 400 < 0.08
