"""The command line: one file for each command, and nothing heavy imported until a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from deflator import __version__
from deflator.cli import asking, book, calibrate, data, output, scenario
from deflator.cli.attribute import attribute
from deflator.cli.backtest import backtest
from deflator.cli.cascade import cascade
from deflator.cli.challenge import challenge
from deflator.cli.claims import claims
from deflator.cli.compare import compare
from deflator.cli.debt import debt
from deflator.cli.discover import discover
from deflator.cli.economics import economics
from deflator.cli.entry import entry
from deflator.cli.export import export
from deflator.cli.first import first
from deflator.cli.mitigate import mitigate
from deflator.cli.plugins import plugins
from deflator.cli.rare import rare
from deflator.cli.redlines import redlines
from deflator.cli.report import report
from deflator.cli.resume import resume
from deflator.cli.reverse import reverse
from deflator.cli.run import run
from deflator.cli.runs import runs_app, show
from deflator.cli.sensitivity import sensitivity
from deflator.cli.serve import serve
from deflator.cli.tape import tape
from deflator.cli.validate import validate
from deflator.cli.warmup import warmup
from deflator.cli.why import why
from deflator.messages import text

app = typer.Typer(
    name="deflator",
    help=text("cli.help"),
    epilog=text("cli.exit_codes"),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        output.say(f"deflator {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", help=text("cli.version"), callback=_print_version, is_eager=True)
    ] = False,
    language: Annotated[asking.Language | None, typer.Option("--lang", help=text("cli.language"))] = None,
) -> None:
    """Options of every command; `--lang` was read before this module was loaded, for it decides the help texts."""


app.command("run", help=text("run.help"))(run)
app.command("resume", help=text("run.resume_help"))(resume)
app.command("show", help=text("run.show_help"))(show)
app.add_typer(runs_app, name="runs", help=text("run.runs_help"))
app.command("export", help=text("export.help"))(export)
app.command("first", help=text("first.help"))(first)
app.command("attribute", help=text("attribute.help"))(attribute)
app.command("compare", help=text("compare.help"))(compare)
app.command("why", help=text("why.help"))(why)
app.command("challenge", help=text("challenge.help"))(challenge)
app.command("backtest", help=text("backtest.help"))(backtest)
app.command("validate", help=text("validate.help"))(validate)
app.add_typer(calibrate.app, name="calibrate", help=text("calibrate.help"))
app.command("economics", help=text("economics.help"))(economics)
app.command("redlines", help=text("redlines.help"))(redlines)
app.command("debt", help=text("debt.help"))(debt)
app.command("cascade", help=text("cascade.help"))(cascade)
app.command("mitigate", help=text("mitigate.help"))(mitigate)
app.command("claims", help=text("claims.help"))(claims)
app.command("entry", help=text("entry.help"))(entry)
app.command("sensitivity", help=text("sensitivity.help"))(sensitivity)
app.command("discover", help=text("discover.help"))(discover)
app.command("reverse", help=text("reverse.help"))(reverse)
app.command("rare", help=text("rare.help"))(rare)
app.command("report", help=text("report.help"))(report)
app.command("tape", help=text("tape.help"))(tape)
app.add_typer(book.app, name="book", help=text("book.cli.help"))
app.add_typer(scenario.app, name="scenario")
app.add_typer(data.app, name="data", help=text("data.help"))
app.command("scenarios", help=text("cli.scenarios_help"))(scenario.list_scenarios)
app.command("serve", help=text("web.serve.help"))(serve)
app.command("plugins", help=text("plugins.help"))(plugins)
app.command("warmup", help=text("cli.warmup_help"))(warmup)


def main() -> None:
    """Run the command that was typed."""
    app()
