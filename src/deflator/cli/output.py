"""What every command does alike: print a table, print JSON, refuse with all reasons, stop on Ctrl-C.

Nothing heavy is imported here; `rich` is imported when something is printed.
"""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import typer

from deflator.errors import DeflatorError, Fault
from deflator.messages import text
from deflator.report.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

Column = str | tuple[str, Literal["left", "right"]]

BAD_INPUT = 2
FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130

_PLAIN_WIDTH = 132  # columns when the output is not a terminal, so that no figure is cut in a file or pipe


@contextmanager
def reporting(json: bool = False) -> Iterator[None]:
    """Turn what a user can mend into one line per fault and exit code 2, and Ctrl-C into one line and 130.

    Parameters
    ----------
    json
        Print the faults as one JSON object on standard output instead of lines on standard error.

    Examples
    --------
    >>> with reporting():  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     raise DeflatorError([Fault("a.csv", 1, "units", "missing")])
    Traceback (most recent call last):
    typer.Exit: 2
    """
    try:
        yield
    except DeflatorError as error:
        refuse(error.faults, json)
    except BrokenPipeError:  # the reader, `head` say, has seen enough: no fault of the user
        raise
    except OSError as error:
        refuse([Fault(str(error.filename or ""), 0, "", error.strerror or str(error))], json)
    except KeyboardInterrupt:
        note(text("cli.interrupted"))
        raise typer.Exit(INTERRUPTED) from None


def refuse(faults: Iterable[Fault], json: bool, code: int = BAD_INPUT) -> NoReturn:
    """Show every fault and leave with an exit code.

    Parameters
    ----------
    faults
        Everything that is wrong.
    json
        Print one JSON object on standard output instead of lines on standard error.
    code
        Exit code.

    Raises
    ------
    typer.Exit
        Always.
    """
    if json:
        emit_json({"faults": list(faults)})
    else:
        for fault in faults:
            note(str(fault))
    raise typer.Exit(code) from None


def note(line: str) -> None:
    """Print a line on standard error, where it cannot spoil a table or JSON that is read by a program."""
    print(line, file=sys.stderr)  # noqa: T201


def say(line: str = "") -> None:
    """Print a line on standard output as it is, without wrapping."""
    print(line)  # noqa: T201


def emit_json(value: Any) -> None:
    """Print one strict JSON value: what is not a number (NaN, infinity) becomes null.

    Examples
    --------
    >>> emit_json({"rents": (2.2, float("nan"))})
    {
      "rents": [
        2.2,
        null
      ]
    }
    """
    say(json_format.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def console() -> Console:
    """Return where tables go: standard output, with data printed as it is and never read as markup."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PLAIN_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
) -> None:
    """Print a table on standard output.

    Parameters
    ----------
    title
        What the table shows; empty for none.
    columns
        Headings; a pair adds the side to which the column is set, `right` for figures.
    rows
        Cells, printed by `str`.

    Examples
    --------
    >>> table("Rents", ["equipment", ("USD", "right")], [["h100", "2.20"]])
    Rents
    equipment   USD
    h100       2.20
    <BLANKLINE>
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for column in columns:
        heading, side = (column, "left") if isinstance(column, str) else column
        drawn.add_column(Text(heading, style="bold"), justify=side, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    screen = console()
    if title:
        screen.print(Text(title, style="bold"))
    screen.print(drawn)
    screen.print()
