"""The answer of a run as tables: who breaks first, who loses, and whether the answer stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from deflator.analysis.breaks import NONE, Tally
from deflator.analysis.counts import GATE, HEADLINE, ONE_OBLIGOR, WITH_SOFT, Counts, Reading
from deflator.analysis.losses import loss_table
from deflator.engine.codes import Cause, Trigger
from deflator.engine.layout import YARDSTICKS as MEASURED
from deflator.ensemble import Run

LAYERS = "summary_layers"
ENTITIES = "summary_entities"
LOSSES = "summary_losses"
ROBUSTNESS = "summary_robustness"
YARDSTICKS = "summary_yardsticks"

#: By entity: USD m of its month-0 figures that are not reported, and of all.
Evidence = Mapping[str, tuple[float, float]]

_TEXT, _SHARE = pl.String, pl.Float64
_BREAKS = {
    "name": _TEXT, "label": _TEXT, "kind": _TEXT, "layer": _TEXT,
    "p_first": _SHARE, "p_first_low": _SHARE, "p_first_high": _SHARE, "p_first_error": _SHARE,
    "p_break": _SHARE, "low": _SHARE, "high": _SHARE, "mc_error": _SHARE, "p_with_soft": _SHARE,
    "median_month": pl.Int16, "trigger": _TEXT, "cause": _TEXT, "share_assumed": _SHARE,
}  # fmt: skip
_LAYER_BREAKS = _BREAKS | {
    "obligors": pl.Int16, "p_one_obligor": _SHARE, "one_obligor_low": _SHARE, "one_obligor_high": _SHARE,
}  # fmt: skip
_ROBUSTNESS = {
    "kind": _TEXT, "threshold": _SHARE, "soft": pl.Boolean, "split": pl.Boolean, "leader": _TEXT, "p_first": _SHARE,
    "p_first_low": _SHARE, "p_first_high": _SHARE, "agrees": pl.Boolean,
}  # fmt: skip
YARDSTICK_COLUMNS = {
    "layer": _TEXT, "p_crossed": _SHARE, "low": _SHARE, "high": _SHARE, "mc_error": _SHARE, "median_month": pl.Int16,
}  # fmt: skip


def summarise(run: Run, evidence: Evidence) -> dict[str, pl.DataFrame]:
    """Return the tables of the answer.

    Parameters
    ----------
    run
        A finished run.
    evidence
        How much of each entity's month-0 sums is not reported; see `analysis.evidence`.

    Returns
    -------
    dict
        `summary_layers`, `summary_yardsticks`, `summary_entities`, `summary_losses` and `summary_robustness`. Shares
        are of paths that did not fail. In each ranking the last row is `none`: no outcome of its kind breaks.
    """
    counts = Counts.of(run)
    chance = run.manifest.chance
    return {
        LAYERS: _layers(counts, chance, evidence),
        YARDSTICKS: _yardsticks(counts.yardsticks, chance),
        ENTITIES: _entities(counts, chance, evidence),
        LOSSES: loss_table(run),
        ROBUSTNESS: _robustness(counts, chance),
    }


def _layers(counts: Counts, chance: bool, evidence: Evidence) -> pl.DataFrame:
    headline, with_soft, alone = (counts.by_layer[reading] for reading in (HEADLINE, WITH_SOFT, ONE_OBLIGOR))
    names = counts.entities["entity"].to_list()
    rows = []
    for outcome, layer in enumerate(counts.layers):
        one = alone.p_break(outcome, chance)
        rows.append(
            _breaks(headline, with_soft, outcome, chance)
            | {
                "label": layer.name, "layer": layer.name, "obligors": layer.independent,
                "p_one_obligor": one.value, "one_obligor_low": one.low, "one_obligor_high": one.high,
                "share_assumed": share_assumed((names[position] for position in layer.entities), evidence),
            }
        )  # fmt: skip
    rows.append(_first(headline, len(counts.layers), chance))
    return pl.DataFrame([row | {"kind": "layer"} for row in rows], _LAYER_BREAKS)


def _yardsticks(tally: Tally, chance: bool) -> pl.DataFrame:
    """Return how often and when each layer that has a measure of its own crosses it."""
    rows = []
    for outcome, layer in enumerate(MEASURED):
        crossed = tally.p_break(outcome, chance)
        rows.append((layer, crossed.value, crossed.low, crossed.high, crossed.mc_error, tally.median_month(outcome)))
    return pl.DataFrame(rows, YARDSTICK_COLUMNS, orient="row")


def _entities(counts: Counts, chance: bool, evidence: Evidence) -> pl.DataFrame:
    labels = dict(counts.entities.select("entity", "name").iter_rows())
    layers = dict(counts.entities.select("entity", "layer").iter_rows())
    rows: list[dict[str, object]] = []
    for kind in counts.positions:
        tally, with_soft = counts.by_entity[kind, False], counts.by_entity[kind, True]
        for outcome, name in enumerate(tally.names):
            own = {
                "label": labels[name],
                "layer": layers[name],
                "share_assumed": share_assumed([name], evidence),
            }
            rows.append(_breaks(tally, with_soft, outcome, chance) | own | {"kind": kind})
        rows.append(_first(tally, len(tally.names), chance) | {"kind": kind})
    return pl.DataFrame(rows, _BREAKS)


def _first(tally: Tally, outcome: int, chance: bool) -> dict[str, object]:
    """Return how often an outcome is first; after the last name, how often nothing breaks."""
    first = tally.p_first(outcome, chance)
    return {
        "name": [*tally.names, NONE][outcome], "p_first": first.value, "p_first_low": first.low,
        "p_first_high": first.high, "p_first_error": first.mc_error,
    }  # fmt: skip


def _breaks(tally: Tally, with_soft: Tally, outcome: int, chance: bool) -> dict[str, object]:
    """Return how often an outcome is first and breaks, when, and why."""
    broke = tally.p_break(outcome, chance)
    trigger, cause = tally.trigger(outcome), tally.cause(outcome)
    return _first(tally, outcome, chance) | {
        "p_break": broke.value, "low": broke.low, "high": broke.high, "mc_error": broke.mc_error,
        "p_with_soft": with_soft.p_break(outcome, chance).value, "median_month": tally.median_month(outcome),
        "trigger": None if trigger is Trigger.NONE else trigger.name.lower(),
        "cause": None if cause is Cause.NONE else cause.name.lower(),
    }  # fmt: skip


def share_assumed(names: Iterable[str], evidence: Evidence) -> float | None:
    """Return the share of the month-0 sums of some entities that nobody reported; None where there are none.

    Examples
    --------
    >>> share_assumed(["a", "b"], {"a": (1.0, 2.0), "b": (0.0, 6.0)})
    0.125
    """
    assumed, total = (sum(part) for part in zip(*(evidence[name] for name in names), strict=True))
    return assumed / total if total else None


def _robustness(counts: Counts, chance: bool) -> pl.DataFrame:
    """Return who leads under each reading, and whether that is who leads in the headline."""
    tallies = [("layer", reading, counts.by_layer[reading]) for reading in (HEADLINE, *GATE)]
    tallies += [(kind, Reading(soft=soft), tally) for (kind, soft), tally in counts.by_entity.items()]
    tallies += [("firm", Reading(soft=soft, split=True), tally) for soft, tally in counts.with_tenths.items()]
    headline = {"layer": counts.by_layer[HEADLINE].leader()}
    headline |= {kind: counts.by_entity[kind, False].leader() for kind in counts.positions}
    rows = []
    for kind, reading, tally in tallies:
        leader = tally.leader()
        row = _first(tally, [*tally.names, NONE].index(leader), chance)
        rows.append(
            row | {"kind": kind, "threshold": reading.share, "soft": reading.soft, "split": reading.split,
                   "leader": leader, "agrees": leader == headline[kind]}
        )  # fmt: skip
    return pl.DataFrame([{column: row[column] for column in _ROBUSTNESS} for row in rows], _ROBUSTNESS)
