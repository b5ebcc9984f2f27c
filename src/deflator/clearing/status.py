"""How a calculation on a network ended, as a code that knows its sentence."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from deflator.messages import text


class ClearingStatus(IntEnum):
    """How a calculation on a network ended; compiled kernels return the number, people read the sentence.

    Examples
    --------
    >>> ClearingStatus(0).sentence
    'Every figure has settled to within the tolerance.'
    """

    SETTLED = 0
    STILL_MOVING = 1
    SPIRAL = 2

    @property
    def sentence(self) -> str:
        """What the status means to a reader."""
        return text(f"clearing.status.{self.name.lower()}")


def status_of(residual: Any, tolerance: float) -> Any:
    """Return whether figures have settled: one status, or the numbers of one per lane."""
    moving = ~(np.asarray(residual) <= tolerance)
    if moving.ndim == 0:
        return ClearingStatus.STILL_MOVING if moving else ClearingStatus.SETTLED
    return np.where(moving, ClearingStatus.STILL_MOVING, ClearingStatus.SETTLED)
