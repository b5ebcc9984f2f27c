"""Where runs are kept: a folder of folders, each written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from deflator.ensemble.manifest import MANIFEST, Manifest, read_manifest
from deflator.errors import DeflatorError, Fault, RunError

RUNS_VARIABLE = "DEFLATOR_RUNS"
QUOTA_VARIABLE = "DEFLATOR_RUNS_QUOTA_GB"
DEFAULT_QUOTA_GB = 5.0
_DRAFT_PREFIX = ".draft-"


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
        What was run; None for a folder that a killed run left behind, or that cannot be read.
    """

    folder: Path
    size_bytes: int
    manifest: Manifest | None


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
    """Return every run in the place for runs, by name."""
    place = runs_folder()
    if not place.is_dir():
        return []
    return [_stored(folder) for folder in sorted(place.iterdir()) if folder.is_dir()]


def _stored(folder: Path) -> StoredRun:
    size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    try:
        return StoredRun(folder, size_bytes, read_manifest(folder))
    except DeflatorError:
        return StoredRun(folder, size_bytes, None)


def find_run(name: str) -> Path:
    """Return the folder of a run: by its path, its name in the place for runs, or the beginning of its name.

    Of several names that begin alike the run that finished last is meant.

    Raises
    ------
    RunError
        When there is no such run; those that there are, are offered.
    """
    for folder in (Path(name), runs_folder() / name):
        if (folder / MANIFEST).is_file():
            return folder
    known = {run.folder: run.manifest.finished_at for run in stored_runs() if run.manifest}
    begin_alike = [folder for folder in known if folder.name.startswith(name)]
    if begin_alike:
        return max(begin_alike, key=lambda folder: known[folder])
    names = ", ".join(folder.name for folder in known)
    hint = f"use one of {names}" if known else "make one with `deflator run`"
    raise RunError([Fault("", 0, "", f"there is no run {name!r} here or in {runs_folder()}", hint)])


def remove_runs(names: list[str]) -> list[str]:
    """Remove runs, or what a killed run left, from the place for runs; none if one is unknown.

    Raises
    ------
    RunError
        For every name that is not in the place for runs.
    """
    known = {run.folder.name: run.folder for run in stored_runs()}
    faults = [
        Fault("", 0, "", f"there is no run {name!r} in {runs_folder()}", "see `deflator runs`")
        for name in names
        if name not in known
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


@contextmanager
def drafting(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside `target` that takes its name only when the block ends well.

    Whatever ends the block early, nothing is left under either name.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / f"{_DRAFT_PREFIX}{target.name}-{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        yield draft
        for path in [*draft.rglob("*"), draft]:
            _flush_to_disk(path)
        _rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(draft: Path, target: Path) -> None:
    """Give the draft its name; an earlier run there stands aside until the new one is in place."""
    if target.exists():
        aside = draft.with_name(draft.name + "-old")
        target.rename(aside)
        draft.rename(target)
        shutil.rmtree(aside)
    else:
        draft.rename(target)
    _flush_to_disk(target.parent)
