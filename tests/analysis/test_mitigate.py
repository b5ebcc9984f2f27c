import pytest

from deflator.analysis.mitigate import mitigate
from deflator.analysis.replay import prepare
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = "tests/books/tiny"
FEW = {"grades": (1.0,), "halvings": 3}


@pytest.fixture(scope="module")
def setting():
    return prepare(Question(load_book(TINY), load_scenario("base+funding-freeze"), paths=96, draws=8))


@pytest.fixture(scope="module")
def found(setting):
    return mitigate(setting, "hall_one", 0.15, sizes={"equity": 10.0}, **FEW)


def test_the_combination_meets_the_target_and_is_no_dearer_than_any_lever_alone(found):
    assert found.base.odds.value > 0.15 >= found.together.odds.value
    assert found.together.change == pytest.approx(found.together.odds.value - found.base.odds.value)
    assert all(found.together.total_musd <= one.total_musd for one in found.alone)
    assert all(one.odds.value <= 0.15 for one in found.alone)


def test_differences_are_paired_so_that_their_error_is_below_that_of_two_runs(found):
    apart = (found.base.odds.mc_error**2 + found.together.odds.mc_error**2) ** 0.5

    assert 0.0 < found.together.change_error < apart


def test_the_frame_tells_every_lever_with_its_cost_or_why_it_is_left_out(found):
    frame = found.to_frame()

    assert set(frame["part"]) >= {"base", "graded", "together", "asked", "refused"}
    assert frame.filter(frame["part"] == "refused")["reason"].null_count() == 0
    asked = frame.filter(frame["part"] == "asked")
    assert asked["lever"].to_list() == ["equity"]
    assert asked["size"].to_list() == [10.0]


def test_the_same_question_has_the_same_answer(setting, found):
    again = mitigate(setting, "hall_one", 0.15, sizes={"equity": 10.0}, **FEW)

    assert again.to_frame().equals(found.to_frame())


@pytest.mark.parametrize(
    ("entity", "target", "more", "said"),
    [
        ("hall_one", 0.95, {}, "so that is met already"),
        ("chip_maker", 0.2, {}, "met already; use a harsher --scenario"),
        ("hall_one", 0.01, {}, "use at least 396"),
        ("hall_one", 1.5, {"by": "2040-01"}, "is no probability"),
        ("hall_one", 0.2, {"by": "2040-01"}, "use 2026-03 to 2028-02"),
        ("hall_one", 0.2, {"precision": 2.0}, "2 is no error"),
        ("hall_one", 0.2, {"sizes": {"forward": 0.5}}, "0.5 is out of range; use a number from 0 to 0"),
        ("world_investors", 0.2, {}, "world_investors cannot break"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_type(setting, entity, target, more, said):
    with pytest.raises(RunError) as refused:
        mitigate(setting, entity, target, **FEW, **more)
    assert said in str(refused.value)


def test_what_no_lever_can_prevent_is_refused_with_how_far_they_get():
    scenario = load_scenario("base", ["failure.hall_one.level=1"])
    doomed = prepare(Question(load_book(TINY), scenario, paths=64, draws=4))

    with pytest.raises(RunError, match=r"from >99 % it gets to >99 % with no lever") as refused:
        mitigate(doomed, "hall_one", 0.2, **FEW)
    # none, four levers at their most, and all of them
    assert "none of 6 combinations tried" in str(refused.value)
    assert "all levers at their most: >99 %" in str(refused.value)
