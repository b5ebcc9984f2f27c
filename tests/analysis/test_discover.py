from pathlib import Path

import pytest

from deflator.analysis import ask
from deflator.analysis.discover import discover
from deflator.analysis.replay import prepare
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(scope="module")
def question():
    return Question(load_book(TINY), load_scenario("base+funding-freeze"), paths=1_000, draws=500)


@pytest.fixture(scope="module")
def setting(question):
    return prepare(question)


@pytest.fixture(scope="module")
def cheap(setting):
    return discover(setting, "rent < 2")


def test_a_box_is_denser_than_all_futures_where_it_was_found_and_held_out(cheap):
    assert cheap.boxes
    first = cheap.boxes[0]

    assert first.found.density > cheap.probability.value
    assert first.held_out.density > cheap.probability.value
    assert 0 < first.found.mass < 1
    assert first.restrictions[0].quasi_p < 0.05


def test_restrictions_lie_within_the_bounds_of_their_figures(cheap):
    for region in (*cheap.boxes, *cheap.leaves):
        for one in region.restrictions:
            assert one.low is not None or one.high is not None
            for bound in (one.low, one.high):
                assert bound is None or one.figure.low <= bound <= one.figure.high


def test_leaves_of_the_tree_share_all_futures(cheap):
    if cheap.leaves:
        assert sum(leaf.found.mass for leaf in cheap.leaves) == pytest.approx(1.0)
        assert sum(leaf.found.coverage for leaf in cheap.leaves) == pytest.approx(1.0)
        assert sum(leaf.held_out.mass for leaf in cheap.leaves) == pytest.approx(1.0)


def test_the_frame_has_a_row_for_each_restriction(cheap):
    regions = (*cheap.boxes, *cheap.leaves)

    assert cheap.to_frame().height == sum(len(region.restrictions) for region in regions)


def test_a_kept_run_gives_the_same_answer_as_a_trial(setting, question, tmp_path):
    kept = ask(question, tmp_path / "kept").raw

    assert discover(setting, "break:hall_one", kept) == discover(setting, "break:hall_one")


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("rent < 0.0001", "paths; 50 must stand on either side"),
        ("rent < 1000", "paths; 50 must stand on either side"),
        ("loss:all", "is a sum, not an event"),
        ("break:hall_on", "did you mean 'hall_one'?"),
    ],
)
def test_what_cannot_be_looked_into_is_refused(setting, when, said):
    with pytest.raises(RunError) as refused:
        discover(setting, when)
    assert said in str(refused.value)


def test_a_kept_run_cannot_be_asked_for_rents(setting, question, tmp_path):
    with pytest.raises(RunError, match="does not hold the rent"):
        discover(setting, "rent < 2", ask(question, tmp_path / "kept").raw)
