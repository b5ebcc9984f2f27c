import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TABLE = """entity,event,month,value,source,note
bluewave,bankruptcy,2002-05,,made up,
doorline,liquidation,2001-09,,made up,
northline,bankruptcy,2003-10,,made up,
meridian,bankruptcy,2002-01,,made up,
plainsnet,survived,2003-12,,made up,
heartland,survived,2003-12,,made up,
oc48,rent,2002-01,31,made up,
"""
FEW = ("--paths", "64", "--ignorance", "8", "--quick")


@pytest.fixture
def table(tmp_path: Path) -> str:
    file = tmp_path / "made.csv"
    file.write_text(TABLE, encoding="utf-8")
    return str(file)


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("backtest", *words), env={"COLUMNS": "132"})


def test_a_book_of_another_industry_is_scored_without_a_change(table: str) -> None:
    done = typed("fibre-2001", "--outcomes", table, *FEW, "--base-rate", "0.057")

    assert done.exit_code == 0, done.stderr
    for words in ("scored to 2003-12", "Brier", "Kendall", "Black–Cox", "Misses, broke and given less than 50 %:",
                  "yearly rate given", "Rents seen", "tells nothing of: app_dotcom", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words


def test_json_holds_every_score_and_every_firm(table: str) -> None:
    done = typed("fibre-2001", "--outcomes", table, *FEW, "--json")
    found = json.loads(done.stdout)["answer"]

    assert done.exit_code == 0, done.stderr
    assert [one["months"] for one in found["horizons"]] == [12, 24, 35]
    assert {firm["entity"] for firm in found["firms"]} >= {"bluewave", "heartland"}
    assert all(0.0 <= one["brier"]["low"] <= one["brier"]["high"] <= 1.0 for one in found["horizons"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fibre-2001",), "no outcomes.csv lies beside the book fibre-2001"),
        (("fibre-2001", "--base-rate", "1.5"), "--base-rate: 1.5 is not a yearly rate"),
        (("fibre-2001", "--figure", "a.txt"), "is not a kind of figure"),
        (("fiber-2001",), "did you mean 'fibre-2001'?"),
        (("fibre-2001", "--outcomes", "nowhere.csv"), "nowhere.csv: cannot be read"),
    ],
)
def test_what_cannot_be_scored_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words, *FEW)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_shipped_book_of_the_telecom_bust_is_scored_with_what_lies_beside_it() -> None:
    done = typed("telecom-2000-12", *FEW, "--json")
    found = json.loads(done.stdout)["answer"]
    fates = {firm["entity"]: firm["event"] for firm in found["firms"]}

    assert done.exit_code == 0, done.stderr
    assert (found["as_of"], found["until"]) == ("2000-12", 36)
    assert sum(event == "bankruptcy" for event in fates.values()) == 16
    assert sum(event == "survived" for event in fates.values()) == 6
    assert found["not_told"] == ["app_dotcom", "app_enterprise", "banks"]
    assert len(found["rents"]) == 3
