"""What a report of a run rests on: every document of it, built once and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from deflator.analysis import Result
from deflator.analysis.answered import remember
from deflator.analysis.balance import balances
from deflator.analysis.first import first_breaks
from deflator.analysis.losses import ALL
from deflator.ensemble import Progress, Question
from deflator.errors import DeflatorError
from deflator.messages import spoken
from deflator.report.documents import DOCUMENTS, build, checked
from deflator.report.documents.company import able_to_break, company_list, company_page, largest, told_of
from deflator.report.documents.heading import prepared
from deflator.report.documents.registry import finished
from deflator.report.kept import kept


class _Effort(NamedTuple):
    """Arguments of a quick and of a full document, and the seconds that a quick one takes on two cores."""

    quick: dict[str, Any]
    full: dict[str, Any]
    seconds: float

    def arguments(self, full: bool) -> dict[str, Any]:
        return self.full if full else self.quick


#: Documents of a report.
_PLAN: Mapping[str, _Effort] = {
    "first": _Effort({}, {}, 2.0),
    "rents": _Effort({"lines": False}, {"lines": False}, 2.0),
    "redlines": _Effort({"paths": 128, "draws": 32, "rents": 11}, {"paths": 1_600, "draws": 320, "rents": 32}, 3.0),
    "debt": _Effort({"paths": 512, "draws": 64}, {"paths": 4_000, "draws": 250}, 4.0),
    "losses": _Effort({"channels": False}, {"channels": False}, 2.0),
    "attribution": _Effort({"paths": 128, "draws": 32, "orders": 4}, {"paths": 1_024, "draws": 256, "orders": 8}, 4.0),
    "sensitivity": _Effort({"paths": 1_600, "draws": 800}, {"paths": 12_000, "draws": 4_000, "indices": True}, 3.0),
    "claims": _Effort({"paths": 64, "draws": 16}, {"paths": 1_024, "draws": 128}, 3.0),
    "cascade": _Effort({"paths": 512, "draws": 64}, {"paths": 4_000, "draws": 250}, 2.0),
    "book": _Effort({}, {}, 0.2),
}
_REVERSE = _Effort({"paths": 32, "draws": 16}, {"paths": 128, "draws": 32, "full": True}, 6.0)
_PAGES = _Effort({"paths": 256, "draws": 32}, {"paths": 2_000, "draws": 250}, 6.0)
#: Targets of the reverse stress: firms and layers that stand on most paths.
_TARGETS = 3
_SELDOM_ENOUGH = 0.35


@dataclass(frozen=True)
class Memo:
    """Everything that a report tells of one run.

    Parameters
    ----------
    question, result
        What was asked, and the kept run that answers it.
    documents
        By name, as JSON.
    reverse
        Documents of the reverse stress, or why a target has none, by target.
    companies
        Pages of companies, those that break most first.
    """

    question: Question
    result: Result
    documents: Mapping[str, dict[str, Any]]
    reverse: Mapping[str, dict[str, Any] | str]
    companies: tuple[dict[str, Any], ...]

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.documents[name]

    def refused(self, name: str) -> str:
        """Return why a question could not be answered of this run; empty where it was."""
        return str(self.documents[name].get("refused", ""))


def gather(
    question: Question, result: Result, full: bool = False, pages: int = 64, progress: Progress | None = None
) -> Memo:
    """Build every document that a report of a run shows; those that were built before come from the cache.

    Parameters
    ----------
    question, result
        What was asked, and the kept run.
    full
        Whether documents rest on as many paths as the commands take when they are not quick.
    pages
        Most companies that get a page.
    progress
        Told the seconds that are done and those that it takes, in tenths, on two cores.
    """
    meter = _Meter(
        progress, sum(plan.seconds for plan in _PLAN.values()) + _TARGETS * _REVERSE.seconds + _PAGES.seconds
    )
    found = first_breaks(result)
    remember(question, result)
    documents: dict[str, dict[str, Any]] = {}
    documents["limits"] = build("limits", question, {"lang": spoken()})  # nothing is computed, so it is not kept
    for name, plan in _PLAN.items():
        with_arguments = checked(DOCUMENTS[name], {**plan.arguments(full), "lang": spoken()})
        documents[name] = kept(
            name, question, with_arguments,
            partial(_or_refusal, name, question, with_arguments, meter.part(plan.seconds)),
        )  # fmt: skip
        meter.done(plan.seconds)
    reverse: dict[str, dict[str, Any] | str] = {}
    for target in targets_of(documents["first"]):
        given = {**_REVERSE.arguments(full), "target": target, "lang": spoken()}
        reverse[target] = _reversed(question, given, meter.part(_REVERSE.seconds))
        meter.done(_REVERSE.seconds)
    documents["companies"] = finished("companies", question, {}, company_list(question, found))
    names = [name for name in largest(result, found, 10_000) if name in able_to_break(question)][:pages]
    given = {**_PAGES.arguments(full), "entities": names}
    told = kept("company", question, given, lambda: _pages(question, result, given, meter.part(_PAGES.seconds)))
    meter.end()
    return Memo(question, result, documents, reverse, tuple(told["pages"]))


def _or_refusal(name: str, question: Question, arguments: dict[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Return a document, or one that says why there is none: what a run cannot tell, its report says so."""
    try:
        return build(name, question, arguments, progress)
    except DeflatorError as error:
        return finished(name, question, arguments, {"refused": "; ".join(fault.message for fault in error.faults)})


def _reversed(question: Question, arguments: dict[str, Any], progress: Progress | None) -> dict[str, Any] | str:
    """Return the reverse stress of a target, or in words why there is none."""
    found = kept("reverse", question, arguments, lambda: _or_refusal("reverse", question, arguments, progress))
    return str(found["refused"]) if "refused" in found else found


def targets_of(first: Mapping[str, Any]) -> list[str]:
    """Return the breaks whose nearest causes are worth a search: of what stands on most paths.

    A layer, then firms: those that break most often among them.
    """
    standing = [
        one for one in first["survival"] if 0.0 < one["break"]["value"] < _SELDOM_ENOUGH and one["kind"] != "cohort"
    ]
    layers = [one for one in standing if one["kind"] == "layer" and one["name"] != "application"]
    firms = [one for one in standing if one["kind"] == "firm"]
    by_odds = sorted(firms, key=lambda one: -one["break"]["value"])
    chosen = sorted(layers, key=lambda one: -one["break"]["value"])[:1] + by_odds
    return [f"break:{one['name']}" for one in chosen[:_TARGETS]]


def _pages(
    question: Question, result: Result, arguments: Mapping[str, Any], progress: Progress | None
) -> dict[str, Any]:
    """Return the pages of companies, from one pass over paths and one replay of each."""
    names = list(arguments["entities"])
    sheets = balances(prepared(question, arguments), names or None, progress=progress)
    found = first_breaks(result)
    pages = [company_page(question, name, sheets, found, told_of(question, result, name)) for name in names]
    return finished("company", question, {}, {"pages": pages})


def holders_of(losses: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the holders of claims that lose, without the sum over all."""
    return (one for one in losses["holders"] if one["holder"] != ALL)


class _Meter:
    """How far a report is: seconds of work on two cores, told in tenths."""

    def __init__(self, progress: Progress | None, whole: float) -> None:
        self._progress, self._whole, self._past = progress, whole, 0.0

    def part(self, seconds: float) -> Progress | None:
        """Return what a document that takes so long tells its progress to."""
        if self._progress is None:
            return None
        told, past = self._progress, self._past

        def tell(done: int, total: int) -> None:
            share = min(done / total, 1.0) if total else 0.0
            told(round(10 * (past + seconds * share)), round(10 * self._whole))

        return tell

    def end(self) -> None:
        """Note that everything is built."""
        self.done(self._whole - self._past)

    def done(self, seconds: float) -> None:
        """Note that a document is built."""
        self._past += seconds
        if self._progress:
            self._progress(round(10 * min(self._past, self._whole)), round(10 * self._whole))
