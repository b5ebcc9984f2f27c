import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base+funding-freeze")
SMALL = (*TINY, "--paths", "800", "--ignorance", "400")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("discover", *words), env={"COLUMNS": "140"})


def test_boxes_and_tree_are_told_in_words_with_what_the_held_out_half_says(tmp_path: Path) -> None:
    done = typed("--when", "rent < 2", *SMALL, "--figure", str(tmp_path / "rent.svg"))

    assert done.exit_code == 0, done.stderr
    for words in ("Box 1: rent < 2 in", "of futures where", "held out", "quasi-p", "not a forecast"):
        assert words in done.stdout, words
    assert "how often it happens where" in (tmp_path / "rent.svg").read_text(encoding="utf-8")


def test_the_json_holds_boxes_in_the_units_of_their_figures() -> None:
    done = typed("--when", "rent < 2", *SMALL, "--json")
    box = json.loads(done.stdout)["answer"]["boxes"][0]

    assert done.exit_code == 0, done.stderr
    assert set(box) == {"restrictions", "found", "held_out", "probability"}
    for one in box["restrictions"]:
        assert one["figure"]["low"] <= (one["low"] or one["high"]) <= one["figure"]["high"]


def test_a_kept_run_is_looked_into_without_simulating(tmp_path: Path) -> None:
    folder = str(tmp_path / "kept")
    run = CliRunner().invoke(
        app, ("run", "base+funding-freeze", *TINY[:2], "--paths", "800", "--ignorance", "400", "--out", folder)
    )
    done = typed("--when", "break:hall_one", "--run", folder, *TINY, "--json")

    assert run.exit_code == 0, run.stderr
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["answer"]["paths"] == 800


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--when", "rent < 0.001", *SMALL), "must stand on either side"),
        (("--when", "loss:all", *SMALL), "is a sum, not an event"),
        (("--when", "rent < 2", "--run", "x", "--paths", "9"), "has its own paths and draws"),
        (("--when", "rent < 2", "--figure", "x.gif"), ".gif is not a kind of figure"),
    ],
)
def test_what_cannot_be_answered_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
