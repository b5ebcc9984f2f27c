import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"))


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("economics", *words), env={"COLUMNS": "100"})


def test_costs_and_rents_are_one_json_object() -> None:
    done = typed(*TINY, "--json")
    found = json.loads(done.stdout)
    rows = {(row["owner"], row["equipment"], row["month"]): row["figures"] for row in found["rows"]}

    assert (done.exit_code, found["paths"], found["unit"]) == (0, 1, "USD per unit-hour")
    assert {month for _, _, month in rows} == {0, 12, 24}
    h100 = rows["neo_one", "h100", 0]
    assert h100["meter"] == pytest.approx(h100["spot"] - h100["full"])
    assert h100["avoidable"] < h100["cash"] < h100["full"]


def test_the_table_of_one_owner_holds_its_hardware_only() -> None:
    done = typed("neo_one", *TINY)

    assert done.exit_code == 0, done.stderr
    assert "Neo One in 2026-02, USD per unit-hour" in done.stdout
    assert "every figure at its central value, no noise" in done.stdout
    assert "cloud_big" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("words", [(), ("--paths", "64")])
def test_tables_fit_into_a_hundred_columns(words: tuple[str, ...]) -> None:
    done = typed(*TINY, *words)

    assert done.exit_code == 0, done.stderr
    for heading in ("Hardware over all owners", "Owners in 2026-02", "Cost-inversion meter", "Free-entry rent"):
        assert heading in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_many_paths_give_ranges() -> None:
    found = json.loads(typed("neo_one", *TINY, "--paths", "64", "--json").stdout)
    spot = next(row for row in found["rows"] if (row["equipment"], row["month"]) == ("h100", 24))["ranges"]["spot"]

    assert found["paths"] == 64
    assert spot[0] < spot[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bank_one",), "bank_one has no units that it lets; use one of neo_one, cloud_big"),
        (("--paths", "0"), "paths: 0 is out of range"),
        (("--scenario", "bsae"), "bsae"),
    ],
)
def test_bad_input_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words, *TINY)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
