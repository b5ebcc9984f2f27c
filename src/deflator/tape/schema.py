"""The one schema table of a loan tape: it drives reading, checks, the template and the documentation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from deflator.book.schema import Column
from deflator.messages import speaking, spoken, text

SHEET = "loans"
#: Share of an undrawn commitment that is taken to be drawn by default where a tape does not say: 75 %, the credit
#: conversion factor of Basel Committee (2006), International Convergence of Capital Measurement, paragraph 312.
DRAW_SHARE = 0.75


@dataclass(frozen=True)
class Profile:
    """A kind of borrower that the book does not name, by the share of debt in its value at month 0.

    Parameters
    ----------
    name
        `strong`, `typical` or `weak`.
    low, high
        Debt over debt plus equity value: at least, and below (at most, for the last).
    """

    name: str
    low: float
    high: float


def _rows(name: str) -> list[dict[str, str]]:
    lines = (resources.files("deflator.tape") / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines))


def columns() -> Mapping[str, Column]:
    """Return every column of a tape by name, described in the language that is spoken.

    Examples
    --------
    >>> columns()["drawn_musd"].unit, columns()["maturity"].type
    ('USD m', 'month')
    """
    return _columns_in(spoken())


@cache
def _columns_in(language: str) -> Mapping[str, Column]:
    found = {}
    for row in _rows("columns.csv"):
        described = {name: value for name, value in row.items() if name != "example"}
        with speaking(language):
            meaning = text(f"tape.input.{row['column']}")
        found[row["column"]] = Column.model_validate(
            {**described, "table": SHEET, "figure": "0", "description": meaning}
        )
    return found


@cache
def examples() -> Mapping[str, str]:
    """Return what may be typed into columns that do not depend on the book."""
    return {row["column"]: row["example"] for row in _rows("columns.csv") if row["example"]}


@cache
def profiles() -> Mapping[str, Profile]:
    """Return the generic borrower profiles by name."""
    return {
        row["profile"]: Profile(row["profile"], float(row["debt_share_low"]), float(row["debt_share_high"]))
        for row in _rows("profiles.csv")
    }
