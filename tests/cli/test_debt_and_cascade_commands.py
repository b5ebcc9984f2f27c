import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.book import load_book
from deflator.cli import app

FOLDER = str(Path(__file__).parents[1] / "books" / "tiny")
TINY = ("--book", FOLDER, "--set", "rent.level=0.9", "--paths", "64", "--ignorance", "8")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, (*words, *TINY), env={"COLUMNS": "132"})


def test_the_wall_as_json_sums_to_the_principal_that_is_drawn() -> None:
    done = typed("debt", "--json")
    found = json.loads(done.stdout)
    drawn = sum(row["drawn_musd"] for row in load_book(FOLDER).table("facilities").rows)

    assert done.exit_code == 0, done.stderr
    assert sum(row["principal_musd"] for row in found["wall"]) == pytest.approx(drawn)
    assert {row["flow"] for row in found["flows"]} >= {"due", "refinanced", "extended", "converted", "called"}
    assert found["paths_counted"] == 64


def test_the_wall_is_printed_by_year_with_what_becomes_of_it_and_the_tests() -> None:
    done = typed("debt")

    assert done.exit_code == 0, done.stderr
    for heading in ("What falls due by the terms", "What becomes of debt", "The tests that are most often failed"):
        assert heading in done.stdout
    assert "Bank One" in done.stdout
    assert "not a forecast" in done.stdout


def test_the_cascade_as_json_has_shares_exposures_and_a_path() -> None:
    done = typed("cascade", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert {row["entity"] for row in found["broken"]} >= {"neo_one", "hall_one"}
    assert found["path"]["chosen_for"]
    assert found["path"]["breaks"][0]["month"] > 0


def test_the_cascade_tells_the_path_that_is_asked_for() -> None:
    done = typed("cascade", "--path", "5")

    assert done.exit_code == 0, done.stderr
    assert "Breaks of path 5 in their order" in done.stdout
    assert "Share that has broken by the month" in done.stdout


@pytest.mark.parametrize("command", ["debt", "cascade"])
def test_an_unknown_scenario_is_refused(command: str) -> None:
    done = typed(command, "--scenario", "bsae")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "bsae" in done.stderr
