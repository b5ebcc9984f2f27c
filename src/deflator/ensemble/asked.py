"""The book and the scenario that a run was asked with, kept beside its tables.

So a run can be told, compared and asked again whatever became of the files that it was made from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from deflator.book import Book, load_book
from deflator.errors import DeflatorError, Fault, RunError
from deflator.scenario import Scenario, load_scenario
from deflator.scenario.vocabulary import drivers

BOOK, SCENARIO = "book.zip", "scenario.yaml"
Kept = TypeVar("Kept", Book, Scenario)
_PLAIN = re.compile(r"[A-Za-z0-9_+][\w.+|-]*", re.ASCII)


def scenario_text(scenario: Scenario) -> str:
    """Return a scenario as a file of its own: complete, with what it extends and its settings worked in."""
    document = scenario.as_document() | {"drivers": courses_of(scenario)}
    return "\n".join(_lines(document)) + "\n"


def courses_of(scenario: Scenario) -> dict[str, dict[str, dict[str, float | bool]]]:
    """Return what a scenario asks of drivers, by item, operation and month; switches as true or false.

    Examples
    --------
    >>> courses_of(load_scenario("base", ["failure.coreweave.level={2026-08: on}"]))["failure.coreweave"]
    {'level': {'2026-08': True}}
    """
    found: dict[str, dict[str, dict[str, float | bool]]] = {}
    for key, course in scenario.drivers.items():
        item, _, operation = key.rpartition(".")
        switch = drivers()[item.partition(".")[0]].operations[operation].unit == "flag"
        months = {month: bool(value) if switch else value for month, value in course.points}
        found.setdefault(item, {})[operation] = months
    return found


def read_scenario(folder: Path, fingerprint: str) -> Scenario | None:
    """Return the scenario that a run was asked with; None where the run was kept before scenarios were.

    Parameters
    ----------
    folder
        The folder of the run.
    fingerprint
        What the record of the run says of its scenario.

    Raises
    ------
    RunError
        When the file is not a scenario, or not that of the run.
    """
    return _read(folder / SCENARIO, fingerprint, load_scenario, "run it again with `deflator run`")


def read_book(folder: Path, fingerprint: str) -> Book | None:
    """Return the book that a run was asked with; arguments as for `read_scenario`."""
    hint = "give the book of the run with --book, or run it again with `deflator run`"
    return _read(folder / BOOK, fingerprint, load_book, hint)


def _read(file: Path, fingerprint: str, load: Callable[[Path], Kept], hint: str) -> Kept | None:
    if not file.is_file():
        return None
    try:
        found = load(file)
    except DeflatorError as error:
        first = error.faults[0]
        message = f"what the run keeps cannot be read: {first.message}"
        raise RunError([Fault(str(file), first.row, first.column, message, hint)]) from None
    if found.fingerprint != fingerprint:
        message = f"has the fingerprint {found.fingerprint[:12]}…, what the run was made with {fingerprint[:12]}…"
        raise RunError([Fault(str(file), 0, "", message, hint)])
    return found


def _lines(document: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield a document as YAML in one way only; scalars are written as JSON, which is YAML too."""
    for key, value in document.items():
        name = key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        if isinstance(value, Mapping) and value:
            yield f"{'  ' * depth}{name}:"
            yield from _lines(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
