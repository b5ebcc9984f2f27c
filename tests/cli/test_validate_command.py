import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deflator.analysis.validation import Effort, suite
from deflator.cli import app

FEW = Effort(paths=64, draws=8, parameters=1, figures=0, seeds=1, doublings=1, channels=False)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "QUICK", FEW)


def test_the_suite_prints_what_moves_and_writes_its_page(tmp_path: Path) -> None:
    page = tmp_path / "validation.md"
    done = CliRunner().invoke(app, ("validate", "--book", "fibre-2001", "--quick", "--page", str(page)))

    assert done.exit_code == 0, done.stderr
    for words in (
        "fibre-2001: 64 paths a case",
        "base: first break",
        "telecom-2000-12: 16 of 22 broke",
        "Misses, broke",
    ):
        assert words in done.stdout, words
    assert page.read_text(encoding="utf-8").startswith("# Validation")
    assert "`deflator validate --book fibre-2001 --quick --page validation.md`" in page.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [page]


def test_json_holds_every_case() -> None:
    done = CliRunner().invoke(app, ("validate", "--book", "fibre-2001", "--quick", "--json"))
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert {case["group"] for case in found["scenarios"]["base"]["cases"]} == {"parameter", "seed", "paths", "reading"}
    assert found["pasts"]["telecom-2000-12"]["until"] == 36


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--book", "fiber-2001"), "did you mean 'fibre-2001'?"), (("bas",), "bas"), (("--seed", "-1"), "out of range")],
)
def test_what_cannot_be_asked_is_refused(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ("validate", *words, "--quick"))

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
