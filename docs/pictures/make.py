"""Show in the README what the program says today: `python docs/pictures/make.py`.

It runs `base` and `essay` on the shipped book as `make run` does, draws the pictures beside this file, and
puts what is printed between the marks in the README. Run it when numbers have changed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from html import escape
from pathlib import Path

import deflator
from deflator import defaults
from deflator.analysis.breaks import SELDOM
from deflator.book import month_at
from deflator.cli.answer import print_answers
from deflator.messages import text

SCENARIOS = ("base", "essay")
WIDTH = 760
# Okabe and Ito's colours, which remain apart for colour-blind readers; marks differ in shape as well.
COLOURS = ("#0072b2", "#d55e00")
LABELS, PLOT_END, ROW = 130, 740, 44
RENT_TOP, RENT_BOTTOM, RENT_LEFT = 76, 330, 60

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- what `make run` printed -->", "<!-- end -->"
#: The folder of a run is another one for every reader.
KEPT = text("run.kept", folder="")

Results = Mapping[str, deflator.Result]


def svg(height: int, title: str, parts: list[str]) -> str:
    """Return a picture with a title that a screen reader speaks."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="#222"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="24" font-size="16">{escape(title)}</text>'
    )
    return "\n".join([head, *parts, "</svg>\n"])


def label(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    """Return some words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def mark(x: float, y: float, scenario: int) -> str:
    """Return a circle for the first scenario and a square for the second."""
    colour = COLOURS[scenario]
    if scenario == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{colour}"/>'


def legend(results: Results, y: float) -> list[str]:
    """Return which mark is which scenario."""
    parts = []
    for number, name in enumerate(results):
        x = LABELS + 130 * number
        parts += [mark(x, y - 4, number), label(x + 12, y, name)]
    return parts


def first_breaks(results: Results) -> str:
    """Draw how often each layer breaks first, with its range over what is not known."""
    rows = {name: {row["name"]: row for row in result.layers().to_dicts()} for name, result in results.items()}
    names = [name for name in next(iter(rows.values())) if any(own[name]["p_first"] >= SELDOM for own in rows.values())]
    height = 92 + ROW * len(names)

    def across(share: float) -> float:
        return LABELS + share * (PLOT_END - LABELS)

    parts = legend(results, 50)
    for tick in range(0, 101, 20):
        parts.append(line(across(tick / 100), 64, across(tick / 100), height - 24, "#ddd"))
        parts.append(label(across(tick / 100), height - 8, f"{tick} %", "middle"))
    for place, name in enumerate(names):
        y = 84 + ROW * place
        parts.append(label(12, y + 9, "no layer" if name == "none" else name))
        for number, own in enumerate(rows.values()):
            row, own_y = own[name], y + 14 * number
            if row["p_first_low"] is not None:
                ends = across(row["p_first_low"]), across(row["p_first_high"])
                parts.append(line(ends[0], own_y, ends[1], own_y, COLOURS[number], 3))
            parts.append(mark(across(row["p_first"]), own_y, number))
    return svg(height, "Which layer breaks first: share of paths, and range over what is not known", parts)


def rents(results: Results) -> str:
    """Draw the fan of rents of each scenario: 5 to 95 % of paths, and the median."""
    fans = {name: result.rents().to_dicts() for name, result in results.items()}
    as_of = next(iter(results.values())).raw.manifest.as_of
    months = len(next(iter(fans.values()))) - 1
    top = max(row["q95"] for fan in fans.values() for row in fan)

    def across(month: int) -> float:
        return RENT_LEFT + month / months * (PLOT_END - RENT_LEFT)

    def down(rent: float) -> float:
        return RENT_BOTTOM - rent / top * (RENT_BOTTOM - RENT_TOP)

    parts = legend(results, 50)
    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20, 50) if top / step <= 8)
    for tick in range(int(top / step) + 1):
        parts.append(line(RENT_LEFT, down(tick * step), PLOT_END, down(tick * step), "#ddd"))
        parts.append(label(RENT_LEFT - 8, down(tick * step) + 4, f"{tick * step:g} $", "end"))
    for month in range(0, months + 1, 12):
        parts.append(label(across(month), RENT_BOTTOM + 20, month_at(month, as_of), "middle"))
    for number, fan in enumerate(fans.values()):
        up = [f"{across(row['month']):.1f},{down(row['q95']):.1f}" for row in fan]
        back = [f"{across(row['month']):.1f},{down(row['q05']):.1f}" for row in reversed(fan)]
        parts.append(f'<polygon points="{" ".join(up + back)}" fill="{COLOURS[number]}" fill-opacity="0.18"/>')
        median = " ".join(f"{across(row['month']):.1f},{down(row['q50']):.1f}" for row in fan)
        dashes = ' stroke-dasharray="7 4"' if number else ""
        parts.append(f'<polyline points="{median}" fill="none" stroke="{COLOURS[number]}" stroke-width="2.5"{dashes}/>')
        parts.append(mark(across(months), down(fan[-1]["q50"]), number))
    return svg(RENT_BOTTOM + 32, "Rent of an H100, USD per hour: median, and 5 to 95 % of paths", parts)


def printed(results: Results) -> str:
    """Return what is printed of the runs: headings, how often layers and firms break, what to know of it."""
    with redirect_stdout(io.StringIO()) as output:
        print_answers(results)
    blocks = re.sub(r" +$", "", output.getvalue(), flags=re.MULTILINE).strip().split("\n\n")
    shown = (text("run.title_layers"), text("run.title_entities"), text("run.about", scenario=SCENARIOS[0]))
    kept = [blocks[0], *(block for block in blocks if block.startswith(shown))]
    lines = "\n\n".join(kept).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(KEPT))


def put_into_readme(output: str) -> None:
    """Replace what stands between the marks of the README."""
    content = README.read_text(encoding="utf-8")
    before, rest = content.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(f"{before}{BEGIN}\n```\n{output}\n```\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Run the scenarios and write the pictures."""
    book = deflator.load_book(defaults.BOOK)
    results = {name: deflator.run(book, deflator.load_scenario(name)) for name in SCENARIOS}
    folder = Path(__file__).parent
    (folder / "who-breaks-first.svg").write_text(first_breaks(results), encoding="utf-8")
    (folder / "rents.svg").write_text(rents(results), encoding="utf-8")
    put_into_readme(printed(results))


if __name__ == "__main__":
    main()
