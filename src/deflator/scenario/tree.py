"""Read YAML as a tree that knows its lines, and build nothing else from it.

PyYAML splits the text into events; the tree keeps each scalar as it was typed, so that `2026-07`, `+6` and
`1e-3` stay what a person meant. Nothing in a file can run code, and size, depth and aliases are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import yaml

from deflator.book.spelling import quoted
from deflator.errors import Fault, ScenarioError

MOST_BYTES = 1_000_000
MOST_ALIASES = 50
MOST_LEVELS = 12

#: Control characters, which could steer a terminal, and halves of characters.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_KINDS = ("str", "int", "float", "bool", "map", "seq")
_STANDARD_TAGS = (None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in _KINDS))


@dataclass(frozen=True)
class Scalar:
    """One word, number or text as it was typed; `quoted` says that it is text whatever it looks like."""

    text: str
    quoted: bool
    row: int


@dataclass(frozen=True)
class Branch:
    """Keys with their values, in the order of the file; a key may stand twice, which the reader refuses."""

    entries: tuple[tuple[Scalar, Node], ...]
    row: int


@dataclass(frozen=True)
class Series:
    """A list of values."""

    items: tuple[Node, ...]
    row: int


Node = Scalar | Branch | Series


def read_bytes(data: bytes, file: str) -> Node:
    """Return the tree of a file's bytes.

    Parameters
    ----------
    data
        UTF-8, at most `MOST_BYTES`.
    file
        How the user named the file, for faults.

    Raises
    ------
    ScenarioError
        When the bytes are too many, are not UTF-8 or are not YAML.
    """
    if len(data) > MOST_BYTES:
        _refuse(file, 0, f"{len(data)} bytes are too many", f"a scenario has at most {MOST_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        _refuse(file, row, f"byte {data[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
    return read_text(text, file)


def read_text(text: str, file: str) -> Node:
    """Return the tree of a text.

    Examples
    --------
    >>> read_text("rent: {+6: 1e-3}", "a.yaml").entries[0][1].entries[0][0].text
    '+6'
    """
    indented_by_tab = [
        Fault(file, row, "", "a tab stands in the indentation", "indent with spaces")
        for row, line in enumerate(text.split("\n"), start=1)
        if "\t" in line[: len(line) - len(line.lstrip())]
    ]
    if indented_by_tab:
        raise ScenarioError(indented_by_tab)
    try:
        return _Builder(file, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(file, mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}")
    except yaml.reader.ReaderError as error:
        row = text.count("\n", 0, error.position) + 1
        _refuse(file, row, f"the character U+{error.character:04X} is not allowed", "remove it")
    except (ValueError, OverflowError) as error:  # an escape such as "\U99999999" that is no character
        _refuse(file, 0, f"not YAML: {error}", "remove the escape")


def _refuse(file: str, row: int, message: str, hint: str = "") -> NoReturn:
    raise ScenarioError([Fault(file, row, "", message, hint)])


def _row(event: yaml.Event) -> int:
    """Return the row in which an event starts."""
    return event.start_mark.line + 1 if event.start_mark else 0


class _Builder:
    """Turn the events of one YAML document into a tree."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.events: Iterator[yaml.Event] = yaml.parse(text, yaml.SafeLoader)
        self.anchors: dict[str, Node] = {}
        self.aliases = 0

    def document(self) -> Node:
        """Return the tree of the only document."""
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            _refuse(self.file, 0, "the file is empty", "`deflator scenario init FILE` writes a template")
        node = self._node(next(self.events), 1)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            _refuse(self.file, _row(after), "a second document starts", "write one file per scenario")
        return node

    def _node(self, event: yaml.Event, level: int) -> Node:
        """Return the node that an event begins."""
        node: Node
        row = _row(event)
        if level > MOST_LEVELS:
            _refuse(self.file, row, f"more than {MOST_LEVELS} levels", "a scenario has at most five")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", row)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = self._until(yaml.SequenceEndEvent)
            node = Series(tuple(self._node(item, level + 1) for item in items), row)
        else:
            keys = self._until(yaml.MappingEndEvent)
            pairs = ((self._key(key), self._node(next(self.events), level + 1)) for key in keys)
            node = Branch(tuple(pairs), row)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.tag not in _STANDARD_TAGS:
            _refuse(self.file, row, f"the tag {quoted(event.tag)} is not allowed", "write plain values")
        if event.anchor:
            self.anchors[event.anchor] = node  # only when complete: a node cannot hold itself
        return node

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """Yield the first events of the children of a node."""
        while not isinstance(event := next(self.events), end):
            yield event

    def _key(self, event: yaml.Event) -> Scalar:
        """Return the key that an event holds."""
        if not isinstance(event, yaml.ScalarEvent):
            _refuse(self.file, _row(event), "a key is not a single word", "write `key: value`")
        return self._scalar(event)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        """Return a word, number or text that can be printed."""
        unfit = _UNFIT.search(event.value)
        if unfit:
            message = f"the character U+{ord(unfit[0]):04X} is not allowed"
            _refuse(self.file, _row(event), message, "remove it")
        return Scalar(event.value, event.style is not None, _row(event))

    def _alias(self, anchor: str, row: int) -> Node:
        """Return the node that an alias repeats."""
        self.aliases += 1
        if self.aliases > MOST_ALIASES:
            _refuse(self.file, row, f"more than {MOST_ALIASES} aliases", "write the values out")
        if anchor not in self.anchors:
            message = f"the alias {quoted('*' + anchor)} has no anchor before it"
            _refuse(self.file, row, message, "write the value out")
        return self.anchors[anchor]
