"""`deflator economics`: what a unit costs and earns an hour, by owner and hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.economics import UnitCost
    from deflator.analysis.replay import Setting

_MONTHS_BETWEEN = 12
_MOST_OWNERS = 20
_COLUMNS = ("units", "avoidable", "cash", "full", "contract", "spot", "free_entry", "meter", "contract_margin")


def economics(
    entity: Annotated[str | None, typer.Argument(metavar="ENTITY", help=text("economics.entity"))] = None,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: Annotated[int | None, typer.Option(help=text("economics.paths"))] = None,
    seed: asking.Seed = defaults.SEED,
    json: asking.Json = False,
) -> None:
    """Follow unit costs on the central path, or on many; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.economics import EVERYBODY, unit_economics

        if paths is None:
            setting = asking.setting_of(book, scenario, settings, paths=1, ignorance="off", seed=seed, chance=False)
        else:
            setting = asking.setting_of(book, scenario, settings, paths, seed=seed)
        months = sorted({*range(0, setting.economy.months + 1, _MONTHS_BETWEEN), setting.economy.months})
        with showing_progress(setting.question.scenario.name) as progress:
            rows = unit_economics(setting, months, progress)
        if entity:
            owners = list(dict.fromkeys(row.owner for row in rows if row.owner != EVERYBODY))
            if entity not in owners:
                message = text("economics.no_units", entity=entity)
                hint = text("economics.no_units_hint", owners=", ".join(owners))
                raise RunError([Fault("", 0, "ENTITY", message, hint)])
            rows = [row for row in rows if row.owner == entity]
        if json:
            emit_json(_document(setting, rows))
        else:
            _print(setting, rows, entity)


def _document(setting: Setting, rows: Sequence[UnitCost]) -> dict[str, Any]:
    return asking.asked(setting) | {
        "unit": "USD per unit-hour",
        "rows": rows,
    }


def _print(setting: Setting, rows: Sequence[UnitCost], entity: str | None) -> None:
    from deflator.analysis.economics import EVERYBODY

    question = setting.question
    named: dict[str, Any] = {"book": question.book.name, "scenario": question.scenario.name}
    if question.paths_used == 1:
        say(text("economics.heading_central", **named))
    else:
        say(text("economics.heading_paths", **named, paths=f"{question.paths_used:,}", seed=question.seed))
    say()
    start = sorted((row for row in rows if row.month == 0), key=lambda row: -(row.figures["units"] or 0.0))
    date = question.book.as_of
    if entity:
        _print_costs(text("economics.title_entity", name=setting.labels[entity], date=date), start, ("equipment",))
    else:
        whole = [row for row in start if row.owner == EVERYBODY]
        owners = [row for row in start if row.owner != EVERYBODY]
        _print_costs(text("economics.title_all", date=date), whole, ("equipment",))
        medians = [replace(row, ranges={}) for row in owners[:_MOST_OWNERS]]  # there is no room for ranges
        _print_costs(text("economics.title_owners", date=date), medians, ("owner", "equipment"))
        if len(owners) > _MOST_OWNERS:
            say(text("economics.left_out", count=len(owners) - _MOST_OWNERS))
            say()
    over_time = [row for row in rows if row.owner == (entity or EVERYBODY)]
    for figure in ("meter", "free_entry"):
        _print_over_time(text(f"economics.title_{figure}"), over_time, figure, date)
    say(text("economics.legend").strip())
    say(text("common.disclaimer"))


def _print_costs(title: str, rows: Sequence[UnitCost], names: Sequence[str]) -> None:
    # Ranges take the room of the last column.
    figures = _COLUMNS[:-1] if any(row.ranges for row in rows) else _COLUMNS
    columns: list[Column] = [text(f"economics.column_{name}") for name in names]
    columns += [(text(f"economics.column_{name}"), "right") for name in figures]
    cells = [[*(getattr(row, name) for name in names), *(_cell(row, name) for name in figures)] for row in rows]
    table(title, columns, cells)


def _cell(row: UnitCost, name: str) -> str:
    """Return a figure, and under it its range where there is one."""
    from deflator.analysis.words import UNKNOWN, significant

    def written(value: float) -> str:
        return significant(value, 3) if name == "units" else f"{value:.2f}"

    value = row.figures[name]
    if value is None:
        return UNKNOWN
    if name == "units" or name not in row.ranges:
        return written(value)
    return written(value) + "\n" + " ".join(written(end) for end in row.ranges[name])


def _print_over_time(title: str, rows: Sequence[UnitCost], figure: str, as_of: str) -> None:
    """Print one figure of each hardware, month by month."""
    from deflator.analysis.words import UNKNOWN
    from deflator.book.months import month_at

    months = sorted({row.month for row in rows})
    known = {(row.equipment, row.month): row for row in rows}
    kinds = dict.fromkeys(row.equipment for row in rows)
    cells = [
        [kind, *(_cell(known[kind, month], figure) if (kind, month) in known else UNKNOWN for month in months)]
        for kind in kinds
    ]
    told = [line for line in cells if set(line[1:]) != {UNKNOWN}]
    columns: list[Column] = [text("economics.column_equipment")]
    table(title, columns + [(month_at(month, as_of), "right") for month in months], told)
