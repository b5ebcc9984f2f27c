"""`deflator tape`: a lender's own loans on the paths of a book."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.tape import Assessment

_PATHS, _DRAWS = 2_000, 100
_TARGET_LOSS = 0.02
_MOST_ROWS, _MOST_REASONS = 12, 12
_TEMPLATE = "template"


def tape(
    words: Annotated[list[str], typer.Argument(metavar="FILE | template FILE", help=text("tape.words"))],
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", metavar="NAME=COLUMN", help=text("tape.map"))] = None,
    target_loss: Annotated[float, typer.Option(help=text("tape.target_loss"))] = _TARGET_LOSS,
    paths: asking.Paths = None,
    ignorance: asking.Ignorance = str(_DRAWS),
    seed: asking.Seed = defaults.SEED,
    no_redlines: Annotated[bool, typer.Option("--no-redlines", help=text("tape.no_redlines"))] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help=text("tape.out"))] = None,
    json: asking.Json = False,
) -> None:
    """Write a template, or read a tape and assess it; the help text is in the catalogue."""
    with reporting(json):
        if words[0] == _TEMPLATE and len(words) == 2:
            _write_template(Path(words[1]), book, json)
            return
        if len(words) > 1 or words[0] == _TEMPLATE:
            message = text("tape.fault.words_wrong", words=repr(" ".join(words)))
            raise RunError([Fault("", 0, "FILE", message, text("tape.hint.words_wrong"))])
        found = _assess(Path(words[0]), book, scenario, settings, mapping or [], target_loss, paths or _PATHS,
                        ignorance, seed, not no_redlines, out)  # fmt: skip
        if out:
            from deflator.report.loan_tape import write_assessment

            write_assessment(found, out)
            note(text("tape.written", file=out))
        if json:
            emit_json(found.document())
        else:
            _print(found)


def _write_template(file: Path, book: str, json: bool) -> None:
    from deflator.book import load_book
    from deflator.tape import write_template

    written = write_template(file, load_book(book))
    if json:
        emit_json({"written": written})
    else:
        say(text("tape.template_written", file=written))


def _assess(
    file: Path, book: str, scenario: str, settings: list[str] | None, mapping: list[str], target_loss: float,
    paths: int, ignorance: str, seed: int, red_lines: bool, out: Path | None,
) -> Assessment:  # fmt: skip
    """Return the assessment; everything that can be refused is refused before anything is simulated."""
    from deflator.book import load_book
    from deflator.report.placing import check_free
    from deflator.tape import assess, read_tape
    from deflator.tape.read import parse_mapping

    if out:
        _check_workbook(out)
        check_free(out)
    known = load_book(book)
    read = read_tape(file, known, parse_mapping(mapping))
    setting = asking.setting_of(book, scenario, settings, paths, ignorance, seed)
    with showing_progress(setting.question.scenario.name) as progress:
        return assess(read, setting, target_loss, red_lines, progress=progress)


def _check_workbook(out: Path) -> None:
    if out.suffix.lower() != ".xlsx":
        message = text("export.ending", ending=out.suffix or text("export.no_ending"))
        hint = text("export.ending_hint", name=f"{out.stem}.xlsx")
        raise RunError([Fault(str(out), 0, "-o", message, hint)])


def _print(found: Assessment) -> None:
    from deflator.book.months import month_at
    from deflator.tape.schema import DRAW_SHARE

    question = found.setting.question
    end = month_at(found.outcomes.months, question.book.as_of)
    say(text("tape.heading", file=found.tape.file, loans=f"{len(found.tape.loans):,}", book=question.book.name,
             scenario=question.scenario.name, as_of=question.book.as_of, end=end, paths=f"{found.paths:,}",
             draws=question.draws_used, seed=question.seed))  # fmt: skip
    say()
    _print_reconciliation(found)
    _print_portfolio(found, end)
    _print_loans(found)
    _print_reasons(found)
    rows = found.loans
    told = {
        "ignored": ", ".join(found.tape.ignored),
        "mapped": ", ".join(f"{own} = {column}" for own, column in found.tape.mapped.items()),
    }
    for name, columns in told.items():
        if columns:
            say(text(f"tape.{name}", columns=columns))
    if count := int(rows["cut_at_horizon"].sum()):
        say(text("tape.cut", count=count, end=end))
    if count := int(rows["draw_share_assumed"].sum()):
        say(text("tape.assumed", count=count, share=f"{100 * DRAW_SHARE:.0f} %"))
    if count := int((rows["matched_by"] == "profile").sum()):
        say(text("tape.generic", count=count))
    say(text("tape.target", target=f"{100 * found.target_loss:g} %"))
    say(text("tape.legend").strip())
    say(text("common.disclaimer"))


def _print_reconciliation(found: Assessment) -> None:
    columns: list[Column] = [text("tape.column_part")]
    columns += [(text(f"tape.column_{name}"), "right") for name in ("loans", "committed", "drawn")]
    rows = [
        [text(f"tape.part_{row['part']}"), f"{row['loans']:,}", _sum(row["committed_musd"]), _sum(row["drawn_musd"])]
        for row in found.reconciliation.to_dicts()
    ]
    table(text("tape.title_reconciliation"), columns, rows)


def _sum(musd: float) -> str:
    return f"{musd + 0.0:,.1f}"


def _print_portfolio(found: Assessment, end: str) -> None:
    from deflator.analysis.words import UNKNOWN, significant, supported

    one = found.portfolio
    loss = one.expected_loss
    known = loss.low is not None
    spread = f"{significant(loss.low)}–{significant(loss.high)}" if known else UNKNOWN
    measured = [
        ("exposure", _sum(one.exposure_now_musd), one.exposure_now_musd, "", ""),
        ("collateral", _sum(one.collateral_now_musd), one.collateral_now_musd, "", ""),
        ("expected", supported(loss.value, loss.mc_error), loss.value, spread, significant(loss.mc_error)),
        ("es95", supported(one.es95_musd, one.es95_error), one.es95_musd, "", significant(one.es95_error)),
        ("es99", supported(one.es99_musd, one.es99_error), one.es99_musd, "", significant(one.es99_error)),
    ]
    columns: list[Column] = [text("tape.column_measure")]
    columns += [(text(f"tape.column_{name}"), "right") for name in ("value", "share", "range", "error")]
    owed = one.exposure_now_musd
    rows = [
        [text(f"tape.measure_{name}"), shown, f"{100 * musd / owed:.1f} %" if owed else "", spread, error]
        for name, shown, musd, spread, error in measured
    ]
    table(text("tape.title_portfolio", end=end), columns, rows)


def _print_loans(found: Assessment) -> None:
    import polars as pl

    assessed = found.loans.filter(pl.col("status") == "assessed")
    ranked = assessed.sort("es99_contribution_musd", descending=True, maintain_order=True).head(_MOST_ROWS)
    columns: list[Column] = [text("tape.column_loan"), text("tape.column_obligor")]
    names = ("exposure", "pd", "lgd", "loss", "tail", "advance", "target", "red")
    columns += [(text(f"tape.column_{name}"), "right") for name in names]
    table(text("tape.title_loans"), columns, [_loan(row) for row in ranked.to_dicts()])
    if assessed.height > _MOST_ROWS:
        say(text("tape.left_out", count=f"{assessed.height - _MOST_ROWS:,}"))
        say()


def _loan(row: dict[str, Any]) -> list[str]:
    from deflator.analysis.words import UNKNOWN, per_cent, significant, supported

    def share(name: str) -> str:
        return UNKNOWN if row[name] is None else f"{100 * row[name]:.0f} %"

    red = UNKNOWN if row["red_line_12"] is None else f"{row['red_line_12']:.2f}"
    return [
        row["loan"], row["obligor"], _sum(row["exposure_now_musd"]), per_cent(row["pd"], row["pd_error"]), share("lgd"),
        supported(row["expected_loss_musd"], row["expected_loss_error"]), significant(row["es99_contribution_musd"]),
        share("advance_rate"), share("advance_rate_at_target"), red,
    ]  # fmt: skip


def _print_reasons(found: Assessment) -> None:
    import polars as pl

    without = found.loans.filter(pl.col("status") != "assessed").head(_MOST_REASONS)
    if without.height:
        columns: list[Column] = [text("tape.column_loan"), text("tape.column_obligor"), text("tape.column_why")]
        rows = [[row["loan"], row["obligor"], row["reason"]] for row in without.to_dicts()]
        table(text("tape.title_unmatched"), columns, rows)
