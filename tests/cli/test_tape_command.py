import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.cli import app
from small_tapes import MIXED, TINY, loan, write_tape

SMALL = ("--book", str(TINY), "--scenario", "base+funding-freeze", "--paths", "64", "--ignorance", "8")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("tape", *words), env={"COLUMNS": "132"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_tape(tmp_path / "tape.csv", MIXED)


def test_the_answer_reconciles_and_tells_portfolio_and_loans_within_the_width_of_a_page(file: Path) -> None:
    done = typed(str(file), *SMALL)

    assert done.exit_code == 0, done.stderr
    for words in ("tape.csv: 5 loans on tiny", "in the file", "difference", "expected loss", "worst 1 %", "LN-5",
                  "landlord/typical", "at which the expected loss is 2 %", "1 loans mature after 2028-02",
                  "1 loans are to borrowers that the book does not name", "not a forecast"):  # fmt: skip
        assert words in done.stdout, words
    assert max(map(len, done.stdout.splitlines())) <= 132


def test_json_holds_every_loan_and_the_workbook_is_written(file: Path, tmp_path: Path) -> None:
    done = typed(str(file), *SMALL, "--no-redlines", "--json", "-o", str(tmp_path / "answer.xlsx"))
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert [row["loan"] for row in found["loans"]] == [row["loan"] for row in MIXED]
    assert found["reconciliation"][-1] == {"part": "difference", "loans": 0, "committed_musd": 0.0, "drawn_musd": 0.0}
    assert found["meta"]["scenario"]["name"] == "base+funding-freeze"
    assert (tmp_path / "answer.xlsx").stat().st_size > 10_000


def test_columns_by_other_names_are_mapped_and_others_are_told(tmp_path: Path) -> None:
    row = {{"loan": "Facility ID", "drawn_musd": "Balance (USD m)"}.get(name, name): value
           for name, value in loan().items()} | {"Officer": "A. N."}  # fmt: skip
    done = typed(str(write_tape(tmp_path / "own.csv", [row])), *SMALL, "--no-redlines", "--map", "Facility ID=loan",
                 "--map", "Balance (USD m)=drawn_musd")  # fmt: skip

    assert done.exit_code == 0, done.stderr
    assert "Columns that nothing reads: Officer." in done.stdout
    assert "Read as: Facility ID = loan, Balance (USD m) = drawn_musd." in done.stdout


def test_a_template_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "new.xlsx"

    assert typed("template", str(file), "--book", str(TINY)).exit_code == 0
    again = typed("template", str(file), "--book", str(TINY))
    assert (again.exit_code, again.stdout) == (2, "")
    assert "new.xlsx: something is there already; choose another name" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("template",), "'template' is neither one file nor `template` with one; type `deflator tape FILE.xlsx`"),
        (("a.csv", "b.csv"), "'a.csv b.csv' is neither one file"),
        (("template", "new.csv"), "a template is a workbook and ends in .xlsx; type new.xlsx"),
        (
            ("TAPE", "--target-loss", "2"),
            "--target-loss: 2 is not a share above 0 and below 1; type --target-loss 0.02",
        ),
        (("TAPE", "-o", "answer.csv"), "a workbook does not end with .csv; type -o answer.xlsx"),
        (("TAPE", "--map", "Loan"), "--map: 'Loan' is not a mapping"),
        (("TAPE", "--paths", "9000000"), "--paths: what is kept of 9,000,000 paths takes "),
        (("TAPE", "--ignorance", "few"), "--ignorance: 'few' is neither a number of draws nor off"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_to_type(
    words: tuple[str, ...], said: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = typed(*SMALL, *(str(file) if word == "TAPE" else word for word in words))

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["tape.csv"]
