import math

import pytest
from replayed_paths import central, setting, story, view

from deflator.analysis.choose_path import choose_path
from deflator.analysis.path_view import Event
from deflator.analysis.replay import Replay, position_of, replay
from deflator.analysis.story import Story, parts, shortfall
from deflator.analysis.trade_events import trade_events
from deflator.engine.codes import Cause, Trigger
from deflator.engine.layout import TOLD
from deflator.engine.positions import P

HARSH = "base+funding-freeze"
LAB_STOPS = "failure.lab_one.level={2026-08: on}"
NEO_STOPS = ("failure.neo_one.level={2026-08: on}", "figures.entities.neo_one.cash_musd=10")


def event(told: Story, kind: str, **known: object) -> Event:
    """Return the only event of a kind, or of those with the given values."""
    found = [e for e in told.events if e.kind == kind and known.items() <= dict(e.values).items()]
    assert len(found) == 1, [e.kind for e in told.events]
    return found[0]


@pytest.fixture(scope="module")
def breaking() -> Replay:
    asked = setting(scenario=HARSH)
    return replay(asked, choose_path(asked, position_of(asked.economy, "hall_one"), 128).path)


def test_causes_sum_to_the_shortfall(breaking: Replay) -> None:
    told = story(breaking, "hall_one")

    assert told.shortfall_musd > 0.0
    assert math.fsum(part.shortfall_musd for part in told.causes) == pytest.approx(told.shortfall_musd, rel=1e-12)


def test_the_largest_causes_are_those_that_a_run_keeps(breaking: Replay) -> None:
    told, hall = story(breaking, "hall_one"), position_of(breaking.economy, "hall_one")
    rows = slice(hall * TOLD, (hall + 1) * TOLD)
    codes, sums = breaking["stories.cause"][-1, rows], breaking["stories.musd"][-1, rows]

    assert [part.cause for part in told.causes[:TOLD]] == [Cause(code).name.lower() for code in codes]
    assert [part.shortfall_musd for part in told.causes[:TOLD]] == pytest.approx(sums.tolist(), rel=1e-12)


def test_what_is_missed_is_the_shortfall_and_the_last_event_is_the_break(breaking: Replay) -> None:
    told = story(breaking, "hall_one")
    missed = event(told, "payment_missed").values

    assert missed["missed_musd"] == pytest.approx(told.shortfall_musd, rel=1e-9)
    assert missed["due_musd"] == pytest.approx(missed["paid_musd"] + missed["missed_musd"])
    assert missed["payees"]["bank_one"] == max(missed["payees"].values())
    assert told.events[-1].kind == "broke"
    assert [e.month for e in told.events] == sorted(e.month for e in told.events)
    assert told.events[-1].month == told.month


def test_a_path_is_told_up_to_the_month_of_least_headroom_when_nothing_breaks() -> None:
    told = story(central(), "neo_one")

    assert not told.broke
    assert (told.trigger, told.shortfall_musd) == ("none", 0.0)
    assert told.headroom == central()["headroom"][1:, position_of(central().economy, "neo_one")].min()
    assert all(e.month <= told.month for e in told.events)
    assert {part.shortfall_musd for part in told.causes} == {0.0}


def test_a_customer_that_breaks_takes_its_contracts_and_leaves_a_bill_unpaid() -> None:
    path = central(LAB_STOPS)
    broke = event(story(path, "neo_one"), "customer_broke")
    rejected = path.parameter(P.contract_rejection_share)
    # c_lab_h100: 5,000 units at 2.10; c_lab_b200: 2,500 at 2.70, not started yet
    a_year = (5_000 * 2.10 + 2_500 * 2.70) * 8_760 / 1e6

    assert (broke.month, broke.values["partner"]) == (6, "lab_one")
    assert broke.values["lost_musd"] == pytest.approx(a_year * rejected)
    assert broke.values["missed_musd"] == pytest.approx(5_000 * 2.10 * 730 / 1e6)
    assert Trigger(broke.values["trigger"]) is Trigger.IMPOSED


def test_depth_2_tells_why_the_customer_broke() -> None:
    shallow, deep = story(central(LAB_STOPS), "neo_one"), story(central(LAB_STOPS), "neo_one", depth=2)

    assert shallow.partners == ()
    assert [(partner.entity, partner.month) for partner in deep.partners] == [("lab_one", 6)]
    assert deep.partners[0].events[-1].kind == "broke"


def test_a_landlord_tells_the_late_site_and_the_tenant_that_left() -> None:
    told = story(central(*NEO_STOPS), "hall_one")
    late = event(told, "lease_late")
    broke = event(told, "tenant_broke")
    delay = central(*NEO_STOPS)["leases.delay"][0, 1]

    # l_neo_2 should bill 11 a year from month 5
    assert (late.month, late.values["lease"]) == (5, "l_neo_2")
    assert late.values["unpaid_musd"] == pytest.approx(11.0 / 12.0 * math.ceil(delay))
    assert broke.month == story(central(*NEO_STOPS), "neo_one").month
    assert broke.values["lost_musd"] > 0.0


def test_a_contract_that_ends_is_renewed_at_the_spot_linked_price() -> None:
    path = central()
    found = trade_events(view(path, "cloud_big", 24))
    ended = next(e for e in found if e.values.get("contract") == "c_apps_h100")
    active = path["contracts.active"][:, path.economy.contracts.index("c_apps_h100")]
    spot = path["equipment.rent"][10, path.economy.equipment.index("h100")]

    assert (ended.month, ended.kind) == (10, "contract_renewed")  # in 2026-12
    assert ended.values["before_usd"] == 2.2
    assert ended.values["after_usd"] == pytest.approx(spot * (1.0 - path.parameter(P.renewal_price_discount)))
    assert ended.values["kept_share"] == pytest.approx(active[10] / active[9])


def test_a_delivery_without_money_is_told_with_what_was_not_bought() -> None:
    cut = event(
        story(central("funding.level=0.02", "figures.entities.neo_one.cash_musd=60"), "neo_one"), "delivery_unfunded"
    )
    share = cut.values["bought_share"]

    assert 0.0 <= share < 1.0
    assert cut.values["missing_musd"] == pytest.approx(3_000 * 50_000 / 1e6 * (1.0 - share))
    assert ("deliveries", "d_neo_b200", "units") in cut.figures


def test_a_breach_tells_what_was_measured_against_which_threshold() -> None:
    path = central()
    breach = event(story(path, "neo_one"), "covenant_breached").values
    covenant = path.setting.question.book.table("covenants").index["neo_ddtl|contracted_coverage|book"]
    room = path["covenants.headroom"][3, covenant]

    assert (breach["facility"], breach["test"], breach["consequence"]) == ("neo_ddtl", "contracted_coverage", "sweep")
    assert breach["threshold"] == 1.1
    assert breach["measured"] == pytest.approx(1.1 * (1.0 + room))
    assert breach["measured"] < breach["threshold"]


def test_a_loan_that_falls_due_tells_what_the_market_refinanced() -> None:
    path = central("failure.neo_one.level={2027-08: on}")
    due = event(story(path, "neo_one"), "loan_due", facility="neo_notes").values

    assert due["due_musd"] == pytest.approx(60.0)
    assert due["cash_musd"] + due["refinanced_musd"] == pytest.approx(60.0)
    assert 0.0 <= due["granted_share"] <= 1.0


def test_a_lenders_losses_are_split_over_its_borrowers() -> None:
    path = central(*NEO_STOPS, "figures.entities.bank_one.loss_absorbing_capital_musd=8")
    told = story(path, "bank_one")
    bank = position_of(path.economy, "bank_one")
    lost = path["entities.lost"][told.month, bank]

    assert (told.broke, told.trigger) == (True, "capital")
    assert told.shortfall_musd == pytest.approx(lost - 8.0)
    assert [part.cause for part in told.causes] == ["neo_one"]
    assert sum(part.worse_musd for part in told.causes) == pytest.approx(lost)
    assert sum(part.shortfall_musd for part in told.causes) == pytest.approx(told.shortfall_musd)


def test_a_shortfall_in_the_first_month_has_no_cause_to_be_told() -> None:
    seen = view(central("failure.lab_one.level=1"), "lab_one", 1)

    assert shortfall(seen) > 0.0
    assert [(p.cause, p.shortfall_musd) for p in parts(seen) if p.shortfall_musd] == [("none", shortfall(seen))]


def test_sources_tell_what_the_book_says_and_what_was_drawn(breaking: Replay) -> None:
    told = story(breaking, "hall_one")
    figures = {(source.table, source.row, source.column): source for source in told.sources}
    cash = figures["entities", "hall_one", "cash_musd"]
    built = figures["entities", "hall_one", "build_to_complete_musd"]
    start = figures["leases", "l_neo_2", "start"]
    book = breaking.setting.question.book

    assert (cash.grade, cash.book, cash.drawn) == ("reported", 40.0, 40.0)
    assert cash.title == book.sources[cash.source].title
    column = breaking.setting.figures.array("entities", "build_to_complete_musd")
    assert built.drawn == column[book.table("entities").index["hall_one"], breaking.draw] != built.book
    assert (start.book, start.unit) == ("2026-07", "")
    assert str(start.drawn).startswith("2026-")
    assert [s.weight_musd for s in told.sources] == sorted((s.weight_musd for s in told.sources), reverse=True)


def test_the_course_begins_with_the_book_and_ends_with_the_break(breaking: Replay) -> None:
    course = story(breaking, "hall_one").course

    assert (course[0].month, course[0].cash_musd, course[0].debt_musd) == (0, 40.0, 70.0)
    assert course[0].income_musd is None
    assert course[-1].month == story(breaking, "hall_one").month
    assert course[-1].cash_musd == pytest.approx(0.0, abs=1e-9)
