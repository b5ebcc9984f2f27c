import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.design_point import Outcome
from deflator.analysis.margin import follow, stress_target
from deflator.analysis.moves import dimensions_of, moved
from deflator.analysis.priors import tail_beyond_plane
from deflator.analysis.reverse import REACH, reverse
from deflator.errors import RunError

TIGHT = ("funding.shift=-2",)
AMONG = ["rent", "funding", "delay", "early_action_buffer"]


def aimed(typed: str, asked):
    return stress_target(typed, asked, "--target")


@pytest.fixture(scope="module")
def asked():
    return setting(*TIGHT, paths=64, draws=16)


@pytest.fixture(scope="module")
def found(asked):
    return reverse(asked, aimed("break:hall_one", asked), 0.6, AMONG)


def test_the_moves_found_make_the_target_true(asked, found):
    nearest = found.solutions[0]
    by_name = {move.name: move.number for move in nearest.moves}
    dimensions = dimensions_of(asked, list(by_name))
    numbers = np.array([by_name[one.name] for one in dimensions])
    target = aimed("break:hall_one", asked)
    there = follow(moved(asked, dimensions, numbers), target, 512, first_path=5000).share

    assert found.at_medians.value < 0.6 <= nearest.reached
    assert there > 0.4
    assert abs(nearest.checked.value - there) < 0.2


def test_a_shorter_move_in_the_same_direction_does_not(asked, found):
    nearest = found.solutions[0]
    halves = {move.name: move.median + 0.5 * (move.number - move.median) for move in nearest.moves if move.driver}
    dimensions = dimensions_of(asked, list(halves))
    numbers = np.array([halves[one.name] for one in dimensions])

    share = follow(moved(asked, dimensions, numbers), aimed("break:hall_one", asked), 256).share
    assert share < 0.6


def test_what_happens_to_a_landlord_without_money_is_that_funding_shuts(found):
    moves = {move.name: move for move in found.solutions[0].moves}
    assert moves["funding"].score < 0.0


def test_shares_of_the_distance_add_up_and_tails_are_those_of_the_distance(found):
    for one in found.solutions:
        assert sum(move.share for move in one.moves) == pytest.approx(1.0)
        assert one.tail_beyond_plane == pytest.approx(tail_beyond_plane(one.distance))
        assert one.tail_of_distance > one.tail_beyond_plane
        assert max(abs(move.score) for move in one.moves) <= REACH * 2.0
        assert one.outcome in (Outcome.CONVERGED, Outcome.BEST_FOUND)
    distances = [one.distance for one in found.solutions]
    assert distances == sorted(distances)


def test_the_table_has_a_row_for_every_move(found):
    table = found.to_frame()
    assert table.height == sum(len(one.moves) for one in found.solutions)
    assert set(table["name"]) <= set(AMONG)
    assert found.dimensions == len(AMONG)


def test_the_answer_is_the_same_for_any_number_of_threads(asked):
    target = aimed("break:hall_one", asked)
    one, two = (reverse(asked, target, 0.3, ["funding", "delay"], most=1, threads=count) for count in (1, 2))
    assert one.to_frame().equals(two.to_frame())


def test_moves_that_tend_to_come_together_are_a_more_plausible_way_into_trouble(asked):
    # A funding market that shuts and sites that come late both hurt the landlord.
    target = aimed("break:hall_one", asked)
    together, apart = (
        reverse(asked, target, 0.3, ["funding", "delay"], {("funding", "delay"): sign * 0.6}, most=1).solutions[0]
        for sign in (-1.0, 1.0)
    )
    scores = {move.name: move.score for move in together.moves}
    assert scores["funding"] < 0.0 < scores["delay"]
    assert together.distance < apart.distance


@pytest.mark.slow
def test_lines_see_what_a_plane_would_where_the_boundary_is_nearly_one(asked):
    found = reverse(asked, aimed("break:hall_one", asked), 0.3, ["funding", "delay"], most=1, lines=True)
    assert found.by_lines is not None
    assert found.by_lines.lines == 16
    assert 0.05 < found.by_lines.value / found.solutions[0].tail_beyond_plane < 20.0


@pytest.mark.parametrize("typed", ["breakeven:hall_one", "loss:bank_one > 1", "breakeven:bank_one"])
def test_equity_and_losses_can_be_asked_for_too(asked, typed):
    found = reverse(asked, aimed(typed, asked), 0.5, ["funding", "delay", "rent"], most=1)
    assert found.solutions[0].distance > 0.0
    assert found.target.startswith(typed)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.2, 1.5])
def test_a_probability_outside_of_zero_and_one_is_refused(asked, probability):
    with pytest.raises(RunError, match="is not between 0 and 1"):
        reverse(asked, aimed("break:hall_one", asked), probability, AMONG)


def test_too_few_paths_for_the_precision_are_refused_with_how_many_it_takes(asked):
    with pytest.raises(RunError, match="use at least 1000"):
        reverse(asked, aimed("break:hall_one", asked), 0.01, AMONG)


def test_a_target_that_is_true_already_is_refused(asked):
    failed = setting("failure.hall_one.level=1", paths=64, draws=16)
    with pytest.raises(RunError, match=r"is true on \d+% of paths when nothing moves"):
        reverse(failed, aimed("break:hall_one", failed), 0.5, AMONG)


def test_a_target_out_of_reach_is_refused_with_how_near_the_moves_get(asked):
    with pytest.raises(RunError, match=r"no move within 4 standard deviations .* gets to \d+%"):
        reverse(asked, aimed("break:cloud_big by +6", asked), 0.5, ["base_rate", "power_price"])


def test_a_month_after_the_target_is_refused(asked):
    with pytest.raises(RunError, match="--from"):
        reverse(asked, aimed("break:hall_one by +6", asked), 0.5, AMONG, start=9)
