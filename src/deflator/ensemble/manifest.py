"""What was run, with what, and what it measured of itself: everything needed to run it again."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from deflator.errors import Fault, RunError

MANIFEST = "manifest.json"
FORMAT = 4
#: Older layouts that can still be read; format 1 had no table of failures and no goal, format 2 no tenths of cohorts
#: and no yardsticks of layers, format 3 no book.
_READABLE = (1, 2, 3, FORMAT)


@dataclass(frozen=True)
class Manifest:
    """The record of one run; it names no machine, person or place.

    Parameters
    ----------
    format
        Version of the layout of the folder.
    run
        Identity: the name of the scenario and a hash of all that determines the results.
    finished_at
        Time of day in UTC, ISO 8601.
    versions
        Deflator, Python and the libraries that compute.
    book, scenario
        Name and fingerprint of each.
    as_of
        Month 0, `YYYY-MM`.
    months
        Horizon.
    paths, paths_failed
        Paths run; paths whose status is not OK, left out of every figure.
    draws
        Draws of the uncertain figures; path p uses draw p modulo this number. 1 when ignorance is off.
    ignorance, chance
        Whether uncertain figures are drawn; whether paths have noise.
    seed
        Seed of all draws.
    ledger_residual, debt_residual, units_residual
        Largest over all paths and months, relative to the gross flow.
    checksum
        Fingerprint of the results; the same bits for any number of threads.
    elapsed_seconds
        By stage, of the sitting in which the run was finished.
    paths_asked
        Paths that were asked for: more than `paths` where the target was reached before. None in format 1.
    target_error, error
        Monte Carlo standard error at which to stop, and the largest one of the headline at the end; None without one.
    """

    format: int
    run: str
    finished_at: str
    versions: dict[str, str]
    book: dict[str, str]
    scenario: dict[str, str]
    as_of: str
    months: int
    paths: int
    paths_failed: int
    draws: int
    ignorance: bool
    chance: bool
    seed: int
    ledger_residual: float
    debt_residual: float
    units_residual: float
    checksum: str
    elapsed_seconds: dict[str, float]
    paths_asked: int | None = None
    target_error: float | None = None
    error: float | None = None

    @property
    def seconds(self) -> float:
        """Time over all stages."""
        return sum(self.elapsed_seconds.values())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the record into the folder of a run."""
    (folder / MANIFEST).write_text(json.dumps(dataclasses.asdict(manifest), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the record of a run.

    Raises
    ------
    RunError
        When the folder holds none, or one that this version does not read.
    """
    file = folder / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _unreadable(folder, "this is not the folder of a run: it has no manifest.json") from None
    except (ValueError, OSError) as error:
        raise _unreadable(file, f"cannot be read: {error}") from None
    version = found.get("format") if isinstance(found, dict) else None
    if version not in _READABLE:
        readable = ", ".join(map(str, _READABLE))
        newer = isinstance(version, int) and version > FORMAT
        why = ": a newer version of deflator wrote it" if newer else ""
        raise _unreadable(file, f"format {version!r} is not among {readable}, which this version reads{why}")
    try:
        return Manifest(**found)
    except TypeError as error:
        raise _unreadable(file, f"is not complete: {error}") from None


def _unreadable(place: Path, message: str) -> RunError:
    return RunError([Fault(str(place), 0, "", message, "run it again with `deflator run`")])
