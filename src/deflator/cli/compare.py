"""`deflator compare`: what two runs were given differently, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.compare import Comparison, Difference
    from deflator.book import Book
    from deflator.ensemble import Run

_MOST_INPUTS, _MOST_ROWS = 30, 12
_TWO = 2


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN", help=text("compare.run"))],
    books: Annotated[list[str] | None, typer.Option("--book", metavar="BOOK", help=text("compare.book"))] = None,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Open two runs and compare them; the help text is in the catalogue."""
    with reporting(json):
        check_figure(figure)
        opened, known = _opened(runs, books or [])
        from deflator.analysis.compare import compare

        compared = compare(opened[0], opened[1], known)
        if figure:
            from deflator.report.compare import draw_comparison

            draw_comparison(compared, figure)
        if json:
            emit_json(_document(compared))
        else:
            _print(compared)
        if figure:
            note(text("asking.drawn", file=figure))


def _opened(runs: Sequence[str], books: Sequence[str]) -> tuple[list[Run], list[Book]]:
    """Open the runs and books, or tell all that is wrong with them."""
    from deflator.book import load_book
    from deflator.ensemble import Run, find_run

    faults: list[Fault] = []
    opened: list[Run] = []
    known: list[Book] = []
    if len(runs) != _TWO:
        hint = text("compare.two_runs_hint")
        faults.append(Fault("", 0, "RUN", text("compare.two_runs", count=len(runs)), hint))
    for name in runs:
        try:
            opened.append(Run.open(find_run(name)))
        except DeflatorError as error:
            faults += error.faults
    for name in books:
        try:
            known.append(load_book(name))
        except DeflatorError as error:
            faults += error.faults
    if faults:
        raise RunError(faults)
    return opened, known


def _document(compared: Comparison) -> dict[str, Any]:
    runs = {"first": compared.first, "second": compared.second}
    return {
        "runs": {
            name: {
                field: getattr(run.manifest, field) for field in ("run", "book", "scenario", "seed", "paths", "draws")
            }
            for name, run in runs.items()
        },
        "as_of": compared.first.manifest.as_of,
        "months": compared.first.manifest.months,
        "paths": compared.paths,
        "paired": not compared.unpaired,
        "unpaired_because_of": compared.unpaired,
        "inputs": compared.inputs,
        "inputs_unseen": compared.unseen,
        "levels": compared.levels_frame().to_dicts(),
        "changes": compared.to_frame().to_dicts(),
        "disclaimer": text("common.disclaimer"),
    }


def _print(compared: Comparison) -> None:
    one, other = compared.first.manifest, compared.second.manifest
    say(text("compare.heading", first=one.run, first_scenario=one.scenario["name"], first_book=one.book["name"]))
    named = {"second": other.run, "second_scenario": other.scenario["name"], "second_book": other.book["name"]}
    say(text("compare.heading_second", **named))
    if compared.unpaired:
        say(text("compare.unpaired", names=", ".join(compared.unpaired)))
    else:
        say(text("compare.paired", paths=f"{compared.paths:,}", seed=one.seed, draws=f"{one.draws:,}"))
    say()
    _print_inputs(compared)
    for measure in ("breaks", "first", "loss"):
        _print_differences(compared, measure)
    say(text("compare.legend").strip())
    say(text("common.disclaimer"))


def _print_inputs(compared: Comparison) -> None:
    from deflator.analysis.words import UNKNOWN

    headings: list[Column] = [
        text(f"compare.column_{name}") for name in ("section", "item", "field", "first", "second")
    ]
    rows = [
        [
            text(f"compare.section_{change.section}"), change.item, change.field,
            change.first or UNKNOWN, change.second or UNKNOWN,
        ]
        for change in compared.inputs[:_MOST_INPUTS]
    ]  # fmt: skip
    if rows:
        table(text("compare.title_inputs"), headings, rows)
    if (left := len(compared.inputs) - _MOST_INPUTS) > 0:
        say(text("compare.more_inputs", count=left))
    told = {
        "scenario": text("compare.unseen_scenario"),
        "book": text("compare.unseen_book"),
        "order of rows": text("compare.unseen_order"),
    }
    for what in compared.unseen:
        say(told[what])
    if not compared.inputs and not compared.unseen:
        say(text("compare.same_inputs"))
    if left > 0 or compared.unseen or not compared.inputs:
        say()


def _print_differences(compared: Comparison, measure: str) -> None:
    """Print levels and changes of one measure, each in columns of their own."""
    from deflator.report.compare import largest

    rows = largest(compared, measure)
    if not rows:
        return
    share = measure != "loss"
    columns: list[Column] = [text("compare.column_name")]
    change = "change_points" if share else "change"
    columns += [(text(f"compare.column_{name}"), "right") for name in ("first", "second", change, "error", "range")]
    table(text(f"compare.title_{measure}"), columns, [_row(one, share) for one in rows[:_MOST_ROWS]])
    if len(rows) > _MOST_ROWS:
        say(text("compare.left_out", count=len(rows) - _MOST_ROWS))
        say()


def _row(one: Difference, share: bool) -> list[str]:
    from deflator.analysis.words import UNKNOWN, per_cent, supported

    scale = 100.0 if share else 1.0
    levels = [
        per_cent(level.value, level.mc_error) if share else supported(level.value, level.mc_error)
        for level in (one.first, one.second)
    ]
    error = scale * one.change.mc_error
    ends = (one.change.low, one.change.high)
    span = UNKNOWN
    if None not in ends:
        span = " – ".join(supported(scale * end, error, signed=True) for end in ends if end is not None)
    name = one.label or text("compare.all_holders" if one.group == "holder" else f"compare.none_{one.group}")
    return [name, *levels, supported(scale * one.change.value, error, signed=True), supported(error, error), span]
