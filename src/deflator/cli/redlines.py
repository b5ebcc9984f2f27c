"""`deflator redlines`: the rent below which firms, covenants and layers break."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.redlines import RedLine, RedLines

#: Paths, draws and rents of an answer, and of one that is quick.
_USUAL, _QUICK = (1_600, 320, 32), (128, 32, 11)
_KINDS = ("entity", "liquidity", "covenant", "layer")


def redlines(
    entity: Annotated[str | None, typer.Argument(metavar="ENTITY", help=text("redlines.entity"))] = None,
    pinned_from: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help=text("redlines.from"))] = None,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, typer.Option(metavar="N|off", help=text("redlines.ignorance"))] = None,
    rents: Annotated[int | None, typer.Option(help=text("redlines.rents"))] = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Search red lines on a grid of pinned rents; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.redlines import red_lines
        from deflator.analysis.replay import position_of
        from deflator.report.redlines import draw_red_lines

        check_figure(figure)
        sizes = _QUICK if quick else _USUAL
        setting = asking.setting_of(book, scenario, settings, paths or sizes[0], ignorance or str(sizes[1]), seed)
        if entity:
            position_of(setting.economy, entity)  # refuse before anything is simulated
        with showing_progress(setting.question.scenario.name) as progress:
            found = red_lines(setting, pinned_from, rents or sizes[2], progress)
        if entity:
            found = found.of(entity)
        if figure:
            draw_red_lines(found, figure)
        if json:
            emit_json(_document(found))
        else:
            _print(found, entity)


def _document(found: RedLines) -> dict[str, Any]:
    return asking.asked(found.setting) | {
        "pinned_from": found.pinned_from,
        "spot_usd_per_hour": found.spot_usd_per_hour,
        "rents_tried": found.rents,
        "lines": found.to_frame().to_dicts(),
        "costs": found.costs,
    }


def _print(found: RedLines, entity: str | None) -> None:
    from deflator.analysis.redlines import HORIZONS

    question = found.setting.question
    say(text("redlines.heading", book=question.book.name, scenario=question.scenario.name,
             paths=f"{question.paths_used:,}", draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say(text("redlines.pinned", month=found.pinned_from, spot=f"{found.spot_usd_per_hour:.2f}",
             equipment=question.book.reference_equipment, rents=len(found.rents), low=f"{found.rents[0]:.2f}",
             high=f"{found.rents[-1]:.2f}"))  # fmt: skip
    say()
    by_thing: dict[tuple[str, str], list[RedLine]] = {}
    for line in found.lines:
        by_thing.setdefault((line.thing.kind, line.thing.label), []).append(line)
    columns: list[Column] = [""]
    for months in HORIZONS:
        columns += [(text("redlines.column_rent", months=months), "right"), (text("redlines.column_range"), "right"),
                    (text("redlines.column_headroom"), "right")]  # fmt: skip
    for kind in _KINDS:
        # The liquidity of all firms together says little; it stands in the answer about one, and in the JSON.
        things = [lines for (of, _), lines in by_thing.items() if of == kind and (entity or kind != "liquidity")]
        if things:
            rows = [_cells(lines, found.rents) for lines in sorted(things, key=_order)]
            table(text(f"redlines.title_{kind}"), columns, rows)
    if entity:
        _print_costs(found)
    say(text("redlines.legend").strip())
    say(text("common.disclaimer"))


def _order(lines: Sequence[RedLine]) -> tuple[bool, float]:
    """Put the thing with the least headroom first, and those without a red line last."""
    rooms = [line.headroom_usd_per_hour for line in lines if line.headroom_usd_per_hour is not None]
    return not rooms, min(rooms, default=0.0)


def _cells(lines: Sequence[RedLine], rents: Sequence[float]) -> list[str]:
    cells = [lines[0].thing.label]
    for line in sorted(lines, key=lambda line: line.months):
        cells += _solved(line, rents) if line.status == "solved" else _unsolved(line)
    return cells


def _solved(line: RedLine, rents: Sequence[float]) -> list[str]:
    found, room, share = line.crossing, line.headroom_usd_per_hour, line.headroom_share
    if found is None or room is None or share is None:
        return ["", "", ""]
    mark = "" if found.monotone else "*"
    between = ""
    if found.range:
        low, high = found.range
        between = f"{'<' if low <= rents[0] else ''}{low:.2f}–{'>' if high >= rents[-1] else ''}{high:.2f}"
    return [f"{mark}{found.root:.2f} ±{found.error:.2f}", between, f"{room:+.2f} ({100.0 * share:+.0f} %)"]


def _unsolved(line: RedLine) -> list[str]:
    from deflator.analysis.words import per_cent

    found = line.crossing
    short = text(f"redlines.short_{line.status}")
    if found is None or line.status == "gone":
        return [short, "", ""]
    where = ", ".join(f"{low:.2f}–{high:.2f}" for low, high in found.bands) if line.status in ("bands", "rises") else ""
    return [short, f"{per_cent(found.ends[0])} → {per_cent(found.ends[1])}", where]


def _print_costs(found: RedLines) -> None:
    columns: list[Column] = ["", (text("redlines.column_reference_rent"), "right"), ("5–95 %", "right")]
    rows = [
        [text(f"redlines.cost_{cost.figure}"), f"{cost.rent_usd_per_hour:.2f}", f"{cost.low:.2f}–{cost.high:.2f}"]
        for cost in found.costs
    ]
    if rows:
        table(text("redlines.title_costs"), columns, rows)
