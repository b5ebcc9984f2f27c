"""A waterfall from the first round to the whole: what each channel adds or takes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deflator.analysis.attribute import Attribution, Division
from deflator.analysis.probability import Estimate
from deflator.analysis.words import supported
from deflator.book.months import month_at
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, SKY, VERMILION, drawing

_PER_CENT = 100.0


def draw_attribution(told: Attribution, divisions: Sequence[Division], labels: Mapping[str, str], file: Path) -> None:
    """Draw a waterfall for each outcome, one below the other.

    Parameters
    ----------
    told
        What was played.
    divisions
        What is drawn.
    labels
        Name of every entity.
    file
        Where to.
    """
    rows = len(told.players) + 2
    with drawing(file, height_inches=len(divisions) * (1.7 + 0.32 * rows)) as figure:
        panels = figure.subplots(len(divisions), 1, squeeze=False)[:, 0]
        for axes, division in zip(panels, divisions, strict=True):
            _waterfall(axes, division)
            axes.set_title(_title(told, division, labels), size=10)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", ncols=2, fontsize=8)


def _title(told: Attribution, division: Division, labels: Mapping[str, str]) -> str:
    question = told.setting.question
    what = text(f"attribute.what_{division.outcome.kind}", name=labels.get(division.outcome.entity, ""))
    return text(
        "attribute.figure", what=what, scenario=question.scenario.name, book=question.book.name,
        as_of=question.book.as_of, end=month_at(told.setting.economy.months, question.book.as_of),
        paths=f"{told.played.path.size:,}", draws=f"{question.draws_used:,}",
    )  # fmt: skip


def _waterfall(axes: Any, division: Division) -> None:
    """Draw the first round, a step for each channel, and the whole, from top to bottom."""
    share = division.outcome.unit == "share"
    scale = _PER_CENT if share else 1.0
    labels = [text("attribute.bar_first"), *(part.channel for part in division.parts), text("attribute.bar_last")]
    level = scale * division.first_round.value
    _whole(axes, 0, division.first_round, scale)
    for place, part in enumerate(division.parts, 1):
        step, end = scale * part.value.value, level + scale * part.value.value
        up = step >= 0.0
        look = {"color": VERMILION, "hatch": None} if up else {"color": BLUE, "hatch": "///"}
        named = text("attribute.mark_up" if up else "attribute.mark_down")
        axes.barh(place, step, left=level, height=0.62, edgecolor="white", label=_once(axes, named), **look)
        if part.value.low is not None and part.value.high is not None:
            ends = (level + scale * part.value.low, level + scale * part.value.high)
            range_name = _once(axes, text("attribute.mark_range"))
            axes.hlines(place + 0.38, *ends, color=SKY, linewidth=3, label=range_name)
        margin = _once(axes, text("attribute.mark_margin"))
        axes.errorbar(end, place, xerr=scale * part.margin, color=BLACK, capsize=3, linewidth=1.2, label=margin)
        written = supported(step, scale * part.value.mc_error, signed=True)
        axes.annotate(written, (1.01, place), xycoords=("axes fraction", "data"), va="center", size=8)
        axes.vlines(end, place, place + 1, color="#888888", linewidth=0.7)
        level = end
    _whole(axes, len(division.parts) + 1, division.all_on, scale)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]) if level < 0.0 else 0.0)
    axes.set_xlabel(text("attribute.axis_share" if share else "attribute.axis_musd"))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="x", alpha=0.3)


def _whole(axes: Any, place: int, level: Estimate, scale: float) -> None:
    axes.barh(place, scale * level.value, height=0.62, color="#999999")
    written = supported(scale * level.value, scale * level.mc_error)
    axes.annotate(written, (1.01, place), xycoords=("axes fraction", "data"), va="center", size=8, weight="bold")


def _once(axes: Any, name: str) -> str:
    """Return the name for the legend the first time, and then one that the legend leaves out."""
    return "_" if name in axes.get_legend_handles_labels()[1] else name
