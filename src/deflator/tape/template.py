"""An empty tape as a workbook: every column explained, choices as menus, and the names that the book knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deflator.book import Book
from deflator.book.raw import MOST_ROWS
from deflator.book.schema import NUMERIC, Column
from deflator.durable import whole
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.tape.borrowers import Borrowers
from deflator.tape.example import example
from deflator.tape.schema import SHEET, columns, profiles

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def write_template(path: str | Path, book: Book) -> Path:
    """Write an empty tape with one row as an example, in the names of the book.

    Parameters
    ----------
    path
        An .xlsx file; nothing may be there yet.
    book
        Whose borrowers and equipment are listed.

    Raises
    ------
    RunError
        When something is there already, or the place cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise RunError([Fault(str(path), 0, "", text("tape.fault.template_ending"), f"type {path.stem}.xlsx")])
    if path.exists():
        raise RunError([Fault(str(path), 0, "", text("tape.fault.taken"), text("tape.hint.taken"))])
    try:
        with whole(path) as draft:
            _write(draft, book)
    except OSError as error:
        message = text("tape.fault.unwritable", reason=error.strerror or error)
        raise RunError([Fault(str(path), 0, "", message, text("tape.hint.unwritable"))]) from None
    return path


def _write(path: Path, book: Book) -> None:
    import xlsxwriter

    fixed = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), fixed) as workbook:
        workbook.set_properties({"created": _CREATED})
        styles = {"bold": workbook.add_format({"bold": True}), "text": workbook.add_format({"num_format": "@"})}
        _write_loans(workbook.add_worksheet(SHEET), styles, example(book))
        _write_table(
            workbook.add_worksheet("columns"), styles, ("column", "needed", "unit", "allowed", "meaning"),
            [(name, text("tape.needed") if column.required else "", column.unit,
              " ".join(column.allowed), column.description) for name, column in columns().items()],
        )  # fmt: skip
        known = Borrowers(book)
        _write_table(
            workbook.add_worksheet("borrowers"), styles, ("entity", "name", "ticker", "layer", "debt_share"),
            [(str(row["entity"]), str(row["name"]), row["ticker"] or "", str(row["layer"]),
              known.debt_shares[str(row["entity"])])
             for row in book.table("entities").rows if row["layer"] not in ("world", "lender")],
        )  # fmt: skip
        _write_table(
            workbook.add_worksheet("equipment"), styles, ("equipment", "name", "used_price_usd"),
            [(str(row["equipment"]), str(row["name"]), row["used_price_usd"] or "")
             for row in book.table("equipment").rows],
        )  # fmt: skip
        _write_table(
            workbook.add_worksheet("profiles"), styles, ("profile", "debt_share_low", "debt_share_high"),
            [(profile.name, profile.low, profile.high) for profile in profiles().values()],
        )  # fmt: skip


def _write_loans(sheet: Any, styles: dict[str, Any], shown: dict[str, str]) -> None:
    sheet.freeze_panes(1, 1)
    for place, (name, column) in enumerate(columns().items()):
        sheet.set_column(place, place, max(len(name) + 2, 12), None if column.type in NUMERIC else styles["text"])
        sheet.write_string(0, place, name, styles["bold"])
        sheet.write_comment(0, place, explained(column), {"x_scale": 2})
        if column.type == "choice" and len(",".join(column.allowed)) <= 255:
            menu = {"validate": "list", "source": list(column.allowed), "ignore_blank": True}
            sheet.data_validation(1, place, MOST_ROWS, place, menu)
        if name in shown and column.type in NUMERIC:
            sheet.write_number(1, place, float(shown[name]))
        elif name in shown:
            sheet.write_string(1, place, shown[name], styles["text"])


def explained(column: Column) -> str:
    """Return what a column holds, its unit, and whether it must be given."""
    terms = [column.unit, " ".join(column.allowed), text("tape.needed") if column.required else ""]
    return f"{column.description} [{'; '.join(term for term in terms if term)}]"


def _write_table(sheet: Any, styles: dict[str, Any], header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    sheet.freeze_panes(1, 1)
    for place, name in enumerate(header):
        widest = max([len(name), *(len(str(row[place])) for row in rows)])
        sheet.set_column(place, place, min(widest + 2, 100))
        sheet.write_string(0, place, name, styles["bold"])
    for line, row in enumerate(rows, 1):
        for place, value in enumerate(row):
            if isinstance(value, float):
                sheet.write_number(line, place, value)
            else:
                sheet.write_string(line, place, str(value))
