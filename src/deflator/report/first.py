"""Figures of who breaks first, how long each lasts, and in which order they break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from deflator.analysis.breaks import SELDOM
from deflator.analysis.first import KINDS, FirstBreak, FirstBreaks, Order
from deflator.analysis.survival import Survival
from deflator.book.months import month_at
from deflator.messages import text
from deflator.report.picture import BLUE, GREEN, SKY, VERMILION, drawing

_COLOURS = {"layer": GREEN, "firm": BLUE, "cohort": VERMILION}
_MARKS = {"layer": "D", "firm": "o", "cohort": "s"}
_MOST_RANKED, _MOST_PANELS, _MOST_ORDERED = 8, 9, 10
_LONGEST = 34
_DARK = 0.6
_MONTHS_BETWEEN_TICKS = 12


def draw_first(found: FirstBreaks, file: Path) -> list[Path]:
    """Draw the three figures beside each other; return their files.

    Parameters
    ----------
    found
        The answer.
    file
        Its name without ending, with `-first`, `-survival` and `-order` added, names the figures.
    """
    draw = {"first": _draw_ranking, "survival": _draw_survival, "order": _draw_order}
    if not _ordered(found):
        del draw["order"]
    files = {name: file.with_stem(f"{file.stem}-{name}") for name in draw}
    for name, function in draw.items():
        function(found, files[name])
    return list(files.values())


def _title(found: FirstBreaks, key: str) -> str:
    manifest = found.result.raw.manifest
    note = text(
        "first.figure_note", paths=f"{found.paths:,}", draws=f"{manifest.draws:,}", as_of=manifest.as_of,
        end=month_at(manifest.months, manifest.as_of),
    )  # fmt: skip
    return text(key, scenario=manifest.scenario["name"], book=manifest.book["name"]) + "\n" + note


def short(label: str, longest: int = _LONGEST) -> str:
    """Return a name that fits beside an axis."""
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"


def _ranked(found: FirstBreaks, kind: str) -> list[FirstBreak]:
    """Return the outcomes of a kind that are worth a row; that nothing breaks is one of them."""
    return [one for one in found.of(kind) if one.label is None or one.p_first >= SELDOM][-_MOST_RANKED - 1 :]


def _draw_ranking(found: FirstBreaks, file: Path) -> None:
    """Draw the share of each outcome with its range and its error, most frequent on top."""
    kinds = [kind for kind in KINDS if found.of(kind)]
    rows = {kind: _ranked(found, kind) for kind in kinds}
    heights = [len(rows[kind]) + 1 for kind in kinds]
    with drawing(file, height_inches=1.6 + 0.34 * sum(heights)) as figure:
        figure.suptitle(_title(found, "first.figure_first"), ha="left", x=0.01, size=12)
        panels = figure.subplots(len(kinds), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, kind in zip(panels, kinds, strict=True):
            for place, one in enumerate(rows[kind]):
                _share_mark(axes, place, one, kind)
            axes.set_yticks(range(len(rows[kind])), [short(one.label or text("first.none")) for one in rows[kind]])
            axes.set_ylim(len(rows[kind]) - 0.4, -0.6)
            axes.set_title(text(f"first.title_{kind}", paths=f"{found.paths:,}"), size=10)
            axes.grid(axis="x", alpha=0.3)
        panels[-1].set_xlim(0.0, 100.0)
        panels[-1].set_xlabel(text("first.axis_first"))
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=8)


def _share_mark(axes: Any, place: int, one: FirstBreak, kind: str) -> None:
    """Draw one row: a thin line for the range, a thick one for the error, a mark for the share, and its number."""
    names = dict.fromkeys(("range", "error", "share"), "_") if place else {
        name: text(f"first.mark_{name}") for name in ("range", "error", "share")
    }  # fmt: skip
    share, error = 100.0 * one.p_first, 200.0 * one.mc_error
    if one.low is not None and one.high is not None:
        axes.hlines(place, 100.0 * one.low, 100.0 * one.high, color=SKY, linewidth=6, label=names["range"])
    ends = (max(share - error, 0.0), min(share + error, 100.0))
    axes.hlines(place, *ends, color="#222222", linewidth=1.6, label=names["error"])
    colour = _COLOURS[kind]
    axes.plot(share, place, _MARKS[kind], color=colour, markeredgecolor="white", label=names["share"], zorder=3)
    axes.annotate(f"{share:.0f} %", (share, place), (0, 6), textcoords="offset points", ha="center", size=8)


def _draw_survival(found: FirstBreaks, file: Path) -> None:
    """Draw a panel for each of those that break most often: survival with two bands."""
    chosen = sorted((one for one in found.survival if one.breaks), key=lambda one: -one.breaks)[:_MOST_PANELS]
    chosen = chosen or list(found.survival[:1])
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    manifest = found.result.raw.manifest
    with drawing(file, height_inches=1.7 + 2.2 * rows) as figure:
        figure.suptitle(_title(found, "first.figure_survival"), ha="left", x=0.01, size=12)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, one in zip(panels.flat, chosen, strict=False):
            _curve(axes, one, found.paths)
        for axes in panels.flat[len(chosen) :]:
            axes.set_visible(False)
        ticks = range(0, manifest.months + 1, _MONTHS_BETWEEN_TICKS)
        panels[0, 0].set_xticks(ticks, [month_at(month, manifest.as_of)[:7] for month in ticks])
        panels[0, 0].set_ylim(0.0, 102.0)
        for axes in panels.flat:
            axes.tick_params(axis="x", labelrotation=45, labelsize=8)
            axes.grid(alpha=0.3)
        figure.supylabel(text("first.axis_survival"), size=10)
        panels[-1, columns // 2].set_xlabel(text("first.axis_month"), size=10)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, fontsize=8)


def _curve(axes: Any, one: Survival, paths: int) -> None:
    months = np.arange(one.share.size)
    if one.low is not None and one.high is not None:
        ends = (100.0 * one.low, 100.0 * one.high)
        axes.fill_between(months, *ends, step="post", color=SKY, alpha=0.35, label=text("first.mark_range"))
    low, high = (np.clip(100.0 * (one.share + side * one.mc_error), 0.0, 100.0) for side in (-2.0, 2.0))
    axes.fill_between(
        months, low, high, step="post", color="#444444", alpha=0.4, linewidth=0, label=text("first.mark_error")
    )
    line = {"color": _COLOURS[one.kind], "linewidth": 1.2, "label": text("first.axis_survival")}
    axes.step(months, 100.0 * one.share, where="post", **line)
    label = text("first.panel", label=short(one.label, 30), breaks=f"{one.breaks:,}", paths=f"{paths:,}")
    axes.set_title(label.replace(": ", ":\n", 1), size=8)


def _ordered(found: FirstBreaks) -> Order | None:
    """Return the order of firms, or of what else there is one of."""
    for kind in ("firm", "cohort", "layer"):
        order = found.order.get(kind)
        if order and not np.isnan(order.earlier).all():
            return order
    return None


def _draw_order(found: FirstBreaks, file: Path) -> None:
    """Draw how often the row breaks before the column, in colour and as a number."""
    order = _ordered(found)
    if order is None:
        return
    count = min(len(order.names), _MOST_ORDERED)
    earlier = 100.0 * order.earlier[:count, :count]
    labels = [short(label, 28) for label in order.labels[:count]]
    with drawing(file, width_inches=4.0 + 0.72 * count, height_inches=3.4 + 0.5 * count) as figure:
        figure.suptitle(_title(found, "first.figure_order"), ha="left", x=0.01, size=12)
        axes = figure.subplots()
        image = axes.imshow(earlier, cmap="RdBu", vmin=0.0, vmax=100.0, aspect="auto")
        for row, column in np.argwhere(~np.isnan(earlier)):
            share = earlier[row, column]
            ink = "white" if abs(share - 50.0) > 50.0 * _DARK else "black"
            cell = f"{share:.0f}\n{order.paths[row, column]:,}"
            axes.text(column, row, cell, ha="center", va="center", size=7.5, color=ink)
        axes.set_xticks(range(count), labels, rotation=40, ha="right", size=8)
        axes.set_yticks(range(count), labels, size=8)
        axes.set_xlabel(text("first.order_columns"))
        axes.set_ylabel(text("first.order_rows"))
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, shrink=0.8).set_label(text("first.order_cells"), size=8)
