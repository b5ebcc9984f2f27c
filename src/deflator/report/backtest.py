"""The figure of a backtest: calibration, and every firm's probability beside its fate."""

from __future__ import annotations

from pathlib import Path

from deflator.analysis.backtest import Backtest
from deflator.book.months import month_at
from deflator.messages import text
from deflator.report.first import short
from deflator.report.picture import BLUE, VERMILION, drawing

_LONGEST = 30
_ROW_INCHES = 0.27


def draw_backtest(found: Backtest, book: str, scenario: str, file: Path) -> Path:
    """Draw the answer; return its file.

    Parameters
    ----------
    found
        The answer.
    book, scenario
        Their names.
    file
        Its ending is one of `picture.FORMATS`.
    """
    known = [firm for firm in found.firms if firm.verdict != "unseen"][::-1]
    height = max(4.8, 1.6 + _ROW_INCHES * len(known))
    with drawing(file, 11.0, height) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.35))
        left.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--", label=text("backtest.figure_perfect"))
        for one in found.calibration:
            share = one.broke / one.firms
            left.plot([one.foretold] * 2, [one.range_low, one.range_high], color=BLUE, linewidth=1.5, alpha=0.6)
            left.plot(one.foretold, share, "o", color=BLUE, markersize=4 + one.firms)
            left.annotate(text("backtest.figure_count", firms=one.firms), (one.foretold, share), (10, -4),
                          textcoords="offset points", fontsize=8)  # fmt: skip
        left.set(xlim=(-0.03, 1.12), ylim=(-0.03, 1.03), xlabel=text("backtest.figure_x"),
                 ylabel=text("backtest.figure_y"))  # fmt: skip
        left.set_title(text("backtest.figure_calibration", book=book, scenario=scenario), fontsize=11)
        broke = [firm.verdict in ("caught", "missed") for firm in known]
        for place, (firm, fell) in enumerate(zip(known, broke, strict=True)):
            colour, mark = (VERMILION, "X") if fell else (BLUE, "o")
            if firm.foretold.low is not None and firm.foretold.high is not None:
                right.plot([firm.foretold.low, firm.foretold.high], [place] * 2, color=colour, alpha=0.35, linewidth=3)
            right.plot(firm.foretold.value, place, mark, color=colour, markersize=7)
        for fell, key in ((True, "backtest.figure_broke"), (False, "backtest.figure_lasted")):
            left.plot([], [], "X" if fell else "o", color=VERMILION if fell else BLUE, label=text(key))
        left.legend(loc="lower right", fontsize=8)
        right.axvline(0.5, color="#cccccc", linewidth=1, zorder=0)
        right.set_yticks(range(len(known)), [short(firm.name, _LONGEST) for firm in known], fontsize=8)
        right.set(xlim=(-0.03, 1.03), xlabel=text("backtest.figure_x") + "\n")  # room for the disclaimer
        right.set_title(text("backtest.figure_firms", end=month_at(found.until, found.as_of)), fontsize=11)
    return file
