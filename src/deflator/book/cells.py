"""What one cell says: from text, or a spreadsheet's own types, to a value of the column's type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from deflator.book.months import earliest_day, is_month
from deflator.book.schema import Column
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.messages import text

Value = str | float | tuple[str, ...] | None
Row = Mapping[str, Any]  # values by column

LONGEST_TEXT = 10_000
SIGNIFICANT_DIGITS = 15
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}", re.ASCII)
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class CellError(ValueError):
    """A cell that cannot be read, with what is allowed instead.

    A reader of files puts one in the place of a cell that holds nothing readable, such as `#REF!`.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def read_cell(raw: object, column: Column) -> Value:
    """Return the value of a cell, or None for a blank one that may be blank.

    Parameters
    ----------
    raw
        Text of a CSV file, or text, number, truth value or date of a spreadsheet.
    column
        What the cell may hold.

    Raises
    ------
    CellError
        When the cell holds something else.

    Examples
    --------
    >>> from deflator.book.schema import schema
    >>> units = schema()["fleets"].by_name["units"]
    >>> read_cell(" 1e3 ", units)
    1000.0
    >>> read_cell("-5", units)
    Traceback (most recent call last):
    deflator.book.cells.CellError: '-5' is negative
    """
    given = raw.strip() if type(raw) is str else text_of(raw, column)
    if not given:
        if column.required:
            raise CellError(text("faults.blank"), _allowed(column))
        return None
    return _READERS[column.type](given, column)


def text_of(raw: object, column: Column) -> str:
    """Return what a spreadsheet holds as a person would type it into a CSV file.

    A spreadsheet may turn `2026-02` into a date, `1` into 1.0 and a flag into TRUE without being asked.
    """
    if raw is None:
        return ""
    if isinstance(raw, CellError):
        raise raw
    if isinstance(raw, bool):
        return str(int(raw)) if column.type == "flag" else str(raw).upper()
    if isinstance(raw, int | float):
        return str(int(raw)) if math.isfinite(raw) and raw == int(raw) and abs(raw) < 1e15 else repr(raw)
    if isinstance(raw, datetime) and raw.time() == time():
        raw = raw.date()
    if isinstance(raw, date) and not isinstance(raw, datetime):
        stands_for_month = column.type in ("month", "number_or_month") and raw.day == 1
        return raw.isoformat()[:7] if stands_for_month else raw.isoformat()
    return str(raw).strip()


def write_cell(value: Value) -> str:
    """Return a value as it is written to a CSV file.

    Examples
    --------
    >>> write_cell(2300.0), write_cell(("d1", "d2")), write_cell(None)
    ('2300', 'd1 d2', '')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return value if isinstance(value, str) else " ".join(value)


def _number(given: str, column: Column) -> float:
    if not _NUMBER.fullmatch(given):
        raise CellError(text("faults.no_number", given=quoted(given)), _number_hint(given))
    # Spreadsheets keep fifteen digits; keeping the same here makes every format hold the same book.
    value = float(f"{float(given):.{SIGNIFICANT_DIGITS}g}") + 0.0
    if math.isinf(value):
        raise CellError(text("faults.too_large", given=quoted(given)), text("faults.exponent"))
    if column.minimum is not None and value < column.minimum:
        which = "negative" if column.minimum == 0 else "below"
        raise CellError(text(f"faults.{which}", given=quoted(given), bound=f"{column.minimum:g}"), _allowed(column))
    if column.maximum is not None and value > column.maximum:
        raise CellError(text("faults.above", given=quoted(given), bound=f"{column.maximum:g}"), _allowed(column))
    return value


def _count(given: str, column: Column) -> float:
    value = _number(given, column)
    if not value.is_integer():
        raise CellError(text("faults.not_whole", given=quoted(given)), _allowed(column))
    return value


def _flag(given: str, column: Column) -> float:
    return float(_choice(given, column))


def _choice(given: str, column: Column) -> str:
    if given not in column.allowed:
        hint = did_you_mean(given, column.allowed)
        raise CellError(text("faults.no_choice", given=quoted(given), column=column.column), hint or _allowed(column))
    return given


def _month(given: str, column: Column) -> str:
    if not is_month(given):
        raise CellError(text("faults.no_month", given=quoted(given)), _allowed(column))
    return given


def _number_or_month(given: str, column: Column) -> float | str:
    return given if is_month(given) else _number(given, column)


def _date(given: str, column: Column) -> str:
    try:
        earliest_day(given)
    except ValueError:
        raise CellError(text("faults.no_date", given=quoted(given)), _allowed(column)) from None
    return given


def _id(given: str, column: Column) -> str:
    if _ID.fullmatch(given):
        return given
    if len(given) > 60:
        raise CellError(text("faults.long_id", given=quoted(given), count=len(given)), text("faults.id_hint"))
    lowered = given.lower().replace(" ", "_")
    hint = text("faults.meant", name=repr(lowered)) if _ID.fullmatch(lowered) else text("faults.id_hint")
    raise CellError(text("faults.no_id", given=quoted(given)), hint)


def _ids(given: str, column: Column) -> tuple[str, ...]:
    ids = tuple(_id(part, column) for part in given.split())
    twice = [part for position, part in enumerate(ids) if part in ids[:position]]
    if twice:
        raise CellError(text("faults.twice", given=quoted(twice[0])), text("faults.twice_hint"))
    word = next((part for part in ids if part in column.allowed), None)
    if word and len(ids) > 1:
        raise CellError(
            text("faults.beside", given=quoted(word)), text("faults.beside_hint", words=one_of(column.allowed))
        )
    return ids


def _text(given: str, column: Column) -> str:
    given = given.replace("\r\n", "\n").replace("\r", "\n")
    found = _UNWRITABLE.search(given)
    if found:
        raise CellError(text("faults.control", given=quoted(given), code=f"{ord(found[0]):04X}"), text("faults.delete"))
    if len(given) > LONGEST_TEXT:
        raise CellError(
            text("faults.long_text", count=f"{len(given):,}"), text("faults.at_most", most=f"{LONGEST_TEXT:,}")
        )
    return given


_READERS: dict[str, Callable[[str, Column], Value]] = {
    "id": _id,
    "id_or_word": _id,
    "ids": _ids,
    "ids_or_word": _ids,
    "text": _text,
    "choice": _choice,
    "number": _number,
    "share": _number,
    "count": _count,
    "flag": _flag,
    "month": _month,
    "date": _date,
    "number_or_month": _number_or_month,
}


def _number_hint(given: str) -> str:
    """Say how the number that was perhaps meant is written."""
    if _THOUSANDS.fullmatch(given):
        return text("faults.thousands", number=given.replace(",", ""))
    if _NUMBER.fullmatch(given.replace(",", ".")):
        return text("faults.point", number=given.replace(",", "."))
    if _NUMBER.fullmatch(given.removesuffix("%").strip()):
        return text("faults.percent", number=f"{float(given.removesuffix('%')) / 100:.12g}")
    if _NUMBER.fullmatch(given.lstrip("$€£ ")):
        return text("faults.currency", number=given.lstrip("$€£ "))
    return text("faults.digits")


def _allowed(column: Column) -> str:
    """Say what a cell of the column may hold."""
    match column.type:
        case "choice" | "flag":
            return text("faults.use", names=one_of(column.allowed))
        case "month":
            return text("faults.write_month")
        case "date":
            return text("faults.write_date")
        case "number" | "share" | "count" | "number_or_month":
            return _allowed_number(column)
        case _:
            return text("faults.needed")


def _allowed_number(column: Column) -> str:
    """Say which numbers a cell of the column may hold."""
    kind = "whole" if column.type == "count" else "number"
    least = "" if column.minimum is None else "_least"
    most = "" if column.maximum is None else "_most"
    bounds = {"least": f"{column.minimum or 0.0:g}", "most": f"{column.maximum or 0.0:g}"}
    return text(f"faults.use_{kind}{least}{most}", **bounds)
