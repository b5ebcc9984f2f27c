"""Default: who breaks and why, what is restructured or seized, and what holders, buyers and landlords lose."""

import math

import numpy as np
import pytest
from mechanism_blocks import NEVER, Case, calm, changed_book, packed

from deflator.credit.monthly import loss_given_default
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.default import resolve_defaults, restructuring_share, watch_soft_breaks
from deflator.engine.market import count_units
from deflator.engine.payments import share_syndicate

OPEN = 0.78


def resolve(case):
    """Carry out what follows this month's breaks."""
    resolve_defaults(
        case.world, case.entities, case.equipment, case.pairs, case.fleets, case.contracts, case.leases,
        case.facilities, case.claims, case.segments, case.ledger,
    )  # fmt: skip
    return case


def breaks(case, name, share):
    """Let a share of an entity break on each lane."""
    case.entities.hit[case.at(name)] = share
    case.entities.struck[case.at(name)] = np.count_nonzero(case.entities.hit[case.at(name)])


def broken(name, share=(1.0, 0.0), lanes=2):
    """Return a case in which a share of an entity breaks."""
    case = Case(lanes=lanes).start()
    count_units(0, case.world, case.fleets, case.pairs, case.equipment)
    breaks(case, name, share)
    return case


def liquidated(case):
    """Let nothing be restructured."""
    return case.set(restructuring_probability_base=0.0)


def test_the_restructured_share_falls_with_openness():
    case = Case(lanes=3).set(restructuring_probability_base=0.65, restructuring_funding_slope=[0.5, 0.5, 2.0]).start()
    case.world.openness[:] = [1.0, 0.5, 0.1]

    assert [restructuring_share(case.world, lane) for lane in range(3)] == pytest.approx([0.65, 0.4, 0.0])


def poor(case, name, month=1):
    """Leave an entity without cash, market or help."""
    i = case.at(name)
    case.entities.start_cash[i] = 0.0
    case.entities.planned_raise[i] = 0.0
    case.entities.parent_support[i] = 0.0
    case.requests.funding_level[month:] = 0.001
    return case.set(funding_mean_reversion=1.0, waiver_probability_base=0.0)


def test_a_firm_that_cannot_pay_breaks_with_the_reason():
    case = poor(Case().switch(0, "lender"), "lab_one")
    case.entities.start_cash[case.at("lab_one"), 1] = 1e4
    case.entities.start_revenue[case.at("lab_one")] = 1.0
    case.start().run()
    lab = case.at("lab_one")

    assert case.entities.break_month[lab].tolist() == [1, 0]
    assert case.entities.break_trigger[lab].tolist() == [Trigger.PAYMENT, Trigger.NONE]
    assert case.entities.broken_share[lab].tolist() == [1.0, 0.0]
    owed = 160 / 12 + 5_000 * 2.1 * 730 / 1e6
    assert case.entities.shortfall[lab, 0] == pytest.approx(owed - case.payments.resources[lab, 0], rel=0.2)


def test_owners_cover_their_share_of_what_is_lacking():
    def missed(support):
        case = poor(Case(), "lab_one")
        case.entities.start_revenue[case.at("lab_one")] = 1.0
        case.entities.parent_support[case.at("lab_one")] = support
        case.set(bankruptcy_cost_share=0.0).start().run()
        return case.entities.missed[case.at("lab_one")], case.entities.break_month[case.at("lab_one")]

    (alone, broke), (helped, _), (whole, saved) = missed(0.0), missed(0.3), missed(1.0)
    assert broke.all()
    assert helped == pytest.approx(0.7 * alone)
    assert whole == pytest.approx(0.0, abs=1e-9)
    assert not saved.any()


def test_the_causes_of_a_break_add_up_to_no_more_than_its_shortfall():
    case = poor(Case(), "lab_one")
    case.entities.start_revenue[case.at("lab_one")] = 1.0
    case.start().run()
    lab = case.at("lab_one")
    told = case.stories.musd.reshape(-1, 3, 2)[lab, :, 0]

    assert told.min() >= 0.0
    assert told.tolist() == sorted(told, reverse=True)
    assert told.sum() <= case.entities.shortfall[lab, 0] * (1 + 1e-9)


def test_debt_that_falls_due_and_finds_no_market_breaks_the_borrower_by_maturity():
    case = poor(calm(Case()), "neo_one", month=2)
    case.facilities.maturity[...] = NEVER
    case.facilities.maturity[case.at("neo_notes")] = 3.0
    case.entities.start_cash[case.at("neo_one")] = 40.0
    case.start().run(3)
    neo = case.at("neo_one")

    assert case.entities.break_month[neo].tolist() == [3, 3]
    assert (case.entities.break_trigger[neo] == Trigger.MATURITY).all()


@pytest.mark.parametrize("name", ["lab_one", "neo_one", "hall_one", "cloud_big", "apps", "chip_maker", "bank_one"])
@pytest.mark.parametrize("month", [1, 2, 5])
def test_an_imposed_failure_stops_payments_from_its_month_whatever_comes_in(name, month):
    case = calm(Case())
    case.requests.failure[case.at(name), month:] = 1.0
    case.start().run(month - 1)
    assert not case.entities.break_month[case.at(name)].any()
    case.run()

    assert case.entities.break_month[case.at(name)].tolist() == [month] * 2
    assert (case.entities.break_trigger[case.at(name)] == Trigger.IMPOSED).all()


def test_an_entity_that_stops_paying_pays_nobody_though_it_is_paid():
    case = calm(Case())
    neo = case.at("neo_one")
    case.requests.failure[neo, 2:] = 1.0
    case.start().run(2)
    due = sum(
        case.network.due[edge]
        for group, payer in enumerate(case.network.group_payer)
        for edge in range(case.network.group_ofs[group], case.network.group_ofs[group + 1])
        if payer == neo
    )

    assert case.contracts.bill[case.at("c_lab_h100")].min() > 0.0
    assert case.entities.missed[neo] == pytest.approx(due)


def test_a_defaulter_that_gets_what_it_is_owed_pays_out_the_same_with_the_channel_payment_off():
    def paid(channel):
        case = calm(Case()).switch(channel, "payment")
        neo = case.at("neo_one")
        case.entities.start_cash[neo] = 0.0
        case.entities.start_equity[neo] = 0.0
        case.entities.parent_support[neo] = 0.0
        case.contracts.units[case.at("c_lab_h100")] = 2_000.0
        case.requests.funding_level[:] = 0.001
        case.set(funding_mean_reversion=1.0).start().run()
        assert case.payments.defaulted[neo].all()
        assert not case.payments.defaulted[case.at("lab_one")].any()
        return case.entities.missed[neo]

    assert paid(0) == pytest.approx(paid(1))


def test_what_is_written_off_is_what_is_liquidated_and_the_haircut_on_the_rest():
    case = broken("neo_one").set(restructuring_haircut=0.35)
    k = case.at("neo_notes")
    resolve(case)

    restructured = 0.65 - 0.5 * (1 - OPEN)
    assert case.facilities.written_off[k] == pytest.approx([60 * (1 - restructured + 0.35 * restructured), 0.0])
    assert case.facilities.balance[k] == pytest.approx([60 * restructured * 0.65, 60.0])
    assert case.entities.going[case.at("neo_one")] == pytest.approx([restructured, 1.0])


def test_holders_lose_what_is_written_off_less_what_collateral_and_claims_recover():
    case = liquidated(broken("neo_one"))
    bank = case.at("bank_one")
    resolve(case)

    collateral = 8_000 * 16_000 / 1e6
    lost = loss_given_default(84.0, collateral, 0.08, 1.0, 0.6, 0.12, 14.0)
    assert case.entities.lost[bank] == pytest.approx([0.7 * 84.0 * lost, 0.0])
    assert case.entities.recent_loss[bank] == pytest.approx(case.entities.lost[bank])
    assert case.entities.claim[bank] == pytest.approx([0.7 * 84.0 * (1 - lost), 0.0])


@pytest.mark.parametrize(("name", "recovery"), [("neo_notes", 0.3), ("neo_convert", 0.18), ("big_notes", 0.3)])
def test_unsecured_holders_recover_by_rank_after_the_wait(name, recovery):
    borrower = "cloud_big" if name == "big_notes" else "neo_one"
    case = liquidated(broken(borrower))
    case.facilities.balance[...] = 0.0
    case.facilities.balance[case.at(name)] = 50.0
    resolve(case)

    wait = 1.12 ** (-14 / 12)
    assert case.entities.lost[case.at("world_investors"), 0] == pytest.approx(50 * (1 - recovery * wait))


def test_lower_values_of_collateral_raise_the_loss():
    case = liquidated(broken("neo_one", (1.0, 1.0)))
    case.facilities.rank[case.at("neo_ddtl")] = 1
    case.equipment.appraised[case.at("h100")] = [16_000.0, 4_000.0]
    resolve(case)
    lost = case.entities.lost[case.at("bank_one")]

    assert 0.0 < lost[0] < lost[1]


@pytest.mark.parametrize(("recourse", "more"), [(1.0, False), (0.0, True)])
def test_a_lender_without_recourse_recovers_nothing_beyond_its_collateral(recourse, more):
    case = liquidated(broken("neo_one"))
    k = case.at("neo_ddtl")
    case.facilities.recourse[k] = recourse
    case.equipment.appraised[case.at("h100")] = 4_000.0
    resolve(case)

    lost = loss_given_default(84.0, 8_000 * 4_000 / 1e6, 0.08, recourse, 0.6, 0.12, 14.0)
    assert case.entities.lost[case.at("bank_one"), 0] == pytest.approx(0.7 * 84.0 * lost)
    assert (lost > 0.6) == more


def test_units_of_the_liquidated_share_are_seized_and_none_is_lost():
    case = broken("neo_one")
    h100, f = case.at("h100"), case.fleet("neo_h100")
    case.pairs.extra[case.pair("neo_one", "h100")] = 500.0
    resolve(case)

    gone = 1 - (0.65 - 0.5 * (1 - OPEN))
    assert case.equipment.pool[h100] == pytest.approx([8_500 * gone, 0.0])
    assert case.fleets.live[f] == pytest.approx([8_000 * (1 - gone), 8_000])
    assert case.pairs.extra[case.pair("neo_one", "h100")] == pytest.approx([500 * (1 - gone), 500])


def test_a_failed_buyer_rejects_part_of_its_contracts():
    case = broken("lab_one").set(contract_rejection_share=0.7)
    resolve(case)

    assert case.contracts.active[case.at("c_lab_h100")] == pytest.approx([0.3, 1.0])
    assert case.contracts.active[case.at("c_apps_h100")] == pytest.approx(1.0)
    assert not case.segments.displaced.any()


def test_a_liquidated_seller_delivers_no_more_and_its_buyers_seek_the_units_elsewhere():
    case = liquidated(broken("neo_one"))
    resolve(case)

    assert case.contracts.active[case.at("c_lab_h100")] == pytest.approx([0.0, 1.0])
    lab = 1
    assert case.segments.displaced[lab] == pytest.approx([5_000 + 2_500 * math.sqrt(3.5 * 2.2), 0.0])


def test_a_tenant_that_fails_leaves_space_empty_unless_a_guarantor_steps_in():
    case = broken("neo_one").set(contract_rejection_share=0.7)
    resolve(case)
    alone, guaranteed = case.at("l_neo_1"), case.at("l_neo_2")  # the hyperscaler stands behind the second

    assert case.leases.active[alone] == pytest.approx([0.3, 1.0])
    assert case.leases.void[alone] == pytest.approx([0.7, 0.0])
    assert case.leases.guaranteed[alone] == pytest.approx(0.0)
    assert case.leases.guaranteed[guaranteed] == pytest.approx([0.7, 0.0])
    assert case.leases.void[guaranteed] == pytest.approx(0.0)


def test_a_guarantor_that_has_failed_itself_does_not_step_in():
    case = broken("neo_one", (1.0, 1.0)).set(contract_rejection_share=0.7)
    case.entities.broken_share[case.at("cloud_big")] = [1.0, 0.0]
    resolve(case)

    assert case.leases.void[case.at("l_neo_2")] == pytest.approx([0.7, 0.0])


def test_with_the_channel_tenant_off_a_failed_tenant_leaves_and_investors_pay_its_rent():
    case = broken("neo_one", (1.0, 0.0)).set(contract_rejection_share=0.7)
    case.switch(0, "tenant")
    resolve(case)

    assert case.leases.active == pytest.approx(np.array([[0.3, 1.0]] * 2))
    assert case.leases.insured == pytest.approx(np.array([[0.7, 0.0]] * 2))
    assert not case.leases.void.any()
    assert not case.leases.guaranteed.any()  # nobody calls on the guarantor of the second


def rent_received(case, months=8):
    """Return what the landlord gets in rent month by month; its second site opens in month 5."""
    case.switch(0, "delay").leases.building_cost[...] = 0.0
    case.start()
    row = Cause.LEASE_REVENUE * case.entities.layer.size + case.at("hall_one")
    return [case.run().causes.now[row, 0] for _ in range(months)]


def test_with_the_channel_tenant_off_a_failed_tenant_costs_its_landlord_no_rent():
    healthy, failed = Case(), Case()
    for case in (healthy, failed):
        case.switch(0, "tenant").leases.start[case.at("l_neo_2")] = -1.0
    failed.requests.failure[failed.at("neo_one"), 1:] = 1.0

    assert rent_received(healthy) == pytest.approx([2.0 + 11 / 12] * 8)
    assert rent_received(failed) == pytest.approx([2.0 + 11 / 12] * 8)


@pytest.mark.parametrize("who", ["its guarantor", "a new tenant", "investors"])
def test_nobody_pays_in_a_failed_tenants_place_for_a_site_that_has_not_opened(who):
    case = Case().set(contract_rejection_share=1.0, relet_void_months=1.0)
    case.requests.failure[case.at("neo_one"), 1:] = 1.0
    case.leases.rent[case.at("l_neo_1")] = 0.0
    if who == "a new tenant":
        case.leases.guarantor[case.at("l_neo_2")] = -1
    elif who == "investors":
        case.switch(0, "tenant")
    rent = rent_received(case)

    assert rent[:4] == pytest.approx([0.0] * 4)
    assert min(rent[4:]) > 0.5 * 11 / 12


def test_the_part_of_a_loss_with_recourse_is_called_from_a_guarantor_out_of_its_cash():
    case = liquidated(broken("neo_one", (1.0, 1.0, 1.0, 1.0), lanes=4)).set(guarantor_performance=0.9)
    k, bank, cloud = case.at("neo_ddtl"), case.at("bank_one"), case.at("cloud_big")
    case.facilities.guarantor[k] = cloud
    case.entities.cash[cloud] = [5e3, 2.0, -1.0, 5e3]
    case.entities.broken_share[cloud] = [0.0, 0.0, 0.0, 1.0]  # on the last lane it has failed itself
    case.equipment.appraised[case.at("h100")] = 4_000.0
    before = case.entities.cash.copy()
    resolve(case)

    loss = 84.0 * loss_given_default(84.0, 8_000 * 4_000 / 1e6, 0.08, 0.4, 0.6, 0.12, 14.0)
    called = np.array([0.4 * 0.9 * loss, 2.0, 0.0, 0.0])
    change = case.entities.cash - before
    assert called[0] > 2.0
    assert change[cloud] == pytest.approx(-called)
    assert change[bank] == pytest.approx(0.7 * called)
    assert change.sum(axis=0) == pytest.approx(0.0, abs=1e-9)
    assert case.entities.lost[bank] == pytest.approx(0.7 * (loss - called))
    assert case.entities.recent_loss[bank] == pytest.approx(0.7 * (loss - called))
    assert case.ledger.flow[Category.SUPPORT] == pytest.approx(called)


def test_a_borrower_that_guarantees_its_own_loan_is_not_called():
    case = liquidated(broken("neo_one"))
    case.entities.cash[case.at("neo_one")] = 1e4
    resolve(case)

    assert case.entities.cash[case.at("neo_one")] == pytest.approx(1e4)
    assert not case.ledger.flow[Category.SUPPORT].any()


def test_what_new_loans_lose_reaches_lenders_by_capital_in_the_same_month():
    columns = changed_book().tables["entities"].rows[0]
    other = {"entity": "bank_two", "name": "Bank Two", "layer": "lender", "cash_musd": 500.0,
             "loss_absorbing_capital_musd": 30.0}  # fmt: skip
    of = packed(changed_book(added={"entities": {"bank_two": {**dict.fromkeys(columns), **other}}}))
    case = liquidated(Case(of).start())
    breaks(case, "neo_one", (1.0, 0.0))
    case.facilities.balance[...] = 0.0
    case.facilities.balance[case.at("new:neo_one")] = 50.0
    case.entities.cash[-1] = -12.0  # what the syndicate lent this month
    one, two = case.at("bank_one"), case.at("bank_two")  # with capital of 90 and 30
    before = case.entities.cash.copy()
    share_syndicate(case.world, resolve(case).entities, case.ledger)

    loss = case.facilities.written_off[case.at("new:neo_one")] - case.entities.claim[-1]
    assert loss[0] > 10.0
    assert case.entities.lost[one] == pytest.approx(0.75 * loss)
    assert case.entities.lost[two] == pytest.approx(0.25 * loss)
    assert case.entities.recent_loss[[one, two]] == pytest.approx(case.entities.lost[[one, two]])
    change = case.entities.cash - before
    assert change[one] == pytest.approx(0.75 * -12.0)
    assert change[two] == pytest.approx(0.25 * -12.0)
    for left in (case.entities.cash, case.entities.lost, case.entities.recent_loss):
        assert not left[-1].any()


def test_a_lender_breaks_when_losses_exceed_its_capital():
    case = calm(Case(lanes=3)).start()
    bank = case.at("bank_one")
    case.entities.lost[bank] = [89.0, 91.0, 0.0]
    case.run()

    assert case.entities.break_month[bank].tolist() == [0, 1, 0]
    assert case.entities.break_trigger[bank, 1] == Trigger.CAPITAL


def squeezed(lanes):
    """Return a calm case in which the cohort has 20 of cash in the first month, and nothing comes in."""
    case = calm(Case(lanes=lanes))
    apps = case.at("apps")
    case.entities.planned_raise[apps] = 0.0
    case.entities.start_revenue[apps] = 0.0
    case.entities.parent_support[apps] = 0.0
    case.entities.start_equity[apps] = 0.0
    case.entities.start_cash[apps] = 300.0
    case.segments.spot_spend[0] = 0.0
    return case.start(), apps


def test_members_of_a_cohort_break_by_how_far_their_liquidity_falls_and_never_heal():
    case, apps = squeezed(2)
    shares = []
    for month in range(1, 16):
        case.run()
        shares.append(case.entities.broken_share[apps, 0])
        if month == 10:
            case.entities.cash[apps] = 1e6
    gained = np.diff(shares)

    assert shares[0] == 0.0
    assert gained.min() >= 0.0
    assert 0.0 < shares[9] < 1.0
    assert shares[10:] == pytest.approx([shares[9]] * 5)


def test_the_share_of_a_cohort_that_breaks_is_lognormal_in_its_coverage():
    case = calm(Case(lanes=3)).set(cohort_dispersion_log=0.8)
    case.start().run()
    apps = case.at("apps")
    case.entities.cash[apps] = [0.0, 40.0, 1e6]
    case.run()

    due = case.network.due[[
        edge for group, payer in enumerate(case.network.group_payer) if payer == apps
        for edge in range(case.network.group_ofs[group], case.network.group_ofs[group + 1])
    ]].sum(axis=0)  # fmt: skip
    has = case.payments.resources[apps] + case.payments.received[apps]
    short = [0.5 * math.erfc(math.log(cover) / 0.8 / math.sqrt(2)) for cover in has / due]
    start = case.entities.coverage_start[apps]
    expected = np.clip((np.array(short) - start) / (1 - start), 0.0, 1.0)
    assert case.entities.broken_share[apps] == pytest.approx(expected)
    assert case.entities.broken_share[apps, 2] == pytest.approx(0.0, abs=1e-9)


def test_a_cohort_breaks_hard_when_more_than_half_of_its_members_have():
    case, apps = squeezed(2)
    for _ in range(24):
        before = case.entities.broken_share[apps].copy()
        case.run()
        half = case.entities.broken_share[apps] > 0.5
        assert ((case.entities.break_month[apps] > 0) == half).all()
        if half.any() and (before <= 0.5).all():
            assert case.entities.break_month[apps].tolist() == [case.month] * 2
    assert case.entities.break_month[apps].all()


def test_each_tenth_of_a_cohort_has_the_month_in_which_as_many_members_had_broken():
    case, apps = squeezed(2)
    shares = []
    for _ in range(24):
        shares.append(case.run().entities.broken_share[apps, 0])
    months = case.tenths.month.reshape(-1, 10, 2)

    reached = [next((t for t, share in enumerate(shares, 1) if share >= tenth / 10), 0) for tenth in range(1, 11)]
    assert months[apps, :, 0].tolist() == reached
    assert len(set(reached)) > 3
    assert sorted(month for month in reached if month) == [month for month in reached if month]
    others = [i for i in range(len(months)) if i != apps]
    assert not months[others].any()


def test_little_cash_is_a_soft_break_only_while_markets_are_half_shut():
    case = Case(lanes=3).set(min_liquidity_months=1.0).start()
    lab = case.at("lab_one")
    case.entities.operating_due[lab] = 10.0
    case.entities.cash[lab] = [9.0, 9.0, 11.0]
    case.world.openness[:] = [0.3, 0.5, 0.3]
    watch_soft_breaks(4, case.world, case.entities)

    assert case.entities.soft_month[lab].tolist() == [4, 0, 0]
    assert case.entities.soft_trigger[lab, 0] == Trigger.LIQUIDITY
    assert not case.entities.break_month.any()


def test_a_cohort_that_shrank_to_half_breaks_softly():
    case = Case(lanes=2).start()
    apps = case.at("apps")
    case.entities.going[apps] = [0.49, 0.51]
    watch_soft_breaks(4, case.world, case.entities)

    assert case.entities.soft_month[apps].tolist() == [4, 0]
    assert case.entities.soft_trigger[apps, 0] == Trigger.SHRINKAGE
