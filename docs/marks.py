"""Pages written by hand that hold what a program found, between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

END = "<!-- end -->"


def begin(command: str) -> str:
    """Return the mark behind which stands what a command found."""
    return f"<!-- what `{command}` found -->"


def with_found(page: str, command: str, lines: Iterable[str]) -> str:
    r"""Return a page with what a command found between its marks.

    Examples
    --------
    >>> with_found("A\n<!-- what `x` found -->\nold\n<!-- end -->\nB", "x", ["new"])
    'A\n<!-- what `x` found -->\n\nnew\n\n<!-- end -->\nB'
    """
    within = "\n\n".join((begin(command), "\n".join(lines).strip(), END))
    return re.sub(f"{re.escape(begin(command))}.*?{END}", lambda _: within, page, flags=re.DOTALL)


def write_found(page: Path, command: str, lines: Iterable[str]) -> None:
    """Write what a command found into a page."""
    page.write_text(with_found(page.read_text(encoding="utf-8"), command, lines), encoding="utf-8")
