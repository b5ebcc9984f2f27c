"""A backtest says who was foretold and who was not, and refuses what has no answer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.backtest import Forecast, Outcome, Outcomes, RentSeen, backtest, foretell, scores
from deflator.analysis.challenge import Values
from deflator.analysis.forecast_scores import crps_sample

FIRMS = ("neo_one", "hall_one", "cloud_big", "lab_one")
PATHS = 100


@pytest.fixture(scope="module")
def real() -> Forecast:
    return foretell(setting(scenario="base+funding-freeze"))


@pytest.fixture(scope="module")
def made(real: Forecast) -> Forecast:
    """Give the four firms breaks on 80, 40, 0 and 10 of a hundred paths, in months 6, 12 and 3."""
    names = real.setting.economy.entities
    months = np.zeros((len(names), PATHS), dtype=np.int64)
    for name, count, month in (("neo_one", 80, 6), ("hall_one", 40, 12), ("lab_one", 10, 3)):
        months[names.index(name), :count] = month
    some = {name: getattr(real.values, name)[..., :1].repeat(PATHS, axis=-1) for name in ("debt", "equity")}
    values = Values(**some, break_month=months, trigger=np.zeros_like(months), draw=np.arange(PATHS) % 4)
    rents = np.tile(np.linspace(1.0, 3.0, PATHS), (*real.rents.shape[:2], 1))
    return replace(real, values=values, soft_month=np.zeros_like(months), rents=rents)


def seen(*fates: tuple[str, str, int], rents: tuple[RentSeen, ...] = ()) -> Outcomes:
    firms = tuple(Outcome(entity, event, month, "made", "") for entity, event, month in fates)
    return Outcomes("made.csv", firms, rents, max(one.month for one in firms))


USUAL = (("neo_one", "bankruptcy", 8), ("hall_one", "survived", 18), ("cloud_big", "survived", 18),
         ("lab_one", "liquidation", 5))  # fmt: skip


def test_hits_misses_and_false_alarms_are_told_by_name(made: Forecast) -> None:
    found = backtest(made, seen(*USUAL), seed=1, repeats=200)
    verdicts = {firm.entity: firm.verdict for firm in found.firms}

    assert verdicts == {"neo_one": "caught", "hall_one": "passed", "cloud_big": "passed", "lab_one": "missed"}
    assert [firm.entity for firm in found.firms] == ["neo_one", "hall_one", "lab_one", "cloud_big"]
    assert "bank_one" in found.not_told


def test_scores_at_the_last_horizon_are_those_done_by_hand(made: Forecast) -> None:
    last = backtest(made, seen(*USUAL), seed=1, repeats=200).horizons[-1]

    assert (last.months, last.firms, last.broke) == (18, 4, 2)
    assert last.brier.value == pytest.approx((0.2**2 + 0.4**2 + 0.0 + 0.9**2) / 4)
    safe = np.array([80.5, 40.5, 0.5, 10.5]) / 101
    assert last.log.value == pytest.approx(-np.log([safe[0], 1 - safe[1], 1 - safe[2], safe[3]]).mean())
    assert last.auc is not None
    assert last.auc.value == pytest.approx(0.75)  # of four pairs only lab_one under hall_one is wrong


def test_an_earlier_horizon_knows_only_what_had_happened_and_was_foretold_by_then(made: Forecast) -> None:
    first = backtest(made, seen(("neo_one", "bankruptcy", 14), *USUAL[1:]), seed=1, repeats=200).horizons[0]

    assert (first.months, first.broke) == (12, 1)
    assert first.brier.value == pytest.approx((0.8**2 + 0.4**2 + 0.0 + 0.9**2) / 4)


def test_skill_against_the_event_rate_is_the_share_saved(made: Forecast) -> None:
    last = backtest(made, seen(*USUAL), seed=1, base_rate=0.1, repeats=200).horizons[-1]
    skills = {skill.against: skill for skill in last.skills}
    rate = 1 - 0.9**1.5

    assert skills["event_rate"].brier.value == pytest.approx(1 - last.brier.value / 0.25)
    given = (2 * (1 - rate) ** 2 + 2 * rate**2) / 4
    assert skills["given_rate"].other_brier == pytest.approx(given)
    assert skills["given_rate"].brier.value == pytest.approx(1 - last.brier.value / given)


def test_value_models_are_compared_on_the_firms_that_they_speak_of(real: Forecast) -> None:
    last = backtest(real, seen(*USUAL), seed=1, repeats=200).horizons[-1]
    merton = next(skill for skill in last.skills if skill.against == "merton")

    assert merton.firms == 3  # lab_one has no debt
    lab = next(firm for firm in backtest(real, seen(*USUAL), seed=1, repeats=200).firms if firm.entity == "lab_one")
    assert lab.merton is None


def test_a_firm_that_left_view_counts_only_up_to_then(made: Forecast) -> None:
    found = backtest(made, seen(*USUAL[:3], ("lab_one", "acquired", 13)), seed=1, repeats=200)

    assert [(one.months, one.firms) for one in found.horizons] == [(12, 4), (18, 3)]
    assert next(firm.verdict for firm in found.firms if firm.entity == "lab_one") == "unseen"


def test_the_order_is_that_of_the_expected_month_with_survivors_last(made: Forecast) -> None:
    found = backtest(made, seen(*USUAL), seed=1, repeats=200)
    expected = np.array([0.8 * 6 + 0.2 * 19, 0.4 * 12 + 0.6 * 19, 19.0, 0.1 * 3 + 0.9 * 19])

    assert found.order_all is not None
    assert found.order_all.kendall.value == pytest.approx(scores.kendall(expected, np.array([8.0, 19.0, 19.0, 5.0])))
    assert found.order_broken is None
    assert any("those that broke: only 2 firms" in reason for reason in found.refused)


def test_timing_is_the_median_month_less_the_month_seen(made: Forecast) -> None:
    timing = backtest(made, seen(*USUAL), seed=1, repeats=200).timing

    assert timing is not None
    assert (timing.firms, timing.left_out) == (1, 1)  # lab_one breaks on ten paths only
    assert (timing.error.value, timing.distance.value, timing.covered.value) == (-2.0, 2.0, 0.0)


def test_rents_are_scored_against_the_sample_and_the_flat_forecast(made: Forecast) -> None:
    equipment = made.setting.economy.equipment[0]
    found = backtest(made, seen(*USUAL, rents=(RentSeen(equipment, 6, 2.0, "made"),)), seed=1, repeats=200)

    assert found.rents[0].covered == (True, True, True)
    assert found.rents[0].crps == pytest.approx(crps_sample(np.linspace(1.0, 3.0, PATHS), 2.0))
    assert found.rents[0].flat == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("event", "said"), [("survived", "no firm had broken"), ("bankruptcy", "all firms had broken")]
)
def test_without_a_contrast_the_area_is_refused_and_told(made: Forecast, event: str, said: str) -> None:
    found = backtest(made, seen(*((name, event, 18) for name in FIRMS)), seed=1, repeats=200)

    assert found.horizons[-1].auc is None
    assert any(said in reason for reason in found.refused)
    assert any("Rents" in reason for reason in found.refused)


def test_two_firms_are_too_few_to_score(made: Forecast) -> None:
    found = backtest(made, seen(*USUAL[:2]), seed=1, repeats=200)

    assert found.horizons == ()
    assert any("only 2 firms are known" in reason for reason in found.refused)


def test_the_forecast_is_that_of_a_run_of_the_same_question(real: Forecast) -> None:
    from deflator.analysis.trials import simulate_all

    run = simulate_all(real.setting)

    assert np.array_equal(real.values.break_month, run.break_month[: len(real.setting.economy.entities)])
    assert np.array_equal(real.rents[:, real.setting.economy.equipment.index("h100")], run.rent)


def test_the_answer_is_the_same_for_a_seed(real: Forecast) -> None:
    assert backtest(real, seen(*USUAL), seed=5, repeats=200) == backtest(real, seen(*USUAL), seed=5, repeats=200)


def test_the_figure_is_drawn(made: Forecast, tmp_path: Path) -> None:
    from deflator.report.backtest import draw_backtest

    file = draw_backtest(backtest(made, seen(*USUAL), seed=1, repeats=200), "tiny", "base", tmp_path / "seen.svg")

    drawn = file.read_text(encoding="utf-8")
    for words in ("Calibration, tiny under base", "Neo One", "share that broke", "not a forecast"):
        assert words in drawn, words
