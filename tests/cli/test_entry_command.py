import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

SMALL = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--paths", "128", "--ignorance", "8")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("entry", *words), env={"COLUMNS": "130"})


def test_every_month_of_entry_is_a_row_with_its_quantiles_and_reasons() -> None:
    done = typed("neo_one", *SMALL, "--every", "6", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert [row["date"] for row in found["entries"]] == ["2026-02", "2026-08", "2027-02"]
    assert {"q05", "q50", "q95", "median_error", "p_loss", "regret", "share_total_loss"} <= set(found["entries"][0])
    assert found["kind"] == "entity"
    assert "not a forecast" in found["disclaimer"]


def test_the_text_says_how_entering_now_compares_with_waiting() -> None:
    done = typed(*SMALL, "--wait-for", "landlord")

    assert done.exit_code == 0, done.stderr
    for words in ("second-hand", "range of", "Smallest mean regret", "first hard break of landlord", "base rate"):
        assert words in done.stdout, words


@pytest.mark.parametrize("thing", ["h100", "neo_ddtl", "neo_one"])
def test_a_figure_is_drawn_for_every_kind_of_thing(thing: str, tmp_path: Path) -> None:
    file = tmp_path / "entry.svg"
    done = typed(thing, *SMALL, "--figure", str(file))

    assert done.exit_code == 0, done.stderr
    assert "annual return by month of entry" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("h1000",), "did you mean 'h100'?"),
        (("--wait-for", "nobody"), "there is nobody 'nobody'"),
        (("--paths", "20"), "20 paths are too few"),
        (("--figure", "entry.gif"), "is not a kind of figure"),
    ],
)
def test_what_cannot_be_answered_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*SMALL, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
