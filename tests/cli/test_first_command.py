import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")
HARSH = "base+funding-freeze"
SMALL = ("--book", TINY, "--paths", "96", "--ignorance", "4")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "120"})


def answered(*words: str) -> dict:
    done = typed("first", *words, "--json")
    assert done.exit_code == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_answer_is_one_json_object_whose_shares_sum_to_one() -> None:
    found = answered(HARSH, *SMALL)

    assert (found["run"], found["paths"], found["draws"]) == (None, 96, 4)
    for kind in ("layer", "firm", "cohort"):
        assert sum(row["p_first"] for row in found["first"] if row["kind"] == kind) == pytest.approx(1.0)
    assert {"survival", "order", "robust", "disclaimer"} <= set(found)


def test_a_kept_run_of_the_same_question_is_read_and_says_the_same() -> None:
    simulated = answered(HARSH, *SMALL, "--seed", "11")
    run = typed("run", HARSH, *SMALL, "--seed", "11", "--json")
    kept = answered(HARSH, *SMALL, "--seed", "11")

    assert kept["run"] == json.loads(run.stdout)["run"]
    assert {**kept, "run": None} == simulated
    assert answered("--run", kept["run"]) == kept
    assert {row["name"]: row["p_first"] for row in kept["first"] if row["kind"] == "layer"} == {
        row["name"]: row["p_first"] for row in json.loads(run.stdout)["layers"]
    }


def test_rankings_survival_and_order_are_printed_for_each_scenario() -> None:
    done = typed("first", HARSH, "base", *SMALL)

    assert done.exit_code == 0, done.stderr
    for words in ("Which layer breaks first", "Which firm breaks first", "Which cohort", "Share that has not broken",
                  "none of them", "simulated now and not kept", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert done.stdout.count("Which firm breaks first") == 2


def test_three_figures_are_drawn(tmp_path: Path) -> None:
    stops = ("--set", "failure.lab_one.level={2026-08: on}")
    done = typed("first", HARSH, *SMALL, *stops, "--figure", str(tmp_path / "tiny.svg"))

    assert done.exit_code == 0, done.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"tiny-first.svg", "tiny-survival.svg", "tiny-order.svg"}
    for file in tmp_path.iterdir():
        drawn = file.read_text(encoding="utf-8")
        assert "96 paths, 4 draws of what is not known" in drawn
        assert "not a forecast" in drawn


def test_where_only_one_firm_breaks_there_is_no_order_to_draw(tmp_path: Path) -> None:
    done = typed("first", HARSH, *SMALL, "--figure", str(tmp_path / "tiny.svg"))

    assert "No firm and no layer breaks often enough to be put into an order." in done.stdout
    assert {file.name for file in tmp_path.iterdir()} == {"tiny-first.svg", "tiny-survival.svg"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bsae",), "bsae"),
        (("--run", "nowhere"), "there is no run 'nowhere'"),
        (("base", "--run", "nowhere", "--seed", "7"), "leave out SCENARIO, --seed"),
        (("base", "essay", "--figure", "a.png"), "figures are drawn of one scenario, and 2 are named"),
        (("base", "--figure", "a.gif"), ".gif is not a kind of figure"),
        (("base", "--paths", "0"), "paths: 0 is out of range"),
    ],
)
def test_bad_input_is_refused_with_what_to_type_next(words: tuple[str, ...], said: str) -> None:
    done = typed("first", *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
