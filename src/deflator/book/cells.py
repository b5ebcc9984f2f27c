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

Value = str | float | tuple[str, ...] | None
Row = Mapping[str, Any]  # values by column

LONGEST_TEXT = 10_000
SIGNIFICANT_DIGITS = 15
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}", re.ASCII)
_ID_HINT = "use at most 60 of a-z, 0-9, '_', '-' and '.', the first a letter or digit"
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
    text = raw.strip() if type(raw) is str else text_of(raw, column)
    if not text:
        if column.required:
            raise CellError("the cell is blank", _allowed(column))
        return None
    return _READERS[column.type](text, column)


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


def _number(text: str, column: Column) -> float:
    if not _NUMBER.fullmatch(text):
        raise CellError(f"{quoted(text)} is not a number", _number_hint(text))
    # Spreadsheets keep fifteen digits; keeping the same here makes every format hold the same book.
    value = float(f"{float(text):.{SIGNIFICANT_DIGITS}g}") + 0.0
    if math.isinf(value):
        raise CellError(f"{quoted(text)} is too large", "check the exponent")
    if column.minimum is not None and value < column.minimum:
        what = "negative" if column.minimum == 0 else f"below {column.minimum:g}"
        raise CellError(f"{quoted(text)} is {what}", _allowed(column))
    if column.maximum is not None and value > column.maximum:
        raise CellError(f"{quoted(text)} is above {column.maximum:g}", _allowed(column))
    return value


def _count(text: str, column: Column) -> float:
    value = _number(text, column)
    if not value.is_integer():
        raise CellError(f"{quoted(text)} is not a whole number", _allowed(column))
    return value


def _flag(text: str, column: Column) -> float:
    return float(_choice(text, column))


def _choice(text: str, column: Column) -> str:
    if text not in column.allowed:
        hint = did_you_mean(text, column.allowed)
        raise CellError(f"{quoted(text)} is not a {column.column}", hint or _allowed(column))
    return text


def _month(text: str, column: Column) -> str:
    if not is_month(text):
        raise CellError(f"{quoted(text)} is not a month", _allowed(column))
    return text


def _number_or_month(text: str, column: Column) -> float | str:
    return text if is_month(text) else _number(text, column)


def _date(text: str, column: Column) -> str:
    try:
        earliest_day(text)
    except ValueError:
        raise CellError(f"{quoted(text)} is not a date", _allowed(column)) from None
    return text


def _id(text: str, column: Column) -> str:
    if _ID.fullmatch(text):
        return text
    if len(text) > 60:
        raise CellError(f"{quoted(text)} has {len(text)} characters", _ID_HINT)
    lowered = text.lower().replace(" ", "_")
    hint = f"did you mean {lowered!r}?" if _ID.fullmatch(lowered) else _ID_HINT
    raise CellError(f"{quoted(text)} is not an id", hint)


def _ids(text: str, column: Column) -> tuple[str, ...]:
    ids = tuple(_id(part, column) for part in text.split())
    twice = [part for position, part in enumerate(ids) if part in ids[:position]]
    if twice:
        raise CellError(f"{quoted(twice[0])} is listed twice", "name each id once, separated by blanks")
    word = next((part for part in ids if part in column.allowed), None)
    if word and len(ids) > 1:
        raise CellError(f"{quoted(word)} stands beside ids", f"use ids, or {one_of(column.allowed)} alone")
    return ids


def _text(text: str, column: Column) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _UNWRITABLE.search(text)
    if found:
        raise CellError(f"{quoted(text)} holds the control character U+{ord(found[0]):04X}", "delete it")
    if len(text) > LONGEST_TEXT:
        raise CellError(f"the text has {len(text):,} characters", f"use at most {LONGEST_TEXT:,}")
    return text


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


def _number_hint(text: str) -> str:
    """Say how the number that was perhaps meant is written."""
    if _THOUSANDS.fullmatch(text):
        return f"write {text.replace(',', '')}, without thousands separators"
    if _NUMBER.fullmatch(text.replace(",", ".")):
        return f"write {text.replace(',', '.')}, with a point for decimals"
    if _NUMBER.fullmatch(text.removesuffix("%").strip()):
        return f"write {float(text.removesuffix('%')) / 100:.12g}: shares and rates are decimals"
    if _NUMBER.fullmatch(text.lstrip("$€£ ")):
        return f"write {text.lstrip('$€£ ')}: the column tells the unit"
    return "write digits, with a point for decimals"


def _allowed(column: Column) -> str:
    """Say what a cell of the column may hold."""
    match column.type:
        case "choice" | "flag":
            return f"use {one_of(column.allowed)}"
        case "month":
            return "write YYYY-MM"
        case "date":
            return "write YYYY-MM-DD, or YYYY-MM or YYYY where no more is known"
        case "number" | "share" | "count" | "number_or_month":
            return _allowed_number(column)
        case _:
            return "it must be given"


def _allowed_number(column: Column) -> str:
    """Say which numbers a cell of the column may hold."""
    least = "" if column.minimum is None else f"at least {column.minimum:g}"
    most = "" if column.maximum is None else f"at most {column.maximum:g}"
    bounds = " and ".join(bound for bound in (least, most) if bound)
    return f"use a {'whole ' if column.type == 'count' else ''}number{f' of {bounds}' if bounds else ''}"
