"""What happened to what an entity sells, buys, lets and orders, and to those it deals with."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.path_view import Event, Place, View
from deflator.engine.layout import HOURS_PER_MONTH, MILLION
from deflator.engine.positions import ON

#: Shares closer to one, and lateness of fewer months, are not worth an event.
_WHOLE = 0.995
_LATE = 1
#: Share of a cohort's members from which its breaks are an event.
_COHORT_SHARE = 0.1
_YEAR = 12.0


def trade_events(view: View) -> Iterator[Event]:
    """Yield the events of contracts, deliveries, sites and partners.

    Parameters
    ----------
    view
        An entity on a path.
    """
    yield from _contracts_ended(view)
    yield from _contracts_late(view)
    yield from _contracts_short(view)
    yield from _deliveries_cut(view)
    yield from _leases_late(view)
    yield from _leases_unbuilt(view)
    yield from _partners_broke(view)


def _bills(view: View, contract: int, month: int) -> float:
    """Return what a contract bills in a year at the state of a month, USD m."""
    units = view.figure("contracts.units")[contract] * view["contracts.active"][month, contract]
    return float(units * view["contracts.price"][month, contract] * HOURS_PER_MONTH * _YEAR / MILLION)


def _billed_from(view: View) -> NDArray[np.float64]:
    """Return the first month that each contract can bill, lateness included."""
    return np.ceil(view["contracts.starts"][0])


def _ended(view: View, contract: int) -> list[int]:
    """Return the months in which a contract ended and was settled."""
    if view.link("contracts.backstop")[contract]:
        return []
    until, active = view["contracts.until"][:, contract], view["contracts.active"][:, contract]
    first = max(int(_billed_from(view)[contract]), 1)
    return [
        month
        for month in range(first, view.last + 1)
        if month - 1 < until[month - 1] <= month and active[month - 1] > 0
    ]


def _contract_figures(view: View, contract: int, *columns: str) -> tuple[Place, ...]:
    key = view.replay.economy.contracts[contract]
    return tuple(("contracts", key, column) for column in columns)


def _contracts_ended(view: View) -> Iterator[Event]:
    """Yield the ends of what the entity sold, and what became of it."""
    for contract in view.mine("contracts.seller"):
        for month in _ended(view, contract):
            before, after = view["contracts.active"][[month - 1, month], contract]
            values = {
                "contract": view.replay.economy.contracts[contract],
                "partner": view.name(view.link("contracts.buyer")[contract]),
                "units_count": view.figure("contracts.units")[contract] * before,
                "before_usd": view["contracts.price"][month - 1, contract],
                "after_usd": view["contracts.price"][month, contract],
                "kept_share": after / before,
            }
            lost = _bills(view, contract, month - 1) - _bills(view, contract, month)
            kind = "contract_renewed" if after / before > 1.0 - _WHOLE else "contract_lost"
            figures = _contract_figures(view, contract, "end", "units")
            yield Event(month, kind, max(lost, 0.0), values | {"lost_musd": lost}, figures)


def _contracts_late(view: View) -> Iterator[Event]:
    """Yield contracts that could not start when planned, and what the buyer then cancelled."""
    planned, first = view.figure("contracts.start"), _billed_from(view)
    for contract in view.mine("contracts.seller"):
        start, late = int(planned[contract]), int(first[contract] - planned[contract])
        if not 1 <= start <= view.last or late < _LATE:
            continue
        until = min(start + late, view.last)
        cancelled = 1.0 - _kept_while_waiting(view, contract, range(start, until + 1))
        unbilled = _bills(view, contract, start - 1) / _YEAR * min(late, view.last + 1 - start)
        values = {
            "contract": view.replay.economy.contracts[contract],
            "partner": view.name(view.link("contracts.buyer")[contract]),
            "late_count": late,
            "unbilled_musd": unbilled,
            "cancelled_share": cancelled,
        }
        kind = "contract_cancelled" if cancelled > 1.0 - _WHOLE else "contract_late"
        yield Event(start, kind, unbilled, values, _contract_figures(view, contract, "start", "units"))


def _kept_while_waiting(view: View, contract: int, months: range) -> float:
    """Return the share of a contract that its buyer does not cancel in some months, breaks of the two left out."""
    parties = [view.account("contracts.buyer")[contract], view.position]
    active, kept = view["contracts.active"][:, contract], 1.0
    for month in months:
        if active[month - 1] > 0.0 and not (view["entities.hit"][month, parties] > 0.0).any():
            kept *= float(active[month] / active[month - 1])
    return kept


def _contracts_short(view: View) -> Iterator[Event]:
    """Yield hardware of which fewer units are in service than are under contract."""
    for pair in view.mine("pairs.owner"):
        months = slice(1, view.last + 1)
        sold, fill = view["pairs.contracted"][months, pair], view["pairs.fill"][months, pair]
        short = np.flatnonzero((sold > 0) & (fill < _WHOLE))
        if not short.size:
            continue
        contracts = np.flatnonzero(view.link("contracts.pair") == pair).tolist()
        worst = int(short[np.argmin(fill[short])]) + 1
        billed = sum(_bills(view, c, worst) for c in contracts if _billed_from(view)[c] <= worst)
        missing = billed * (1.0 - fill[worst - 1])
        values = {
            "equipment": view.replay.economy.equipment[view.link("pairs.equipment")[pair]],
            "delivered_share": fill[worst - 1],
            "worst_month": worst,
            "missing_musd": missing,
        }
        yield Event(int(short[0]) + 1, "contracts_short", missing, values)


def _deliveries_cut(view: View) -> Iterator[Event]:
    """Yield deliveries that were not bought in full when they were due."""
    paid, arrives = view["fleets.paid"], np.ceil(view["fleets.arrives"][0])
    keys = view.replay.setting.question.book.table("deliveries").keys
    first_delivery = len(view.link("fleets.owner")) - len(keys)
    for fleet in view.mine("fleets.owner"):
        month = int(arrives[fleet])
        if not view.link("fleets.is_delivery")[fleet] or not 1 <= month <= view.last:
            continue
        share = float(paid[month, fleet])
        if share >= _WHOLE:
            continue
        units = view.figure("fleets.units")[fleet]
        missing = units * (1.0 - share) * view.figure("fleets.unit_price")[fleet] / MILLION
        key = keys[fleet - first_delivery]
        bound = view.link("fleets.committed")[fleet] or view.link("fleets.customer")[fleet] >= 0
        values = {
            "delivery": key,
            "units_count": units,
            "equipment": view.replay.economy.equipment[view.link("fleets.equipment")[fleet]],
            "bought_share": share,
            "missing_musd": missing,
        }
        figures = tuple(("deliveries", key, column) for column in ("units", "unit_price_usd"))
        yield Event(month, "delivery_unfunded" if bound else "delivery_dropped", missing, values, figures)


def _leases_late(view: View) -> Iterator[Event]:
    """Yield sites that opened late and whose tenants paid nothing until then."""
    planned, opens = view.figure("leases.start"), view["leases.opens"][0]
    for lease in view.mine("leases.landlord"):
        start, late = int(planned[lease]), ceil(opens[lease]) - int(planned[lease])
        if view.link("leases.from_plan")[lease] or late < _LATE or not 1 <= start <= view.last:
            continue
        unpaid = view.figure("leases.rent")[lease] * min(late, view.last + 1 - start)
        values = _lease_values(view, lease) | {"late_count": late, "unpaid_musd": unpaid}
        yield Event(start, "lease_late", unpaid, values, _lease_figures(view, lease, "start"))


def _leases_unbuilt(view: View) -> Iterator[Event]:
    """Yield sites that opened only in part, because the rest was not paid for."""
    opens = np.ceil(view["leases.opens"][0])
    for lease in view.mine("leases.landlord"):
        month = int(opens[lease])
        if not 1 <= month <= view.last or view["leases.built"][month, lease] >= _WHOLE:
            continue
        built = view["leases.built"][month, lease]
        lost = view.figure("leases.rent")[lease] * _YEAR * (1.0 - built)
        values = _lease_values(view, lease) | {"built_share": built, "lost_musd": lost}
        cost = ("entities", view.name(view.position), "build_to_complete_musd")
        yield Event(month, "lease_unbuilt", lost, values, (cost, *_lease_figures(view, lease, "rent_musd_per_year")))


def _lease_values(view: View, lease: int) -> dict[str, Any]:
    tenant = view.name(view.link("leases.tenant")[lease])
    return {"lease": view.replay.economy.leases[lease], "partner": tenant}


def _lease_figures(view: View, lease: int, *columns: str) -> tuple[Place, ...]:
    return tuple(("leases", view.replay.economy.leases[lease], column) for column in columns)


def _partners_broke(view: View) -> Iterator[Event]:
    """Yield the breaks of those whose payments or deliveries the entity counted on, and what they took from it."""
    sold, bought = view.mine("contracts.seller"), view.mine("contracts.buyer")
    let = view.mine("leases.landlord")
    roles = {
        "customer_broke": view.account("contracts.buyer")[sold],
        "tenant_broke": view.account("leases.tenant")[let],
        "guarantor_broke": view.account("leases.guarantor")[let],
        "supplier_broke": view.account("contracts.seller")[bought],
    }
    told: set[int] = {-1, view.position}
    for kind, partners in roles.items():
        for partner in dict.fromkeys(int(partner) for partner in partners):
            month = 0 if partner in told else _break_of(view, partner)
            if month:
                told.add(partner)
                yield _partner_broke(view, kind, partner, month)


def _break_of(view: View, partner: int) -> int:
    """Return the month of a partner's break, of a cohort that of a tenth of its members; 0 for none."""
    if not view.link("entities.cohort")[partner]:
        month = int(view["entities.break_month"][view.last, partner])
        return month if month <= view.last else 0
    over = np.flatnonzero(view["entities.broken_share"][: view.last + 1, partner] >= _COHORT_SHARE)
    return int(over[0]) if over.size else 0


def _partner_broke(view: View, kind: str, partner: int, month: int) -> Event:
    lost = _trade_lost(view, partner, "buyer", "seller") + _rent_lost(view, partner)
    missed = _missed_by(view, partner)
    undelivered = _trade_lost(view, partner, "seller", "buyer")
    values = {
        "partner": view.name(partner),
        "broken_share": view["entities.broken_share"][view.last, partner],
        "trigger": int(view["entities.break_trigger"][view.last, partner]),
        "lost_musd": undelivered if kind == "supplier_broke" else lost,
        "missed_musd": missed,
    }
    return Event(month, kind, lost + undelivered + missed, values, (("entities", view.name(partner), "cash_musd"),))


def _trade_lost(view: View, partner: int, its_side: str, own_side: str) -> float:
    """Return what contracts with a partner lost by its breaks, USD m a year."""
    both = (view.account(f"contracts.{its_side}") == partner) & (view.account(f"contracts.{own_side}") == view.position)
    lost = 0.0
    for contract in np.flatnonzero(both).tolist():
        ended = _ended(view, contract)
        for month in range(1, view.last + 1):
            if view["entities.hit"][month, partner] > 0.0 and month not in ended:
                lost += _bills(view, contract, month - 1) - _bills(view, contract, month)
    return lost


def _rent_lost(view: View, partner: int) -> float:
    """Return the rent of space that a partner stopped renting from the entity, USD m a year."""
    both = (view.account("leases.tenant") == partner) & (view.account("leases.landlord") == view.position)
    left = view["leases.active"][0] - view["leases.active"][view.last]
    return float((view.figure("leases.rent") * _YEAR * left)[both].sum())


def _missed_by(view: View, partner: int) -> float:
    """Return what a partner owed the entity and did not pay, USD m up to the last month."""
    if not view.link("world.channels")[ON.payment]:
        return 0.0
    edges = view.edges
    both = (edges.payer == partner) & (edges.payee == view.position)
    return float(edges.missed[: view.last + 1, both].sum())
