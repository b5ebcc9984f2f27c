"""The command `deflator`, which is `python -m deflator` as well: choose the language, then load the commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from deflator.messages import LANGUAGES, VARIABLE

FLAG = "--lang"


def language_asked(arguments: Sequence[str]) -> str | None:
    """Return the language that `--lang` asks for before the command; None where it does not, or we have no such.

    Examples
    --------
    >>> language_asked(["--lang", "zh", "run", "base"]), language_asked(["run", "--lang", "zh"])
    ('zh', None)
    """
    for position, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return None
        flag, equals, value = argument.partition("=")
        if flag == FLAG:
            asked = value if equals else "".join(arguments[position + 1 : position + 2])
            return asked if asked in LANGUAGES else None
    return None


def main() -> None:
    """Run the command that was typed, in the language that was asked for.

    The words of commands are read when they are loaded, so the language is settled first, and for processes that
    are started from this one as well.
    """
    if language := language_asked(sys.argv[1:]):
        os.environ[VARIABLE] = language
    from deflator.cli import main as run_command

    run_command()


if __name__ == "__main__":
    main()
