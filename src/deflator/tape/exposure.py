"""What is owed when: principal by profile, and what is still drawn before a default. Losses play no part here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.book import Book
from deflator.tape.read import Tape
from deflator.tape.schema import DRAW_SHARE

Floats = NDArray[np.float64]
Months = NDArray[np.int64]

BULLET, LINEAR, LEVEL = 0, 1, 2
_PROFILES = {"bullet": BULLET, "linear": LINEAR, "level": LEVEL}


@dataclass(frozen=True, eq=False)
class Exposures:
    """Exposure at default of every loan by month.

    Parameters
    ----------
    at_default
        USD m owed by one who defaults in a month, [loan, T + 1]; 0 before the loan is made and after it matures.
    now
        The same for a default right after the as-of date, whether or not the loan is drawn by then, [loan].
    first, last
        First and last month in which the loan can default, [loan]; the last is at most the horizon.
    cut
        Whether the loan matures after the horizon, so that losses beyond it are not seen, [loan].
    """

    at_default: Floats
    now: Floats
    first: Months
    last: Months
    cut: NDArray[np.bool_]


def exposures(tape: Tape, base_rate: float, months: int) -> Exposures:
    """Return the exposure of every loan of a tape.

    The principal follows the loan's own profile. Of what is committed and not drawn the loan's `draw_share` is drawn
    before a default, while it can be drawn. Interest is left out: the exposure is principal, as in the engine.

    Parameters
    ----------
    tape
        Loans that were checked.
    base_rate
        To which the margin of a floating loan is added, annual; it moves level payments alone.
    months
        Horizon.
    """
    book = tape.book
    drawn = np.array([loan.number("drawn_musd") for loan in tape.loans])
    committed = np.array([loan.number("committed_musd") for loan in tape.loans])
    rate = np.array(
        [
            loan.number("rate_or_spread") + (base_rate if loan.cells["rate_kind"] == "floating" else 0.0)
            for loan in tape.loans
        ]
    )
    maturity = _months(tape, book, "maturity")
    until = _months(tape, book, "draw_until", maturity)
    issue = _months(tape, book, "issue")
    balance = balances(
        drawn,
        np.maximum(rate, 0.0) / 12.0,
        maturity,
        np.array([_PROFILES[loan.cells["amortisation"]] for loan in tape.loans]),
        _months(tape, book, "interest_only_until", np.zeros_like(maturity)),
        np.array([loan.number("balloon_share") for loan in tape.loans]),
        months,
    )
    share = np.array([loan.number("draw_share", DRAW_SHARE) for loan in tape.loans])
    still = share * np.maximum(committed - drawn, 0.0)
    month = np.arange(months + 1)
    at_default = np.zeros((len(drawn), months + 1))
    at_default[:, 1:] = balance[:, :-1] + np.where(month[1:] <= until[:, None], still[:, None], 0.0)
    first, last = np.maximum(issue + 1, 1), np.minimum(maturity, months)
    lent = (month >= first[:, None]) & (month <= last[:, None])
    now = drawn + np.where(until > 0, still, 0.0)
    return Exposures(np.where(lent, at_default, 0.0), now, first, last, maturity > months)


def _months(tape: Tape, book: Book, column: str, blank: Months | None = None) -> Months:
    """Return a column of months, counted from the as-of month."""
    found = [None if loan.cells.get(column) is None else book.month(loan.cells[column]) for loan in tape.loans]
    return np.array([blank[at] if month is None and blank is not None else month for at, month in enumerate(found)],
                    dtype=np.int64)  # fmt: skip


def balances(
    drawn: Floats,
    monthly_rate: Floats,
    maturity: Months,
    profile: Months,
    interest_only: Months,
    balloon: Floats,
    months: int,
) -> Floats:
    """Return the principal outstanding at the end of every month, month 0 first.

    Parameters
    ----------
    drawn
        Principal at month 0, [loan].
    monthly_rate
        Interest for one month, [loan].
    maturity
        Month in which the rest is due, [loan].
    profile
        `BULLET`, `LINEAR` or `LEVEL`, [loan].
    interest_only
        Last month in which no principal is due, [loan].
    balloon
        Share of `drawn` that is due at maturity only, [loan].
    months
        Horizon.

    Returns
    -------
    ndarray
        [loan, T + 1], in the unit of `drawn`.

    References
    ----------
    Annuity with a residual: principal of a payment = (B − F) r / ((1 + r)^n − 1), with B owed, F left at the end and n
    payments to come; as r goes to 0 it is (B − F) / n, which is also the linear profile.

    Examples
    --------
    120 in 12 months: even; with a fifth left for the end; and nothing before it.

    >>> one, year, no = np.array([120.0]), np.array([12]), np.array([0])
    >>> balances(one, np.array([0.01]), year, np.array([LINEAR]), no, np.array([0.0]), 12)[0, [1, 6, 11, 12]].tolist()
    [110.0, 60.0, 10.0, 0.0]
    >>> balances(one, np.array([0.01]), year, np.array([LINEAR]), no, np.array([0.2]), 12)[0, [1, 11, 12]].tolist()
    [112.0, 32.0, 0.0]
    >>> balances(one, np.array([0.01]), year, np.array([BULLET]), no, np.array([0.0]), 12)[0, [1, 11, 12]].tolist()
    [120.0, 120.0, 0.0]
    """
    found = np.zeros((len(drawn), months + 1))
    found[:, 0] = owed = drawn.astype(np.float64)
    kept = balloon * drawn
    for month in range(1, months + 1):
        left = np.maximum(maturity - month + 1, 1)
        repaying = (profile != BULLET) & (month > interest_only)
        above = np.maximum(owed - kept, 0.0)
        growth = np.expm1(left * np.log1p(monthly_rate))
        level = np.where(growth > 0.0, above * monthly_rate / np.where(growth > 0.0, growth, 1.0), above / left)
        due = np.where(repaying, np.where(profile == LEVEL, level, above / left), 0.0)
        owed = np.where(month >= maturity, 0.0, owed - due)
        found[:, month] = owed
    return found
