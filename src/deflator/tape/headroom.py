"""How far the covenants of the borrowers are from their thresholds, month by month."""

from __future__ import annotations

import numpy as np
import polars as pl

from deflator.analysis.monthly import quantiles
from deflator.book.months import month_at
from deflator.tape.outcomes import Outcomes

_AMPLE = 9.99  # shown where a figure has all the room there is
_SCHEMA = {
    "obligor": pl.String, "facility": pl.String, "test": pl.String, "case": pl.String, "month": pl.Int64,
    "date": pl.String, "q05": pl.Float64, "q50": pl.Float64, "q95": pl.Float64, "share_below": pl.Float64,
    "share_owing": pl.Float64,
}  # fmt: skip


def headroom_table(outcomes: Outcomes) -> pl.DataFrame:
    """Return quantiles over paths of the headroom of each covenant, and the share of paths that are below it.

    Parameters
    ----------
    outcomes
        From `simulate_outcomes`.

    Returns
    -------
    polars.DataFrame
        One row for each covenant and month in which its facility is owed on some path. Headroom is the distance from
        the threshold over the threshold, cut at 9.99; quantiles and shares are of the paths on which the facility is
        still owed.
    """
    economy, book = outcomes.setting.economy, outcomes.setting.question.book
    links = economy.links
    keys = book.table("covenants").keys
    rows = []
    for place, covenant in enumerate(outcomes.covenants):
        facility, test, case = keys[covenant].split("|")
        borrower = links["facilities.borrower"][links["covenants.facility"][covenant]]
        head = np.clip(outcomes.headroom[1:, place], -_AMPLE, _AMPLE)
        owed = ~np.isnan(head)
        if not owed.any():
            continue
        levels = quantiles(head)
        counted = owed.sum(axis=1)
        below = (head < 0.0).sum(axis=1)
        for month in np.flatnonzero(counted) + 1:
            at = month - 1
            rows.append((
                economy.entities[borrower], facility, test, case, int(month), month_at(int(month), book.as_of),
                *(float(quantile[at]) for quantile in levels), float(below[at] / counted[at]),
                float(counted[at] / outcomes.paths),
            ))  # fmt: skip
    return pl.DataFrame(rows, _SCHEMA, orient="row")
