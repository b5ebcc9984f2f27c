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
