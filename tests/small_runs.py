"""Runs small enough to count by hand: who broke in which month on which path."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from deflator.engine.layout import YARDSTICKS
from deflator.ensemble import Manifest, Run, write_manifest, write_table
from deflator.ensemble.manifest import FORMAT
from deflator.ensemble.tables import FAILURES, TENTH_MONTHS, yardstick_column

#: name -> (layer, members, obligor, exposure)
FIRMS = {
    "lab_a": ("lab", 1, "lab_a", 100.0),
    "lab_b": ("lab", 1, "lab_b", 100.0),
    "cloud_a": ("neocloud", 1, "cloud_a", 60.0),
    "cloud_b": ("neocloud", 1, "cloud_b", 30.0),
    "small_clouds": ("neocloud", 150, "small_clouds", 10.0),
    "rest_of_world": ("world", 1, "rest_of_world", 0.0),
}
Months = Mapping[str, int]


def small_run(
    folder: Path,
    hard: Sequence[Months],
    soft: Mapping[int, Months] | None = None,
    losses: Mapping[int, Mapping[str, float]] | None = None,
    failed: Sequence[int] = (),
    draws: int = 1,
    share: float = 0.25,
    chance: bool = True,
    tenths: Mapping[int, Sequence[int]] | None = None,
    crossed: Sequence[Months] = (),
) -> Run:
    """Write a run of one path for each element of `hard`, which gives the month of every hard break on it.

    A cohort breaks whole, unless `tenths` gives by path the months in which its tenths break; `crossed` gives by path
    the month in which a layer crosses its own yardstick.
    """
    soft, losses = soft or {}, losses or {}
    folder.mkdir(exist_ok=True)
    write_table(folder, "entities", _entities())
    write_table(folder, "draws", pl.DataFrame({"draw": range(draws), "layer_break_share": [share] * draws}))
    numbers = np.arange(len(hard), dtype=np.int32)
    status = ["not_finite" if path in failed else "ok" for path in numbers]
    known = pl.DataFrame({"path": numbers, "draw": numbers % draws, "status": status})
    yardsticks = {
        yardstick_column(layer): pl.Series(
            [months.get(layer) for months in crossed] or [None] * len(hard), dtype=pl.Int16
        )
        for layer in YARDSTICKS
    }
    write_table(folder, "paths", known.with_columns(**yardsticks))
    one_by_one = {"small_clouds": tenths or {}}
    breaks = [
        {
            "path": path, "entity": entity,
            "month": months.get(entity), "trigger": "payment" if entity in months else None,
            "soft_month": soft.get(path, {}).get(entity),
            "soft_trigger": "liquidity" if entity in soft.get(path, {}) else None,
            "cause_1": "interest" if entity in months else None,
            TENTH_MONTHS: one_by_one[entity].get(path, [months.get(entity, 0)] * 10) if entity in one_by_one else None,
        }
        for path, months in enumerate(hard)
        for entity in FIRMS
        if path not in failed
        and (entity in months or entity in soft.get(path, {}) or path in one_by_one.get(entity, {}))
    ]  # fmt: skip
    schema = {"path": pl.Int32, "entity": pl.String, "month": pl.Int16, "trigger": pl.String,
              "soft_month": pl.Int16, "soft_trigger": pl.String, "cause_1": pl.String,
              TENTH_MONTHS: pl.Array(pl.Int16, 10)}  # fmt: skip
    write_table(folder, "breaks", pl.DataFrame(breaks, schema))
    write_table(folder, "series_quantiles", _series())
    lost = [{"path": p, "holder": h, "loss_musd": musd} for p, row in losses.items() for h, musd in row.items()]
    write_table(folder, "losses", pl.DataFrame(lost, {"path": pl.Int32, "holder": pl.String, "loss_musd": pl.Float64}))
    write_table(folder, "failures", pl.DataFrame(schema=FAILURES))
    write_manifest(folder, _manifest(len(hard), len(failed), draws, chance))
    return Run.open(folder)


def _entities() -> pl.DataFrame:
    layer, members, obligor, exposure = zip(*FIRMS.values(), strict=True)
    return pl.DataFrame(
        {
            "entity": list(FIRMS), "name": [name.replace("_", " ").title() for name in FIRMS], "layer": layer,
            "members": members, "obligor": obligor, "exposure_musd": exposure,
        }
    )  # fmt: skip


def _series() -> pl.DataFrame:
    """Return a rent that falls from 2.20 by two cents a month, and is known ever less."""
    months = np.arange(25)
    levels = {"q05": -2.0, "q25": -1.0, "q50": 0.0, "q75": 1.0, "q95": 2.0}
    rents = {level: 2.2 - 0.02 * months + 0.02 * width * months**0.5 for level, width in levels.items()}
    frames = [
        pl.DataFrame({"series": [name] * 25, "month": months.astype(np.int16)} | values)
        for name, values in (("rent", rents), ("funding", dict.fromkeys(levels, np.full(25, 0.78))))
    ]
    return pl.concat(frames)


def _manifest(paths: int, failed: int, draws: int, chance: bool) -> Manifest:
    return Manifest(
        format=FORMAT, run="small", finished_at="2026-03-01T00:00:00+00:00", versions={},
        book={"name": "small"}, scenario={"name": "made"}, as_of="2026-02", months=24, paths=paths,
        paths_failed=failed, draws=draws, ignorance=draws > 1, chance=chance, seed=1, ledger_residual=0.0,
        debt_residual=0.0, units_residual=0.0, checksum="", elapsed_seconds={},
    )  # fmt: skip
