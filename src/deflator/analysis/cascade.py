"""How trouble travels: who is bound to whom at month 0, which share has broken by when, and one path of it.

Exposures are those of the book: a year of every contract and lease, drawn principal of every loan, and what guarantors
answer for. The average is taken over many paths; the path shows one of them, payment by payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.choose_path import Chosen, middle_path
from deflator.analysis.debt import AMPLE
from deflator.analysis.monthly import follow, frame_of, quantiles
from deflator.analysis.probability import Probability, by_draw, probability
from deflator.analysis.replay import Floats, Replay, Setting, headrooms, replay
from deflator.book import Book
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.layout import HOURS_PER_YEAR, MILLION, TOLD
from deflator.engine.record import Record
from deflator.ensemble import Progress

CONTRACT, LEASE, DEBT, GUARANTEE = "contract", "lease", "debt", "guarantee"
KINDS = (CONTRACT, LEASE, DEBT, GUARANTEE)
_NOTABLE = 0.01  # USD m


@dataclass(frozen=True)
class Exposure:
    """What one entity owes another, or is bound to pay it.

    Parameters
    ----------
    payer, payee
        Ids: buyer and seller, tenant and landlord, borrower and holder, guarantor and who is protected.
    kind
        One of `KINDS`.
    name
        Contract, lease or facility.
    musd
        USD m a year for a contract or lease; USD m of drawn principal for a loan; of a guarantee, what it covers.
    runs
        Whether it runs, or is drawn, at the as-of month; others start later.
    start, end
        Months YYYY-MM; a loan ends at its maturity.
    """

    payer: str
    payee: str
    kind: str
    name: str
    musd: float
    runs: bool
    start: str
    end: str


@dataclass(frozen=True)
class Break:
    """A break on one path.

    Parameters
    ----------
    entity, month
        Who, and in which month after the as-of month.
    trigger
        Name of a `Trigger`.
    share
        Share of it that had broken by the end of the month; below one for a cohort.
    causes
        Names of the causes with the largest parts of the shortfall, and those parts, USD m.
    """

    entity: str
    month: int
    trigger: str
    share: float
    causes: Mapping[str, float]


@dataclass(frozen=True)
class Missed:
    """A payment of one path that was not made in full.

    Parameters
    ----------
    month, payer, payee
        Months after the as-of month; ids.
    category
        Name of a `Category`.
    due_musd, missed_musd
        What was due, and what of it was not paid, USD m.
    """

    month: int
    payer: str
    payee: str
    category: str
    due_musd: float
    missed_musd: float


@dataclass(frozen=True, eq=False)
class PathTold:
    """One path, month by month.

    Parameters
    ----------
    path, draw
        Its number, and the draw of what is not known on it.
    chosen
        Why this path: the entity whose breaks it is the middle of, and how many there are; None when it was asked for.
    chosen_for
        Id of that entity; empty when the path was asked for.
    breaks
        In order.
    missed
        Payments that were missed, in order.
    broken
        Share of each entity that has broken, shape [T + 1, entity].
    headroom
        Of each entity, shape [T + 1, entity], as in `replay.headrooms`; beyond `AMPLE` told as that.
    rent
        Of the reference equipment, USD per unit-hour, shape [T + 1].
    """

    path: int
    draw: int
    chosen: Chosen | None
    chosen_for: str
    breaks: tuple[Break, ...]
    missed: tuple[Missed, ...]
    broken: Floats
    headroom: Floats
    rent: Floats


@dataclass(frozen=True, eq=False)
class Cascade:
    """How trouble travels through a book.

    Parameters
    ----------
    setting
        What was asked.
    paths
        Paths that are counted.
    entities
        Ids, in the order of the book.
    exposures
        Who is bound to whom at month 0.
    broken
        By entity: mean share of it that has broken by the end of each month, with range and error; shape [T + 1].
    headroom
        By entity that can break: quantiles 5, 50 and 95 % of its headroom over the paths on which it stands, shape
        [3, T + 1]; NaN where there are none.
    told
        One path.
    """

    setting: Setting
    paths: int
    entities: tuple[str, ...]
    exposures: tuple[Exposure, ...]
    broken: Mapping[str, tuple[Probability, ...]]
    headroom: Mapping[str, Floats]
    told: PathTold

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each entity and month: the share that has broken, range and error."""
        return frame_of(self.broken, "entity", "broken")

    def exposure_frame(self) -> pl.DataFrame:
        """Return a row for each exposure."""
        return pl.DataFrame([vars(one) for one in self.exposures], infer_schema_length=None)


def exposures(book: Book) -> tuple[Exposure, ...]:
    """Return who is bound to whom at the as-of month of a book.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> book = load_book("ai-2026-02")
    >>> debt = sum(one.musd for one in exposures(book) if one.kind == DEBT)
    >>> abs(debt - sum(row["drawn_musd"] for row in book.table("facilities").rows)) < 1e-6 * debt
    True
    """
    return (*_contracts(book), *_leases(book), *_loans(book))


def _contracts(book: Book) -> Iterator[Exposure]:
    for row in book.table("contracts").rows:
        musd = row["units"] * row["rent_usd_per_hour"] * HOURS_PER_YEAR / MILLION
        runs = book.month(row["start"]) <= 0 < book.month(row["end"])
        kind = GUARANTEE if row["kind"] == "backstop" else CONTRACT
        yield Exposure(row["buyer"], row["seller"], kind, row["contract"], musd, runs, row["start"], row["end"])


def _leases(book: Book) -> Iterator[Exposure]:
    for row in book.table("leases").rows:
        runs = book.month(row["start"]) <= 0 < book.month(row["end"])
        rest = (row["lease"], row["rent_musd_per_year"], runs, row["start"], row["end"])
        yield Exposure(row["tenant"], row["landlord"], LEASE, *rest)
        if row["guarantor"] not in (None, row["tenant"]):
            yield Exposure(row["guarantor"], row["landlord"], GUARANTEE, *rest)


def _loans(book: Book) -> Iterator[Exposure]:
    facilities = book.table("facilities")
    for row in book.table("holdings").rows:
        if row["instrument"] != "debt":
            continue
        loan = facilities.rows[facilities.index[row["issuer_or_facility"]]]
        musd = row["share_or_musd"] * loan["drawn_musd"]
        rest = (loan["facility"], musd, loan["drawn_musd"] > 0.0, loan["issue"], loan["maturity"])
        yield Exposure(loan["borrower"], row["holder"], DEBT, *rest)
        if loan["guarantor"] not in (None, loan["borrower"]):
            yield Exposure(loan["guarantor"], row["holder"], GUARANTEE, *rest)


def cascade(
    setting: Setting,
    path: int | None = None,
    paths: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Cascade:
    """Follow breaks through the network, on average and on one path.

    Parameters
    ----------
    setting
        From `prepare`.
    path
        The path that is told. The middle path of the entity that breaks on most paths when None; where nobody breaks,
        path 0.
    paths
        Paths of the average; those of the question when None.
    progress, threads
        As for `trials.watch`.

    Raises
    ------
    RunError
        When every path fails, or the one that is told.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> found = cascade(prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=16, draws=4)))
    >>> all(later.value >= sooner.value for months in found.broken.values()
    ...     for sooner, later in zip(months, months[1:]))
    True
    """
    economy, chance = setting.economy, setting.question.chance
    count = len(economy.entities)
    seen, good = follow(setting, lambda _, block: _kept(block, count), paths, threads, progress)
    draw, broken, room = good % economy.draws, seen["broken"], seen["headroom"]
    able = np.flatnonzero(economy.links["entities.can_default"][:count]).tolist()
    return Cascade(
        setting=setting,
        paths=int(good.size),
        entities=economy.entities,
        exposures=exposures(setting.question.book_used),
        broken={economy.entities[i]: _by_month(broken[:, i], draw, chance) for i in able},
        headroom={economy.entities[i]: quantiles(np.where(broken[:, i] < 1.0, room[:, i], np.nan)) for i in able},
        told=_told(setting, path, seen["break_month"][-1], good),
    )


def _kept(block: Record, count: int) -> dict[str, NDArray]:
    entities = block.entities
    return {
        "broken": entities.broken_share[:count].astype(np.float32),
        "headroom": np.clip(headrooms(block)[:count], -AMPLE, AMPLE).astype(np.float32),
        "break_month": entities.break_month[:count].astype(np.int16),
    }


def _by_month(share: NDArray[np.float32], draw: NDArray[np.int64], chance: bool) -> tuple[Probability, ...]:
    """Return the mean share by month; a month like the one before it is not counted again."""
    found: list[Probability] = []
    for month, values in enumerate(share):
        if month and np.array_equal(values, share[month - 1]):
            found.append(found[-1])
        elif not values.any():
            odds = probability(*by_draw(values, draw), chance)
            found.append(odds if month else Probability(0.0, odds.low, odds.high, 0.0))
        else:
            found.append(probability(*by_draw(values, draw), chance))
    return tuple(found)


def _told(setting: Setting, path: int | None, months: NDArray[np.int16], paths: NDArray[np.int64]) -> PathTold:
    """Tell the path that is asked for, or choose one from break months of shape [entity, path]."""
    chosen, chosen_for = None, ""
    if path is None:
        often = int((months > 0).sum(axis=1).argmax())
        broke = months[often] > 0
        path = int(paths[0])
        if broke.any():
            path = middle_path(paths[broke], months[often][broke].astype(np.int64))
            chosen = Chosen(path, int(broke.sum()), int(paths.size))
            chosen_for = setting.economy.entities[often]
    found = replay(setting, path)
    count = len(setting.economy.entities)
    return PathTold(
        path=path,
        draw=found.draw,
        chosen=chosen,
        chosen_for=chosen_for,
        breaks=tuple(sorted(_breaks(found), key=lambda one: (one.month, one.entity))),
        missed=tuple(_missed(found)),
        broken=found["entities.broken_share"][:, :count],
        headroom=np.clip(found["headroom"][:, :count], -AMPLE, AMPLE),
        rent=np.exp(found["world.log_rent"]),
    )


def _breaks(found: Replay) -> Iterator[Break]:
    names = found.economy.entities
    for i, name in enumerate(names):
        month = int(found["entities.break_month"][-1, i])
        if not month:
            continue
        rows = range(i * TOLD, (i + 1) * TOLD)
        causes = {
            Cause(int(found["stories.cause"][-1, row])).name.lower(): float(found["stories.musd"][-1, row])
            for row in rows
            if found["stories.cause"][-1, row]
        }
        trigger = Trigger(int(found["entities.break_trigger"][-1, i])).name.lower()
        yield Break(name, month, trigger, float(found["entities.broken_share"][month, i]), causes)


def _missed(found: Replay) -> Iterator[Missed]:
    """Yield payments that were not made in full, added up by month, payer, payee and category."""
    links, names = found.economy.links, found.economy.entities
    group = np.repeat(np.arange(len(links["network.group_payer"])), np.diff(links["network.group_ofs"]))
    payer, payee, kind = links["network.group_payer"][group], links["network.payee"], links["network.kind"]
    due = found["network.due"]
    missed = due * (1.0 - found["payments.ratio"][:, group])
    for month in range(1, due.shape[0]):
        sums: dict[tuple[int, int, int], list[float]] = {}
        for edge in np.flatnonzero(missed[month] > _NOTABLE).tolist():
            both = sums.setdefault((int(payer[edge]), int(payee[edge]), int(kind[edge])), [0.0, 0.0])
            both[0] += float(due[month, edge])
            both[1] += float(missed[month, edge])
        for (one, other, code), (owed, lost) in sorted(sums.items(), key=lambda item: -item[1][1]):
            if one < len(names) and other < len(names):
                yield Missed(month, names[one], names[other], Category(code).name.lower(), owed, lost)
