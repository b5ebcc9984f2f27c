"""The answer of a run as the small table that a notebook shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import polars as pl

from deflator.analysis.words import per_cent, per_cent_range
from deflator.messages import text


def answer_html(title: str, rankings: Sequence[pl.DataFrame]) -> str:
    """Return one HTML table of several rankings, each with its own heading row and its row `none`.

    Parameters
    ----------
    title
        Caption.
    rankings
        Tables as `Result.layers` and `Result.entities` return them.
    """
    columns = ("name", "p_first", "p_first_range", "p_break", "p_break_range")
    parts = []
    for ranking in rankings:
        parts.append(_row((text(f"run.column_{column}") for column in columns), "th"))
        parts += [_row(_cells(row), "td") for row in ranking.iter_rows(named=True)]
    note = escape(text("common.disclaimer"))
    return f"<table><caption>{escape(title)}</caption>{''.join(parts)}</table><p>{note}</p>"


def _cells(row: dict) -> list[str]:
    return [
        row["label"] or text("run.none"),
        per_cent(row["p_first"], row["p_first_error"]),
        per_cent_range(row["p_first_low"], row["p_first_high"]),
        per_cent(row["p_break"], row["mc_error"] or 0.0),
        per_cent_range(row["low"], row["high"]),
    ]


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
