"""When is an iteration close enough: the one estimate that all kernels share."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def distance_left(step, step_before):
    """Estimate how far a monotone iteration still has to go, from its last two steps.

    A geometric fall by a factor q per round has `step * q / (1 - q)` to go; the estimate is never below the
    last step, and it is infinite until steps begin to shrink. A step that is NaN gives no finite distance.

    Examples
    --------
    >>> distance_left(0.25, 0.5), distance_left(0.0, 0.5), distance_left(0.5, 0.5)
    (0.25, 0.0, inf)
    """
    if step == 0.0:
        return 0.0
    if step < step_before:
        return max(step, step * step / (step_before - step))
    return np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def freeze_lanes(step, step_before, tolerance, active, rounds, residual):
    """Freeze the lanes that have arrived; return whether any is still on its way.

    Parameters
    ----------
    step, step_before : float arrays [lane]
        Largest change of this round and, changed, of the round before.
    tolerance : float
        How close is close enough.
    active : bool array [lane], changed
        Which lanes are on their way.
    rounds : int array [lane], changed
        Rounds in which something moved.
    residual : float array [lane], changed
        Estimated distance to the limit.
    """
    on_the_way = 0
    for lane in range(residual.shape[0]):
        if not active[lane]:
            continue
        residual[lane] = distance_left(step[lane], step_before[lane])
        rounds[lane] += step[lane] != 0.0
        step_before[lane] = step[lane]
        active[lane] = not (residual[lane] <= tolerance)
        on_the_way += active[lane]
    return on_the_way > 0
