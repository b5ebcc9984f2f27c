"""Files that are whole or not there: written under another name, and on the disk before they get their own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a name beside a file or folder to write it under; it takes its own when the block ends well.

    Parameters
    ----------
    target
        Where it goes, in place of what is there. The name to write under ends alike, for those who choose a format by
        it. When the program is killed while two folders change places, the old one is whole as `.NAME.before`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with whole(Path(folder) / "answer.txt") as draft:
    ...         _ = draft.write_text("42")
    ...     [file.name for file in Path(folder).iterdir()]
    ['answer.txt']
    """
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    try:
        yield draft
        for path in (*draft.rglob("*"), draft):
            flush_to_disk(path)
        _take_place(draft, target)
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def _take_place(draft: Path, target: Path) -> None:
    before = target.with_name(f".{target.name}.before")
    folders = draft.is_dir() and target.is_dir()
    if folders:
        shutil.rmtree(before, ignore_errors=True)
        target.rename(before)
    draft.replace(target)
    flush_to_disk(target.parent)
    if folders:
        shutil.rmtree(before, ignore_errors=True)


def write_whole(file: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole(file) as draft:
        draft.write_bytes(content)


def flush_to_disk(path: Path) -> None:
    """Have a file or folder reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
