"""Objections of an outside reviewer to what is said about the model's answers; docs/review.md tells what each found."""

import csv
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from replayed_paths import setting

import deflator.book
from deflator.analysis.backtest import backtest, foretell, read_outcomes
from deflator.analysis.breaks import NONE
from deflator.analysis.probability import probability
from deflator.analysis.replay import prepare
from deflator.analysis.validation import measure
from deflator.analysis.validation.page import past_lines
from deflator.analysis.words import per_cent
from deflator.book import load_book, outcomes_beside
from deflator.ensemble import Question
from deflator.scenario import load_scenario

BOOKS = Path(deflator.book.__file__).parent / "books"
ROOT = Path(__file__).parents[2]


def rows_of(book: str, table: str) -> list[dict[str, str]]:
    with (BOOKS / book / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_book_of_the_bust_was_given_no_parameters_of_its_own() -> None:
    """Hindsight cannot have set what was taken over unchanged."""
    own, other = ({row["parameter"]: row for row in rows_of(book, "parameters")} for book in
                  ("telecom-2000-12", "fibre-2001"))  # fmt: skip
    differing = {name for name in own if own[name] != other[name]}

    assert own.keys() == other.keys()
    assert differing == {"new_supply_units_per_year"}
    page = (BOOKS / "telecom-2000-12" / "README.md").read_text(encoding="utf-8")
    assert "taken over unchanged but for one" in page


def test_no_source_of_the_book_of_the_bust_is_younger_than_its_as_of_month() -> None:
    dates = [row["date"] for row in rows_of("telecom-2000-12", "sources")]

    assert max(dates) <= "2000-12-31"


def test_the_sample_of_the_bust_is_not_a_sample_of_the_industry() -> None:
    """Survivorship the other way round: firms are in the book because they are remembered, and the page says so."""
    fates = Counter(row["event"] for row in rows_of("telecom-2000-12", "outcomes") if row["event"] != "rent")
    page = (BOOKS / "telecom-2000-12" / "README.md").read_text(encoding="utf-8")

    assert fates["bankruptcy"] / fates.total() > 0.7
    assert "Survivorship the other way round" in page


def test_most_of_the_book_of_the_bust_is_not_reported_and_says_so() -> None:
    grades = Counter(row["grade"] for row in rows_of("telecom-2000-12", "provenance"))

    assert grades["reported"] / grades.total() < 0.05
    assert all(row["note"] for row in rows_of("telecom-2000-12", "provenance") if row["grade"] != "reported")


def test_the_past_is_not_beaten_against_a_rate_that_nobody_knew() -> None:
    """The claim of the page, that skill against the event rate is not above nought beyond chance, holds."""
    asked = prepare(Question(load_book("telecom-2000-12"), load_scenario("base"), 256, 32, seed=2026))
    file = outcomes_beside("telecom-2000-12")
    assert file is not None
    found = backtest(foretell(asked), read_outcomes(file, asked), 2026, repeats=300)
    skill = next(one.brier for one in found.horizons[-1].skills if one.against == "event_rate")

    assert skill is not None
    assert skill.low < 0.0 < skill.high
    assert {"worldcom", "genuity"} <= {firm.entity for firm in found.verdicts("missed")}
    assert not any(rent.covered[2] for rent in found.rents)


def test_what_was_never_seen_is_not_printed_as_impossible() -> None:
    nothing = probability(np.zeros(4), np.zeros(4), np.full(4, 8), chance=True)

    assert nothing.mc_error > 0.0
    assert per_cent(nothing.value, nothing.mc_error).startswith("<")


def test_first_breaks_share_out_exactly_one() -> None:
    """No outcome is counted twice: the shares of first breaks and of none sum to one among layers and among firms."""
    found = measure(setting(scenario="base+funding-freeze", paths=64))

    for kind in ("layer", "firm"):
        assert NONE in found.first[kind]
        assert sum(one.value for one in found.first[kind].values()) == pytest.approx(1.0)


def test_the_error_that_a_run_states_is_not_below_what_seeds_show() -> None:
    asked = [
        prepare(Question(load_book("fibre-2001"), load_scenario("base"), 128, 32, seed=seed)) for seed in range(1, 9)
    ]
    found = [measure(one) for one in asked]
    shares = np.array([one.breaks["firm"]["bluewave"].value for one in found])
    stated = np.mean([one.breaks["firm"]["bluewave"].mc_error for one in found])

    assert shares.std(ddof=1) < 2.0 * stated


def test_pages_say_of_the_past_what_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    table = import_module("docs.backtest_table")
    marks = import_module("docs.marks")
    past = table.scored()
    page = table.PAGE.read_text(encoding="utf-8")
    review = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")
    last, order = past.horizons[-1], past.order_broken
    merton = next(skill for skill in last.skills if skill.against == "merton")

    assert marks.with_found(page, table.COMMAND, table.lines_of(past)) == page, f"run: {table.COMMAND}"
    assert "\n".join(past_lines(table.BOOK, past)) in (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert f"AUC {last.auc.value:.2f} against Merton's {merton.other_auc:.2f}" in review
    assert f"{100 * merton.brier.value:.0f} % of Merton's Brier score is saved" in review
    assert f"Kendall {order.kendall.value:.2f}" in review
    assert (
        "({} and {} %)".format(*(f"{100 * firm.foretold.value:.0f}" for firm in past.verdicts("false_alarm"))) in review
    )
