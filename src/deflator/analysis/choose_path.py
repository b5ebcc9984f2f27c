"""Choose the path of an entity that is worth a story: the one that breaks in the middle of all that break."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Replay, Setting, headrooms, walk
from deflator.analysis.words import significant
from deflator.book.months import month_at
from deflator.engine import Status, Trigger
from deflator.engine.layout import LANES, LENDER
from deflator.ensemble import Progress, Run
from deflator.errors import Fault, RunError


@dataclass(frozen=True, eq=False)
class Search:
    """When an entity breaks on each of some paths, and how near it comes to that.

    Parameters
    ----------
    paths
        Numbers of the paths that did not fail.
    break_month
        Month of its hard break, 0 for none; shape [path].
    least, least_month
        Its smallest headroom and the month in which it has it; shape [path].
    """

    paths: NDArray[np.int64]
    break_month: NDArray[np.int64]
    least: Floats
    least_month: NDArray[np.int64]

    @property
    def nearest(self) -> int:
        """Position of the path on which it comes nearest to a break."""
        return int(np.argmin(self.least))


def search(setting: Setting, position: int, paths: int, progress: Progress | None = None) -> Search:
    """Look for breaks of an entity on paths 0 up to `paths`.

    Parameters
    ----------
    setting
        From `prepare`.
    position
        Of the entity.
    paths
        How many paths to look at.
    progress
        Told the paths done and the paths asked for, from time to time.

    Raises
    ------
    RunError
        When every path fails.
    """
    found: list[tuple[NDArray, ...]] = []
    for first in range(0, paths, LANES):
        numbers = np.arange(first, min(first + LANES, paths))
        least, least_month = np.full(LANES, np.inf), np.zeros(LANES, dtype=np.int64)
        for month, block in walk(setting, numbers):
            if month:
                now = headrooms(block)[position]
                least_month = np.where(now < least, month, least_month)
                least = np.minimum(now, least)
        good = (block.ledger.status == Status.OK)[: len(numbers)]
        seen = (numbers, block.entities.break_month[position], least, least_month)
        found.append(tuple(values[: len(numbers)][good] for values in seen))
        if progress:
            progress(int(numbers[-1]) + 1, paths)
    columns = tuple(np.concatenate(column) for column in zip(*found, strict=True))
    if not columns[0].size:
        raise RunError(
            [Fault("", 0, "", f"all {paths} paths failed, so there is nothing to look at", "try another seed")]
        )
    return Search(*columns)


def middle_path(paths: NDArray[np.int64], months: NDArray[np.int64]) -> int:
    """Return the path whose break month is the median of the breaking paths, the lower one of two middle ones.

    Of several paths with that month the one with the lowest number.

    Parameters
    ----------
    paths, months
        Number and break month of every path that breaks.

    Examples
    --------
    >>> middle_path(np.array([4, 7, 9, 12]), np.array([30, 12, 20, 41]))
    9
    """
    order = np.lexsort((paths, months))
    return int(paths[order[(len(order) - 1) // 2]])


@dataclass(frozen=True)
class Chosen:
    """A path, and of how many that break it is the middle one.

    Parameters
    ----------
    path
        Its number.
    breaking, searched
        Paths on which the entity breaks, of those that were looked at.
    """

    path: int
    breaking: int
    searched: int


def choose_path(setting: Setting, position: int, paths: int, progress: Progress | None = None) -> Chosen:
    """Search paths for breaks of an entity and choose the middle one.

    Parameters
    ----------
    setting, position, paths, progress
        As for `search`.

    Raises
    ------
    RunError
        When the entity breaks on none of the paths; the hint names the path on which it comes nearest to that.
    """
    found = search(setting, position, paths, progress)
    breaks = found.break_month > 0
    if not breaks.any():
        raise RunError([_unbroken(setting, position, found)])
    path = middle_path(found.paths[breaks], found.break_month[breaks])
    return Chosen(path, int(breaks.sum()), len(found.paths))


def _unbroken(setting: Setting, position: int, found: Search) -> Fault:
    entity, nearest = setting.economy.entities[position], found.nearest
    least = float(found.least[nearest])
    month = month_at(int(found.least_month[nearest]), setting.question.book.as_of)
    hint = f"--path {found.paths[nearest]} tells the path on which it comes nearest to a break"
    if setting.economy.links["entities.layer"][position] == LENDER:
        hint += f": in {month} it has {significant(max(100.0 * least, 0.0))} % of its capital left"
    elif np.isfinite(least):
        hint += f": in {month} its cash is {significant(max(least, 0.0))} times its buffer"
    return Fault("", 0, "ENTITY", f"{entity} breaks on none of {len(found.paths):,} paths", hint)


def choose_from_run(run: Run, entity: str) -> Chosen | None:
    """Choose the middle one of the paths of a kept run on which an entity breaks; None when it breaks on none."""
    breaks = (
        run.scan("breaks")
        .filter((pl.col("entity").cast(pl.String) == entity) & pl.col("month").is_not_null())
        .select("path", "month")
        .collect()
    )
    if not breaks.height:
        return None
    searched = run.manifest.paths - run.manifest.paths_failed
    return Chosen(middle_path(breaks["path"].to_numpy(), breaks["month"].to_numpy()), breaks.height, searched)


def check_against(run: Run, replay: Replay) -> None:
    """Make sure that a replayed path breaks the same entities in the same months and ways as in a kept run.

    Raises
    ------
    RunError
        When it does not: the run was made by another version.
    """
    if replay.path >= run.manifest.paths:
        return
    rows = run.scan("breaks").filter((pl.col("path") == replay.path) & pl.col("month").is_not_null()).collect()
    kept = {row["entity"]: (row["month"], row["trigger"]) for row in rows.to_dicts()}
    months = replay["entities.break_month"][-1].tolist()
    triggers = replay["entities.break_trigger"][-1].tolist()
    seen = {
        entity: (month, Trigger(trigger).name.lower())
        for entity, month, trigger in zip(replay.economy.entities, months, triggers, strict=False)
        if month
    }
    if seen != kept:
        message = f"path {replay.path} no longer runs as in the run {run.manifest.run}, so another version made it"
        raise RunError([Fault(str(run.folder), 0, "", message, "run it again with `deflator run`")])
