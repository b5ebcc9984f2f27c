"""The answer of one run, or of several side by side, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from deflator.analysis import Result
from deflator.analysis.breaks import NONE, SELDOM
from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range, significant
from deflator.book.months import month_at
from deflator.cli.output import Column, say, table
from deflator.cli.rankings import RANKINGS, Row, print_rankings
from deflator.ensemble import Manifest
from deflator.messages import text

_MONTHS_BETWEEN_ROWS = 6
_MOST_ROWS = 12
_FAN_WIDTH = 41
_FAILURES_TOLD = 5


def answer(result: Result) -> dict[str, Any]:
    """Return the answer of a run as plain data, with every digit."""
    manifest = result.raw.manifest
    return {
        "run": manifest.run,
        "folder": result.raw.folder,
        "book": manifest.book,
        "scenario": manifest.scenario,
        "as_of": manifest.as_of,
        "paths": manifest.paths,
        "paths_failed": manifest.paths_failed,
        "paths_asked": manifest.paths_asked,
        "target_error": manifest.target_error,
        "error": manifest.error,
        "draws": manifest.draws,
        "seed": manifest.seed,
        "months": manifest.months,
        "seconds": manifest.seconds,
        "ledger_residual": manifest.ledger_residual,
        "checksum": manifest.checksum,
        "layers": result.layers().to_dicts(),
        "yardsticks": result.yardsticks().to_dicts(),
        "entities": result.entities().to_dicts(),
        "cohorts": result.cohorts().to_dicts(),
        "losses": result.losses().to_dicts(),
        "rents": result.rents().to_dicts(),
        "funding": result.funding().to_dicts(),
        "robust": bool(result.robustness()["agrees"].all()),
        "robustness": result.robustness().to_dicts(),
        "share_assumed": {kind: _assumed_behind(getattr(result, kind)()) for kind in RANKINGS},
        "disclaimer": text("common.disclaimer"),
    }


def print_answers(results: Mapping[str, Result]) -> None:
    """Print the answers of runs, by the name of their scenario; several stand side by side."""
    for name, result in results.items():
        say(_heading(name, result))
    say()
    print_rankings(results)
    _print_losses(results)
    for name, result in results.items():
        _print_fan(text("run.title_rents", scenario=name), result.rents(), result.raw.manifest.as_of)
    for name, result in results.items():
        say(text("run.about", scenario=name))
        for line in _notes(result):
            say(f"  {line}")
    say(text("common.disclaimer"))


def _heading(name: str, result: Result) -> str:
    manifest = result.raw.manifest
    return text(
        "run.heading",
        scenario=name,
        book=manifest.book["name"],
        paths=f"{manifest.paths:,}",
        draws=f"{manifest.draws:,}",
        months=manifest.months,
        as_of=manifest.as_of,
        end=month_at(manifest.months, manifest.as_of),
        seconds=f"{manifest.seconds:.1f}",
    )


def _print_losses(results: Mapping[str, Result]) -> None:
    """Print what holders lose, the largest mean loss of the first scenario first."""
    by_scenario = {
        scenario: {row["holder"]: row for row in result.losses().to_dicts()} for scenario, result in results.items()
    }
    holders = list(dict.fromkeys(holder for rows in by_scenario.values() for holder in rows))[:_MOST_ROWS]
    columns: list[Column] = [text("run.column_holder")]
    for scenario in results:
        before = f"{scenario}\n" if len(results) > 1 else ""
        columns += [(before + text(f"run.column_{name}"), "right") for name in ("mean", "median", "middle_90")]
    cells = []
    for holder in holders:
        known = next(rows[holder] for rows in by_scenario.values() if holder in rows)
        line = [known["name"] or text("run.all_holders")]
        for rows in by_scenario.values():
            line += _loss_cells(rows.get(holder))
        cells.append(line)
    table(text("run.title_losses"), columns, cells)


def _loss_cells(row: Row | None) -> list[str]:
    if row is None:
        return [UNKNOWN] * 3
    spread = f"{significant(row['q05'])}–{significant(row['q95'])}"
    return [significant(row["mean_musd"]), significant(row["q50"]), spread]


def _print_fan(title: str, rents: pl.DataFrame, as_of: str) -> None:
    """Print quantiles of the rent every half year, with a picture of where they lie."""
    rows = [row for row in rents.to_dicts() if row["month"] % _MONTHS_BETWEEN_ROWS == 0]
    low, high = min(row["q05"] for row in rows), max(row["q95"] for row in rows)
    levels = ("q05", "q25", "q50", "q75", "q95")
    picture = text("run.column_picture", low=significant(low), high=significant(high))
    cells = [
        [
            month_at(row["month"], as_of),
            *(significant(row[level]) for level in levels),
            _fan(row, low, high),
        ]
        for row in rows
    ]
    table(title, [text("run.column_month"), *((level, "right") for level in levels), picture], cells)


def _fan(row: Row, low: float, high: float) -> str:
    """Return one line of the picture: a thin bar from 5 % to 95 %, a thick one from 25 % to 75 %, the median.

    Examples
    --------
    >>> _fan({"q05": 0.0, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 1.0}, 0.0, 1.0)
    '──────────━━━━━━━━━━╋━━━━━━━━━━──────────'
    """

    def place(level: str) -> int:
        return round((row[level] - low) / (high - low) * (_FAN_WIDTH - 1)) if high > low else 0

    line = [" "] * _FAN_WIDTH
    line[place("q05") : place("q95") + 1] = "─" * (place("q95") - place("q05") + 1)
    line[place("q25") : place("q75") + 1] = "━" * (place("q75") - place("q25") + 1)
    line[place("q50")] = "╋"
    return "".join(line).rstrip()


def _notes(result: Result) -> Iterator[str]:
    """Yield what a reader must know beside the figures."""
    manifest = result.raw.manifest
    yield from _one_obligor(result)
    yield from robust(result)
    for kind in ("layers", "entities"):
        share = _assumed_behind(getattr(result, kind)())
        if share is not None:
            yield text(f"run.assumed_{kind}", share=per_cent(share))
    if not manifest.ignorance:
        yield text("run.ignorance_off")
    if not manifest.chance:
        yield text("run.chance_off")
    yield from _goal(manifest)
    if manifest.paths_failed:
        yield text("run.paths_failed", failed=f"{manifest.paths_failed:,}", paths=f"{manifest.paths:,}")
    for row in result.raw.failures().head(_FAILURES_TOLD).to_dicts():
        last = row["first_path"] + row["paths"] - 1
        yield text("run.chunk_failed", first=row["first_path"], last=last, reason=row["reason"])
    yield text("run.ledger", residual=f"{manifest.ledger_residual:.1e}")
    yield text("run.kept", folder=result.raw.folder)


def _goal(manifest: Manifest) -> Iterator[str]:
    """Yield whether the paths were enough for the error that was asked for, and what would be if they were not."""
    target, error = manifest.target_error, manifest.error
    if target is None or error is None:
        return
    found = {"target": f"{100 * target:.2g}", "error": f"{100 * error:.2g}", "paths": f"{manifest.paths:,}"}
    if error <= target:
        yield text("run.target_reached", **found)
    else:
        yield text("run.target_missed", **found, draws=f"{math.ceil(manifest.draws * (error / target) ** 2):,}")


def _one_obligor(result: Result) -> Iterator[str]:
    """Yield the layers for which one firm alone would make another answer."""
    for row in result.layers().to_dicts():
        if row["label"] and row["p_one_obligor"] - row["p_break"] >= SELDOM:
            yield text(
                "run.one_obligor" if row["obligors"] > 1 else "run.only_obligor",
                layer=row["label"],
                share=per_cent(row["p_one_obligor"], row["mc_error"]),
                range=per_cent_range(row["one_obligor_low"], row["one_obligor_high"]),
            )


def robust(result: Result) -> Iterator[str]:
    """Yield whether the leaders of the headline lead under every other reading, and where not, who does."""
    readings = result.robustness().to_dicts()
    labels = {row["name"]: row["label"] for row in (*result.entities().to_dicts(), *result.cohorts().to_dicts())}

    def named(leader: str) -> str:
        cohort, _, tenth = leader.partition(":")
        if tenth:
            return text("run.tenth", cohort=labels[cohort])
        return text("run.none") if leader == NONE else labels.get(leader, leader)

    against: dict[tuple[str, str, bool, bool], list[Row]] = {}
    for row in readings:
        if not row["agrees"]:
            against.setdefault((row["kind"], row["leader"], row["soft"], row["split"]), []).append(row)
    if not against:
        leaders = {row["kind"]: named(row["leader"]) for row in readings if row["leader"] != NONE}
        told = ", ".join(
            text("run.leader", leader=leader, kind=text(f"run.kind_{kind}")) for kind, leader in leaders.items()
        )
        yield text("run.robust", leaders=told or text("run.none"))
        return
    yield text("run.not_robust")
    for (kind, leader, soft, split), rows in against.items():
        shares = ", ".join(per_cent(row["threshold"]) for row in rows if row["threshold"])
        yield text(
            "run.reading",
            kind=text(f"run.kind_{kind}"),
            threshold=text("run.threshold", shares=shares) if shares else "",
            soft=text("run.soft_counted") if soft else "",
            split=text("run.cohorts_split") if split else "",
            leader=named(leader),
            share=", ".join(per_cent(row["p_first"]) for row in rows),
            range=", ".join(per_cent_range(row["p_first_low"], row["p_first_high"]) for row in rows),
        )


def _assumed_behind(ranking: pl.DataFrame) -> float | None:
    """Return the share that is not reported, averaged over outcomes by how often each is first."""
    known = ranking.filter(pl.col("share_assumed").is_not_null())
    weights, shares = known["p_first"].to_numpy(), known["share_assumed"].to_numpy()
    return float(shares @ weights / weights.sum()) if weights.any() else None
