"""What a page needs to begin: books, scenarios, runs, and what can be moved between which bounds."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from deflator import __version__, defaults
from deflator.book import Book
from deflator.book.schema import parameter_rules
from deflator.ensemble import stored_runs
from deflator.errors import DeflatorError
from deflator.messages import LANGUAGES, text, translated
from deflator.report.documents.record import has_outcomes
from deflator.scenario import Scenario
from deflator.scenario.vocabulary import channels, drivers
from deflator.web.bodies import LIVE_DRAWS, LIVE_PATHS
from deflator.web.shelf import Shelf

#: Version of what a page keeps in its address.
SCHEMA = 1
#: The rent slider reaches from a third of the lowest to twice the highest rent that the book has seen.
_BELOW, _ABOVE = 3.0, 2.0


def start_of(shelf: Shelf, name: str | None = None) -> dict[str, Any]:
    """Return all of it for a book, the first one when None is named.

    Raises
    ------
    DeflatorError
        When there is no such book.
    """
    chosen = name or shelf.default or defaults.BOOK
    book = shelf.book(chosen)
    return {
        "version": __version__,
        "schema": SCHEMA,
        "languages": list(LANGUAGES),
        "disclaimer": text("common.disclaimer"),
        "book": chosen,
        "books": list(_books(shelf)),
        "scenarios": list(_scenarios(shelf)),
        "runs": list(_runs()),
        "defaults": {
            "book": shelf.default or defaults.BOOK, "scenario": defaults.SCENARIO, "paths": LIVE_PATHS,
            "draws": LIVE_DRAWS, "seed": defaults.SEED,
        },
        "drivers": list(_drivers()),
        "channels": [
            {"name": one.name, "label": one.description, "mechanisms": list(one.mechanisms)}
            for one in channels().values()
        ],
        "entities": list(_entities(book)),
        "parameters": list(_parameters(book)),
        "sliders": list(_sliders(book)),
    }  # fmt: skip


def _books(shelf: Shelf) -> Iterator[dict[str, Any]]:
    for name, lasting in shelf.books().items():
        try:
            book = shelf.book(name)
        except (DeflatorError, OSError):
            continue  # a kept book that was changed by hand and no longer loads is told when it is asked for
        yield {
            "name": name, "title": translated(book.title), "as_of": book.as_of, "months": book.months,
            "fingerprint": book.fingerprint, "kept": lasting, "outcomes": has_outcomes(name),
        }  # fmt: skip


def _scenarios(shelf: Shelf) -> Iterator[dict[str, Any]]:
    for name, shipped in shelf.scenarios().items():
        try:
            yield heading(shelf.scenario(name)) | {"name": name, "shipped": shipped}
        except (DeflatorError, OSError):
            continue


def heading(scenario: Scenario) -> dict[str, Any]:
    """Return what describes a scenario."""
    return {
        "name": scenario.name, "title": translated(scenario.title), "author": scenario.author, "date": scenario.date,
        "description": translated(scenario.description),
    }  # fmt: skip


def _runs() -> Iterator[dict[str, Any]]:
    for stored in stored_runs():
        manifest = stored.manifest
        if manifest:
            yield {
                "run": stored.folder.name, "book": manifest.book["name"], "scenario": manifest.scenario["name"],
                "paths": manifest.paths, "draws": manifest.draws, "seed": manifest.seed, "months": manifest.months,
                "finished_at": manifest.finished_at, "size_bytes": stored.size_bytes,
            }  # fmt: skip


def _drivers() -> Iterator[dict[str, Any]]:
    for driver in drivers().values():
        for operation in driver.operations.values():
            yield {
                "driver": driver.name, "operation": operation.name,
                "meaning": f"{driver.description}: {operation.description}", "unit": operation.unit,
                "default": None if math.isnan(operation.default) else operation.default, "min": operation.minimum,
                "max": operation.maximum, "between": operation.between, "narrow": list(driver.items),
                "general": driver.general,
            }  # fmt: skip


def _entities(book: Book) -> Iterator[dict[str, Any]]:
    for row in book.table("entities").rows:
        members = int(row["members"] or 1)
        world = row["layer"] == "world"
        kind = "world" if world else "cohort" if members > 1 else "firm"
        yield {
            "id": row["entity"], "label": row["name"], "layer": row["layer"], "kind": kind, "members": members,
            "parent": row["parent"], "ticker": row["ticker"],
        }  # fmt: skip


def _parameters(book: Book) -> Iterator[dict[str, Any]]:
    for row in book.table("parameters").rows:
        name = str(row["parameter"])
        rule, known = parameter_rules()[name], book.provenance.get(("parameters", name, "value"))
        yield {
            "name": name, "value": row["value"], "low": row["low"], "high": row["high"], "unit": rule.unit,
            "distribution": row["distribution"], "step": rule.step, "meaning": translated(rule.meaning),
            "grade": known.grade if known else "", "source": known.source if known else "",
            "as_of": known.as_of if known else "", "note": (known.note if known else None) or "",
        }  # fmt: skip


def _sliders(book: Book) -> Iterator[dict[str, Any]]:
    for row in _slider_rows():
        ends: dict[str, Any] = {name: float(row[name]) for name in ("low", "high", "default") if row[name]}
        seen: dict[str, str] = {}
        grade, source = row["grade"], "judgement"
        if row["key"] == "rent.level":
            ends, seen, grade, source = _rents(book)
        evidence = text(f"web.evidence.{row['key'].replace('.', '_')}", **seen)
        driver, _, operation = row["key"].partition(".")
        yield {
            "key": row["key"], "driver": driver, "operation": operation, "group": row["group"],
            "main": row["main"] == "1", "unit": row["unit"], "min": ends["low"], "max": ends["high"],
            "step": float(row["step"]), "default": ends["default"], "pinned": row["key"] == "rent.level",
            "evidence": evidence, "grade": grade, "source": source,
        }  # fmt: skip


def _rents(book: Book) -> tuple[dict[str, float], dict[str, str], str, str]:
    """Return the reach of the rent, below and above what was ever paid; that; grade and source of the rent now."""
    equipment = book.table("equipment")
    now = float(equipment.rows[equipment.index[book.reference_equipment]]["rent_usd_per_hour"] or 0.0)
    paid = [
        float(row["usd_per_hour"])
        for row in book.table("price_history").rows
        if row["equipment"] == book.reference_equipment and row["usd_per_hour"] is not None
    ]
    lowest, highest = min([*paid, now]), max([*paid, now])
    known = book.provenance.get(("equipment", book.reference_equipment, "rent_usd_per_hour"))
    ends = {"low": _round(lowest / _BELOW), "high": _round(highest * _ABOVE), "default": now}
    seen = {"lowest": f"{lowest:.2f}", "highest": f"{highest:.2f}"}
    return ends, seen, known.grade if known else "", known.source if known else ""


def _round(value: float) -> float:
    """Return a value to the twentieth that a slider moves by, at least one.

    Examples
    --------
    >>> _round(0.583), _round(0.01)
    (0.6, 0.05)
    """
    return max(0.05, round(round(value * 20.0) / 20.0, 2))


@cache
def _slider_rows() -> tuple[dict[str, str], ...]:
    content = (resources.files("deflator.web") / "sliders.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(content.splitlines()))
