"""One process at a time in the folder of an unfinished run."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deflator.errors import Fault, RunError

LOCK = "lock"


@dataclass(frozen=True)
class Owner:
    """The process that works in a folder."""

    pid: int
    host: str

    @classmethod
    def this(cls) -> Owner:
        """Return this process."""
        return cls(os.getpid(), socket.gethostname())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made where it is missing.

    The system lets go of the lock when its process ends, however it ends; what is written in the file says who that
    was. Where a folder is shared between machines the system may not know, so a lock of another machine stays.

    Raises
    ------
    RunError
        When another process holds it.
    """
    handle = _acquire(folder)
    try:
        yield
    finally:
        os.ftruncate(handle, 0)  # who leaves of its own accord leaves no name; who is killed does
        os.close(handle)


def _acquire(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # finished and renamed between the two lines above
            continue
        try:
            free = _try(handle, tries=10)
            owner = _read(handle)
            here = Owner.this()
            if not free or (owner and owner.host != here.host):
                raise _refused(folder, owner)
            if not _is_in(handle, folder):
                os.close(handle)
                continue
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(asdict(here)).encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        return handle


def owner_of(folder: Path) -> Owner | None:
    """Return who works in a folder now; None when nobody does."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        owner = _read(handle)
        elsewhere = owner is not None and owner.host != Owner.this().host
        return owner if elsewhere or not _try(handle) else None
    finally:
        os.close(handle)


def _try(handle: int, tries: int = 1) -> bool:
    """Take the lock if it is free; several tries outlast somebody who only looks whether it is."""
    for _ in range(tries):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _read(handle: int) -> Owner | None:
    try:
        found = json.loads(os.pread(handle, 4_096, 0))
        return Owner(int(found["pid"]), str(found["host"]))
    except (ValueError, KeyError, TypeError):
        return None


def _is_in(handle: int, folder: Path) -> bool:
    """Tell whether the file that was opened still lies where it was opened."""
    try:
        return os.fstat(handle).st_ino == (folder / LOCK).stat().st_ino
    except FileNotFoundError:
        return False


def _refused(folder: Path, owner: Owner | None) -> RunError:
    if owner is None:
        return RunError([Fault(str(folder), 0, "", "another process works on this run", "wait until it is done")])
    message = f"process {owner.pid} on {owner.host} works on this run"
    hint = "wait until it is done, or stop it"
    if owner.host != Owner.this().host:
        hint = f"wait until it is done; if it no longer runs there, remove {folder / LOCK}"
    return RunError([Fault(str(folder), 0, "", message, hint)])
