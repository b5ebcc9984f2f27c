"""`deflator first`: who breaks first, how long each lasts, and in which order they break."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.cli.run import draws_of, showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis import Result
    from deflator.analysis.first import FirstBreak, FirstBreaks, Order
    from deflator.analysis.survival import Survival

_QUICK = 500
_MOST_RANKED, _MOST_CURVES, _MOST_ORDERED = 8, 10, 8
_MONTHS_BETWEEN = 12
#: Share of first breaks below which a trigger is left to --json.
_SELDOM = 0.01


def first(
    scenarios: Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help=text("first.scenarios"))] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help=text("first.run"))] = None,
    book: asking.BookOrOfRun = None,
    settings: asking.Settings = None,
    paths: Annotated[int | None, typer.Option(help=text("first.paths"))] = None,
    ignorance: asking.IgnoranceOrOfRun = None,
    seed: asking.SeedOrOfRun = None,
    quick: asking.Quick = False,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help=text("first.figure"))] = None,
    json: asking.Json = False,
) -> None:
    """Read a run, or simulate, and tell who breaks first; the help text is in the catalogue."""
    with reporting(json):
        names = list(dict.fromkeys(scenarios or [defaults.SCENARIO]))
        given = {"SCENARIO": scenarios, "--book": book, "--set": settings, "--paths": paths, "--ignorance": ignorance,
                 "--seed": seed, "--quick": quick or None}  # fmt: skip
        _check(run, [option for option, value in given.items() if value], figure, len(names))
        from deflator.analysis.first import first_breaks

        documents: dict[str, Any] = {}
        for name in names:
            draws = asking.IGNORANCE if ignorance is None else ignorance
            wanted = _QUICK if quick and paths is None else paths
            found = first_breaks(_answered(run, name, book or defaults.BOOK, settings, wanted, draws, seed))
            if json:
                documents[name] = _document(found)
            else:
                _print(found)
            if figure:
                from deflator.report.first import draw_first

                for file in draw_first(found, figure):
                    note(text("asking.drawn", file=file))
        if json:
            emit_json(documents[names[0]] if len(names) == 1 else {"scenarios": documents})
        else:
            _print_legend()


def _check(run: str | None, given: Sequence[str], figure: Path | None, scenarios: int) -> None:
    """Refuse what contradicts itself before anything is simulated."""
    faults = []
    if run and given:
        options = ", ".join(given)
        message = text("first.run_and_more", given=options)
        faults.append(Fault("", 0, "--run", message, text("first.run_and_more_hint", given=options)))
    if figure and scenarios > 1:
        message = text("first.one_figure", count=scenarios)
        faults.append(Fault("", 0, "--figure", message, text("first.one_figure_hint")))
    if faults:
        raise RunError(faults)
    check_figure(figure)


def _answered(
    run: str | None, scenario: str, book: str, settings: list[str] | None, paths: int | None, ignorance: str,
    seed: int | None,
) -> Result:  # fmt: skip
    """Open the run that is named or that answered the same question, or answer it."""
    from deflator.analysis import Result
    from deflator.analysis.answered import answered
    from deflator.book import load_book
    from deflator.ensemble import Question
    from deflator.scenario import load_scenario

    if run:
        return Result.open(run)
    known, loaded = load_book(book), load_scenario(scenario, settings or [])
    count, key = defaults.PATHS if paths is None else paths, defaults.SEED if seed is None else seed
    with showing_progress(scenario) as progress:
        return answered(Question(known, loaded, count, draws_of(ignorance), seed=key), progress)


def _document(found: FirstBreaks) -> dict[str, Any]:
    from deflator.analysis.answered import is_passing

    manifest = found.result.raw.manifest
    return {
        "run": None if is_passing(found.result) else manifest.run,
        "book": manifest.book,
        "scenario": manifest.scenario,
        "as_of": manifest.as_of,
        "months": manifest.months,
        "paths": manifest.paths,
        "paths_failed": manifest.paths_failed,
        "draws": manifest.draws,
        "seed": manifest.seed,
        "first": found.first,
        "survival": found.survival_frame().to_dicts(),
        "order": found.order_frame().to_dicts(),
        "robust": bool(found.result.robustness()["agrees"].all()),
        "robustness": found.result.robustness().to_dicts(),
        "disclaimer": text("common.disclaimer"),
    }


def _print(found: FirstBreaks) -> None:
    from deflator.analysis.answered import is_passing
    from deflator.analysis.first import KINDS
    from deflator.book.months import month_at
    from deflator.cli.answer import robust

    manifest = found.result.raw.manifest
    say(
        text(
            "first.heading", scenario=manifest.scenario["name"], book=manifest.book["name"], as_of=manifest.as_of,
            end=month_at(manifest.months, manifest.as_of), paths=f"{found.paths:,}", draws=f"{manifest.draws:,}",
            seed=manifest.seed,
            where=text("first.simulated") if is_passing(found.result) else text("first.from_run", run=manifest.run),
        )
    )  # fmt: skip
    say()
    for kind in KINDS:
        if outcomes := found.of(kind):
            _print_ranking(kind, outcomes, found.paths, manifest.as_of)
    _print_survival(found.survival, manifest.months, manifest.as_of)
    orders = [order for kind in ("firm", "layer") if (order := found.order.get(kind))]
    _print_order(orders)
    for line in robust(found.result):
        say(line)
    say()


def _print_ranking(kind: str, outcomes: Sequence[FirstBreak], paths: int, as_of: str) -> None:
    from deflator.analysis.breaks import SELDOM
    from deflator.analysis.words import per_cent, per_cent_range

    often = [one for one in outcomes if one.label is None or one.p_first >= SELDOM]
    shown = [*[one for one in often if one.label][:_MOST_RANKED], *[one for one in often if one.label is None]]
    odds = [
        [
            one.label or text("first.none"),
            per_cent(one.p_first, one.mc_error),
            per_cent_range(one.low, one.high),
            *(
                ("", "", "")
                if one.label is None
                else (
                    per_cent(one.p_break, one.mc_error),
                    per_cent(one.p_with_soft, one.mc_error),
                    per_cent(one.share_assumed),
                )
            ),
        ]
        for one in shown
    ]
    names = ("first", "range", "breaks", "soft", "assumed")
    columns: list[Column] = [text("first.column_name"), *((text(f"first.column_{name}"), "right") for name in names)]
    table(text(f"first.title_{kind}", paths=f"{paths:,}"), columns, odds)
    reasons = [[one.label, *_reasons(one, as_of)] for one in shown if one.label and one.months]
    if reasons:
        headings: list[Column] = [text(f"first.column_{name}") for name in ("name", "months", "trigger", "cause")]
        table(text(f"first.title_why_{kind}"), headings, reasons)
    if left_out := len(outcomes) - len(shown):
        say(text("first.left_out", share=per_cent(max(SELDOM, 0.01)), count=left_out))
        say()


def _reasons(one: FirstBreak, as_of: str) -> tuple[str, str, str]:
    """Return when and why an outcome is first."""
    from deflator.analysis.words import UNKNOWN, per_cent
    from deflator.book.months import month_at
    from deflator.engine.codes import Cause, Trigger

    low, middle, high = (month_at(month, as_of) for month in one.months or ())
    told = [
        text("first.trigger", trigger=asking.sentence(name, Trigger), share=per_cent(share))
        for name, share in one.triggers.items()
        if share >= _SELDOM
    ]
    months = text("first.months", low=low, middle=middle, high=high)
    return months, "\n".join(told), asking.sentence(one.cause, Cause) if one.cause else UNKNOWN


def _print_survival(survival: Sequence[Survival], months: int, as_of: str) -> None:
    """Print survival at the end of every year for those that break most often."""
    from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range
    from deflator.book.months import month_at

    chosen = sorted((one for one in survival if one.breaks), key=lambda one: -one.breaks)[:_MOST_CURVES]
    if not chosen:
        return
    at = sorted({*range(_MONTHS_BETWEEN, months + 1, _MONTHS_BETWEEN), months})

    def cell(one: Survival, month: int) -> str:
        span = UNKNOWN
        if one.low is not None and one.high is not None:
            span = per_cent_range(one.low[month], one.high[month])
        error = float(one.mc_error[month])
        return text("first.survival", share=per_cent(float(one.share[month]), error), error=f"{100 * error:.1f}",
                    range=span)  # fmt: skip

    columns: list[Column] = [text("first.column_name"), *((month_at(month, as_of), "right") for month in at)]
    table(text("first.title_survival"), columns, [[one.label, *(cell(one, month) for month in at)] for one in chosen])


def _print_order(orders: Sequence[Order]) -> None:
    """Print which of two breaks earlier, of the first kind of which enough is known."""
    import numpy as np

    from deflator.analysis.words import per_cent

    order = next((order for order in orders if not np.isnan(order.earlier).all()), None)
    if order is None:
        say(text("first.nothing"))
        say()
        return
    count = min(len(order.names), _MOST_ORDERED)

    def cell(row: int, column: int) -> str:
        share = order.earlier[row, column]
        return "" if np.isnan(share) else f"{per_cent(float(share))}\n{order.paths[row, column]:,}"

    columns: list[Column] = [(text("first.column_number"), "right"), text("first.column_name")]
    columns += [(str(number + 1), "right") for number in range(count)]
    rows = [[row + 1, order.labels[row], *(cell(row, column) for column in range(count))] for row in range(count)]
    table(text("first.title_order"), columns, rows)


def _print_legend() -> None:
    from deflator.analysis.first import FEWEST

    say(text("first.legend", fewest=FEWEST).strip())
    say(text("common.disclaimer"))
