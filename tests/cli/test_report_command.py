import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(scope="module", autouse=True)
def _apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEFLATOR_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("kept") / "base"
    done = CliRunner().invoke(app, ("run", "base", "--book", TINY, "--paths", "128", "--ignorance", "16", "--out",
                                    str(folder)))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return str(folder)


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("report", *words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no-such-run",), "no-such-run"),
        (("{run}", "--book", "fibre-2001"), "--book: the book fibre-2001 has the fingerprint"),
        (("{run}", "-o", "memo.doc"), "write -o memo.html"),
        (("{run}", "-o", "nowhere/memo.html"), "make it first: mkdir -p nowhere"),
        (("{run}", "--against", "{run}"), "is the run itself"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_computed(
    run: str, words: tuple[str, ...], said: str
) -> None:
    done = typed(*(word.format(run=run) for word in words))

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_pdf_needs_a_browser_and_the_refusal_says_which(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = typed(run, "--pdf")

    assert done.exit_code == 2
    assert "--pdf: none of chromium, " in done.stderr


def test_a_run_of_another_book_is_not_told_beside_it(run: str, tmp_path: Path) -> None:
    other = str(tmp_path / "fibre")
    CliRunner().invoke(
        app, ("run", "base", "--book", "fibre-2001", "--paths", "32", "--ignorance", "4", "--out", other)
    )
    done = typed(run, "--against", other)

    assert done.exit_code == 2
    assert "is of another book than" in done.stderr


def test_a_report_is_written_whole_and_told_as_json(run: str, tmp_path: Path) -> None:
    file = tmp_path / "memo.html"
    done = typed(run, "-o", str(file), "--companies", "2", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert found["files"] == [{"file": str(file), "bytes": file.stat().st_size}]
    assert (found["companies"], len(found["sections"])) == (2, 12)
    assert file.read_text(encoding="utf-8").endswith("</html>")
    assert [one.name for one in tmp_path.iterdir()] == ["memo.html"]
