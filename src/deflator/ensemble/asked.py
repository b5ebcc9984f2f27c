"""The scenario that a run was asked with, kept beside its tables: the run can be told, compared and asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deflator.errors import Fault, RunError
from deflator.scenario import Scenario, load_scenario
from deflator.scenario.vocabulary import drivers

SCENARIO = "scenario.yaml"
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
    DeflatorError
        When the file is not a scenario, or not that of the run.
    """
    file = folder / SCENARIO
    if not file.is_file():
        return None
    scenario = load_scenario(file)
    if scenario.fingerprint != fingerprint:
        hint = "run it again with `deflator run`"
        raise RunError([Fault(str(file), 0, "", "this is not the scenario with which the run was made", hint)])
    return scenario


def _lines(document: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield a document as YAML in one way only; scalars are written as JSON, which is YAML too."""
    for key, value in document.items():
        name = key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        if isinstance(value, Mapping) and value:
            yield f"{'  ' * depth}{name}:"
            yield from _lines(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}"
