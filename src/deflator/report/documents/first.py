"""Who breaks first: rankings, survival, order, fifty dots for each, robustness, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.analysis import Result
from deflator.analysis.answered import answered
from deflator.analysis.first import FirstBreak, FirstBreaks, Order, first_breaks
from deflator.analysis.survival import Survival
from deflator.ensemble import Progress, Question
from deflator.report.documents.heading import words

#: Dots of a quantile dotplot: each stands for a fiftieth of the paths.
DOTS = 50


def build_first(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page from the kept run of the question, or from one that is made for it."""
    return first_page(answered(question, progress))


def first_page(result: Result) -> dict[str, Any]:
    """Return the page of a run."""
    found = first_breaks(result)
    manifest = result.raw.manifest
    layer_of = dict(result.raw.entities().select("entity", "layer").iter_rows())
    robustness = result.robustness()
    return {
        "paths_counted": found.paths,
        "paths_failed": manifest.paths_failed,
        "layer_of": layer_of,
        "first": {kind: [_outcome(one) for one in found.of(kind)] for kind in found.order},
        "survival": [_survival(one) for one in found.survival],
        "order": {kind: _order(order) for kind, order in found.order.items()},
        "yardsticks": result.yardsticks().to_dicts(),
        "robust": bool(robustness["agrees"].all()),
        "robustness": robustness.to_dicts(),
        "share_assumed": {kind: _assumed(found, kind) for kind in found.order},
        "losses": result.losses().to_dicts(),
        "words": words(
            triggers=[name for one in found.first for name in one.triggers],
            causes=[one.cause for one in found.first if one.cause],
        ),
    }


def _outcome(one: FirstBreak) -> dict[str, Any]:
    return {
        "name": one.name, "label": one.label,
        "first": {"value": one.p_first, "low": one.low, "high": one.high, "mc_error": one.mc_error},
        "break": one.p_break, "with_soft": one.p_with_soft,
        "months": None if one.months is None else list(one.months),
        "triggers": dict(one.triggers), "cause": one.cause, "share_assumed": one.share_assumed,
    }  # fmt: skip


def break_odds(one: Survival) -> dict[str, float | None]:
    """Return the odds of a break by the horizon, with range and error."""
    return {
        "value": float(1.0 - one.share[-1]), "low": None if one.high is None else float(1.0 - one.high[-1]),
        "high": None if one.low is None else float(1.0 - one.low[-1]), "mc_error": float(one.mc_error[-1]),
    }  # fmt: skip


def _survival(one: Survival) -> dict[str, Any]:
    reached = 1.0 - one.share
    return {
        "kind": one.kind, "name": one.name, "label": one.label, "breaks": one.breaks, "paths": one.paths,
        "share": one.share, "low": one.low, "high": one.high, "mc_error": one.mc_error,
        "break": break_odds(one),
        "dots": dots_of(reached).tolist(),
    }  # fmt: skip


def dots_of(reached: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the months of fifty quantiles of a break month; 0 where it does not break.

    Parameters
    ----------
    reached
        Share of paths that have broken by the end of each month, shape [T + 1].

    References
    ----------
    Quantile dotplots: Kay, Kola, Hullman and Munson (2016), "When (ish) is my bus?", CHI.

    Examples
    --------
    Half of the paths break, all of them in month 2:

    >>> dots = dots_of(np.array([0.0, 0.0, 0.5, 0.5]))
    >>> (dots == 2).sum(), (dots == 0).sum()
    (np.int64(25), np.int64(25))
    """
    levels = (np.arange(DOTS) + 0.5) / DOTS
    months = np.searchsorted(reached, levels)
    return np.where(months < reached.size, months, 0)


def _order(order: Order) -> dict[str, Any]:
    return {
        "names": order.names, "labels": order.labels, "paths": order.paths, "earlier": order.earlier,
        "low": order.low, "high": order.high, "mc_error": order.mc_error,
    }  # fmt: skip


def _assumed(found: FirstBreaks, kind: str) -> float | None:
    """Return the share that is not reported, averaged over outcomes by how often each is first."""
    known = [one for one in found.of(kind) if one.share_assumed is not None]
    weight = sum(one.p_first for one in known)
    return sum(one.p_first * (one.share_assumed or 0.0) for one in known) / weight if weight else None
