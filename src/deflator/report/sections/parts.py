"""What a report is made of: sections of figures and tables, and how figures are written in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range, significant
from deflator.messages import text


@dataclass(frozen=True)
class Column:
    """Heading of a column, and whether it holds figures."""

    label: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table as it is printed.

    Parameters
    ----------
    caption
        What it shows.
    columns, rows
        Headings; cells as text, the first of each row names it.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """A chart with the table under it.

    Parameters
    ----------
    id
        Unique on the page.
    title, lead
        Heading, and a sentence on what is shown.
    chart
        Kind and properties of a chart of the dashboard, as JSON; None where a table says it all.
    tables
        What the chart shows, in figures.
    """

    id: str
    title: str
    lead: str = ""
    chart: Mapping[str, Any] | None = None
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Section:
    """A part of a report under a heading of its own.

    Parameters
    ----------
    id, title
        Anchor and heading.
    paragraphs
        What has to be said, before the figures.
    rows
        Figures that stand side by side.
    sections
        Parts under headings of their own.
    """

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    rows: Sequence[Sequence[Figure]] = ()
    sections: Sequence[Section] = field(default=())


def unanswered(id: str, title: str, reason: str) -> Figure:
    """Return the place of a figure that a run cannot give, with the reason."""
    return Figure(id, title, text("report.refused", reason=reason))


def columns(*names: str, first: int = 1) -> list[Column]:
    """Return headings from the catalogue; all but the first few hold figures."""
    return [Column(text(f"report.column.{name}"), place >= first) for place, name in enumerate(names)]


def words(*names: str) -> list[Column]:
    """Return headings of columns that hold words."""
    return [Column(text(f"report.column.{name}")) for name in names]


def numbers(*names: str) -> list[Column]:
    """Return headings of columns that hold figures."""
    return [Column(text(f"report.column.{name}"), number=True) for name in names]


def share(value: float | None, error: float | None = None) -> str:
    """Return a share in per cent with the digits that its error supports.

    Examples
    --------
    >>> share(0.3449, 0.004), share(None)
    ('34 %', '–')
    """
    return per_cent(value, error or 0.0)


def odds(found: Mapping[str, Any] | None) -> list[str]:
    """Return value, range and error of a probability.

    Examples
    --------
    >>> odds({"value": 0.344, "low": 0.1, "high": 0.6, "mc_error": 0.012})
    ['34 %', '10–60 %', '1.2 %']
    """
    if not found:
        return [UNKNOWN] * 3
    return [
        share(found["value"], found["mc_error"]),
        per_cent_range(found["low"], found["high"]),
        f"{100.0 * found['mc_error']:.1f} %",
    ]


def chance(found: Mapping[str, Any] | None) -> str:
    """Return a probability with its range behind it.

    Examples
    --------
    >>> chance({"value": 0.344, "low": 0.1, "high": 0.6, "mc_error": 0.012})
    '34 % (10–60 %)'
    """
    value, between, _ = odds(found)
    return value if between == UNKNOWN else f"{value} ({between})"


def musd(value: float | None) -> str:
    """Return a sum in USD m without more digits than are of use.

    Examples
    --------
    >>> musd(12345.6), musd(-3.21), musd(0.0001), musd(None)
    ('12,300', '-3.21', '0', '–')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if abs(value) < 5e-4:
        return "0"
    return f"-{significant(-value, 3)}" if value < 0 else significant(value, 3)


def figure(value: Any, digits: int = 3) -> str:
    """Return a figure of any unit, or a word as it is.

    Examples
    --------
    >>> figure(0.04567), figure("2027-01"), figure(-1200.0), figure(None)
    ('0.0457', '2027-01', '-1,200', '–')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return text("report.yes") if value else text("report.no")
    if isinstance(value, list | tuple):
        return ", ".join(figure(one, digits) for one in value)
    if not math.isfinite(value):
        return UNKNOWN
    return f"-{significant(-value, digits)}" if value < 0 else significant(float(value), digits)


def rent(value: float | None) -> str:
    """Return a rent in USD per unit-hour.

    Examples
    --------
    >>> rent(1.234), rent(None)
    ('1.23', '–')
    """
    return UNKNOWN if value is None else f"{value:.2f}"


def span(low: float | None, high: float | None, write: Any = figure) -> str:
    """Return a range.

    Examples
    --------
    >>> span(1.0, 2.5, rent), span(-3.0, -1.0), span(None, None)
    ('1.00–2.50', '-3.00 … -1.00', '–')
    """
    if low is None or high is None:
        return UNKNOWN
    below_zero = not isinstance(low, str) and low < 0
    return f"{write(low)}{' … ' if below_zero else '–'}{write(high)}"
