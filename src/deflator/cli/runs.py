"""`deflator show`, `deflator runs`: look at runs that were kept, and remove them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deflator.cli.output import emit_json, reporting, say, table
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.ensemble import StoredRun

runs_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

_JSON = typer.Option("--json", help=text("cli.json"))


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help=text("run.run_argument"))],
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Print the answer of a run that was kept."""
    with reporting(json):
        from deflator.analysis import Result
        from deflator.cli.answer import answer, print_answers

        result = Result.open(run)
        everything = answer(result)  # whatever cannot be read is found before anything is printed
        if json:
            emit_json(everything)
        else:
            print_answers({result.raw.manifest.scenario["name"]: result})


@runs_app.callback()
def list_runs(context: typer.Context, json: Annotated[bool, _JSON] = False) -> None:
    """List what is kept, unless a subcommand was typed."""
    if context.invoked_subcommand:
        return
    with reporting(json):
        from deflator.ensemble import runs_folder, stored_runs

        found = stored_runs()
        if json:
            emit_json({"folder": runs_folder(), "runs": found})
        elif not found:
            say(text("run.no_runs", folder=runs_folder()))
        else:
            headings = [text(f"run.column_{name}") for name in ("run", "book", "paths", "finished")]
            rows = [[stored.folder.name, *_described(stored), f"{stored.size_bytes / 1e6:.1f}"] for stored in found]
            table(str(runs_folder()), [*headings, (text("run.column_size"), "right")], rows)


def _described(stored: StoredRun) -> tuple[str, str, str]:
    """Return book, paths and time of a run; of an unfinished one how far it got, of others what is wrong."""
    if stored.manifest:
        manifest = stored.manifest
        return manifest.book["name"], f"{manifest.paths:,}", manifest.finished_at
    far = stored.unfinished
    if far is None:
        return "", "", stored.unreadable or ""
    done = text("run.done_of", done=f"{far.paths:,}", asked=f"{far.asked:,}") if far.asked else ""
    owner = far.owner
    state = text("run.under_way", pid=owner.pid, host=owner.host) if owner else text("run.unfinished")
    return "", done, state


@runs_app.command("rm", help=text("run.rm_help"))
def remove(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help=text("run.rm_argument"))],
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Remove runs that were kept."""
    with reporting(json):
        from deflator.ensemble import remove_runs

        removed = remove_runs(runs)
        if json:
            emit_json({"removed": removed})
        else:
            for name in removed:
                say(text("run.removed", run=name))
