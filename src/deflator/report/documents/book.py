"""The book itself: tables, how well it is known, where it was read, how it reconciles; and what limits it all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deflator.book.evidence import evidence, figures_by_source
from deflator.book.reconcile import reconcile
from deflator.book.schema import schema
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Progress, Question
from deflator.ensemble.runner import versions
from deflator.messages import text

_METHOD = ("paths", "month", "breaks", "uncertainty", "common_draws")
_LIMITS = ("judgement", "cohorts", "horizon", "feedback", "figures", "not_for")


def build_book(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of the book."""
    book = question.book
    whole = evidence(book)
    used = figures_by_source(book)
    return {
        "description": book.description,
        "licence": book.licence,
        "compiled_by": book.compiled_by,
        "tables": [
            {"table": name, "rows": len(table), "figures": evidence(book, name).figures,
             "by_grade": evidence(book, name).by_grade, "columns": len(schema()[name].columns)}
            for name, table in book.tables.items()
        ],
        "figures": whole.figures,
        "by_grade": whole.by_grade,
        "sources": [
            {"source": key, "title": one.title, "url": one.url, "date": one.date, "kind": one.kind,
             "figures": used[key]}
            for key, one in book.sources.items()
        ],
        "reconciliation": reconcile(book),
    }  # fmt: skip


def build_limits(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of method and limits, in the language that is asked for."""
    channels = question.scenario.channels
    return {
        "method": [{"id": name, "text": text(f"report.method.{name}")} for name in _METHOD],
        "limits": [{"id": name, "text": text(f"report.limit.{name}")} for name in _LIMITS],
        "channels": [{"name": name, "on": bool(channels[name])} for name in CHANNELS],
        "parameters": [
            {"name": key, **{column: row[column] for column in ("value", "low", "high", "distribution")}}
            for key, row in zip(question.book.table("parameters").keys, question.book.table("parameters").rows,
                                strict=True)
        ],
        "versions": versions(),
    }  # fmt: skip
