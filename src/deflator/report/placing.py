"""Writing a file or folder, all of it or nothing, under a name that nothing has yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deflator.durable import whole
from deflator.errors import Fault, RunError
from deflator.messages import text


def check_free(target: Path) -> None:
    """Refuse a name under which something lies already; ask before anything is computed.

    Raises
    ------
    RunError
        When something is there, or the folder around it is missing.
    """
    if not target.name:
        raise RunError([Fault(str(target), 0, "-o", text("export.no_name"), text("export.no_name_hint"))])
    if target.exists() or target.is_symlink():
        raise RunError([Fault(str(target), 0, "-o", text("export.taken"), text("export.taken_hint"))])
    if not target.parent.is_dir():
        message = text("export.no_folder", folder=target.parent)
        raise RunError([Fault(str(target), 0, "-o", message, text("export.no_folder_hint", folder=target.parent))])


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """Give a place to write to; what is there at the end of the block gets the name `target`, flushed to disk.

    Raises
    ------
    RunError
        When something has that name, or the place cannot be written to; then nothing is left.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with placed(Path(folder) / "note.txt") as draft:
    ...         _ = draft.write_text("whole")
    ...     (Path(folder) / "note.txt").read_text(), len(list(Path(folder).iterdir()))
    ('whole', 1)
    """
    check_free(target)
    try:
        with whole(target) as draft:
            yield draft
    except OSError as error:
        message = text("export.unwritable", reason=error.strerror or error)
        raise RunError([Fault(str(target), 0, "-o", message, text("export.unwritable_hint"))]) from None
