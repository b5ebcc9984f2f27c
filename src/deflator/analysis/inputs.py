"""What two runs were given, field by field: settings of the run, the scenario, the figures of the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deflator.book import Book
from deflator.ensemble import Run
from deflator.scenario import Scenario

#: What decides on which random numbers a run stands.
DRAWN = ("seed", "paths", "draws", "ignorance", "chance")


@dataclass(frozen=True)
class InputChange:
    """One thing that differs.

    Parameters
    ----------
    section
        `settings`, `versions`, `drivers`, `channels`, `parameters`, `figures`, `covenants` or `book`.
    item
        What it belongs to: a driver with its item, a channel, a table and row of the book; empty for settings.
    field
        Which of its fields: an operation, a column.
    first, second
        What the two runs have, as text; None where it has nothing there.
    """

    section: str
    item: str
    field: str
    first: str | None
    second: str | None


def settings_changes(first: Run, second: Run) -> list[InputChange]:
    """Return how the two runs were asked differently."""
    one, other = first.manifest, second.manifest
    found = [
        InputChange("settings", "", name, str(getattr(one, name)), str(getattr(other, name)))
        for name in DRAWN
        if getattr(one, name) != getattr(other, name)
    ]
    names = sorted({*one.versions, *other.versions})
    return found + _differences("versions", "", {name: one.versions.get(name) for name in names}, other.versions)


def scenario_changes(first: Scenario, second: Scenario) -> list[InputChange]:
    """Return what two scenarios change differently; a course is compared whole.

    Examples
    --------
    >>> from deflator.scenario import load_scenario
    >>> changed = scenario_changes(load_scenario("base"), load_scenario("base", ["rent.level=1.5"]))
    >>> [(one.section, one.item, one.field, one.first, one.second) for one in changed]
    [('drivers', 'rent', 'level', None, '+0: 1.5')]
    """
    found = []
    for key in dict.fromkeys((*first.drivers, *second.drivers)):
        item, _, operation = key.rpartition(".")
        courses = [
            ", ".join(f"{month}: {value:g}" for month, value in scenario.drivers[key].points)
            if key in scenario.drivers else None
            for scenario in (first, second)
        ]  # fmt: skip
        found += _differences("drivers", item, {operation: courses[0]}, {operation: courses[1]})
    for channel, on in first.channels.items():
        states = ({channel: _switch(scenario.channels[channel])} for scenario in (first, second))
        found += _differences("channels", "", *states) if on != second.channels[channel] else []
    for name in dict.fromkeys((*first.parameters, *second.parameters)):
        figures = (
            asdict(scenario.parameters[name]) if name in scenario.parameters else {} for scenario in (first, second)
        )
        found += _differences("parameters", name, *figures)
    for key in dict.fromkeys((*first.figures, *second.figures)):
        row, _, field = key.rpartition(".")
        found += _differences("figures", row, {field: first.figures.get(key)}, {field: second.figures.get(key)})
    tested = [{"counterfactual": _switch(scenario.counterfactual_covenants)} for scenario in (first, second)]
    return found + _differences("covenants", "", *tested)


def book_changes(first: Book, second: Book) -> list[InputChange]:
    """Return the figures, rows, provenance and headings that differ between two books.

    A row that only one of them has is one change, with an empty field and the row's cells as text.
    """
    found = _differences("book", "book", first.header(), second.header())
    for table in dict.fromkeys((*first.all_rows(), *second.all_rows())):
        rows, others = _rows(first, table), _rows(second, table)
        for key in dict.fromkeys((*rows, *others)):
            item = f"{table}.{key}"
            if key in rows and key in others:
                found += _differences("book", item, rows[key], others[key])
            else:
                texts = (_cells(side[key]) if key in side else None for side in (rows, others))
                found.append(InputChange("book", item, "", *texts))
    return found


def find_book(fingerprint: str, name: str, given: Sequence[Book]) -> Book | None:
    """Return the book of a run: one that was given, or the shipped one of its name; None if neither is the same."""
    from deflator.book import load_book
    from deflator.errors import DeflatorError

    for book in given:
        if book.fingerprint == fingerprint:
            return book
    try:
        shipped = load_book(name)
    except DeflatorError:
        return None
    return shipped if shipped.fingerprint == fingerprint else None


def _rows(book: Book, table: str) -> dict[str, Mapping[str, Any]]:
    rows = book.all_rows().get(table, ())
    if table in book.tables:
        return dict(zip(book.tables[table].keys, rows, strict=True))
    if table == "provenance":
        return {f"{row['table']}.{row['row']}.{row['field']}": row for row in rows}
    return dict(zip(book.sources, rows, strict=True))


def _differences(section: str, item: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[InputChange]:
    """Return the fields in which two rows differ."""
    return [
        InputChange(section, item, field, _told(first.get(field)), _told(second.get(field)))
        for field in dict.fromkeys((*first, *second))
        if first.get(field) != second.get(field)
    ]


def _cells(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{field}={_told(value)}" for field, value in row.items() if value is not None)


def _told(value: Any) -> str | None:
    """Return a cell as it is written in a book or a scenario."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.15g}"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _switch(on: bool) -> str:
    return "on" if on else "off"
