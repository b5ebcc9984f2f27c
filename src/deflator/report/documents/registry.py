"""Every document by its name, with what it can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deflator.book.spelling import did_you_mean, quoted
from deflator.ensemble import Progress, Question
from deflator.errors import Fault, RunError
from deflator.messages import speaking
from deflator.report.documents.arguments import Argument, DocumentKind, checked
from deflator.report.documents.book import build_book, build_limits
from deflator.report.documents.cascade import build_cascade
from deflator.report.documents.company import build_companies, build_company
from deflator.report.documents.debt import build_debt
from deflator.report.documents.first import build_first
from deflator.report.documents.heading import heading
from deflator.report.documents.losses import build_attribution, build_losses
from deflator.report.documents.questions import build_claims, build_entry, build_reverse, build_sensitivity
from deflator.report.documents.record import build_backtest
from deflator.report.documents.rents import build_redlines, build_rents
from deflator.report.plain import plain

_DIGITS = 5


def _sized(paths: int, draws: int, least: int = 1, **others: Argument) -> dict[str, Argument]:
    """Return arguments for a document that simulates paths of its own."""
    sizes = {"paths": Argument(paths, low=least, high=100_000), "draws": Argument(draws, low=1, high=100_000)}
    return sizes | others


_ORDERS = Argument(4, low=4, high=64)
_RENTS = Argument(11, low=9, high=64)
DOCUMENTS: Mapping[str, DocumentKind] = {
    "first": DocumentKind(build_first),
    "rents": DocumentKind(build_rents, _sized(128, 32, rents=_RENTS, lines=Argument(True))),
    "redlines": DocumentKind(build_redlines, _sized(128, 32, rents=_RENTS, pinned_from=Argument())),
    "cascade": DocumentKind(build_cascade, _sized(512, 64, path=Argument(-1, low=-1, high=10_000_000))),
    "debt": DocumentKind(build_debt, _sized(512, 64)),
    "losses": DocumentKind(build_losses, _sized(64, 16, 8, orders=_ORDERS, channels=Argument(True))),
    "attribution": DocumentKind(build_attribution, _sized(64, 16, 8, orders=_ORDERS)),
    "companies": DocumentKind(build_companies),
    "company": DocumentKind(build_company, _sized(256, 32, entity=Argument(required=True))),
    "claims": DocumentKind(build_claims, _sized(64, 16, 64)),
    "reverse": DocumentKind(
        build_reverse,
        _sized(32, 16, target=Argument(required=True), probability=Argument(0.5, low=0.001, high=0.999),
               full=Argument(False)),
    ),
    "sensitivity": DocumentKind(
        build_sensitivity,
        _sized(800, 400, 100, of=Argument("loss:all"), factors=Argument(12, low=1, high=80), indices=Argument(False)),
    ),
    "entry": DocumentKind(
        build_entry,
        _sized(250, 50, 100, thing=Argument(), every=Argument(3, low=1, high=60), wait_for=Argument("any")),
    ),
    "backtest": DocumentKind(build_backtest, _sized(1_000, 100)),
    "book": DocumentKind(build_book),
    "limits": DocumentKind(build_limits),
}  # fmt: skip


def build(
    name: str, question: Question, arguments: Mapping[str, Any] | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Build a document.

    Parameters
    ----------
    name
        One of `DOCUMENTS`.
    question
        Book, scenario, paths, draws and seed. Documents that simulate beside it take `paths` and `draws` among the
        arguments, and are quick unless more is asked for.
    arguments
        As its kind allows.
    progress
        Told what is done and what there is to do, from time to time; an exception that it raises stops the work.

    Returns
    -------
    dict
        JSON: `document`, `arguments` and `meta`, then the parts of the document. Figures keep five digits.

    Raises
    ------
    RunError
        For an unknown document, and for everything that is wrong with its arguments.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.scenario import load_scenario
    >>> book = build("book", Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> book["document"], book["figures"] == sum(book["by_grade"].values())
    ('book', True)
    """
    if name not in DOCUMENTS:
        hint = did_you_mean(name, list(DOCUMENTS)) or f"use one of {', '.join(DOCUMENTS)}"
        raise RunError([Fault("", 0, "document", f"there is no document {quoted(name)}", hint)])
    kind = DOCUMENTS[name]
    given = checked(kind, arguments or {})
    with speaking(str(given["lang"])):
        return finished(name, question, given, kind.build(question, given, progress))


def finished(name: str, question: Question, arguments: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a document under their heading, as JSON."""
    head = {"document": name, "arguments": dict(arguments), "meta": heading(question)}
    document: dict[str, Any] = plain(head | dict(parts), _DIGITS)
    return document
