"""How far each path is from making a target true: what a search for moves that make it true goes by.

On every path a target has a margin, zero or less where it is true. A share of paths says only how many are there; the
margins also say how far the others are, so that a search knows where to go.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.breaks import Layer, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of
from deflator.analysis.replay import Floats, Setting, buffers, headrooms
from deflator.analysis.target import Target, entities_of, least_room, lend_only, parse_target
from deflator.analysis.trials import watch
from deflator.engine import Economy, Status
from deflator.engine.layout import LENDER
from deflator.engine.positions import P
from deflator.engine.record import Record
from deflator.ensemble import Progress, entity_table
from deflator.errors import Fault, RunError

#: Headroom beyond which a firm counts as far away.
_FAR = 20.0
_HALF = 0.5
#: What a target has to be compared with to have a margin.
_COMPARED = {"break": "", "breakeven": "", "loss": ">", "headroom": "<", "rent": "<>"}


def stress_target(words: str, setting: Setting, option: str) -> Target:
    """Read a target that a search can make true: a break, a breakeven, or a sum beyond a bound.

    Raises
    ------
    RunError
        When it is no target, or has no margin.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> stress_target("rent < 60 by +12", setting, "--target").by
    12
    """
    target = parse_target(words, setting, option)
    allowed = _COMPARED.get(target.kind)
    if allowed is None:
        message = "first depends on who else breaks, so a path is at no distance from it"
        raise RunError([Fault("", 0, option, message, f"write break:{target.subject}")])
    named = f"{target.kind}:{target.subject}" if target.subject else target.kind
    if target.sign and not allowed:
        message = f"{target.kind} takes no amount, {target.sign} {target.bound:g} was given"
        raise RunError([Fault("", 0, option, message, f"write {named}")])
    if allowed and (not target.sign or target.sign not in allowed):
        message = f"{named} is a sum; a search needs a bound that it is to pass"
        signs = " or ".join(f"{named} {sign} X" for sign in allowed)
        raise RunError([Fault("", 0, option, message, f"write {signs}")])
    return target


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
    - Headroom: what is left over the bound, over the headroom at month 0. A rent: its log over that of the bound.

    Raises
    ------
    RunError
        When every path fails.
    """
    economy = setting.economy
    watched = _measured(target, economy)
    lends = (economy.links["entities.layer"][watched] == LENDER)[:, None]

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        entities = block.entities
        fields = ("broken_share", "break_month", "equity", "lost", "debt")
        kept = {field: getattr(entities, field)[watched] for field in fields}
        # Over the buffer itself a firm that acts earlier would look nearer to its break.
        room = headrooms(block)[watched] * np.where(lends, 1.0, block.world.parameters[P.early_action_buffer])
        if target.kind == "headroom":
            left = entities.capital[watched] - entities.lost[watched]
            kept["over_musd"] = np.where(lends, left, entities.cash[watched] - buffers(block)[watched])
        if target.kind == "rent":
            kept["log_rent"] = block.world.log_rent.copy()
        return {"room": room, **kept}

    seen = watch(setting, keep, paths, threads, progress, target.by, first_path)
    good = seen["status"] == Status.OK
    if not good.any():
        message = f"all {paths} paths failed, so there is nothing to look at"
        raise RunError([Fault("", 0, "", message, "use another seed")])
    draw = (first_path + np.flatnonzero(good)) % economy.draws
    by_month = {name: values[..., good] for name, values in seen.items() if name != "status"}
    return Followed(_margin(target, by_month, watched, setting, draw), draw)


def _margin(
    target: Target, seen: dict[str, NDArray], watched: NDArray[np.intp], setting: Setting, draw: NDArray[np.int64]
) -> Floats:
    """Return the margin of each path from what was seen of it by month."""
    economy = setting.economy
    if target.kind == "rent":
        away = seen["log_rent"][-1] - np.log(max(target.bound, np.finfo(np.float64).tiny))
        return np.asarray(away if target.sign == "<" else -away)
    last = {name: values[-1] for name, values in seen.items()}
    last["room"] = seen["room"][1:].min(axis=0)
    spoken_of = entities_of(target, economy)
    own = np.searchsorted(watched, spoken_of)
    if target.kind == "headroom":
        over, broken = seen["over_musd"][:, own[0]], last["break_month"][own[0]]
        return np.asarray((least_room(over, broken) - target.bound) / np.maximum(np.abs(over[0]), 1.0))
    if target.kind == "break":
        margins = _break_margins(last, watched, target.by, economy)
        layers = {layer.name: layer for layer in layers_of(entity_table(setting.question.book_used, economy))}
        if target.subject not in layers:
            return np.asarray(margins[own[0]])
        return _layer_margin(margins[own], layers[target.subject], setting.figures.parameter("layer_break_share")[draw])
    if target.kind == "loss" or lend_only(spoken_of, economy):
        return _loss_margin(last, own, watched, target, setting, draw)
    gone = (last["break_month"][own] > 0) & (last["break_month"][own] <= target.by)
    worth = np.where(gone, 0.0, last["equity"][own]).sum(axis=0)
    return np.asarray(worth / np.maximum(seen["equity"][0][own].sum(axis=0), 1.0))


def _measured(target: Target, economy: Economy) -> NDArray[np.intp]:
    """Return the positions that have to be watched: of a holder also all that borrow."""
    borrowers = economy.links["entities.account"][economy.links["facilities.borrower"]]
    within = borrowers[borrowers < len(economy.entities)]
    own = entities_of(target, economy)
    holds = target.kind == "loss" or (target.kind == "breakeven" and lend_only(own, economy))
    return np.unique(np.concatenate([own, within] if holds else [own])).astype(np.intp)


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
    capital = economy.figures[economy.rows["entities.capital"]][measured[own]].sum(axis=0)[draw]
    scale = target.bound if target.bound > 0.0 else np.maximum(0.01 * capital, 1.0)
    over = (target.bound - lost) / scale
    weights = np.where(np.isin(np.arange(len(measured)), own), 0.0, last["debt"].mean(axis=1))
    near = np.maximum(_break_margins(last, measured, target.by, economy), 0.0)
    away = (weights @ near) / max(float(weights.sum()), 1.0)
    tiny = np.finfo(np.float64).tiny
    return np.where(lost > target.bound, np.minimum(over, -tiny), np.maximum(over + away, tiny))
