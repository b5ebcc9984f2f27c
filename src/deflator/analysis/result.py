"""Ask a question and get its answer: a run together with the tables that answer who breaks first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from deflator import defaults
from deflator.analysis.evidence import assumed_and_all
from deflator.analysis.notebook import answer_html
from deflator.analysis.precision import HeadlineError
from deflator.analysis.summary import ENTITIES, LAYERS, LOSSES, ROBUSTNESS, YARDSTICK_COLUMNS, YARDSTICKS, summarise
from deflator.book import Book, load_book
from deflator.ensemble import (
    Progress,
    Question,
    Run,
    Threads,
    Told,
    Workers,
    check_target,
    chunk_of,
    connected,
    find_run,
    find_unfinished,
    finish_if_whole,
    finishing,
    on_cluster,
    reopened,
    run_paths,
    runs_folder,
    target_of,
    write_manifest,
    write_table,
)
from deflator.errors import Fault, RunError
from deflator.scenario import Scenario, load_scenario


@dataclass(frozen=True)
class Result:
    """The answer of a run; read by polars, pyarrow, pandas and duckdb as the table of its entities.

    Parameters
    ----------
    raw
        The run: its folder, its record and its raw tables.

    Notes
    -----
    Every share is of the paths that did not fail. `low` and `high` are a range over what is not known,
    `mc_error` is the error of having run a finite number of paths; neither contains the other.
    """

    raw: Run

    @classmethod
    def open(cls, path: str | Path) -> Result:
        """Open a stored run by its path, its name, or the beginning of its name, which means the newest such run.

        Raises
        ------
        RunError
            When there is none.
        """
        return cls(Run.open(find_run(str(path))))

    @cached_property
    def _answers(self) -> dict[str, pl.DataFrame]:
        return {name: self.raw.table(name) for name in (LAYERS, ENTITIES, LOSSES, ROBUSTNESS, *self._newer)}

    @property
    def _newer(self) -> tuple[str, ...]:
        """Tables that runs of older formats do not have."""
        return (YARDSTICKS,) if self.raw.manifest.format > 2 else ()

    def layers(self) -> pl.DataFrame:
        """Return how often each layer breaks first and at all; the row `none` is that no layer does."""
        return self._answers[LAYERS]

    def entities(self) -> pl.DataFrame:
        """Return how often each named firm breaks first among firms, and at all; with a row `none`."""
        return self._answers[ENTITIES].filter(pl.col("kind") == "firm")

    def cohorts(self) -> pl.DataFrame:
        """Return the same for cohorts of many firms, which rank apart; with a row `none`."""
        return self._answers[ENTITIES].filter(pl.col("kind") == "cohort")

    def yardsticks(self) -> pl.DataFrame:
        """Return how often and when applications, lenders and vendors cross measures of their own.

        Application: attrition halves the cohorts. Lender: cumulative losses exceed a tenth of all principal. Vendor: a
        year's sales are half of their peak. Runs of formats 1 and 2 have no rows.
        """
        return self._answers.get(YARDSTICKS, pl.DataFrame(schema=YARDSTICK_COLUMNS))

    def losses(self) -> pl.DataFrame:
        """Return the distribution of losses by holder, USD m; the row `all` is their sum."""
        return self._answers[LOSSES]

    def rents(self) -> pl.DataFrame:
        """Return quantiles of the reference rent by month, USD per unit-hour."""
        return self.raw.series().filter(pl.col("series") == "rent").drop("series")

    def funding(self) -> pl.DataFrame:
        """Return quantiles of funding openness by month, a share."""
        return self.raw.series().filter(pl.col("series") == "funding").drop("series")

    def robustness(self) -> pl.DataFrame:
        """Return who is first under other thresholds, with soft breaks, with cohorts split in ten; whether that agrees.

        Runs of formats 1 and 2 did not split cohorts.
        """
        found = self._answers[ROBUSTNESS]
        return found if "split" in found.columns else found.with_columns(split=pl.lit(False))

    def to_pandas(self) -> Any:
        """Return the table of entities as a pandas frame.

        Raises
        ------
        RunError
            When pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise RunError([Fault("", 0, "", "pandas is not installed", "type `pip install pandas`")]) from None
        return pandas.DataFrame(self.entities().to_dict(as_series=False))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.entities().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return answer_html(self.raw.manifest.run, [self.layers(), self.entities(), self.cohorts()])


def run(
    book: Book | str,
    scenario: Scenario | str,
    paths: int = defaults.PATHS,
    ignorance: int = defaults.DRAWS,
    chance: bool = True,
    seed: int = defaults.SEED,
    months: int | None = None,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    target_error: float | None = None,
    cluster: Any = None,
) -> Result:
    """Simulate many futures of a book under a scenario, and tell who breaks first.

    Parameters
    ----------
    book, scenario
        What is known, and what may happen; a string is loaded as `load_book` and `load_scenario` load it.
    paths
        Paths to simulate.
    ignorance
        Draws of the figures that are not known exactly; 0 takes every figure at its central value.
    chance
        Whether paths have noise of their own. Without it a draw has one path.
    seed
        Seed of all draws. One seed gives all scenarios the same draws.
    months
        Horizon in months after the as-of month; that of the book when None.
    out
        Folder to keep the run in; a folder named after the run in the place for runs when None.
    threads
        Threads to use, all processors when None; they change no result.
    progress
        Told the paths done and the paths asked for, from time to time.
    target_error
        Stop before `paths` when every probability of the headline has a Monte Carlo standard error (a share) of at
        most this; looked at after every 1,024 paths, so it stops alike for any number of threads.
    cluster
        A `distributed.Client`, `tcp://HOST:PORT` of a scheduler, or `local:N` for N processes here, instead of threads.

    Returns
    -------
    Result
        The stored run, opened.

    Raises
    ------
    RunError
        When an argument is out of range, the folder is taken, or the accounts of a path do not add up.
    """
    book = load_book(book) if isinstance(book, str) else book
    scenario = load_scenario(scenario) if isinstance(scenario, str) else scenario
    question = Question(book, scenario, paths, ignorance, chance, seed, months, target_error)
    return ask(question, None if out is None else Path(out), threads, progress, cluster)


def ask(
    question: Question,
    out: Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    told: Told | None = None,
) -> Result:
    """Run a question that was checked, and keep its answer; arguments as for `run`, and `told` in place of `progress`.

    What an earlier try of the same question left unfinished in the same place is not simulated again.
    """
    target = target_for(question, out)
    check_target(target, question.name)
    with workers_of(question, threads, cluster) as workers:
        chunk = chunk_of(question.paths_used, workers.threads)
        with finishing(target, question, chunk) as place:
            if not place.whole:
                raw = run_paths(question, place.folder, workers, place.chunk, told or Told(progress), HeadlineError)
                _answer(raw, question)
    return Result(Run.open(target))


def target_for(question: Question, out: Path | None = None) -> Path:
    """Return where the run of a question is kept."""
    return runs_folder() / question.name if out is None else out


@contextmanager
def workers_of(question: Question, threads: int | None = None, cluster: Any = None) -> Iterator[Workers]:
    """Give those who simulate a question: threads of this process, or a cluster if one is named.

    Raises
    ------
    RunError
        When the cluster cannot be reached.
    """
    if cluster is None:
        yield Threads(threads)
        return
    with connected(cluster) as (client, processes):
        yield on_cluster(client, question, processes)


def resume(
    run: str | Path,
    threads: int | None = None,
    progress: Progress | None = None,
    cluster: Any = None,
    told: Told | None = None,
) -> Result:
    """Finish a run that was stopped, to the same bits as if it had not been; a finished one is opened.

    Parameters
    ----------
    run
        Path of the run or of its unfinished folder, its name, or the beginning of its name.
    threads, progress, cluster, told
        As for `ask`; they need not be those with which it began.

    Raises
    ------
    RunError
        When there is no such run, another process works on it, or this program would not give it the same bits.
    """
    folder = find_unfinished(str(run))
    if folder is None:
        return Result.open(run)
    if not finish_if_whole(folder):
        ask(reopened(folder), target_of(folder), threads, progress, cluster, told)
    return Result(Run.open(target_of(folder)))


def _answer(raw: Run, question: Question) -> None:
    """Add the tables of the answer to a run, and the time that took to its record."""
    start = time.perf_counter()
    for name, table in summarise(raw, assumed_and_all(question.book)).items():
        write_table(raw.folder, name, table)
    stages = raw.manifest.elapsed_seconds | {"summarise": round(time.perf_counter() - start, 3)}
    write_manifest(raw.folder, replace(raw.manifest, elapsed_seconds=stages))
