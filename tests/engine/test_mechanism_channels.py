"""Channels: each carries trouble one way, and with a channel off the rest of the month is what it was."""

import numpy as np
import pytest
from economies import AI, economy
from mechanism_blocks import Case, calm, changed_book, packed

from deflator.engine.codes import Category, Cause
from deflator.engine.positions import CHANNELS


def failing(name, month=2, *, off=(), of=None, lanes=2):
    """Return a calm case in which one entity stops paying, with some channels off."""
    case = calm(Case(of, lanes))
    for channel in off:
        case.switch(0, channel)
    case.requests.failure[case.at(name), month:] = 1.0
    return case


def penniless(name, *off):
    """Return a calm case in which one entity cannot pay what is due and nobody lends, with some channels off."""
    case = calm(Case()).set(funding_mean_reversion=1.0, waiver_probability_base=0.0, bankruptcy_cost_share=0.0)
    case.requests.funding_level[:] = 0.001
    for channel in off:
        case.switch(0, channel)
    i = case.at(name)
    for stock in ("start_cash", "start_equity", "parent_support", "planned_raise", "start_revenue"):
        getattr(case.entities, stock)[i] = 0.0
    case.contracts.units[case.contracts.seller == i] = 0.0
    case.fleets.units[case.fleets.owner == i] = 0.0
    return case


def test_with_the_channel_payment_off_a_payee_gets_what_is_due_though_its_payer_fails():
    on, off = (penniless("neo_one", *channels).start().run() for channels in ((), ("payment",)))
    neo, hall = on.at("neo_one"), on.at("hall_one")

    assert on.entities.missed[neo].min() > 2.0
    assert off.entities.missed[neo] == pytest.approx(on.entities.missed[neo])
    short = on.causes.now.reshape(-1, on.entities.layer.size, 2)[Cause.MISSED_RECEIPTS, hall]
    assert short.min() > 0.0
    assert off.entities.cash[hall] - on.entities.cash[hall] == pytest.approx(short)
    assert off.ledger.residual == pytest.approx(0.0, abs=1e-9)


def test_interest_that_investors_pay_for_a_failed_borrower_is_no_loss_to_its_lenders():
    def lost(*off):
        case = penniless("neo_one", *off)
        # nothing is written off: what is lost is interest
        case.set(restructuring_probability_base=1.0, restructuring_funding_slope=0.0, restructuring_haircut=0.0)
        case.start().run()
        unpaid = 1.0 - case.payments.ratio[interest_of(case, "neo_ddtl")]
        assert unpaid.min() > 0.1
        return case, 0.7 * case.facilities.interest[case.at("neo_ddtl")] * unpaid

    (on, unpaid), (off, _) = lost(), lost("payment")
    bank = on.at("bank_one")
    assert on.entities.lost[bank] == pytest.approx(unpaid)
    assert on.entities.recent_loss[bank] == pytest.approx(unpaid)
    assert not off.entities.lost.any()
    assert not off.entities.recent_loss.any()


def interest_of(case, name):
    """Return the group of payments that the debt service of a facility belongs to."""
    network, claims = case.network, case.claims
    edges = np.flatnonzero(network.kind == Category.INTEREST)
    mine = edges[claims.facility[network.item[edges]] == case.at(name)]
    return int(np.searchsorted(network.group_ofs, mine[0], side="right")) - 1


def test_with_the_channel_payment_off_nobody_breaks_because_a_payer_did():
    def broken(*off):
        case = penniless("neo_one", "tenant", *off)
        hall = case.at("hall_one")
        case.entities.start_cash[hall] = 0.0
        case.entities.start_equity[hall] = 0.0
        case.entities.parent_support[hall] = 0.0
        case.facilities.committed[...] = case.facilities.start_drawn
        case.facilities.maturity[case.at("hall_loan")] = 400.0
        case.start().run()
        return case.entities.break_month[hall].all()

    assert broken()
    assert not broken("payment")


def test_a_failed_tenant_hurts_its_landlord_and_no_other_and_only_with_the_channel_on():
    other = {"hall_two": {"entity": "hall_two", "name": "Hall Two", "layer": "landlord", "cash_musd": 40.0,
                          "fixed_cost_musd_per_year": 4.0, "equity_value_musd": 180.0}}  # fmt: skip
    lease = {"l_two": {"lease": "l_two", "landlord": "hall_two", "tenant": "cloud_big", "mw": 18.0,
                       "rent_musd_per_year": 24.0, "start": "2024-05", "end": "2034-05",
                       "rent_starts": "site_ready"}}  # fmt: skip
    rows = {"entities": other, "leases": lease}
    blank = changed_book().tables
    for table, new in rows.items():
        for row in new.values():
            row.update({column: None for column in blank[table].rows[0] if column not in row})
    of = packed(changed_book(added=rows))

    on, off = (failing("neo_one", 1, off=off, of=of).start().run(12) for off in ((), ("tenant",)))
    for case, hurt in ((on, True), (off, False)):
        income = case.causes.now.reshape(-1, case.entities.layer.size, 2)[Cause.LEASE_REVENUE]
        assert (income[case.at("hall_one")] < 1.99).all() == hurt
        assert income[case.at("hall_two")] == pytest.approx(2.0)


def test_with_the_channel_tenant_off_a_failed_tenant_breaks_no_test_on_its_landlords_debt():
    def coverage(*failed):
        case = Case().switch(0, "tenant", "delay")
        case.leases.building_cost[...] = 0.0
        for name in failed:
            case.requests.failure[case.at(name), 1:] = 1.0
        case.start()
        return [case.run().covenants.headroom[4, 0] for _ in range(9)]  # of the loan on the landlord's sites

    healthy = coverage()
    assert healthy[0] != healthy[8]  # measured once both sites have opened
    assert coverage("neo_one") == pytest.approx(healthy)


def test_a_guarantor_pays_on_for_a_failed_tenant():
    case = failing("neo_one", 4)
    item, cloud = case.at("l_neo_2"), case.at("cloud_big")
    case.leases.start[item] = -1.0
    case.leases.guarantor[case.at("l_neo_1")] = cloud
    case.start().run(6)

    assert (case.leases.guaranteed[case.at("l_neo_1")] > 0.6).all()
    assert case.leases.void == pytest.approx(0.0)
    assert not case.entities.break_month[case.at("hall_one")].any()


def broken(*failed, on, **parameters):
    """Return who breaks hard within four years in the shipped book, with all channels on or off."""
    case = Case(economy(AI), lanes=1).set(**parameters)
    case.switch(on)
    for name in failed:
        case.requests.failure[case.at(name), 2:] = 1.0
    case.start().run(48)
    return {name for i, name in enumerate(case.economy.entities) if case.entities.break_month[i].any()}


def sellers_to(name):
    """Return who sells compute to somebody in the shipped book."""
    links, names = economy(AI).links, economy(AI).entities
    mine = (links["contracts.buyer"] == names.index(name)) & (links["contracts.backstop"] == 0)
    return {names[seller] for seller in links["contracts.seller"][mine]}


@pytest.mark.parametrize("name", ["openai", "microsoft", "oracle"])
def test_with_every_channel_off_a_failure_breaks_nobody_but_sellers_whose_contracts_it_rejects(name):
    assert broken(name, on=1) - broken(on=1) - {name}
    assert not broken(name, on=0) - broken(on=0) - {name} - sellers_to(name)


@pytest.mark.parametrize("name", ["openai", "microsoft", "oracle"])
def test_with_every_channel_off_a_failure_that_rejects_no_contract_breaks_nobody_else(name):
    kept = {"contract_rejection_share": 0.0}

    assert not broken(name, on=0, **kept) - broken(on=0, **kept) - {name}


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_changes_something_in_the_shipped_book_under_stress(channel):
    def outcome(on):
        case = Case(economy(AI, settings=("covenants.counterfactual=on",)), lanes=16)
        case.switch(on, channel)
        case.paths[:] = np.arange(16)
        case.requests.rent_level[12:] = 0.8
        case.requests.rent_level[18:] = np.nan
        case.requests.failure[case.at("coreweave"), 14:] = 1.0
        case.requests.supply_scale[...] = 2.0
        case.start(chance=True).run(36, chance=True)
        return np.concatenate([case.entities.cash.ravel(), case.world.log_rent, case.world.logit_openness])

    assert not np.array_equal(outcome(1), outcome(0))


def test_losses_of_lenders_reach_borrowers_only_through_the_channel_lender():
    def openness(*off):
        case = failing("neo_one", 2, off=off)
        case.set(restructuring_probability_base=0.0)
        return case.start().run(6).world.openness

    assert (openness("vendor", "confidence") < 0.78 - 1e-5).all()
    assert openness("vendor", "confidence", "lender") == pytest.approx(0.78, abs=1e-9)


def test_a_fall_of_rents_reaches_funding_only_through_the_channel_confidence():
    def openness(*off):
        case = calm(Case()).switch(0, "vendor", "lender", *off)
        case.requests.rent_level[1:] = 0.8
        return case.start().run(12).world.openness

    assert (openness() < 0.65).all()
    assert openness("confidence") == pytest.approx(0.78)


def test_forced_sales_reach_values_only_through_the_channel_fire_sale():
    def value(*off):
        case = failing("neo_one", 1, off=("lender", "confidence", "vendor", "rent", *off))
        case.set(restructuring_probability_base=0.0)
        return case.start().run(4).equipment.value[case.at("h100")]

    assert (value() < 0.5 * value("fire_sale")).all()
    assert (value("fire_sale") > 15_000).all()


def test_supply_reaches_rents_only_through_the_channel_rent():
    def rent(*off):
        case = calm(Case()).switch(0, "confidence", *off)
        case.requests.renewal_scale[...] = 0.0
        case.contracts.end[case.at("c_apps_h100")] = 2.0
        return np.exp(case.start().run(12).world.log_rent)

    assert (rent() < 2.0).all()
    assert rent("rent") == pytest.approx(2.2)


def test_more_units_of_a_new_generation_press_the_rent_of_the_old_only_through_the_channel_generation():
    def rent(channel, units):
        case = calm(Case())
        case.switch(channel, "generation")
        case.fleets.units[case.fleet("neo_b200")] = 1_500.0 + units
        case.fleets.in_service[case.fleet("neo_b200")] = 1.0
        return np.exp(case.start().run(12).world.log_rent[0])

    assert rent(1, 4_000.0) < rent(0, 4_000.0) < rent(0, 0.0)
