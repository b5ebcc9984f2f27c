"""What two runs were given, field by field: settings of the run, the scenario, the figures of the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deflator.book import Book
from deflator.book.changes import changes, row_changes
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
    return [
        InputChange("book", f"{one.table}.{one.row}" if one.row else one.table, one.field, one.before, one.after)
        for one in changes(first, second)
    ]


def find_book(run: Run, given: Sequence[Book]) -> Book | None:
    """Return the book of a run: one that was given, its own copy, or the shipped one of its name; None if none is."""
    from deflator.analysis.again import book_of
    from deflator.errors import DeflatorError

    for book in given:
        if book.fingerprint == run.manifest.book["fingerprint"]:
            return book
    try:
        return book_of(run)
    except DeflatorError:
        return None


def _differences(section: str, item: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[InputChange]:
    """Return the fields in which two things differ."""
    return [InputChange(section, item, *change) for change in row_changes(first, second)]


def _switch(on: bool) -> str:
    return "on" if on else "off"
