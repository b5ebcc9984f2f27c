"""`deflator rare`: how likely a break is that is too rare to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli.asking import (
    IGNORANCE,
    Book,
    Ignorance,
    Json,
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
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.rare import Rare
    from deflator.analysis.replay import Setting

_PATHS, _QUICK_PATHS = 500, 128
_REPLICATIONS, _QUICK_REPLICATIONS = 8, 4


def rare(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help=text("rare.entity"))],
    by: Annotated[str | None, typer.Option(metavar="MONTH", help=text("rare.by"))] = None,
    replications: Annotated[int | None, typer.Option(help=text("rare.replications"))] = None,
    book: Book = defaults.BOOK,
    scenario: Scenario = defaults.SCENARIO,
    settings: Settings = None,
    paths: Annotated[int | None, typer.Option(help=text("rare.paths"))] = None,
    ignorance: Ignorance = IGNORANCE,
    seed: Seed = defaults.SEED,
    quick: Quick = False,
    figure: Picture = None,
    json: Json = False,
) -> None:
    """Split paths on their way to a break; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.rare import rare as split

        check_figure(figure)
        paths = paths or (_QUICK_PATHS if quick else _PATHS)
        setting = setting_of(book, scenario, settings, paths, ignorance, seed)
        position, last = _asked(entity, by, setting)
        times = replications or (_QUICK_REPLICATIONS if quick else _REPLICATIONS)
        with showing_progress(setting.question.scenario.name) as progress:
            found = split(setting, position, last, times, progress)
        if figure:
            from deflator.report.rare import draw_rare

            draw_rare(found, setting.economy.draws, figure)
        if json:
            emit_json(asked(setting) | {"rare": found, "times_cheaper": found.times_cheaper})
        else:
            _print(found, setting)


def _asked(typed: str, by: str | None, setting: Setting) -> tuple[int, int]:
    """Return the position of the entity and the last month, from an id or from `break:ENTITY [by MONTH]`."""
    from deflator.analysis.replay import month_asked, position_of
    from deflator.analysis.target import parse_target

    economy = setting.economy
    words = f"{typed} by {by}" if by and ":" in typed else typed
    if ":" not in words:
        position = position_of(economy, words)
        return position, month_asked(by, setting, "--by") if by else economy.months
    target = parse_target(words, setting, "ENTITY")
    if target.kind != "break" or target.sign or target.subject not in economy.entities:
        message = f"splitting follows one entity to its break, and {words!r} asks for something else"
        hint = "write break:ENTITY, or ask `deflator reverse` or `deflator discover`"
        raise RunError([Fault("", 0, "ENTITY", message, hint)])
    return economy.entities.index(target.subject), target.by


def _print(found: Rare, setting: Setting) -> None:
    from deflator.analysis.words import UNKNOWN, per_cent, significant

    question, probability, plain = setting.question, found.probability, found.plain
    say(
        text(
            "rare.heading",
            name=found.name,
            by=found.by,
            book=question.book.name,
            scenario=question.scenario.name,
        )
    )
    low, high = probability.low, probability.high
    known = low is not None and high is not None
    say(
        text(
            "rare.probability",
            value=significant(probability.value),
            error=significant(probability.mc_error, 1),
            one_in=significant(1.0 / probability.value),
            range=f"{significant(low)}–{significant(high)}" if known else UNKNOWN,
        )
    )
    say(
        text(
            "rare.relative",
            relative=per_cent(found.relative_error),
            replications=len(found.estimates),
            particles=found.particles,
        )
    )
    say(text("rare.draws", hit=found.draws_hit, draws=setting.economy.draws))
    say()
    columns: list[Column] = [(text(f"rare.column_{name}"), "right") for name in ("level", "share", "probability")]
    rows = [
        [f"{level:.3f}", per_cent(share), significant(so_far)] for level, share, so_far in found.to_frame().iter_rows()
    ]
    table(text("rare.title_levels"), columns, rows)
    seen = f"{significant(plain.value)} ± {significant(plain.error, 1)}" if plain.breaks else text("rare.never")
    say(
        text(
            "rare.plain",
            breaks=plain.breaks,
            paths=f"{plain.paths:,}",
            value=seen,
            relative=f"{100.0 * plain.relative_error:.0f} %",
        )
    )
    if found.times_cheaper >= 1.0:
        say(text("rare.cheaper", times=significant(found.times_cheaper)))
    else:
        say(text("rare.dearer", times=per_cent(found.times_cheaper)))
    if found.disagree:
        say(text("rare.disagree"))
    say()
    say(text("rare.legend").strip())
    say(text("common.disclaimer"))
