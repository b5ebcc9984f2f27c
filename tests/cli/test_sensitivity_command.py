import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base+funding-freeze")
SMALL = (*TINY, "--paths", "512", "--ignorance", "256")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("sensitivity", *words), env={"COLUMNS": "140"})


def test_the_answer_names_figures_with_their_worth_range_grade_and_source_and_draws_them(tmp_path: Path) -> None:
    done = typed("--of", "rent", *SMALL, "--quick", "--figure", str(tmp_path / "rent.svg"))

    assert done.exit_code == 0, done.stderr
    for words in ("Which to know first", "knowing", "grade", "To read next", "not a forecast"):
        assert words in done.stdout, words
    assert "which figure to know first" in (tmp_path / "rent.svg").read_text(encoding="utf-8")


def test_indices_and_fair_parts_are_told_with_their_errors() -> None:
    done = typed("--of", "rent", *SMALL, "--quick", "--factors", "3", "--shapley", "--json")
    answer = json.loads(done.stdout)["answer"]

    assert done.exit_code == 0, done.stderr
    assert answer["base_points"] + answer["base_dropped"] == 256
    assert all(part["total_error"] >= 0 for part in answer["parts"])
    assert sum(part["share"] for part in answer["fair"]) == pytest.approx(1.0)


def test_what_is_wrong_is_told_all_at_once_and_nothing_is_printed() -> None:
    done = typed("--of", "rents", *SMALL, "--factors", "0", "--correlated", "a~b=2")

    assert (done.exit_code, done.stdout) == (2, "")
    for words in ("did you mean 'rent'?", "--factors: 0 is out of range", "there is no unknown figure 'a'"):
        assert words in done.stderr
