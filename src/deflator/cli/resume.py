"""`deflator resume`: finish a run that was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from deflator.cli.output import FINISHED_WITH_FAILURES, refuse, reporting
from deflator.cli.run import give_answers, showing_run
from deflator.messages import text


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help=text("run.resume_argument"))],
    threads: Annotated[int | None, typer.Option(min=1, help=text("run.threads"))] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS|local:N", help=text("run.cluster"))] = None,
    json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False,
) -> None:
    """Simulate what is missing of an unfinished run, and print its answer."""
    with reporting(json):
        from pathlib import Path

        from deflator.analysis import result
        from deflator.ensemble import HopelessError, find_unfinished, target_of

        folder = find_unfinished(run)
        target = target_of(folder) if folder else Path(run)
        try:
            with showing_run(target.name, target) as told:
                found = result.resume(run, threads, cluster=cluster, told=told)
        except HopelessError as error:
            refuse(error.faults, json, FINISHED_WITH_FAILURES)
        give_answers({found.raw.manifest.scenario["name"]: found}, json)
