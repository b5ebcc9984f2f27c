"""`deflator export`: a kept run as a workbook, or as CSV or Parquet files with their description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deflator.cli import asking
from deflator.cli.output import emit_json, reporting, say
from deflator.errors import Fault, RunError
from deflator.messages import text


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help=text("run.run_argument"))],
    xlsx: Annotated[bool, typer.Option("--xlsx", help=text("export.xlsx"))] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help=text("export.parquet"))] = False,
    csv: Annotated[bool, typer.Option("--csv", help=text("export.csv"))] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="PATH", help=text("export.out"))] = None,
    lang: Annotated[asking.Language | None, typer.Option(help=text("export.lang"))] = None,
    book: Annotated[str | None, typer.Option(help=text("export.book"))] = None,
    report: Annotated[str | None, typer.Option("--with", metavar="NAME", help=text("export.with"))] = None,
    json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False,
) -> None:
    """Write a kept run as tables; the help text is in the catalogue."""
    with reporting(json):
        if report:
            _write_report(
                run,
                report,
                out,
                [name for name, on in (("xlsx", xlsx), ("parquet", parquet), ("csv", csv)) if on],
                json,
            )
            return
        kind = _kind({"xlsx": xlsx, "parquet": parquet, "csv": csv}, out)
        from deflator.analysis import Result
        from deflator.report.placing import check_free
        from deflator.report.workbook import export as write

        result = Result.open(run)
        name = result.raw.manifest.run
        target = out or Path(f"{name}.xlsx" if kind == "xlsx" else f"{name}-{kind}")
        check_free(target)
        written = write(result, target, kind, lang, book)
        if json:
            tables = {sheet.name: {"rows": sheet.frame.height, "totals": sheet.totals()} for sheet in written.sheets}
            emit_json({"written": target, "kind": kind, "language": written.language, "run": name, "tables": tables,
                       "disclaimer": text("common.disclaimer")})  # fmt: skip
            return
        say(text("export.written", file=target, tables=len(written.sheets),
                 rows=f"{sum(sheet.frame.height for sheet in written.sheets):,}"))  # fmt: skip
        say(text("common.disclaimer"))


def _write_report(run: str, report: str, out: Path | None, formats: list[str], json: bool) -> None:
    """Write a kept run as a plug-in does: under another name first, so that a file under its own name is whole."""
    if formats:
        options = ", ".join(f"--{name}" for name in (*formats, "with"))
        raise RunError([Fault("", 0, options, text("export.several"), text("export.several_hint"))])
    from deflator import plugins
    from deflator.analysis import Result
    from deflator.durable import whole
    from deflator.report.placing import check_free

    plugin, result = plugins.load("reports", report), Result.open(run)
    target = out or Path(f"{result.raw.manifest.run}-{report}")
    check_free(target)
    with whole(target) as draft:
        plugin.write(result, draft)
    if json:
        emit_json({"written": target, "report": report, "run": result.raw.manifest.run,
                   "disclaimer": text("common.disclaimer")})  # fmt: skip
        return
    say(text("export.written_with", file=target, report=report))
    say(text("common.disclaimer"))


def _kind(asked: dict[str, bool], out: Path | None) -> str:
    """Return the one format that is asked for, by an option or by the end of the name.

    Raises
    ------
    RunError
        When options or name contradict each other.
    """
    chosen = [kind for kind, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        options = ", ".join(f"--{kind}" for kind in chosen)
        raise RunError([Fault("", 0, options, text("export.several"), text("export.several_hint"))])
    kind = chosen[0] if chosen else "xlsx"
    ending = out.suffix.lower() if out else ""
    if out and kind == "xlsx" and ending != ".xlsx":
        message = text("export.ending", ending=ending or text("export.no_ending"))
        raise RunError([Fault(str(out), 0, "-o", message, text("export.ending_hint", name=f"{out.stem}.xlsx"))])
    if out and kind != "xlsx" and ending == ".xlsx":
        raise RunError([Fault(str(out), 0, "-o", text("export.not_xlsx", kind=kind), text("export.not_xlsx_hint"))])
    return kind
