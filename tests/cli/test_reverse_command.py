import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"))
SMALL = (*TINY, "--solutions", "1", "--paths", "64", "--ignorance", "16", "--set", "funding.shift=-2")
AMONG = ("--among", "funding", "--among", "delay", "--among", "rent")
BREAK = ("--target", "break:hall_one by 2028-02", "--probability", "0.3")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("reverse", *words), env={"COLUMNS": "132"})


def test_the_way_into_trouble_is_told_with_distance_odds_and_moves(tmp_path: Path) -> None:
    figure = tmp_path / "moves.svg"
    done = typed(*SMALL, *AMONG, *BREAK, "--figure", str(figure))

    assert done.exit_code == 0, done.stderr
    for words in ("Way 1: distance", "half-space tail", "funding_volatility", "standard", "not a forecast"):
        assert words in done.stdout, words
    assert "standard deviations" in figure.read_text(encoding="utf-8")


def test_one_json_object_holds_the_whole_answer() -> None:
    done = typed(*SMALL, *AMONG, *BREAK, "--correlation", "funding,delay=-0.4", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert found["reverse"]["target"] == "break:hall_one by 2028-02"
    nearest = found["reverse"]["solutions"][0]
    assert {move["name"] for move in nearest["moves"]} <= {"funding", "delay", "rent"}
    assert nearest["outcome"] in ("converged", "best_found")
    assert {"low", "high", "mc_error"} <= set(nearest["checked"])
    assert found["seed"] > 0
    assert "not a forecast" in found["disclaimer"]


def test_the_same_question_has_the_same_answer() -> None:
    words = (*SMALL, *AMONG, *BREAK, "--quick", "--json")
    assert typed(*words).stdout == typed(*words).stdout


def test_quick_moves_drivers_alone() -> None:
    done = typed(*TINY, "--set", "funding.shift=-2", *BREAK, "--quick", "--json")

    assert done.exit_code == 0, done.stderr
    assert all(move["driver"] for move in json.loads(done.stdout)["reverse"]["solutions"][0]["moves"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "break:hall_two"), "did you mean 'hall_one'?"),
        (("--target", "break:hall_one", "--probability", "1.2"), "--probability: 1.2 is not between 0 and 1"),
        (("--target", "break:hall_one", "--among", "rents"), "did you mean 'rent'?"),
        (("--target", "break:hall_one", "--correlation", "funding"), "write rent,demand=0.3"),
        (("--target", "break:hall_one", "--from", "soon"), "'soon' is not a month"),
        (("--target", "break:hall_one", "--figure", "moves.gif"), ".gif is not a kind of figure"),
        (("--target", "break:cloud_big by +2", "--among", "base_rate"), "no move within 4 standard deviations"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_type_instead(words: tuple[str, ...], said: str) -> None:
    done = typed(*SMALL, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
