"""Figures of many paths month by month: followed together, told by their quantiles, and as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import TAIL, Estimate, Probability
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.trials import Keep, watch
from deflator.engine import Status
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

_LEVELS = (TAIL, 0.5, 1.0 - TAIL)


def follow(
    setting: Setting, keep: Keep, paths: int | None = None, threads: int | None = None, progress: Progress | None = None
) -> tuple[dict[str, NDArray], NDArray[np.int64]]:
    """Return what is kept of every month on the paths that do not fail, and the numbers of these paths.

    Parameters
    ----------
    setting, keep, paths, threads, progress
        As for `trials.watch`.

    Raises
    ------
    RunError
        When every path fails.
    """
    seen = watch(setting, keep, paths, threads, progress)
    status = seen.pop("status")
    good = np.flatnonzero(status == Status.OK)
    if not good.size:
        message = f"all {status.size} paths failed, so there is nothing to tell"
        raise RunError([Fault("", 0, "", message, "try another seed")])
    return {name: values[..., good] for name, values in seen.items()}, good


def quantiles(values: NDArray[np.floating]) -> Floats:
    """Return the quantiles 5, 50 and 95 % over paths, shape [3, ...]; NaN does not count, and is what nothing has.

    Parameters
    ----------
    values
        Shape [..., path].

    Examples
    --------
    >>> quantiles(np.array([[1.0, 2.0, 3.0], [np.nan, 2.0, 2.0], [np.nan] * 3]))[1].tolist()
    [2.0, 2.0, nan]
    >>> quantiles(np.array([np.nan, 4.0])).tolist(), quantiles(np.array([np.nan])).tolist()
    ([4.0, 4.0, 4.0], [nan, nan, nan])
    """
    known = ~np.isnan(values)
    if known.all():
        return np.quantile(values, _LEVELS, axis=-1)
    found = np.full((len(_LEVELS), *values.shape[:-1]), np.nan)
    for place in map(tuple, np.argwhere(known.any(axis=-1))):
        found[:, *place] = np.quantile(values[place][known[place]], _LEVELS)
    return found


def frame_of(found: Mapping[str, Sequence[Probability | Estimate]], key: str, value: str) -> pl.DataFrame:
    """Return a row for each name and month, with range and error.

    Parameters
    ----------
    found
        By name: one element for each month 0 to T.
    key, value
        Columns of the names and of the values.
    """
    rows = [
        {key: name, "month": month, value: one.value, "low": one.low, "high": one.high, "mc_error": one.mc_error}
        for name, months in found.items()
        for month, one in enumerate(months)
    ]
    keys: dict[str, Any] = {key: pl.String, "month": pl.Int32}
    return pl.DataFrame(rows, keys | dict.fromkeys((value, "low", "high", "mc_error"), pl.Float64))
