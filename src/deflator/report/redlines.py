"""Figures of red lines: what breaks, what units cost and what they earn, on one rent axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from deflator.analysis.redlines import HORIZONS, RedLine, RedLines
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, GREEN, VERMILION, drawing

#: Of each horizon the mark, its colour and its place in the row.
_MARKS = dict(zip(HORIZONS, (("o", BLUE, 0.15), ("s", VERMILION, -0.15)), strict=True))
_KINDS = ("layer", "entity", "covenant", "liquidity")


class _Row(NamedTuple):
    """A row of the chart: the same thing at several horizons, or a cost."""

    label: str
    lines: Sequence[RedLine]
    cost: tuple[float, float, float] | None


def draw_red_lines(found: RedLines, file: Path) -> None:
    """Draw red lines with their ranges, costs where one entity was asked for, and the rents of today.

    Parameters
    ----------
    found
        From `red_lines`, or the part of it `of` one entity.
    file
        Where to.

    Raises
    ------
    RunError
        When the file is of no known kind.
    """
    entities = {line.thing.entity for line in found.lines}
    alone = next(iter(entities)) if len(entities) == 1 else None
    rows = list(_rows(found, alone is not None))
    spot, question = found.spot_usd_per_hour, found.setting.question
    widest = _widest(found, rows)
    with drawing(file, height_inches=max(3.2, 1.8 + 0.34 * len(rows))) as figure:
        axes = figure.subplots()
        for place, row in enumerate(reversed(rows)):
            _draw_row(axes, place, row, widest)
        axes.axvline(spot, color=BLACK, linestyle="--", linewidth=1.2,
                     label=text("redlines.figure_spot", rent=f"{spot:.2f}"))  # fmt: skip
        contract = next((cost for cost in found.costs if alone and cost.figure == "contract"), None)
        if contract:
            axes.axvline(contract.rent_usd_per_hour, color=GREEN, linestyle=":", linewidth=1.6,
                         label=text("redlines.figure_contract", rent=f"{contract.rent_usd_per_hour:.2f}"))  # fmt: skip
        for months, (mark, colour, _) in _MARKS.items():
            axes.plot([], [], mark, color=colour, label=text("redlines.figure_months", months=months))
        axes.set_yticks(range(len(rows)), [row.label for row in reversed(rows)])
        axes.set_xlim(0.0, widest)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(text("redlines.figure_axis", equipment=question.book.reference_equipment))
        name = found.setting.labels[alone] if alone else text("redlines.figure_all")
        axes.set_title(text("redlines.figure_title", name=name, book=question.book.name,
                            scenario=question.scenario.name, month=found.pinned_from, paths=f"{question.paths_used:,}",
                            draws=f"{question.draws_used:,}"), size=10)  # fmt: skip
        drawn = {line.thing for row in rows for line in row.lines}
        left_out = {line.thing for line in found.lines if alone or line.thing.kind != "liquidity"} - drawn
        if left_out:
            axes.set_xlabel(axes.get_xlabel() + "\n" + text("redlines.figure_left_out", count=len(left_out)))
        figure.legend(loc="outside lower left", ncols=4, fontsize=8)


def _rows(found: RedLines, alone: bool) -> Iterator[_Row]:
    """Yield costs, then what breaks; of many things, and of covenants, only those that have a red line."""
    if alone:
        for cost in found.costs:
            values = (cost.rent_usd_per_hour, cost.low, cost.high)
            yield _Row(text(f"redlines.cost_{cost.figure}"), (), values)
    for kind in _KINDS:
        by_label: dict[str, list[RedLine]] = {}
        for line in found.lines:
            if line.thing.kind == kind and (alone or kind != "liquidity"):
                by_label.setdefault(line.thing.label, []).append(line)
        for label, lines in by_label.items():
            solved = any(line.status == "solved" for line in lines)
            if solved or (alone and kind != "covenant"):
                named = label if kind in ("layer", "covenant") else text(f"redlines.figure_{kind}", entity=label)
                yield _Row(named, lines, None)


def _widest(found: RedLines, rows: Sequence[_Row]) -> float:
    """Return where the axis ends: beyond all roots, costs and the spot rent; ranges may be cut there."""
    shown = [found.spot_usd_per_hour]
    shown += [line.crossing.root for row in rows for line in row.lines if line.crossing and line.crossing.root]
    shown += [row.cost[0] for row in rows if row.cost]
    return 1.45 * max(shown)


def _draw_row(axes: Any, place: int, row: _Row, widest: float) -> None:
    if row.cost:
        value, low, high = row.cost
        axes.plot([low, min(high, widest)], [place, place], color=GREEN, linewidth=5, alpha=0.35,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot([value], [place], "|", color=GREEN, markersize=13, markeredgewidth=2.5)
        axes.annotate(f"{value:.2f}", (value, place), (5, 5), textcoords="offset points", size=7.5, color=BLACK)
        return
    for line in row.lines:
        mark, colour, offset = _MARKS[line.months]
        found = line.crossing
        if found and found.root is not None:
            low, high = found.range or (found.root, found.root)
            axes.plot([low, min(high, widest)], [place + offset] * 2, color=colour, linewidth=1.3, alpha=0.7)
            axes.plot([found.root], [place + offset], mark, color=colour, markersize=6)
        else:
            words = text("redlines.figure_none", months=line.months, reason=text(f"redlines.short_{line.status}"))
            axes.annotate(words, (0.985 * widest, place + offset), ha="right", va="center", size=7.5, color=colour)
