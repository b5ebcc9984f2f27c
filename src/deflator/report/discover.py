"""Boxes of futures, in words and drawn."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from deflator.analysis.discover import Discovery, Restriction
from deflator.analysis.factors import PLAIN, in_words
from deflator.analysis.words import per_cent
from deflator.book import Book
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, SKY, VERMILION, drawing


def condition_of(one: Restriction, book: Book) -> str:
    """Return a restriction in words, with the unit of its figure."""
    name = one.figure.name
    if one.moves_with:
        name = text("discover.and_others", name=name, others=one.moves_with)
    unit = "" if one.figure.unit in PLAIN else one.figure.unit.replace("_", " ")
    low, high = (
        "" if bound is None else f"{in_words(bound, one.figure, book)} {unit}".strip() for bound in (one.low, one.high)
    )
    if one.high is None:
        return text("discover.above", figure=name, low=low)
    if one.low is None:
        return text("discover.below", figure=name, high=high)
    return text("discover.between", figure=name, low=low, high=high)


def draw_discovery(found: Discovery, file: Path, book: Book) -> None:
    """Draw how often the event happens in each box and leaf: on the held-out half, and where it was found.

    Parameters
    ----------
    found
        The answer.
    file
        Where to.
    book
        Names the months.
    """
    regions = [*found.boxes, *found.leaves]
    with drawing(file, 11.0, 2.4 + 0.62 * max(len(regions), 2)) as figure:
        axes = figure.subplots()
        labels = []
        for place, region in enumerate(regions[::-1]):
            number = len(regions) - place
            is_box = number <= len(found.boxes)
            words = text("discover.and").join(condition_of(one, book) for one in region.restrictions)
            labels.append(fill(text("discover.picture_box", number=number, words=words) if is_box else words, 78))
            if region.probability:
                axes.barh(place, 100 * region.probability.value, xerr=100 * region.probability.mc_error, height=0.55,
                          color=VERMILION if is_box else SKY, hatch="" if is_box else "...", edgecolor="white",
                          capsize=2, label="_")  # fmt: skip
            axes.plot(100 * region.found.density, place, marker="D", color=BLACK, markersize=5, linestyle="")
            axes.annotate(text("discover.picture_mass", mass=per_cent(region.held_out.mass)), (101, place),
                          va="center", size=8, annotation_clip=False)  # fmt: skip
        axes.axvline(100 * found.probability.value, color=BLUE, linestyle="--", linewidth=1.2)
        axes.set_yticks(range(len(regions)), labels, size=8)
        axes.set_xlim(0, 100)
        axes.set_xlabel(text("discover.picture_axis"))
        axes.set_title(text("discover.picture_title", target=found.target))
        note = text("discover.picture_note", paths=f"{found.paths:,}", draws=f"{found.draws:,}")
        figure.supxlabel(fill(note, 150) + "\n", size=8, x=0.01, ha="left")
