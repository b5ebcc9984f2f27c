"""Turn a book, a scenario and the drawn figures into the arrays of a simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deflator.engine import layout
from deflator.engine.index import Index
from deflator.engine.inputs import list_figures
from deflator.engine.layout import Requests
from deflator.engine.links import list_links
from deflator.errors import Fault, RunError


@dataclass(frozen=True)
class Economy:
    """A book under a scenario, ready to be simulated.

    Parameters
    ----------
    entities, layers
        Name and layer of every entity, in the order of the book.
    equipment, contracts, leases, facilities
        Names in the order of the arrays; the new loans of each borrower (`new:<entity>`) are the last facilities.
    months
        Number of simulated months.
    exposure_musd
        Weight of each entity in its layer at month 0, shape [entity]: what it owes or is bound to pay in a year,
        USD m; for lenders, their capital.
    links
        Whole-number arrays by `record.field`.
    requests
        What the scenario asks for by month.
    figures, rows
        The figures of the book, shape [figure, draw], and the slice of rows of each `record.field`.
    mechanisms
        Mechanisms of plug-ins that the scenario switches on.
    """

    entities: tuple[str, ...]
    layers: tuple[str, ...]
    equipment: tuple[str, ...]
    contracts: tuple[str, ...]
    leases: tuple[str, ...]
    facilities: tuple[str, ...]
    months: int
    exposure_musd: np.ndarray
    links: dict[str, np.ndarray]
    requests: Requests
    figures: np.ndarray
    rows: dict[str, slice]
    mechanisms: tuple[str, ...] = ()

    @property
    def draws(self) -> int:
        """Number of ignorance draws; path p uses draw p modulo this."""
        return self.figures.shape[1]


def pack(book: Any, scenario: Any, figures: Any) -> Economy:
    """Bring a book, a scenario and the drawn figures into the order in which the engine computes.

    Parameters
    ----------
    book
        A `deflator.book.Book`.
    scenario
        A `deflator.scenario.Scenario` that `check(book)` accepts.
    figures
        `deflator.scenario.figures.Figures` of this book and scenario.

    Returns
    -------
    Economy
        Ready for `simulate`.

    Raises
    ------
    RunError
        When no segment buys uncommitted compute, so that no rent can be solved for.
    """
    index = Index(book, scenario, figures)
    links, values = list_links(index), list_figures(index)
    if not values["segments.spot_spend"].sum() > 0:
        raise RunError([Fault(book.name, 0, "demand.share_bought_spot", "no segment buys uncommitted compute",
                              "give at least one segment a spend and a share above 0")])  # fmt: skip
    if not values["equipment.start_rent"].min() > 0:
        field = f"equipment.{book.reference_equipment}.rent_usd_per_hour"
        raise RunError([Fault(book.name, 0, field, "the reference equipment has no rent", "other rents follow it")])
    ends = np.cumsum([len(field) for field in values.values()])
    names = book.tables["entities"].keys
    return Economy(
        entities=names,
        layers=tuple(row["layer"] for row in index.rows["entities"]),
        equipment=book.tables["equipment"].keys,
        contracts=book.tables["contracts"].keys,
        leases=book.tables["leases"].keys,
        facilities=(*book.tables["facilities"].keys, *(f"new:{names[i]}" for i in index.borrowers)),
        months=book.months,
        exposure_musd=_exposure(links, values, len(names)),
        links=links,
        requests=list_requests(book, scenario),
        figures=np.ascontiguousarray(np.concatenate(list(values.values()))),
        rows={
            field: slice(int(end) - len(rows), int(end))
            for (field, rows), end in zip(values.items(), ends, strict=True)
        },
        mechanisms=scenario.mechanisms,
    )


def list_requests(book: Any, scenario: Any) -> Requests:
    """Return what a scenario asks of the drivers by month; nothing else of an economy depends on its drivers.

    Parameters
    ----------
    book, scenario
        As for `pack`.
    """

    def series(driver: str, operation: str, item: str | None = None) -> np.ndarray:
        return np.asarray(scenario.series(driver, operation, item, book), dtype=np.float64)

    def by(items: Iterable[str], driver: str, operation: str) -> np.ndarray:
        found = [series(driver, operation, item) for item in items]
        return np.array(found).reshape(len(found), book.months + 1)

    tables = book.tables
    entities, equipment, leases = (tables[name].keys for name in ("entities", "equipment", "leases"))
    segments = tuple(row["segment"] for row in tables["demand"].rows)
    return Requests(
        revenue_scale=by(entities, "monetisation", "scale"),
        revenue_shift=by(entities, "monetisation", "shift"),
        revenue_shock=by(entities, "monetisation", "shock"),
        demand_scale=by(segments, "demand", "scale"),
        demand_shift=by(segments, "demand", "shift"),
        demand_shock=by(segments, "demand", "shock"),
        efficiency_shift=series("efficiency", "shift"),
        funding_level=series("funding", "level"),
        funding_shift=series("funding", "shift"),
        funding_shock=series("funding", "shock"),
        base_rate_level=series("base_rate", "level"),
        base_rate_shift=series("base_rate", "shift"),
        power_scale=series("power_price", "scale"),
        power_shock=series("power_price", "shock"),
        rent_level=series("rent", "level"),
        rent_shock=series("rent", "shock"),
        supply_scale=by(equipment, "new_supply", "scale"),
        price_scale=by(equipment, "price_new", "scale"),
        delay_shift=by(leases, "delay", "shift"),
        delay_shift_own=series("delay", "shift"),
        insourcing_scale=by(entities, "insourcing", "scale"),
        renewal_scale=by(entities, "renewal", "scale"),
        failure=by(entities, "failure", "level"),
        vendor_scale=series("vendor_investment", "scale"),
    )


def _exposure(links: dict[str, np.ndarray], values: dict[str, np.ndarray], entities: int) -> np.ndarray:
    """Return what each entity owes at month 0: debt, a year of rent for space and of contracts; USD m, [entity]."""
    exposure = np.zeros(entities)
    account = links["entities.account"]
    np.add.at(exposure, account[links["facilities.borrower"]], values["facilities.start_drawn"].mean(axis=1))
    for record, payer, monthly in (
        ("leases", "tenant", values["leases.rent"]),
        ("contracts", "buyer",
         values["contracts.units"] * values["contracts.start_rent"] * layout.HOURS_PER_MONTH / layout.MILLION),
    ):  # fmt: skip
        live = (values[f"{record}.start"] <= 0) & (values[f"{record}.end"] > 0)
        np.add.at(exposure, account[links[f"{record}.{payer}"]], (12.0 * monthly * live).mean(axis=1))
    lends = links["entities.layer"][:entities] == layout.LENDER
    exposure[lends] = values["entities.capital"][:entities].mean(axis=1)[lends]
    return exposure
