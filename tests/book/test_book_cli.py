"""`deflator book` as a person and as a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deflator.book import Book, load_book
from deflator.cli.book import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refuse(*words: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    return result.stdout, result.stderr


def test_check_says_what_a_sound_book_holds(tiny: Book) -> None:
    told = run("check", TINY)

    assert told.splitlines() == [
        "tiny: 11 entities, 315 figures, none without provenance; 24 months from 2026-02 to 2028-02.",
        f"Fingerprint {tiny.fingerprint}",
    ]


def test_check_answers_programs_with_faults_as_data(folder: Path) -> None:
    file = folder / "fleets.csv"
    file.write_text(file.read_text().replace("neo_h100,neo_one,h100,8000", "neo_h100,neo_one,h100,-8000"))

    told, _ = refuse("check", str(folder), "--json")

    assert json.loads(told) == {
        "faults": [
            {
                "file": "fleets.csv",
                "row": 2,
                "column": "units",
                "message": "'-8000' is negative",
                "hint": "use a number of at least 0",
            }
        ]
    }


def test_check_answers_programs_when_nothing_is_wrong(tiny: Book) -> None:
    told = json.loads(run("check", TINY, "--json"))

    assert told["faults"] == []
    assert (told["name"], told["fingerprint"], told["figures"]) == ("tiny", tiny.fingerprint, 315)


@pytest.mark.parametrize(("more", "name"), [([], "mine"), (["--xlsx"], "mine.xlsx")])
def test_init_writes_a_template_and_says_what_to_do_next(more: list[str], name: str, tmp_path: Path) -> None:
    told = run("init", str(tmp_path / "mine"), *more)

    path = tmp_path / name
    assert told == f"Wrote {path}. Fill it in, then run: deflator book check {path}\n"
    assert path.exists()
    assert json.loads(run("init", str(tmp_path / "other"), *more, "--json"))["written"].startswith(str(tmp_path))


def test_init_never_writes_over_anything(folder: Path) -> None:
    _, told = refuse("init", str(folder))

    assert told == f"{folder}: something is there already; choose another name, or move it away\n"
    assert load_book(folder).name == "tiny"


def test_show_says_what_the_book_holds() -> None:
    told = run("show", "--book", TINY)

    assert told.startswith("A tiny chain of compute (tiny), as of 2026-02\n")
    assert ["provenance", "315"] in [line.split() for line in told.splitlines()]
    assert json.loads(run("show", "--book", TINY, "--json"))["rows"]["fleets"] == 4


def test_show_prints_an_entity_with_grades_ranges_and_sources() -> None:
    lines = [line.split() for line in run("show", "neo_one", "--book", TINY).splitlines()]

    assert ["neo_h100", "units", "8000", "units", "derived", "6400", "10000", "neo_10k"] in lines
    assert ["neo_one", "cash_musd", "90", "USD", "m", "reported", "neo_10k"] in lines


def test_show_answers_programs_with_provenance() -> None:
    told = json.loads(run("show", "demand", "--book", TINY, "--json"))

    assert told["book"] == "tiny"
    assert told["entries"][0] == {
        "table": "demand",
        "row": "apps",
        "column": "compute_spend_musd_per_year",
        "value": 240.0,
        "unit": "USD m a year",
        "provenance": {
            "grade": "assumed",
            "as_of": "2026-02-28",
            "low": 192.0,
            "high": 300.0,
            "source": "judgement",
            "note": None,
            "factor": None,
        },
    }


def test_show_refuses_what_the_book_does_not_know() -> None:
    _, told = refuse("show", "neo_oen", "--book", TINY)

    assert told == "'neo_oen' is neither an entity nor a table of tiny; did you mean 'neo_one'?\n"


def test_sources_gives_shares_by_grade_and_documents_by_use() -> None:
    lines = [line.split() for line in run("sources", "--book", TINY).splitlines()]

    assert ["deliveries", "6", "0%", "33%", "50%", "0%", "17%", "0"] in lines
    assert ["all", "tables", "315", "24%", "8%", "68%", "0%", "0%", "0"] in lines
    assert [line[0] for line in lines if line and line[0] in ("judgement", "list_prices")] == [
        "judgement",
        "list_prices",
    ]


def test_sources_answers_programs() -> None:
    told = json.loads(run("sources", "--book", TINY, "--json"))

    assert told["all"]["figures"] == 315
    assert told["all"]["without_provenance"] == 0
    assert sum(told["shares"].values()) == pytest.approx(1)
    assert sum(source["figures"] for source in told["sources"]) == 315


def test_reconcile_shows_every_target_and_its_reason_where_it_misses() -> None:
    told = run("reconcile", "--book", TINY)

    assert "MISS" in told
    assert "2 of 3 targets are within tolerance." in told
    targets = json.loads(run("reconcile", "--book", TINY, "--json"))["targets"]
    assert [(target["target"], target["passed"]) for target in targets] == [
        ("neo_revenue_2026", True),
        ("neo_space_2026", False),
        ("neo_debt", True),
    ]
    assert targets[1]["reason"] == "The report includes a site that the book leaves out"


@pytest.mark.parametrize("command", ["show", "sources", "reconcile"])
def test_every_command_refuses_a_book_that_is_not_there(command: str) -> None:
    _, told = refuse(command, "--book", "no-such-book")

    assert told.startswith("no-such-book: no such book; ")
