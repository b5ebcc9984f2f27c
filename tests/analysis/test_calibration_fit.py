"""A calibration gets back what was put in, on the engine's own market step."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.calibration.closed_forms import fit_performance, fit_schwartz
from deflator.analysis.calibration.fit import Effort, fit
from deflator.analysis.calibration.history import Series
from deflator.analysis.calibration.market_step import BURN_IN, MarketStep, measure_target_volatility, setting_of
from deflator.analysis.calibration.moments import MOMENTS, moments_of
from deflator.analysis.calibration.posting import Postings
from deflator.analysis.calibration.rents import NOISE, REVERSION, own_factor_problem, rent_problem, volatility_of
from deflator.analysis.calibration.search import Prior, overidentified
from deflator.analysis.replay import Setting
from deflator.book import Book, load_book

TINY = Path(__file__).parents[1] / "books" / "tiny"
QUIET = {
    "price_adjust_speed_lambda": 0.25,
    "rent_volatility_annual": 0.35,
    "rent_jump_probability_monthly": 0.0,
    "rent_jump_size_log": 0.2,
}
SHORT = Effort(lanes=32, fits=4, evaluations=90, seed=3, threads=1)


@cache
def tiny() -> Book:
    return load_book(TINY)


@cache
def setting() -> Setting:
    return setting_of(tiny())


def history(months: int, values: dict[str, float], renewal: float, noise: float, wandering: float = 0.05) -> Series:
    rents, _ = MarketStep(setting(), 1, months, 99).rents(values, wandering)
    posted = Postings(len(rents), 1, 99).post(rents, renewal, noise)[BURN_IN:, 0]
    return Series("h100", "made", 1 - months, posted)


def test_the_market_step_closes_the_gap_at_its_speed_and_no_faster() -> None:
    calm = {**QUIET, "rent_volatility_annual": 0.0}
    rents, targets = MarketStep(setting(), 2, 10, 1).rents(calm, 0.0, drift=-0.02)
    gap = rents - targets

    assert gap[1:] == pytest.approx(0.75 * (gap[:-1] + 0.02))
    assert gap[-1] == pytest.approx(0.02 * 0.75 / 0.25, rel=1e-4)


def test_without_jumps_rents_are_a_first_order_process_with_the_volatility_that_was_asked_for() -> None:
    rents, _ = MarketStep(setting(), 400, 60, 1).rents(QUIET, 0.0)
    monthly = 0.35 / math.sqrt(12.0)

    assert rents[-60:].std() == pytest.approx(monthly / math.sqrt(1.0 - 0.75**2), rel=0.05)
    assert np.corrcoef(rents[-1], rents[-2])[0, 1] == pytest.approx(0.75, abs=0.05)


def test_beyond_the_horizon_of_the_book_draws_go_on_and_do_not_repeat() -> None:
    horizon = tiny().months
    rents, _ = MarketStep(setting(), 200, 2 * horizon, 1).rents({**QUIET, "price_adjust_speed_lambda": 0.999}, 0.0)

    assert abs(np.corrcoef(rents[5], rents[5 + horizon])[0, 1]) < 0.25


def test_own_factors_return_at_their_reversion() -> None:
    factors = MarketStep(setting(), 400, 60, 1).own_factor("b200", 0.2, 0.4)

    assert factors[-1].std() == pytest.approx(0.4 / math.sqrt(12.0) / math.sqrt(1.0 - 0.8**2), rel=0.12)
    assert np.corrcoef(factors[-1], factors[-2])[0, 1] == pytest.approx(0.8, abs=0.06)


def test_moments_tell_a_trend_from_a_return_and_steps_from_noise() -> None:
    generator = np.random.default_rng(5)
    noise = generator.standard_normal((120, 200))
    walk, back = np.cumsum(noise, axis=0), noise
    steps = np.cumsum(noise * (generator.random((120, 200)) < 0.1), axis=0)
    seen = np.full(120, True)
    found = {
        name: moments_of(path, seen).mean(axis=0) for name, path in (("walk", walk), ("back", back), ("steps", steps))
    }
    place = {name: number for number, name in enumerate(MOMENTS)}

    assert found["walk"][place["ratio_6"]] == pytest.approx(0.0, abs=0.1)
    assert found["back"][place["ratio_6"]] < -0.7
    assert found["back"][place["autocorrelation"]] == pytest.approx(-0.5, abs=0.05)
    assert found["walk"][place["evenness"]] == pytest.approx(math.sqrt(2.0 / math.pi), abs=0.02)
    assert found["steps"][place["evenness"]] < 0.4
    assert found["steps"][place["largest"]] > found["walk"][place["largest"]]


def test_gaps_in_a_history_are_gaps_in_its_moments() -> None:
    prices = np.log(np.array([[1.0], [2.0], [9.0], [2.0], [1.0]] * 3))
    seen = np.array([True, True, False, True, True] * 3)

    assert np.exp(moments_of(prices, seen)[0, -1]) < 2.0
    assert np.isfinite(moments_of(prices, seen)).all()


def test_a_calibration_gets_back_what_was_put_in() -> None:
    put = {**QUIET, "rent_jump_probability_monthly": 0.04, "rent_jump_size_log": 0.5}
    found = fit(rent_problem(setting(), [history(420, put, 0.6, 0.03)], 0.05), SHORT, profiles=False)

    for name in ("price_adjust_speed_lambda", "rent_volatility_annual", "rent_jump_size_log"):
        assert math.log(found.value(name).value / put[name]) == pytest.approx(0.0, abs=0.45), name
    assert math.log(found.value(NOISE).value / 0.03) == pytest.approx(0.0, abs=0.5)
    total = found.value("rent_jump_probability_monthly").value * found.value("rent_jump_size_log").value ** 2
    assert math.log(total / (0.04 * 0.25)) == pytest.approx(0.0, abs=0.6)
    assert found.p_value > 0.01


def test_a_process_of_another_kind_does_not_fit() -> None:
    stairs = Series("h100", "made", -99, np.repeat(np.arange(25) % 2 * 1.0, 4))
    alternating = fit(rent_problem(setting(), [stairs], 0.05), SHORT, profiles=False)

    assert alternating.p_value < 0.01


def test_a_year_of_a_price_that_hardly_moves_does_not_tell_the_speed() -> None:
    short = history(14, QUIET, 0.3, 0.0)
    found = fit(rent_problem(setting(), [short], 0.05), SHORT)
    (speed,) = [one for one in found.profiles if one.parameter == "price_adjust_speed_lambda"]

    assert not speed.told_from_below
    assert not speed.told_from_above


def test_own_factors_are_found_from_the_ratio_of_two_generations_where_moments_have_no_error() -> None:
    made = history(240, QUIET, 1.0, 0.0)
    effort = replace(SHORT, lanes=48, evaluations=45)
    rents = fit(rent_problem(setting(), [made], 0.05), replace(effort, evaluations=20), profiles=False)
    pair = (Series("b200", made.name, made.first, made.log_price), made)
    problem = own_factor_problem(setting(), [pair], rents, 0.05)
    truth = {REVERSION: 0.15, volatility_of("b200"): 0.5}
    exact = problem.build(400, 77)(np.log(list(truth.values())))[0].mean(axis=0)
    found = fit(replace(problem, observed=[exact]), effort, profiles=False)

    for name, value in truth.items():
        assert math.log(found.value(name).value / value) == pytest.approx(0.0, abs=0.2), name
    assert found.misfit < 1.0


def test_draws_do_not_depend_on_threads() -> None:
    problem = rent_problem(setting(), [history(40, QUIET, 0.5, 0.01)], 0.05)
    one, two = (
        fit(problem, Effort(lanes=16, fits=4, evaluations=15, seed=3, threads=threads), profiles=False)
        for threads in (1, 2)
    )

    assert np.array_equal(one.ensemble, two.ensemble)


def test_the_closed_form_of_schwartz_agrees_with_what_was_put_in_where_prices_are_rents() -> None:
    found = fit_schwartz(history(600, QUIET, 1.0, 0.0, wandering=0.0))

    assert found.volatility_annual is not None
    assert found.speed_monthly == pytest.approx(0.25, abs=2.5 * found.speed_error)
    assert found.volatility_annual == pytest.approx(0.35, rel=0.15)


def test_a_target_that_wanders_and_prices_that_stay_make_the_closed_form_slow() -> None:
    plain = fit_schwartz(history(600, QUIET, 1.0, 0.0, wandering=0.0)).speed_monthly
    wandering = fit_schwartz(history(600, QUIET, 1.0, 0.0)).speed_monthly
    stale = fit_schwartz(history(600, QUIET, 0.2, 0.0, wandering=0.0)).speed_monthly

    assert wandering < plain
    assert stale < plain


def test_a_price_that_runs_away_has_no_reversion() -> None:
    growing = Series("h100", "made", -40, 0.01 * 1.2 ** np.arange(30.0))

    assert fit_schwartz(growing).volatility_annual is None


def test_rents_that_follow_performance_to_a_power_give_that_power_back() -> None:
    book = load_book("ai-2026-02")
    speeds = {str(row["equipment"]): float(row["perf_inference"]) * float(row["perf_training"])
              for row in book.table("equipment").rows}  # fmt: skip
    made = [
        Series(name, "list", -2, 0.3 * math.log(speed) + np.array([0.0, 0.1, 0.2])) for name, speed in speeds.items()
    ]
    found = fit_performance(book, made, 1)

    assert found is not None
    assert found.value == pytest.approx(0.6)
    assert found.progress_ratio == pytest.approx(2.0**-0.4)
    assert found.price_of_performance(np.array([1.0, 2.0, 4.0])) == pytest.approx([1.0, 2.0**-0.4, 2.0**-0.8])


def test_one_generation_says_nothing_of_performance() -> None:
    assert fit_performance(load_book("ai-2026-02"), [history(12, QUIET, 1.0, 0.0)], 1) is None


def test_degrees_of_freedom_are_moments_less_parameters() -> None:
    assert overidentified(0.0, 12, 5) == (7, 1.0)
    assert np.exp(Prior({"x": (0.5, 2.0)}).mean).tolist() == pytest.approx([1.0])


def test_the_clearing_rent_moves_in_the_engine() -> None:
    assert 0.0 < measure_target_volatility(tiny(), paths=8, months=6) < 1.0
