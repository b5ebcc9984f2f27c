"""What is asked alike is simulated once, and a bounded number of runs is held."""

import shutil
from pathlib import Path

import pytest

from deflator.analysis import answered as held
from deflator.analysis.answered import answered, is_passing, keep, remember
from deflator.analysis.result import ask
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.report.documents import build
from deflator.scenario import load_scenario

TINY = load_book(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Return the questions that are simulated, by name."""
    names: list[str] = []

    def noted(question: Question, *others: object, **more: object) -> object:
        names.append(question.name)
        return ask(question, *others, **more)

    monkeypatch.setenv("DEFLATOR_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(held, "ask", noted)
    monkeypatch.setattr(held, "_known", type(held._known)())
    return names


def question(seed: int = 1) -> Question:
    return Question(TINY, load_scenario("base+funding-freeze"), paths=64, draws=8, seed=seed)


def test_the_pages_of_one_question_share_one_simulation(asked: list[str]) -> None:
    small = {"paths": 64, "draws": 8}
    build("first", question())
    build("losses", question(), {"channels": False})
    build("companies", question())
    build("company", question(), {"entity": "hall_one", **small})
    build("rents", question(), {"lines": False})

    assert asked == [question().name]


def test_a_page_from_a_shared_simulation_is_the_page_from_one_of_its_own() -> None:
    build("first", question())
    shared = build("companies", question())
    held._known.clear()

    assert build("companies", question()) == shared


def test_another_question_is_simulated_and_the_oldest_run_leaves_its_folder(asked: list[str]) -> None:
    runs = [answered(question(seed)) for seed in range(6)]

    assert asked == [question(seed).name for seed in range(6)]
    assert [run.raw.folder.is_dir() for run in runs] == [False, False, True, True, True, True]
    assert all(is_passing(run) for run in runs)


def test_a_run_that_the_user_keeps_is_taken_as_the_answer_and_never_removed(asked: list[str], tmp_path: Path) -> None:
    kept = ask(question(), tmp_path / "mine")
    remember(question(), kept)

    assert answered(question()) is kept
    for seed in range(2, 8):
        answered(question(seed))
    assert kept.raw.folder.is_dir()
    assert not is_passing(kept)
    assert question().name not in asked


def test_a_run_is_kept_without_being_simulated_again(asked: list[str], tmp_path: Path) -> None:
    shown = answered(question())
    kept = keep(question())

    assert kept.raw.folder == tmp_path / "runs" / question().name
    assert kept.raw.manifest == shown.raw.manifest
    assert kept.raw.book() == TINY
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [question().name]
    assert keep(question()).raw.folder == answered(question()).raw.folder == kept.raw.folder
    assert asked == [question().name]


def test_a_run_whose_folder_is_gone_is_simulated_again(asked: list[str]) -> None:
    shutil.rmtree(answered(question()).raw.folder)

    assert answered(question()).raw.folder.is_dir()
    assert len(asked) == 2
