"""A course: what a scenario says of one driver, month by month."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from deflator.book.months import is_month
from deflator.scenario.vocabulary import Operation

Floats = npt.NDArray[np.float64]

_RELATIVE = re.compile(r"\+\d{1,3}", re.ASCII)


def canonical_month(text: str) -> str | None:
    """Return a month as `YYYY-MM` or `+N` (months after the as-of month), or None when it is neither.

    Examples
    --------
    >>> canonical_month("2026-07"), canonical_month("+06"), canonical_month("July")
    ('2026-07', '+6', None)
    """
    if _RELATIVE.fullmatch(text):
        return f"+{int(text)}"
    return text if is_month(text) else None


def _in_order(point: tuple[str, float]) -> tuple[bool, int, str]:
    """Return what sorts points: relative months first, then by length and text, which is by time."""
    month = point[0]
    return not month.startswith("+"), len(month), month


@dataclass(frozen=True)
class Course:
    """Values by month.

    A single number in a scenario is the course that holds it from the as-of month on. A course without points
    is the default throughout: it takes back what another scenario or the general item says.

    Parameters
    ----------
    points
        Pairs of month (`YYYY-MM` or `+N`) and value, sorted: relative months first, each kind in order of
        time.

    Examples
    --------
    >>> Course.of({"2026-07": 0.2, "+3": 0.5}).points
    (('+3', 0.5), ('2026-07', 0.2))
    >>> Course.of(2.2).points
    (('+0', 2.2),)
    """

    points: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, values: float | dict[str, float]) -> Course:
        """Return the course of one number or of values by month."""
        by_month = values if isinstance(values, dict) else {"+0": values}
        return cls(tuple(sorted(by_month.items(), key=_in_order)))

    def values(self) -> float | dict[str, float]:
        """Return what `Course.of` turns into this course."""
        if len(self.points) == 1 and self.points[0][0] == "+0":
            return self.points[0][1]
        return dict(self.points)

    def trace(self, operation: Operation, months: int, index: Callable[[str], int]) -> Floats:
        """Return the value in force in each month.

        Parameters
        ----------
        operation
            Gives the default and what holds between the months.
        months
            Simulated months T.
        index
            Index of a month, 0 for the as-of month.

        Returns
        -------
        array
            Shape [T + 1]; element t is the value in month t.

        Raises
        ------
        ValueError
            When a month is not between 0 and T, which `Scenario.check` would have told the user.

        Examples
        --------
        >>> from deflator.scenario.vocabulary import drivers
        >>> scale = drivers()["demand"].operations["scale"]
        >>> Course.of({"+1": 0.5, "+3": 2}).trace(scale, 4, int)
        array([1. , 0.5, 0.5, 2. , 2. ])
        """
        points = sorted((index(month), value) for month, value in self.points)
        if points and not 0 <= points[0][0] <= points[-1][0] <= months:
            raise ValueError(f"months {points[0][0]} to {points[-1][0]} are not between 0 and {months}")
        series = np.full(months + 1, operation.default)
        for t, value in points:
            series[t : t + 1 if operation.between == "pulse" else None] = value
        if operation.between == "ramp":
            for (start, first), (end, last) in pairwise(points):
                share = np.arange(end - start) / (end - start)
                series[start:end] = first * (last / first) ** share
        return series
