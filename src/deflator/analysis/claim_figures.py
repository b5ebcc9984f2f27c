"""Figures of the world that a claim can be held against: each is taken from the book as it was drawn.

Every function takes `Facts` and the claim's subject and returns the figure by draw, or None where the book does not
hold what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.challenge import due_by
from deflator.analysis.replay import Floats, Setting
from deflator.book.cells import Row
from deflator.engine.layout import HYPERSCALER, LANDLORD, NEOCLOUD
from deflator.engine.positions import P


@dataclass(frozen=True, eq=False)
class Facts:
    """What figures are taken from.

    Parameters
    ----------
    setting
        The book under its scenario; with one draw, every figure has its central value.
    measured
        Figures that take some months of simulation, by name, each [draw]: unit costs of the reference equipment at
        month 0 (`full`, `cash`, `meter`), and months of cash of every entity at month 3 (`runway`, [entity, draw]).
    """

    setting: Setting
    measured: Mapping[str, Floats]

    def figure(self, name: str) -> Floats:
        """Return the drawn figures of a `record.field`, [item, draw]."""
        economy = self.setting.economy
        return economy.figures[economy.rows[name]]

    def link(self, name: str) -> NDArray[np.int64]:
        """Return who belongs to whom, by `record.field`."""
        return self.setting.economy.links[name]

    def entity(self, name: str) -> int | None:
        """Return the position of an entity; None where the book has none of the name."""
        entities = self.setting.economy.entities
        return entities.index(name) if name in entities else None

    @property
    def reference(self) -> int:
        """Position of the reference equipment."""
        return int(self.link("world.reference")[0])

    def month(self, calendar: str) -> int:
        """Return how many months a calendar month lies after the as-of month."""
        return self.setting.question.book.month(calendar)


def revenue_growth(facts: Facts, subject: str) -> Floats | None:
    """Growth of an entity's end-user revenue, log a year."""
    at = facts.entity(subject)
    scale = facts.figure("world.parameters")[P.monetisation_growth_scale]
    return None if at is None else facts.figure("entities.growth")[at] * scale


def runway(facts: Facts, subject: str) -> Floats | None:
    """Months for which the cash of an entity lasts at its burn before capital raised."""
    at = facts.entity(subject)
    return None if at is None else facts.measured["runway"][at]


def rent_now(facts: Facts, subject: str) -> Floats | None:
    """Rent of the reference equipment at the as-of month."""
    return facts.figure("equipment.start_rent")[facts.reference]


def full_cost(facts: Facts, subject: str) -> Floats | None:
    """Full cost of the reference equipment over all owners."""
    return facts.measured["full"]


def cash_cost(facts: Facts, subject: str) -> Floats | None:
    """Cash cost of the reference equipment over all owners."""
    return facts.measured["cash"]


def loss_per_hour(facts: Facts, subject: str) -> Floats | None:
    """Full cost less spot rent of the reference equipment."""
    return -facts.measured["meter"]


def old_rents(facts: Facts, subject: str) -> Floats | None:
    """Rent of lessors' contracts on the reference equipment that began before 2025, weighted by units."""
    chosen = _lessors_contracts(facts, "1900-01", "2024-12")
    chosen &= facts.link("pairs.equipment")[facts.link("contracts.pair")] == facts.reference
    if not chosen.any():
        return None
    units = facts.figure("contracts.units")[chosen]
    return (facts.figure("contracts.start_rent")[chosen] * units).sum(axis=0) / units.sum(axis=0)


def cost_ratio(facts: Facts, subject: str) -> Floats | None:
    """Rent over performance in inference of an equipment, relative to the reference equipment."""
    equipment = facts.setting.economy.equipment
    if subject not in equipment:
        return None
    cost = facts.figure("equipment.start_rent") / facts.setting.figures.array("equipment", "perf_inference")
    return cost[equipment.index(subject)] / cost[facts.reference]


def own_cost(facts: Facts, subject: str) -> Floats | None:
    """Own cost over rent, mean over hyperscalers that have the figure."""
    ratios = facts.figure("entities.own_cost_ratio")[facts.link("entities.layer") == HYPERSCALER]
    ratios = ratios[(ratios > 0.0).any(axis=1)]
    return ratios.mean(axis=0) if len(ratios) else None


def own_sites(facts: Facts, subject: str) -> Floats | None:
    """Share of performance delivered for hyperscalers' own use that arrives in 2026 and 2027."""
    own = (facts.link("fleets.is_delivery") == 1) & (facts.link("fleets.pair") < 0)
    own &= facts.link("entities.layer")[facts.link("fleets.owner")] == HYPERSCALER
    if not own.any():
        return None
    work = (
        facts.figure("fleets.units")[own] * facts.figure("equipment.performance")[facts.link("fleets.equipment")[own]]
    )
    arrives = facts.figure("fleets.in_service")[own]
    within = (arrives >= facts.month("2026-01")) & (arrives <= facts.month("2027-12"))
    return (work * within).sum(axis=0) / work.sum(axis=0)


def cliff(facts: Facts, subject: str) -> Floats | None:
    """Share of lessors' contracts begun in 2023 and 2024 that ends from October 2026 to March 2027."""
    chosen = _lessors_contracts(facts, "2023-01", "2024-12")
    if not chosen.any():
        return None
    pair = facts.link("contracts.pair")[chosen]
    performance = facts.figure("equipment.performance")[facts.link("pairs.equipment")[pair]]
    work = facts.figure("contracts.units")[chosen] * performance
    ends = facts.figure("contracts.end")[chosen]
    within = (ends >= facts.month("2026-10")) & (ends < facts.month("2027-04"))
    return (work * within).sum(axis=0) / work.sum(axis=0)


def _lessors_contracts(facts: Facts, first: str, last: str) -> NDArray[np.bool_]:
    """Return which contracts a neocloud sells, backstops left out, that began in a span by the book."""
    seller = facts.link("entities.layer")[facts.link("contracts.seller")] == NEOCLOUD
    rows = facts.setting.question.book.table("contracts").rows
    began = np.array([first <= str(row["start"]) <= last for row in rows], dtype=np.bool_)
    return seller & (facts.link("contracts.backstop") == 0) & began


def largest_buyer(facts: Facts, subject: str) -> Floats | None:
    """Share of the largest buyer in what an entity's contracts bill at the as-of month."""
    at = facts.entity(subject)
    if at is None:
        return None
    starts, ends = facts.figure("contracts.start"), facts.figure("contracts.end")
    runs = (starts <= 0.0) & (ends > 0.0) & (facts.link("contracts.backstop") == 0)[:, None]
    bills = facts.figure("contracts.units") * facts.figure("contracts.start_rent") * runs
    bills = np.where((facts.link("contracts.seller") == at)[:, None], bills, 0.0)
    total = bills.sum(axis=0)
    if not (total > 0.0).all():
        return None
    buyers = facts.link("contracts.buyer")
    largest: Floats = np.max([bills[buyers == buyer].sum(axis=0) for buyer in np.unique(buyers)], axis=0)
    return largest / total


def debt_of(facts: Facts, subject: str) -> Floats | None:
    """Debt that an entity has drawn at the as-of month, USD m."""
    at = facts.entity(subject)
    return None if at is None else _drawn(facts, facts.link("facilities.borrower") == at)


def layer_debt(facts: Facts, subject: str) -> Floats | None:
    """Debt that a layer has drawn at the as-of month, USD m."""
    layers = np.array([*facts.setting.economy.layers, ""])
    return _drawn(facts, layers[facts.link("facilities.borrower")] == subject)


def backed_debt(facts: Facts, subject: str) -> Floats | None:
    """Debt drawn on facilities that pledge the reference equipment, USD m."""
    offsets, fleets = facts.link("facilities.fleet_ofs"), facts.link("facilities.fleet")
    is_reference = facts.link("fleets.equipment")[fleets] == facts.reference
    pledges = np.array([is_reference[a:b].any() for a, b in pairwise(offsets)])
    return _drawn(facts, pledges)


def _drawn(facts: Facts, chosen: NDArray[np.bool_]) -> Floats | None:
    drawn: Floats = facts.figure("facilities.start_drawn")[chosen].sum(axis=0)
    return drawn if chosen.any() else None


def price_fall(facts: Facts, subject: str) -> Floats | None:
    """One less second-hand over new price of the reference equipment."""
    used, new = (facts.figure(f"equipment.{name}")[facts.reference] for name in ("used_price", "new_price"))
    return 1.0 - used / new if (new > 0.0).all() and (used > 0.0).all() else None


def due_share(facts: Facts, subject: str) -> Floats | None:
    """Share of lessors' and landlords' drawn debt that falls due in 2028 and 2029, by the book."""
    book = facts.setting.question.book
    loans = list(_suppliers_loans(facts))
    total = sum(float(row["drawn_musd"]) for row in loans)
    if total <= 0.0:
        return None
    before, after = facts.month("2027-12"), facts.month("2029-12")
    due = sum(due_by(book, row, after) - due_by(book, row, before) for row in loans)
    return np.full(facts.setting.economy.draws, due / total)


def tenor(facts: Facts, subject: str) -> Floats | None:
    """Average term of lessors' and landlords' facilities issued in 2024 and 2025, years, weighted by what is drawn."""
    issued = [row for row in _suppliers_loans(facts) if str(row["issue"])[:4] in ("2024", "2025")]
    weights = [float(row["drawn_musd"]) for row in issued]
    if not issued:
        return None
    terms = [(facts.month(str(row["maturity"])) - facts.month(str(row["issue"]))) / 12.0 for row in issued]
    return np.full(facts.setting.economy.draws, float(np.average(terms, weights=weights)))


def _suppliers_loans(facts: Facts) -> list[Row]:
    """Return the drawn facilities of neoclouds and landlords."""
    economy = facts.setting.economy
    layer = facts.link("entities.layer")
    return [
        row
        for row in facts.setting.question.book.table("facilities").rows
        if layer[economy.entities.index(str(row["borrower"]))] in (NEOCLOUD, LANDLORD)
        and float(row["drawn_musd"] or 0.0) > 0.0
    ]


FIGURES: dict[str, Callable[[Facts, str], Floats | None]] = {
    test.__name__: test
    for test in (
        revenue_growth, runway, rent_now, full_cost, cash_cost, loss_per_hour, old_rents, cost_ratio, own_cost,
        own_sites, cliff, largest_buyer, debt_of, layer_debt, backed_debt, price_fall, due_share, tenor,
    )
}  # fmt: skip
