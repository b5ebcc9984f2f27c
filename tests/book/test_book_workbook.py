"""Workbooks as people and spreadsheets make them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from deflator.book import Book, load_book, write_book
from deflator.book.schema import NUMERIC, header_schema, schema
from deflator.errors import BookError

TINY = Path(__file__).parents[1] / "books" / "tiny"
Cells = Mapping[tuple[str, str, str], object]


def sheets(book: Book) -> dict[str, list[list[object]]]:
    """Return a book as sheets of cells."""
    pages: dict[str, list[list[object]]] = {"book": [["key", "value"], *map(list, book.header().items())]}
    for name, rows in book.all_rows().items():
        columns = list(schema()[name].by_name)
        cells = [[" ".join(v) if isinstance(v, tuple) else v for v in map(row.get, columns)] for row in rows]
        pages[name] = [columns, *cells]
    return pages


def save(path: Path, pages: Mapping[str, list[list[object]]]) -> Path:
    """Write sheets as a spreadsheet program would, with its own types for dates and truth values."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        as_date = workbook.add_format({"num_format": "yyyy-mm"})
        for name, rows in pages.items():
            sheet = workbook.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, datetime | date):
                        sheet.write_datetime(place, column, value, as_date)
                    elif value is not None:
                        sheet.write(place, column, value)
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(BookError) as refused:
        load_book(path)
    return [str(fault) for fault in refused.value.faults]


def test_what_a_spreadsheet_makes_of_months_flags_and_numbers_is_understood(tiny: Book, tmp_path: Path) -> None:
    """A spreadsheet turns 2026-02 into a date, may show 1 as TRUE, and knows no difference of 1 and 1.0."""
    pages = sheets(tiny)
    for name, rows in pages.items():
        columns = schema()[name].columns if name != "book" else ()
        for row in rows[1:]:
            for place, column in enumerate(columns):
                if column.type in ("month", "number_or_month") and isinstance(row[place], str):
                    row[place] = datetime.strptime(row[place], "%Y-%m")
                elif column.type == "date" and len(str(row[place])) == 10:
                    row[place] = date.fromisoformat(str(row[place]))
                elif column.type == "flag" and row[place] is not None:
                    row[place] = bool(row[place])
    pages["book"][4][1] = datetime(2026, 2, 1)

    assert load_book(save(tmp_path / "dates.xlsx", pages)) == tiny


def test_blank_rows_unused_columns_and_a_readme_do_not_matter(tiny: Book, tmp_path: Path) -> None:
    pages = sheets(tiny)
    pages["demand"] = [[*row, None, None] for row in pages["demand"]]
    pages["demand"].insert(2, [" ", None])
    pages["README"] = [["anything"]]

    assert load_book(save(tmp_path / "book.xlsx", pages)) == tiny


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (
            ("contracts", 1, "start"),
            date(2024, 7, 15),
            "contracts:2:start: '2024-07-15' is not a month; write YYYY-MM",
        ),
        (("contracts", 1, "start"), 45474, "contracts:2:start: '45474' is not a month; write YYYY-MM"),
        (
            ("fleets", 1, "units"),
            date(2024, 7, 1),
            "fleets:2:units: '2024-07-01' is not a number; write digits, with a point for decimals",
        ),
        (
            ("fleets", 1, "units"),
            True,
            "fleets:2:units: 'TRUE' is not a number; write digits, with a point for decimals",
        ),
        (
            ("equipment", 1, "useful_life_months"),
            72.5,
            "equipment:2:useful_life_months: '72.5' is not a whole number; "
            "use a whole number of at least 1 and at most 600",
        ),
        (
            ("sources", 2, "date"),
            datetime(2026, 2, 20, 9, 30),
            "sources:3:date: '2026-02-20 09:30:00' is not a date",
        ),
    ],
)
def test_a_cell_of_the_wrong_kind_is_told_by_sheet_and_row(
    place: tuple[str, int, str], value: object, fault: str, tiny: Book, tmp_path: Path
) -> None:
    name, row, column = place
    pages = sheets(tiny)
    pages[name][row][pages[name][0].index(column)] = value

    (told,) = faults_of(save(tmp_path / "book.xlsx", pages))

    assert told.startswith(fault)


def test_a_formula_gives_its_result_and_an_error_is_a_fault(tiny: Book, tmp_path: Path) -> None:
    pages = sheets(tiny)
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, rows in pages.items():
            sheet = workbook.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, ["" if value is None else value for value in row])
            if name == "fleets":
                sheet.write_formula(1, 3, "=4000*2", None, 8000)
                sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")

    assert faults_of(path) == [
        "fleets:3:units: the cell shows an error, such as #REF!; mend the formula or type the value"
    ]


def test_words_that_look_like_formulas_stay_words(tiny: Book, folder: Path, tmp_path: Path) -> None:
    """A note such as `=HYPERLINK(...)` must not become a formula of the workbook of whoever opens it."""
    notes = ['=HYPERLINK("http://example.com")', "+1 %", "-5 % v guide", "@reported", "'quoted", "{=1}"]
    rows = list(csv.DictReader((folder / "provenance.csv").read_text().splitlines()))
    for row, note in zip(rows, notes, strict=False):
        row["note"] = note
    with (folder / "provenance.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    write_book(load_book(folder), tmp_path / "book.xlsx")

    assert load_book(tmp_path / "book.xlsx") == load_book(folder)
    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        written = [archive.read(name) for name in archive.namelist() if "/sheet" in name]
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in written)


def test_months_and_ids_are_text_and_figures_are_numbers(tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / "book.xlsx")

    workbook = CalamineWorkbook.from_path(str(tmp_path / "book.xlsx"))

    for table in schema().values():
        _, *rows = workbook.get_sheet_by_name(table.name).to_python()
        for row in rows:
            for column, value in zip(table.columns, row, strict=False):
                kind = float if column.type in NUMERIC else str | float if "number" in column.type else str
                assert value == "" or isinstance(value, kind), (table.name, column.column, value)


def test_every_header_explains_itself(tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / "book.xlsx")

    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        comments = b"".join(archive.read(name) for name in archive.namelist() if "comments" in name).decode()

    for table in (header_schema(), *schema().values()):
        for column in table.columns:
            assert column.description.replace("&", "&amp;") in comments


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda pages: pages.pop("leases"), "leases: the sheet is missing"),
        (lambda pages: pages.update(leases=[]), "leases: the first row is empty"),
        (lambda pages: pages.update(leases=[[], *pages["leases"]]), "leases: the first row is empty"),
        (
            lambda pages: pages.update(fleet=[["fleet"]]),
            "fleet: no table of a book has this name; did you mean",
        ),
        (lambda pages: pages.pop("book"), "book: the sheet is missing"),
        (
            lambda pages: pages["book"].append(["title", "Twice"]),
            "book:12:title: the key stands twice, first in row 3",
        ),
        (
            lambda pages: pages["book"].append(["titel", "?"]),
            "book:12:titel: the key is unknown; did you mean 'title'?",
        ),
        (lambda pages: pages["book"][0].reverse(), "book:1: the columns are not key and value"),
        (
            lambda pages: pages["leases"].append([None] * 12 + ["stray"]),
            "leases:1: column 13 has no name but a cell",
        ),
    ],
)
def test_sheets_that_do_not_fit_are_told(change, fault: str, tiny: Book, tmp_path: Path) -> None:
    pages = sheets(tiny)
    change(pages)

    told = faults_of(save(tmp_path / "book.xlsx", pages))

    assert any(line.startswith(fault) for line in told), told


def test_a_cell_far_away_is_refused_before_it_fills_the_memory(tiny: Book, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet("book").write(1_048_575, 16_383, "far away")

    assert faults_of(path) == [
        "book:1048576: a cell in column 16,384 lies outside any table; "
        "delete what stands beyond row 200,001 and column 200"
    ]


def test_a_format_far_away_is_no_cell(tiny: Book, tmp_path: Path) -> None:
    """Spreadsheets keep the formats of whole columns and rows; they hold nothing."""
    path = save(tmp_path / "book.xlsx", sheets(tiny))
    formatted = tmp_path / "formatted.xlsx"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    parts = {name: content.replace(b"</sheetData>", far) for name, content in parts.items()}

    assert load_book(archive_of(formatted, parts)) == tiny


def archive_of(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "bomb.xlsx", {"xl/worksheets/sheet1.xml": b" " * 50_000_001})
    assert path.stat().st_size < 100_000

    (told,) = faults_of(path)

    assert told.startswith(f"{path}: it unpacks to 50,000,001 bytes, more than 50,000,000")


def test_texts_that_multiply_are_refused(tiny: Book, tmp_path: Path, monkeypatch) -> None:
    """One long text that thousands of cells share is small in the file and large in memory."""
    monkeypatch.setattr("deflator.book.archive.LARGEST_TEXT_MEGABYTES", 50)
    pages = {**sheets(tiny), "README": [["x" * 30_000]] * 2_000}

    (told,) = faults_of(save(tmp_path / "book.xlsx", pages))

    assert told.endswith("its texts are too long to read; shorten them")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 but no archive", b"name,layer\n"])
def test_what_is_no_workbook_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(content)

    (told,) = faults_of(tmp_path / "book.xlsx")

    assert "not a workbook: File is not a zip file; save it as Excel workbook (.xlsx), without a password" in told


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    (told,) = faults_of(archive_of(tmp_path / "book.xlsx", {"word/document.xml": b"<document/>"}))

    assert "not a workbook" in told
