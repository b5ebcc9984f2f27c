import dataclasses

import numpy as np
import pytest
from replayed_paths import TINY, central, setting

from deflator.analysis.again import asked_again
from deflator.analysis.choose_path import check_against, choose_from_run, choose_path, search
from deflator.analysis.replay import Replay, cash_buffer, position_of, replay, walk
from deflator.engine import Trigger, simulate
from deflator.engine.debt import cash_buffer as engine_buffer
from deflator.engine.layout import TOLD
from deflator.ensemble import run_paths
from deflator.errors import RunError

HARSH = "base+funding-freeze"


def same_bits(told: Replay) -> None:
    """Compare a replayed path with what a run keeps of it."""
    question = told.setting.question
    kept = simulate(
        told.economy, seed=question.seed, first_path=told.path - 1, paths=3, chance=question.chance
    )  # the path stands in the middle of a block here, and alone in its replay
    count = len(told.economy.entities)
    last = {
        name: told[f"entities.{name}"][-1, :count] for name in ("break_month", "soft_month", "broken_share", "lost")
    }
    assert np.array_equal(last["break_month"], kept.break_month[:, 1])
    assert np.array_equal(last["soft_month"], kept.soft_month[:, 1])
    assert last["broken_share"].tobytes() == kept.broken_share[:, 1].tobytes()
    assert last["lost"].tobytes() == kept.loss_musd[:, 1].tobytes()
    assert told["world.rent"].tolist() == kept.rent[:, 1].tolist()
    assert told["world.openness"].tobytes() == kept.funding[:, 1].tobytes()
    told_causes = told["stories.musd"][-1].reshape(-1, TOLD)[:count]
    assert told_causes.tobytes() == kept.cause_musd[:, :, 1].tobytes()


@pytest.mark.parametrize("path", [1, 63, 64, 100])
def test_a_replayed_path_is_bit_for_bit_what_a_run_keeps_of_it(path: int) -> None:
    same_bits(replay(setting(scenario=HARSH), path))


def test_a_path_of_the_shipped_book_is_replayed_bit_for_bit() -> None:
    same_bits(replay(setting(book="ai-2026-02", scenario="essay", paths=500, draws=25), 471))


def test_a_lane_of_a_block_is_the_path_that_was_asked_for() -> None:
    alone = replay(setting(), 9)
    *_, (month, block) = walk(setting(), [5, 9])

    assert month == alone.economy.months
    assert block.entities.cash[:, 1].tobytes() == alone["entities.cash"][-1].tobytes()
    assert block.entities.cash[:, 0].tobytes() != block.entities.cash[:, 1].tobytes()


def test_month_0_is_the_book() -> None:
    start = central()
    neo = position_of(start.economy, "neo_one")

    assert start["entities.cash"][0, neo] == 90.0
    assert start["entities.debt"][0, neo] == 84.0 + 60.0 + 50.0
    assert start["entities.equity"][0, neo] == pytest.approx(700.0)


def test_the_buffer_is_that_of_the_engine() -> None:
    for month, block in walk(setting(), [3, 4]):
        expected = [engine_buffer(block.world, block.entities, i, 1) for i in range(len(block.entities.layer))]
        given = block.entities
        found = cash_buffer(block.world.parameters, given.minimum_liquidity, given.scheduled_due, given.ebitda)
        assert found[:, 1].tolist() == expected
        if month == 3:
            break


def test_a_search_finds_the_breaks_of_a_run_and_takes_the_median_one() -> None:
    asked = setting(scenario=HARSH)
    hall = position_of(asked.economy, "hall_one")
    found = search(asked, hall, 128)
    kept = simulate(asked.economy, seed=asked.question.seed, first_path=0, paths=128)
    chosen = choose_path(asked, hall, 128)

    assert np.array_equal(found.break_month, kept.break_month[hall])
    months = np.sort(kept.break_month[hall][kept.break_month[hall] > 0])
    assert chosen.breaking == len(months) > 3
    assert kept.break_month[hall, chosen.path] == months[(len(months) - 1) // 2]


def test_who_never_breaks_is_refused_with_the_path_on_which_it_comes_nearest() -> None:
    asked = setting(paths=32)
    big = position_of(asked.economy, "cloud_big")
    nearest = search(asked, big, 32).nearest

    with pytest.raises(RunError, match=f"breaks on none of 32 paths; --path {nearest} tells"):
        choose_path(asked, big, 32)


def test_only_what_can_break_on_its_own_account_is_told() -> None:
    economy = setting().economy
    shipped = setting(book="ai-2026-02", scenario="essay", paths=500, draws=25).economy

    for of, entity, reason in (
        (economy, "hall_two", "there is no entity 'hall_two'; did you mean 'hall_one'?"),
        (economy, "world_investors", "world_investors cannot break"),
        (shipped, "gemini", "alphabet pays for it; ask for alphabet"),
    ):
        with pytest.raises(RunError, match=reason.replace("?", r"\?")):
            position_of(of, entity)


@pytest.fixture(scope="module")
def harsh_run(tmp_path_factory: pytest.TempPathFactory):
    return run_paths(setting(scenario=HARSH).question, tmp_path_factory.mktemp("run"))


def test_a_kept_run_gives_the_same_path_without_a_search(harsh_run) -> None:
    asked = setting(scenario=HARSH)
    hall = position_of(asked.economy, "hall_one")

    assert choose_from_run(harsh_run, "hall_one") == choose_path(asked, hall, 128)
    assert choose_from_run(harsh_run, "cloud_big") is None


def test_a_kept_run_is_asked_again_only_with_its_own_scenario(harsh_run) -> None:
    question = setting(scenario=HARSH).question
    again = asked_again(harsh_run, str(TINY), HARSH)

    assert (again.draws_used, again.paths, again.seed) == (question.draws_used, question.paths, question.seed)
    with pytest.raises(RunError, match="the scenario base has the fingerprint"):
        asked_again(harsh_run, str(TINY), "base")


def test_a_run_that_keeps_no_book_asks_for_it(harsh_run) -> None:
    with pytest.raises(RunError, match=r"keeps no copy of its book, and .* cannot be loaded.*--book"):
        asked_again(harsh_run, scenario=HARSH)


def test_a_run_of_another_version_is_noticed(harsh_run) -> None:
    told = replay(setting(scenario=HARSH), choose_from_run(harsh_run, "hall_one").path)
    check_against(harsh_run, told)

    other = told["entities.break_trigger"].copy()
    other[-1, position_of(told.economy, "hall_one")] = Trigger.COVENANT
    with pytest.raises(RunError, match="no longer runs as in the run"):
        check_against(harsh_run, dataclasses.replace(told, kept={**told.kept, "entities.break_trigger": other}))


def test_a_failed_path_is_refused() -> None:
    asked = setting(paths=2, draws=0, chance=False)
    figures = asked.economy.figures.copy()
    figures[asked.economy.rows["entities.fixed_cost"]] = np.nan
    spoilt = dataclasses.replace(asked, economy=dataclasses.replace(asked.economy, figures=figures))

    with pytest.raises(RunError, match="path 0 failed: A figure of the path is not a number"):
        replay(spoilt, 0)
    with pytest.raises(RunError, match="all 1 paths failed"):
        search(spoilt, position_of(spoilt.economy, "neo_one"), 1)
