"""Red lines: the rent below which a firm, a covenant, a firm's liquidity or a layer breaks on half of the paths.

The rent is pinned from a month on, at one level after another; all else is drawn as ever, with the same numbers at
every level. One level answers for everything at once, so all red lines are sought on one grid of rents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import layer_break
from deflator.analysis.cost_lines import CostLine, cost_lines
from deflator.analysis.counts import OBLIGORS, layers_of
from deflator.analysis.crossing import Counted, Crossing, by_draw, explore, locate
from deflator.analysis.replay import Setting, buffers
from deflator.analysis.trials import varied, watch
from deflator.analysis.words import per_cent
from deflator.book import Book
from deflator.book.months import is_month, month_at
from deflator.engine import Status
from deflator.engine.layout import LENDER, USE_OF_PROCEEDS
from deflator.engine.record import Record
from deflator.ensemble import Progress, entity_table
from deflator.errors import Fault, RunError
from deflator.messages import text

#: Months of the pin by whose end a thing breaks.
HORIZONS = (12, 24)
#: Lowest and highest rent tried, over the rent of the as-of month.
LOWEST, HIGHEST = 0.02, 4.0
_FIRST, _TOLERANCE = 9, 0.03

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Thing:
    """What can break.

    Parameters
    ----------
    kind
        `entity`, `layer`, `covenant` or `liquidity`.
    label
        Id of the entity, name of the layer, or facility and test of the covenant.
    entity
        Who breaks or owes; None for a layer.
    """

    kind: str
    label: str
    entity: str | None


@dataclass(frozen=True)
class RedLine:
    """The rent below which a thing breaks within some months on at least half of the paths.

    Parameters
    ----------
    thing
        What breaks.
    months
        Months of pinned rent.
    status
        `solved`; else why there is no red line: `never` and `always` (at any rent tried), `rises` (it breaks when
        rents are dear), `bands` (between rents), `gone` (broken before the pin on every path), `beyond` (the book
        ends before), `alone` (a layer of one obligor), `unmeasured` (a test that the engine does not measure).
    crossing
        Root, error, bracket, range and ends in USD per reference unit-hour; None where nothing could be tried.
    headroom_usd_per_hour, headroom_share
        Rent of the as-of month less the red line, and that over the rent; below zero the line is crossed.
    """

    thing: Thing
    months: int
    status: str
    crossing: Crossing | None
    headroom_usd_per_hour: float | None
    headroom_share: float | None


@dataclass(frozen=True, eq=False)
class RedLines:
    """Red lines of everything that can break, and what units cost beside them.

    Parameters
    ----------
    setting
        What was asked.
    pinned_from
        First month of pinned rent, YYYY-MM.
    spot_usd_per_hour
        Rent of the reference equipment at the as-of month.
    rents
        Rents tried, USD per unit-hour, ascending.
    lines
        Everything that can break, at both horizons.
    costs
        Costs and contract rents as reference rents.
    """

    setting: Setting
    pinned_from: str
    spot_usd_per_hour: float
    rents: tuple[float, ...]
    lines: tuple[RedLine, ...]
    costs: tuple[CostLine, ...]

    def of(self, entity: str) -> RedLines:
        """Return the part of the answer that concerns one entity.

        Raises
        ------
        RunError
            With all reasons, when none of its red lines lies between the rents tried.
        """
        lines = tuple(line for line in self.lines if line.thing.entity == entity)
        if all(line.status != "solved" for line in lines):
            raise RunError(Fault("", 0, f"{line.thing.label}, {line.months} months", reason(line, self.rents))
                           for line in lines)  # fmt: skip
        return replace(self, lines=lines, costs=tuple(cost for cost in self.costs if cost.entity == entity))

    def to_frame(self) -> pl.DataFrame:
        """Return one row for each red line and each reason why there is none; rents in USD per unit-hour."""
        rows = [_row(line, self.rents) for line in self.lines]
        return pl.DataFrame(rows, _SCHEMA)


_SCHEMA: dict[str, Any] = {
    "kind": pl.String, "label": pl.String, "entity": pl.String, "months": pl.Int16, "status": pl.String,
    "rent_usd_per_hour": pl.Float64, "mc_error": pl.Float64, "likely_low": pl.Float64, "likely_high": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "bracket_low": pl.Float64, "bracket_high": pl.Float64,
    "headroom_usd_per_hour": pl.Float64, "headroom_share": pl.Float64, "share_at_lowest": pl.Float64,
    "share_at_highest": pl.Float64, "monotone": pl.Boolean, "largest_rise": pl.Float64, "reason": pl.String,
}  # fmt: skip


def _row(line: RedLine, rents: Sequence[float]) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(_SCHEMA)
    row |= {"kind": line.thing.kind, "label": line.thing.label, "entity": line.thing.entity, "months": line.months,
            "status": line.status, "headroom_usd_per_hour": line.headroom_usd_per_hour,
            "headroom_share": line.headroom_share}  # fmt: skip
    row["reason"] = None if line.status == "solved" else reason(line, rents)
    found = line.crossing
    if found is None:
        return row
    pairs = {"likely": found.likely, "": found.range, "bracket": found.bracket}
    for name, pair in pairs.items():
        ends = ("low", "high") if not name else (f"{name}_low", f"{name}_high")
        row |= dict(zip(ends, pair or (None, None), strict=True))
    return row | {"rent_usd_per_hour": found.root, "mc_error": found.error, "share_at_lowest": found.ends[0],
                  "share_at_highest": found.ends[1], "monotone": found.monotone,
                  "largest_rise": found.rise}  # fmt: skip


def reason(line: RedLine, rents: Sequence[float]) -> str:
    """Return in words why there is no red line, and what was tried."""
    found = line.crossing
    if found is None or line.status == "gone":
        return text(f"redlines.reason_{line.status}", months=line.months)
    bands = ", ".join(f"{low:.2f}–{high:.2f}" for low, high in found.bands)
    return text(f"redlines.reason_{line.status}", bands=bands, from_rent=f"{found.bands[0][0]:.2f}" if bands else "",
                low=f"{rents[0]:.2f}", low_share=per_cent(found.ends[0]),
                high=f"{rents[-1]:.2f}", high_share=per_cent(found.ends[1]))  # fmt: skip


def red_lines(
    setting: Setting,
    pinned_from: str | None = None,
    most: int = 32,
    progress: Progress | None = None,
    threads: int | None = None,
) -> RedLines:
    """Find the red lines of everything that can break.

    Parameters
    ----------
    setting
        From `prepare`.
    pinned_from
        First month of pinned rent, YYYY-MM; the month after the as-of month when None. Before it the rent follows the
        scenario, and what broke before it is left out of the count.
    most
        Most rents tried.
    progress
        Told the rents tried and the most there can be.
    threads
        Threads to use; they change no result.

    Raises
    ------
    RunError
        When the month is none, or fewer than 12 months are left from it, or too few rents may be tried.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> asked = Question(load_book("fibre-2001"), load_scenario("base"), paths=64, draws=8)
    >>> found = red_lines(prepare(asked), most=10)
    >>> 9 <= len(found.rents) <= 10
    True
    """
    book = setting.question.book_used
    first = _first_month(book, pinned_from, most)
    trial = _Trial(setting, first, threads)
    rent = float(np.median(setting.economy.figures[setting.economy.rows["equipment.start_rent"]][
        setting.economy.links["world.reference"][0]]))  # fmt: skip
    curves = explore(trial.count, LOWEST * rent, HIGHEST * rent, _FIRST, _TOLERANCE, most, progress)
    crossings = locate(curves, _several(setting), setting.question.seed)
    lines = [
        _line(thing, horizon, crossings[place * len(trial.things) + number], rent)
        for place, horizon in enumerate(trial.horizons)
        for number, thing in enumerate(trial.things)
    ]
    lines += [
        RedLine(thing, horizon, status, None, None, None)
        for horizon in HORIZONS
        for thing, status in (
            *trial.left_out,
            *((thing, "beyond") for thing in trial.things if horizon not in trial.horizons),
        )
    ]
    return RedLines(
        setting,
        month_at(first, book.as_of),
        rent,
        tuple(curves.levels.tolist()),
        tuple(lines),
        tuple(cost_lines(setting)),
    )


def _first_month(book: Book, pinned_from: str | None, most: int) -> int:
    last = month_at(book.months - HORIZONS[0] + 1, book.as_of)
    hint = f"use a month from {month_at(1, book.as_of)} to {last}"
    faults = []
    first = 1
    if pinned_from is not None and not is_month(pinned_from):
        faults.append(Fault("", 0, "--from", f"{pinned_from!r} is not a month YYYY-MM", hint))
    elif pinned_from is not None:
        first = book.month(pinned_from)
    if book.months < HORIZONS[0]:
        faults.append(Fault("", 0, "--book", f"{book.name} has {book.months} months, and a red line needs "
                            f"{HORIZONS[0]}", "use a book with a later horizon"))  # fmt: skip
    elif not faults and not 1 <= first <= book.months - HORIZONS[0] + 1:
        message = f"{pinned_from} leaves no {HORIZONS[0]} months between {book.as_of} and {book.horizon}"
        faults.append(Fault("", 0, "--from", message, hint))
    if most < _FIRST:
        faults.append(Fault("", 0, "--rents", f"{most} rents bracket nothing", f"use a number of at least {_FIRST}"))
    if faults:
        raise RunError(faults)
    return first


def _several(setting: Setting) -> bool:
    return 1 < setting.economy.draws <= setting.question.paths_used // 2


def _line(thing: Thing, months: int, crossing: Crossing, spot: float) -> RedLine:
    if crossing.root is None:
        return RedLine(thing, months, str(crossing.shape), crossing, None, None)
    room = spot - crossing.root
    return RedLine(thing, months, "solved", crossing, room, room / spot)


class _Trial:
    """What is simulated at each rent, and what is counted as a break."""

    def __init__(self, setting: Setting, first: int, threads: int | None) -> None:
        economy, question = setting.economy, setting.question
        links = economy.links
        self._setting, self._first, self._threads = setting, first, threads
        self.horizons = tuple(months for months in HORIZONS if first - 1 + months <= economy.months)
        self._last = first - 1 + max(self.horizons)
        self._entities = np.flatnonzero(links["entities.can_default"][: len(economy.entities)])
        self._firms = self._entities[links["entities.layer"][self._entities] != LENDER]
        active = np.flatnonzero(links["covenants.active"])
        measured = links["covenants.test"][active] != USE_OF_PROCEEDS
        self._covenants = active[measured]
        layers = layers_of(entity_table(question.book, economy))
        self._layers = [layer for layer in layers if layer.independent >= OBLIGORS]
        self.left_out = [
            *((Thing("layer", layer.name, None), "alone") for layer in layers if layer.independent < OBLIGORS),
            *((self._covenant(v), "unmeasured") for v in active[~measured]),
        ]
        self.things = [
            *(Thing("entity", economy.entities[i], economy.entities[i]) for i in self._entities),
            *(Thing("liquidity", economy.entities[i], economy.entities[i]) for i in self._firms),
            *(self._covenant(v) for v in self._covenants),
            *(Thing("layer", layer.name, None) for layer in self._layers),
        ]
        draw = np.arange(question.paths_used) % economy.draws
        self._cure = economy.figures[economy.rows["covenants.cure"]][:, draw]
        self._share = setting.figures.parameter("layer_break_share")[draw]

    def _covenant(self, v: int) -> Thing:
        economy = self._setting.economy
        borrower = economy.links["facilities.borrower"][economy.links["covenants.facility"][v]]
        facility, test, case = self._setting.question.book.table("covenants").keys[v].split("|")
        label = f"{facility} {test}" + ("" if case == "book" else f" ({case})")
        return Thing("covenant", label, economy.entities[economy.links["entities.account"][borrower]])

    def count(self, rent: float) -> Counted:
        """Simulate one pinned rent and count what breaks, by draw; shape [horizon and thing, draw]."""
        setting, first = self._setting, self._first
        level = setting.economy.requests.rent_level.copy()
        level[first:] = rent
        seen = watch(
            varied(setting, requests={"rent_level": level}), self._keep, threads=self._threads, last=self._last
        )
        good = seen["status"] == Status.OK
        months: NDArray[np.int16] = seen["break_month"][-1]
        standing = (months == 0) | (months >= first)
        broken = self._past_cure(seen)
        layered = [layer_break(months[layer.entities], layer, self._share, OBLIGORS)[0] for layer in self._layers]
        layer_months = np.array(layered).reshape(len(self._layers), good.size)
        links = setting.economy.links
        borrower = links["entities.account"][links["facilities.borrower"][links["covenants.facility"]]]
        counts = np.concatenate([
            standing[self._entities], standing[self._firms], standing[borrower[self._covenants]],
            (layer_months == 0) | (layer_months >= first),
        ])  # fmt: skip
        hits = []
        for horizon in self.horizons:
            last = first - 1 + horizon
            gone: Bools = np.logical_and(months >= first, months <= last)
            short: Bools = np.asarray(seen["short"][first : last + 1].any(axis=0))
            hits.append(np.concatenate([
                gone[self._entities],
                short[self._firms] | gone[self._firms],
                broken[first : last + 1, self._covenants].any(axis=0),
                (layer_months >= first) & (layer_months <= last),
            ]))  # fmt: skip
        together = np.tile(counts & good, (len(self.horizons), 1))
        draws = setting.economy.draws
        return Counted(by_draw(np.concatenate(hits) & together, draws), by_draw(together, draws))

    def _keep(self, month: int, block: Record) -> dict[str, NDArray]:
        """Keep of each month who broke, whose cash is below its buffer, and how each covenant stands."""
        entities, covenants = block.entities, block.covenants
        return {
            "break_month": entities.break_month.astype(np.int16),
            "short": entities.cash < buffers(block),
            "failing": covenants.headroom < 0.0,
            "breached": covenants.breached.astype(np.int16),
        }

    def _past_cure(self, seen: dict[str, NDArray]) -> Bools:
        """Return the months in which a test is found failed for longer than its cure, waived or not."""
        every = self._setting.economy.links["covenants.every"]
        before = np.concatenate([np.zeros_like(seen["breached"][:1]), seen["breached"][:-1]])
        month = np.arange(len(before))[:, None, None]
        tested = (before > 0) | (month % every[None, :, None] == 0)
        found: Bools = tested & seen["failing"] & (before + 1 > self._cure) & (month > 0)
        return found
