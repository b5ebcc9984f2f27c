"""Where runs are kept: a folder of folders, each a whole run or, by its name, an unfinished one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from deflator.ensemble.lock import owner_of
from deflator.ensemble.manifest import MANIFEST, Manifest, read_manifest
from deflator.ensemble.unfinished import SUFFIX, HowFar, how_far, unfinished_folder
from deflator.errors import DeflatorError, Fault, RunError

RUNS_VARIABLE = "DEFLATOR_RUNS"
QUOTA_VARIABLE = "DEFLATOR_RUNS_QUOTA_GB"
DEFAULT_QUOTA_GB = 5.0


@dataclass(frozen=True)
class StoredRun:
    """A folder in the place for runs.

    Parameters
    ----------
    folder
        Where it lies; its name is what `deflator runs rm` takes.
    size_bytes
        Disk that it takes.
    manifest
        What was run; None for an unfinished run, and for what cannot be read.
    unfinished
        How far it got; None for a whole run.
    unreadable
        Why a folder that is not unfinished cannot be read.
    """

    folder: Path
    size_bytes: int
    manifest: Manifest | None
    unfinished: HowFar | None = None
    unreadable: str | None = None


def runs_folder() -> Path:
    """Return the place for runs: the environment variable DEFLATOR_RUNS, or the user's data folder."""
    chosen = os.environ.get(RUNS_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("deflator")) / "runs"


def quota_gb() -> float:
    """Return how many gigabytes of runs are kept before a warning: DEFLATOR_RUNS_QUOTA_GB, or 5.

    Raises
    ------
    RunError
        When the variable is not a positive number.
    """
    given = os.environ.get(QUOTA_VARIABLE, str(DEFAULT_QUOTA_GB))
    try:
        quota = float(given)
    except ValueError:
        quota = 0.0
    if not quota > 0:
        raise RunError([Fault(QUOTA_VARIABLE, 0, "", f"{given!r} is not a size", "use a number above 0, such as 5")])
    return quota


def stored_runs() -> list[StoredRun]:
    """Return every run in the place for runs, by name; what begins with a dot is not whole, and will not be."""
    place = runs_folder()
    if not place.is_dir():
        return []
    return [_stored(folder) for folder in sorted(place.iterdir()) if folder.is_dir() and folder.name[0] != "."]


def _stored(folder: Path) -> StoredRun:
    size_bytes = sum(_size(file) for file in folder.rglob("*"))
    if folder.name.endswith(SUFFIX):
        return StoredRun(folder, size_bytes, None, how_far(folder))
    try:
        return StoredRun(folder, size_bytes, read_manifest(folder))
    except DeflatorError as error:
        return StoredRun(folder, size_bytes, None, unreadable=error.faults[0].message)


def _size(file: Path) -> int:
    """Return the bytes of a file; none of one that was removed meanwhile by the process that works there."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def find_run(name: str) -> Path:
    """Return the folder of a run: by its path, its name in the place for runs, or the beginning of its name.

    Of several names that begin alike the run that finished last is meant.

    Raises
    ------
    RunError
        When there is no such run; those that there are, are offered.
    """
    for folder in (Path(name), runs_folder() / name):
        if (folder / MANIFEST).is_file() and not folder.name.endswith(SUFFIX):
            return folder
    known = {run.folder: run.manifest.finished_at for run in stored_runs() if run.manifest}
    begin_alike = [folder for folder in known if folder.name.startswith(name)]
    if begin_alike:
        return max(begin_alike, key=lambda folder: known[folder])
    if any(_unfinished(name)):
        hint = f"type `deflator resume {name}`"
        raise RunError([Fault("", 0, "", f"the run {name!r} is not finished", hint)])
    names = ", ".join(folder.name for folder in known)
    hint = f"use one of {names}" if known else "make one with `deflator run`"
    raise RunError([Fault("", 0, "", f"there is no run {name!r} here or in {runs_folder()}", hint)])


def find_unfinished(name: str) -> Path | None:
    """Return the folder of an unfinished run, found as `find_run` finds whole ones; None when there is none."""
    return next(_unfinished(name), None)


def _unfinished(name: str) -> Iterator[Path]:
    for place in (Path(name), runs_folder() / name):
        for folder in (place, unfinished_folder(place)):
            if folder.name.endswith(SUFFIX) and folder.is_dir():
                yield folder
    if runs_folder().is_dir():
        alike = [path for path in runs_folder().iterdir() if path.name.startswith(name) and path.name.endswith(SUFFIX)]
        yield from sorted(alike, key=lambda path: path.stat().st_mtime, reverse=True)


def remove_runs(names: list[str]) -> list[str]:
    """Remove runs, finished or not, from the place for runs; none if one is unknown or being worked on.

    Raises
    ------
    RunError
        For every name that is not in the place for runs, or on which a process works.
    """
    known = {run.folder.name: run.folder for run in stored_runs()}
    faults = [
        Fault("", 0, "", f"there is no run {name!r} in {runs_folder()}", "see `deflator runs`")
        for name in names
        if name not in known
    ]
    owners = {name: owner_of(known[name]) for name in names if name in known and name.endswith(SUFFIX)}
    faults += [
        Fault("", 0, "", f"process {owner.pid} on {owner.host} works on {name}", "stop it, or wait until it is done")
        for name, owner in owners.items()
        if owner
    ]
    if faults:
        raise RunError(faults)
    for name in names:
        shutil.rmtree(known[name])
    return names


def check_target(target: Path, run: str) -> None:
    """Refuse a folder whose content is not an earlier result of the same run.

    Parameters
    ----------
    target
        Where the run is to be kept.
    run
        Identity of the run; an earlier result of it may be replaced.

    Raises
    ------
    RunError
        When anything else lies there.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if target.is_dir() and (target / MANIFEST).is_file() and read_manifest(target).run == run:
        return
    hint = "name a folder that is new or empty with --out, or remove what is there"
    raise RunError([Fault(str(target), 0, "", "something else than this run is kept there", hint)])
