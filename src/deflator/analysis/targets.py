"""What a reverse stress test is asked to make true: a break, a loss, or the loss of all equity.

    break:ENTITY|LAYER [by YYYY-MM]
    loss:HOLDER|LAYER|all > USD_M [by YYYY-MM]
    breakeven:ENTITY|LAYER|HOLDER [by YYYY-MM]

On every path a target has a margin: how far the path is from making it true, zero or less where it is true. A share of
paths says only how many are there; the margins also say how far the others are, so that a search knows where to go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.breaks import Layer, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of
from deflator.analysis.replay import Floats, Setting, headrooms, position_of
from deflator.analysis.trials import watch
from deflator.book.months import month_at, month_index
from deflator.book.spelling import quoted
from deflator.engine import Economy, Status
from deflator.engine.layout import LENDER, P
from deflator.engine.record import Record
from deflator.ensemble import Progress, entity_table
from deflator.errors import Fault, RunError
from deflator.scenario.check import month_in
from deflator.scenario.course import canonical_month
from deflator.scenario.reader import suggestion

FLAG = "--target"
ALL = "all"
_FORM = "write break:coreweave by 2027-12, loss:banks > 500, loss:all > 20000 by 2028-06 or breakeven:coreweave"
_SHAPE = re.compile(r"\s*([^:\s]*)\s*:\s*([^\s>]+)\s*(?:>\s*(.*?))?\s*(?:\bby\s+(\S+))?\s*", re.ASCII)
_AMOUNT = re.compile(r"[0-9][0-9,]*(\.[0-9]+)?", re.ASCII)
#: Headroom beyond which a firm counts as far away.
_FAR = 20.0
_HALF = 0.5


class Kind(StrEnum):
    """What is to be true."""

    BREAK = "break"
    LOSS = "loss"
    BREAKEVEN = "breakeven"


@dataclass(frozen=True, eq=False)
class Target:
    """Something that is true on a path or not.

    Parameters
    ----------
    kind
        What is to be true.
    name
        Entity, layer or `all`.
    entities
        Positions of the entities that it speaks of.
    by
        Last month in which it may become true; a loss or equity value is that of this month.
    amount_musd
        Loss that has to be exceeded, USD m.
    layer
        The layer, where a layer has to break.
    """

    kind: Kind
    name: str
    entities: NDArray[np.intp]
    by: int
    amount_musd: float
    layer: Layer | None

    def text(self, as_of: str) -> str:
        """Return the target as it would be typed."""
        amount = f" > {self.amount_musd:g}" if self.kind is Kind.LOSS else ""
        return f"{self.kind}:{self.name}{amount} by {month_at(self.by, as_of)}"


def read_target(typed: str, setting: Setting) -> Target:
    """Return what was typed as a target.

    Parameters
    ----------
    typed
        In the grammar of this module; a month is YYYY-MM or +N.
    setting
        From `prepare`.

    Raises
    ------
    RunError
        With everything that is wrong with it.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> target = read_target("loss:banks > 1,500 by +12", setting)
    >>> str(target.kind), target.by, target.amount_musd
    ('loss', 12, 1500.0)
    """
    parts = _SHAPE.fullmatch(typed)
    if not parts or not parts[1]:
        raise RunError([Fault("", 0, FLAG, f"{quoted(typed)} is not a target", _FORM)])
    kind, name, amount, month = parts.groups()
    faults: list[Fault] = []
    if kind not in list(Kind):
        raise RunError([Fault("", 0, FLAG, f"there is no kind of target {quoted(kind)}", suggestion(kind, list(Kind)))])
    known = Kind(kind)
    by = _month(month, setting, faults)
    loss = _amount(known, amount, faults)
    entities, layer = _entities(known, name, setting, faults)
    if faults:
        raise RunError(faults)
    return Target(known, name, entities, by, loss, layer)


def _month(typed: str | None, setting: Setting, faults: list[Fault]) -> int:
    economy, book = setting.economy, setting.question.book
    if typed is None:
        return economy.months
    month = canonical_month(typed)
    allowed = f"use {month_at(1, book.as_of)} to {month_at(economy.months, book.as_of)}, or +1 to +{economy.months}"
    if month is None:
        faults.append(Fault("", 0, FLAG, f"{quoted(typed)} is not a month", allowed))
        return economy.months
    found = month_in(book, month) if month.startswith("+") else month_index(month, book.as_of)
    if not 1 <= found <= economy.months:
        faults.append(Fault("", 0, FLAG, f"{typed} is not simulated", allowed))
    return found


def _amount(kind: Kind, typed: str | None, faults: list[Fault]) -> float:
    if kind is not Kind.LOSS:
        if typed is not None:
            faults.append(Fault("", 0, FLAG, f"{kind} takes no amount, {quoted(typed)} was given", _FORM))
        return 0.0
    number = re.sub(r"\s*m$", "", typed.strip()) if typed else ""
    if not _AMOUNT.fullmatch(number):
        message = f"{quoted(typed)} is not an amount of USD m" if typed else "loss needs an amount of USD m"
        faults.append(Fault("", 0, FLAG, message, _FORM))
        return 0.0
    return float(number.replace(",", ""))


def holders_of(economy: Economy) -> list[str]:
    """Return the entities that hold a claim on somebody's debt."""
    held = np.unique(economy.links["claims.holder"])
    return [economy.entities[position] for position in held if position < len(economy.entities)]


def _entities(kind: Kind, name: str, setting: Setting, faults: list[Fault]) -> tuple[NDArray[np.intp], Layer | None]:
    """Return the positions of what a target speaks of, and its layer where one has to break."""
    economy = setting.economy
    layers = {layer.name: layer for layer in layers_of(entity_table(setting.question.book_used, economy))}
    holders = holders_of(economy)
    holding = [layer for layer in layers if any(economy.entities[at] in holders for at in layers[layer].entities)]
    nothing: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
    if kind is Kind.LOSS:
        allowed = [*holders, *holding, ALL]
        what = "holder of debt"
    else:
        allowed = [*economy.entities, *layers]
        what = "entity or layer"
    if name not in allowed:
        faults.append(Fault("", 0, FLAG, f"there is no {what} {quoted(name)}", suggestion(name, allowed)))
        return nothing, None
    if kind is Kind.LOSS:
        names = holders if name in (ALL, *holding) else [name]
        within = [economy.entities.index(one) for one in names]
        chosen = [at for at in within if name not in holding or at in layers[name].entities]
        return np.array(chosen, dtype=np.intp), None
    if name in economy.entities:
        return np.array([_able(kind, name, economy, faults)], dtype=np.intp), None
    if kind is Kind.BREAK:
        return layers[name].entities, layers[name]
    return np.array([at for at in layers[name].entities if _own(economy, at)], dtype=np.intp), None


def _able(kind: Kind, name: str, economy: Economy, faults: list[Fault]) -> int:
    """Return the position of an entity that can break, or has an equity value of its own."""
    if kind is Kind.BREAK:
        try:
            return position_of(economy, name)
        except RunError as error:
            faults += [Fault("", 0, FLAG, fault.message, fault.hint) for fault in error.faults]
            return 0
    at = economy.entities.index(name)
    if not _own(economy, at) or economy.layers[at] == "world":
        owner = economy.entities[economy.links["entities.account"][at]]
        hint = f"ask for {owner}" if owner != name else "ask for a firm or a lender"
        faults.append(Fault("", 0, FLAG, f"{name} has no equity value of its own", hint))
    return at


def _own(economy: Economy, at: int) -> bool:
    return bool(economy.links["entities.account"][at] == at)


@dataclass(frozen=True, eq=False)
class Followed:
    """A target on some paths that did not fail.

    Parameters
    ----------
    margin
        How far each path is from making it true, zero or less where it is; shape [path].
    draw
        Draw of each path.
    """

    margin: Floats
    draw: NDArray[np.int64]

    @property
    def true(self) -> NDArray[np.bool_]:
        """Paths on which it is true."""
        return self.margin <= 0.0

    @property
    def share(self) -> float:
        """Share of the paths on which it is true."""
        return float(self.true.mean())


def follow(
    setting: Setting,
    target: Target,
    paths: int,
    first_path: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Followed:
    """Simulate paths up to the month of a target and measure how far each is from it.

    Margins, zero or less where the target is true:

    - A firm that has not broken: log(1 + its smallest cash so far over what it must hold, before early action); one
      that has: minus the share of the time that was left. A cohort: the share of members still to break, over the half
      that breaks it. A lender: the share of capital left. A layer: the margin of the entity that would complete its
      break.
    - A loss: what is missing to the amount, over the amount or a hundredth of the capital, plus how far the borrowers
      are from a break, weighed by debt.
    - Equity: its value over that of month 0; a firm that has broken has none.

    Raises
    ------
    RunError
        When every path fails.
    """
    economy = setting.economy
    measured = _measured(target, economy)
    lends = (economy.links["entities.layer"][measured] == LENDER)[:, None]

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        entities = block.entities
        kept = {
            field: getattr(entities, field)[measured]
            for field in ("broken_share", "break_month", "equity", "lost", "debt")
        }
        # Over the buffer itself a firm that acts earlier would look nearer to its break.
        room = headrooms(block)[measured] * np.where(lends, 1.0, block.world.parameters[P.early_action_buffer])
        return {"room": room, **{name: value.copy() for name, value in kept.items()}}

    seen = watch(setting, keep, paths, threads, progress, target.by, first_path)
    good = seen["status"] == Status.OK
    if not good.any():
        raise RunError(
            [Fault("", 0, "", f"all {paths} paths failed, so there is nothing to look at", "use another seed")]
        )
    last = {name: values[-1][..., good] for name, values in seen.items() if name != "status"}
    last["room"] = seen["room"][1:, :, good].min(axis=0)
    last["equity_start"] = seen["equity"][0][:, good]
    draw = (first_path + np.flatnonzero(good)) % economy.draws
    places = {int(position): place for place, position in enumerate(measured)}
    own = np.array([places[int(position)] for position in target.entities], dtype=np.intp)
    if target.kind is Kind.BREAK:
        margins = _break_margins(last, measured, target.by, economy)
        if target.layer is None:
            return Followed(margins[own[0]], draw)
        share = setting.figures.parameter("layer_break_share")[draw]
        return Followed(_layer_margin(margins[own], target.layer, share), draw)
    holder = target.kind is Kind.LOSS or all(economy.links["entities.layer"][at] == LENDER for at in target.entities)
    if holder:
        return Followed(_loss_margin(last, own, measured, target, setting, draw), draw)
    gone = (last["break_month"][own] > 0) & (last["break_month"][own] <= target.by)
    worth = np.where(gone, 0.0, last["equity"][own]).sum(axis=0)
    start = np.maximum(last["equity_start"][own].sum(axis=0), 1.0)
    return Followed(worth / start, draw)


def _measured(target: Target, economy: Economy) -> NDArray[np.intp]:
    """Return the positions that have to be watched: of a holder also all that borrow."""
    borrowers = economy.links["entities.account"][economy.links["facilities.borrower"]]
    within = borrowers[borrowers < len(economy.entities)]
    lends = economy.links["entities.layer"][target.entities] == LENDER
    watched = [target.entities, within] if target.kind is Kind.LOSS or lends.all() else [target.entities]
    return np.unique(np.concatenate(watched)).astype(np.intp)


def _break_margins(last: dict[str, NDArray], measured: NDArray[np.intp], by: int, economy: Economy) -> Floats:
    """Return how far each watched entity is from its break, shape [watched, path]."""
    month = last["break_month"]
    broke = (month > 0) & (month <= by)
    margins = np.log1p(np.clip(last["room"], 0.0, _FAR))
    for place, position in enumerate(measured):
        if economy.links["entities.cohort"][position]:
            margins[place] = 1.0 - last["broken_share"][place] / _HALF
        elif economy.links["entities.layer"][position] == LENDER:
            margins[place] = np.minimum(last["room"][place], 1.0)
    tiny = np.finfo(np.float64).tiny
    return np.where(broke, -(by + 1.0 - month) / (by + 1.0), np.maximum(margins, tiny))


def _layer_margin(margins: Floats, layer: Layer, share: Floats) -> Floats:
    """Return the margin of the entity that would complete the layer's break, were all to break in order of margin."""
    order = np.argsort(np.argsort(margins, axis=0, kind="stable"), axis=0, kind="stable")
    month, pivot = layer_break((order + 1).astype(np.int16), layer, share, OBLIGORS)
    return np.where(month > 0, margins[pivot, np.arange(margins.shape[1])], _FAR)


def _loss_margin(
    last: dict[str, NDArray],
    own: NDArray[np.intp],
    measured: NDArray[np.intp],
    target: Target,
    setting: Setting,
    draw: NDArray[np.int64],
) -> Floats:
    lost = last["lost"][own].sum(axis=0)
    economy = setting.economy
    capital = economy.figures[economy.rows["entities.capital"]][target.entities].sum(axis=0)[draw]
    scale = target.amount_musd if target.amount_musd > 0.0 else np.maximum(0.01 * capital, 1.0)
    over = (target.amount_musd - lost) / scale
    weights = np.where(np.isin(np.arange(len(measured)), own), 0.0, last["debt"].mean(axis=1))
    near = np.maximum(_break_margins(last, measured, target.by, economy), 0.0)
    away = (weights @ near) / max(float(weights.sum()), 1.0)
    tiny = np.finfo(np.float64).tiny
    return np.where(lost > target.amount_musd, np.minimum(over, -tiny), np.maximum(over + away, tiny))
