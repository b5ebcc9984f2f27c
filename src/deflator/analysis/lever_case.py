"""What can be done about an entity: which levers have a meaning for it, how far they go, and at which prices.

Contracts that levers sell stand in a changed book with no units, and a lever of size zero changes nothing; so one
packed economy serves every size, on the same random draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting, prepare
from deflator.analysis.trials import varied, watch
from deflator.book import Book
from deflator.book.months import month_at
from deflator.engine import Status
from deflator.engine.layout import LENDER, ROLES
from deflator.engine.positions import P
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

LEVERS = ("extend", "equity", "forward", "capex", "covenant", "cure", "backstop", "presale", "insourcing")
#: Of levers that are shares of something, and of months, the largest size.
_MOST = {"extend": 36.0, "forward": 1.0, "capex": 1.0, "covenant": 0.5, "cure": 12.0, "backstop": 1.0, "presale": 1.0,
         "insourcing": 1.0}  # fmt: skip
SOLD = ("forward", "presale", "backstop")
_PREFIX = "lever"


@dataclass(frozen=True)
class Terms:
    """What levers are priced at, where the book has no figure.

    Parameters
    ----------
    equity_discount
        New shares are sold this far below their value, costs of the issue included. Seasoned offers were underpriced
        by 2.2 % on average (Corwin 2003) and cost 7.1 % of proceeds (Lee, Lochhead, Ritter and Zhao 1996).
    extension_spread
        Added to the rate of debt that is extended, annual. Assumed: 0.5 to 3 points.
    forward_price_usd
        Rent at which forwards are sold, USD per reference unit-hour; None for the expected rent less
        `forward_discount`.
    forward_discount
        Share of the expected rent that buyers of forwards ask for the risk. Assumed: 0 to 30 %.
    amendment_fee
        Share of the loan that lenders ask for an amendment. Assumed: 0.1 to 2 %.
    presale_price_usd
        Rent at which capacity is sold ahead, USD per reference unit-hour; None for the expected rent less the book's
        discount for volume, `renewal_price_discount`.
    backstop_price
        Rent at which the vendor buys what is unsold, share of the rent of the as-of month. Assumed: 30 to 90 %.

    References
    ----------
    Corwin (2003), Journal of Finance 58, 2249-2279. Lee, Lochhead, Ritter and Zhao (1996), Journal of Financial
    Research 19, 59-74.
    """

    equity_discount: float = 0.10
    extension_spread: float = 0.01
    forward_price_usd: float | None = None
    forward_discount: float = 0.10
    presale_price_usd: float | None = None
    amendment_fee: float = 0.005
    backstop_price: float = 0.6

    def __post_init__(self) -> None:
        ranges = {"equity_discount": 0.5, "extension_spread": 0.1, "forward_discount": 0.9, "amendment_fee": 0.05,
                  "backstop_price": 1.0}  # fmt: skip
        faults = [
            Fault("", 0, f"--{name.replace('_', '-')}", f"{getattr(self, name)} is out of range",
                  f"use a number from 0 to {most}")
            for name, most in ranges.items()
            if not 0.0 <= getattr(self, name) <= most
        ]  # fmt: skip
        if faults:
            raise RunError(faults)


@dataclass(frozen=True)
class Lever:
    """One thing that can be done about an entity.

    Parameters
    ----------
    name
        One of `LEVERS`.
    most
        Largest size: months, USD m (`equity`) or a share.
    refused
        Why it has no meaning for the entity, as the last part of a key of the catalogue; None where it has.
    """

    name: str
    most: float
    refused: str | None


@dataclass(frozen=True, eq=False)
class Case:
    """An entity, what can be done about it, and what is expected without.

    Parameters
    ----------
    setting
        The question with contracts of no units for the levers to fill.
    position
        Of the entity.
    last
        Last month that counts.
    terms
        Prices.
    levers
        All of them, in the order of `LEVERS`.
    expected
        Means over paths by month, from `_expect`.
    prices_usd
        Rent of what is sold ahead, `forward` and `presale`, USD per reference unit-hour.
    """

    setting: Setting
    position: int
    last: int
    terms: Terms
    levers: tuple[Lever, ...]
    expected: Mapping[str, Floats]
    prices_usd: Mapping[str, float]


def case_of(
    setting: Setting, position: int, last: int, terms: Terms, buyer: str | None = None, progress: Progress | None = None
) -> Case:
    """Prepare an entity for its levers: the changed book, their ranges, and what is expected without them.

    Parameters
    ----------
    setting
        From `prepare`.
    position
        Of the entity, from `position_of`.
    last
        Last month that counts.
    terms
        Prices.
    buyer
        Segment that buys capacity ahead; the largest on the spot market when None.
    progress
        Told the paths done.

    Raises
    ------
    RunError
        When the buyer is no segment, or the forward price is above the expected rent.
    """
    question, economy = setting.question, setting.economy
    group = [name for name, owner in zip(economy.entities, economy.links["entities.account"], strict=False)
             if owner == position]  # fmt: skip
    book = _with_room(question.book_used, group, last, _buyer(question.book, group, buyer))
    changed = setting
    if book is not question.book_used:
        changed = _alike(prepare(replace(question, book=book, months=None)), setting)
    expected = _expect(changed, position, last, progress)
    parameters = changed.economy.figures[changed.economy.rows["world.parameters"]]
    fair = float(expected["rent"].mean())
    discounts = {"forward": terms.forward_discount, "presale": parameters[P.renewal_price_discount].mean()}
    asked = {"forward": terms.forward_price_usd, "presale": terms.presale_price_usd}
    faults = [
        Fault("", 0, f"--{kind}-price", f"{price:g} is no price at which it sells: the expected rent is {fair:.2f} $",
              f"use a price above 0 and up to {fair:.2f}")
        for kind, price in asked.items()
        if price is not None and not 0.0 < price <= fair
    ]  # fmt: skip
    if faults:
        raise RunError(faults)
    prices = {kind: float(asked[kind] or fair * (1.0 - below)) for kind, below in discounts.items()}
    case = Case(changed, position, last, terms, (), expected, prices)
    return replace(case, levers=tuple(_lever(case, name) for name in LEVERS))


def _alike(changed: Setting, before: Setting) -> Setting:
    """Give the changed book the figures drawn for the book, and contracts that keep a buyer those they replace.

    Identities of a book are restored after drawing, and contracts that are not drawn would pull others with them.
    """
    economy, figures = changed.economy, {}
    for name, rows in before.economy.rows.items():
        values = economy.figures[economy.rows[name]].copy()
        values[: rows.stop - rows.start] = before.economy.figures[rows]
        if name.startswith("contracts.") and name not in ("contracts.units", "contracts.prepaid"):
            for whole, kept in kept_of(changed):
                values[kept] = values[whole]
        figures[name] = values
    return varied(changed, figures=figures)


def _buyer(book: Book, group: list[str], asked: str | None) -> str:
    """Return who buys capacity ahead: a segment, by default the one that spends most on spot."""
    rows = [row for row in book.table("demand").rows if row["segment"] not in group]
    if asked is None:
        return str(max(rows, key=lambda row: row["compute_spend_musd_per_year"] * row["share_bought_spot"])["segment"])
    names = [str(row["segment"]) for row in rows]
    if asked not in names:
        raise RunError([Fault("", 0, "--buyer", f"{asked!r} buys no compute", f"use one of {', '.join(names)}")])
    return asked


def _with_room(book: Book, group: list[str], last: int, buyer: str) -> Book:
    """Return the book with contracts of no units: what levers sell, and what insourcing buyers are kept with."""
    contracts, vendors = (
        book.table("contracts"),
        {row["equipment"]: row["vendor"] for row in book.table("equipment").rows},
    )
    lets = dict.fromkeys(
        (str(row["owner"]), str(row["equipment"]))
        for table in ("fleets", "deliveries")
        for row in book.table(table).rows
        if row["owner"] in group and row["use"] == "rental"
    )
    rows: list[dict[str, Any]] = []
    for seller, equipment in lets:
        buyers = {"forward": ROLES[1], "presale": buyer, "backstop": vendors[equipment]}
        for kind in SOLD:
            rows.append(
                dict.fromkeys(contracts.rows[0] if len(contracts) else (), None)
                | {"contract": f"{_PREFIX}:{kind}:{seller}:{equipment}", "seller": seller, "buyer": buyers[kind],
                   "equipment": equipment, "units": 0.0, "rent_usd_per_hour": 1.0, "start": month_at(1, book.as_of),
                   "end": month_at(last + 1, book.as_of), "take_or_pay": 1.0, "renewal": "none",
                   "kind": "backstop" if kind == "backstop" else "capacity"}
            )  # fmt: skip
    kept = {
        key: f"{_PREFIX}:kept:{key}"
        for key, row in zip(contracts.keys, contracts.rows, strict=True)
        if row["seller"] in group and row["renewal"] == "insource"
    }
    for key, name in kept.items():
        cells = {"contract": name, "units": 0.0, "prepaid_musd": None, "renewal": "spot"}
        rows.append({**contracts.rows[contracts.index[key]], **cells})
    if not rows:
        return book
    more = replace(contracts, rows=(*contracts.rows, *rows), keys=(*contracts.keys, *(row["contract"] for row in rows)))
    facilities = book.table("facilities")
    pledged = tuple(
        {**row, "collateral": (*row["collateral"], *(kept[name] for name in row["collateral"] if name in kept))}
        if row["collateral"] else row
        for row in facilities.rows
    )  # fmt: skip
    return replace(book, tables={**book.tables, "contracts": more, "facilities": replace(facilities, rows=pledged)})


def _expect(setting: Setting, position: int, last: int, progress: Progress | None) -> dict[str, Floats]:
    """Return what is expected without levers, by month from 1: rents, and what the entity's pairs let and leave unsold.

    `rent` (of the reference) has shape [month], `spot` (rent of the pair's equipment) [month, pair], `unsold` (units)
    [month, pair, path], `free` (units uncommitted at the as-of month) [pair, draw], `start` (rent then) and `pairs`
    (positions) [pair].
    """
    links = setting.economy.links
    mine = np.flatnonzero(links["entities.account"][links["pairs.owner"]] == position)
    equipment = links["pairs.equipment"][mine]

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        pairs = block.pairs
        return {
            "rent": np.exp(block.world.log_rent),
            "spot": block.equipment.rent[equipment].copy(),
            "unsold": np.maximum(pairs.units[mine] - pairs.contracted[mine] - pairs.let[mine], 0.0),
            "free": np.maximum(pairs.units[mine] - pairs.contracted[mine] - pairs.reserved[mine], 0.0),
        }

    seen = watch(setting, keep, progress=progress, last=last)
    good = seen["status"] == Status.OK
    draws = setting.economy.draws
    means = {name: seen[name][1:, ..., good].mean(axis=-1) for name in ("rent", "spot")}
    return means | {
        "unsold": seen["unsold"][1:, :, good],
        # Uncommitted units at the as-of month, by draw: they are the same on all its paths.
        "free": seen["free"][0][:, :draws],
        "start": seen["spot"][0][:, good].mean(axis=-1),
        "pairs": mine.astype(np.float64),
    }


def _lever(case: Case, name: str) -> Lever:
    """Return a lever with its range, or why it has no meaning for the entity."""
    links, i = case.setting.economy.links, case.position
    if links["entities.layer"][i] == LENDER and name != "equity":
        return Lever(name, 0.0, "lender")
    most = _MOST.get(name, 0.0)
    reason: str | None = None
    if name == "extend" and not debts_of(case).size:
        reason = "no_debt"
    elif name == "equity":
        most = _share_of_equity(case)
        reason = None if most > 0.0 else "no_equity"
    elif name in SOLD and not case.expected["free"].mean(axis=1).sum() > 0.0:
        reason = "no_units"
    elif (
        name == "capex"
        and not cancellable_of(case).size
        and not figure_of(case, "entities.free_power_mw")[i].max() > 0.0
    ):
        reason = "no_orders"
    elif name in ("covenant", "cure") and not covenants_of(case).size:
        reason = "no_covenant"
    elif name == "insourcing" and not len(kept_of(case.setting)):
        reason = "no_insourcing"
    return Lever(name, 0.0 if reason else most, reason)


def _share_of_equity(case: Case) -> float:
    """Return the most equity that is raised at once: what the market takes in a year, USD m."""
    parameters = figure_of(case, "world.parameters")
    return float(parameters[P.equity_sale_max_share_annual].mean() * worth_of(case))


def worth_of(case: Case) -> float:
    """Return the equity value of the as-of month, of a lender its capital, USD m."""
    economy = case.setting.economy
    lends = economy.links["entities.layer"][case.position] == LENDER
    field = "entities.capital" if lends else "entities.start_equity"
    return float(figure_of(case, field)[case.position].mean())


def debts_of(case: Case) -> NDArray[np.intp]:
    """Return the loans of the book that the entity has drawn."""
    links = case.setting.economy.links
    drawn = figure_of(case, "facilities.start_drawn").max(axis=1) > 0.0
    return np.flatnonzero(drawn & (links["entities.account"][links["facilities.borrower"]] == case.position))


def covenants_of(case: Case) -> NDArray[np.intp]:
    """Return the covenants in force on loans of the entity."""
    links = case.setting.economy.links
    borrower = links["facilities.borrower"][links["covenants.facility"]]
    return np.flatnonzero((links["entities.account"][borrower] == case.position) & (links["covenants.active"] == 1))


def cancellable_of(case: Case) -> NDArray[np.intp]:
    """Return the deliveries to come that no contract waits for."""
    links = case.setting.economy.links
    mine = links["entities.account"][links["fleets.owner"]] == case.position
    ahead = figure_of(case, "fleets.in_service").min(axis=1) > 1.0
    return np.flatnonzero(mine & (links["fleets.is_delivery"] == 1) & (links["fleets.customer"] < 0) & ahead)


def kept_of(setting: Setting) -> list[tuple[int, int]]:
    """Return each contract that its buyer may insource, with the one that takes its place."""
    names = setting.economy.contracts
    mark = f"{_PREFIX}:kept:"
    return [(names.index(name.removeprefix(mark)), place) for place, name in enumerate(names) if name.startswith(mark)]


def sold_of(case: Case, kind: str) -> list[tuple[int, int]]:
    """Return the contracts that a lever fills, each with the place of its pair among the entity's."""
    economy = case.setting.economy
    pairs = case.expected["pairs"].astype(int).tolist()
    return [
        (place, pairs.index(int(economy.links["contracts.pair"][place])))
        for place, name in enumerate(economy.contracts)
        if name.startswith(f"{_PREFIX}:{kind}:")
    ]


def price_of(case: Case, kind: str, pair: int) -> float:
    """Return the rent at which a lever sells units of a pair, USD per unit-hour."""
    start = float(case.expected["start"][pair])
    if kind == "backstop":
        return case.terms.backstop_price * start
    economy = case.setting.economy
    reference = figure_of(case, "equipment.start_rent")[economy.links["world.reference"][0]].mean()
    return float(case.prices_usd[kind] * start / reference)


def figure_of(case: Case, name: str) -> Floats:
    """Return the drawn figures of a `record.field`, shape [item, draw]."""
    economy = case.setting.economy
    return economy.figures[economy.rows[name]]


def parameter_of(case: Case, row: int) -> float:
    """Return the mean over draws of a parameter of the model; `row` is from `deflator.engine.positions.P`."""
    return float(figure_of(case, "world.parameters")[row].mean())
