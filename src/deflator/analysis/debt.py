"""What becomes of debt on simulated paths: what falls due, who refinances it, and how far covenants are from a breach.

In every month and on every path, what falls due is refinanced, extended, converted or called in cash, and nothing else;
and balances roll forward: opening plus drawn less repaid, written off and converted is closing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.maturities import Wall, maturity_wall
from deflator.analysis.monthly import follow, frame_of, quantiles
from deflator.analysis.probability import Estimate, Probability, by_draw, estimate, probability
from deflator.analysis.replay import Floats, Setting, headrooms
from deflator.engine.layout import LENDER, TESTS
from deflator.engine.record import Record
from deflator.ensemble import Progress

#: What happens to debt in a month, USD m; `balance` is at its end.
FLOWS = ("balance", "drawn", "repaid", "written_off", "converted", "due", "refinanced", "refinanced_early", "extended",
         "called")  # fmt: skip
NEW_LOANS = "new_loans"
#: Headroom of which nobody has to know more: a hundred times the threshold.
AMPLE = 100.0
#: A loan that falls due is sought whole, before that by a half at most.
_WHOLE = 0.75


@dataclass(frozen=True, eq=False)
class Room:
    """How far a covenant, or a firm's cash, is from trouble, by month.

    Parameters
    ----------
    name, entity
        Key of the covenant (facility, test and case) or id of the firm; who owes.
    facility, test, threshold
        Of a covenant; `cash` and one for a firm's cash over the buffer at which it acts; `capital` and zero for the
        share of its capital that a lender has left.
    q05, median, q95
        Quantiles over the paths on which it is in force, shape [T + 1]; NaN where there are none. For a covenant the
        distance from the threshold over the threshold, below zero in breach; for a firm cash over buffer. Beyond
        `AMPLE` it is told as that.
    in_force
        Share of paths on which something is owed under it, shape [T + 1]; for a firm, on which it has not broken.
    short
        Share of all paths on which it is below zero (a firm: below one) in the month, with range and error.
    """

    name: str
    entity: str
    facility: str
    test: str
    threshold: float
    q05: Floats
    median: Floats
    q95: Floats
    in_force: Floats
    short: tuple[Probability, ...]


@dataclass(frozen=True, eq=False)
class Debt:
    """Debt on many paths.

    Parameters
    ----------
    setting
        What was asked.
    wall
        What falls due by the terms of the book.
    paths
        Paths that are counted.
    flows
        By name of `FLOWS`: mean of all debt with range and error, one element for each month 0 to T.
    by_holder, by_borrower
        By id and name of `FLOWS`: means, shape [T + 1]. `new_loans` is the account of loans that are made on the way.
    covenants, firms
        Headroom of every covenant in force and of every firm that can break.
    """

    setting: Setting
    wall: Wall
    paths: int
    flows: Mapping[str, tuple[Estimate, ...]]
    by_holder: Mapping[str, Mapping[str, Floats]]
    by_borrower: Mapping[str, Mapping[str, Floats]]
    covenants: tuple[Room, ...]
    firms: tuple[Room, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each month and flow of all debt, USD m."""
        return frame_of(self.flows, "flow", "value_musd").select("month", pl.exclude("month"))

    def headroom_frame(self) -> pl.DataFrame:
        """Return a row for each month of each covenant and firm: quantiles, share in force, share below."""
        rows = [
            {"name": room.name, "entity": room.entity, "test": room.test, "month": month, "q05": room.q05[month],
             "median": room.median[month], "q95": room.q95[month], "in_force": room.in_force[month],
             "short": room.short[month].value, "mc_error": room.short[month].mc_error}
            for room in (*self.covenants, *self.firms)
            for month in range(1, len(room.median))
        ]  # fmt: skip
        words: dict[str, Any] = dict.fromkeys(("name", "entity", "test"), pl.String)
        figures: dict[str, Any] = dict.fromkeys(("q05", "median", "q95", "in_force", "short", "mc_error"), pl.Float64)
        return pl.DataFrame(rows, words | {"month": pl.Int32} | figures)


def debt_outlook(
    setting: Setting, paths: int | None = None, progress: Progress | None = None, threads: int | None = None
) -> Debt:
    """Follow all debt month by month: the wall by terms, what becomes of it, and the headroom of every covenant.

    Parameters
    ----------
    setting
        From `prepare`.
    paths
        Paths to follow; those of the question when None.
    progress
        Told the paths done and the paths asked for.
    threads
        Threads to use; they change no result.

    Raises
    ------
    RunError
        When every path fails.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> found = debt_outlook(prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=16, draws=4)))
    >>> due = sum(one.value for one in found.flows["due"])
    >>> parts = ("refinanced", "extended", "converted", "called")
    >>> abs(sum(one.value for part in parts for one in found.flows[part]) - due) < 1e-3 * due
    True
    """
    follower = _Follower(setting)
    seen, good = follow(setting, follower.keep, paths, threads, progress)
    draw = good % setting.economy.draws
    chance = setting.question.chance
    whole = seen["borrowers"].sum(axis=2, dtype=np.float64)
    return Debt(
        setting=setting,
        wall=maturity_wall(setting),
        paths=int(good.size),
        flows={
            name: tuple(estimate(*by_draw(values, draw), chance) for values in whole[:, place])
            for place, name in enumerate(FLOWS)
        },
        by_holder=_means(follower.holders, seen["holders"]),
        by_borrower=_means(follower.borrowers, seen["borrowers"]),
        covenants=tuple(follower.covenants_of(seen, draw)),
        firms=tuple(follower.firms_of(seen, draw)),
    )


def _means(names: tuple[str, ...], seen: NDArray[np.float32]) -> dict[str, dict[str, Floats]]:
    """Return means over paths by name and flow, shape [T + 1]; those without any debt are left out."""
    mean = seen.mean(axis=-1, dtype=np.float64)
    there = [at for at in range(len(names)) if mean[:, :, at].any()]
    order = sorted(there, key=lambda at: (-float(mean[0, 0, at]), -float(mean[:, 0, at].max()), names[at]))
    return {names[at]: {flow: mean[:, place, at] for place, flow in enumerate(FLOWS)} for at in order}


class _Follower:
    """What is kept of every month, and what is made of it."""

    def __init__(self, setting: Setting) -> None:
        economy = setting.economy
        links = economy.links
        self._setting, self._economy = setting, economy
        count = len(economy.entities)
        names = (*economy.entities, NEW_LOANS)
        borrower = links["entities.account"][links["facilities.borrower"]]
        self.borrowers, self._by_borrower = _groups(borrower, names)
        self.holders, self._by_holder = _groups(links["claims.holder"], names)
        self._claim_order = np.argsort(links["claims.holder"], kind="stable")
        self._facility_order = np.argsort(borrower, kind="stable")
        self._borrower = borrower
        self._active = np.flatnonzero(links["covenants.active"])
        self._firms = np.flatnonzero(links["entities.can_default"][:count])

    def keep(self, month: int, block: Record) -> dict[str, NDArray]:
        """Return the flows of debt and the headrooms of a month, as single-precision numbers."""
        flows = _flows(month, block)
        claims = block.claims
        held = flows[:, claims.facility[self._claim_order]] * claims.share[self._claim_order]
        owed = flows[:, self._facility_order]
        v = self._active
        facility = block.covenants.facility[v]
        in_force = block.facilities.balance[facility] > 0.0
        standing = block.entities.broken_share[self._firms] < 1.0
        return {
            "holders": np.add.reduceat(held, self._by_holder, axis=1).astype(np.float32),
            "borrowers": np.add.reduceat(owed, self._by_borrower, axis=1).astype(np.float32),
            "covenants": _bounded(block.covenants.headroom[v], in_force & (month > 0)),
            "firms": _bounded(headrooms(block)[self._firms], standing),
        }

    def covenants_of(self, seen: Mapping[str, NDArray], draw: NDArray[np.int64]) -> list[Room]:
        """Return the headroom of every covenant in force."""
        economy, links = self._economy, self._economy.links
        keys = self._setting.question.book_used.table("covenants").keys
        threshold = economy.figures[economy.rows["covenants.threshold"]].mean(axis=1)
        found = []
        for place, v in enumerate(self._active.tolist()):
            facility = links["covenants.facility"][v]
            named: dict[str, Any] = {
                "name": keys[v], "entity": economy.entities[self._borrower[facility]],
                "facility": economy.facilities[facility], "test": TESTS[links["covenants.test"][v]],
                "threshold": float(threshold[v]),
            }  # fmt: skip
            found.append(self._room(named, seen["covenants"][:, place], 0.0, draw))
        return found

    def firms_of(self, seen: Mapping[str, NDArray], draw: NDArray[np.int64]) -> list[Room]:
        """Return the headroom of every firm's cash, and of every lender's capital."""
        economy = self._economy
        found = []
        for place, i in enumerate(self._firms.tolist()):
            lends = economy.links["entities.layer"][i] == LENDER
            least = 0.0 if lends else 1.0
            name = economy.entities[i]
            named: dict[str, Any] = {"name": name, "entity": name, "facility": "",
                                     "test": "capital" if lends else "cash", "threshold": least}  # fmt: skip
            found.append(self._room(named, seen["firms"][:, place], least, draw))
        return found

    def _room(self, named: Mapping[str, Any], room: NDArray[np.float32], least: float, draw: NDArray[np.int64]) -> Room:
        q05, middle, q95 = quantiles(room)
        known = ~np.isnan(room)
        chance = self._setting.question.chance
        below = known & (np.nan_to_num(room, nan=np.inf) < least)
        short = tuple(probability(*by_draw(values, draw), chance) for values in below)
        return Room(**named, q05=q05, median=middle, q95=q95, in_force=known.mean(axis=1), short=short)


def _groups(of: NDArray[np.int64], names: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names that occur, by position, and where each begins when the items are sorted."""
    positions, first = np.unique(np.sort(of), return_index=True)
    return tuple(names[at] for at in positions.tolist()), first


def _bounded(room: Floats, known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return headrooms in single precision, none of them beyond `AMPLE`, and NaN where they do not count."""
    return np.where(known, np.clip(room, -AMPLE, AMPLE), np.nan).astype(np.float32)


def _flows(month: int, block: Record) -> Floats:
    """Return what happened to every facility in a month, by `FLOWS`; shape [flow, facility, lane]."""
    f = block.facilities
    if month == 0:
        found = np.zeros((len(FLOWS), *f.balance.shape))
        found[0] = f.balance
        return found
    fell_due = f.maturing > _WHOLE * (f.opening + f.drawn)
    fell_due &= f.maturing > 0.0
    rest = np.where(fell_due, f.maturing - f.refinanced, 0.0)
    converted = f.converted > 0.0
    extended = np.where(converted | (f.until <= month), 0.0, rest)
    called = np.where(converted, 0.0, rest) - extended
    return np.stack([
        f.balance, f.drawn, f.repaid, f.written_off, f.converted, np.where(fell_due, f.maturing, 0.0),
        np.where(fell_due, f.refinanced, 0.0), np.where(fell_due, 0.0, f.refinanced), extended, called,
    ])  # fmt: skip
