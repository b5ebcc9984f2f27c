"""`deflator attribute`: what each channel adds to losses and to breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.attribute import Attribution, Division, Outcome
    from deflator.analysis.probability import Estimate
    from deflator.analysis.replay import Setting

_PATHS, _ORDERS = 768, 4
_QUICK_PATHS, _PATHS_PER_DRAW = 64, 4
_MOST_PAIRS = 10
_MINUTE = 60.0


def attribute(
    losses: Annotated[list[str] | None, typer.Option("--loss", metavar="HOLDER", help=text("attribute.loss"))] = None,
    breaks: Annotated[list[str] | None, typer.Option("--break", metavar="ENTITY", help=text("attribute.break"))] = None,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, typer.Option(metavar="N|off", help=text("attribute.ignorance"))] = None,
    seed: asking.Seed = defaults.SEED,
    orders: Annotated[int | None, typer.Option(help=text("attribute.orders"))] = None,
    exact: Annotated[bool, typer.Option("--exact", help=text("attribute.exact"))] = False,
    precision: Annotated[float | None, typer.Option(metavar="SHARE", help=text("attribute.precision"))] = None,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Play sets of channels and divide the outcome among them; the help text is in the catalogue."""
    with reporting(json):
        _check(orders, exact, precision, figure)
        count = paths if paths is not None else _QUICK_PATHS if quick else _PATHS
        draws = str(max(1, count // _PATHS_PER_DRAW)) if ignorance is None else ignorance
        setting = asking.setting_of(book, scenario, settings, count, draws, seed)
        wanted = _wanted(setting, losses or [], breaks or [])
        from deflator.analysis.attribute import attribute, check_precision

        def announce(seconds: float) -> None:
            time = text("attribute.minutes", minutes=f"{seconds / _MINUTE:.0f}")
            if seconds < 2 * _MINUTE:
                time = text("attribute.seconds", seconds=f"{seconds:.0f}")
            sets = 1 << int(setting.economy.links["world.channels"].sum())
            note(text("attribute.expected", sets=f"{sets:,}", paths=f"{setting.question.paths_used:,}", time=time))

        pairs = None if exact else (_ORDERS if orders is None else orders) // 2
        with showing_progress(setting.question.scenario.name) as progress:
            told = attribute(setting, pairs, not quick, progress=progress, announce=announce if exact else None)
        divisions = [told.divide(outcome) for outcome in wanted]
        if precision is not None:
            check_precision(divisions, precision, setting.question.paths_used, setting.question.draws_used)
        if figure:
            from deflator.report.attribute import draw_attribution

            draw_attribution(told, divisions, setting.labels, figure)
        if json:
            emit_json(_document(told, divisions))
        else:
            _print(told, divisions)
        if figure:
            note(text("asking.drawn", file=figure))


def _check(orders: int | None, exact: bool, precision: float | None, figure: Path | None) -> None:
    """Refuse what contradicts itself before anything is simulated."""
    faults = []
    if orders is not None and exact:
        faults.append(Fault("", 0, "--orders", text("attribute.exact_orders"), text("attribute.exact_orders_hint")))
    elif orders is not None and orders % 2:
        hint = text("attribute.odd_orders_hint", orders=orders + 1)
        faults.append(Fault("", 0, "--orders", text("attribute.odd_orders", orders=orders), hint))
    if precision is not None and not precision > 0.0:
        message = text("attribute.no_precision", precision=precision)
        faults.append(Fault("", 0, "--precision", message, text("attribute.no_precision_hint")))
    if faults:
        raise RunError(faults)
    check_figure(figure)


def _wanted(setting: Setting, losses: Sequence[str], breaks: Sequence[str]) -> list[Outcome]:
    """Return the outcomes that are asked for, or refuse all that do not exist at once."""
    from deflator.analysis.attribute import BREAK, LOSS, SYSTEM, outcome_named

    asked = [(LOSS, holder) for holder in losses] + [(BREAK, entity) for entity in breaks]
    found: list[Outcome] = []
    faults: list[Fault] = []
    for kind, entity in dict.fromkeys(asked or [(SYSTEM, "")]):
        try:
            found.append(outcome_named(setting, kind, entity))
        except DeflatorError as error:
            faults += error.faults
    if faults:
        raise RunError(faults)
    return found


def _document(told: Attribution, divisions: Sequence[Division]) -> dict[str, Any]:
    return asking.asked(told.setting) | {
        **told.played_as(),
        "paths_failed": told.setting.question.paths_used - told.played.path.size,
        "rescaled": False,
        "attributions": [
            division.whole()
            | {
                "parts": division.parts,
                "interactions": [{"channels": pair, **vars(found)} for pair, found in division.interactions.items()],
            }
            for division in divisions
        ],
    }


def _print(told: Attribution, divisions: Sequence[Division]) -> None:
    from deflator.book.months import month_at

    question, plan = told.setting.question, told.plan
    say(
        text(
            "attribute.heading", scenario=question.scenario.name, book=question.book.name, as_of=question.book.as_of,
            end=month_at(told.setting.economy.months, question.book.as_of), paths=f"{question.paths_used:,}",
            draws=f"{question.draws_used:,}", seed=question.seed,
        )
    )  # fmt: skip
    sets = f"{1 << len(told.players):,}"
    if plan.exact:
        say(text("attribute.played_exact", sets=sets, channels=len(told.players)))
    else:
        blocks = -(-plan.paths // plan.block)
        say(
            text(
                "attribute.played_orders", orders=2 * (plan.pairs or 0), channels=len(told.players), block=plan.block,
                played=f"{told.played.coalitions:,}", sets=f"{blocks << len(told.players):,}",
            )
        )  # fmt: skip
    say()
    for division in divisions:
        _print_division(division, told.setting.labels)
    if told.absent:
        say(text("attribute.absent", channels=", ".join(told.absent)))
    if failed := question.paths_used - told.played.path.size:
        say(text("attribute.failed", failed=failed))
    say(text("attribute.sums"))
    say()
    say(text("attribute.legend").strip())
    say(text("common.disclaimer"))


def _print_division(division: Division, labels: Mapping[str, str]) -> None:
    outcome = division.outcome
    title = text(f"attribute.title_{outcome.kind}", name=labels.get(outcome.entity, ""))
    scale = 100.0 if outcome.unit == "share" else 1.0
    ends = division.parts[0].alone is not None
    names = ("value", "error", "interval", "range", *(("alone", "last") if ends else ()))
    columns: list[Column] = [text("attribute.column_channel")]
    columns += [(text(f"attribute.column_{name}"), "right") for name in names]
    rows: list[list[str]] = []
    for part in division.parts:
        error = scale * part.value.mc_error
        low, high = (scale * (part.value.value + side * part.margin) for side in (-1.0, 1.0))
        rows.append(
            [
                part.channel, *_cells(part.value, scale),
                f"{_told(low, error)} – {_told(high, error)}", _range(part.value, scale),
                *(_cells(one, scale)[0] for one in (part.alone, part.last) if one is not None),
            ]
        )  # fmt: skip
    rows.append([text("attribute.total"), *_cells(division.total, scale), "", _range(division.total, scale)])
    rows[-1] += [""] * (len(columns) - len(rows[-1]))
    table(title, columns, rows)
    for line in _levels(division, scale):
        say(line)
    say()
    if division.interactions:
        pairs = list(division.interactions.items())[:_MOST_PAIRS]
        cells = [[" + ".join(pair), *_cells(found, scale), _range(found, scale)] for pair, found in pairs]
        heads: list[Column] = [text("attribute.column_pair")]
        heads += [(text(f"attribute.column_{name}"), "right") for name in ("value", "error", "range")]
        table(text("attribute.title_interactions"), heads, cells)


def _levels(division: Division, scale: float) -> Iterator[str]:
    """Yield where the channels start from and where they lead, in words."""
    from deflator.analysis.words import supported

    off, on = (
        supported(scale * level.value, scale * level.mc_error) for level in (division.first_round, division.all_on)
    )
    unit = " %" if scale != 1.0 else ""
    yield text("attribute.levels", off=off + unit, on=on + unit)
    if not any(part.value.value for part in division.parts) and not division.total.value:
        yield text("attribute.nothing")
    elif division.amplification is None or division.amplification_error is None:
        yield text("attribute.nothing_first")
    else:
        error = division.amplification_error
        times = supported(division.amplification, error)
        yield text("attribute.amplified", times=times, error=supported(error, error))


def _cells(found: Estimate, scale: float) -> tuple[str, str]:
    """Return a change and its error, with the digits that the error supports."""
    error = scale * found.mc_error
    return _told(scale * found.value, error), _told(error, error).lstrip("+")


def _told(value: float, error: float) -> str:
    from deflator.analysis.words import supported

    return supported(value, error, signed=True)


def _range(found: Estimate, scale: float) -> str:
    from deflator.analysis.words import UNKNOWN

    if found.low is None or found.high is None:
        return UNKNOWN
    error = scale * found.mc_error
    return f"{_told(scale * found.low, error)} – {_told(scale * found.high, error)}"
