"""`deflator run`: simulate scenarios on a book and print who breaks first."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli.expected import LONG_SECONDS, free_bytes, show_expected, size, told_of
from deflator.cli.output import FINISHED_WITH_FAILURES, INTERRUPTED, emit_json, note, refuse, reporting
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis import Result
    from deflator.ensemble import Expected, Progress, Told
    from deflator.scenario import Scenario


TERMINATED = 128 + signal.SIGTERM


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def draws_of(given: str) -> int:
    """Return the number of draws that `--ignorance` asks for."""
    if given == Switch.OFF:
        return 0
    if given.isdecimal() and int(given) > 0:
        return int(given)
    message = f"{given!r} is neither a number of draws nor off"
    raise RunError([Fault("", 0, "--ignorance", message, f"use a number such as {defaults.DRAWS}, or off")])


def run(
    scenarios: Annotated[list[str] | None, typer.Argument(metavar="SCENARIO", help=text("run.scenarios"))] = None,
    book: Annotated[str, typer.Option(help=text("run.book"))] = defaults.BOOK,
    paths: Annotated[int, typer.Option(help=text("run.paths"))] = defaults.PATHS,
    ignorance: Annotated[str, typer.Option(metavar="N|off", help=text("run.ignorance"))] = str(defaults.DRAWS),
    chance: Annotated[Switch, typer.Option(help=text("run.chance"))] = Switch.ON,
    seed: Annotated[int, typer.Option(help=text("run.seed"))] = defaults.SEED,
    months: Annotated[int | None, typer.Option(help=text("run.months"))] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=text("run.set"))] = None,
    out: Annotated[Path | None, typer.Option(help=text("run.out"))] = None,
    threads: Annotated[int | None, typer.Option(min=1, help=text("run.threads"))] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS|local:N", help=text("run.cluster"))] = None,
    target_error: Annotated[float | None, typer.Option(help=text("run.target_error"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=text("run.dry_run"))] = False,
    json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False,
) -> None:
    """Run scenarios one after another on common draws; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.result import ask, target_for
        from deflator.book import load_book
        from deflator.ensemble import HopelessError, Question

        names = list(dict.fromkeys(scenarios or [defaults.SCENARIO]))
        loaded = _load_scenarios(names, settings or [])
        known, draws = load_book(book), draws_of(ignorance)
        questions = {
            name: Question(known, scenario, paths, draws, chance is Switch.ON, seed, months, target_error)
            for name, scenario in loaded.items()
        }
        if dry_run:
            show_expected(questions, threads, cluster, json)
            return
        results: dict[str, Result] = {}
        try:
            for name, question in questions.items():
                folder = out / name if out and len(questions) > 1 else out
                with showing_run(name, target_for(question, folder)) as told:
                    results[name] = ask(question, folder, threads, cluster=cluster, told=told)
        except HopelessError as error:
            refuse(error.faults, json, FINISHED_WITH_FAILURES)
        give_answers(results, json)


def give_answers(results: Mapping[str, Result], json: bool) -> None:
    """Print the answers of runs, and leave with the exit code that they come to."""
    from deflator.cli.answer import answer, print_answers

    if json:
        answers = {name: answer(result) for name, result in results.items()}
        emit_json(next(iter(answers.values())) if len(answers) == 1 else {"scenarios": answers})
    else:
        print_answers(results)
    _warn_of_quota()
    if any(result.raw.manifest.paths_failed for result in results.values()):
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _load_scenarios(names: list[str], settings: list[str]) -> dict[str, Scenario]:
    """Load every scenario, and tell the faults of all of them at once."""
    from deflator.scenario import load_scenario

    loaded: dict[str, Scenario] = {}
    faults: list[Fault] = []
    for name in names:
        try:
            loaded[name] = load_scenario(name, settings)
        except DeflatorError as error:
            faults += error.faults
    if faults:
        raise RunError(dict.fromkeys(faults))
    return loaded


@contextmanager
def showing_progress(name: str) -> Iterator[Progress]:
    """Show paths done and time left on standard error, if that is a terminal; leave no trace at the end.

    Before the first path, show how far the engine is compiled where that has to be done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from deflator.cli.compiling import telling_what_is_compiled

    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(text("run.starting"), total=None)
        simulating, compiling = text("run.simulating", scenario=name), text("run.compiling")
        with telling_what_is_compiled(
            lambda done, total: bar.update(task, completed=done, total=total, description=compiling)
        ):
            yield lambda done, total: bar.update(task, completed=done, total=total, description=simulating)


@contextmanager
def showing_run(name: str, target: Path) -> Iterator[Told]:
    """Show how a run goes, say what it will take if that is long, and when it is stopped how to go on.

    SIGTERM stops a run as Ctrl-C does: workers are let go, and finished chunks stay.
    """
    from deflator.ensemble import Told, unfinished_folder

    def say_expected(expected: Expected) -> None:
        if expected.seconds >= LONG_SECONDS:
            note(told_of(name, expected))
        free = free_bytes(target)
        if expected.most_bytes > free:
            note(text("run.little_room", free=size(free), folder=target.parent))

    def terminate(*_: object) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, terminate) if current_thread() is main_thread() else None
    try:
        with showing_progress(name) as progress:
            yield Told(progress, say_expected)
    except (KeyboardInterrupt, _TerminatedError) as stop:
        kept = unfinished_folder(target).is_dir()
        note(text("run.stopped", folder=target) if kept else text("cli.interrupted"))
        raise typer.Exit(TERMINATED if isinstance(stop, _TerminatedError) else INTERRUPTED) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


class _TerminatedError(BaseException):
    """Somebody sent SIGTERM."""


def _warn_of_quota() -> None:
    from deflator.ensemble import quota_gb, stored_runs

    used_gb = sum(stored.size_bytes for stored in stored_runs()) / 1e9
    if used_gb > quota_gb():
        note(text("run.over_quota", used_gb=f"{used_gb:.1f}", quota_gb=f"{quota_gb():g}"))
