"""A template that is filled in and saved by LibreOffice is a tape, and what comes of it shows there the same sums."""

from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from deflator.analysis.replay import prepare
from deflator.book import load_book, shipped_books
from deflator.book.schema import NUMERIC
from deflator.ensemble import Question
from deflator.report.loan_tape import assessment_export, write_assessment
from deflator.scenario import load_scenario
from deflator.tape import assess, read_tape, write_template
from deflator.tape.document import column_table
from deflator.tape.schema import columns
from small_tapes import MIXED, TINY, write_tape
from spreadsheets import saved_by_libreoffice, typed_into


def test_the_page_shows_the_columns_that_are_checked() -> None:
    page = Path(__file__).parents[2] / "docs" / "tape.md"

    assert column_table() in page.read_text(encoding="utf-8")


def as_typed(row: dict[str, str]) -> list[object]:
    """Return a row as a person types it: numbers, months as dates, an amount as a formula, words."""
    cells: list[object] = []
    for name, column in columns().items():
        value = row.get(name, "")
        if value and name == "committed_musd":
            cells.append(f"={value}/2+{value}/2")
        elif value and column.type in NUMERIC:
            cells.append(float(value))
        elif value and column.type == "month":
            cells.append(date.fromisoformat(f"{value}-01"))
        else:
            cells.append(value)
    return cells


def test_a_template_filled_and_saved_by_libreoffice_gives_a_workbook_with_the_same_sums(tmp_path: Path) -> None:
    book = load_book(TINY)
    template = write_template(tmp_path / "tape.xlsx", book)
    filled = typed_into(template, tmp_path / "filled.xlsx", [as_typed(row) for row in MIXED])

    tape = read_tape(saved_by_libreoffice(filled, tmp_path), book)
    plain = read_tape(write_tape(tmp_path / "plain.csv", MIXED), book)
    assert [dict(loan.cells) for loan in tape.loans] == [
        dict.fromkeys(columns()) | dict(loan.cells) for loan in plain.loans
    ]

    found = assess(tape, prepare(Question(book, load_scenario("base+funding-freeze"), 64, 8)), red_lines=False)
    write_assessment(found, tmp_path / "answer.xlsx")
    with CalamineWorkbook.from_path(str(saved_by_libreoffice(tmp_path / "answer.xlsx", tmp_path))) as saved:
        loans = saved.get_sheet_by_name("loans").to_python()
        cover = saved.get_sheet_by_name("cover").to_python()
        parts = saved.get_sheet_by_name("reconciliation").to_python()
    totals = next(sheet for sheet in assessment_export(found).sheets if sheet.name == "loans").totals()
    for name, total in totals.items():
        shown = [row[loans[0].index(name)] for row in loans[1:]]
        assert sum(value for value in shown if isinstance(value, float)) == pytest.approx(total, rel=1e-12), name
        carried = [row[4] for row in cover if row[3] == name]  # the month table carries the expected loss as well
        assert carried == pytest.approx([total] * len(carried), rel=1e-12), name
        assert carried, name
    assert totals["expected_loss_musd"] == pytest.approx(found.portfolio.expected_loss.value)
    assert totals["drawn_musd"] == sum(float(row["drawn_musd"]) for row in MIXED)
    assert [row[1:] for row in parts[1:] if row[0] == "difference"] == [[0.0, 0.0, 0.0]]


def test_the_template_holds_a_loan_that_can_be_assessed_and_names_what_may_be_typed(tmp_path: Path) -> None:
    book = load_book("ai-2026-02")
    template = write_template(tmp_path / "tape.xlsx", book)
    with CalamineWorkbook.from_path(str(template)) as opened:
        sheets = {name: opened.get_sheet_by_name(name).to_python() for name in opened.sheet_names}

    assert list(sheets) == ["loans", "columns", "borrowers", "equipment", "profiles"]
    assert sheets["loans"][0] == list(columns())
    assert [row[0] for row in sheets["columns"][1:]] == list(columns())
    assert "coreweave" in [row[0] for row in sheets["borrowers"]]
    (only,) = read_tape(template, book).loans
    assert (only.obligor.key, only.units) == ("coreweave", (("h100", 9000.0),))


@pytest.mark.parametrize("name", [*shipped_books(), str(TINY)])
def test_the_example_of_a_template_is_a_loan_of_the_book_at_hand(name: str, tmp_path: Path) -> None:
    book = load_book(name)
    (loan,) = read_tape(write_template(tmp_path / "tape.xlsx", book), book).loans

    assert not loan.obligor.generic
    assert loan.units[0][0] in book.table("equipment").index
    assert str(loan.cells["issue"]) < book.as_of < str(loan.cells["maturity"])
    fleets = book.table("fleets").rows
    assert loan.units[0][0] in {row["equipment"] for row in fleets if row["owner"] == loan.obligor.key}
