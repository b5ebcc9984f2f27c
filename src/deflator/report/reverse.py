"""The figure of a reverse stress test: how far each thing moves, way by way."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deflator.analysis.reverse import Reverse
from deflator.analysis.words import per_cent
from deflator.messages import text
from deflator.report.picture import BLUE, GREEN, VERMILION, drawing

_SHOWN = 10
_STYLES = ((BLUE, ""), (VERMILION, "///"), (GREEN, "..."))


def draw_reverse(found: Reverse, file: Path) -> None:
    """Draw a bar for each thing that moves, in standard deviations of its own prior; ways are told by hatch as well.

    Parameters
    ----------
    found
        From `deflator.analysis.reverse`.
    file
        Where to.
    """
    ways = found.solutions[: len(_STYLES)]
    largest: dict[str, float] = {}
    for one in ways:
        for move in one.moves:
            largest[move.name] = max(largest.get(move.name, 0.0), abs(move.share))
    names = sorted(largest, key=lambda name: -largest[name])[:_SHOWN]
    units = {move.name: move.unit for one in ways for move in one.moves}
    height = 0.8 / len(ways)
    with drawing(file, height_inches=1.8 + 0.45 * len(names)) as figure:
        axes = figure.subplots()
        for number, (one, (colour, hatch)) in enumerate(zip(ways, _STYLES, strict=False)):
            moves = {move.name: move for move in one.moves}
            places = np.arange(len(names)) + (number - (len(ways) - 1) / 2.0) * height
            scores = [moves[name].score if name in moves else 0.0 for name in names]
            label = text("reverse.figure_way", number=number + 1, distance=f"{one.distance:.1f}")
            axes.barh(places, scores, height, color=colour, hatch=hatch, edgecolor="white", label=label)
            for place, name, score in zip(places, names, scores, strict=True):
                if name in moves:
                    axes.annotate(
                        f"{moves[name].number:.3g}", (score, place), (4 if score >= 0 else -4, 0),
                        textcoords="offset points", va="center", ha="left" if score >= 0 else "right", fontsize=8,
                    )  # fmt: skip
        axes.axvline(0.0, color="#222222", linewidth=0.8)
        axes.margins(x=0.15)
        axes.set_yticks(np.arange(len(names)), [f"{name}\n({units[name]})" for name in names], fontsize=8)
        axes.invert_yaxis()
        first = ways[0]
        checked = per_cent(first.checked.value, first.checked.mc_error)
        note = text("reverse.figure_note", paths=found.paths, trials=found.trials, fresh=first.fresh, checked=checked)
        axes.set_xlabel(text("reverse.figure_axis") + "\n")
        title = text("reverse.figure_title", target=found.target, asked=f"{found.asked:g}")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes.set_title(note, fontsize=8, color="#666666")
        axes.legend(loc="best", fontsize=8)
