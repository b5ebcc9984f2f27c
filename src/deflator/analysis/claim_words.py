"""What came of a claim, in words: for the command line and for the page."""

from __future__ import annotations

from collections.abc import Iterator

from deflator.analysis.claims import CONDITIONAL, NOT_TESTABLE, Check, Claim
from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range, significant
from deflator.engine.positions import PARAMETERS
from deflator.messages import text, translated

_CALENDAR = "year"


def essay_words(claim: Claim) -> str:
    """Return the essay's figure.

    Examples
    --------
    >>> from deflator.analysis.claims import list_claims
    >>> claims = {claim.id: claim for claim in list_claims()}
    >>> essay_words(claims["rent_now"]), essay_words(claims["debt_2025"]), essay_words(claims["startups_first"])
    ('1.8 to 2.2 USD per hour', '11,000 or more USD m', '–')
    """
    low, high = claim.low, claim.high
    if low is None:
        return UNKNOWN
    if high is None:
        value = text("claims.at_least", low=_number(low, claim.unit))
    elif low == high:
        value = _number(low, claim.unit)
    else:
        value = text("claims.from_to", low=_number(low, claim.unit), high=_number(high, claim.unit))
    return text("claims.figure_of", value=value, unit=claim.unit)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.0f}" if unit == _CALENDAR else f"{value:,g}"


def found_words(check: Check) -> list[str]:
    """Return verdict, figure, share and condition of a claim, those that there are."""
    return [text(f"terms.verdict.{check.verdict}"), *_measured(check), *_condition(check)]


def _measured(check: Check) -> Iterator[str]:
    claim, share = check.claim, check.share
    if check.value is not None:
        unit = claim.unit or text("claims.relative")
        low, high = (_figure(value, claim.unit) for value in (check.low, check.high))
        spread = f" ({low} … {high})" if check.low != check.high else ""
        yield text("claims.figure_of", value=f"{_figure(check.value, claim.unit)}{spread}", unit=unit)
    if share and claim.kind == "figure":
        yield text("claims.share_of_draws", share=per_cent(share.value, share.mc_error))
    elif share:
        span = per_cent_range(share.low, share.high)
        error = f"{100.0 * share.mc_error:.1f} %"
        yield text("claims.share_of_paths", share=per_cent(share.value, share.mc_error), range=span, error=error)
        if check.told is not None and check.told < 1.0:
            yield text("claims.told", told=per_cent(check.told))


def _figure(value: float | None, unit: str) -> str:
    """Return a computed figure; one without a unit is a relative change."""
    if value is not None and not unit:
        return f"{100.0 * value:+.0f}" if abs(value) < 10.0 else f"{significant(100.0 * value)}"
    return f"{value:.1f}" if value is not None and unit == _CALENDAR else significant(value, 3)


def _condition(check: Check) -> Iterator[str]:
    if check.condition in PARAMETERS:
        correlation = f"{check.correlation:+.1f}" if check.correlation is not None else UNKNOWN
        yield text("terms.condition.parameter", name=check.condition, correlation=correlation)
    elif check.verdict in (CONDITIONAL, NOT_TESTABLE) and check.condition:
        yield text(f"terms.condition.{check.condition}")


def mechanism_lines(claim: Claim) -> Iterator[str]:
    """Yield how a claim is tested."""
    for name in ("null", "statistic", "why", "source"):
        if getattr(claim, name):
            yield text(f"claims.detail.{name}", **{name: translated(getattr(claim, name))})
