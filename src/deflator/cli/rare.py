"""`deflator rare`: how likely a break is that is too rare to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli.asking import IGNORANCE, Book, Ignorance, Json, Picture, Quick, Scenario, Seed, Settings, asked
from deflator.cli.asking import setting_of as setting_of_options
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
        from deflator.analysis.replay import position_of
        from deflator.report.picture import check_picture

        if figure:
            check_picture(figure)
        paths = paths or (_QUICK_PATHS if quick else _PATHS)
        setting = setting_of_options(book, scenario, settings, paths, ignorance, seed)
        position = position_of(setting.economy, entity)
        last = _month(by, setting)
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


def _month(typed: str | None, setting: Setting) -> int:
    from deflator.book.months import is_month, month_index

    if typed is None:
        return setting.economy.months
    if not is_month(typed):
        raise RunError([Fault("", 0, "--by", f"{typed!r} is not a month", "write it as 2027-06")])
    return month_index(typed, setting.question.book.as_of)


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
