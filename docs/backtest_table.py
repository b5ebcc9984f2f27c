"""Score the shipped book of the past: `python -m docs.backtest_table` writes what it finds into `docs/backtest.md`.

A test holds the page against what is computed. Run it when numbers have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docs.marks import write_found

from deflator import defaults
from deflator.analysis.backtest import Backtest
from deflator.analysis.validation.page import past_lines, rows
from deflator.analysis.validation.suite import score_past
from deflator.analysis.words import per_cent_range, significant
from deflator.book import month_at

BOOK = "telecom-2000-12"
PAGE = Path(__file__).parent / "backtest.md"
COMMAND = "python -m docs.backtest_table"


@cache
def scored() -> Backtest:
    """Return the scores of the book, on as many paths as the command takes."""
    return score_past(BOOK, quick=False, seed=defaults.SEED)


def lines_of(past: Backtest) -> Iterator[str]:
    """Yield the scores as Markdown: those of the page of validation, then rank, calibration and rents one by one."""
    yield from past_lines(BOOK, past)
    last = past.horizons[-1]
    others = {skill.against: skill for skill in last.skills}
    yield f"AUC by {month_at(last.months, past.as_of)}: {last.auc.value:.2f}; " + "; ".join(
        f"{name} {others[key].other_auc:.2f} on {others[key].firms} firms"
        for key, name in (("merton", "Merton"), ("black_cox", "Black–Cox"))
    ) + "."  # fmt: skip
    yield ""
    yield "Calibration: of the firms given such probabilities, how many broke."
    yield ""
    given = [[per_cent_range(one.low, one.high), one.firms, one.broke] for one in past.calibration]
    yield from rows(["given", "firms", "broke"], given)
    rents = [
        [month_at(one.month, past.as_of), significant(one.seen, 3), significant(one.median, 3),
         f"{significant(one.low)}–{significant(one.high)}", "/".join("yes" if held else "no" for held in one.covered),
         significant(one.crps), significant(one.flat)]
        for one in past.rents
    ]  # fmt: skip
    head = ["month", "seen", "foretold", "middle 90 %", "in 50/80/95 %", "CRPS", "CRPS of a flat price"]
    yield "Rents seen, USD per unit-hour."
    yield ""
    yield from rows(head, rents)


if __name__ == "__main__":
    write_found(PAGE, COMMAND, lines_of(scored()))
