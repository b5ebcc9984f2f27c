"""What stands at the head of every document, and what questions are asked again with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from deflator import __version__
from deflator.analysis.replay import Setting, prepare
from deflator.book.months import month_at
from deflator.engine.codes import Cause, Trigger
from deflator.ensemble import Question
from deflator.messages import text, translated


def heading(question: Question) -> dict[str, Any]:
    """Return what a reader must know of a question: book, scenario, paths, draws, seed, version."""
    book, scenario = question.book_used, question.scenario
    return {
        "book": {
            "name": book.name, "title": translated(book.title), "as_of": book.as_of, "horizon": book.horizon,
            "fingerprint": question.book.fingerprint, "reference_equipment": book.reference_equipment,
        },
        "scenario": {
            "name": scenario.name, "title": translated(scenario.title), "author": scenario.author,
            "date": scenario.date, "description": translated(scenario.description),
            "fingerprint": scenario.fingerprint,
        },
        "paths": question.paths_used,
        "draws": question.draws_used,
        "ignorance": question.ignorance,
        "chance": question.chance,
        "seed": question.seed,
        "months": book.months,
        "dates": [month_at(month, book.as_of) for month in range(book.months + 1)],
        "version": __version__,
        "disclaimer": text("common.disclaimer"),
    }  # fmt: skip


def smaller(question: Question, paths: int, draws: int) -> Question:
    """Return the question on no more than so many paths and draws; its own seed and scenario stay."""
    count = min(paths, question.paths)
    used = min(draws, question.draws, count) if question.ignorance else 0
    return replace(question, paths=count, draws=used, target_error=None)


def resized(question: Question, paths: int, draws: int) -> Question:
    """Return the question on just so many paths and draws, or as many draws as there are paths."""
    return replace(question, paths=paths, draws=min(draws, paths) if question.ignorance else 0, target_error=None)


def prepared(question: Question, arguments: Mapping[str, Any]) -> Setting:
    """Return the question with the arguments `paths` and `draws`, ready to be simulated."""
    return prepare(resized(question, int(arguments["paths"]), int(arguments["draws"])))


def labels(question: Question) -> dict[str, str]:
    """Return the name of every entity, as people know it."""
    return {str(row["entity"]): str(row["name"]) for row in question.book.table("entities").rows}


def words(triggers: Iterable[str] = (), causes: Iterable[str] = ()) -> dict[str, dict[str, str]]:
    """Return the sentences of codes that a document names.

    Examples
    --------
    >>> words(triggers=["payment"])["trigger"]
    {'payment': 'missed a payment'}
    """
    return {
        "trigger": {name: Trigger[name.upper()].sentence for name in dict.fromkeys(triggers)},
        "cause": {name: Cause[name.upper()].sentence for name in dict.fromkeys(causes)},
    }


def odds(value: float, low: float | None, high: float | None, mc_error: float) -> dict[str, float | None]:
    """Return a probability or mean with its range and its error."""
    return {"value": value, "low": low, "high": high, "mc_error": mc_error}


def bands(found: Iterable[Any]) -> dict[str, list[Any]]:
    """Return a series of probabilities or estimates as one list for each of value, low, high and error."""
    rows = list(found)
    return {name: [getattr(one, name) for one in rows] for name in ("value", "low", "high", "mc_error")}
