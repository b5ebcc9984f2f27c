import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base+funding-freeze")
SMALL = (*TINY, "--paths", "128", "--ignorance", "16", "--replications", "4")
RARE = ("hall_one", "--by", "2027-01")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("rare", *words), env={"COLUMNS": "132"})


def test_a_rare_break_is_told_with_counting_of_the_same_cost_beside_it(tmp_path: Path) -> None:
    figure = tmp_path / "levels.svg"
    done = typed(*RARE, *SMALL, "--figure", str(figure))

    assert done.exit_code == 0, done.stderr
    for words in ("Hall One breaks by 2027-01", "one in", "Relative error", "Plain Monte Carlo of the same cost",
                  "Levels", "draws of what is not known", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert "probability" in figure.read_text(encoding="utf-8")


def test_one_json_object_holds_the_whole_answer() -> None:
    done = typed(*RARE, *SMALL, "--json")
    found = json.loads(done.stdout)["rare"]

    assert done.exit_code == 0, done.stderr
    assert found["probability"]["low"] <= found["probability"]["value"] <= found["probability"]["high"]
    assert len(found["estimates"]) == 4
    assert found["levels"][-1] == 1.0
    assert found["plain"]["paths"] > 128


def test_a_break_can_be_asked_for_in_the_words_of_a_target() -> None:
    found = [json.loads(typed(*words, *SMALL, "--json").stdout)["rare"] for words in (RARE, ("break:hall_one by +11",))]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hall_two",), "did you mean 'hall_one'?"),
        (("hall_one",), "that is not rare; count it: `deflator run`"),
        (("cloud_big", "--by", "2026-06"), "with 95 % confidence"),
        (("hall_one", "--by", "2032-01"), "--by: 2032-01 is not simulated; use 2026-03 to 2028-02"),
        (("hall_one", "--by", "June"), "'June' is not a month"),
        (("world_investors",), "cannot break"),
        (("loss:bank_one > 5",), "splitting follows one entity to its break"),
        (("break:landlord",), "splitting follows one entity to its break"),
        (("break:hall_one by 2027-01", "--by", "2027-02"), "two months are given"),
    ],
)
def test_what_splitting_cannot_answer_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words, *SMALL)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
