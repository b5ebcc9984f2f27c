"""The figure of the claims: how far each is borne out, with its range, under every scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deflator.analysis.claims import CONDITIONAL, CONTRADICTED, EVEN, SUPPORTED, Check, Claims
from deflator.errors import Fault, RunError
from deflator.messages import text, translated
from deflator.report.picture import BLACK, GREEN, ORANGE, VERMILION, drawing

_MARKS = {SUPPORTED: ("^", GREEN), CONTRADICTED: ("v", VERMILION), CONDITIONAL: ("o", ORANGE)}
_LINES = ("solid", "dotted", "dashed")
_ROW_INCHES, _HEAD_INCHES = 0.27, 1.8


def draw_claims(found: Sequence[Claims], book: str, file: Path) -> None:
    """Draw the share of paths or draws that bear each claim out; what no share was computed of is left out.

    Parameters
    ----------
    found
        The claims under each scenario, from `deflator.analysis.claims.check_claims`.
    book
        Name of the book, for the title.
    file
        Where to; see `deflator.report.picture.FORMATS`.

    Raises
    ------
    RunError
        When no claim has a share.
    """
    rows = [row for row in zip(*(one.checks for one in found), strict=True) if any(check.share for check in row)]
    if not rows:
        message = "none of these claims has a share of paths or draws that could be drawn"
        raise RunError([Fault(str(file), 0, "--figure", message, "ask for other claims, or for all")])
    with drawing(file, width_inches=11.0, height_inches=_HEAD_INCHES + _ROW_INCHES * len(rows)) as figure:
        axes = figure.subplots()
        axes.axvline(EVEN, color=BLACK, linewidth=0.6)
        for level in {level for row in rows for level in (row[0].claim.contradicted_at, row[0].claim.supported_at)}:
            axes.axvline(level, color=BLACK, linewidth=0.6, linestyle="dotted")
        named: set[str] = set()
        for place, row in enumerate(rows):
            for number, check in enumerate(row):
                _draw_share(axes, place, number, len(row), check, found[number].scenario, named)
        labels = [f"{row[0].claim.mechanism}  {translated(row[0].claim.statement)}" for row in rows]
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(lambda share, _: f"{100.0 * share:.0f} %")
        axes.set_xlabel(text("claims.figure.axis"))
        figure.suptitle(text("claims.figure.title", book=book, paths=f"{found[0].paths:,}"), x=0.0, ha="left")
        figure.legend(loc="outside lower left", ncols=3, fontsize=8)


def _draw_share(
    axes: Any, place: int, number: int, scenarios: int, check: Check, scenario: str, named: set[str]
) -> None:
    share = check.share
    if share is None:
        return
    mark, colour = _MARKS[check.verdict]
    height = place + 0.3 * (number - 0.5 * (scenarios - 1))
    if share.low is not None and share.high is not None:
        axes.hlines(height, share.low, share.high, color=colour, linestyle=_LINES[number % len(_LINES)], linewidth=1.4)
    label = text("claims.figure.legend", scenario=scenario, verdict=text(f"terms.verdict.{check.verdict}"))
    filled = colour if number % 2 == 0 else "white"
    axes.plot(share.value, height, mark, color=colour, markerfacecolor=filled, markersize=6,
              label=None if label in named else label)  # fmt: skip
    named.add(label)
