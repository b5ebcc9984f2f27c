"""The figure of entry odds: a fan of annual returns by month of entry, and the share of purchases with a loss."""

from __future__ import annotations

from pathlib import Path

from deflator.analysis.entry import EntryOdds
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, SKY, VERMILION, drawing

_LINEAR_TO = 100.0
_LOWEST = -105.0  # nobody loses more than all, per cent


def draw_entry(found: EntryOdds, scenario: str, file: Path) -> None:
    """Draw the distribution of returns by month of entry.

    Parameters
    ----------
    found
        From `deflator.analysis.entry.entry_odds`.
    scenario
        Name of the scenario, for the title.
    file
        Where to; see `deflator.report.picture.FORMATS`.
    """
    bought = [entry for entry in found.entries if entry.returns.quantiles]
    places = [entry.month for entry in bought]
    levels = [[100.0 * entry.returns.quantiles[level] for entry in bought] for level in range(5)]
    with drawing(file, height_inches=6.5) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        outer = text("entry.figure_outer", paths=f"{found.paths:,}")
        upper.fill_between(places, levels[0], levels[4], color=SKY, alpha=0.25, label=outer)
        upper.fill_between(places, levels[1], levels[3], color=BLUE, alpha=0.3, label=text("entry.figure_inner"))
        upper.plot(places, levels[2], color=BLACK, marker="o", label=text("entry.figure_median"))
        ranged = [
            (entry.month, 100.0 * middle.low, 100.0 * middle.high)
            for entry in bought
            if (middle := entry.returns.median) and middle.low is not None and middle.high is not None
        ]
        if ranged:
            months, lows, highs = zip(*ranged, strict=True)
            label = text("entry.figure_range")
            upper.vlines(months, lows, highs, color=VERMILION, linestyle="dotted", linewidth=2, label=label)
        upper.axhline(0.0, color=BLACK, linewidth=0.6)
        huge = max(levels[4], default=0.0) > _LINEAR_TO
        if huge:
            upper.set_yscale("symlog", linthresh=_LINEAR_TO)
        upper.set_ylim(bottom=_LOWEST)
        upper.yaxis.set_major_formatter("{x:,.0f}")
        upper.set_ylabel(text("entry.figure_y_log" if huge else "entry.figure_y"))
        upper.set_title(text("entry.figure_title", name=found.target.name, scenario=scenario))
        upper.legend(loc="best")
        losses = [(entry.month, 100.0 * entry.returns.loss.value) for entry in bought if entry.returns.loss]
        if losses:
            lower.bar(*zip(*losses, strict=True), width=1.5, color=VERMILION, hatch="//", edgecolor="white")
        lower.set_ylim(0.0, 100.0)
        lower.set_title(text("entry.figure_loss"), fontsize=9)
        lower.set_xlabel(text("entry.figure_x"))
        lower.set_xticks(places, [entry.date for entry in bought], rotation=45, ha="right")
