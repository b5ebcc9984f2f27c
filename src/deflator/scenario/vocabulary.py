"""What a scenario may speak of: drivers, their operations and channels, from the tables beside this file.

The same tables drive checking, the template, the documentation and the text of errors.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Between = Literal["step", "ramp", "pulse"]


@dataclass(frozen=True)
class Operation:
    """One way to move a driver.

    Parameters
    ----------
    name
        `level`, `scale`, `shift` or `shock`.
    unit
        Unit of the values.
    default
        Value where the scenario says nothing; NaN where the book and chance decide.
    between
        What holds between the months given: `step` holds the value, `ramp` runs straight in logarithms from
        one to the next, `pulse` is back at the default in the month after.
    minimum, maximum
        Bounds of the values, both allowed.
    description
        What the operation does.
    """

    name: str
    unit: str
    default: float
    between: Between
    minimum: float
    maximum: float
    description: str


@dataclass(frozen=True)
class Driver:
    """One exogenous thing that a scenario can move.

    Parameters
    ----------
    name
        Name, as in a scenario.
    items
        Kinds of item to which it can be narrowed: `layer`, `entity`, `segment`, `equipment`, `landlord`,
        `lease`.
    general
        Whether it may be moved for everyone at once.
    description
        What it is.
    operations
        Ways to move it, by name.

    Examples
    --------
    >>> drivers()["rent"].operations["level"].unit
    'USD per reference unit-hour'
    """

    name: str
    items: tuple[str, ...]
    general: bool
    description: str
    operations: Mapping[str, Operation]


@dataclass(frozen=True)
class Channel:
    """A way in which trouble travels, with the mechanisms of the essay that it carries.

    Parameters
    ----------
    name
        Name, as in a scenario.
    mechanisms
        Labels of the essay's mechanisms (M1 to M16) that travel this way.
    description
        What the channel carries.

    Examples
    --------
    >>> channels()["fire_sale"].mechanisms
    ('M12',)
    """

    name: str
    mechanisms: tuple[str, ...]
    description: str


@cache
def drivers() -> Mapping[str, Driver]:
    """Return every driver by name, in the order of the table."""
    operations: dict[str, dict[str, Operation]] = {}
    for row in _rows("operations.csv"):
        operations.setdefault(row["driver"], {})[row["operation"]] = Operation(
            name=row["operation"],
            unit=row["unit"],
            default=float(row["default"] or "nan"),
            between=row["between"],  # type: ignore[arg-type]
            minimum=float(row["minimum"]),
            maximum=float(row["maximum"]),
            description=row["description"],
        )
    return {
        row["driver"]: Driver(
            name=row["driver"],
            items=tuple(row["items"].split()),
            general=row["general"] == "1",
            description=row["description"],
            operations=operations[row["driver"]],
        )
        for row in _rows("drivers.csv")
    }


@cache
def channels() -> Mapping[str, Channel]:
    """Return every channel by name, in the order of the table."""
    return {
        row["channel"]: Channel(row["channel"], tuple(row["mechanisms"].split()), row["description"])
        for row in _rows("channels.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table beside this file."""
    text = (resources.files("deflator.scenario") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
