"""Names that a client may send, before anything looks for a file of that name."""

from __future__ import annotations

import re

from deflator.book.spelling import did_you_mean, quoted
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.web.refusals import MissingError

_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_.-]*", re.ASCII)
_LONGEST = 64


def is_name(name: str) -> bool:
    """Tell whether a name can be that of a kept book or scenario: no way leads out of a folder by it.

    Examples
    --------
    >>> is_name("my-book"), is_name("../etc"), is_name("a/b"), is_name("CON.txt")
    (True, False, False, False)
    """
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def is_run(name: str) -> bool:
    """Tell whether a name can be that of a run.

    Examples
    --------
    >>> is_run("base-0f3a9c21d4"), is_run(".."), is_run("a/../b"), is_run("a..b")
    (True, False, False, False)
    """
    return len(name) <= 200 and ".." not in name and _RUN.fullmatch(name) is not None


def not_a_name(field: str, name: str) -> RunError:
    """Return the refusal of a name that no kept book or scenario can have."""
    return RunError(
        [Fault("", 0, field, text("faults.no_short_name", given=quoted(name)), text("faults.short_name_hint"))]
    )


def missing(kind: str, field: str, name: str, known: list[str]) -> MissingError:
    """Return the refusal of a name that nothing has."""
    message = text("faults.none_such", kind=kind, given=quoted(name[:_LONGEST]))
    return MissingError([Fault("", 0, field, message, did_you_mean(name, known))])
