"""What a feed would change in a book, as a file that a person reads, edits and applies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from deflator.book import Book, Source
from deflator.book.edit import Edit, NewRow, edited
from deflator.book.spelling import quoted
from deflator.durable import write_whole
from deflator.errors import BookError, Fault

FORMAT = 1
_MOST_BYTES = 20_000_000


@dataclass(frozen=True)
class LeftOut:
    """Something that was found and is not proposed.

    Parameters
    ----------
    what, value
        What it is, and what it says.
    reason
        Why it is not proposed.
    """

    what: str
    value: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """Changes to one book, with the documents that they were read in.

    Parameters
    ----------
    format
        Layout of the file.
    book, fingerprint
        Which book it was made for, and what that said then.
    made_by, at
        What was asked, and when the service answered (UTC).
    sources
        Documents, with accession numbers where they have one.
    edits, rows
        What is to change. Whoever does not want one of them takes it out of the file.
    left_out
        What was found and is not proposed, with the reason.
    """

    format: int
    book: str
    fingerprint: str
    made_by: str
    at: str
    sources: Sequence[Source] = ()
    edits: Sequence[Edit] = ()
    rows: Sequence[NewRow] = ()
    left_out: Sequence[LeftOut] = field(default_factory=tuple)

    def __bool__(self) -> bool:
        return bool(self.edits or self.rows)


def write_proposal(proposal: Proposal, path: Path) -> None:
    """Write a proposal, whole or not at all.

    Raises
    ------
    BookError
        When the file exists.
    """
    if path.exists():
        raise BookError([Fault(str(path), 0, "", "the file exists", "give another name, or remove it first")])
    write_whole(path, f"{json.dumps(asdict(proposal), indent=1, ensure_ascii=False)}\n".encode())


def read_proposal(path: Path) -> Proposal:
    """Return the proposal that a file holds.

    Raises
    ------
    BookError
        With everything that is wrong with the file.
    """
    hint = "`deflator data` writes proposals"
    try:
        content = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
        found: Any = json.loads(content.decode("utf-8"))
    except OSError as error:
        raise BookError([Fault(str(path), 0, "", f"cannot be read: {error.strerror}", hint)]) from None
    except ValueError as error:
        raise BookError([Fault(str(path), 0, "", f"not a proposal: {error}", hint)]) from None
    version = found.get("format") if isinstance(found, Mapping) else None
    if version != FORMAT:
        message = f"format {version!r} is not {FORMAT}, which this version reads"
        raise BookError([Fault(str(path), 0, "format", message, hint)])
    try:
        return TypeAdapter(Proposal).validate_python(found)
    except ValidationError as error:
        raise BookError(
            Fault(str(path), 0, ".".join(map(str, one["loc"])), f"{quoted(one['input'])}: {one['msg']}", hint)
            for one in error.errors()
        ) from None


def apply_proposal(book: Book, proposal: Proposal) -> Book:
    """Return the book with everything that a proposal says; the book that was given stays as it is.

    Raises
    ------
    BookError
        When the proposal was made for another book, names what the book does not have, or makes the book wrong.
    """
    if proposal.book != book.name:
        message = f"the proposal was made for {proposal.book}, and the book is {book.name}"
        raise BookError([Fault("", 0, "book", message, "apply it to the book that it was made for")])
    missing = [
        Fault("", 0, f"{edit.table}.{edit.row}.{edit.column}", "the book has no such row any more",
              "take it out of the proposal, or make a new one")
        for edit in proposal.edits
        if edit.table not in book.tables or edit.row not in book.table(edit.table).index
    ]  # fmt: skip
    if missing:
        raise BookError(missing)
    used = {known.source for edit in proposal.edits if (known := edit.provenance)}
    used |= {known.source for row in proposal.rows for known in row.provenance.values()}
    sources = [source for source in proposal.sources if source.source in used]
    return edited(book, proposal.edits, proposal.rows, sources)
