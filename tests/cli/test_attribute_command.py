import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app
from deflator.engine.positions import CHANNELS

TINY = str(Path(__file__).parents[1] / "books" / "tiny")
SMALL = ("--book", TINY, "--scenario", "base+funding-freeze", "--paths", "16", "--ignorance", "4")
FEW = tuple(word for name in CHANNELS[3:] for word in ("--set", f"channels.{name}=off"))


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("attribute", *words), env={"COLUMNS": "100"})


def test_losses_and_breaks_are_attributed_in_one_json_object() -> None:
    done = typed(*SMALL, "--loss", "bank_one", "--break", "hall_one", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert [one["entity"] for one in found["attributions"]] == ["bank_one", "hall_one"]
    assert [one["unit"] for one in found["attributions"]] == ["musd", "share"]
    for one in found["attributions"]:
        parts = sum(part["value"]["value"] for part in one["parts"])
        assert parts == pytest.approx(one["total"]["value"], abs=1e-9)
    assert (found["exact"], found["rescaled"], found["orders"]) == (False, False, 4)


def test_the_table_shows_parts_errors_ranges_and_the_total_within_a_hundred_columns() -> None:
    done = typed(*SMALL)

    assert done.exit_code == 0, done.stderr
    for words in (*CHANNELS, "all together", "95 % interval", "alone", "nothing was rescaled", "All channels off",
                  "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_every_set_of_channels_is_played_after_telling_how_long_that_takes() -> None:
    done = typed(*SMALL, *FEW, "--exact")

    assert done.exit_code == 0, done.stderr
    assert "All 8 sets of channels on 16 paths take about" in done.stderr
    assert "Every one of the 8 sets of 3 channels was played on every path." in done.stdout
    assert "Shapley interaction index" in done.stdout
    assert "Off in the scenario, so not attributed: delay, " in done.stdout


def test_a_waterfall_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "through.svg"
    done = typed(*SMALL, "--quick", "--figure", str(file))

    assert done.exit_code == 0, done.stderr
    drawn = file.read_text(encoding="utf-8")
    for words in ("all channels off", "fire_sale", "16 paths, 4 draws", "USD m by the horizon", "not a forecast"):
        assert words in drawn, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--loss", "bank_two", "--break", "hall_two"), "did you mean 'bank_one'?"),
        (("--loss", "bank_two", "--break", "hall_two"), "did you mean 'hall_one'?"),
        (("--orders", "3"), "each order goes with its reverse: use 4"),
        (("--orders", "4", "--exact"), "leave out --orders or --exact"),
        (("--precision", "-1"), "use a number above 0"),
        (("--precision", "0.0001"), "16 paths give"),
        (tuple(word for name in CHANNELS for word in ("--set", f"channels.{name}=off")), "no channel is on"),
        (("--figure", "through.gif"), ".gif is not a kind of figure"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_type_next(words: tuple[str, ...], said: str) -> None:
    done = typed(*SMALL, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
