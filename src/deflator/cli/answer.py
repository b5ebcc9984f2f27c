"""The answer of one run, or of several side by side, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from deflator.analysis import Result
from deflator.analysis.breaks import NONE
from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range, significant
from deflator.book.months import month_at
from deflator.cli.output import Column, say, table
from deflator.engine.codes import Cause, Trigger
from deflator.messages import text

Row = dict[str, Any]

_MONTHS_BETWEEN_ROWS = 6
_MOST_ROWS = 12
#: Below this share of paths an outcome is counted but has no row of its own.
_SELDOM = 0.005
_FAN_WIDTH = 41


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
        "draws": manifest.draws,
        "seed": manifest.seed,
        "months": manifest.months,
        "seconds": manifest.seconds,
        "ledger_residual": manifest.ledger_residual,
        "checksum": manifest.checksum,
        "layers": result.layers().to_dicts(),
        "entities": result.entities().to_dicts(),
        "cohorts": result.cohorts().to_dicts(),
        "losses": result.losses().to_dicts(),
        "rents": result.rents().to_dicts(),
        "funding": result.funding().to_dicts(),
        "robust": bool(result.robustness()["agrees"].all()),
        "robustness": result.robustness().to_dicts(),
        "disclaimer": text("common.disclaimer"),
    }


def print_answers(results: Mapping[str, Result]) -> None:
    """Print the answers of runs, by the name of their scenario; several stand side by side."""
    for name, result in results.items():
        say(_heading(name, result))
    say()
    if len(results) == 1:
        (result,) = results.values()
        for ranking in ("layers", "entities", "cohorts"):
            _print_ranking(
                text(f"run.title_{ranking}"), getattr(result, ranking)(), result.raw.manifest.as_of
            )
    else:
        for ranking in ("layers", "entities", "cohorts"):
            tables = {name: getattr(result, ranking)() for name, result in results.items()}
            _print_beside(text(f"run.title_{ranking}"), tables)
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


def _print_ranking(title: str, ranking: pl.DataFrame, as_of: str) -> None:
    """Print who breaks first, with when and why."""
    rows, left_out = _often(ranking.to_dicts())
    if not rows:
        return
    columns: list[Column] = [
        text("run.column_name"),
        *_figures("p_first", "p_first_range", "p_break", "p_break_range", "with_soft", "median_month"),
        text("run.column_trigger"),
        text("run.column_cause"),
        *_figures("share_assumed"),
    ]
    table(title, columns, [_ranking_cells(row, as_of) for row in rows])
    if left_out:
        say(text("run.left_out", count=left_out))
        say()


def _figures(*names: str) -> list[Column]:
    return [(text(f"run.column_{name}"), "right") for name in names]


def _ranking_cells(row: Row, as_of: str) -> list[str]:
    """Return the cells of an outcome; the outcome that nothing breaks has its first ones only."""
    first = [
        row["label"] or text("run.none"),
        per_cent(row["p_first"], row["p_first_error"]),
        per_cent_range(row["p_first_low"], row["p_first_high"]),
    ]
    if row["label"] is None:
        return first
    return [
        *first,
        per_cent(row["p_break"], row["mc_error"]),
        per_cent_range(row["low"], row["high"]),
        per_cent(row["p_with_soft"], row["mc_error"]),
        month_at(row["median_month"], as_of) if row["median_month"] else UNKNOWN,
        Trigger[row["trigger"].upper()].sentence if row["trigger"] else UNKNOWN,  # type: ignore[attr-defined]
        Cause[row["cause"].upper()].sentence if row["cause"] else UNKNOWN,  # type: ignore[attr-defined]
        per_cent(row["share_assumed"]),
    ]


def _often(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Return the outcomes that happen often, the most frequent first, and how many others there are."""
    outcomes = [row for row in rows if row["label"] is not None]
    often = [row for row in outcomes if max(row["p_first"], row["p_break"], row["p_with_soft"]) >= _SELDOM]
    often.sort(key=lambda row: (-row["p_first"], -row["p_break"], row["name"]))
    nothing = [row for row in rows if row["label"] is None] if outcomes else []
    return often[:_MOST_ROWS] + nothing, len(outcomes) - len(often[:_MOST_ROWS])


def _print_beside(title: str, rankings: Mapping[str, pl.DataFrame]) -> None:
    """Print first breaks and breaks of several scenarios, a group of columns each."""
    by_name = {
        scenario: {row["name"]: row for row in ranking.to_dicts()} for scenario, ranking in rankings.items()
    }
    kept: dict[str, Row] = {}
    for rows in by_name.values():
        kept |= {row["name"]: row for row in _often(list(rows.values()))[0] if row["name"] not in kept}
    if not kept:
        return
    ordered = sorted(kept.values(), key=lambda row: row["label"] is None)
    columns: list[Column] = [text("run.column_name")]
    for scenario in rankings:
        columns += [
            (f"{scenario}\n{text(f'run.column_{name}')}", "right")
            for name in ("p_first", "p_first_range", "p_break", "p_break_range")
        ]
    cells = []
    for row in ordered:
        line = [row["label"] or text("run.none")]
        for rows in by_name.values():
            own = rows[row["name"]]
            line += [
                per_cent(own["p_first"], own["p_first_error"]),
                per_cent_range(own["p_first_low"], own["p_first_high"]),
            ]
            broke = own["p_break"] is not None
            line += [per_cent(own["p_break"], own["mc_error"]) if broke else ""]
            line += [per_cent_range(own["low"], own["high"]) if broke else ""]
        cells.append(line)
    table(title, columns, cells)


def _print_losses(results: Mapping[str, Result]) -> None:
    """Print what holders lose, the largest mean loss of the first scenario first."""
    by_scenario = {
        scenario: {row["holder"]: row for row in result.losses().to_dicts()}
        for scenario, result in results.items()
    }
    holders = list(dict.fromkeys(holder for rows in by_scenario.values() for holder in rows))[:_MOST_ROWS]
    columns: list[Column] = [text("run.column_holder")]
    for scenario in results:
        before = f"{scenario}\n" if len(results) > 1 else ""
        columns += [
            (before + text(f"run.column_{name}"), "right") for name in ("mean", "median", "middle_90")
        ]
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
            *(significant(row[level], 3) for level in levels),
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
    yield _robust(result)
    for ranking, kind in ((result.layers(), "layers"), (result.entities(), "entities")):
        share = _assumed_behind(ranking)
        if share is not None:
            yield text(f"run.assumed_{kind}", share=per_cent(share))
    if not manifest.ignorance:
        yield text("run.ignorance_off")
    if not manifest.chance:
        yield text("run.chance_off")
    if manifest.paths_failed:
        yield text("run.paths_failed", failed=f"{manifest.paths_failed:,}", paths=f"{manifest.paths:,}")
    yield text("run.ledger", residual=f"{manifest.ledger_residual:.1e}")
    yield text("run.kept", folder=result.raw.folder)


def _one_obligor(result: Result) -> Iterator[str]:
    """Yield the layers for which one firm alone would make another answer."""
    for row in result.layers().to_dicts():
        if row["label"] and row["p_one_obligor"] - row["p_break"] >= _SELDOM:
            yield text(
                "run.one_obligor" if row["obligors"] > 1 else "run.only_obligor",
                layer=row["label"],
                share=per_cent(row["p_one_obligor"], row["mc_error"]),
                range=per_cent_range(row["one_obligor_low"], row["one_obligor_high"]),
            )


def _robust(result: Result) -> str:
    """Return whether the leaders of the headline lead under every other reading, and where not, who does."""
    readings = result.robustness().to_dicts()
    against = "; ".join(_reading(row) for row in readings if not row["agrees"])
    if against:
        return text("run.not_robust", readings=against)
    leaders = {row["kind"]: row["leader"] for row in readings if row["leader"] != NONE}
    told = ", ".join(
        text("run.leader", leader=leader, kind=text(f"run.kind_{kind}")) for kind, leader in leaders.items()
    )
    return text("run.robust", leaders=told or text("run.none"))


def _reading(row: Row) -> str:
    """Return who leads when the paths are read in another way."""
    return text(
        "run.reading_soft" if row["soft"] else "run.reading_hard",
        kind=text(f"run.kind_{row['kind']}"),
        threshold=text("run.threshold", share=per_cent(row["threshold"])) if row["threshold"] else "",
        leader=text("run.none") if row["leader"] == NONE else row["leader"],
        share=per_cent(row["p_first"]),
        range=per_cent_range(row["p_first_low"], row["p_first_high"]),
    )


def _assumed_behind(ranking: pl.DataFrame) -> float | None:
    """Return the share that is not reported, averaged over outcomes by how often each is first."""
    known = ranking.filter(pl.col("share_assumed").is_not_null())
    weights, shares = known["p_first"].to_numpy(), known["share_assumed"].to_numpy()
    return float(shares @ weights / weights.sum()) if weights.any() else None
