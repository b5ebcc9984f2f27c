"""`deflator validate`: whether the answer stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.durable import write_whole
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.validation.stability import Stability
    from deflator.analysis.validation.suite import Validation

_BOTH = ("base", "essay")
_MOVES_SHOWN = 8


def validate(
    scenarios: Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help=text("validate.scenarios"))] = None,
    book: asking.Book = defaults.BOOK,
    settings: asking.Settings = None,
    seed: asking.Seed = defaults.SEED,
    quick: Annotated[bool, typer.Option("--quick", help=text("validate.quick"))] = False,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help=text("validate.page_option"))] = None,
    json: asking.Json = False,
) -> None:
    """Move judgements, draws and readings about, and score the past; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.validation.page import validation_page
        from deflator.analysis.validation.suite import validate as run_suite
        from deflator.book import load_book

        names = list(
            dict.fromkeys(scenarios or (_BOTH if book == defaults.BOOK and not quick else [defaults.SCENARIO]))
        )
        known = load_book(book)
        with showing_progress(text("validate.doing", book=known.name)) as progress:
            found = run_suite(known, names, settings or [], quick, seed, progress)
        if page:
            told = validation_page(found, _command(scenarios, book, settings, quick, page))
            write_whole(page, told.encode())
        if json:
            emit_json(_document(found))
        else:
            _print(found)
        if page:
            note(text("validate.written", file=page))


def _command(scenarios: list[str] | None, book: str, settings: list[str] | None, quick: bool, page: Path) -> str:
    """Return what was typed, for the head of the page."""
    typed = ["deflator", "validate", *(scenarios or [])]
    typed += ["--book", book] if book != defaults.BOOK else []
    for one in settings or []:
        typed += ["--set", one]
    typed += ["--quick"] if quick else []
    return " ".join([*typed, "--page", page.name if page.is_absolute() else page.as_posix()])


def _document(found: Validation) -> dict[str, Any]:
    def headline(of: Any) -> dict[str, Any]:
        return {
            kind: {"leader": leader, "first": of.first[kind].get(leader)} for kind, leader in of.leaders.items()
        }  # fmt: skip

    return {
        "book": found.book,
        "quick": found.quick,
        "seed": found.seed,
        "effort": found.effort,
        "seconds": found.seconds,
        "scenarios": {
            one.scenario: {
                "headline": headline(one.base),
                "seed_spread": one.seed_spread,
                "stated_error": one.stated_error,
                "breaks_that_differ_with_the_horizon": one.earlier_breaks,
                "cases": [
                    {
                        "group": case.group, "name": case.name, "to": case.to, "value": case.value,
                        "headline": headline(case.headline), "shift": case.shift,
                        "widest": {"firm": case.break_shift[0], "shift": case.break_shift[1]},
                        "flips": case.flips, "doubtful": case.doubtful,
                    }
                    for case in one.cases
                ],
            }
            for one in found.stabilities
        },
        "pasts": dict(found.pasts),
        "rents": _rents(found),
        "disclaimer": text("common.disclaimer"),
    }  # fmt: skip


def _rents(found: Validation) -> dict[str, Any]:
    """Return the scores of the forecast of rents by series, or why there are none."""
    if found.rents is None:
        return {"refused": found.no_rents}
    return {
        "series": {
            one.series.label: {model: one.score(model) for model in ("engine", "drift", "flat")}
            | {"held": {str(level): one.coverage("engine", level) for level in (0.5, 0.8, 0.95)}}
            for one in found.rents.series
        },
        "wins": found.rents.wins(),
    }


def _print(found: Validation) -> None:
    from deflator.cli.backtest import names_by_verdict

    say(text("validate.heading", book=found.book, paths=f"{found.effort.paths:,}", draws=f"{found.effort.draws:,}",
             seed=found.seed, seconds=f"{found.seconds:,.0f}"))  # fmt: skip
    say()
    for one in found.stabilities:
        _print_stability(one, found.labels)
    for name, past in found.pasts:
        last = past.horizons[-1]
        auc = f"{last.auc.value:.2f}" if last.auc else "–"
        say(
            text(
                "validate.past", book=name, broke=last.broke, firms=last.firms, brier=f"{last.brier.value:.2f}", auc=auc
            )
        )
        for line in names_by_verdict(past):
            say(f"  {line}")
        say()
    if found.rents:
        say(text("validate.rents", wins=found.rents.wins(), series=len(found.rents.series)))
    else:
        say(text("validate.no_rents", reason=found.no_rents))
    say()
    say(text("common.disclaimer"))


def _print_stability(one: Stability, labels: dict[str, str]) -> None:
    from deflator.analysis.validation.headline import KINDS
    from deflator.analysis.validation.page import named, signed
    from deflator.analysis.words import per_cent

    base = one.base
    leaders = ", ".join(
        f"{named(base.leaders[kind], labels)} ({per_cent(base.first[kind][base.leaders[kind]].value)})"
        for kind in KINDS
    )
    say(text("validate.stability", scenario=one.scenario, leaders=leaders, cases=len(one.cases)))
    flips = [case for case in one.cases if case.flips]
    rows = [
        [text(f"validate.group_{case.group}"), case.name, case.to, text(f"validate.kind_{kind}"), named(leader, labels)]
        for case in flips
        for kind, leader in case.flips.items()
    ]
    if rows:
        heads: list[Column] = [text(f"validate.head_{name}") for name in ("group", "moved", "to", "kind", "instead")]
        table(text("validate.title_flips"), heads, rows)
    else:
        say(text("validate.no_flips"))
        say()
    moves = [case for case in one.cases if case.group in ("parameter", "figure")]
    moves.sort(key=lambda case: -max(*(abs(shift) for shift in case.shift.values()), abs(case.break_shift[1])))
    columns: list[Column] = [text("validate.head_moved"), text("validate.head_to")]
    columns += [(text(f"validate.head_{name}"), "right") for name in ("layer_shift", "firm_shift")]
    columns += [text("validate.head_widest"), (text("validate.head_widest_shift"), "right")]
    table(text("validate.title_moves"), columns, [
        [case.name, case.to, signed(case.shift["layer"]), signed(case.shift["firm"]),
         named(case.break_shift[0], labels), signed(case.break_shift[1])]
        for case in moves[:_MOVES_SHOWN]
    ])  # fmt: skip
    say(text("validate.noise", spread=f"{100 * one.seed_spread:.1f}", stated=f"{100 * one.stated_error:.1f}"))
    say()
