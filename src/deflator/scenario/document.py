"""One scenario file: its heading, what it extends, and what it changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from deflator.book.spelling import quoted
from deflator.errors import Fault
from deflator.messages import text
from deflator.scenario.content import Content
from deflator.scenario.reader import Reader, told
from deflator.scenario.sections import SECTIONS, read_sections
from deflator.scenario.tree import Branch, Node, Scalar, Series, read_bytes

HEADING = ("name", "title", "author", "date", "description")
FIELDS = (*HEADING, "extends", *SECTIONS)
_NAME = re.compile(r"[a-z0-9]+([-+][a-z0-9]+)*")  # `a+b` is how a scenario put together is called


@dataclass(frozen=True)
class Document:
    """A scenario file as it stands, before what it extends is added.

    Parameters
    ----------
    name, title, author, date, description
        The heading; the date is YYYY-MM-DD.
    extends
        Names or paths of the scenarios on which it builds, each with the row in which it stands.
    content
        The changes of this file alone.
    """

    name: str
    title: str
    author: str
    date: str
    description: str
    extends: tuple[tuple[str, int], ...]
    content: Content


def read_document(data: bytes, file: str) -> tuple[Document, tuple[Fault, ...]]:
    """Return the scenario that the bytes of a file hold, and what is wrong with it.

    What it extends is of use even when the rest has faults: the faults of both are told at once.

    Parameters
    ----------
    data
        The file.
    file
        How the user named it, for faults.

    Raises
    ------
    ScenarioError
        When the file is not YAML at all.
    """
    reader = Reader(file)
    root = read_bytes(data, file)
    fields: dict[str, Node] = {}
    for key, value in reader.entries(root, "", "write `name: my-scenario`, `title: …`"):
        if reader.known(key.text, FIELDS, "field", key.row, key.text):
            fields[key.text] = value
    if isinstance(root, Branch):
        for name in HEADING:
            if name not in fields:
                reader.fault(0, name, text("faults.missing_field", name=name), text("faults.write_field", name=name))
    heading = _heading(reader, fields)
    extends = _extends(reader, fields["extends"]) if "extends" in fields else ()
    content = read_sections(reader, fields)
    return Document(**heading, extends=extends, content=content), tuple(reader.faults)


def _heading(reader: Reader, fields: Mapping[str, Node]) -> dict[str, str]:
    """Return the heading; what is wrong or missing is empty."""
    found = {name: reader.text(fields[name], name) or "" if name in fields else "" for name in HEADING}
    if found["name"] and not _NAME.fullmatch(found["name"]):
        hint = text("faults.short_name_hint")
        reader.fault(fields["name"].row, "name", text("faults.no_short_name", given=quoted(found["name"])), hint)
    if found["date"] and not _is_day(found["date"]):
        message = text("faults.no_day", given=quoted(found["date"]))
        reader.fault(fields["date"].row, "date", message, text("faults.write_day"))
    return found


def _is_day(text: str) -> bool:
    """Tell whether a text is a day written YYYY-MM-DD.

    Examples
    --------
    >>> _is_day("2026-02-28"), _is_day("2026-02-30"), _is_day("20260228")
    (True, False, False)
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _extends(reader: Reader, node: Node) -> tuple[tuple[str, int], ...]:
    """Return the scenarios that are named, one or a list."""
    names = node.items if isinstance(node, Series) else (node,)
    found = []
    for name in names:
        if isinstance(name, Scalar) and name.text.strip():
            found.append((name.text.strip(), name.row))
        else:
            reader.fault(
                name.row,
                "extends",
                f"{told(name)} is not the name of a scenario",
                "write a name or a list of names",
            )
    return tuple(found)
