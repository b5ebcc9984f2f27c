"""From a question to its folder: draw what is not known, simulate the paths, keep what analyses need."""

from __future__ import annotations

import datetime as dt
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from deflator import __version__
from deflator.book import Book
from deflator.engine import Economy, Paths, pack, simulate
from deflator.engine.simulate import kernels_of
from deflator.ensemble.chunks import Chunk, Failure, Job, compile_once
from deflator.ensemble.cluster import Cluster
from deflator.ensemble.gathering import PATHS_TO_A_LOOK, Expected, Goal, Meter, Outcome, Told, expectation, run_chunks
from deflator.ensemble.manifest import FORMAT, Manifest, write_manifest
from deflator.ensemble.opened import Run
from deflator.ensemble.question import Question
from deflator.ensemble.tables import write_table
from deflator.ensemble.workers import Threads, Workers
from deflator.errors import Fault, RunError
from deflator.scenario.figures import Figures, draw_figures

CHUNKS = "chunks"
_CHUNK_LEAST = 128  # whole blocks of lanes
_LIBRARIES = ("numpy", "numba", "polars")

#: Entities and draws of a run, its months and whether paths have noise -> what measures how exact its answer is.
MakeMeter = Callable[[pl.DataFrame, pl.DataFrame, int, bool], Meter]


@dataclass(frozen=True)
class Simulation:
    """The engine on an economy, as workers call it.

    Parameters
    ----------
    economy
        What is simulated.
    seed, chance
        Of the question.
    """

    economy: Economy
    seed: int
    chance: bool

    @property
    def kind(self) -> tuple[int, bool]:
        """What simulations that run the same compiled kernels share."""
        return kernels_of(self.economy)

    def __call__(self, first: int, count: int) -> Paths:
        """Return what happens on paths `first` up to `first + count`."""
        return simulate(self.economy, seed=self.seed, first_path=first, paths=count, chance=self.chance)


class _Stages:
    """How long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def chunk_of(paths: int, threads: int) -> int:
    """Return how many paths make a chunk: every thread has several, of 128 paths doubled up to 1,024.

    Examples
    --------
    >>> chunk_of(10_000_000, 2), chunk_of(2_000, 2), chunk_of(10, 64)
    (1024, 256, 128)
    """
    chunk = _CHUNK_LEAST
    while chunk < PATHS_TO_A_LOOK and chunk * 4 * threads < paths:
        chunk *= 2
    return chunk


def run_paths(
    question: Question,
    folder: Path,
    workers: Workers | None = None,
    chunk: int | None = None,
    told: Told | None = None,
    make_meter: MakeMeter | None = None,
) -> Run:
    """Run a question and write its record and raw tables into a folder.

    Parameters
    ----------
    question
        What to run.
    folder
        Where to; chunks that an earlier try left in its folder `chunks` are not simulated again.
    workers
        Who simulates: `Threads` or a `Cluster`; all processors of this machine when None. They change no result.
    chunk
        Paths to a chunk, by `chunk_of`; an earlier try has to have had the same.
    told
        Who is told how it goes.
    make_meter
        Makes what measures the error; a question with a target error needs it.

    Returns
    -------
    Run
        The run, opened.

    Raises
    ------
    RunError
        When an accounting identity fails, or every path does.
    """
    workers = workers or Threads()
    stages = _Stages()
    figures, economy = _prepared(question, stages)
    job = _job(question, economy, chunk or chunk_of(question.paths_used, workers.threads))
    write_table(folder, "entities", entity_table(question.book_used, economy))
    write_table(folder, "draws", _draws(figures))
    goal = None
    if question.target_error is not None and make_meter is not None:
        meter = make_meter(entity_table(question.book_used, economy), _draws(figures), economy.months, question.chance)
        goal = Goal(question.target_error, meter)
    with stages.stage("compile"):
        compile_once(job.simulate)
    with stages.stage("simulate"):
        outcome = run_chunks(job, folder, folder / CHUNKS, workers, told, goal)
    write_manifest(folder, _manifest(question, economy, outcome, stages.seconds))
    return Run.open(folder)


def expect(question: Question, workers: Workers) -> Expected:
    """Return what a run of a question will take, measured on its first chunks; nothing is kept.

    Raises
    ------
    RunError
        When none of these chunks can be simulated.
    """
    _, economy = _prepared(question, _Stages())
    job = _job(question, economy, chunk_of(question.paths_used, workers.threads))
    compile_once(job.simulate)
    found = [data for _, data in workers.simulate(job, job.firsts[: workers.threads])]
    whole = [data for data in found if not isinstance(data, Failure)]
    if not whole:
        reasons = [data.reason for data in found if isinstance(data, Failure)]
        raise RunError([Fault("", 0, "", f"no path can be simulated: {reasons[0]}")])
    slowest = max(whole, key=lambda data: Chunk.read(data).measured.seconds)
    return expectation(job, slowest, job.paths, workers.threads)


def on_cluster(client: object, question: Question, processes: int = 0) -> Cluster:
    """Return the workers of a `distributed.Client` for a question, which travels to them once; see `Cluster`."""
    return Cluster(client, partial(_made_anywhere, question), processes)


def _made_anywhere(question: Question) -> Job:
    return _job(question, _prepared(question, _Stages())[1], _CHUNK_LEAST)


def _prepared(question: Question, stages: _Stages) -> tuple[Figures, Economy]:
    book, scenario = question.book_used, question.scenario
    with stages.stage("draw"):
        figures = draw_figures(book, scenario, question.draws_used, question.seed, question.ignorance)
    with stages.stage("pack"):
        economy = pack(book, scenario, figures)
    return figures, economy


def _job(question: Question, economy: Economy, chunk: int) -> Job:
    simulation = Simulation(economy, question.seed, question.chance)
    return Job(simulation, economy.entities, question.paths_used, question.draws_used, chunk)


def entity_table(book: Book, economy: Economy) -> pl.DataFrame:
    """Return a row for each entity: name, layer, members, who answers for it, and its month-0 exposure, USD m."""
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


def versions() -> dict[str, str]:
    """Return the versions of the program and of what computes for it."""
    own = {"deflator": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in _LIBRARIES}


def _manifest(question: Question, economy: Economy, outcome: Outcome, seconds: dict[str, float]) -> Manifest:
    book, scenario = question.book, question.scenario
    return Manifest(
        format=FORMAT,
        run=question.name,
        finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        versions=versions(),
        book={
            "name": book.name,
            "fingerprint": book.fingerprint,
            "reference_equipment": book.reference_equipment,
        },
        scenario={"name": scenario.name, "fingerprint": scenario.fingerprint},
        as_of=book.as_of,
        months=economy.months,
        paths=outcome.paths,
        paths_failed=outcome.paths_failed,
        draws=question.draws_used,
        ignorance=question.ignorance,
        chance=question.chance,
        seed=question.seed,
        ledger_residual=outcome.residuals["ledger"],
        debt_residual=outcome.residuals["debt"],
        units_residual=outcome.residuals["units"],
        checksum=outcome.checksum,
        elapsed_seconds=seconds,
        paths_asked=question.paths_used,
        target_error=question.target_error,
        error=outcome.error,
    )
