"""Schedules of loans: by hand, by property, and against QuantLib."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import (
    CreditError,
    amortisation_schedule,
    dated_schedule,
    debt_capacity,
    shares_due_of_remaining,
)

principals = st.floats(0.01, 1e5)
annual_rates = st.floats(-0.05, 0.5)
lives = st.integers(1, 120)


def assert_rolls_forward(loan, principal):
    assert loan.opening[0] == principal
    assert loan.opening[1:].tolist() == loan.closing[:-1].tolist()
    assert loan.closing == pytest.approx(loan.opening - loan.principal, abs=1e-9 * principal)
    assert loan.interest == pytest.approx(loan.opening * loan.period_rates)
    assert loan.principal.sum() == pytest.approx(principal, rel=1e-9)
    assert (loan.principal >= 0).all()
    assert (loan.closing >= 0).all()
    assert loan.closing[-1] == 0.0


@given(
    profile=st.sampled_from(["bullet", "linear", "level"]),
    principal=principals,
    rate=annual_rates,
    quarters=st.integers(1, 40),
    grace=st.integers(0, 10),
)
def test_principal_repaid_by_time_sums_to_the_loan(profile, principal, rate, quarters, grace):
    grace = min(grace, quarters - 1)
    loan = amortisation_schedule(
        profile, principal, rate, 3 * quarters, months_between_payments=3, interest_only_payments=grace
    )

    assert_rolls_forward(loan, principal)
    assert loan.due.tolist() == list(range(3, 3 * quarters + 1, 3))
    assert not loan.principal[:grace].any()


@given(
    weights=st.lists(st.floats(0, 1), min_size=1, max_size=60),
    principal=principals,
    repaid_by_schedule=st.floats(0, 1),
)
def test_an_explicit_schedule_is_kept_and_its_rest_falls_due_at_maturity(weights, principal, repaid_by_schedule):
    total = sum(weights) or 1.0
    instalments = [principal * repaid_by_schedule * (weight / total) for weight in weights]

    loan = amortisation_schedule("schedule", principal, 0.09, len(weights), scheduled=instalments)

    assert_rolls_forward(loan, principal)
    assert loan.principal[:-1] == pytest.approx(np.array(instalments[:-1]), abs=1e-9 * principal)


@given(cash=st.lists(st.floats(0.1, 50), min_size=1, max_size=60), rate=st.floats(0, 0.3))
def test_a_loan_sized_to_cash_flow_is_covered_by_the_target_in_every_period(cash, rate):
    size = debt_capacity(cash, rate, 1.4)
    loan = amortisation_schedule("sculpted", size, rate, len(cash), cash_flow=cash, target_dscr=1.4)

    assert loan.opening[0] == size
    assert loan.closing[-1] == 0.0
    # Where interest alone exceeds service, the balance cannot shrink and later periods carry the rest.
    if (loan.principal > 0).all():
        assert np.array(cash) / loan.payment == pytest.approx(1.4, rel=1e-6)


def test_level_payments_with_a_balloon_leave_exactly_the_balloon():
    loan = amortisation_schedule("level", 100.0, 0.06, 24, balloon=40.0)

    assert loan.payment[:-1] == pytest.approx(loan.payment[0])
    assert loan.payment[-1] == pytest.approx(loan.payment[0] + 40.0)


def test_a_level_loan_is_levelled_again_when_its_rate_changes():
    loan = amortisation_schedule("level", 100.0, [0.06] * 12 + [0.12] * 12, 24)

    assert loan.payment[:12] == pytest.approx(loan.payment[0])
    assert loan.payment[12:] == pytest.approx(loan.payment[12])
    assert loan.payment[12] > loan.payment[0]
    assert loan.closing[-1] == 0.0


def test_shares_of_what_remains_rebuild_the_schedule():
    instalments = np.array([5.0, 0.0, 20.0, 75.0])
    balance = 100.0
    rebuilt = []
    for share in shares_due_of_remaining(instalments):
        rebuilt.append(balance * share)
        balance -= rebuilt[-1]

    assert rebuilt == pytest.approx(instalments.tolist())


def test_a_schedule_is_a_table_with_months_or_dates():
    by_month = amortisation_schedule("linear", 30.0, 0.12, 3).to_frame()
    by_date = dated_schedule("bullet", 30.0, 0.1, ["2026-01-31", "2026-02-28"], "30/360").to_frame()

    assert by_month.columns == ["month", "opening", "interest", "principal", "payment", "closing"]
    assert by_month["payment"].to_list() == pytest.approx([10.3, 10.2, 10.1])
    assert by_date["date"].to_list()[0].isoformat() == "2026-02-28"


def test_every_wrong_argument_is_named_at_once():
    with pytest.raises(CreditError) as refused:
        amortisation_schedule(
            "balloon", -5.0, 0.05, 10, months_between_payments=3, cash_flow=[1.0], balloon=float("nan")
        )

    assert str(refused.value).splitlines() == [
        "amortisation_schedule:balloon: nan was given; use a number of at least 0",
        "amortisation_schedule:months: 10 is no multiple of 3; use whole periods between payments",
        "amortisation_schedule:principal: -5.0 was given; use a number of at least 0",
        "amortisation_schedule:profile: 'balloon' was given; use one of bullet, linear, level, schedule, sculpted",
    ]


def test_arguments_that_a_profile_does_not_use_or_lacks_are_refused():
    with pytest.raises(CreditError) as refused:
        amortisation_schedule("schedule", 100.0, 0.05, 2, cash_flow=[1.0, 2.0], balloon=5.0)

    assert str(refused.value).splitlines() == [
        "amortisation_schedule:balloon: 5.0 was given for profile schedule; leave it out: the rest falls due last",
        "amortisation_schedule:cash_flow: profile is schedule; give it with profile sculpted, and only with it",
        "amortisation_schedule:scheduled: profile is schedule; "
        "give principal by payment with profile schedule, and only with it",
    ]


def test_a_schedule_that_repays_more_than_the_loan_is_refused():
    with pytest.raises(CreditError, match=r"scheduled: 110.0 exceeds the principal 100.0"):
        amortisation_schedule("schedule", 100.0, 0.05, 2, scheduled=[60.0, 50.0])


def test_a_payment_below_the_interest_is_refused():
    with pytest.raises(CreditError, match=r"payment: 5.0 does not cover interest of 10"):
        dated_schedule("level", 100.0, 1.2, ["2025-01-01", "2025-01-31", "2025-03-02"], "30/360", payment=5.0)


def test_dates_that_do_not_rise_are_refused_by_their_place():
    with pytest.raises(CreditError, match=r"3:dates: 2026-02-01 does not lie after 2026-03-01"):
        dated_schedule("bullet", 1.0, 0.1, ["2026-01-01", "2026-03-01", "2026-02-01"], "Act/360")


def quantlib_flows(quantlib, bond):
    """Interest and principal by date from a QuantLib bond."""
    interest, principal = {}, {}
    for flow in bond.cashflows():
        day = flow.date().to_date()
        is_coupon = quantlib.as_coupon(flow) is not None
        kind = interest if is_coupon else principal
        kind[day] = kind.get(day, 0.0) + flow.amount()
    return interest, principal


@pytest.mark.parametrize("name", ["Act/360", "Act/365F", "30/360", "Act/Act ISDA"])
@pytest.mark.parametrize("profile", ["bullet", "linear"])
def test_dated_interest_and_principal_agree_with_quantlib(quantlib, name, profile):
    counts = {
        "Act/360": quantlib.Actual360(),
        "Act/365F": quantlib.Actual365Fixed(),
        "30/360": quantlib.Thirty360(quantlib.Thirty360.BondBasis),
        "Act/Act ISDA": quantlib.ActualActual(quantlib.ActualActual.ISDA),
    }
    start, end = quantlib.Date(31, 8, 2023), quantlib.Date(31, 8, 2028)
    dates = quantlib.Schedule(
        start,
        end,
        quantlib.Period(3, quantlib.Months),
        quantlib.NullCalendar(),
        quantlib.Unadjusted,
        quantlib.Unadjusted,
        quantlib.DateGeneration.Backward,
        True,
    )
    payments = len(dates) - 1
    notionals = [1000.0] * payments
    if profile == "linear":
        notionals = [1000.0 * (payments - paid) / payments for paid in range(payments)]
    bond = quantlib.AmortizingFixedRateBond(0, notionals, dates, [0.0925], counts[name])
    interest, principal = quantlib_flows(quantlib, bond)

    loan = dated_schedule(profile, 1000.0, 0.0925, [day.to_date() for day in dates], name)

    days = loan.due.tolist()
    assert loan.interest.tolist() == pytest.approx([interest[day] for day in days], rel=1e-11)
    assert loan.principal.tolist() == pytest.approx([principal.get(day, 0.0) for day in days], rel=1e-11)


def test_level_balances_agree_with_quantlib(quantlib):
    quarters = quantlib.Period(3, quantlib.Months)
    notionals = quantlib.sinkingNotionals(quantlib.Period(5, quantlib.Years), quantlib.Quarterly, 0.11, 250.0)

    loan = amortisation_schedule("level", 250.0, 0.11, 60, months_between_payments=quarters.length())

    assert loan.opening.tolist() == pytest.approx(list(notionals)[:20], rel=1e-10)
