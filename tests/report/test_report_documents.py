"""Documents hold what analyses found, add up, and refuse what they cannot be asked."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.report.documents import DOCUMENTS, build
from deflator.scenario import load_scenario

TINY = load_book(str(Path(__file__).parents[1] / "books" / "tiny"))
SMALL = {"paths": 64, "draws": 8}


def question() -> Question:
    """Return a question in which cheap rents break somebody on most paths."""
    return Question(TINY, load_scenario("base", ["rent.level=0.9"]), paths=128, draws=8, seed=1)


@cache
def document(name: str, **arguments: Any) -> dict[str, Any]:
    sizes = SMALL if "paths" in DOCUMENTS[name].arguments else {}
    return build(name, question(), {**sizes, **arguments})


#: Documents that have to be asked for more than a question.
PARTICULAR = ("company", "reverse", "sensitivity", "entry", "backtest")


@pytest.mark.parametrize("name", [n for n in DOCUMENTS if n not in PARTICULAR])
def test_every_document_is_strict_json_under_the_same_heading(name: str) -> None:
    found = document(name)

    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["document"], found["meta"]["book"]["name"], found["meta"]["seed"]) == (name, "tiny", 1)
    assert found["meta"]["dates"][:2] == ["2026-02", "2026-03"]
    assert "not a forecast" in found["meta"]["disclaimer"]


def test_the_record_tells_the_fate_of_every_firm_of_a_past_book() -> None:
    past = Question(load_book("telecom-2000-12"), load_scenario("base"), paths=64, draws=8)
    answer = build("backtest", past, SMALL)["answer"]

    assert {firm["verdict"] for firm in answer["firms"]} <= {"caught", "missed", "false_alarm", "passed"}
    assert sum(firm["verdict"] in ("caught", "missed") for firm in answer["firms"]) == answer["horizons"][-1]["broke"]


def test_a_book_without_outcomes_has_no_record() -> None:
    with pytest.raises(RunError, match=r"no outcomes\.csv"):
        document("backtest")


def test_odds_of_being_first_sum_to_one_over_every_kind() -> None:
    for kind, outcomes in document("first")["first"].items():
        assert sum(one["first"]["value"] for one in outcomes) == pytest.approx(1.0, abs=1e-4), kind


def test_fifty_dots_show_the_share_of_paths_on_which_something_breaks() -> None:
    for one in document("first")["survival"]:
        broken = sum(month > 0 for month in one["dots"])
        assert len(one["dots"]) == 50
        assert broken / 50 == pytest.approx(1.0 - one["share"][-1], abs=0.0101)


def test_the_wall_sums_to_the_principal_that_the_book_says_is_drawn() -> None:
    wall = document("debt")["wall"]
    drawn = sum(row["drawn_musd"] for row in TINY.table("facilities").rows)

    assert wall["principal_musd"] == pytest.approx(drawn)
    for split in ("by_holder", "by_borrower"):
        assert sum(map(sum, wall[split].values())) == pytest.approx(drawn, rel=1e-4), split


def test_what_falls_due_is_refinanced_extended_converted_or_called() -> None:
    found = document("debt")["outcome"]["all"]

    assert sum(found["due"]["value"]) > 0.0
    for month, due in enumerate(found["due"]["value"]):
        parts = sum(found[name]["value"][month] for name in ("refinanced", "extended", "converted", "called"))
        assert parts == pytest.approx(due, abs=1e-3 * max(due, 1.0)), month


def test_debt_is_the_same_by_holder_and_by_borrower() -> None:
    found = document("debt")["outcome"]
    for month in range(len(found["all"]["balance"]["value"])):
        whole = found["all"]["balance"]["value"][month]
        for split in ("by_holder", "by_borrower"):
            assert sum(one["balance"][month] for one in found[split].values()) == pytest.approx(whole, rel=1e-3)


def test_edges_sum_to_the_totals_of_the_book() -> None:
    edges = document("cascade")["edges"]
    sums: Counter[str] = Counter()
    for edge in edges:
        sums[edge["kind"]] += edge["musd"]

    assert sums["debt"] == pytest.approx(sum(row["drawn_musd"] for row in TINY.table("facilities").rows), rel=1e-4)
    assert sums["lease"] == pytest.approx(sum(row["rent_musd_per_year"] for row in TINY.table("leases").rows), rel=1e-4)
    nodes = {node["id"] for node in document("cascade")["nodes"]}
    assert {edge["from"] for edge in edges} | {edge["to"] for edge in edges} <= nodes


def test_a_path_of_the_cascade_breaks_those_that_it_names_in_the_month_that_it_names() -> None:
    path = document("cascade")["path"]

    assert path["breaks"]
    for one in path["breaks"]:
        share = path["broken"][one["entity"]]
        assert share[one["month"]] > share[one["month"] - 1]


def test_losses_of_holders_add_up_to_those_of_all() -> None:
    rows = {row["holder"]: row["mean"]["value"] for row in document("losses")["holders"]}

    assert rows.pop("all") == pytest.approx(sum(rows.values()), rel=1e-3)


def test_channels_sum_to_what_they_add_together() -> None:
    for division in document("attribution")["attributions"]:
        parts = sum(part["value"]["value"] for part in division["parts"])
        assert parts == pytest.approx(division["total"]["value"], rel=1e-3, abs=1e-3)


def test_the_page_of_a_company_holds_a_balance_sheet_that_balances_and_every_source() -> None:
    found = document("company", entity="neo_one")
    figures = found["balance"]["figures"]

    for month in (0, 12, 24):
        parts = sum(figures[part]["mean"][month] for part in found["balance"]["parts"])
        assert parts == pytest.approx(figures["equity"]["mean"][month], abs=0.5)
    assert {row["facility"] for row in found["facilities"]} == {"neo_ddtl", "neo_notes", "neo_convert", "neo_pipeline"}
    assert all(one["source"] and one["grade"] and one["title"] for one in found["inputs"])
    assert found["story"]["events"][0]["sentence"]


def test_odds_of_a_break_come_with_their_range_and_agree_between_the_pages() -> None:
    listed = {one["entity"]: one["break"] for one in document("companies")["companies"] if one["can_break"]}
    curves = {one["name"]: one["break"] for one in document("first")["survival"]}

    assert any(odds["value"] > 0.0 for odds in listed.values())
    for name, odds in listed.items():
        assert odds["low"] <= odds["value"] <= odds["high"], name
        assert odds == curves[name], name


def test_a_company_that_cannot_break_has_a_page_without_a_story() -> None:
    asked = Question(load_book("ai-2026-02"), load_scenario("base"), paths=32, draws=4, seed=1)
    found = build("company", asked, {"entity": "blackstone", "paths": 32, "draws": 4})

    assert (found["story"], found["survival"], found["first"]) == (None, None, None)
    assert found["balance"]["figures"]["capital"]["mean"][0] > 0.0


def test_sentences_come_in_the_language_that_is_asked_for() -> None:
    english = document("company", entity="neo_one")["story"]["trigger_sentence"]
    chinese = document("company", entity="neo_one", lang="zh")["story"]["trigger_sentence"]

    assert english.isascii()
    assert english != chinese


def test_samples_of_rents_are_always_the_same_paths() -> None:
    found = document("rents", lines=False)
    more = build("rents", question(), {**SMALL, "lines": False})

    assert found["samples"]["paths"] == list(range(8))
    assert found["samples"] == more["samples"]
    assert {len(path) for path in found["samples"]["rent"]} == {25}


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("frist", {}, "did you mean 'first'"),
        ("company", {}, "entity: is missing"),
        ("company", {"entity": "neo_oen"}, "neo_one"),
        ("debt", {"paths": 0}, "paths: 0 is out of range; use a number from 1 to 100000"),
        ("debt", {"paths": "many", "darws": 3}, "draws"),
        ("rents", {"lines": 1}, "give true or false"),
        ("first", {"lang": "xx"}, "'xx' is not known"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError) as refused:
        build(name, question(), arguments)

    assert said in "\n".join(map(str, refused.value.faults))
