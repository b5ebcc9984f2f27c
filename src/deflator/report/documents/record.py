"""The record: what a book of the past would have said, beside what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deflator.analysis.backtest import backtest, foretell, read_outcomes
from deflator.analysis.backtest.scores import REPEATS_QUICK
from deflator.book import outcomes_beside, shipped_books
from deflator.ensemble import Progress, Question
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.report.documents.heading import prepared


def has_outcomes(book: str) -> bool:
    """Tell whether a shipped book comes with what happened afterwards."""
    return book in shipped_books() and outcomes_beside(book) is not None


def build_backtest(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of a shipped book's forecast and its scores.

    Raises
    ------
    RunError
        When the book comes without outcomes.
    """
    name = question.book.name
    file = outcomes_beside(name) if has_outcomes(name) else None
    if file is None:
        raise RunError([Fault("", 0, "book", text("backtest.no_outcomes", book=name))])
    setting = prepared(question, arguments)
    outcomes = read_outcomes(file, setting)
    return {"answer": backtest(foretell(setting, progress), outcomes, question.seed, repeats=REPEATS_QUICK)}
