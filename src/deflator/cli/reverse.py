"""`deflator reverse`: the most plausible moves that make a target true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli.asking import (
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
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.reverse import Reverse, Solution

_PATHS, _QUICK_PATHS = 128, 32
#: Several paths for each draw, so that the range over draws can be told from chance.
_DRAWS, _QUICK_DRAWS = "32", "16"
_SHOWN = 8


def reverse(
    target: Annotated[str, typer.Option(metavar="TARGET", help=text("reverse.target"))],
    probability: Annotated[float, typer.Option(help=text("reverse.probability"))] = 0.5,
    among: Annotated[list[str] | None, typer.Option(metavar="NAME", help=text("reverse.among"))] = None,
    correlation: Annotated[list[str] | None, typer.Option(metavar="A,B=R", help=text("reverse.correlation"))] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="MONTH", help=text("reverse.from"))] = None,
    solutions: Annotated[int, typer.Option(min=1, help=text("reverse.solutions"))] = 2,
    lines: Annotated[bool, typer.Option("--lines", help=text("reverse.lines"))] = False,
    book: Book = defaults.BOOK,
    scenario: Scenario = defaults.SCENARIO,
    settings: Settings = None,
    paths: Paths = None,
    ignorance: Ignorance = _DRAWS,
    seed: Seed = defaults.SEED,
    quick: Quick = False,
    figure: Picture = None,
    json: Json = False,
) -> None:
    """Search for the most plausible moves; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.margin import stress_target
        from deflator.analysis.moves import DRIVERS
        from deflator.analysis.replay import month_asked
        from deflator.analysis.reverse import ROUNDS, fewest_paths
        from deflator.analysis.reverse import reverse as search

        check_figure(figure)
        # A quick search takes one block of paths, unless a small probability needs more.
        least = fewest_paths(probability) if quick and 0.0 < probability < 1.0 else 0
        paths = paths or (max(_QUICK_PATHS, least) if quick else _PATHS)
        draws = _QUICK_DRAWS if quick and ignorance == _DRAWS else ignorance
        setting = setting_of(book, scenario, settings, paths, draws, seed)
        aim = stress_target(target, setting, "--target")
        pairs = _correlations(correlation or [])
        first = month_asked(start, setting, "--from") if start else 1
        chosen = among or ([DRIVERS] if quick else [])
        with showing_progress(setting.question.scenario.name) as progress:
            most, rounds = (1, 0) if quick else (solutions, ROUNDS)
            found = search(setting, aim, probability, chosen, pairs, first, most, rounds, lines, progress)
        if figure:
            from deflator.report.reverse import draw_reverse

            draw_reverse(found, figure)
        if json:
            emit_json(asked(setting) | {"reverse": found})
        else:
            _print(found)


def _correlations(typed: list[str]) -> dict[tuple[str, str], float]:
    """Return correlations by pairs of names."""
    pairs: dict[tuple[str, str], float] = {}
    faults = []
    for one in typed:
        names, _, number = one.partition("=")
        first, _, second = (part.strip() for part in names.partition(","))
        try:
            pairs[first, second] = float(number)
        except ValueError:
            faults.append(Fault("", 0, "--correlation", f"{one!r} is not a correlation", "write rent,demand=0.3"))
    if faults:
        raise RunError(faults)
    return pairs


def _print(found: Reverse) -> None:
    from deflator.analysis.words import per_cent, per_cent_range, significant

    at = found.at_medians
    say(text("reverse.heading", target=found.target, asked=f"{found.asked:g}"))
    say(text("reverse.at_medians", share=per_cent(at.value, at.mc_error), range=per_cent_range(at.low, at.high)))
    say(
        text(
            "reverse.searched",
            dimensions=found.dimensions,
            searched=len(found.searched),
            left_out=per_cent(found.left_out),
        )
    )
    say()
    for number, one in enumerate(found.solutions, 1):
        _print_solution(number, one)
    if found.by_lines:
        seen, plane = found.by_lines, found.solutions[0].tail_beyond_plane
        say(text("reverse.by_lines", lines=seen.lines, value=significant(seen.value), error=significant(seen.error, 1),
                 plane=significant(plane)))  # fmt: skip
        say()
    legend = text("reverse.legend", start=found.start, trials=found.trials, paths=found.paths)
    say(legend.strip())
    say(text("common.disclaimer"))


def _print_solution(number: int, one: Solution) -> None:
    from deflator.analysis.words import per_cent, per_cent_range, significant

    outcome = text(f"reverse.outcome_{one.outcome}")
    reason = text(f"reverse.reason_{one.reason}")
    title = text(
        "reverse.title_solution",
        number=number,
        distance=f"{one.distance:.1f}",
        plane=significant(one.tail_beyond_plane),
        any=significant(one.tail_of_distance),
        outcome=f"{outcome}: {reason}",
    )
    columns: list[Column] = [
        text("reverse.column_move"),
        *((text(f"reverse.column_{name}"), "right") for name in ("median", "number")),
        text("reverse.column_unit"),
        *((text(f"reverse.column_{name}"), "right") for name in ("score", "share")),
        text("reverse.column_source"),
    ]
    rows = [
        [
            move.name,
            f"{move.median:.3g}",
            f"{move.number:.3g}",
            move.unit,
            f"{move.score:+.1f}",
            per_cent(max(move.share, 0.0)),
            move.source,
        ]
        for move in one.moves[:_SHOWN]
    ]
    table(title, columns, rows)
    rest = one.moves[_SHOWN:]
    if rest:
        say(text("reverse.more", count=len(rest), share=per_cent(max(sum(move.share for move in rest), 0.0))))
    checked = one.checked
    say(
        text(
            "reverse.checked",
            reached=per_cent(one.reached),
            checked=per_cent(checked.value, checked.mc_error),
            error=f"{100.0 * checked.mc_error:.0f} %",
            range=per_cent_range(checked.low, checked.high),
        )
    )
    say()
