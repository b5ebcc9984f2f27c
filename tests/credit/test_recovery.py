"""What a lender loses: by hand, within bounds, and moving the right way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.credit import CreditError, work_out

amounts = st.floats(0, 1000)
shares = st.floats(0, 1)
workouts = st.fixed_dictionaries(
    {
        "sale_cost_share": shares,
        "recourse_share": shares,
        "unsecured_recovery": shares,
        "discount_rate": st.floats(0, 0.5),
        "lag_months": st.floats(0, 60),
        "value_decline_annual": st.floats(-0.5, 2),
    }
)


def test_a_workout_by_hand():
    outcome = work_out(
        100.0,
        60.0,
        sale_cost_share=0.1,
        recourse_share=0.5,
        unsecured_recovery=0.4,
        discount_rate=0.1,
        lag_months=24,
    )

    assert outcome.from_collateral == pytest.approx(54.0)
    assert outcome.from_recourse == pytest.approx(9.2)
    assert outcome.discount_factor == pytest.approx(1 / 1.21)
    assert outcome.loss_given_default == pytest.approx(1 - 63.2 / 121)
    assert outcome.loss == pytest.approx(100 - 63.2 / 1.21)


@given(exposure=amounts, collateral=amounts, more=amounts, terms=workouts)
def test_loss_lies_between_none_and_all_and_falls_with_collateral(exposure, collateral, more, terms):
    outcome = work_out(exposure, collateral, **terms)
    better = work_out(exposure, collateral + more, **terms)

    assert 0.0 <= outcome.loss_given_default <= 1.0
    assert better.loss_given_default <= outcome.loss_given_default + 1e-12
    received = (outcome.from_collateral + outcome.from_recourse) * outcome.discount_factor
    assert received + outcome.loss == pytest.approx(exposure, rel=1e-9, abs=1e-9)


@given(exposure=st.floats(1, 1000), collateral=amounts, terms=workouts, longer=st.floats(0, 60))
def test_a_longer_wait_for_falling_collateral_never_helps(exposure, collateral, terms, longer):
    falling = terms | {"value_decline_annual": abs(terms["value_decline_annual"])}
    soon = work_out(exposure, collateral, **falling)
    late = work_out(exposure, collateral, **falling | {"lag_months": falling["lag_months"] + longer})

    assert late.loss_given_default >= soon.loss_given_default - 1e-12


def test_no_exposure_loses_nothing():
    assert work_out(0.0, 50.0).loss_given_default == 0.0


def test_shares_outside_zero_to_one_are_named_together():
    with pytest.raises(CreditError) as refused:
        work_out(100.0, 50.0, sale_cost_share=1.2, recourse_share=-0.1, lag_months=-1)

    assert str(refused.value).splitlines() == [
        "work_out:lag_months: -1.0 was given; use a number of at least 0",
        "work_out:recourse_share: -0.1 was given; use a number from 0 to 1",
        "work_out:sale_cost_share: 1.2 was given; use a number from 0 to 1",
    ]
