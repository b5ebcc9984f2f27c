"""Who breaks first, as tables: how often, then when and why; several scenarios stand side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deflator.analysis import Result
from deflator.analysis.breaks import SELDOM
from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range
from deflator.book.months import month_at
from deflator.cli.output import Column, say, table
from deflator.engine.codes import Cause, Trigger
from deflator.messages import text

Row = dict[str, Any]

RANKINGS = ("layers", "entities", "cohorts")
_MOST_ROWS = 10
#: Columns of several scenarios side by side; one scenario alone has room for more.
_ODDS = ("p_first", "p_first_range", "p_break", "p_break_range")
_ODDS_MORE = ("with_soft", "share_assumed")
_REASONS = ("median_month", "trigger")
_REASONS_MORE = ("cause",)
_WORDS = {"trigger", "cause"}


def print_rankings(results: Mapping[str, Result]) -> None:
    """Print every ranking of some runs, by the name of their scenario."""
    alone = len(results) == 1
    one_path = all(result.raw.manifest.paths == 1 for result in results.values())
    if one_path:
        say(text("run.one_path"))
        say()
    for ranking in RANKINGS:
        by_scenario = {
            scenario: {row["name"]: row for row in getattr(result, ranking)().to_dicts()}
            for scenario, result in results.items()
        }
        rows, left_out = _often(by_scenario, soft=alone and not one_path)
        if not rows:
            continue
        as_of = next(iter(results.values())).raw.manifest.as_of
        odds, reasons = (_ODDS + _ODDS_MORE, _REASONS + _REASONS_MORE) if alone else (_ODDS, _REASONS)
        if not one_path:
            _print(text(f"run.title_{ranking}"), rows, by_scenario, odds, as_of)
        if outcomes := [row for row in rows if row["label"]]:
            _print(text(f"run.title_why_{ranking}"), outcomes, by_scenario, reasons, as_of)
        elif one_path:
            say(text(f"run.nothing_{ranking}"))
            say()
        if left_out and not one_path:
            say(text("run.left_out", count=left_out))
            say()
        if ranking == "layers":
            _print_yardsticks(results, one_path)


def _print_yardsticks(results: Mapping[str, Result], one_path: bool) -> None:
    """Print how often and when layers cross measures of their own."""
    headings: list[Column] = [text("run.column_measure")]
    cells: dict[str, list[str]] = {}
    for scenario, result in results.items():
        before = f"{scenario}\n" if len(results) > 1 else ""
        shown = ("median_month",) if one_path else ("crossed", "p_break_range", "median_month")
        headings += [(before + text(f"run.column_{column}"), "right") for column in shown]
        for row in result.yardsticks().to_dicts():
            month = _CELLS["median_month"](row, result.raw.manifest.as_of)
            odds = [per_cent(row["p_crossed"], row["mc_error"]), per_cent_range(row["low"], row["high"])]
            own = cells.setdefault(row["layer"], [text(f"run.yardstick_{row['layer']}")])
            own += [month] if one_path else [*odds, month]
    if cells:
        table(text("run.title_yardsticks"), headings, cells.values())


def _often(by_scenario: Mapping[str, Mapping[str, Row]], soft: bool) -> tuple[list[Row], int]:
    """Return the outcomes that happen often in any scenario, soft breaks counted or not, and how many others.

    The most frequent of the first scenario come first, and that nothing breaks comes last.
    """
    kept: dict[str, Row] = {}
    everything: dict[str, Row] = {}
    for rows in by_scenario.values():
        outcomes = [row for row in rows.values() if row["label"]]
        often = [row for row in outcomes if row["p_with_soft" if soft else "p_break"] >= SELDOM]
        often.sort(key=lambda row: (-row["p_first"], -row["p_break"], row["median_month"] or 0, row["name"]))
        kept = kept | {row["name"]: row for row in often[:_MOST_ROWS] if row["name"] not in kept}
        everything |= rows
    nothing = [row for row in everything.values() if not row["label"]]
    there = len(everything) - len(nothing)
    return [*kept.values(), *nothing] if there else [], there - len(kept)


def _print(
    title: str,
    rows: Sequence[Row],
    by_scenario: Mapping[str, Mapping[str, Row]],
    columns: Sequence[str],
    as_of: str,
) -> None:
    """Print one table with a group of columns for each scenario."""
    headings: list[Column] = [text("run.column_name")]
    for scenario in by_scenario:
        before = f"{scenario}\n" if len(by_scenario) > 1 else ""
        headings += [
            (before + text(f"run.column_{column}"), "left" if column in _WORDS else "right") for column in columns
        ]
    cells = [
        [
            row["label"] or text("run.none"),
            *(_cell(column, own[row["name"]], as_of) for own in by_scenario.values() for column in columns),
        ]
        for row in rows
    ]
    table(title, headings, cells)


def _cell(column: str, row: Row, as_of: str) -> str:
    """Return a cell; that nothing breaks has odds of being first only."""
    if row["label"] or column in ("p_first", "p_first_range"):
        return _CELLS[column](row, as_of)
    return ""


def _sentence(codes: type[Trigger] | type[Cause], name: str | None) -> str:
    """Return what a code says to a reader."""
    return codes[name.upper()].sentence if name else UNKNOWN


_CELLS: dict[str, Callable[[Row, str], str]] = {
    "p_first": lambda row, _: per_cent(row["p_first"], row["p_first_error"]),
    "p_first_range": lambda row, _: per_cent_range(row["p_first_low"], row["p_first_high"]),
    "p_break": lambda row, _: per_cent(row["p_break"], row["mc_error"]),
    "p_break_range": lambda row, _: per_cent_range(row["low"], row["high"]),
    "with_soft": lambda row, _: per_cent(row["p_with_soft"], row["mc_error"]),
    "share_assumed": lambda row, _: per_cent(row["share_assumed"]),
    "median_month": lambda row, as_of: month_at(row["median_month"], as_of) if row["median_month"] else UNKNOWN,
    "trigger": lambda row, _: _sentence(Trigger, row["trigger"]),
    "cause": lambda row, _: _sentence(Cause, row["cause"]),
}
