"""A whole study of rents: histories described, processes fitted, closed forms beside them, proposals to the book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deflator.analysis.calibration.chosen import Proposal, propose, total_volatility
from deflator.analysis.calibration.closed_forms import PerformanceFit, SchwartzFit, fit_performance, fit_schwartz
from deflator.analysis.calibration.fit import Effort, Fit, fit, searches
from deflator.analysis.calibration.forecast import ForecastTest, score_forecast, scored
from deflator.analysis.calibration.history import (
    Basis,
    Comovement,
    Series,
    Summary,
    bases,
    comovements,
    long_enough,
    read_histories,
    refuse_short,
    summarise,
)
from deflator.analysis.calibration.market_step import measure_target_volatility, setting_of
from deflator.analysis.calibration.rents import own_factor_problem, pairs_with, rent_problem
from deflator.book import Book
from deflator.book.months import is_month, month_at
from deflator.errors import Fault, RunError

Progress = Callable[[int, int], None]
#: Month up to which the forecast of the shipped book is fitted when none is asked for: eight months are left to score.
_HELD_BACK = 8
_QUICK_PATHS, _PATHS = 8, 64


@dataclass(frozen=True, eq=False)
class RentStudy:
    """What the price histories of a book say of its rent process.

    Parameters
    ----------
    until
        Last month used, YYYY-MM.
    series
        All histories up to it.
    summaries, together, apart
        How each moves, how two generations move together, and how far two series of one good lie apart.
    target_volatility
        Monthly volatility of the clearing rent in the engine, taken as given.
    rents, own
        Fits of the reference rent and of the own factors; the latter None where no list shows two generations.
    volatility
        Of noise and jumps together, a year: 5 %, 50 % and 95 % of the ensemble.
    schwartz, performance
        Closed forms: each history as Schwartz's price, and rent by performance.
    proposals
        What the book could hold.
    """

    until: str
    series: tuple[Series, ...]
    summaries: tuple[Summary, ...]
    together: tuple[Comovement, ...]
    apart: tuple[Basis, ...]
    target_volatility: float
    rents: Fit
    own: Fit | None
    volatility: tuple[float, float, float]
    schwartz: tuple[SchwartzFit, ...]
    performance: PerformanceFit | None
    proposals: tuple[Proposal, ...]


def month_used(book: Book, typed: str | None, held_back: int = 0) -> int:
    """Return the last month of the data to use, counted from the as-of month.

    Parameters
    ----------
    book
        Says when the as-of month is.
    typed
        YYYY-MM as it was typed; None for `held_back` months before the as-of month.
    held_back
        Months that are not used when nothing was typed.

    Raises
    ------
    RunError
        When it is no month, or later than the as-of month.
    """
    if typed is None:
        return -held_back
    if not is_month(typed):
        raise RunError([Fault("", 0, "--fit-to", f"{typed!r} is not a month", "write YYYY-MM, such as 2025-06")])
    month = book.month(typed)
    if month > 0:
        message = f"{typed} is after the as-of month {book.as_of}"
        raise RunError([Fault("", 0, "--fit-to", message, "a book holds nothing later")])
    return month


def study_rents(
    book: Book, fit_to: str | None = None, effort: Effort | None = None, progress: Progress | None = None
) -> RentStudy:
    """Fit the rent process of a book to its price history.

    Parameters
    ----------
    book
        Any loaded book.
    fit_to
        Last month to use, YYYY-MM; all of them when None.
    effort
        How much is computed.
    progress
        Told the searches done and all searches.

    Returns
    -------
    RentStudy

    Raises
    ------
    RunError
        When the month is none, or the reference equipment has no series that is long enough.
    """
    effort = effort or Effort()
    until = month_used(book, fit_to)
    found = [part for series in read_histories(book) if (part := series.until(until)).seen.size]
    reference = book.reference_equipment
    refuse_short(found, reference, month_at(until, book.as_of))
    chosen = long_enough(found, reference)
    pairs = pairs_with(reference, found)
    setting = setting_of(book)
    volatility = measure_target_volatility(book, _paths(effort))
    rent = rent_problem(setting, chosen, volatility)
    equipments = len({series.equipment for series, _ in pairs})
    tell = _counting(
        progress, searches(len(rent.prior.names), effort) + (searches(1 + equipments, effort) if pairs else 0)
    )
    rents = fit(rent, effort, tell=tell)
    own = fit(own_factor_problem(setting, pairs, rents, volatility), effort, tell=tell) if pairs else None
    performance = fit_performance(book, found, effort.seed)
    return RentStudy(
        month_at(until, book.as_of),
        tuple(found),
        tuple(summarise(series, book.as_of) for series in found),
        tuple(comovements(found)),
        tuple(bases(found)),
        volatility,
        rents,
        own,
        total_volatility(rents),
        tuple(fit_schwartz(series) for series in long_enough(found)),
        performance,
        propose(book, rents, own, performance),
    )


def study_forecast(
    book: Book, fit_to: str | None = None, effort: Effort | None = None, progress: Progress | None = None
) -> ForecastTest:
    """Fit the rent process to a part of the history and score its forecast of the rest.

    Parameters
    ----------
    book
        Any loaded book.
    fit_to
        Last month to use, YYYY-MM; eight months before the as-of month when None.
    effort
        How much is computed.
    progress
        Told the searches done and all searches.

    Raises
    ------
    RunError
        When the month is none, or no series has prices on both sides of it.
    """
    effort = effort or Effort()
    until = month_used(book, fit_to, _HELD_BACK)
    found = read_histories(book)
    chosen = scored(found, until)
    setting = setting_of(book)
    volatility = measure_target_volatility(book, _paths(effort)) if chosen else 0.0
    tell = _counting(progress, searches(0, effort) * (1 + len(chosen)))
    return score_forecast(setting, found, until, volatility, effort, tell)


def _paths(effort: Effort) -> int:
    return _PATHS if effort.fits > Effort.quick().fits else _QUICK_PATHS


def _counting(progress: Progress | None, total: int) -> Callable[[], None]:
    done = iter(range(1, total + 1))

    def tell() -> None:
        if progress:
            progress(next(done), total)

    return tell
