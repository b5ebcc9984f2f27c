import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")
HARSH = "base+funding-freeze"
SMALL = ("--book", TINY, "--scenario", HARSH, "--paths", "96", "--ignorance", "4")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words, env={"COLUMNS": "100"})


def answered(*words: str) -> dict:
    done = typed("why", *words, "--json")
    assert done.exit_code == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_break_is_told_in_one_json_object() -> None:
    told = answered("hall_one", *SMALL)

    assert (told["entity"], told["broke"], told["scenario"]["name"]) == ("hall_one", True, HARSH)
    assert told["path"] == told["chosen"]["path"] < 96
    assert sum(part["shortfall_musd"] for part in told["causes"]) == pytest.approx(told["shortfall_musd"])
    assert told["events"][-1]["sentence"].startswith("It breaks: missed a payment.")
    assert all(event["date"].startswith("202") and "{" not in event["sentence"] for event in told["events"])


def test_the_same_path_is_told_when_it_is_asked_for() -> None:
    searched = answered("hall_one", *SMALL)
    asked = answered("hall_one", *SMALL, "--path", str(searched["path"]))

    assert asked["chosen"] is None
    assert {**asked, "chosen": searched["chosen"]} == searched


def test_a_story_is_printed_with_its_reasons_and_sources_within_a_hundred_columns() -> None:
    done = typed("why", "hall_one", *SMALL, "--depth", "2")

    assert done.exit_code == 0, done.stderr
    for words in (
        "Hall One breaks in",
        "replayed bit for bit",
        "this is the one with the median month",
        "What happened",
        "Site l_neo_2 for Neo One",
        "What took the money: USD",
        "more principal repaid on schedule",
        "Where it stood",
        "entities.hall_one.cash_musd",
        "Annual report of Neo One for 2025",
        "not a forecast",
    ):
        assert words in done.stdout, words
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_depth_2_prints_why_the_customer_broke() -> None:
    stops = ("--set", "failure.lab_one.level={2026-08: on}", "--book", TINY, "--ignorance", "off", "--chance", "off")
    done = typed("why", "neo_one", *stops, "--path", "0", "--depth", "2")

    assert "Its customer Lab One breaks: the scenario lets it stop paying." in " ".join(done.stdout.split())
    assert "Why Lab One broke in 2026-08: the scenario lets it stop paying" in done.stdout


def test_a_path_on_which_nothing_breaks_is_told_up_to_the_tightest_month() -> None:
    done = typed("why", "neo_one", "--book", TINY, "--ignorance", "off", "--chance", "off", "--path", "0")

    assert done.exit_code == 0, done.stderr
    assert "Neo One does not break on this path. It comes nearest to it in" in done.stdout
    assert "no payment was missed" in done.stdout


def test_who_never_breaks_is_refused_with_the_nearest_path() -> None:
    done = typed("why", "cloud_big", *SMALL)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "cloud_big breaks on none of 96 paths" in done.stderr
    assert "--path" in done.stderr


def test_a_kept_run_settles_scenario_seed_and_draws(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    run = typed("run", HARSH, *SMALL[:2], *SMALL[4:], "--seed", "7", "--out", kept, "--json")
    assert run.exit_code == 0, run.stderr
    told = answered("hall_one", "--run", kept)

    assert (told["seed"], told["draws"], told["scenario"]["name"]) == (7, 4, HARSH)
    assert {**told, "chosen": None} == {**answered("hall_one", *SMALL, "--seed", "7"), "chosen": None}
    hall = next(row for row in json.loads(run.stdout)["entities"] if row["name"] == "hall_one")
    assert told["chosen"]["breaking"] == round(hall["p_break"] * 96)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hall_two",), "did you mean 'hall_one'?"),
        (("world_investors",), "world_investors cannot break"),
        (("hall_one", "--run", "nowhere"), "there is no run 'nowhere'"),
        (("hall_one", "--ignorance", "some"), "'some' is neither a number of draws nor off"),
        (("hall_one", "--scenario", "bsae"), "bsae"),
    ],
)
def test_bad_input_is_refused_with_what_to_type_next(words: tuple[str, ...], said: str) -> None:
    done = typed("why", *words, "--book", TINY)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_run_and_a_seed_are_not_given_together(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    typed("run", "base", "--book", TINY, "--paths", "8", "--ignorance", "4", "--out", kept)
    done = typed("why", "hall_one", "--run", kept, "--book", TINY, "--seed", "7")

    assert done.exit_code == 2
    assert "leave out --seed" in done.stderr


def test_a_run_made_with_settings_is_told_without_typing_them_again(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    changed = ("--set", "rent.level=1.2")
    run = typed("run", HARSH, *changed, *SMALL[:2], *SMALL[4:], "--out", kept)
    assert run.exit_code == 0, run.stderr

    told = answered("hall_one", "--run", kept, "--book", TINY)
    assert told == answered("hall_one", "--run", kept, "--scenario", HARSH, *changed, "--book", TINY)

    (tmp_path / "kept" / "scenario.yaml").unlink()
    done = typed("why", "hall_one", "--run", kept, "--book", TINY)
    assert done.exit_code == 2
    assert "leave out --scenario and --set if the run keeps its scenario" in done.stderr
