"""`deflator sensitivity`: which figure that is not known exactly matters most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.factors import Figure
    from deflator.analysis.replay import Setting
    from deflator.analysis.sensitivity import Sensitivity

_PATHS, _PATHS_QUICK = 12_000, 800
_DRAWS, _DRAWS_QUICK = "4000", "400"
_ORDERS = 400
_FACTORS = 12
_SHOWN = 0.05
_LONGEST_NOTE = 140


def sensitivity(
    of: Annotated[str, typer.Option("--of", metavar="TARGET", help=text("sensitivity.of"))] = "loss:all",
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, typer.Option(metavar="N", help=text("asking.ignorance"))] = None,
    seed: asking.Seed = defaults.SEED,
    factors: Annotated[int, typer.Option(help=text("sensitivity.factors"))] = _FACTORS,
    shapley: Annotated[bool, typer.Option("--shapley", help=text("sensitivity.shapley"))] = False,
    correlated: Annotated[
        list[str] | None, typer.Option(metavar="FIGURE~FIGURE=VALUE", help=text("sensitivity.correlated"))
    ] = None,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Screen, rank and share out; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.sensitivity import Effort, sensitivity

        check_figure(figure)
        draws = ignorance or (_DRAWS_QUICK if quick else _DRAWS)
        setting = asking.setting_of(book, scenario, settings, paths or (_PATHS_QUICK if quick else _PATHS), draws, seed)
        orders = _ORDERS if shapley or correlated else 0
        effort = Effort(factors, 0 if quick and not orders else Effort.base, orders)
        with showing_progress(setting.question.scenario.name) as progress:
            found = sensitivity(setting, of, effort, correlated or [], progress)
        if figure:
            from deflator.report.sensitivity import draw_sensitivity

            draw_sensitivity(found, figure)
        if json:
            emit_json({**asking.asked(setting), "answer": found})
        else:
            _print(setting, found)


def _print(setting: Setting, found: Sensitivity) -> None:
    question = setting.question
    say(text("sensitivity.heading", target=found.target, book=question.book.name, scenario=question.scenario.name,
             paths=f"{found.paths:,}", draws=f"{found.draws:,}", figures=f"{found.unknown_figures:,}",
             seed=question.seed))  # fmt: skip
    say(_headline(found))
    if found.failed:
        say(text("sensitivity.failed", failed=f"{found.failed:,}"))
    say()
    if found.known:
        _print_known(setting, found)
    else:
        say(text("sensitivity.nothing", factors=f"{found.unknown_factors:,}"))
        say()
    if found.no_indices:
        say(text("sensitivity.no_indices", reason=found.no_indices))
        say()
    if found.parts:
        _print_parts(found)
    if found.fair:
        _print_fair(found)
    if found.rent_index:
        say(_rent_index(found))
    say(text("sensitivity.legend").strip())
    say(text("common.disclaimer"))


def _headline(found: Sensitivity) -> str:
    from deflator.analysis.words import per_cent, significant

    if found.unit == "share":
        low, high = per_cent(found.low), per_cent(found.high)
        return text("sensitivity.headline_share", value=per_cent(found.value, found.mc_error), low=low, high=high)
    low, high, value = (_signed(level, 3) for level in (found.low, found.high, found.value))
    error = significant(found.mc_error, 1)
    return text("sensitivity.headline_sum", value=value, unit=found.unit, error=error, low=low, high=high)


def _signed(value: float, digits: int) -> str:
    from deflator.analysis.words import significant

    return f"-{significant(-value, digits)}" if value < 0 else significant(value, digits)


def _part(share: float) -> str:
    """Return a part of a range or variance; what noise has taken below 0 is nothing."""
    return f"{100.0 * share:.0f} %" if share >= 0.005 else "<1 %"


def _signed_part(share: float) -> str:
    """Return an estimate as it is, below 0 or not, for its interval to be judged by."""
    return f"{100.0 * share:.0f} %"


def _name(name: str, figures: int) -> str:
    return text("sensitivity.group", name=name, figures=figures) if figures > 1 else name


def _print_known(setting: Setting, found: Sensitivity) -> None:
    from deflator.analysis.factors import in_words
    from deflator.report.sensitivity import label_of

    book = setting.question.book
    columns: list[Column] = [(text(f"sensitivity.column_{name}"), "right") for name in ("worth", "error", "explained")]
    columns += [text("sensitivity.column_effect")]
    columns += [(text(f"sensitivity.column_{name}"), "right") for name in ("book", "range")]
    columns += [text(f"sensitivity.column_{name}") for name in ("unit", "grade", "source", "figure")]
    rows = [
        [
            _part(one.worth),
            _part(one.worth_error),
            _part(one.explained),
            text("sensitivity.raises" if one.rises else "sensitivity.lowers"),
            in_words(one.figure.value, one.figure, book),
            f"{in_words(one.figure.low, one.figure, book)}–{in_words(one.figure.high, one.figure, book)}",
            one.figure.unit.replace("_", " "),
            one.figure.grade,
            one.figure.source,
            label_of(one),
        ]
        for one in found.known
    ]
    table(text("sensitivity.title_known"), columns, rows)
    first = found.known[0].figure
    say(text("sensitivity.read", name=first.name, title=first.title, grade=first.grade, note=_short(first)))
    say()


def _short(figure: Figure) -> str:
    note = figure.note
    return note if len(note) <= _LONGEST_NOTE else f"{note[:_LONGEST_NOTE].rsplit(' ', 1)[0]} …"


def _print_parts(found: Sensitivity) -> None:
    columns: list[Column] = [text("sensitivity.column_factor")]
    for name in ("first", "total"):
        columns += [(text(f"sensitivity.column_{name}"), "right"), (text("sensitivity.column_error"), "right")]
    shown = [part for part in found.parts if part.total >= _SHOWN]
    rows = [
        [_name(part.factor, part.figures), *map(_part, (part.first, part.first_error, part.total, part.total_error))]
        for part in shown
    ]
    table(text("sensitivity.title_parts", points=found.base_points), columns, rows)
    notes = []
    if len(shown) < len(found.parts):
        notes.append(text("sensitivity.few_rows", others=len(found.parts) - len(shown)))
    if found.base_dropped:
        notes.append(text("sensitivity.dropped", dropped=found.base_dropped))
    for line in notes:
        say(line)
    if notes:
        say()


def _print_fair(found: Sensitivity) -> None:
    columns: list[Column] = [text("sensitivity.column_factor"), (text("sensitivity.column_share"), "right"),
                             (text("sensitivity.column_interval"), "right")]  # fmt: skip
    rows: Sequence[Sequence[str]] = [
        [
            _name(part.factor, part.figures),
            f"{100.0 * part.share:.0f} %",
            f"{100.0 * part.low:.0f} to {100.0 * part.high:.0f} %",
        ]
        for part in found.fair
    ]
    table(text("sensitivity.title_fair", orders=found.orders), columns, rows)
    if found.correlations:
        pairs = ", ".join(f"{pair} {value:g}" for pair, value in found.correlations.items())
        say(text("sensitivity.correlated_pairs", pairs=pairs))
        say()


def _rent_index(found: Sensitivity) -> str:
    index = found.rent_index
    assert index is not None
    quotes = ", ".join(
        text(
            "sensitivity.quote" if quote.drawn else "sensitivity.quote_outside",
            series=quote.series,
            month=quote.month,
            price=f"{quote.usd_per_hour:.2f}",
        )
        for quote in index.quotes
    )
    return text(
        "sensitivity.rent_index", factor=index.factor, low=f"{index.low:.2f}", high=f"{index.high:.2f}", quotes=quotes
    )
