"""Tell one path of one entity: what happened, what took the money that was missing, and which figures that rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.debt_events import debt_events
from deflator.analysis.path_view import Event, Place, View
from deflator.analysis.replay import Replay
from deflator.analysis.trade_events import trade_events
from deflator.book.months import month_at
from deflator.book.schema import schema
from deflator.engine.codes import Cause, Trigger
from deflator.engine.layout import LENDER

_MOMENTS = 9
_LARGEST = 2
_OTHERS = "others"
#: Figures of an entity behind a cause of its shortfall.
_OWN_FIGURES = {
    Cause.END_USER_REVENUE: ("end_user_revenue_musd_per_year", "end_user_revenue_growth"),
    Cause.EQUITY_RAISED: ("planned_equity_raise_musd_per_year",),
    Cause.OPERATING_COST: ("fixed_cost_musd_per_year",),
    Cause.CAPITAL_SPENDING: ("build_to_complete_musd",),
}
#: What a cause adds up over: table, link to whom it belongs, flow of a month, and the figures of an item.
_ITEMS = {
    Cause.CONTRACT_REVENUE: ("contracts", "contracts.seller", "contracts.bill", ("rent_usd_per_hour", "units")),
    Cause.COMPUTE_COST: ("contracts", "contracts.buyer", "contracts.bill", ("rent_usd_per_hour", "units")),
    Cause.LEASE_REVENUE: ("leases", "leases.landlord", "leases.due", ("rent_musd_per_year",)),
    Cause.LEASE_COST: ("leases", "leases.tenant", "leases.due", ("rent_musd_per_year",)),
    Cause.INTEREST: ("facilities", "facilities.borrower", "facilities.interest", ("rate_or_spread",)),
    Cause.PRINCIPAL: ("facilities", "facilities.borrower", "facilities.principal", ("drawn_musd",)),
    Cause.MATURITY: ("facilities", "facilities.borrower", "facilities.maturing", ("drawn_musd", "maturity")),
}


@dataclass(frozen=True)
class Part:
    """What one cause has to do with a break.

    Parameters
    ----------
    cause
        Name of a `Cause`, or of a lender's borrower.
    first_musd, last_musd
        Flow in month 1 and in the last month, USD m; nothing for a lender's borrowers.
    worse_musd
        How much less came in, or more went out, than in month 1, over the months before the last; for a lender, its
        losses on the borrower.
    shortfall_musd
        Its part of the shortfall; the parts sum to it.
    """

    cause: str
    first_musd: float
    last_musd: float
    worse_musd: float
    shortfall_musd: float


@dataclass(frozen=True)
class Moment:
    """Where an entity stood at the end of a month; sums in USD m.

    Parameters
    ----------
    month, date
        Months after the as-of month, and the calendar month.
    cash_musd, buffer_musd
        Cash, and the cash below which the entity acts before it must.
    debt_musd, equity_musd
        Balances owed; value of equity.
    income_musd, ebitda_musd, service_musd
        Of the month: income, what is left before debt service, and debt service without maturities; None at month 0.
    rent_usd, openness
        Reference rent per unit-hour; funding openness.
    headroom
        Smallest headroom of its covenants in force, over the threshold; None without one.
    """

    month: int
    date: str
    cash_musd: float
    buffer_musd: float
    debt_musd: float
    equity_musd: float
    income_musd: float | None
    ebitda_musd: float | None
    service_musd: float | None
    rent_usd: float
    openness: float
    headroom: float | None


@dataclass(frozen=True)
class Source:
    """A figure of the book on which the story rests, and how well it is known.

    Parameters
    ----------
    table, row, column
        Where it stands.
    book, drawn
        What the book says, and what was drawn on this path.
    unit
        Of both; empty for months.
    grade, as_of, source, title
        How well it is known, for when, and the document.
    weight_musd
        How much of the story rests on it.
    """

    table: str
    row: str
    column: str
    book: float | str
    drawn: float | str
    unit: str
    grade: str
    as_of: str
    source: str
    title: str
    weight_musd: float


@dataclass(frozen=True)
class Story:
    """What happened to an entity on a path, up to its break or to the month in which it came nearest to one.

    Parameters
    ----------
    entity, name, layer
        Id, name as people know it, and layer.
    path, draw
        Number of the path; draw of the uncertain figures on it.
    broke
        Whether it broke.
    month, date
        Of its break, or of its least headroom.
    trigger
        Name of the `Trigger`.
    headroom
        Cash over its buffer, or a lender's share of capital left, at the end of that month.
    shortfall_musd
        What it could not pay; of a lender, losses beyond its capital.
    causes
        What took the money; largest first.
    events
        What happened, in order.
    course
        Where it stood, at some months.
    sources
        Figures of the book behind events and causes; what matters most first.
    partners
        The same for those whose breaks it felt, as far as the depth goes.
    """

    entity: str
    name: str
    layer: str
    path: int
    draw: int
    broke: bool
    month: int
    date: str
    trigger: str
    headroom: float
    shortfall_musd: float
    causes: tuple[Part, ...]
    events: tuple[Event, ...]
    course: tuple[Moment, ...]
    sources: tuple[Source, ...]
    partners: tuple[Story, ...]


def tell(replay: Replay, position: int, depth: int = 1, told: frozenset[int] = frozenset()) -> Story:
    """Tell what happened to an entity on a replayed path.

    Parameters
    ----------
    replay
        The path.
    position
        Of the entity.
    depth
        1 tells the entity, 2 also those whose breaks it felt, 3 theirs, and so on.
    told
        Entities that are told already.
    """
    economy, as_of = replay.economy, replay.setting.question.book.as_of
    month = int(replay["entities.break_month"][-1, position])
    broke = month > 0
    if not broke:
        month = 1 + int(np.argmin(replay["headroom"][1:, position]))
    view = View(replay, position, month)
    events = sorted([*trade_events(view), *debt_events(view)], key=lambda event: event.month)
    causes = parts(view)
    entity = economy.entities[position]
    trigger = int(replay["entities.break_trigger"][month, position])
    return Story(
        entity=entity,
        name=replay.setting.labels[entity],
        layer=economy.layers[position],
        path=replay.path,
        draw=replay.draw,
        broke=broke,
        month=month,
        date=month_at(month, as_of),
        trigger=Trigger(trigger).name.lower(),
        headroom=float(replay["headroom"][month, position]),
        shortfall_musd=shortfall(view),
        causes=causes,
        events=tuple(events),
        course=tuple(_course(view, as_of)),
        sources=_sources(view, events, causes),
        partners=_partners(view, events, depth, told | {position}),
    )


def _partners(view: View, events: list[Event], depth: int, told: frozenset[int]) -> tuple[Story, ...]:
    if depth <= 1:
        return ()
    names = view.replay.economy.entities
    partners = [names.index(event.values["partner"]) for event in events if event.kind.endswith("_broke")]
    broken = [p for p in partners if p not in told and view["entities.break_month"][view.last, p] > 0]
    return tuple(tell(view.replay, partner, depth - 1, told | set(broken)) for partner in broken)


def shortfall(view: View) -> float:
    """Return what an entity could not pay in the month of its break, USD m; of a lender, losses beyond its capital."""
    if view["entities.break_month"][view.last, view.position] != view.last:
        return 0.0
    if view.link("entities.layer")[view.position] == LENDER:
        lost = float(view["entities.lost"][view.last, view.position])
        return lost - float(view.figure("entities.capital")[view.position])
    return float(view["entities.shortfall"][view.last, view.position])


def parts(view: View) -> tuple[Part, ...]:
    """Split the shortfall over its causes, in proportion to what each took since month 1; largest first.

    That is the rule by which a run keeps the three largest. Where nothing got worse, the whole is without a cause.

    Parameters
    ----------
    view
        An entity on a path.
    """
    flows = _losses_by_borrower(view) if view.link("entities.layer")[view.position] == LENDER else _flows(view)
    total = sum(max(worse, 0.0) for _, _, _, worse in flows)
    missing = shortfall(view)
    found = [
        Part(name, first, last, worse, max(worse, 0.0) / total * missing if total > 0.0 else 0.0)
        for name, first, last, worse in flows
        if first or last or worse
    ]
    if missing > 0.0 and not total > 0.0:
        found.append(Part(Cause.NONE.name.lower(), 0.0, 0.0, 0.0, missing))
    return tuple(sorted(found, key=lambda part: (-part.shortfall_musd, -part.worse_musd)))


Flow = tuple[str, float, float, float]


def _flows(view: View) -> list[Flow]:
    """Return every cause with its flow in month 1 and in the last month, and what got worse before that month."""
    count = len(view.link("entities.layer"))
    rows = {cause: cause * count + view.position for cause in Cause if cause != Cause.NONE}
    now, worse = view["causes.now"], view["causes.drift"][view.last]
    return [
        (cause.name.lower(), float(now[1, row]), float(now[view.last, row]), float(worse[row]))
        for cause, row in rows.items()
    ]


def _losses_by_borrower(view: View) -> list[Flow]:
    """Split a lender's losses of every month over borrowers, by what of its claims on them was written off.

    Its part in the new loans of the syndicate reaches it a month later.
    """
    holder, facility = view.link("claims.holder"), view.link("claims.facility")
    syndicate = len(view.replay.economy.entities)
    written = view["facilities.written_off"][:, facility] * view.figure("claims.share")
    felt = written * (holder == view.position)
    felt[1:] += written[:-1] * (holder == syndicate) * view["entities.capital_share"][0, view.position]
    booked = np.diff(view["entities.lost"][: view.last + 1, view.position])
    borrower = view.account("facilities.borrower")[facility]
    found: dict[str, float] = {}
    for month, loss in enumerate(booked, start=1):
        total = felt[month].sum()
        by_borrower = np.bincount(borrower, felt[month]) / total if total > 0.0 else np.zeros(0)
        for position in np.flatnonzero(by_borrower).tolist():
            name = view.name(position)
            found[name] = found.get(name, 0.0) + float(loss * by_borrower[position])
        if loss and not total > 0.0:
            found[_OTHERS] = found.get(_OTHERS, 0.0) + float(loss)
    return [(name, 0.0, 0.0, loss) for name, loss in found.items()]


def _course(view: View, as_of: str) -> Iterator[Moment]:
    """Yield where the entity stood at evenly spaced months up to the last."""
    covenants = [
        covenant
        for covenant, facility in enumerate(view.link("covenants.facility").tolist())
        if view.account("facilities.borrower")[facility] == view.position and view.link("covenants.active")[covenant]
    ]
    owed = view["facilities.balance"][:, view.link("covenants.facility")]
    for month in np.unique(np.linspace(0, view.last, _MOMENTS).round().astype(int)).tolist():
        tested = [covenant for covenant in covenants if month and owed[month - 1, covenant] > 0.0]
        room = view["covenants.headroom"][month, tested]

        def at(name: str, month: int = month) -> float:
            return float(view[name][month, view.position])

        yield Moment(
            month=month,
            date=month_at(month, as_of),
            cash_musd=at("entities.cash"),
            buffer_musd=at("buffer"),
            debt_musd=at("entities.debt"),
            equity_musd=at("entities.equity"),
            income_musd=at("entities.income") if month else None,
            ebitda_musd=at("entities.ebitda") if month else None,
            service_musd=at("entities.scheduled_due") if month else None,
            rent_usd=exp(view["world.log_rent"][month]),
            openness=float(view["world.openness"][month]),
            headroom=float(room.min()) if room.size else None,
        )


def _sources(view: View, events: list[Event], causes: tuple[Part, ...]) -> tuple[Source, ...]:
    """Return the figures behind events and causes, each once, those on which most rests first."""
    weights: dict[Place, float] = {}
    for place, weight in _weighted(view, events, causes):
        weights[place] = max(weights.get(place, 0.0), weight)
    book = view.replay.setting.question.book
    known = [place for place, weight in weights.items() if weight > 0.0 and place in book.provenance]
    return tuple(_source(view, place, weights[place]) for place in sorted(known, key=lambda place: -weights[place]))


def _weighted(view: View, events: list[Event], causes: tuple[Part, ...]) -> Iterator[tuple[Place, float]]:
    own = view.name(view.position)
    cash = view["entities.cash"][0, view.position]
    yield ("entities", own, "cash_musd"), float(cash)
    for event in events:
        for place in event.figures:
            yield place, event.musd
    codes = {cause.name.lower(): cause for cause in Cause}
    for part in causes:
        weight, cause = max(part.worse_musd, 0.0), codes.get(part.cause, Cause.NONE)
        for column in _OWN_FIGURES.get(cause, ()):
            yield ("entities", own, column), weight
        yield from _largest_items(view, cause, weight)


def _largest_items(view: View, cause: Cause, weight: float) -> Iterator[tuple[Place, float]]:
    """Yield the figures of the few items that make up most of a cause."""
    if cause not in _ITEMS:
        return
    table, link, flow, columns = _ITEMS[cause]
    keys = view.replay.setting.question.book.table(table).keys
    sums: NDArray = view[flow][1 : view.last + 1].sum(axis=0)
    mine = [item for item in view.mine(link) if item < len(keys) and sums[item] > 0.0]
    total = sums[mine].sum()
    for item in sorted(mine, key=lambda item: -sums[item])[:_LARGEST]:
        for column in columns:
            yield (table, keys[item], column), float(weight * sums[item] / total)


def _source(view: View, place: Place, weight: float) -> Source:
    table, key, column = place
    setting = view.replay.setting
    book, rules = setting.question.book, schema()[table].by_name[column]
    known, row = book.provenance[place], book.table(table).rows[book.table(table).index[key]]
    drawn = float(setting.figures.array(table, column)[book.table(table).index[key], view.replay.draw])
    return Source(
        table=table,
        row=key,
        column=column,
        book=row[column],
        drawn=month_at(int(drawn), book.as_of) if rules.type == "month" else drawn,
        unit=str(row["unit"]) if rules.unit == "see unit" else rules.unit,
        grade=known.grade,
        as_of=known.as_of,
        source=known.source,
        title=book.sources[known.source].title,
        weight_musd=weight,
    )
