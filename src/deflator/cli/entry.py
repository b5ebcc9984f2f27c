"""`deflator entry`: what buying in each month returns, and whether waiting for a break pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli.asking import (
    IGNORANCE,
    Book,
    Ignorance,
    Json,
    Paths,
    Picture,
    Quick,
    Scenario,
    Seed,
    Settings,
    asked,
    check_figure,
    setting_of,
)
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.entry import Entry, EntryOdds
    from deflator.analysis.medians import Median
    from deflator.analysis.replay import Setting

_PATHS, _QUICK_PATHS = 10_000, 250
#: Few draws for few paths, so that each has enough of them for a median of its own.
_QUICK_DRAWS = "50"
_QUARTER = 3
_SMALL, _HUGE = 9.95, 1000.0
_ANY = "any"


def entry(
    thing: Annotated[str | None, typer.Argument(metavar="THING", help=text("entry.thing"))] = None,
    every: Annotated[int, typer.Option(help=text("entry.every"))] = _QUARTER,
    wait_for: Annotated[str, typer.Option(help=text("entry.wait_for"))] = _ANY,
    book: Book = defaults.BOOK,
    scenario: Scenario = defaults.SCENARIO,
    settings: Settings = None,
    paths: Paths = None,
    ignorance: Ignorance = IGNORANCE,
    seed: Seed = defaults.SEED,
    quick: Quick = False,
    figure: Picture = None,
    json: Json = False,
) -> None:
    """Buy in every month of every path; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.assets import target_of
        from deflator.analysis.entry import entry_odds

        check_figure(figure)
        count = paths or (_QUICK_PATHS if quick else _PATHS)
        draws = _QUICK_DRAWS if quick and ignorance == IGNORANCE else ignorance
        setting = setting_of(book, scenario, settings, count, draws, seed)
        target = target_of(setting, thing)
        with showing_progress(setting.question.scenario.name) as progress:
            found = entry_odds(setting, target, every, wait_for, progress)
        if figure:
            from deflator.report.entry import draw_entry

            draw_entry(found, setting.question.scenario.name, figure)
        if json:
            emit_json(_document(setting, found))
        else:
            _print(setting, found)


def _document(setting: Setting, found: EntryOdds) -> dict[str, Any]:
    return asked(setting) | {
        "thing": found.target.name,
        "kind": found.target.kind,
        "price_unit": found.unit,
        "horizon": found.horizon,
        "paths_counted": found.paths,
        "entries": found.to_frame().to_dicts(),
        "best_by_median": found.best_by_median.date if found.best_by_median else None,
        "best_by_regret": found.best_by_regret.date,
        "waiting": found.waiting,
    }


def _print(setting: Setting, found: EntryOdds) -> None:
    question = setting.question
    say(text("entry.heading", book=question.book.name, scenario=question.scenario.name,
             paths=f"{found.paths:,}", draws=f"{found.draws:,}", seed=question.seed))  # fmt: skip
    say(text(f"entry.what_{found.target.kind}", name=found.target.name, horizon=found.horizon))
    say()
    _print_returns(found)
    _print_outcomes(found)
    _print_best(found)
    _print_waiting(found)
    say()
    say(text("entry.legend").strip())
    say(text("common.disclaimer"))


def rate(value: float | None) -> str:
    """Return an annual rate in per cent, with two digits where it is huge, and one place more where it is small.

    Examples
    --------
    >>> rate(0.1249), rate(0.0349), rate(-1.0), rate(43.21), rate(None)
    ('12 %', '3.5 %', '-100 %', '4,300 %', '–')
    """
    from deflator.analysis.words import UNKNOWN, significant

    if value is None:
        return UNKNOWN
    percent = 100.0 * value
    if abs(percent) >= _HUGE:
        return f"{significant(percent)} %"
    return f"{percent + 0.0:.1f} %" if abs(percent) < _SMALL else f"{percent:.0f} %"


def _span(middle: Median) -> str:
    return rate(None) if middle.low is None else f"{rate(middle.low)} – {rate(middle.high)}"


def _print_returns(found: EntryOdds) -> None:
    from deflator.analysis.entry import QUANTILES
    from deflator.analysis.words import UNKNOWN, per_cent, significant

    columns: list[Column] = [text("entry.column_entry"), (text(f"entry.unit_{found.unit}"), "right")]
    columns += [(text(f"entry.column_{name}"), "right") for name in QUANTILES]
    columns += [(text(f"entry.column_{name}"), "right") for name in ("range", "error", "loss", "regret")]
    rows = []
    for one in found.entries:
        middle, loss = one.returns.median, one.returns.loss
        rows.append(
            [
                one.date,
                significant(one.price, 3),
                *(rate(level) for level in one.returns.quantiles or [None] * len(QUANTILES)),
                _span(middle) if middle else UNKNOWN,
                rate(middle.mc_error) if middle and middle.mc_error < float("inf") else UNKNOWN,
                per_cent(loss.value, loss.mc_error) if loss else UNKNOWN,
                rate(one.regret),
            ]
        )
    table(text("entry.title"), columns, rows)


def _print_outcomes(found: EntryOdds) -> None:
    from deflator.analysis.words import per_cent

    names = [
        name
        for name in found.entries[0].returns.outcomes
        if name != "return" and any(one.returns.outcomes[name] > 0.0 for one in found.entries)
    ]
    if not names:
        return
    columns: list[Column] = [text("entry.column_entry")]
    columns += [(text(f"entry.outcome_{name}"), "right") for name in names]
    rows = [[one.date, *(_part(one, name, per_cent) for name in names)] for one in found.entries]
    table(text("entry.title_outcomes"), columns, rows)


def _part(one: Entry, name: str, shown: Any) -> str:
    value = one.returns.outcomes[name]
    return str(shown(value)) if value > 0.0 else ""


def _print_best(found: EntryOdds) -> None:
    best = found.best_by_median
    if best:
        say(text("entry.best_median", date=best.date, rate=rate(best.returns.quantiles[2])))
    else:
        say(text("entry.no_median"))
    least = found.best_by_regret
    say(text("entry.best_regret", date=least.date, regret=rate(least.regret), error=rate(least.regret_error)))


def _print_waiting(found: EntryOdds) -> None:
    from deflator.analysis.words import per_cent, per_cent_range

    plan = found.waiting
    entered, better, after = plan.entered, plan.better, plan.better_after_break
    if plan.month is None:
        say(text("entry.never_entered", broken=plan.broken))
    else:
        say(text("entry.waiting", broken=plan.broken, entered=per_cent(entered.value, entered.mc_error),
                 range=per_cent_range(entered.low, entered.high), month=plan.month,
                 too_late=per_cent(plan.too_late)))  # fmt: skip
    gain = plan.gain
    say(text("entry.now", now=rate(plan.now.value), wait=rate(plan.wait.value), gain=rate(gain.value),
             low=rate(gain.low), high=rate(gain.high), error=rate(gain.mc_error)))  # fmt: skip
    say(text("entry.better", better=per_cent(better.value, better.mc_error),
             range=per_cent_range(better.low, better.high), error=f"{100.0 * better.mc_error:.1f} %",
             after=per_cent(after.value, after.mc_error) if after else per_cent(None)))  # fmt: skip
