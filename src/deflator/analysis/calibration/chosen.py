"""Which figures a calibration proposes to the book: values, ranges, grade and where they come from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from io import StringIO
from pathlib import Path

import numpy as np

from deflator.analysis.calibration.closed_forms import PerformanceFit
from deflator.analysis.calibration.fit import Estimate, Fit
from deflator.analysis.calibration.rents import OF_THE_MODEL
from deflator.analysis.calibration.search import Profile
from deflator.book import Book
from deflator.durable import write_whole
from deflator.errors import Fault, RunError

ETA = "rent_perf_exponent_eta"
#: How a value was come by, in one word of the proposal's `basis`.
BOTH, ABOVE, BELOW, NEITHER = "both ends told", "high end told", "low end told", "neither end told"


@dataclass(frozen=True)
class Proposal:
    """One parameter as the book could hold it.

    Parameters
    ----------
    parameter
        Name in the table `parameters`, or `table.row.column` of another.
    value, low, high
        Proposed: median, 5 % and 95 % quantiles of the ensemble. An end that the data do not tell is not drawn in: it
        stays where the book or the ensemble has it, whichever is wider.
    book_value, book_low, book_high
        As the book holds it.
    told
        Which ends the data tell: `BOTH`, `ABOVE`, `BELOW` or `NEITHER`.
    learnt
        Share of the prior's variance that the data took away; None where there was no prior.
    series
        Histories it rests on.
    """

    parameter: str
    value: float
    low: float
    high: float
    book_value: float
    book_low: float
    book_high: float
    told: str
    learnt: float | None
    series: tuple[str, ...]


def propose(
    book: Book, rents: Fit, own: Fit | None, performance: PerformanceFit | None, rounded: int = 2
) -> tuple[Proposal, ...]:
    """Return what the fits propose to the book.

    Parameters
    ----------
    book
        Says what stands there.
    rents, own, performance
        The fits; None where the history told nothing of them.
    rounded
        Significant digits.
    """
    found = [_of_fit(book, name, rents, rounded) for name in OF_THE_MODEL]
    if own:
        found += [_of_fit(book, name, own, rounded) for name in own.prior.names]
    if performance:
        found.append(_of_performance(book, performance, rounded))
    return tuple(found)


def _of_fit(book: Book, name: str, fit: Fit, rounded: int) -> Proposal:
    estimate = fit.value(name)
    profile = next((one for one in fit.profiles if one.parameter == name), None)
    standing = _standing(book, name)
    low, high = _ends(estimate, profile, standing)
    value = min(max(estimate.median, low), high)
    figures = (_round(value, rounded), _round(low, rounded), _round(high, rounded))
    return _proposal(name, figures, standing, _told(profile), estimate.learnt, fit.series)


def _proposal(
    name: str,
    figures: tuple[float, float, float],
    standing: tuple[float, float, float],
    told: str,
    learnt: float | None,
    series: tuple[str, ...],
) -> Proposal:
    value, low, high = figures
    book_value, book_low, book_high = standing
    return Proposal(name, value, low, high, book_value, book_low, book_high, told, learnt, series)


def _ends(estimate: Estimate, profile: Profile | None, standing: tuple[float, float, float]) -> tuple[float, float]:
    low, high = max(estimate.low, estimate.prior_low), min(estimate.high, estimate.prior_high)
    if not (profile and profile.told_from_below):
        low = min(low, standing[1]) if standing[1] > 0.0 else low
    if not (profile and profile.told_from_above):
        high = max(high, standing[2])
    return low, high


def _told(profile: Profile | None) -> str:
    below, above = (profile.told_from_below, profile.told_from_above) if profile else (False, False)
    return {(True, True): BOTH, (True, False): BELOW, (False, True): ABOVE, (False, False): NEITHER}[below, above]


def _of_performance(book: Book, fit: PerformanceFit, rounded: int) -> Proposal:
    """Take the exponent within months, and a range that holds the newest month of every list."""
    newest = [one.slope for one in fit.months if one.month == fit.months[-1].month]
    low, high = min(fit.low, *newest), max(fit.high, *newest)
    figures = (_round(fit.value, rounded), _round(low, rounded), _round(high, rounded))
    lists = tuple(dict.fromkeys(one.series for one in fit.months))
    return _proposal(ETA, figures, _standing(book, ETA), BOTH, None, lists)


def _standing(book: Book, name: str) -> tuple[float, float, float]:
    """Return value, low and high of a parameter, or of `table.row.column`; a figure without a range has its own."""
    place = name.split(".")
    if len(place) == 1:
        table = book.table("parameters")
        row = table.rows[table.index[name]]
        return float(row["value"]), float(row["low"]), float(row["high"])
    table, known = book.table(place[0]), book.provenance[place[0], place[1], place[2]]
    value = float(table.rows[table.index[place[1]]][place[2]])
    low, high = (value if bound is None else float(bound) for bound in (known.low, known.high))
    return value, low, high


def _round(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def total_volatility(rents: Fit) -> tuple[float, float, float]:
    """Return the volatility of noise and jumps together, log a year: 5 %, 50 % and 95 % of the ensemble.

    Parameters are drawn one by one in a run, but the ensemble holds them together: much noise goes with few jumps.
    """
    names = rents.prior.names
    volatility, chance, size = (np.exp(rents.ensemble[:, names.index(name)]) for name in OF_THE_MODEL[1:])
    low, middle, high = np.quantile(np.sqrt(volatility**2 + 12.0 * chance * size**2), [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def write_proposals(proposals: Sequence[Proposal], path: Path) -> None:
    """Write proposals as a table, whole or not at all; nothing of a book is changed.

    Parameters
    ----------
    proposals
        From `propose`.
    path
        A file that is not there yet.

    Raises
    ------
    RunError
        When there is a file already.
    """
    check_new(path)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Proposal)])
    writer.writerows(_cells(one) for one in proposals)
    write_whole(path, text.getvalue().encode())


def check_new(path: Path) -> None:
    """Refuse a file that is there already, before anything is computed.

    Raises
    ------
    RunError
        When it is there, or its folder is not.
    """
    if path.exists():
        raise RunError([Fault(str(path), 0, "--write", "there is a file already", "give the name of a new file")])
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent}"
        raise RunError([Fault(str(path), 0, "--write", message, "make it first, or give another place")])


def _cells(proposal: Proposal) -> Iterator[object]:
    for cell in astuple(proposal):
        yield " ".join(cell) if isinstance(cell, tuple) else cell
