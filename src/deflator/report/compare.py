"""What a change of inputs changes: differences between two runs with their ranges and errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deflator.analysis.compare import BREAKS, LOSS, Comparison, Difference
from deflator.messages import text
from deflator.report.first import short
from deflator.report.picture import BLUE, SKY, VERMILION, drawing

_MOST = 12


def draw_comparison(compared: Comparison, file: Path) -> None:
    """Draw the largest changes of breaks and of losses, one panel each.

    Parameters
    ----------
    compared
        The answer.
    file
        Where to.
    """
    panels = {measure: largest(compared, measure)[:_MOST] for measure in (BREAKS, LOSS)}
    panels = {measure: rows for measure, rows in panels.items() if rows}
    first, second = (run.manifest.run for run in (compared.first, compared.second))
    draws = min(run.manifest.draws for run in (compared.first, compared.second))
    note = text("compare.note_unpaired" if compared.unpaired else "compare.note_paired", paths=f"{compared.paths:,}",
                draws=f"{draws:,}")  # fmt: skip
    with drawing(file, height_inches=1.8 + 0.36 * sum(len(rows) + 2 for rows in panels.values())) as figure:
        title = text("compare.figure", first=first, second=second)
        figure.suptitle(f"{title}\n{note}", ha="left", x=0.01, size=12)
        if not panels:
            figure.text(0.5, 0.5, text("compare.nothing"), ha="center")
            return
        heights = [len(rows) + 1 for rows in panels.values()]
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (measure, rows) in zip(axes, panels.items(), strict=True):
            _panel(axis, measure, rows)
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", ncols=2, fontsize=8)


def largest(compared: Comparison, measure: str) -> list[Difference]:
    """Return what happens in at least one of the runs, the largest change first and sums before their parts."""
    rows = [one for one in compared.differences if one.measure == measure and (one.first.value or one.second.value)]
    return sorted(rows, key=lambda one: (one.label is not None, -abs(one.change.value), one.name))


def _panel(axes: Any, measure: str, rows: Sequence[Difference]) -> None:
    scale = 1.0 if measure == LOSS else 100.0
    for place, one in enumerate(rows):
        names = ["_"] * 3 if place else [
            text("first.mark_range"), text("first.mark_error"), text("compare.mark_change")
        ]  # fmt: skip
        change, error = scale * one.change.value, 2.0 * scale * one.change.mc_error
        if one.change.low is not None and one.change.high is not None:
            axes.hlines(place, scale * one.change.low, scale * one.change.high, color=SKY, linewidth=6, label=names[0])
        axes.hlines(place, change - error, change + error, color="#222222", linewidth=1.6, label=names[1])
        mark, colour = ("^", VERMILION) if change >= 0.0 else ("v", BLUE)
        axes.plot(change, place, mark, color=colour, markeredgecolor="white", zorder=3, label=names[2])
    axes.axvline(0.0, color="#444444", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [short(one.label or text("compare.all_holders")) for one in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title(text(f"compare.panel_{measure}"), size=10)
    axes.set_xlabel(text(f"compare.axis_{measure}"))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+,.0f}" if value else "0")
    axes.grid(axis="x", alpha=0.3)
