"""What a run will take, before it takes it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deflator.cli.output import emit_json, say
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.ensemble import Expected, Question

#: Runs that take less start without a word.
LONG_SECONDS = 60.0


def show_expected(questions: Mapping[str, Question], threads: int | None, cluster: str | None, json: bool) -> None:
    """Measure first chunks of each question, and print what all of it would take."""
    from deflator.analysis.result import target_for, workers_of
    from deflator.ensemble import expect

    found = {}
    for name, question in questions.items():
        with workers_of(question, threads, cluster) as workers:
            found[name] = expect(question, workers)
    places = {name: free_bytes(target_for(question)) for name, question in questions.items()}
    if json:
        plans = {name: expected._asdict() | {"free_bytes": places[name]} for name, expected in found.items()}
        emit_json({"expected": plans, "disclaimer": text("common.disclaimer")})
        return
    for name, expected in found.items():
        say(told_of(name, expected))
    say(text("run.nothing_kept"))
    say(text("common.disclaimer"))


def told_of(name: str, expected: Expected) -> str:
    """Return what is expected of a run in one sentence."""
    return text(
        "run.expected",
        scenario=name,
        paths=f"{expected.paths:,}",
        threads=expected.threads,
        time=duration(expected.seconds),
        kept=size(expected.kept_bytes),
        most=size(expected.most_bytes),
    )


def duration(seconds: float) -> str:
    """Return a time with no more digits than an estimate supports.

    Examples
    --------
    >>> duration(0.4), duration(75.0), duration(600.0), duration(9_000.0)
    ('1 s', '75 s', '10 min', '2.5 h')
    """
    if seconds < 120.0:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200.0 else f"{seconds / 3_600:.1f} h"


def size(bytes_: int) -> str:
    """Return a size on disk.

    Examples
    --------
    >>> size(200), size(12_345_678), size(3_456_789_012)
    ('0.1 MB', '12 MB', '3.5 GB')
    """
    if bytes_ >= 1e9:
        return f"{bytes_ / 1e9:.1f} GB"
    return f"{bytes_ / 1e6:.0f} MB" if bytes_ >= 1e7 else f"{max(0.1, bytes_ / 1e6):.1f} MB"


def free_bytes(target: Path) -> int:
    """Return the room on the disk on which a folder is to be made."""
    place = target.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
