from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.factors import Design, as_one, in_words, joined, list_factors, places
from deflator.analysis.replay import prepare
from deflator.analysis.sensitivity import Effort, read_correlations, rent_index, sensitivity
from deflator.analysis.target import parse_target, simulate_target
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


def setting_of(scenario="base+funding-freeze", paths=512, draws=256, chance=True):
    return prepare(Question(load_book(TINY), load_scenario(scenario), paths, draws, chance))


@pytest.fixture(scope="module")
def setting():
    return setting_of()


@pytest.fixture(scope="module")
def factors(setting):
    return list_factors(setting.question.book, setting.question.scenario)


@pytest.fixture(scope="module")
def rent(setting):
    return sensitivity(setting, "rent", Effort(factors=4, base=16, orders=20))


def test_every_unknown_figure_is_in_one_factor(factors):
    figures = [figure.name for factor in factors for figure in factor.figures]

    assert len(set(figures)) == len(figures)
    assert all(figure.low < figure.high for factor in factors for figure in factor.figures)
    assert all(figure.grade and figure.title for factor in factors for figure in factor.figures)


def test_a_design_at_the_places_of_the_draws_gives_what_a_run_without_chance_gives(factors):
    frozen = setting_of(paths=128, draws=128, chance=False)
    target = parse_target("rent", frozen, "--of")
    design = Design(frozen, target, factors)

    np.testing.assert_allclose(design.values(places(factors, frozen).T), simulate_target(frozen, target), rtol=1e-12)


def test_a_group_moves_all_its_figures_at_once(setting, factors):
    groups = joined(factors)
    target = parse_target("rent", setting, "--of")
    everything = Design(setting, target, (as_one("all", factors),))

    assert sum(len(group.figures) for group in groups) == sum(len(factor.figures) for factor in factors)
    assert np.ptp(everything.values(np.array([[0.1], [0.5], [0.9]]))) > 0
    with pytest.raises(ValueError, match="no place of its own"):
        places(groups, setting)


def test_values_of_figures_are_told_with_months_as_months(factors, setting):
    months = [figure for factor in factors for figure in factor.figures if figure.unit == "month"]

    for figure in months:
        assert in_words(figure.value, figure, setting.question.book)[:2] == "20"


def test_known_figures_are_ranked_by_what_knowing_them_is_worth(rent):
    worth = [one.worth for one in rent.known]

    assert rent.unit == "USD per unit-hour"
    assert rent.low < rent.value < rent.high
    assert worth == sorted(worth, reverse=True)
    assert all(one.worth_error > 0 and one.p_value < 0.05 for one in rent.known)


def test_indices_are_of_the_known_figures_and_of_groups_of_all_others(rent, factors):
    assert {one.factor for one in rent.known} <= {part.factor for part in rent.parts}
    assert sum(part.figures for part in rent.parts) == sum(len(factor.figures) for factor in factors)
    assert len(rent.parts) <= 100
    assert sum(part.share for part in rent.fair) == pytest.approx(1.0)


def test_the_frame_has_a_row_for_each_figure_and_group(rent):
    frame = rent.to_frame()

    assert set(frame["factor"]) == {one.factor for one in (*rent.known, *rent.parts, *rent.fair)}
    assert frame["total"].drop_nulls().len() == len(rent.parts)


def test_the_same_question_has_the_same_answer(setting):
    assert sensitivity(setting, "rent", Effort(base=0)) == sensitivity(setting, "rent", Effort(base=0))


def test_the_choice_of_a_rent_index_is_the_month_zero_rent_of_the_reference(setting, factors):
    found = rent_index(setting.question.book, factors)
    reference = setting.question.book.reference_equipment
    drawn = {figure.name for factor in factors for figure in factor.figures}

    assert (found is not None) == (f"equipment.{reference}.rent_usd_per_hour" in drawn)


def test_the_shipped_book_has_several_rent_indices_and_draws_the_rent_between_its_bounds():
    book, scenario = load_book("ai-2026-02"), load_scenario("base")
    found = rent_index(book, list_factors(book, scenario))

    assert found is not None
    assert len(found.quotes) >= 2
    assert all(quote.drawn == (found.low <= quote.usd_per_hour <= found.high) for quote in found.quotes)


def test_a_figure_that_a_scenario_fixes_is_not_unknown():
    book = load_book("ai-2026-02")
    fixed = load_scenario("base", ["figures.equipment.h100.rent_usd_per_hour=2.2"])

    assert rent_index(book, list_factors(book, fixed)) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a~b"], "is not a correlation"),
        (["a~c=0.5"], "there is no unknown figure 'c'"),
        (["a~b=1.5"], "between -1 and 1"),
        (["a~a=0.5"], "does not join two figures"),
        (["a~b=0.9", "b~d=0.9", "a~d=-0.9"], "all at once"),
    ],
)
def test_correlations_that_cannot_be_are_refused(words, said):
    with pytest.raises(RunError) as refused:
        read_correlations(words, ["a", "b", "d"])
    assert said in str(refused.value)


def test_what_cannot_be_answered_is_refused_with_the_reason(setting):
    with pytest.raises(RunError, match="must stand on either side"):
        sensitivity(setting, "rent < 0.0001", Effort(base=0))
    with pytest.raises(RunError) as refused:
        sensitivity(setting, "brake:hall_one", Effort(factors=0, base=0), ["a"])
    assert {fault.column for fault in refused.value.faults} == {"--of", "--factors", "--correlated"}
    with pytest.raises(RunError, match="cannot tell figures apart"):
        sensitivity(setting_of(paths=16, draws=8), "rent", Effort(base=0))
