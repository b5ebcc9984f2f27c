"""Questions about all lanes of a block at once. They only say which work can be skipped."""

from __future__ import annotations

from deflator.engine.compiled import inline


@inline
def nothing(values):
    """Return whether no lane has anything: no value is above zero.

    Examples
    --------
    >>> import numpy as np
    >>> nothing(np.array([0.0, -1.0])), nothing(np.array([0.0, 2.0]))
    (True, False)
    """
    found = 0
    for lane in range(values.size):
        found += values[lane] > 0.0
    return found == 0
