"""A scenario as the engine sees it: complete, immutable, and identified by what it changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deflator.errors import ScenarioError
from deflator.scenario.check import faults_against, month_in, wider_items
from deflator.scenario.content import Origins, ParameterOverride
from deflator.scenario.course import Course
from deflator.scenario.vocabulary import drivers

if TYPE_CHECKING:
    from deflator.book import Book


@dataclass(frozen=True)
class Scenario:
    """What may happen: everything that a run changes in the book or in the drivers.

    Parameters
    ----------
    name, title, author, date, description
        The heading; the date is YYYY-MM-DD.
    extends
        Names of the scenarios on which it builds, or of which it is put together.
    drivers
        Course by `driver.operation` or `driver.item.operation`.
    channels
        On or off, for every channel.
    parameters
        Overrides of model parameters.
    figures
        Number or month (`YYYY-MM`) for a figure of the book, by `table.row.field`.
    counterfactual_covenants
        Whether covenants that the book marks as counterfactual are tested.
    mechanisms
        Mechanisms of plug-ins that are switched on, in the order in which they are named.
    origins
        File and row of every change, by section and key.
    """

    name: str
    title: str
    author: str
    date: str
    description: str
    extends: tuple[str, ...]
    drivers: Mapping[str, Course]
    channels: Mapping[str, bool]
    parameters: Mapping[str, ParameterOverride]
    figures: Mapping[str, float | str]
    counterfactual_covenants: bool
    mechanisms: tuple[str, ...]
    origins: Origins = field(repr=False, compare=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the scenario changes, in hexadecimal: the same whatever its heading and form."""
        changes: dict[str, Any] = {
            section: part for section, part in self.as_document().items() if isinstance(part, dict)
        }
        changes["channels"] = sorted(name for name, on in self.channels.items() if not on)
        canonical = json.dumps(changes, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def check(self, book: Book) -> None:
        """Make sure that the scenario can be run on a book.

        Raises
        ------
        ScenarioError
            With every name that the book does not know, every month outside its horizon and every figure that
            would not fit.
        """
        faults = faults_against(self, book)
        if faults:
            raise ScenarioError(faults)

    def series(self, driver: str, operation: str, item: str | None, book: Book) -> npt.NDArray[np.float64]:
        """Return what the scenario asks of a driver, month by month.

        The most specific course counts, alone: that of the entity itself, else that of its layer, else the
        general one; for a lease its own, else its landlord's, else the general one. They do not multiply or
        add.

        Parameters
        ----------
        driver, operation
            Names from the driver table.
        item
            Entity, layer, segment, equipment or lease; None for everyone.
        book
            A book that `check` accepts.

        Returns
        -------
        array
            Shape [T + 1], in the unit of the operation; element t is the value in force in month t.
        """
        rule = drivers()[driver].operations[operation]
        narrow_to_wide = [f"{driver}.{name}.{operation}" for name in wider_items(item, book)]
        for key in (*narrow_to_wide, f"{driver}.{operation}"):
            if key in self.drivers:
                return self.drivers[key].trace(rule, book.months, lambda month: month_in(book, month))
        return np.full(book.months + 1, rule.default)

    def as_document(self) -> dict[str, Any]:
        """Return the scenario as a document that, written as JSON or YAML, `load_scenario` reads back."""
        courses: dict[str, dict[str, float | dict[str, float]]] = {}
        for key, course in self.drivers.items():
            item, _, operation = key.rpartition(".")
            courses.setdefault(item, {})[operation] = course.values()
        added = {"mechanisms": dict.fromkeys(self.mechanisms, True)} if self.mechanisms else {}
        return {
            "name": self.name,
            "title": self.title,
            "author": self.author,
            "date": self.date,
            "description": self.description,
            "drivers": courses,
            "channels": dict(self.channels),
            "covenants": {"counterfactual": self.counterfactual_covenants},
            "parameters": {name: asdict(override) for name, override in self.parameters.items()},
            "figures": dict(self.figures),
            **added,
        }
