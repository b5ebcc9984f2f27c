"""What price histories show by themselves: falls and half-lives, plateaus and steps, comovement, index basis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from deflator.book import Book
from deflator.book.months import month_at
from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]

#: A posted price that moves by less is taken to have stayed: medians of several offers never stand quite still. A wider
#: band would take small moves of the rent for plateaus, and own factors for slower than they are.
UNMOVED = 0.003
#: Fewer monthly changes tell nothing of autocorrelation and tails.
LEAST_CHANGES = 10
_LEAST_COMMON = 6


@dataclass(frozen=True, eq=False)
class Series:
    """One price list or index of one equipment, month by month.

    Parameters
    ----------
    equipment, name
        Hardware and series, as in the table `price_history`.
    first
        Month of the first price, counted from the as-of month (0), so mostly negative.
    log_price
        Log of the price in USD per unit-hour, shape [month]; NaN where there is none.
    """

    equipment: str
    name: str
    first: int
    log_price: Floats

    @property
    def label(self) -> str:
        """Equipment and series in one word."""
        return f"{self.equipment}:{self.name}"

    @property
    def seen(self) -> NDArray[np.int64]:
        """Positions of the months with a price."""
        return np.flatnonzero(np.isfinite(self.log_price))

    @property
    def last(self) -> int:
        """Month of the last price, counted from the as-of month."""
        return self.first + int(self.seen[-1])

    def changes(self, months: int = 1) -> Floats:
        """Return log changes over so many months, wherever both ends have a price.

        Examples
        --------
        >>> series = Series("h100", "list", -3, np.log([4.0, 4.0, np.nan, 2.0]))
        >>> series.changes(1).tolist(), series.changes(2).round(3).tolist()
        ([0.0], [-0.693])
        """
        difference = self.log_price[months:] - self.log_price[:-months]
        return difference[np.isfinite(difference)]

    def until(self, month: int) -> Series:
        """Return the part up to a month, counted from the as-of month; the rest is not looked at."""
        return Series(self.equipment, self.name, self.first, self.log_price[: max(month - self.first + 1, 0)])


def read_histories(book: Book) -> tuple[Series, ...]:
    """Return every price series of a book, the longest first.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> found = read_histories(load_book("ai-2026-02"))
    >>> "h100:gcp_spot_core_median" in [series.label for series in found]
    True
    """
    prices: dict[tuple[str, str], dict[int, float]] = {}
    for row in book.table("price_history").rows:
        key = str(row["equipment"]), str(row["series"])
        prices.setdefault(key, {})[book.month(row["month"])] = float(row["usd_per_hour"])
    found = []
    for (equipment, name), by_month in prices.items():
        first, last = min(by_month), max(by_month)
        values = [by_month.get(month, math.nan) for month in range(first, last + 1)]
        found.append(Series(equipment, name, first, np.log(values)))
    return tuple(sorted(found, key=lambda series: (-series.seen.size, series.label)))


def long_enough(found: Sequence[Series], equipment: str | None = None) -> list[Series]:
    """Return the series with at least `LEAST_CHANGES` monthly changes, of one equipment or of all."""
    return [
        series for series in found if equipment in (None, series.equipment) and series.changes().size >= LEAST_CHANGES
    ]


def refuse_short(found: Sequence[Series], equipment: str, until: str) -> None:
    """Refuse a history from which a price process cannot be told.

    Raises
    ------
    RunError
        When no series of the equipment has `LEAST_CHANGES` monthly changes up to the month.
    """
    if not long_enough(found, equipment):
        most = max((series.changes().size for series in found if series.equipment == equipment), default=0)
        message = (
            f"no series of {equipment} has {LEAST_CHANGES} changes from one month to the next up to {until}; "
            f"the longest has {most}"
        )
        hint = "add months to price_history, or ask for a later --fit-to"
        raise RunError([Fault("price_history", 0, "usd_per_hour", message, hint)])


@dataclass(frozen=True)
class Fall:
    """The deepest fall of a series from a peak.

    Parameters
    ----------
    peak, trough
        Months, YYYY-MM.
    share
        Share of the peak price that was lost.
    half_life_years
        Years in which the price halved at the pace of the fall.
    """

    peak: str
    trough: str
    share: float
    half_life_years: float


@dataclass(frozen=True)
class Summary:
    """What one series shows.

    Parameters
    ----------
    equipment, series, first, last
        Which series, and its first and last month.
    prices, changes
        Months with a price, and changes from one month to the next.
    volatility_annual
        Standard deviation of monthly log changes, times √12; None with fewer than three.
    unmoved
        Share of monthly changes below `UNMOVED`: plateaus of posted prices.
    longest_plateau_months
        Most months in a row without a move.
    median_step, largest_fall, largest_rise
        Sizes of the moves, log.
    autocorrelation
        Of monthly changes, lag 1; None with fewer than `LEAST_CHANGES`.
    fall
        Deepest fall from a peak; None where the price never fell.
    """

    equipment: str
    series: str
    first: str
    last: str
    prices: int
    changes: int
    volatility_annual: float | None
    unmoved: float | None
    longest_plateau_months: int
    median_step: float | None
    largest_fall: float | None
    largest_rise: float | None
    autocorrelation: float | None
    fall: Fall | None


def summarise(series: Series, as_of: str) -> Summary:
    """Describe a price series by its moves.

    Parameters
    ----------
    series
        From `read_histories`.
    as_of
        As-of month of the book, YYYY-MM.

    Examples
    --------
    >>> stairs = Series("h100", "list", -6, np.log([4.0, 4.0, 4.0, 2.0, 2.0, 2.0, 1.0]))
    >>> found = summarise(stairs, "2026-02")
    >>> found.unmoved, found.longest_plateau_months, round(found.largest_fall, 3)
    (0.6666666666666666, 2, -0.693)
    >>> found.fall.share, round(found.fall.half_life_years, 3)  # two halvings in the four months from the last 4.0
    (0.75, 0.167)
    """
    changes = series.changes()
    moved = changes[np.abs(changes) > UNMOVED]
    return Summary(
        series.equipment,
        series.name,
        month_at(series.first, as_of),
        month_at(series.last, as_of),
        series.seen.size,
        changes.size,
        float(changes.std(ddof=1) * math.sqrt(12.0)) if changes.size >= 3 else None,
        float(np.mean(np.abs(changes) <= UNMOVED)) if changes.size else None,
        _longest_run(series),
        float(np.median(np.abs(moved))) if moved.size else None,
        float(changes.min()) if changes.size else None,
        float(changes.max()) if changes.size else None,
        _autocorrelation(series) if changes.size >= LEAST_CHANGES else None,
        _deepest_fall(series, as_of),
    )


def _longest_run(series: Series) -> int:
    longest = run = 0
    for change in np.diff(series.log_price):
        run = run + 1 if abs(change) <= UNMOVED else 0
        longest = max(longest, run)
    return longest


def _autocorrelation(series: Series) -> float | None:
    difference = np.diff(series.log_price)
    difference = difference - np.nanmean(difference)
    product = difference[1:] * difference[:-1]
    variance = float(np.nanmean(difference**2))
    if variance == 0.0 or not np.isfinite(product).any():
        return None
    return float(np.nanmean(product)) / variance


def _deepest_fall(series: Series, as_of: str) -> Fall | None:
    """Return the fall from a peak to a later trough that lost the largest share."""
    seen, values = series.seen, series.log_price[series.seen]
    drop = np.maximum.accumulate(values) - values
    trough = int(np.argmax(drop))
    if drop[trough] <= UNMOVED:
        return None
    top = values[: trough + 1].max()
    peak = int(np.flatnonzero(values[: trough + 1] == top)[-1])
    years = (seen[trough] - seen[peak]) / 12.0
    return Fall(
        month_at(series.first + int(seen[peak]), as_of),
        month_at(series.first + int(seen[trough]), as_of),
        float(-math.expm1(-drop[trough])),
        float(years * math.log(2.0) / drop[trough]),
    )


@dataclass(frozen=True)
class Comovement:
    """How far two generations on the same list move together.

    Parameters
    ----------
    series, one, other
        Name of the list, and the two equipments.
    months
        Common monthly changes.
    correlation, quarterly
        Correlation of changes over one and over three months; None where one of them did not move.
    """

    series: str
    one: str
    other: str
    months: int
    correlation: float | None
    quarterly: float | None


def comovements(found: Sequence[Series]) -> Iterator[Comovement]:
    """Yield the correlation of every two equipments on the same list with enough common months."""
    for one, other in combinations(found, 2):
        if one.name == other.name and one.equipment != other.equipment:
            left, right = aligned(one, other)
            pairs = [(left[k:] - left[:-k], right[k:] - right[:-k]) for k in (1, 3) if left.size > k]
            if pairs and np.isfinite(pairs[0][0] + pairs[0][1]).sum() >= _LEAST_COMMON:
                monthly, quarterly = (*(_correlation(*pair) for pair in pairs), None)[:2]
                months = int(np.isfinite(pairs[0][0] + pairs[0][1]).sum())
                yield Comovement(one.name, one.equipment, other.equipment, months, monthly, quarterly)


def _correlation(one: Floats, other: Floats) -> float | None:
    both = np.isfinite(one + other)
    if both.sum() < _LEAST_COMMON or one[both].std() == 0.0 or other[both].std() == 0.0:
        return None
    return float(np.corrcoef(one[both], other[both])[0, 1])


def aligned(one: Series, other: Series) -> tuple[Floats, Floats]:
    """Return the log prices of two series over the months that both span; empty where they do not meet."""
    first = max(one.first, other.first)
    last = min(one.first + one.log_price.size, other.first + other.log_price.size)
    if last <= first:
        return np.empty(0), np.empty(0)
    return one.log_price[first - one.first : last - one.first], other.log_price[
        first - other.first : last - other.first
    ]


@dataclass(frozen=True)
class Basis:
    """How far two series of the same good lie apart.

    Parameters
    ----------
    equipment, one, other
        The good and the two series.
    months
        Months in which both have a price.
    lowest, median, highest
        Price of the second over the first, less one.
    """

    equipment: str
    one: str
    other: str
    months: int
    lowest: float
    median: float
    highest: float


def bases(found: Sequence[Series]) -> Iterator[Basis]:
    """Yield the basis between every two series of the same equipment that share a month."""
    for one, other in combinations(found, 2):
        if one.equipment == other.equipment:
            left, right = aligned(one, other)
            gap = np.expm1((right - left)[np.isfinite(right - left)])
            if gap.size:
                spread = (float(gap.min()), float(np.median(gap)), float(gap.max()))
                yield Basis(one.equipment, one.name, other.name, gap.size, *spread)
