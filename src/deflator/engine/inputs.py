"""The figures of a book in the order and the units of the engine, one column per ignorance draw."""

from __future__ import annotations

import numpy as np

from deflator.engine.index import Index, ints
from deflator.engine.positions import PARAMETERS


def list_figures(index: Index) -> dict[str, np.ndarray]:
    """Return the figures of a book by `record.field`, each of shape [item, draw]."""
    figures = index.figures

    def of(table: str, field: str, blank: float = 0.0) -> np.ndarray:
        values = figures.array(table, field)
        return np.where(np.isnan(values), blank, values)

    def entity(field: str, blank: float = 0.0) -> np.ndarray:
        values = of("entities", field, blank)
        return np.concatenate([values, np.zeros((1, values.shape[1]))])  # the syndicate has none

    def both(field: str, delivery_field: str, blank: float = 0.0) -> np.ndarray:
        return np.concatenate([of("fleets", field, blank), of("deliveries", delivery_field, blank)])

    draws = figures.array("entities", "cash_musd").shape[1]
    missing = np.zeros((len(index.rows["deliveries"]), draws))
    market = {row["key"]: position for position, row in enumerate(index.rows["market"])}
    market_values = of("market", "value")
    new = np.zeros((len(index.borrowers), draws))
    spend = of("demand", "compute_spend_musd_per_year") / 12.0
    power, opex = _site_costs(index, draws)
    performance = np.sqrt(of("equipment", "perf_inference") * of("equipment", "perf_training"))
    return {
        "world.parameters": np.stack([np.broadcast_to(figures.parameter(name), (draws,)) for name in PARAMETERS]),
        "world.market": market_values[[market["pue"], market["base_rate"], market["spot_utilisation"]]],
        "entities.start_cash": entity("cash_musd"),
        "entities.start_revenue": entity("end_user_revenue_musd_per_year") / 12.0,
        "entities.growth": entity("end_user_revenue_growth"),
        "entities.fixed_cost": entity("fixed_cost_musd_per_year") / 12.0,
        "entities.start_equity": entity("equity_value_musd"),
        "entities.capital": entity("loss_absorbing_capital_musd"),
        "entities.minimum_liquidity": entity("minimum_liquidity_musd"),
        "entities.parent_support": entity("parent_support"),
        "entities.own_cost_ratio": entity("own_cost_ratio", 1.0),
        "entities.planned_raise": entity("planned_equity_raise_musd_per_year") / 12.0,
        "entities.free_power_mw": entity("free_power_mw"),
        "equipment.performance": performance,
        "equipment.kw": of("equipment", "kw_per_unit"),
        "equipment.new_price": of("equipment", "new_price_usd"),
        "equipment.vendor_cost": of("equipment", "unit_cost_usd"),
        "equipment.used_price": of("equipment", "used_price_usd"),
        "equipment.start_rent": _start_rent(index, performance),
        "equipment.own_volatility": of("equipment", "rent_volatility_annual"),
        "equipment.life": of("equipment", "useful_life_months"),
        "equipment.launch": of("equipment", "launch_month"),
        "fleets.units": both("units", "units"),
        "fleets.in_service": both("in_service_month", "month"),
        "fleets.power_price": np.concatenate([of("fleets", "power_usd_per_mwh"), power]),
        "fleets.opex": np.concatenate([of("fleets", "opex_usd_per_hour"), opex]),
        "fleets.unit_price": np.concatenate(
            [np.zeros_like(of("fleets", "units")), of("deliveries", "unit_price_usd") + missing]
        ),
        "contracts.units": of("contracts", "units"),
        "contracts.start_rent": of("contracts", "rent_usd_per_hour"),
        "contracts.start": of("contracts", "start"),
        "contracts.end": of("contracts", "end"),
        "contracts.take_or_pay": of("contracts", "take_or_pay"),
        "contracts.prepaid": of("contracts", "prepaid_musd"),
        "contracts.delay_right": of("contracts", "delay_right_months", np.inf),
        "leases.mw": of("leases", "mw"),
        "leases.rent": of("leases", "rent_musd_per_year") / 12.0,
        "leases.start": of("leases", "start"),
        "leases.end": of("leases", "end"),
        "leases.building_cost": _building_cost(index),
        "facilities.committed": np.concatenate([of("facilities", "committed_musd"), new]),
        "facilities.start_drawn": np.concatenate([of("facilities", "drawn_musd"), new]),
        "facilities.start_rate": np.concatenate([of("facilities", "rate_or_spread"), new]),
        "facilities.maturity": np.concatenate([of("facilities", "maturity"), new + 1e9]),
        "facilities.conversion_price": np.concatenate([of("facilities", "conversion_price_usd"), new]),
        "facilities.share_price": np.concatenate([of("facilities", "share_price_usd"), new]),
        "facilities.recourse": np.concatenate([of("facilities", "recourse"), new + 1.0]),
        "amortisation.share": _amortisation(index, draws),
        "covenants.threshold": of("covenants", "threshold"),
        "covenants.cure": of("covenants", "cure_months"),
        "claims.share": np.concatenate([of("holdings", "share_or_musd")[index.claims], new + 1.0]),
        "segments.spot_spend": spend * of("demand", "share_bought_spot"),
        "segments.spot_share": of("demand", "share_bought_spot"),
        "segments.compute_share": of("demand", "compute_share_of_revenue"),
        "segments.growth": of("demand", "growth_annual"),
        "segments.elasticity": of("demand", "price_elasticity") * figures.parameter("demand_price_elasticity_scale"),
    }


def _start_rent(index: Index, performance: np.ndarray) -> np.ndarray:
    """Return month-0 rents; equipment without one lets at the reference rent times its performance to a power."""
    rent = np.nan_to_num(index.figures.array("equipment", "rent_usd_per_hour"))
    reference = rent[index.equipment[index.book.reference_equipment]]
    by_performance = reference * performance ** index.figures.parameter("rent_perf_exponent_eta")
    return np.where(rent > 0.0, rent, by_performance)


def _site_costs(index: Index, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Give each delivery the unit-weighted power price and operating cost of its owner's fleets, else of all fleets."""
    units = index.figures.array("fleets", "units")
    owner = ints(index.entity[row["owner"]] for row in index.rows["fleets"])
    found = []
    for field in ("power_usd_per_mwh", "opex_usd_per_hour"):
        values = index.figures.array("fleets", field)
        rows = np.empty((len(index.rows["deliveries"]), draws))
        for d, row in enumerate(index.rows["deliveries"]):
            mine = owner == index.entity[row["owner"]]
            weight = np.where(units[mine].sum(axis=0) > 0.0, units * mine[:, None], units)
            rows[d] = (values * weight).sum(axis=0) / weight.sum(axis=0)
        found.append(rows)
    return found[0], found[1]


def _building_cost(index: Index) -> np.ndarray:
    """Split what a landlord still has to build over its leases that have not started, by power."""
    figures = index.figures
    cost = np.nan_to_num(figures.array("entities", "build_to_complete_musd"))
    mw = np.where(figures.array("leases", "start") > 0, figures.array("leases", "mw"), 0.0)
    landlord = ints(index.entity[row["landlord"]] for row in index.rows["leases"])
    total = np.zeros_like(cost)
    np.add.at(total, landlord, mw)
    return np.where(mw > 0, mw * cost[landlord] / np.maximum(total[landlord], 1e-300), 0.0)


def _amortisation(index: Index, draws: int) -> np.ndarray:
    """Return for each scheduled facility and month the share of the remaining principal that falls due."""
    months = index.book.months
    scheduled = [name for name, row in zip(index.facility, index.rows["facilities"], strict=True)
                 if row["profile"] == "schedule"]  # fmt: skip
    due = {name: np.zeros((months + 1, draws)) for name in scheduled}
    later = {name: np.zeros(draws) for name in scheduled}
    principal = index.figures.array("amortisation", "principal_musd")
    for position, row in enumerate(index.rows["amortisation"]):
        month = index.book.month(row["month"])
        if month <= months:
            due[row["facility"]][month] += principal[position]
        else:
            later[row["facility"]] += principal[position]
    shares = []
    for name in scheduled:
        remaining = np.cumsum(due[name][::-1], axis=0)[::-1] + later[name]
        shares.append(np.where(remaining > 0, due[name] / np.maximum(remaining, 1e-300), 0.0))
    return np.concatenate([*shares, np.zeros((0, draws))])
