"""`deflator scenario init|check` and `deflator scenarios`."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated

import typer

from deflator.cli.output import emit_json, reporting, say, table
from deflator.durable import write_whole
from deflator.errors import Fault, ScenarioError
from deflator.messages import text, translated

app = typer.Typer(name="scenario", help=text("scenario.cli.help"), rich_markup_mode=None, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]
Settings = Annotated[list[str] | None, typer.Option("--set", help=text("scenario.cli.set"))]
BookName = Annotated[str | None, typer.Option("--book", help=text("scenario.cli.book"))]


@app.command("init", help=text("scenario.cli.init"))
def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=text("scenario.cli.new_file"))],
    json: Json = False,
) -> None:
    """Write a template to a file that does not exist yet."""
    with reporting(json):
        from deflator.scenario.template import template

        name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "my-scenario"
        _write_new(file, template(name, str(file), dt.date.today().isoformat()))
        if json:
            emit_json({"written": file})
        else:
            say(text("scenario.cli.written", file=file))


@app.command("check", help=text("scenario.cli.check"))
def check(
    spec: Annotated[str, typer.Argument(metavar="FILE", help=text("scenario.cli.spec"))],
    book: BookName = None,
    settings: Settings = None,
    json: Json = False,
) -> None:
    """Report everything that is wrong with a scenario, or say what it changes."""
    with reporting(json):
        from deflator.scenario import load_scenario

        scenario = load_scenario(spec, settings or ())
        if book:
            from deflator.book import load_book

            scenario.check(load_book(book))
        if json:
            emit_json({"faults": [], **scenario.as_document(), "fingerprint": scenario.fingerprint})
            return
        say(text("scenario.cli.valid", name=scenario.name, title=translated(scenario.title)))
        say(text("scenario.cli.fits", book=book) if book else text("scenario.cli.not_held"))
        say(text("scenario.cli.fingerprint", fingerprint=scenario.fingerprint))


def list_scenarios(json: Json = False) -> None:
    """List the scenarios that come with the program."""
    fields = ("name", "title", "author", "date", "description")
    with reporting(json):
        from deflator.scenario import load_scenario, scenario_files

        found = [load_scenario(name) for name in scenario_files()]
        rows = [{field: getattr(scenario, field) for field in fields} for scenario in found]
        if json:
            emit_json({"scenarios": rows})
            return
        headings = [text(f"scenario.cli.heading.{field}") for field in fields[:4]]
        cells = [[translated(row[field]) for field in fields[:4]] for row in rows]
        table(text("scenario.cli.shipped"), headings, cells)
        say(text("common.disclaimer"))


def _write_new(file: Path, content: str) -> None:
    """Write a file whole or not at all, and never over another."""
    if file.exists():
        hint = text("scenario.cli.exists_hint")
        raise ScenarioError([Fault(str(file), 0, "", text("scenario.cli.exists"), hint)])
    write_whole(file, content.encode())
