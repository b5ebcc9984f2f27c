"""A run is told, exported, compared and asked again with the book it was made from, whatever became of that book."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = Path(__file__).parents[1] / "books" / "tiny"


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run, and the book of the run, which was changed since."""
    place = tmp_path_factory.mktemp("kept")
    book = shutil.copytree(TINY, place / "mine")
    asked = ("run", "base+funding-freeze", "--book", str(book), "--paths", "200", "--ignorance", "100")
    done = typed(*asked, "--out", str(place / "run"))
    assert done.exit_code == 0, done.stderr
    entities = book / "entities.csv"
    entities.write_text(entities.read_text(encoding="utf-8").replace("Neo One", "Neo Two"), encoding="utf-8")
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("show", "{run}"),
        ("first", "--run", "{run}"),
        ("why", "hall_one", "--run", "{run}"),
        ("discover", "--when", "break:hall_one", "--run", "{run}"),
        ("export", "{run}", "-o", "{out}/run.xlsx"),
        ("report", "{run}", "-o", "{out}/run.html", "--companies", "0"),
        ("resume", "{run}"),
    ],
)
def test_every_command_takes_the_book_of_the_run_from_the_run(
    words: tuple[str, ...], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFLATOR_CACHE", str(tmp_path / "cache"))
    done = typed(*(word.format(run=place / "run", out=tmp_path) for word in words))

    assert done.exit_code == 0, done.stderr


def test_the_book_of_a_run_is_held_against_what_it_is_today(place: Path) -> None:
    done = typed("book", "diff", str(place / "run"), str(place / "mine"), "--json")

    assert done.exit_code == 0, done.stderr
    (found,) = json.loads(done.stdout)["changes"]
    assert (found["table"], found["field"], found["after"]) == ("entities", "name", "Neo Two")


def test_a_changed_book_is_refused_for_the_run_with_both_fingerprints(place: Path, tmp_path: Path) -> None:
    done = typed("export", str(place / "run"), "--book", str(place / "mine"), "-o", str(tmp_path / "run.xlsx"))

    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "its content has changed; leave out --book" in done.stderr


def test_neither_a_book_nor_a_run_is_told_with_the_books_there_are(place: Path) -> None:
    done = typed("book", "diff", "ai-2026-02", "nothing-of-the-kind")

    assert done.exit_code == 2
    assert "no such book; use ai-2026-02" in done.stderr
