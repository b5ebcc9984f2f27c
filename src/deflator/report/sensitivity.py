"""Which figure to know first, drawn."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from deflator.analysis.sensitivity import Known, Sensitivity
from deflator.analysis.words import per_cent, significant
from deflator.messages import text
from deflator.report.picture import BLUE, VERMILION, drawing

_WIDE = 56  # characters of a label before it is broken


def draw_sensitivity(found: Sensitivity, file: Path) -> None:
    """Draw the value of knowing each figure that stands out, with its error and the sign of its effect.

    Parameters
    ----------
    found
        The answer.
    file
        Where to.
    """
    rows = [one for one in found.known if one.worth > 0][::-1]
    with drawing(file, 10.0, 2.2 + 0.42 * max(len(rows), 3)) as figure:
        axes = figure.subplots()
        for place, one in enumerate(rows):
            colour, hatch = (VERMILION, "") if one.rises else (BLUE, "///")
            axes.barh(place, 100 * one.worth, xerr=100 * one.worth_error, color=colour, hatch=hatch, alpha=0.75,
                      edgecolor="white", capsize=2, error_kw={"linewidth": 1.0})  # fmt: skip
            end = 100 * (one.worth + one.worth_error)
            axes.annotate(f"{'▲' if one.rises else '▼'} {one.figure.grade}", (end, place), (5, 0),
                          textcoords="offset points", va="center", size=8)  # fmt: skip
        axes.set_yticks(range(len(rows)), [fill(label_of(one), _WIDE) for one in rows], size=9)
        axes.margins(x=0.15)
        axes.set_xlim(left=0)
        axes.set_xlabel(text("sensitivity.picture_worth"))
        axes.set_title(text("sensitivity.picture_title", target=found.target))
        low, high = (_level(level, found.unit) for level in (found.low, found.high))
        note = text("sensitivity.picture_note", low=low, high=high, unit=found.unit, draws=f"{found.draws:,}",
                    paths=f"{found.paths:,}")  # fmt: skip
        figure.supxlabel(note + "\n", size=8, x=0.01, ha="left")


def _level(value: float, unit: str) -> str:
    if unit == "share":
        return per_cent(value)
    return f"-{significant(-value, 3)}" if value < 0 else significant(value, 3)


def label_of(one: Known) -> str:
    """Return the name of a figure; of several that move together, the name of what they share."""
    if one.figures == 1:
        return one.factor
    return text("sensitivity.such_as", name=one.factor, figures=one.figures, figure=one.figure.name)
