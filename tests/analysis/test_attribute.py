import numpy as np
import pytest

from deflator.analysis.attribute import (
    BREAK,
    LOSS,
    SYSTEM,
    Attribution,
    attribute,
    check_precision,
    outcome_named,
    outcomes_of,
)
from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import simulate_all, varied
from deflator.book import load_book
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

HARSH = "base+funding-freeze"


def setting(settings: tuple[str, ...] = (), paths: int = 32, draws: int = 8) -> Setting:
    return prepare(Question(load_book("tests/books/tiny"), load_scenario(HARSH, settings), paths, draws))


#: Four channels are left on, so that every coalition can be played again here.
FEW = tuple(f"channels.{name}=off" for name in CHANNELS if name not in ("rent", "delay", "confidence", "vendor"))


@pytest.fixture(scope="module")
def told() -> Attribution:
    return attribute(setting(FEW), pairs=None)


@pytest.fixture(scope="module")
def sampled() -> Attribution:
    return attribute(setting(), pairs=2)


def test_channels_that_the_scenario_has_off_take_no_part(told: Attribution) -> None:
    assert told.players == ("rent", "delay", "confidence", "vendor")
    assert set(told.players) | set(told.absent) == set(CHANNELS)
    assert {part.channel for part in told.divide(told.outcomes[0]).parts} == set(told.players)


def test_the_value_of_a_channel_is_that_of_trials_with_channels_switched_off(told: Attribution) -> None:
    base = told.setting
    weight = {0: 1 / 4, 1: 1 / 12, 2: 1 / 12, 3: 1 / 4}
    for kind, entity in ((SYSTEM, ""), (LOSS, "bank_one"), (BREAK, "hall_one")):
        outcome = outcome_named(base, kind, entity)
        worth = {}
        for mask in range(16):
            off = [name for player, name in enumerate(told.players) if not mask >> player & 1]
            paths = simulate_all(varied(base, off=off))
            row = base.economy.entities.index(entity) if entity else slice(None)
            seen = paths.break_month[row] > 0 if kind == BREAK else paths.loss_musd[row]
            worth[mask] = float(seen.mean() if entity else seen.sum(axis=0).mean())
        for part in told.divide(outcome).parts:
            player = told.players.index(part.channel)
            value = sum(
                weight[mask.bit_count()] * (worth[mask | 1 << player] - worth[mask])
                for mask in range(16) if not mask >> player & 1
            )  # fmt: skip
            assert part.value.value == pytest.approx(value, abs=1e-9 * (1.0 + abs(worth[15])))


def test_parts_sum_to_the_total_of_every_outcome(told: Attribution, sampled: Attribution) -> None:
    for attribution in (told, sampled):
        for outcome in attribution.outcomes:
            division = attribution.divide(outcome)
            scale = 1.0 + abs(division.all_on.value)
            total = division.all_on.value - division.first_round.value
            assert division.total.value == pytest.approx(total, abs=1e-9 * scale)
            assert sum(part.value.value for part in division.parts) == pytest.approx(total, abs=1e-9 * scale)


def test_losses_of_all_holders_are_the_sum_of_theirs(sampled: Attribution) -> None:
    by_kind = {kind: [one for one in sampled.outcomes if one.kind == kind] for kind in (SYSTEM, LOSS)}
    holders = sum(sampled.divide(one).all_on.value for one in by_kind[LOSS])

    assert sampled.divide(by_kind[SYSTEM][0]).all_on.value == pytest.approx(holders)


def test_amplification_is_what_the_channels_make_of_the_first_round(sampled: Attribution) -> None:
    division = sampled.divide(sampled.outcomes[0])

    assert division.amplification == pytest.approx(division.all_on.value / division.first_round.value)
    assert division.amplification_error is not None
    assert division.amplification_error > 0.0


def test_every_value_has_its_errors_and_its_range(sampled: Attribution) -> None:
    for part in sampled.divide(sampled.outcomes[0]).parts:
        assert part.value.mc_error == pytest.approx(np.hypot(part.path_error, part.order_error))
        assert part.margin >= 1.9 * part.value.mc_error
        assert part.value.low is not None
        assert part.value.high is not None
        assert part.value.low <= part.value.value <= part.value.high


def test_the_frame_has_a_row_for_each_channel_of_each_outcome(sampled: Attribution) -> None:
    frame = sampled.to_frame()

    assert frame.height == len(sampled.outcomes) * len(CHANNELS)
    assert set(frame["unit"]) == {"musd", "share"}
    assert frame.filter(outcome=SYSTEM)["entity"].null_count() == len(CHANNELS)


def test_interactions_are_told_only_where_every_coalition_was_played(told: Attribution, sampled: Attribution) -> None:
    assert len(told.divide(told.outcomes[0]).interactions) == 6
    assert sampled.divide(sampled.outcomes[0]).interactions == {}


def test_who_holds_no_claim_or_cannot_break_is_refused() -> None:
    base = setting()
    for kind, entity, said in (
        (LOSS, "bank_two", "did you mean 'bank_one'"),
        (LOSS, "lab_one", "lab_one holds no claim"),
        (BREAK, "hall_two", "did you mean 'hall_one'"),
        (BREAK, "world_investors", "world_investors cannot break"),
    ):
        with pytest.raises(RunError, match=said):
            outcome_named(base, kind, entity)
    assert len(outcomes_of(base)) == len({(one.kind, one.entity) for one in outcomes_of(base)})


def test_without_any_channel_there_is_nothing_to_attribute() -> None:
    with pytest.raises(RunError, match="no channel is on"):
        attribute(setting(tuple(f"channels.{name}=off" for name in CHANNELS)))


def test_too_few_paths_and_orders_are_refused_at_once() -> None:
    with pytest.raises(RunError) as error:
        attribute(setting(paths=4, draws=2), pairs=1)
    assert [fault.column for fault in error.value.faults] == ["--orders", "--paths"]


def test_an_answer_that_is_less_precise_than_asked_is_refused_with_the_paths_that_would_do(told: Attribution) -> None:
    divisions = [told.divide(outcome_named(told.setting, SYSTEM))]
    check_precision(divisions, 1e6, 32, 8)
    with pytest.raises(RunError, match="paths give") as error:
        check_precision(divisions, 1e-3, 32, 8)
    assert "--paths" in error.value.faults[0].hint
