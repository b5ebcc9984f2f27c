"""The figure of a rare event: the probability of getting to each level, and what counting saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deflator.analysis.rare import Rare
from deflator.analysis.splitting import rule_of_three
from deflator.messages import text
from deflator.report.picture import BLUE, VERMILION, drawing


def draw_rare(found: Rare, draws: int, file: Path) -> None:
    """Draw the probability of reaching each level, with the error of the last one, and plain Monte Carlo beside it.

    Parameters
    ----------
    found
        From `deflator.analysis.rare`.
    draws
        Draws of what is not known.
    file
        Where to.
    """
    plain = found.plain
    so_far = np.cumprod(found.shares)
    with drawing(file) as figure:
        axes = figure.subplots()
        axes.plot(found.levels, so_far, color=BLUE, marker="o", label=text("rare.figure_levels"))
        axes.errorbar(
            [found.levels[-1]], [found.probability.value], yerr=[[min(2.0 * found.probability.mc_error,
            0.99 * found.probability.value)], [2.0 * found.probability.mc_error]], color=BLUE, capsize=4,
        )  # fmt: skip
        place = found.levels[-1] + 0.02 * (found.levels[-1] - found.levels[0] + 0.1)
        if plain.breaks and plain.error is not None:
            label = text("rare.figure_plain", breaks=plain.breaks, paths=f"{plain.paths:,}")
            down = min(2.0 * plain.error, 0.99 * plain.value)
            axes.errorbar(
                [place], [plain.value], yerr=[[down], [2.0 * plain.error]], color=VERMILION, marker="s", capsize=4,
                linestyle="", label=label,
            )  # fmt: skip
        else:
            label = text("rare.figure_bound", paths=f"{plain.paths:,}")
            axes.plot([place], [rule_of_three(plain.paths)], color=VERMILION, marker="v", linestyle="", label=label)
        axes.set_yscale("log")
        axes.set_xlabel(text("rare.figure_axis_level") + "\n")
        axes.set_ylabel(text("rare.figure_axis_probability"))
        figure.suptitle(text("rare.figure_title", name=found.name, by=found.by), x=0.01, ha="left", fontsize=12)
        note = text("rare.figure_note", replications=len(found.estimates), particles=found.particles, draws=draws)
        axes.set_title(note, fontsize=8, color="#666666")
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.legend(loc="lower left", fontsize=9)
