"""Breaks on record: the first one with its causes, and each layer by a measure of its own."""

import numpy as np
import pytest
from mechanism_blocks import Case, calm

from deflator.engine.breaks import note_hard, note_soft, tell_causes, watch_yardsticks
from deflator.engine.codes import Cause, Trigger
from deflator.engine.layout import YARDSTICKS

APPLICATION, LENDER, VENDOR = range(len(YARDSTICKS))


def watch(case, month):
    """Measure layers in a month and return when each one crossed its measure."""
    watch_yardsticks(month, case.world, case.entities, case.facilities, case.yardsticks)
    return case.yardsticks.month


@pytest.mark.parametrize(
    ("note", "month", "trigger"),
    [(note_soft, "soft_month", "soft_trigger"), (note_hard, "break_month", "break_trigger")],
)
def test_only_the_first_break_of_its_kind_is_recorded(note, month, trigger):
    case = Case().start()
    neo = case.at("neo_one")
    note(3, case.entities, neo, 0, Trigger.LIQUIDITY)
    note(5, case.entities, neo, 0, Trigger.EXTENSION)

    assert getattr(case.entities, month)[neo].tolist() == [3, 0]
    assert getattr(case.entities, trigger)[neo].tolist() == [Trigger.LIQUIDITY, Trigger.NONE]


def test_a_shortfall_is_split_over_its_causes_by_what_each_took_since_the_first_month():
    case = Case().start()
    neo, count = case.at("neo_one"), case.entities.layer.size
    took = {Cause.SPOT_REVENUE: 30.0, Cause.INTEREST: 10.0, Cause.MATURITY: 50.0, Cause.OPERATING_COST: 10.0 - 1e-9,
            Cause.EQUITY_RAISED: -70.0}  # fmt: skip
    for cause, musd in took.items():
        case.causes.drift[cause * count + neo] = musd
    case.entities.shortfall[neo] = 20.0
    case.entities.break_month[neo] = [7, 6]  # on the second lane it broke a month before
    tell_causes(7, case.entities, case.causes, case.stories)

    cause = case.stories.cause.reshape(-1, 3, 2)[neo]
    musd = case.stories.musd.reshape(-1, 3, 2)[neo]
    assert cause[:, 0].tolist() == [Cause.MATURITY, Cause.SPOT_REVENUE, Cause.INTEREST]
    assert musd[:, 0] == pytest.approx([10.0, 6.0, 2.0])
    assert not cause[:, 1].any()


def test_applications_are_halved_when_members_that_left_beyond_the_usual_rate_halve_the_cohorts():
    case = Case(lanes=3).start()
    case.entities.staying[case.at("apps")] = [0.51, 0.49, 0.3]
    case.entities.staying[case.at("lab_one")] = 0.0  # no cohort of applications
    case.entities.going[case.at("apps")] = 0.1  # members that broke are counted elsewhere

    assert watch(case, 4)[APPLICATION].tolist() == [0, 4, 4]
    case.entities.staying[case.at("apps")] = [0.4, 0.2, 0.2]
    assert watch(case, 5)[APPLICATION].tolist() == [5, 4, 4]
    assert case.yardsticks.level[APPLICATION] == pytest.approx([0.4, 0.2, 0.2])


def test_attrition_beyond_the_usual_rate_is_what_counts():
    def staying(openness):
        case = calm(Case()).set(funding_mean_reversion=1.0)
        case.requests.funding_level[:] = openness
        case.start().run(12)
        return case.yardsticks.level[APPLICATION, 0]

    assert staying(0.78) == pytest.approx(1.0)
    assert staying(0.05) < 0.9


def test_credit_is_lost_when_lenders_have_lost_a_tenth_of_all_principal_drawn_by_now():
    drawn = 84 + 60 + 50 + 70 + 8_000
    case = Case(lanes=3).start()
    case.entities.lost[case.at("bank_one")] = 0.1 * drawn + np.array([-1.0, 1.0, 1.0])
    case.entities.lost[case.at("lab_one")] = 1e6  # lends to nobody
    case.facilities.drawn[case.at("neo_ddtl")] = [0.0, 0.0, 36.0]
    case.changed()

    assert watch(case, 2)[LENDER].tolist() == [0, 2, 0]
    assert case.yardsticks.level[LENDER, 2] == pytest.approx((0.1 * drawn + 1.0) / (drawn + 36.0))
    case.facilities.drawn[...] = 0.0  # what was drawn before stays principal
    assert watch(case, 3)[LENDER].tolist() == [0, 2, 0]
    case.entities.lost[case.at("bank_one")] += 10.0
    assert watch(case, 4)[LENDER].tolist() == [4, 2, 4]


def test_vendors_halve_when_a_years_sales_are_half_of_their_peak():
    case = Case(lanes=3).start()
    case.world.vendor_peak[:] = 100.0
    case.world.vendor_sales[:] = [51.0, 50.0, 49.0]

    assert watch(case, 6)[VENDOR].tolist() == [0, 0, 6]
    assert case.yardsticks.level[VENDOR] == pytest.approx([0.51, 0.5, 0.49])
    case.world.vendor_sales[:] = [49.0, 100.0, 100.0]
    assert watch(case, 7)[VENDOR].tolist() == [7, 0, 6]
