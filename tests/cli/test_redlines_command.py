import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

SMALL = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base+funding-freeze",
         "--paths", "64", "--ignorance", "8", "--rents", "11")  # fmt: skip


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("redlines", *words), env={"COLUMNS": "132"})


def test_the_answer_as_json_holds_every_line_with_its_reason_or_its_error_and_headroom() -> None:
    done = typed(*SMALL, "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert (found["paths"], found["draws"], found["pinned_from"]) == (64, 8, "2026-03")
    assert len(found["rents_tried"]) == 11
    solved = [line for line in found["lines"] if line["status"] == "solved"]
    assert {line["status"] for line in found["lines"]} > {"solved"}
    for line in solved:
        assert line["bracket_low"] <= line["rent_usd_per_hour"] <= line["bracket_high"]
        assert line["low"] <= line["high"]
        assert line["mc_error"] > 0.0
    assert all(line["reason"] for line in found["lines"] if line["status"] != "solved")
    assert "not a forecast" in found["disclaimer"]


def test_the_tables_show_both_horizons_within_the_width_of_a_page() -> None:
    done = typed(*SMALL)

    assert done.exit_code == 0, done.stderr
    for words in ("12 months", "24 months", "red line", "headroom", "neo_ddtl min_liquidity", "A layer breaks below",
                  "never", "always", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert max(map(len, done.stdout.splitlines())) <= 132


def test_one_firm_is_told_with_its_costs_and_drawn_on_one_axis(tmp_path: Path) -> None:
    drawn = tmp_path / "neo.svg"
    done = typed("neo_one", *SMALL, "--figure", str(drawn))

    assert done.exit_code == 0, done.stderr
    for words in ("cash falls below its buffer", "avoidable cost", "full cost", "contract rent"):
        assert words in done.stdout, words
    assert "hall_loan" not in done.stdout
    picture = drawn.read_text(encoding="utf-8")
    for words in ("Neo One", "full cost", "neo_one breaks", "neo_one below its buffer", "spot now", "contracts now",
                  "USD per unit-hour", "N = 64 paths", "not a forecast"):  # fmt: skip
        assert words in picture, words


def test_everything_is_drawn_that_has_a_red_line(tmp_path: Path) -> None:
    drawn = tmp_path / "all.png"
    done = typed(*SMALL, "--figure", str(drawn))

    assert done.exit_code == 0, done.stderr
    assert drawn.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("neo_two",), "did you mean 'neo_one'?"),
        (("world_investors",), "world_investors cannot break"),
        (("chip_maker",), "it never breaks at any rent tried: on <1 % of paths at 0.04 $"),
        (("--from", "2027-08"), "--from: 2027-08 leaves no 12 months"),
        (("--rents", "5"), "--rents: 5 rents bracket nothing"),
        (("--figure", "lines.gif"), ".gif is not a kind of figure"),
        (("--ignorance", "few"), "--ignorance: 'few' is neither a number of draws nor off"),
    ],
)
def test_what_has_no_answer_is_refused_with_what_to_type(words: tuple[str, ...], said: str) -> None:
    done = typed(*SMALL, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
