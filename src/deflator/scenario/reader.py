"""Take typed values out of a tree and note every fault with its row, so that all are told at once."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator

from deflator.book.spelling import quoted
from deflator.errors import Fault, ScenarioError
from deflator.messages import text
from deflator.scenario.tree import Branch, Node, Scalar, Series

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_FLAGS = {
    "on": True,
    "true": True,
    "yes": True,
    "1": True,
    "off": False,
    "false": False,
    "no": False,
    "0": False,
}
_MOST_SHOWN, _FEW_SHOWN = 24, 8
_LONGEST_FIELD = 120


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """Return what a user may have meant, then what is allowed; of a long list the nearest names.

    Examples
    --------
    >>> suggestion("rents", ["rent", "delay"])
    "did you mean 'rent'? allowed: rent, delay"
    """
    names = list(allowed)
    close = difflib.get_close_matches(name[:_LONGEST_FIELD], names, n=1)
    meant = text("faults.meant", name=f"'{close[0]}'") + " " if close else ""
    shown = names
    if len(names) > _MOST_SHOWN:
        shown = difflib.get_close_matches(name, names, n=_FEW_SHOWN, cutoff=0.0)
        shown.append(text("faults.and_more", count=len(names) - len(shown)))
    return meant + text("faults.allowed", names=", ".join(shown)) if names else text("faults.none_allowed")


class Reader:
    """Reads one file; each method returns None after it has noted a fault.

    Parameters
    ----------
    file
        How the user named the file.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def fault(self, row: int, field: str, message: str, hint: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(self.file, row, field[:_LONGEST_FIELD], message, hint))

    def finish(self) -> None:
        """Raise every fault that was noted."""
        if self.faults:
            raise ScenarioError(self.faults)

    def known(self, name: str, allowed: Iterable[str], kind: str, row: int, field: str) -> bool:
        """Tell whether a name is one of those allowed."""
        names = list(allowed)
        if name not in names:
            self.fault(row, field, text("faults.unknown", kind=kind, given=quoted(name)), suggestion(name, names))
        return name in names

    def entries(self, node: Node, field: str, hint: str) -> Iterator[tuple[Scalar, Node]]:
        """Yield the keys and values of a branch; a key that stands twice is a fault."""
        if not isinstance(node, Branch):
            self.fault(node.row, field, text("faults.no_branch", given=told(node)), hint)
            return
        rows: dict[str, int] = {}
        for key, value in node.entries:
            if key.text in rows:
                inner = f"{field}.{key.text}" if field else key.text
                message = text("faults.key_twice", given=quoted(key.text), first=rows[key.text], second=key.row)
                self.fault(key.row, inner, message, text("faults.keep_one"))
                continue
            rows[key.text] = key.row
            yield key, value

    def text(self, node: Node, field: str) -> str | None:
        """Return a text that is not empty."""
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        self.fault(node.row, field, text("faults.no_text", given=told(node)), text("faults.write_text", field=field))
        return None

    def flag(self, node: Node, field: str) -> bool | None:
        """Return an on or off."""
        if isinstance(node, Scalar) and node.text.lower() in _FLAGS:
            return _FLAGS[node.text.lower()]
        self.fault(node.row, field, text("faults.no_flag", given=told(node)), text("faults.write_flag"))
        return None

    def number(self, node: Node, field: str, minimum: float, maximum: float, unit: str) -> float | None:
        """Return a finite number within bounds, both of which are allowed."""
        allowed = _bounds(minimum, maximum) + (f" ({unit})" if unit else "")
        if not isinstance(node, Scalar) or not node.text:
            self.fault(node.row, field, text("faults.number_belongs", given=told(node)), allowed)
        elif node.quoted:
            self.fault(node.row, field, text("faults.is_text", given=quoted(node.text)), text("faults.no_quotes"))
        elif _NOT_FINITE.fullmatch(node.text):
            self.fault(node.row, field, text("faults.not_finite", given=quoted(node.text)), allowed)
        elif not _NUMBER.fullmatch(node.text):
            self.fault(node.row, field, text("faults.no_number", given=quoted(node.text)), allowed)
        elif not minimum <= float(node.text) <= maximum or math.isinf(float(node.text)):
            self.fault(node.row, field, text("faults.out_of_range", given=quoted(node.text)), allowed)
        else:
            return float(node.text)
        return None


def _bounds(minimum: float, maximum: float) -> str:
    """Return what numbers are allowed, in words.

    Examples
    --------
    >>> _bounds(0, math.inf), _bounds(0, 1)
    ('use a number of at least 0', 'use a number from 0 to 1')
    """
    if math.isinf(minimum) and math.isinf(maximum):
        return text("faults.use_number")
    if math.isinf(maximum):
        return text("faults.use_number_least", least=f"{minimum:g}")
    if math.isinf(minimum):
        return text("faults.use_number_most", most=f"{maximum:g}")
    return text("faults.use_number_between", least=f"{minimum:g}", most=f"{maximum:g}")


def told(node: Node) -> str:
    """Return a node in words.

    Examples
    --------
    >>> told(Scalar("abc", False, 1)), told(Scalar("", False, 1)), told(Series((), 1))
    ("'abc'", 'nothing', 'a list')
    """
    if isinstance(node, Scalar):
        return quoted(node.text) if node.text.strip() else text("faults.nothing")
    return text("faults.a_list") if isinstance(node, Series) else text("faults.a_branch")
