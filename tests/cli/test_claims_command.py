import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.analysis.claims import VERDICTS, list_claims
from deflator.cli import app

SMALL = ("--book", str(Path(__file__).parents[1] / "books" / "tiny"), "--scenario", "base", "--paths", "64",
         "--ignorance", "8")  # fmt: skip


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("claims", *words), env={"COLUMNS": "150"})


def test_every_claim_has_a_verdict_under_every_scenario() -> None:
    done = typed(*SMALL, "--scenario", "base+funding-freeze", "--json")
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert [one["name"] for one in found["scenarios"]] == ["base", "base+funding-freeze"]
    for one in found["scenarios"]:
        assert [row["id"] for row in one["claims"]] == [claim.id for claim in list_claims()]
        assert {row["verdict"] for row in one["claims"]} <= set(VERDICTS)
        assert sum(one["verdicts"].values()) == len(list_claims())
    assert "not a forecast" in found["disclaimer"]


def test_a_mechanism_is_told_with_its_null_and_why(tmp_path: Path) -> None:
    file = tmp_path / "claims.svg"
    done = typed("M13", *SMALL, "--figure", str(file))

    assert done.exit_code == 0, done.stderr
    for words in ("landlords_first", "red_line", "Fails if:", "Measured:", "Why so:", "not testable here"):
        assert words in done.stdout, words
    assert "rent_now" not in done.stdout
    assert "bear them out" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("M17",), "there is no claim or mechanism 'M17'"),
        (("rent_no",), "did you mean 'rent_now'?"),
        (("--paths", "10"), "10 paths are too few"),
        (("--figure", "claims.gif"), "is not a kind of figure"),
        (("rent_peak", "--figure", "claims.svg"), "none of these claims has a share"),
    ],
)
def test_what_cannot_be_answered_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*SMALL, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
