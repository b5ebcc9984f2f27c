"""`deflator challenge`: default probabilities of value models beside those of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.challenge import Challenge, Values
    from deflator.analysis.replay import Setting

_PATHS = 256
_HORIZONS = (12, 24)
_NOTABLE = 0.1
_HALF = 0.5


def challenge(
    entity: Annotated[str | None, typer.Argument(metavar="ENTITY", help=text("challenge.entity"))] = None,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: Annotated[int, asking.PATHS] = _PATHS,
    ignorance: asking.Ignorance = asking.IGNORANCE,
    seed: asking.Seed = defaults.SEED,
    json: asking.Json = False,
) -> None:
    """Follow the value of firms on some paths and compare; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.challenge import balance, follow_values
        from deflator.analysis.replay import position_of

        setting = asking.setting_of(book, scenario, settings, paths, ignorance, seed)
        if entity:
            balance(setting, position_of(setting.economy, entity))  # refuse before anything is simulated
        with showing_progress(setting.question.scenario.name) as progress:
            values = follow_values(setting, progress)
        found, left_out = _compare(setting, values, entity)
        if json:
            emit_json(_document(setting, found, left_out))
        else:
            _print(setting, found, left_out, entity is not None)


def _compare(setting: Setting, values: Values, entity: str | None) -> tuple[list[Challenge], dict[str, list[str]]]:
    """Compare one firm, or all that a value model can be asked about; return also those left out, by the reason."""
    from deflator.analysis.challenge import balance, challenge

    economy = setting.economy
    horizons = sorted({*(months for months in _HORIZONS if months < economy.months), economy.months})
    if entity:
        return [challenge(setting, economy.entities.index(entity), values, horizons)], {}
    found: list[Challenge] = []
    left_out: dict[str, list[str]] = {"left_out": [], "unmoved": []}
    for position, name in enumerate(economy.entities):
        if not economy.links["entities.can_default"][position]:
            continue
        reason = "left_out"
        try:
            balance(setting, position)
            reason = "unmoved"
            found.append(challenge(setting, position, values, horizons))
        except RunError:
            left_out[reason].append(name)
    found.sort(key=lambda one: (-one.odds[-1].engine.value, -one.odds[-1].black_cox, one.entity))
    return found, left_out


def _document(setting: Setting, found: Sequence[Challenge], left_out: dict[str, list[str]]) -> dict[str, Any]:
    return asking.asked(setting) | {
        "firms": found,
        "reasons": {one.entity: list(_reasons(one)) for one in found},
        "left_out": left_out,
    }


def _print(setting: Setting, found: Sequence[Challenge], left_out: dict[str, list[str]], alone: bool) -> None:
    from deflator.book.months import month_at

    question = setting.question
    say(text("challenge.heading", book=question.book.name, scenario=question.scenario.name,
             paths=f"{question.paths_used:,}", draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say()
    if found:
        dates = [month_at(odds.months, question.book.as_of) for odds in found[0].odds]
        _print_inputs(found, dates)
        _print_odds(found, dates)
        _print_reasons(found, dates[-1])
    for reason, names in left_out.items():
        if names:
            say(text(f"challenge.{reason}", names=", ".join(names)))
            say()
    if alone:
        for line in _reasons(found[0]):
            say(line)
        say()
    say(text("challenge.legend").strip())
    say(text("common.disclaimer"))


def _heading(name: str, **values: str) -> Column:
    return text(f"challenge.column_{name}", **values), "right"


def _print_inputs(found: Sequence[Challenge], dates: Sequence[str]) -> None:
    from deflator.analysis.words import significant

    columns: list[Column] = [text("challenge.column_firm")]
    columns += [_heading(name) for name in ("debt", "equity", "assets", "volatility")]
    columns += [_heading("point", date=date) for date in dates]
    rows = [
        [
            one.entity,
            *(significant(value, 3) for value in (one.debt_musd, one.equity_musd, one.assets_musd)),
            f"{100.0 * one.volatility:.0f} %",
            *(significant(odds.default_point_musd, 3) for odds in one.odds),
        ]
        for one in found
    ]
    table(text("challenge.title_inputs"), columns, rows)


def _print_odds(found: Sequence[Challenge], dates: Sequence[str]) -> None:
    from deflator.analysis.words import per_cent

    columns: list[Column] = [text("challenge.column_firm")]
    for date in dates:
        columns += [_heading("engine", date=date), _heading("merton"), _heading("black_cox")]
    rows = [
        [
            one.entity,
            *(
                cell
                for odds in one.odds
                for cell in (
                    per_cent(odds.engine.value, odds.engine.mc_error),
                    per_cent(odds.merton),
                    per_cent(odds.black_cox),
                )
            ),
        ]
        for one in found
    ]
    table(text("challenge.title_odds"), columns, rows)


def _print_reasons(found: Sequence[Challenge], date: str) -> None:
    from deflator.analysis.words import per_cent

    columns: list[Column] = [text("challenge.column_firm")]
    columns += [_heading(name) for name in ("breaks", "error", "solvent", "value")]
    columns += [text("challenge.column_trigger")]
    rows = [
        [
            one.entity,
            one.breaks,
            f"{100.0 * one.odds[-1].engine.mc_error:.1f} %",
            per_cent(one.solvent_breaks),
            per_cent(one.odds[-1].value),
            _trigger(next(iter(one.triggers))) if one.triggers else "",
        ]
        for one in found
    ]
    table(text("challenge.title_reasons", date=date), columns, rows)


def _reasons(one: Challenge) -> Iterator[str]:
    """Yield, in words, what sets the engine's probability apart from those of the value models."""
    from deflator.analysis.words import per_cent

    last = one.odds[-1]
    engine = per_cent(last.engine.value, last.engine.mc_error)
    value, black_cox = per_cent(last.value), per_cent(last.black_cox)
    if one.solvent_breaks is not None:
        key = "challenge.solvent" if one.solvent_breaks >= _HALF else "challenge.insolvent"
        yield text(key, name=one.name, share=per_cent(one.solvent_breaks), breaks=one.breaks)
        told = (f"{_trigger(trigger)} ({per_cent(share)})" for trigger, share in one.triggers.items())
        yield text("challenge.triggers", triggers=", ".join(told))
    if last.value - last.engine.value > _NOTABLE:
        yield text("challenge.outlasts", value=value, engine=engine)
    elif last.engine.value - last.value > _NOTABLE:
        yield text("challenge.underrated", value=value, engine=engine)
    if abs(last.value - last.black_cox) > _NOTABLE:
        yield text("challenge.lognormal", value=value, black_cox=black_cox)
    if max(abs(last.engine.value - other) for other in (last.merton, last.black_cox)) <= 2.0 * last.engine.mc_error:
        yield text("challenge.agrees", name=one.name)


def _trigger(name: str) -> str:
    from deflator.engine.codes import Trigger

    return asking.sentence(name, Trigger)
