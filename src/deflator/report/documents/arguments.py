"""What a document can be asked for, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deflator.book.spelling import did_you_mean, quoted
from deflator.ensemble import Progress, Question
from deflator.errors import Fault, RunError
from deflator.messages import LANGUAGES

#: Question, checked arguments and progress -> the parts of a document besides its heading.
Build = Callable[[Question, Mapping[str, Any], Progress | None], dict[str, Any]]


@dataclass(frozen=True)
class Argument:
    """One argument of a document.

    Parameters
    ----------
    default
        What is taken when it is not given; its type is the type of the argument. None means text or nothing.
    low, high
        Bounds of a number, both allowed.
    words
        What a text may be; anything when empty.
    required
        Whether it has to be given.
    """

    default: Any = None
    low: float = 0
    high: float = 1_000_000
    words: tuple[str, ...] = ()
    required: bool = False

    def fault(self, name: str, value: Any) -> Fault | None:
        """Return what is wrong with a value; None when nothing is."""
        kind: Any = str if self.default is None else type(self.default)
        right = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if not right or (isinstance(value, bool) and kind is not bool):
            message = f"{quoted(str(value))} is not {_KINDS[kind]}"
            return Fault("", 0, name, message, f"give {_KINDS[kind]}")
        if kind in (int, float) and not self.low <= value <= self.high:
            return Fault("", 0, name, f"{value} is out of range", f"use a number from {self.low:g} to {self.high:g}")
        if self.words and value not in self.words:
            hint = did_you_mean(str(value), list(self.words)) or f"use one of {', '.join(self.words)}"
            return Fault("", 0, name, f"{quoted(str(value))} is not known", hint)
        return None


_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
LANG = Argument("en", words=LANGUAGES)


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document.

    Parameters
    ----------
    build
        Makes its parts.
    arguments
        What it can be asked for, by name. `lang` can be asked of all.
    """

    build: Build
    arguments: Mapping[str, Argument] = field(default_factory=dict)


def checked(kind: DocumentKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a document, with defaults for those that are not given.

    Raises
    ------
    RunError
        With everything that is unknown, missing, of the wrong kind or out of range.

    Examples
    --------
    >>> checked(DocumentKind(lambda *_: {}, {"paths": Argument(512, low=8)}), {"paths": 64})
    {'paths': 64, 'lang': 'en'}
    """
    rules = {**kind.arguments, "lang": LANG}
    faults = [
        Fault("", 0, name, "is not an argument of this document",
              did_you_mean(name, list(rules)) or f"use {', '.join(rules)}")
        for name in given
        if name not in rules
    ]  # fmt: skip
    for name, rule in rules.items():
        if given.get(name) is None:
            if rule.required:
                faults.append(Fault("", 0, name, "is missing", "give it among the arguments"))
        elif found := rule.fault(name, given[name]):
            faults.append(found)
    if faults:
        raise RunError(faults)
    return {name: rule.default if given.get(name) is None else given[name] for name, rule in rules.items()}
