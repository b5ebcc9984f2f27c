"""`deflator discover`: which futures bring an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.discover import Discovery, Region, Restriction
    from deflator.analysis.probability import Probability
    from deflator.analysis.replay import Setting
    from deflator.ensemble import Run

_PATHS, _PATHS_QUICK = 16_000, 800
_DRAWS, _DRAWS_QUICK = "8000", "400"
_BOXES = 2


def discover(
    when: Annotated[str, typer.Option("--when", metavar="EVENT", help=text("discover.when"))],
    kept: Annotated[str | None, typer.Option("--run", metavar="RUN", help=text("discover.run"))] = None,
    book: asking.BookOrOfRun = None,
    scenario: asking.ScenarioOrOfRun = None,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, typer.Option(metavar="N", help=text("asking.ignorance"))] = None,
    seed: asking.Seed = defaults.SEED,
    boxes: Annotated[int, typer.Option(min=1, max=5, help=text("discover.boxes"))] = _BOXES,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Look for boxes and a tree; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.discover import discover

        check_figure(figure)
        run: Run | None = None
        if kept is None:
            draws = ignorance or (_DRAWS_QUICK if quick else _DRAWS)
            setting = asking.setting_of(
                book or defaults.BOOK, scenario or defaults.SCENARIO, settings,
                paths or (_PATHS_QUICK if quick else _PATHS), draws, seed,
            )  # fmt: skip
        else:
            run, setting = _kept(kept, book, scenario, settings, paths is not None or ignorance is not None)
        with showing_progress(setting.question.scenario.name) as progress:
            found = discover(setting, when, run, boxes, progress)
        if figure:
            from deflator.report.discover import draw_discovery

            draw_discovery(found, figure, setting.question.book)
        if json:
            emit_json({**asking.asked(setting), "run": kept, "answer": found})
        else:
            _print(setting, found)


def _kept(
    name: str, book: str | None, scenario: str | None, settings: list[str] | None, sized: bool
) -> tuple[Run, Setting]:
    """Open a kept run and draw its figures again."""
    from deflator.analysis.again import asked_again
    from deflator.analysis.replay import prepare
    from deflator.ensemble import Run, find_run

    if sized:
        message = "a run that is kept has its own paths and draws"
        raise RunError([Fault("", 0, "--run", message, "leave out --paths and --ignorance, or --run")])
    run = Run.open(find_run(name))
    return run, prepare(asked_again(run, book, scenario, settings or []))


def _print(setting: Setting, found: Discovery) -> None:
    from deflator.analysis.words import per_cent

    question = setting.question
    say(text("discover.heading", target=found.target, book=question.book.name, scenario=question.scenario.name,
             paths=f"{found.paths:,}", draws=f"{found.draws:,}", unknown=f"{found.unknown:,}",
             seed=question.seed))  # fmt: skip
    likely = per_cent(found.probability.value, found.probability.mc_error)
    say(text("discover.base", value=likely, figures=found.figures))
    say()
    if not found.boxes:
        say(text("discover.nothing"))
        say()
    for number, region in enumerate(found.boxes, 1):
        say(text("discover.box", number=number, target=found.target, density=per_cent(region.found.density),
                 conditions=_where(region, setting)))  # fmt: skip
        if region.probability:
            say("  " + _held_out(region, region.probability))
        say()
        columns: list[Column] = [text("discover.column_restriction")]
        columns += [(text(f"discover.column_{name}"), "right") for name in ("quasi_p", "held_out")]
        rows = [
            [_condition(one, setting), _chance(one.quasi_p), _chance(one.held_out_quasi_p)]
            for one in region.restrictions
        ]
        table("", columns, rows)
    if found.leaves:
        _print_tree(setting, found)
    say(text("discover.legend").strip())
    say(text("common.disclaimer"))


def _held_out(region: Region, likely: Probability) -> str:
    """Return what the draws that were not looked at say of a box."""
    from deflator.analysis.words import per_cent, per_cent_range

    return text(
        "discover.held_out",
        density=per_cent(likely.value),
        error=f"{100.0 * likely.mc_error:.0f}",
        range=per_cent_range(likely.low, likely.high),
        coverage=per_cent(region.held_out.coverage),
        mass=per_cent(region.held_out.mass),
    )


def _print_tree(setting: Setting, found: Discovery) -> None:
    from deflator.analysis.words import per_cent

    columns: list[Column] = [
        (text(f"discover.column_{name}"), "right") for name in ("density", "density_held_out", "mass")
    ]
    columns.append(text("discover.column_where"))
    rows = [
        [
            per_cent(leaf.found.density),
            per_cent(leaf.held_out.density),
            per_cent(leaf.found.mass),
            _where(leaf, setting),
        ]
        for leaf in found.leaves
    ]
    table(text("discover.title_tree"), columns, rows)


def _where(region: Region, setting: Setting) -> str:
    told = [_condition(one, setting) for one in region.restrictions]
    return text("discover.and").join(told) or text("discover.everything")


def _chance(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _condition(one: Restriction, setting: Setting) -> str:
    from deflator.report.discover import condition_of

    return condition_of(one, setting.question.book)
