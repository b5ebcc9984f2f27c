"""The chunks of an unfinished run on disk: each is whole, or it is simulated again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from deflator.ensemble.chunks import Chunk, DamagedError, Job
from deflator.errors import Fault, RunError

_SUFFIX = ".chunk"


class ChunkFolder:
    """Finished chunks, one file for each, named by its first path.

    A file carries the checksum of its content, so one that a crash left half-written, or that the disk lost, is found
    and simulated again.

    Parameters
    ----------
    folder
        Where they lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, first: int) -> Path:
        return self.folder / f"{first:012d}{_SUFFIX}"

    def names(self) -> list[int]:
        """Return the first path of every chunk that is there, unverified, in order."""
        return sorted(int(file.stem) for file in self.folder.glob(f"*{_SUFFIX}"))

    def write(self, first: int, data: bytes) -> None:
        """Keep a chunk; a file of that name is never seen half-written by a process that lives on."""
        self.folder.mkdir(exist_ok=True)
        draft = self._file(first).with_suffix(".writing")
        try:
            draft.write_bytes(data)
            draft.replace(self._file(first))
        finally:
            draft.unlink(missing_ok=True)

    def read(self, first: int) -> Chunk:
        """Return a chunk.

        Raises
        ------
        RunError
            When it is damaged; it is removed, so that it will be simulated again.
        """
        try:
            return Chunk.read(self._file(first).read_bytes())
        except DamagedError:
            self._file(first).unlink()
            hint = "type `deflator resume` again: only this chunk is lost"
            raise RunError([Fault(str(self._file(first)), 0, "", "differs from what was written", hint)]) from None

    def verified(self, job: Job) -> set[int]:
        """Return the first paths of the chunks of a job that are whole; what else lies there is removed."""
        found = set()
        for first in self.names():
            try:
                whole = Chunk.read(self._file(first).read_bytes()).measured
            except DamagedError:
                whole = None
            if whole and first in job.firsts and whole.paths == job.size(first):
                found.add(first)
            else:
                self._file(first).unlink()
        for draft in self.folder.glob("*.writing"):
            draft.unlink()
        return found

    def rows(self, firsts: Collection[int], table: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of a table, chunk by chunk in the order of paths."""
        for first in sorted(firsts):
            yield self.read(first).table(table)
