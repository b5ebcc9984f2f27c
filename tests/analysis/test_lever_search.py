"""Levers whose effect and cost are known: the search has to find the sizes, and say when there are none."""

import math

import pytest

from deflator.analysis.lever_search import search


def falling(**slopes):
    """Return a probability that falls from one half by a slope for each lever."""
    return lambda sizes: max(0.5 - sum(slopes[name] * size for name, size in sizes.items()), 0.0)


def priced(**prices):
    return lambda sizes: sum(prices[name] * size for name, size in sizes.items())


GRADES = (0.25, 0.5, 1.0)


def test_the_smallest_size_of_a_lever_is_found_to_the_last_halving():
    found = search(falling(a=0.1), priced(a=1.0), {"a": 8.0}, 0.1, GRADES, halvings=10)

    assert found.alone["a"] == pytest.approx(4.0, abs=8.0 * 0.5 / 2**10)
    assert found.best == found.alone


def test_what_a_lever_does_need_not_be_straight():
    found = search(lambda sizes: 0.5 * math.exp(-sizes.get("a", 0.0)), priced(a=1.0), {"a": 5.0}, 0.1, GRADES, 12)

    assert found.alone["a"] == pytest.approx(math.log(5.0), abs=0.001)
    assert 0.5 * math.exp(-found.alone["a"]) <= 0.1


def test_whole_levers_keep_whole_sizes():
    found = search(falling(months=0.03), priced(months=1.0), {"months": 36.0}, 0.1, GRADES, 10, whole=["months"])

    assert found.alone == {"months": 14.0}


def test_the_cheaper_of_two_levers_is_taken_though_it_does_less():
    found = search(falling(dear=0.5, cheap=0.45), priced(dear=10.0, cheap=1.0), {"dear": 1.0, "cheap": 1.0}, 0.1,
                   GRADES, 8)  # fmt: skip

    assert set(found.alone) == {"dear", "cheap"}
    assert set(found.best) == {"cheap"}


def test_levers_that_fail_alone_meet_the_target_together():
    found = search(falling(a=0.25, b=0.25), priced(a=1.0, b=2.0), {"a": 1.0, "b": 1.0}, 0.1, GRADES, 8)

    assert not found.alone
    assert found.best == {"a": 1.0, "b": 0.75}


def test_a_lever_that_harms_is_left_out():
    found = search(falling(a=0.5, bad=-0.2), priced(a=1.0, bad=0.0), {"a": 1.0, "bad": 1.0}, 0.1, GRADES, 8)

    assert set(found.best) == {"a"}


def test_no_sizes_are_named_where_none_meet_the_target():
    found = search(falling(a=0.1, b=0.1), priced(a=1.0, b=1.0), {"a": 1.0, "b": 1.0}, 0.1, GRADES, 8)

    assert found.best is None
    assert found.nearest == {"a": 1.0, "b": 1.0}


def test_levers_that_help_only_together_are_found_by_trying_all_of_them():
    def odds(sizes):
        return 0.05 if sizes.get("a", 0.0) >= 0.5 and sizes.get("b", 0.0) >= 0.25 else 0.5

    found = search(odds, priced(a=1.0, b=1.0), {"a": 1.0, "b": 1.0}, 0.1, GRADES, 8)
    assert found.best == {"a": 0.5, "b": 0.25}


def test_sizes_are_tried_once_and_counted():
    tried = []

    def odds(sizes):
        tried.append(tuple(sorted(sizes.items())))
        return falling(a=0.25, b=0.25)(sizes)

    found = search(odds, priced(a=1.0, b=2.0), {"a": 1.0, "b": 1.0}, 0.1, GRADES, 8)
    assert len(tried) == len(set(tried)) == found.trials


@pytest.mark.parametrize("case", range(20))
def test_the_heuristic_comes_near_the_cheapest_of_the_whole_grid(case):
    slopes = {name: 0.05 + 0.1 * ((7 * case + 3 * place) % 5) for place, name in enumerate("abc")}
    prices = {name: 1.0 + (5 * case + 2 * place) % 7 for place, name in enumerate("abc")}
    most = dict.fromkeys("abc", 1.0)
    found = search(falling(**slopes), priced(**prices), most, 0.1, GRADES, 6)
    grid = [i / 4 for i in range(5)]
    feasible = [
        priced(**prices)(sizes)
        for sizes in ({"a": a, "b": b, "c": c} for a in grid for b in grid for c in grid)
        if falling(**slopes)(sizes) <= 0.1
    ]

    assert (found.best is None) == (not feasible)
    if feasible:
        assert priced(**prices)(found.best) <= 1.25 * min(feasible)
        assert falling(**slopes)(found.best) <= 0.1 + 1e-12
