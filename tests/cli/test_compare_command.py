import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = Path(__file__).parents[1] / "books" / "tiny"
SMALL = ("--paths", "64", "--ignorance", "4")
HARSH = "base+funding-freeze"


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "110"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return four runs: a base, one with a setting, one of another book, one of another seed."""
    place = tmp_path_factory.mktemp("compared")
    other = place / "changed-book"
    shutil.copytree(TINY, other)
    heading = other / "book.yaml"
    lines = heading.read_text(encoding="utf-8").splitlines()
    lines = ["title: Another book" if line.startswith("title:") else line for line in lines]
    heading.write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = {
        "base": ("base", "--book", str(TINY)),
        "harsh": (HARSH, "--book", str(TINY), "--set", "rent.level=1.2"),
        "book": ("base", "--book", str(other)),
        "seed": ("base", "--book", str(TINY), "--seed", "9"),
    }
    for name, words in asked.items():
        done = typed("run", *words, *SMALL, "--out", str(place / name))
        assert done.exit_code == 0, done.stderr
    return {name: str(place / name) for name in asked} | {"other book": str(other)}


def test_inputs_and_changes_are_told_apart(runs: dict[str, str]) -> None:
    done = typed("compare", runs["base"], runs["harsh"], "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert found["paired"]
    assert {(one["section"], one["item"], one["field"]) for one in found["inputs"]} >= {
        ("drivers", "rent", "level"), ("drivers", "funding", "level"),
    }  # fmt: skip
    levels = {(row["run"], row["measure"], row["group"], row["name"]): row["level"] for row in found["levels"]}
    for row in found["changes"]:
        key = row["measure"], row["group"], row["name"]
        assert row["change"] == pytest.approx(levels["second", *key] - levels["first", *key], abs=1e-9)


def test_levels_changes_and_errors_are_printed_in_columns_of_their_own(runs: dict[str, str]) -> None:
    done = typed("compare", runs["base"], runs["harsh"])

    assert done.exit_code == 0, done.stderr
    for words in ("What they were given differently", "change B − A", "error", "path by path on common random numbers",
                  "Losses by the horizon", "all holders", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words


def test_runs_of_another_seed_are_compared_as_independent_ones_and_that_is_said(runs: dict[str, str]) -> None:
    done = typed("compare", runs["base"], runs["seed"])

    assert "Not on common random numbers, since they differ in seed" in done.stdout


def test_books_are_told_apart_by_field_as_the_runs_keep_them(runs: dict[str, str]) -> None:
    seeing = typed("compare", runs["base"], runs["book"], "--json")

    assert [(one["item"], one["field"], one["second"]) for one in json.loads(seeing.stdout)["inputs"]] == [
        ("book", "title", "Another book")
    ]


def test_a_run_that_keeps_no_book_needs_it_at_hand(runs: dict[str, str], tmp_path: Path) -> None:
    old = shutil.copytree(runs["base"], tmp_path / "old")
    (old / "book.zip").unlink()
    blind = typed("compare", str(old), runs["book"])
    seeing = typed("compare", str(old), runs["book"], "--book", str(TINY))

    assert "give them with --book" in blind.stdout
    assert "Another book" in seeing.stdout


def test_the_changes_are_drawn(runs: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "changes.svg"
    done = typed("compare", runs["base"], runs["harsh"], "--figure", str(file))

    assert done.exit_code == 0, done.stderr
    drawn = file.read_text(encoding="utf-8")
    for words in ("64 paths of both", "4 draws", "percentage points", "not a forecast"):
        assert words in drawn, words


def test_what_cannot_be_compared_is_refused_with_every_reason(runs: dict[str, str]) -> None:
    for words, said in (
        ((runs["base"],), "a comparison is of two runs, and 1 were named"),
        ((runs["base"], runs["base"]), "compared with itself"),
        (("nowhere", "anywhere"), "there is no run 'anywhere'"),
        ((runs["base"], runs["seed"], "--book", "nobook"), "nobook"),
        ((runs["base"], runs["seed"], "--figure", "a.gif"), ".gif is not a kind of figure"),
    ):
        done = typed("compare", *words)
        assert (done.exit_code, done.stdout) == (2, ""), words
        assert said in done.stderr
