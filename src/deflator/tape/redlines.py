"""The red lines of the borrowers of a tape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deflator.analysis.redlines import HORIZONS, RedLine, RedLines, reason, red_lines
from deflator.analysis.replay import Setting, prepare
from deflator.ensemble import Progress
from deflator.tape.borrowers import Obligor

#: Paths, draws and rents of a search that takes seconds.
_PATHS, _DRAWS, _RENTS = 128, 32, 11


def red_lines_of(
    setting: Setting, obligors: Iterable[Obligor], threads: int | None = None, progress: Progress | None = None
) -> RedLines | None:
    """Return the red lines of everything that can break, if any borrower is one that the book names.

    None where none is, or where the book ends before the shortest horizon of a red line.
    """
    named = any(not obligor.generic for obligor in obligors)
    if not named or setting.question.book_used.months < HORIZONS[0]:
        return None
    question = setting.question
    small = replace(question, paths=min(question.paths, _PATHS), draws=min(question.draws, _DRAWS))
    return red_lines(prepare(small), most=_RENTS, threads=threads, progress=progress)


def red_line_of(found: RedLines | None, obligor: Obligor, months: int) -> RedLine | None:
    """Return the red line of a borrower within so many months; None where none was sought."""
    if found is None or obligor.generic:
        return None
    return next(
        (line for line in found.lines
         if line.thing.kind == "entity" and line.thing.entity == obligor.key and line.months == months),
        None,
    )  # fmt: skip


def told(found: RedLines, line: RedLine) -> str:
    """Return why there is no red line, or that there is one."""
    return line.status if line.status == "solved" else reason(line, found.rents)
