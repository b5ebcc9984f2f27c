import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

SMALL = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base+funding-freeze",
         "--ignorance", "8", "--quick")  # fmt: skip


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("mitigate", *words, *SMALL), env={"COLUMNS": "132"})


def test_the_answer_as_json_holds_prices_costs_errors_and_that_it_is_a_heuristic() -> None:
    done = typed("hall_one", "--target", "0.15", "--with", "equity=20", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert (found["entity"], found["target"], found["by"], found["heuristic"]) == ("hall_one", 0.15, "2028-02", True)
    assert found["trials"] > 5
    together = [row for row in found["outcomes"] if row["part"] == "together"]
    assert together[0]["probability"] <= 0.15
    assert sum(row["cost_musd"] for row in together) == pytest.approx(found["total_cost_musd"])
    assert all(row["change_error"] >= 0.0 for row in together)
    assert "not a forecast" in found["disclaimer"]


def test_the_tables_show_levers_alone_and_together_and_draw_them(tmp_path: Path) -> None:
    drawn = tmp_path / "hall.svg"
    done = typed("hall_one", "--target", "0.15", "--figure", str(drawn))

    assert done.exit_code == 0, done.stderr
    for words in ("raise equity", "shareholders", "Cheapest combination found", "heuristic", "Left out, sell forwards",
                  "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert max(map(len, done.stdout.splitlines())) <= 132
    picture = drawn.read_text(encoding="utf-8")
    for words in ("Hall One", "cheapest found", "target 15 %", "USD m", "N = 128 paths", "not a forecast"):
        assert words in picture, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hall_two", "--target", "0.1"), "did you mean 'hall_one'?"),
        (("hall_one", "--target", "0.99"), "so that is met already"),
        (("hall_one", "--target", "0.1", "--with", "equity"), "--with: 'equity' gives no size"),
        (("hall_one", "--target", "0.1", "--with", "extend=99"), "extend: 99 is out of range"),
        (("hall_one", "--target", "0.1", "--backstop-price", "7"), "--backstop-price: 7.0 is out of range"),
        (("hall_one", "--target", "0.1", "--figure", "x.gif"), ".gif is not a kind of figure"),
    ],
)
def test_what_has_no_answer_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
