"""The scenarios that come with the program say who made them, why, and what speaks against them."""

import re
from functools import cache
from importlib import resources

import pytest

from deflator.book import load_book, shipped_books
from deflator.scenario import load_scenario, shipped_scenarios

FOLDER = resources.files("deflator.scenario") / "scenarios"
NAMES = shipped_scenarios()
FOR_ONE_BOOK = ("essay", "blackwell-flood", "lab-failure")  # they name entities or equipment of ai-2026-02
book_called = cache(load_book)


def test_these_scenarios_are_shipped():
    assert NAMES == (
        "base", "blackwell-flood", "boom", "essay", "funding-freeze",
        "insourcing", "lab-failure", "late-sites", "power-crunch", "rate-shock",
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_its_file_carries_its_name_and_its_heading_is_whole(name):
    scenario = load_scenario(name)

    assert name == scenario.name
    assert scenario.date == "2026-02-28"
    assert "scenario, not a forecast" in scenario.description


@pytest.mark.parametrize("name", [name for name in NAMES if name != "base"])
def test_every_number_has_its_reason_in_a_comment(name):
    """A comment stands above each driver, or above an operation of it, or beside the line."""
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    body = lines[next(i for i, line in enumerate(lines) if line in ("drivers:", "figures:")) + 1 :]

    explained = False
    for line in body:
        if not line.strip() or re.fullmatch(r"\w+:", line):
            explained = False
        elif line.strip().startswith("#"):
            explained = True
        assert explained or not re.search(r"\d", line) or "#" in line, line


def test_the_base_scenario_changes_nothing():
    base = load_scenario("base")

    assert not base.drivers
    assert not base.figures
    assert not base.parameters
    assert all(base.channels.values())
    assert not base.counterfactual_covenants


def test_the_essay_switches_its_loan_to_value_terms_on():
    assert load_scenario("essay").counterfactual_covenants
    assert [name for name in NAMES if load_scenario(name).counterfactual_covenants] == ["essay"]


def test_all_fingerprints_differ():
    assert len(NAMES) == len({load_scenario(name).fingerprint for name in NAMES})


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_shipped_book_of_2026(name):
    load_scenario(name).check(book_called("ai-2026-02"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FOR_ONE_BOOK])
def test_it_fits_every_shipped_book(name):
    for book in shipped_books():
        load_scenario(name).check(book_called(book))


def parameter(name):
    """Return low, value and high of a parameter of the book of 2026."""
    table = book_called("ai-2026-02").tables["parameters"]
    row = table.rows[table.index[name]]
    return row["low"], row["value"], row["high"]


def equipment(name, column):
    """Return a figure of a kind of equipment of the book of 2026."""
    table = book_called("ai-2026-02").tables["equipment"]
    return table.rows[table.index[name]][column]


def only_value(spec, key):
    """Return the last value of a course."""
    return load_scenario(spec).drivers[key].points[-1][1]


def test_factors_that_stand_for_an_end_of_a_range_are_that_end():
    low, value, high = parameter("new_supply_units_per_year")
    assert only_value("essay", "new_supply.b200.scale") == pytest.approx(high / value, abs=0.005)
    assert only_value("blackwell-flood", "new_supply.vr200.scale") == pytest.approx(high / value, abs=0.005)
    assert only_value("boom", "new_supply.scale") == pytest.approx(low / value, abs=0.005)

    low, value, high = parameter("insourcing_max_speed_annual")
    assert only_value("insourcing", "insourcing.hyperscaler.scale") == pytest.approx(high / value)
    assert load_scenario("essay").drivers["insourcing.scale"].points[0][1] == pytest.approx(high / value)
    assert only_value("boom", "insourcing.scale") == pytest.approx(low / value, abs=0.005)

    low, value, high = parameter("monetisation_growth_scale")
    assert only_value("essay", "monetisation.lab.scale") == low / value
    assert only_value("boom", "monetisation.scale") == high / value

    assert only_value("boom", "funding.level") == parameter("funding_openness_base")[2]
    assert only_value("funding-freeze", "funding.level") < parameter("funding_openness_base")[0]


@pytest.mark.parametrize("name", ["b200", "gb200", "gb300"])
def test_the_essays_blackwell_infers_at_a_fifth_of_the_cost_of_an_h100(name):
    speed = load_scenario("essay").figures[f"equipment.{name}.perf_inference"]

    cost = equipment(name, "rent_usd_per_hour") / speed
    hopper = equipment("h100", "rent_usd_per_hour") / equipment("h100", "perf_inference")
    assert cost / hopper == pytest.approx(0.2, abs=0.003)


def test_flooded_cards_cost_what_a_used_one_costs_over_a_new_one():
    ratio = equipment("gb200", "used_price_usd") / equipment("gb200", "new_price_usd")

    assert only_value("blackwell-flood", "price_new.gb300.scale") == ratio


def test_the_lab_fails_in_the_month_in_which_its_own_plan_has_used_up_the_books_cash():
    book = book_called("ai-2026-02")
    entities = book.tables["entities"]
    cash_musd = entities.rows[entities.index["openai"]]["cash_musd"]
    month = book.month(load_scenario("lab-failure").drivers["failure.openai.level"].points[0][0])

    burned_musd = 0.0
    for t in range(1, month + 1):
        cash_before_musd = cash_musd - burned_musd
        burned_musd += (25_000 if t <= 10 else 57_000) / 12  # its plan for 2026 and for 2027

    assert cash_before_musd > 0 > cash_musd - burned_musd
