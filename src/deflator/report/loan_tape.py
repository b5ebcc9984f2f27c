"""The assessment of a tape as a workbook, or as CSV or Parquet files, in the form of every export."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from deflator import __version__
from deflator.book.months import month_at
from deflator.messages import spoken, text
from deflator.report.cover import Export, Fact
from deflator.report.tidy import columns_of, sheet_of
from deflator.report.workbook import write_export
from deflator.tape import Assessment


def write_assessment(found: Assessment, target: Path, kind: str = "xlsx") -> Export:
    """Write what came of a tape, all of it or nothing.

    Parameters
    ----------
    found
        From `deflator.tape.assess`.
    target
        Where to; nothing may be there yet.
    kind
        `xlsx`, `csv` or `parquet`.

    Raises
    ------
    RunError
        When the place is taken or cannot be written to.
    """
    export = assessment_export(found)
    write_export(export, target, kind)
    return export


def assessment_export(found: Assessment) -> Export:
    """Return what came of a tape as tables with their cover, in the language that is spoken."""
    frames = {
        "reconciliation": found.reconciliation.rename({"loans": "count"}),
        "portfolio": _portfolio(found),
        "loans": found.loans,
        "curves": found.curves,
        "timing": found.timing,
        "headroom": found.headroom,
        "paths": _paths(found),
    }
    sheets = tuple(sheet_of(name, frames[name], columns, "tape") for name, columns in columns_of("tape").items())
    question = found.setting.question
    title = text("tape.fact.title", file=found.tape.file, book=question.book.name, scenario=question.scenario.name)
    created = datetime.now(UTC).replace(microsecond=0).isoformat()
    return Export(Path(found.tape.file).stem, title, _facts(found), sheets, created, spoken())


def _facts(found: Assessment) -> tuple[Fact, ...]:
    question = found.setting.question
    tape = found.tape
    told: dict[str, Any] = {
        "file": tape.file,
        "loans": len(tape.loans),
        "assessed": len(tape.loans) - len(found.reasons),
        "without": len(found.reasons),
        "book": f"{question.book.name}: {question.book.title}",
        "book_fingerprint": question.book.fingerprint,
        "scenario": f"{question.scenario.name}: {question.scenario.title}",
        "scenario_fingerprint": question.scenario.fingerprint,
        "as_of": question.book.as_of,
        "end": month_at(found.outcomes.months, question.book.as_of),
        "paths": found.paths,
        "draws": question.draws_used,
        "seed": str(question.seed),
        "target": found.target_loss,
        "ignored": ", ".join(tape.ignored) or None,
        "mapped": ", ".join(f"{own} = {column}" for own, column in tape.mapped.items()) or None,
        "version": f"deflator {__version__}",
        "use": text("common.disclaimer"),
    }
    return tuple((text(f"tape.fact.{name}"), value) for name, value in told.items())


def _portfolio(found: Assessment) -> pl.DataFrame:
    one = found.portfolio
    loss = one.expected_loss
    rows = [
        ("exposure", one.exposure_now_musd, None, None, None),
        ("collateral", one.collateral_now_musd, None, None, None),
        ("expected", loss.value, loss.low, loss.high, loss.mc_error),
        ("es95", one.es95_musd, None, None, one.es95_error),
        ("es99", one.es99_musd, None, None, one.es99_error),
    ]
    schema = {
        "measure": pl.String,
        **dict.fromkeys(("value_musd", "value_low", "value_high", "value_error"), pl.Float64),
    }
    return pl.DataFrame([(text(f"tape.measure_{name}"), *figures) for name, *figures in rows], schema, orient="row")


def _paths(found: Assessment) -> pl.DataFrame:
    levels = np.arange(101) / 100.0
    return pl.DataFrame({"share_of_paths": levels, "loss_musd": np.quantile(found.portfolio_losses, levels)})
