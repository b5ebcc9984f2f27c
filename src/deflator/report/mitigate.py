"""A figure of what levers cost and how far they bring a break probability down."""

from __future__ import annotations

from pathlib import Path

from deflator.analysis.lever_case import LEVERS
from deflator.analysis.mitigate import Mitigation
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW, drawing

_LOOKS = dict(
    zip(
        LEVERS,
        zip(
            (BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, YELLOW, BLACK, BLUE),
            ("o", "s", "^", "v", "D", "P", "X", "<", ">"),
            strict=True,
        ),
        strict=True,
    )
)


def draw_mitigation(found: Mitigation, file: Path) -> None:
    """Draw the break probability over cost: each lever at its sizes, the target, and the cheapest combination.

    Parameters
    ----------
    found
        From `mitigate`.
    file
        Where to.

    Raises
    ------
    RunError
        When the file is of no known kind.
    """
    question = found.case.setting.question
    with drawing(file, height_inches=5.6) as figure:
        axes = figure.subplots()
        base = 100.0 * found.base.odds.value
        for name in LEVERS:
            points = [(one.total_musd, 100.0 * one.odds.value, 100.0 * one.change_error)
                      for one in found.graded if name in one.sizes]  # fmt: skip
            if not points:
                continue
            costs, odds, errors = zip((0.0, base, 0.0), *points, strict=True)
            colour, mark = _LOOKS[name]
            axes.errorbar(costs, odds, yerr=errors, color=colour, marker=mark, markersize=6, linewidth=1.2, capsize=2,
                          markevery=slice(1, None), label=text(f"mitigate.lever_{name}"))  # fmt: skip
        best = found.together
        if best.odds.low is not None and best.odds.high is not None:
            axes.vlines(best.total_musd, 100.0 * best.odds.low, 100.0 * best.odds.high, color=BLACK, linewidth=1.0)
        axes.plot([best.total_musd], [100.0 * best.odds.value], "*", color=BLACK, markersize=15,
                  label=text("mitigate.figure_best"))  # fmt: skip
        axes.axhline(100.0 * found.target, color=BLACK, linestyle="--", linewidth=1.2,
                     label=text("mitigate.figure_target", target=f"{100.0 * found.target:g}"))  # fmt: skip
        axes.axhline(base, color="#888888", linestyle=":", linewidth=1.2, label=text("mitigate.figure_base"))
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel(text("mitigate.figure_cost"))
        axes.set_ylabel(text("mitigate.figure_odds", by=found.by))
        axes.set_title(text("mitigate.figure_title", name=found.case.setting.labels[found.entity],
                            book=question.book.name, scenario=question.scenario.name, paths=f"{question.paths_used:,}",
                            draws=f"{question.draws_used:,}", trials=found.trials), size=10)  # fmt: skip
        figure.legend(loc="outside right upper", fontsize=8)
