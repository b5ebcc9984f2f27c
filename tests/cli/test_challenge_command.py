import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

SMALL = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--paths", "96", "--ignorance", "4")
HARSH = ("--scenario", "base+funding-freeze")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("challenge", *words), env={"COLUMNS": "100"})


def test_all_firms_with_debt_and_equity_are_compared_and_the_others_named() -> None:
    done = typed(*SMALL, *HARSH, "--json")
    found = json.loads(done.stdout)
    firms = {firm["entity"]: firm for firm in found["firms"]}

    assert done.exit_code == 0, done.stderr
    assert set(firms) == {"neo_one", "hall_one", "cloud_big"}
    assert found["left_out"]["left_out"] == ["apps", "lab_one", "bank_one", "chip_maker"]
    assert [odds["months"] for odds in firms["hall_one"]["odds"]] == [12, 24]
    assert firms["hall_one"]["breaks"] > 0
    assert found["reasons"]["hall_one"]


def test_the_tables_show_both_models_and_why_they_differ_within_a_hundred_columns() -> None:
    done = typed(*SMALL, *HARSH)

    assert done.exit_code == 0, done.stderr
    for words in ("Merton", "Bl.–Cox", "engine", "volatility", "Why they differ", "missed a payment", "Left out"):
        assert words in done.stdout, words
    assert max(len(line) for line in done.stdout.splitlines() if "Left out" not in line) <= 100


def test_one_firm_is_told_with_the_reason_in_words() -> None:
    done = typed("hall_one", *SMALL, *HARSH)

    assert "Hall One: on" in done.stdout
    assert "its equity is still above zero" in done.stdout
    assert "neo_one" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lab_one",), "lab_one has no debt drawn in the book"),
        (("bank_one",), "bank_one is a lender"),
        (("neo_two",), "did you mean 'neo_one'?"),
        (("neo_one", "--seed", "-1"), "seed: -1 is out of range"),
    ],
)
def test_what_a_value_model_cannot_be_asked_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words, *SMALL)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
