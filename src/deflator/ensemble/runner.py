"""From a question to its folder: draw what is not known, simulate the paths, keep what analyses need."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from deflator import __version__, defaults
from deflator.book import Book
from deflator.book.months import month_at
from deflator.engine import Economy, Paths, pack, simulate
from deflator.ensemble.chunks import Job, Measured, Progress, run_chunks
from deflator.ensemble.manifest import FORMAT, Manifest, write_manifest
from deflator.ensemble.opened import Run
from deflator.ensemble.tables import write_table
from deflator.errors import Fault, RunError
from deflator.scenario import Scenario
from deflator.scenario.figures import Figures, draw_figures

MOST_PATHS = 10_000_000
_MOST_SEED = 2**63 - 1
_CHUNK_MOST, _CHUNK_UNIT = 1_024, 128
_LIBRARIES = ("numpy", "numba", "polars")


@dataclass(frozen=True)
class Question:
    """What is asked: a book under a scenario, on how many paths.

    Parameters
    ----------
    book, scenario
        What is known, and what may happen.
    paths
        Paths to simulate. With chance off a path is determined by its draw, so no more than `draws` are run.
    draws
        Draws of the uncertain figures; 0 leaves ignorance out, and every figure has its central value.
    chance
        Whether paths have noise.
    seed
        Seed of all draws.
    months
        Months to simulate after the as-of month; None for the horizon of the book.

    Raises
    ------
    DeflatorError
        With everything that is out of range, and everything for which the scenario does not fit the book.
    """

    book: Book
    scenario: Scenario
    paths: int = defaults.PATHS
    draws: int = defaults.DRAWS
    chance: bool = True
    seed: int = defaults.SEED
    months: int | None = None

    def __post_init__(self) -> None:
        asked = {
            "paths": (self.paths, 1, MOST_PATHS),
            "ignorance": (self.draws, 0, MOST_PATHS),
            "seed": (self.seed, 0, _MOST_SEED),
            "months": (self.book.months if self.months is None else self.months, 1, self.book.months),
        }
        faults = [
            Fault("", 0, name, f"{value} is out of range", f"use a number from {low} to {high}")
            for name, (value, low, high) in asked.items()
            if not low <= value <= high
        ]
        if faults:
            raise RunError(faults)
        self.scenario.check(self.book_used)

    @property
    def book_used(self) -> Book:
        """The book up to the months that are asked for."""
        if self.months is None:
            return self.book
        return replace(self.book, horizon=month_at(self.months, self.book.as_of))

    @property
    def ignorance(self) -> bool:
        """Whether uncertain figures are drawn."""
        return self.draws > 0

    @property
    def draws_used(self) -> int:
        """Draws that the paths need: no more than there are paths."""
        return min(max(self.draws, 1), self.paths)

    @property
    def paths_used(self) -> int:
        """Paths that can differ."""
        return self.paths if self.chance else self.draws_used

    @property
    def name(self) -> str:
        """Identity of the run: two runs with one name have the same results."""
        decides = (
            FORMAT, __version__, self.book.fingerprint, self.scenario.fingerprint,
            self.book_used.months, self.paths, self.draws, self.chance, self.seed,
        )  # fmt: skip
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9+_.-]', '-', self.scenario.name)}-{digest[:10]}"


class _Stages:
    """How long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def run_paths(question: Question, folder: Path, threads: int | None = None, progress: Progress | None = None) -> Run:
    """Run a question and write its record and raw tables into a folder.

    Parameters
    ----------
    question
        What to run.
    folder
        An empty folder.
    threads
        Threads to use; all processors when None. They change no result.
    progress
        Told the paths done and the paths asked for after each chunk.

    Returns
    -------
    Run
        The run, opened.

    Raises
    ------
    RunError
        When an accounting identity fails, or every path does.
    """
    stages = _Stages()
    book, scenario = question.book_used, question.scenario
    with stages.stage("draw"):
        figures = draw_figures(book, scenario, question.draws_used, question.seed, question.ignorance)
    with stages.stage("pack"):
        economy = pack(book, scenario, figures)
    write_table(folder, "entities", entity_table(book, economy))
    write_table(folder, "draws", _draws(figures))
    job = _job(question, economy, threads or os.cpu_count() or 1)
    with stages.stage("compile"):
        job.simulate(0, 1)
    with stages.stage("simulate"):
        measured = run_chunks(job, folder, progress)
    write_manifest(folder, _manifest(question, economy, measured, stages.seconds))
    return Run.open(folder)


def _job(question: Question, economy: Economy, threads: int) -> Job:
    """Cut the paths so that every thread has several chunks, each of whole blocks of lanes."""
    paths = question.paths_used
    share = -(-paths // (4 * threads))
    chunk = min(_CHUNK_MOST, -(-share // _CHUNK_UNIT) * _CHUNK_UNIT)

    def simulate_range(first: int, count: int) -> Paths:
        return simulate(economy, seed=question.seed, first_path=first, paths=count, chance=question.chance)

    return Job(simulate_range, economy.entities, paths, question.draws_used, chunk, threads)


def entity_table(book: Book, economy: Economy) -> pl.DataFrame:
    """Return a row for each entity of a run: name, layer, members, who answers for it, and month-0 exposure."""
    rows = book.table("entities").rows
    answers = {str(row["entity"]): str(row["parent"] or row["entity"]) for row in rows}
    names = {str(row["entity"]): row for row in rows}
    return pl.DataFrame(
        {
            "entity": economy.entities,
            "name": [names[entity]["name"] for entity in economy.entities],
            "layer": economy.layers,
            "members": [int(names[entity]["members"] or 1) for entity in economy.entities],
            "obligor": [_last_owner(entity, answers) for entity in economy.entities],
            "exposure_musd": np.asarray(economy.exposure_musd, np.float64),
        }
    )


def _last_owner(entity: str, answers: dict[str, str]) -> str:
    """Return who answers for an entity: its parent, or the parent's parent."""
    while answers[entity] != entity:
        entity = answers[entity]
    return entity


def _draws(figures: Figures) -> pl.DataFrame:
    shares = figures.parameter("layer_break_share")
    return pl.DataFrame({"draw": np.arange(shares.size, dtype=np.int32), "layer_break_share": shares})


def _manifest(question: Question, economy: Economy, measured: Measured, seconds: dict[str, float]) -> Manifest:
    book, scenario = question.book, question.scenario
    return Manifest(
        format=FORMAT,
        run=question.name,
        finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions={
            "deflator": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        book={
            "name": book.name,
            "fingerprint": book.fingerprint,
            "reference_equipment": book.reference_equipment,
        },
        scenario={"name": scenario.name, "fingerprint": scenario.fingerprint},
        as_of=book.as_of,
        months=economy.months,
        paths=question.paths_used,
        paths_failed=measured.paths_failed,
        draws=question.draws_used,
        ignorance=question.ignorance,
        chance=question.chance,
        seed=question.seed,
        ledger_residual=measured.residuals["ledger"],
        debt_residual=measured.residuals["debt"],
        units_residual=measured.residuals["units"],
        checksum=measured.checksum,
        elapsed_seconds=seconds,
    )
