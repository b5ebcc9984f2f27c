"""Figures as people read them, with no more digits than their errors support."""

from __future__ import annotations

import math

UNKNOWN = "–"
_LEAST_P = 0.001


def per_cent(share: float | None, error: float = 0.0) -> str:
    """Return a share in per cent, rounded to the place of its error's first digit and never finer than one.

    Parameters
    ----------
    share
        Share in [0, 1]; None when it is not known.
    error
        Its standard error, a share.

    Examples
    --------
    >>> per_cent(0.3449, 0.004), per_cent(0.3449, 0.13), per_cent(0.0), per_cent(0.9991), per_cent(None)
    ('34 %', '30 %', '<1 %', '>99 %', '–')
    """
    if share is None:
        return UNKNOWN
    place = 10 ** max(0, math.floor(math.log10(max(round(100.0 * error), 1))))
    rounded = round(100.0 * share / place) * place
    if rounded <= 0:
        return f"<{place} %"
    if rounded >= 100:
        return f">{100 - place} %"
    return f"{rounded} %"


def per_cent_range(low: float | None, high: float | None) -> str:
    """Return a range of shares in per cent.

    Examples
    --------
    >>> per_cent_range(0.048, 0.8), per_cent_range(0.0, 1.0), per_cent_range(0.0, 0.001)
    ('5–80 %', '0–100 %', '<1 %')
    """
    if low is None or high is None:
        return UNKNOWN
    if round(100 * low) == round(100 * high):
        return per_cent(low)
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def p_value(found: float) -> str:
    """Return the probability of a result by chance alone, with no more digits than shuffles tell.

    Examples
    --------
    >>> p_value(0.0312), p_value(0.0004)
    ('0.031', '<0.001')
    """
    return f"{found:.3f}" if found >= _LEAST_P else f"<{_LEAST_P}"


def significant(value: float | None, digits: int = 2) -> str:
    """Return a figure rounded to some significant digits, with commas between thousands.

    Examples
    --------
    >>> significant(12345.6), significant(2.2049, 3), significant(0.00071), significant(0.0)
    ('12,000', '2.20', '0.00071', '0')
    """
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    place = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, place)
    return f"{rounded:,.{max(place, 0)}f}"


def supported(value: float | None, error: float, signed: bool = False) -> str:
    """Return a figure rounded to the place of its error's first digit, with commas between thousands.

    Parameters
    ----------
    value
        The figure; None when it is not known.
    error
        Its standard error in the same unit; 0 where it has none, and two significant digits are kept.
    signed
        Whether a plus stands before what is above zero, as for changes.

    Examples
    --------
    >>> supported(12345.6, 210.0), supported(-3.14159, 0.02), supported(0.4, 3.0), supported(25.0, 0.0, signed=True)
    ('12,300', '-3.14', '0', '+25')
    """
    if value is None:
        return UNKNOWN
    size = error if error > 0.0 else abs(value) / 10.0
    place = -math.floor(math.log10(size)) if size > 0.0 else 0
    rounded = round(value, place) + 0.0  # no minus before a zero
    return f"{rounded:{'+' if signed and rounded else ''},.{max(place, 0)}f}"
