"""A kept run asked again: the book, the scenario and the question that it answered, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from deflator.book import Book, load_book
from deflator.ensemble import Question, Run
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import text
from deflator.scenario import Scenario, load_scenario


def asked_again(
    run: Run, book: str | None = None, scenario: str | None = None, settings: Sequence[str] = ()
) -> Question:
    """Return the question that a kept run answered.

    Parameters
    ----------
    run
        The run.
    book, scenario, settings
        What it is said to have had; what the run keeps where nothing is said.

    Raises
    ------
    DeflatorError
        When that is not what the run had, or the run keeps none and its names lead to nothing.
    """
    manifest = run.manifest
    draws = manifest.draws if manifest.ignorance else 0
    known, asked = book_of(run, book), scenario_of(run, scenario, settings)
    return Question(known, asked, manifest.paths, draws, manifest.chance, manifest.seed, manifest.months)


def book_of(run: Run, given: str | None = None) -> Book:
    """Return the book of a run: the one that is given, else its own copy, else the one that its name leads to.

    Raises
    ------
    DeflatorError
        When that book cannot be loaded, or differs in content from that of the run.
    """
    told = run.manifest.book
    if given is None and (kept := run.book()):
        return kept
    try:
        found = load_book(told["name"] if given is None else given)
    except DeflatorError as error:
        if given is not None:
            raise
        message = text("run.book_missing", run=run.manifest.run, book=told["name"], reason=error.faults[0].message)
        raise RunError([Fault("", 0, "--book", message, text("run.book_missing_hint"))]) from None
    _check("book", run, found)
    return found


def scenario_of(run: Run, given: str | None = None, settings: Sequence[str] = ()) -> Scenario:
    """Return the scenario of a run, as `book_of` does the book."""
    if given is None and not settings and (kept := run.scenario()):
        return kept
    found = load_scenario(given or run.manifest.scenario["name"], settings)
    _check("scenario", run, found)
    return found


def _check(what: str, run: Run, found: Book | Scenario) -> None:
    fingerprint = getattr(run.manifest, what)["fingerprint"]
    if found.fingerprint == fingerprint:
        return
    message = text(
        f"run.{what}_differs", name=found.name, found=found.fingerprint[:12], run=run.manifest.run,
        kept=fingerprint[:12],
    )  # fmt: skip
    raise RunError([Fault("", 0, f"--{what}", message, text(f"run.{what}_differs_hint"))])
