"""One month of the economy, in the order in which things happen. Each line is a mechanism with a file of its own."""

from __future__ import annotations

from deflator.engine import (
    breaks,
    building,
    debt,
    default,
    demand,
    drivers,
    funding,
    investment,
    ledger,
    liquidation,
    market,
    operations,
    valuation,
)
from deflator.engine import contracts as deals
from deflator.engine import covenants as terms
from deflator.engine import payments as clearing
from deflator.engine.compiled import kernel


@kernel
def run_month(t, months, seed, chance, block):
    """Advance a block of lanes by a month.

    Parameters
    ----------
    t, months
        Month, and number of months of the run.
    seed, chance
        Key of the run's random draws, and whether there is noise.
    block
        All records, `records.Block`.
    """
    paths, requests = block.paths, block.requests
    world, entities, equipment, pairs = block.world, block.entities, block.equipment, block.pairs
    fleets, orders, contracts, leases = block.fleets, block.orders, block.contracts, block.leases
    facilities, claims, segments, network = block.facilities, block.claims, block.segments, block.network
    causes, book = block.causes, block.ledger

    ledger.open_month(world, entities, equipment, facilities, causes, book)
    # 1 drivers
    drivers.advance_drivers(t, seed, paths, chance, world, entities, equipment, segments, requests)
    default.impose_failures(t, entities, requests)
    # 2 funding
    funding.watch_vendors(t, world, entities, requests)
    funding.update_funding(t, world, entities, requests)
    funding.raise_equity(t, world, entities, causes, book)
    # 3 demand
    demand.thin_out_cohorts(world, entities)
    demand.measure_distress(world, entities)
    demand.measure_contracts(t, segments, pairs, equipment, contracts)
    demand.form_demand(world, entities, segments)
    # 4 market
    market.count_units(t, world, fleets, pairs, equipment)
    market.offer_units(t, world, entities, pairs, equipment, contracts)
    market.clear_rent(world, equipment, segments)
    market.move_rent(t, seed, paths, chance, world, equipment, requests)
    market.trade_spot(world, entities, equipment, pairs, contracts, segments, causes, book)
    # 5 contracts
    deals.roll_contracts(t, world, entities, equipment, pairs, contracts, requests)
    deals.bill_contracts(t, world, entities, equipment, pairs, contracts, causes, book)
    # 6 operations
    operations.collect_revenue(t, world, entities, leases, causes, book)
    operations.charge_leases(t, world, entities, leases, causes)
    operations.relet_space(world, entities, leases, book)
    operations.charge_operations(t, world, entities, equipment, pairs, fleets, causes)
    operations.measure_income(t, world, entities, leases, contracts, pairs, causes)
    # 7 debt
    debt.charge_debt(
        t, months, world, entities, facilities, claims, block.amortisation, contracts, leases, causes, book
    )
    debt.measure_access(world, entities)
    debt.find_maturing(t, world, entities, contracts, leases, facilities)
    building.request_deliveries(t, world, entities, equipment, fleets, facilities, requests)
    debt.ration_loans(world, entities)
    investment.fade_vendor_sales(world, entities)
    building.pay_deliveries(t, world, entities, equipment, fleets, facilities, claims, causes, book, requests)
    building.pay_buildings(t, world, entities, leases, facilities, claims, causes, book)
    debt.settle_maturities(t, seed, paths, chance, world, entities, contracts, leases, facilities, claims, causes, book)
    debt.borrow_liquidity(world, entities, facilities, claims, book)
    # 8 valuation
    valuation.value_equipment(t, world, equipment)
    deals.value_contracts(t, world, equipment, pairs, contracts)
    valuation.value_entities(world, entities, equipment, pairs, fleets, contracts, leases, facilities)
    valuation.watch_solvency(t, entities)
    # 9 investment
    investment.receive_orders(t, world, entities, equipment, pairs, orders, facilities, claims, causes, book)
    investment.place_orders(t, world, entities, equipment, pairs, orders, requests)
    # 10 covenants
    terms.test_covenants(t, seed, paths, chance, world, entities, equipment, fleets, contracts, leases, facilities,
                         block.covenants, causes, book)  # fmt: skip
    # 11 clearing
    clearing.list_dues(entities, leases, contracts, facilities, claims, network)
    clearing.seek_liquidity(world, entities, facilities, claims, network, causes, book)
    clearing.clear_payments(
        world, entities, facilities, claims, leases, contracts, network, block.payments, causes, book
    )
    # 12 default
    default.find_breaks(t, world, entities, block.payments, block.tenths)
    ledger.carry_causes(t, entities, causes)
    breaks.tell_causes(t, entities, causes, block.stories)
    default.resolve_defaults(
        world, entities, equipment, pairs, fleets, contracts, leases, facilities, claims, segments, book
    )
    clearing.share_syndicate(world, entities, book)
    default.watch_soft_breaks(t, world, entities)
    breaks.watch_yardsticks(t, world, entities, facilities, block.yardsticks)
    # 13 liquidation
    liquidation.sell_seized(world, entities, equipment, pairs, book)
    operations.pay_out(world, entities, book)
    # 14 ledger
    ledger.close_month(t, entities, equipment, pairs, fleets, facilities, book)
