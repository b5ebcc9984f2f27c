import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")
SMALL = ("--book", TINY, "--paths", "96", "--ignorance", "4", "--threads", "2")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_RUNS", str(tmp_path / "runs"))
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def answered(*words: str) -> dict:
    done = typed("run", *words, "--json")
    assert done.exit_code == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_run_answers_in_one_json_object_and_is_kept(place: Path) -> None:
    found = answered("base", *SMALL)

    assert (found["paths"], found["months"]) == (96, 24)
    assert found["ledger_residual"] <= 1e-9
    assert Path(found["folder"]) == place / "runs" / found["run"]
    assert sum(row["p_first"] for row in found["layers"]) == pytest.approx(1.0)
    assert json.loads(typed("show", found["run"], "--json").stdout) == found


def test_the_same_question_has_the_same_answer_for_any_number_of_threads(place: Path) -> None:
    one = answered(*SMALL[:-1], "1", "--out", str(place / "one"))
    three = answered(*SMALL[:-1], "3", "--out", str(place / "three"))
    other_seed = answered(*SMALL, "--seed", "7", "--out", str(place / "other"))

    assert one["checksum"] == three["checksum"] != other_seed["checksum"]
    assert one["layers"] == three["layers"]


def test_several_scenarios_stand_side_by_side(place: Path) -> None:
    found = answered("base", "base+funding-freeze", *SMALL, "--out", str(place / "here"))

    assert list(found["scenarios"]) == ["base", "base+funding-freeze"]
    for name, one in found["scenarios"].items():
        assert Path(one["folder"]) == place / "here" / name


def test_a_run_prints_its_answer(place: Path) -> None:
    done = typed("run", "base", "rate-shock", *SMALL)

    assert done.exit_code == 0, done.stderr
    for words in (
        "Rent of the reference equipment",
        "About rate-shock",
        "Accounts add up to",
        "not a forecast",
    ):
        assert words in done.stdout, words


def test_a_setting_changes_the_run_and_its_name() -> None:
    plain = answered("base", *SMALL)
    pinned = answered("base", *SMALL, "--set", "rent.level=1.5")

    assert plain["run"] != pinned["run"]
    assert pinned["rents"][-1]["q50"] == pytest.approx(1.5, rel=1e-3)


def test_fewer_months_are_simulated_when_asked() -> None:
    found = answered("base", *SMALL, "--months", "6")

    assert found["months"] == 6
    assert [row["month"] for row in found["rents"]] == list(range(7))


def test_without_ignorance_there_is_no_range_over_it() -> None:
    found = answered("base", *SMALL[:4], "--ignorance", "off")

    assert found["draws"] == 1
    assert {row["low"] for row in found["layers"]} == {None}


def test_without_chance_a_draw_is_one_path() -> None:
    found = answered("base", *SMALL, "--chance", "off")

    assert (found["paths"], found["draws"]) == (4, 4)


def test_one_path_tells_what_breaks_on_it_and_no_probability(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    done = typed(
        "run", "base", "--book", TINY, "--ignorance", "off", "--chance", "off", "--set", "failure.neo_one.level=1"
    )

    assert done.exit_code == 0, done.stderr
    assert "One path only" in done.stdout
    assert "the scenario lets it stop paying" in done.stdout
    assert "No cohort of firms breaks." in done.stdout
    assert "Which firm breaks first" not in done.stdout


def test_every_fault_is_told_at_once_and_nothing_is_written(place: Path) -> None:
    done = typed("run", "bsae", "esay", "--set", "rent.levle=1", *SMALL)

    assert (done.exit_code, done.stdout) == (2, "")
    for word in ("bsae", "esay", "rent.levle"):
        assert word in done.stderr
    assert not (place / "runs").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--paths", "0"), "paths: 0 is out of range"),
        (("--ignorance", "some"), "'some' is neither a number of draws nor off"),
        (("--months", "25"), "months: 25 is out of range; use a number from 1 to 24"),
        (("--seed", "-1"), "seed: -1 is out of range"),
        (("--book", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(words: tuple[str, str], told: str) -> None:
    done = typed("run", "base", *SMALL, *words)

    assert done.exit_code == 2
    assert told in done.stderr


def test_a_folder_with_other_things_in_it_is_left_alone(place: Path) -> None:
    (place / "thesis").mkdir()
    (place / "thesis" / "chapter.txt").write_text("years of work")
    done = typed("run", "base", *SMALL, "--out", str(place / "thesis"))

    assert done.exit_code == 2
    assert [path.name for path in (place / "thesis").iterdir()] == ["chapter.txt"]


def test_more_runs_than_the_quota_allows_bring_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFLATOR_RUNS_QUOTA_GB", "1e-6")
    done = typed("run", "base", *SMALL)

    assert done.exit_code == 0
    assert "above the quota" in done.stderr
