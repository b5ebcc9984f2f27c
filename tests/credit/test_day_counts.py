"""Day counts by rule, and against QuantLib on drawn dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import CreditError, DayCount, days_between, year_fraction

dates = st.dates(date(1990, 1, 1), date(2060, 12, 31))
lengths = st.integers(0, 12_000)


@pytest.fixture(scope="module")
def quantlib_counts(quantlib):
    return {
        DayCount.ACT_360: quantlib.Actual360(),
        DayCount.ACT_365F: quantlib.Actual365Fixed(),
        DayCount.THIRTY_360: quantlib.Thirty360(quantlib.Thirty360.BondBasis),
        DayCount.THIRTY_E_360: quantlib.Thirty360(quantlib.Thirty360.European),
        DayCount.ACT_ACT_ISDA: quantlib.ActualActual(quantlib.ActualActual.ISDA),
    }


@given(start=dates, length=lengths, convention=st.sampled_from(DayCount))
def test_days_and_years_agree_with_quantlib(quantlib, quantlib_counts, start, length, convention):
    end = start + timedelta(days=length)
    their_start, their_end = quantlib.Date.from_date(start), quantlib.Date.from_date(end)
    theirs = quantlib_counts[convention]

    assert days_between(convention, start, end) == theirs.dayCount(their_start, their_end)
    years = theirs.yearFraction(their_start, their_end)
    assert year_fraction(convention, start, end) == pytest.approx(years, abs=1e-12)


@given(start=dates, first=lengths, second=lengths)
def test_actual_years_add_up_over_adjoining_periods(start, first, second):
    middle = start + timedelta(days=first)
    end = middle + timedelta(days=second)

    for convention in (DayCount.ACT_360, DayCount.ACT_365F, DayCount.ACT_ACT_ISDA):
        parts = year_fraction(convention, start, middle) + year_fraction(convention, middle, end)
        assert parts == pytest.approx(year_fraction(convention, start, end), abs=1e-12)


def test_a_whole_calendar_year_is_one_year_under_actual_actual():
    assert year_fraction("Act/Act ISDA", "2024-01-01", "2025-01-01") == 1.0
    assert year_fraction("Act/Act ISDA", "2023-01-01", "2024-01-01") == 1.0


def test_wrong_conventions_and_dates_are_refused_together():
    with pytest.raises(CreditError) as refused:
        year_fraction("actual", "2026-13-01", 5)

    assert [fault.column for fault in refused.value.faults] == ["convention", "end", "start"]
    assert "use one of Act/360, Act/365F, 30/360, 30E/360, Act/Act ISDA" in str(refused.value)


def test_an_end_before_the_start_is_refused():
    with pytest.raises(CreditError, match="2026-01-01 lies before the start 2026-02-01"):
        days_between("Act/360", "2026-02-01", "2026-01-01")
