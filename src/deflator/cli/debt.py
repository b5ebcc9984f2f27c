"""`deflator debt`: the maturity wall, what becomes of it, and the tests that are most often failed."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.debt import Debt, Room

_FULL, _QUICK = (2_000, "250"), (256, "32")
_ROOMS = 12
_YEAR = 12
_BECOMES = ("due", "refinanced", "extended", "converted", "called", "refinanced_early", "written_off")


def debt(
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: asking.Ignorance = asking.IGNORANCE,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    json: asking.Json = False,
) -> None:
    """Follow all debt month by month; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.debt import debt_outlook

        setting = asking.sized_setting(book, scenario, settings, paths, ignorance, seed, quick, _FULL, _QUICK)
        with showing_progress(setting.question.scenario.name) as progress:
            found = debt_outlook(setting, progress=progress)
        if json:
            emit_json(_document(found))
        else:
            _print(found)


def _document(found: Debt) -> dict[str, Any]:
    return asking.asked(found.setting) | {
        "paths_counted": found.paths,
        "wall": found.wall.to_frame().to_dicts(),
        "flows": found.to_frame().to_dicts(),
        "headroom": found.headroom_frame().to_dicts(),
    }


def _print(found: Debt) -> None:
    from deflator.analysis.words import significant
    from deflator.book.months import month_at

    question, months = found.setting.question, found.wall.months
    as_of, labels = question.book.as_of, found.setting.labels
    say(text("debt.heading", book=question.book.name, scenario=question.scenario.name, paths=f"{found.paths:,}",
             draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say()
    spans = [(first, min(first + _YEAR - 1, months)) for first in range(1, months + 1, _YEAR)]
    heads: list[Column] = [(f"{month_at(first, as_of)}\n{month_at(last, as_of)}", "right") for first, last in spans]

    def sums(values: Any) -> list[str]:
        return [significant(float(sum(values[first : last + 1])), 3) for first, last in spans]

    wall = found.wall.by_holder()
    rows = [[labels[name], *sums(due), significant(float(due[-1]), 3)] for name, due in wall.items()]
    whole = [float(sum(values)) for values in zip(*wall.values(), strict=True)]
    rows.append([text("debt.all"), *sums(whole), significant(float(whole[-1]), 3)] if wall else [text("debt.all")])
    table(text("debt.title_wall"), [text("debt.column_holder"), *heads, (text("debt.column_later"), "right")], rows)
    flows = {name: [one.value for one in found.flows[name]] for name in _BECOMES}
    table(
        text("debt.title_becomes"),
        [text("debt.column_flow"), *heads],
        [[text(f"report.column.{name}"), *sums(values)] for name, values in flows.items()],
    )
    _print_rooms(found, as_of)
    say(text("debt.legend").strip())
    say(text("common.disclaimer"))


def _print_rooms(found: Debt, as_of: str) -> None:
    """Print the tests that are most often failed, each in its worst month."""
    from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range, significant
    from deflator.book.months import month_at

    def worst(room: Room) -> int:
        return max(range(len(room.short)), key=lambda month: (room.short[month].value, -month))

    rooms = sorted((*found.covenants, *found.firms), key=lambda room: (-room.short[worst(room)].value, room.name))
    rows = []
    for room in rooms[:_ROOMS]:
        month = worst(room)
        odds, middle = room.short[month], float(room.median[month])
        rows.append(
            [
                found.setting.labels[room.entity], text(f"terms.test.{room.test}"), room.facility or UNKNOWN,
                month_at(month, as_of), _signed(middle, significant), per_cent(odds.value, odds.mc_error),
                per_cent_range(odds.low, odds.high), f"{100.0 * odds.mc_error:.1f} %",
            ]
        )  # fmt: skip
    columns: list[Column] = [text(f"debt.column_{name}") for name in ("entity", "test", "facility", "worst")]
    columns += [(text(f"debt.column_{name}"), "right") for name in ("median", "short", "range", "error")]
    table(text("debt.title_rooms"), columns, rows)


def _signed(value: float, write: Any) -> str:
    if isnan(value):
        return "–"
    return f"-{write(-value)}" if value < 0 else str(write(value))
