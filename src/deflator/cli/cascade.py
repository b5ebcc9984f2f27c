"""`deflator cascade`: which share of whom has broken by when, and one path of it break by break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.cascade import Cascade

_FULL, _QUICK = (2_000, "250"), (256, "32")
_YEAR = 12
_MISSED = 12


def cascade(
    path: Annotated[int | None, typer.Option(min=0, help=text("cascade.path"))] = None,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: asking.Ignorance = asking.IGNORANCE,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    json: asking.Json = False,
) -> None:
    """Follow breaks through the network; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.cascade import cascade as follow

        setting = asking.sized_setting(book, scenario, settings, paths, ignorance, seed, quick, _FULL, _QUICK)
        with showing_progress(setting.question.scenario.name) as progress:
            found = follow(setting, path, progress=progress)
        if json:
            emit_json(_document(found))
        else:
            _print(found)


def _document(found: Cascade) -> dict[str, Any]:
    told = found.told
    return asking.asked(found.setting) | {
        "paths_counted": found.paths,
        "broken": found.to_frame().to_dicts(),
        "exposures": found.exposures,
        "path": {"path": told.path, "draw": told.draw, "chosen": told.chosen, "chosen_for": told.chosen_for or None,
                 "breaks": told.breaks, "missed": told.missed},
    }  # fmt: skip


def _print(found: Cascade) -> None:
    from deflator.analysis.breaks import SELDOM
    from deflator.analysis.words import per_cent, per_cent_range
    from deflator.book.months import month_at

    question, labels = found.setting.question, found.setting.labels
    as_of, last = question.book.as_of, found.setting.economy.months
    say(text("cascade.heading", book=question.book.name, scenario=question.scenario.name, paths=f"{found.paths:,}",
             draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say()
    months = sorted({*range(_YEAR, last + 1, _YEAR), last})
    hit = [name for name, share in found.broken.items() if share[-1].value >= SELDOM]
    rows = [
        [labels[name], *(per_cent(found.broken[name][month].value, found.broken[name][month].mc_error)
                         for month in months),
         per_cent_range(found.broken[name][-1].low, found.broken[name][-1].high)]
        for name in sorted(hit, key=lambda name: -found.broken[name][-1].value)
    ]  # fmt: skip
    columns: list[Column] = [text("cascade.column_entity")]
    columns += [(month_at(month, as_of), "right") for month in months]
    table(text("cascade.title_broken"), [*columns, (text("cascade.column_range"), "right")], rows)
    _print_path(found, as_of)
    say(text("cascade.legend").strip())
    say(text("common.disclaimer"))


def _print_path(found: Cascade, as_of: str) -> None:
    from deflator.analysis.words import per_cent, significant
    from deflator.book.months import month_at
    from deflator.engine.codes import Cause, Trigger

    told, labels = found.told, found.setting.labels
    title = text("cascade.title_path", path=told.path)
    if told.chosen:
        title = text("cascade.title_middle", path=told.path, name=labels[told.chosen_for],
                     breaking=told.chosen.breaking, searched=told.chosen.searched)  # fmt: skip
    rows = [
        [month_at(one.month, as_of), labels[one.entity], Trigger[one.trigger.upper()].sentence, per_cent(one.share),
         "; ".join(f"{Cause[cause.upper()].sentence} ({significant(musd)})" for cause, musd in one.causes.items())]
        for one in told.breaks
    ]  # fmt: skip
    columns: list[Column] = [text(f"cascade.column_{name}") for name in ("month", "entity", "trigger")]
    columns += [(text("cascade.column_share"), "right"), text("cascade.column_causes")]
    table(title, columns, rows)
    largest = sorted(told.missed, key=lambda one: -one.missed_musd)[:_MISSED]
    unpaid = [
        [month_at(one.month, as_of), labels[one.payer], labels[one.payee], text(f"report.category.{one.category}"),
         significant(one.due_musd), significant(one.missed_musd)]
        for one in sorted(largest, key=lambda one: one.month)
    ]  # fmt: skip
    if unpaid:
        heads: list[Column] = [text(f"cascade.column_{name}") for name in ("month", "payer", "payee", "payment")]
        heads += [(text(f"cascade.column_{name}"), "right") for name in ("due", "missing")]
        table(text("cascade.title_missed"), heads, unpaid)
