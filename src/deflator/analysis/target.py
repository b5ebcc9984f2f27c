"""What is asked of each path, in a line of words: `break:coreweave by 2027-06`, `loss:banks > 5000`.

=================================== =====================================================================
target                              value of a path
=================================== =====================================================================
`break:NAME [by MONTH]`             1 where the entity or layer hard-breaks by the month, else 0
`first:NAME [by MONTH]`             credit of breaking first among its kind: 1, 1/n of n in one month, or 0
`breakeven:NAME [by MONTH]`         1 where the entity or layer has no equity value left in the month, else 0;
                                    of lenders, 1 where they have booked a loss
`loss:NAME [by MONTH]`              what the holder, all of a layer, or `all` have lost by the month, USD m
`headroom:NAME [by MONTH]`          smallest cash over the buffer, up to its break, USD m; of a lender, capital left
`rent [by MONTH]`                   reference rent in the month, USD per unit-hour
`TARGET > X`, `TARGET < X`          1 where that value is above or below X, else 0
=================================== =====================================================================

A month is `YYYY-MM` or `+N`; without one the horizon counts. `by` and `> X` stand in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import batches, first_credit, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of, positions_of
from deflator.analysis.replay import Floats, Setting, buffers, month_asked, position_of
from deflator.analysis.trials import simulate_all, watch
from deflator.book.months import month_at
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.engine import Economy, Status
from deflator.engine.layout import LAYERS, LENDER
from deflator.engine.record import Record
from deflator.ensemble import Progress, Run, entity_table
from deflator.errors import Fault, RunError

#: Every kind of target.
KINDS = ("break", "first", "breakeven", "loss", "headroom", "rent")
ALL = "all"
_SHARES = ("break", "first", "breakeven")
_FORM = re.compile(r"\s*(?P<kind>[^\s:<>]+)(?:\s*:\s*(?P<subject>[^\s<>]+))?(?P<rest>.*)", re.ASCII)
_REST = re.compile(
    r"(?:\s+by\s+(?P<early>[^\s<>]+))?\s*(?:(?P<sign>[<>])\s*(?P<bound>\S.*?))?(?:\s+by\s+(?P<late>[^\s<>]+))?\s*",
    re.ASCII,
)
_EXAMPLE = "write a target such as 'break:neocloud', 'break:neocloud by 2027-06', 'loss:all > 5000' or 'rent'"


@dataclass(frozen=True)
class Target:
    """One value per path.

    Parameters
    ----------
    words
        As it was typed, without spare blanks.
    kind
        One of `KINDS`.
    subject
        Entity, layer or `all`; empty for the rent.
    by
        Last month that counts, in months after the as-of month.
    sign, bound
        `>` or `<` and what the value is compared with; blank and 0 when it is not.
    """

    words: str
    kind: str
    subject: str
    by: int
    sign: str = ""
    bound: float = 0.0

    @property
    def is_event(self) -> bool:
        """Whether the value is 1 or 0 (or a part of the credit), so that its mean is a probability."""
        return bool(self.sign) or self.kind in _SHARES

    @property
    def unit(self) -> str:
        """Unit of the value; `share` for what happens or not."""
        if self.is_event:
            return "share"
        return "USD per unit-hour" if self.kind == "rent" else "USD m"

    def text(self, as_of: str) -> str:
        """Return the target in full, with its month.

        Examples
        --------
        >>> Target("loss > 5e2", "loss", "all", 12, ">", 500.0).text("2026-02")
        'loss:all > 500 by 2027-02'
        """
        subject = f":{self.subject}" if self.subject else ""
        compared = f" {self.sign} {self.bound:g}" if self.sign else ""
        return f"{self.kind}{subject}{compared} by {month_at(self.by, as_of)}"


def parse_target(words: str, setting: Setting, option: str) -> Target:
    """Read a target.

    Parameters
    ----------
    words
        As in the table above.
    setting
        From `prepare`: says which entities, layers and months there are.
    option
        Option under which it was typed, for the error.

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
    >>> target = parse_target("loss:all > 1,500 m by +12", setting, "--of")
    >>> target.kind, target.subject, target.sign, target.bound, target.by, target.is_event
    ('loss', 'all', '>', 1500.0, 12, True)
    """
    read = _FORM.fullmatch(words)
    rest = _REST.fullmatch(read["rest"]) if read else None
    if read is None or rest is None:
        raise RunError([Fault("", 0, option, f"{quoted(words)} is not a target", _EXAMPLE)])
    kind, subject = read["kind"], read["subject"]
    months = [month for month in (rest["early"], rest["late"]) if month]
    faults = _kind_faults(option, kind, subject)
    if len(months) > 1:
        message = f"two months are given, {months[0]} and {months[1]}"
        faults.append(Fault("", 0, option, message, f"write by {months[0]} alone"))
    by = setting.economy.months
    try:
        by = month_asked(months[0], setting, option) if months else by
    except RunError as error:
        faults += error.faults
    bound = _bound(option, kind, rest["sign"], rest["bound"], faults)
    subject = ALL if kind == "loss" and subject is None else subject or ""
    if kind in KINDS and kind != "rent" and subject:
        faults += _subject_faults(option, kind, subject, setting)
    if faults:
        raise RunError(faults)
    return Target(" ".join(words.split()), kind, subject, by, rest["sign"] or "", bound)


def _kind_faults(option: str, kind: str, subject: str | None) -> list[Fault]:
    """Say what is wrong with the kind and its parts."""
    if kind not in KINDS:
        return [Fault("", 0, option, f"{quoted(kind)} is not a kind of target", did_you_mean(kind, KINDS))]
    if kind == "rent" and subject:
        return [Fault("", 0, option, f"rent has no name, but {quoted(subject)} was given", "write rent")]
    if kind not in ("rent", "loss") and not subject:
        return [Fault("", 0, option, f"{kind} of whom is not said", f"write {kind}:NAME")]
    return []


def _bound(option: str, kind: str, sign: str | None, typed: str | None, faults: list[Fault]) -> float:
    """Return what the value is compared with, a number such as 0.5, -20 or 1,500 m."""
    if sign is None or typed is None:
        return 0.0
    plain = re.sub(r"\s*m$", "", typed).replace(",", "")
    try:
        bound = float(plain)
    except ValueError:
        bound = np.nan
    if not np.isfinite(bound):
        hint = f"write a number after {sign}, such as 5000"
        faults.append(Fault("", 0, option, f"{quoted(typed)} is not a number", hint))
        return 0.0
    if kind in _SHARES and not 0.0 <= bound <= 1.0:
        message = f"{kind} happens or not, so its value on a path is 0 to 1 and never {sign} {bound:g}"
        faults.append(Fault("", 0, option, message, f"leave out {sign} {typed}"))
    return bound


def losers_of(economy: Economy) -> list[str]:
    """Return the entities that can lose on somebody's debt: holders of claims, and lenders that syndicates pass to."""
    holders = set(economy.links["claims.holder"].tolist())
    return [
        name
        for position, name in enumerate(economy.entities)
        if position in holders or economy.layers[position] == LAYERS[LENDER]
    ]


def _subject_faults(option: str, kind: str, subject: str, setting: Setting) -> list[Fault]:
    """Say what is wrong with a name."""
    economy = setting.economy
    layers = [name for name in dict.fromkeys(economy.layers) if name != "world"]
    entities = list(economy.entities)
    if kind == "loss":
        entities = losers_of(economy)
        losing = {economy.layers[economy.entities.index(name)] for name in entities}
        groups = [ALL, *(layer for layer in layers if layer in losing)]
    else:
        groups = [] if kind == "headroom" else layers
    if subject in groups:
        return []
    if subject in entities:
        if kind == "breakeven":
            return _equity_faults(option, subject, economy)
        try:
            if kind != "loss":
                position_of(economy, subject)
        except RunError as error:
            return [replace(fault, column=option) for fault in error.faults]
        return []
    if subject in layers and kind == "headroom":
        return [Fault("", 0, option, f"{subject} is a layer, and {kind} is of one entity", "name an entity")]
    what = "holder of debt" if kind == "loss" else "entity or layer"
    hint = did_you_mean(subject, [*groups, *entities])
    hint = hint or f"use an entity of `deflator book show entities`, {one_of(groups or layers)}"
    return [Fault("", 0, option, f"there is no {what} {quoted(subject)}", hint)]


def _equity_faults(option: str, name: str, economy: Economy) -> list[Fault]:
    """Say why an entity has no equity value of its own."""
    at = economy.entities.index(name)
    if economy.links["entities.account"][at] == at and economy.layers[at] != "world":
        return []
    owner = economy.entities[economy.links["entities.account"][at]]
    hint = f"ask for {owner}" if owner != name else "ask for a firm or a lender"
    return [Fault("", 0, option, f"{name} has no equity value of its own", hint)]


def entities_of(target: Target, economy: Economy) -> NDArray[np.intp]:
    """Return the positions of the entities that a target speaks of; of a breakeven those with equity of their own."""
    if target.subject in economy.entities:
        return np.array([economy.entities.index(target.subject)], dtype=np.intp)
    names = losers_of(economy) if target.kind == "loss" else list(economy.entities)
    return np.array(
        [
            at
            for at, (name, layer) in enumerate(zip(economy.entities, economy.layers, strict=True))
            if (target.subject == ALL or layer == target.subject)
            and name in names
            and (target.kind != "breakeven" or economy.links["entities.account"][at] == at)
        ],
        dtype=np.intp,
    )


def lend_only(entities: NDArray[np.intp], economy: Economy) -> bool:
    """Return whether all of some entities are lenders, whose breakeven is their first loss."""
    return bool((economy.links["entities.layer"][entities] == LENDER).all())


class Outcomes(NamedTuple):
    """What targets are read from; the last axis is the path.

    Attributes
    ----------
    entities
        Name, layer, members, obligor and exposure of each entity, as runs keep them.
    break_share
        Share of a layer's exposure that has to break, by path.
    break_month
        First hard break, 0 for none; [entity, path].
    loss_musd
        [entity, path].
    rent
        [T + 1, path]; None where it was not kept.
    """

    entities: pl.DataFrame
    break_share: Floats
    break_month: NDArray
    loss_musd: Floats
    rent: Floats | None


def simulate_target(
    setting: Setting, target: Target, threads: int | None = None, progress: Progress | None = None
) -> Floats:
    """Simulate the paths of a setting and return the target on each; NaN where a path failed.

    Parameters
    ----------
    setting
        From `prepare` or `varied`; path p has draw p modulo the number of draws.
    target
        From `parse_target`.
    threads, progress
        As for `simulate_all`.

    Returns
    -------
    ndarray
        Shape [path], in the unit of the target.
    """
    early = target.kind == "loss" and target.by < setting.economy.months
    if early or target.kind in ("headroom", "breakeven"):
        return _compare(target, _watched(setting, target, threads, progress))
    paths = simulate_all(setting, threads=threads, progress=progress)
    shares = setting.figures.parameter("layer_break_share")
    found = Outcomes(
        entities=entity_table(setting.question.book, setting.economy),
        break_share=shares[np.arange(paths.status.size) % shares.size],
        break_month=paths.break_month,
        loss_musd=paths.loss_musd,
        rent=paths.rent,
    )
    return np.where(paths.status == Status.OK, read_target(target, found), np.nan)


def read_target(target: Target, found: Outcomes) -> Floats:
    """Return the target on each path, shape [path]; headroom, equity and earlier losses are not among outcomes."""
    if target.kind == "rent":
        assert found.rent is not None
        return _compare(target, found.rent[target.by])
    names = found.entities["entity"].to_list()
    layers = layers_of(found.entities)
    layer = next((layer for layer in layers if layer.name == target.subject), None)
    if target.kind == "loss":
        at = names.index(target.subject) if target.subject in names else layer.entities if layer else slice(None)
        lost = found.loss_musd[at]
        return _compare(target, lost.sum(axis=0) if lost.ndim > 1 else lost)
    months = np.where(found.break_month <= target.by, found.break_month, 0)
    if target.subject in names:
        broken = months[names.index(target.subject)]
        position = names.index(target.subject)
        ranked = next(kind for kind in positions_of(found.entities).values() if position in kind)
        rivals = months[ranked]
        own = int(np.flatnonzero(ranked == position)[0])
    else:
        rivals = np.stack([layer_break(months[one.entities], one, found.break_share, OBLIGORS)[0] for one in layers])
        own = [one.name for one in layers].index(target.subject)
        broken = rivals[own]
    values = (broken > 0).astype(np.float64) if target.kind == "break" else first_credit(rivals)[own]
    return _compare(target, values)


def outcomes_of(run: Run) -> Outcomes:
    """Return what targets are read from, of the paths of a kept run that did not fail, in the order of paths."""
    entities = run.entities()
    found = list(batches(run))
    draw = np.concatenate([batch.draw for batch in found])
    good = run.paths().filter(pl.col("status") == "ok")["path"].to_numpy()
    lost = np.zeros((entities.height, good.size))
    rows = run.losses()
    holder = rows["holder"].cast(pl.String).cast(pl.Enum(entities["entity"])).to_physical().to_numpy()
    lost[holder, np.searchsorted(good, rows["path"].to_numpy())] = rows["loss_musd"].to_numpy()
    return Outcomes(
        entities=entities,
        break_share=run.draws()["layer_break_share"].to_numpy()[draw],
        break_month=np.concatenate([batch.hard_month for batch in found], axis=1),
        loss_musd=lost,
        rent=None,
    )


def _watched(setting: Setting, target: Target, threads: int | None, progress: Progress | None) -> Floats:
    """Return what only a simulation month by month shows: headroom, equity gone, losses by an earlier month."""
    economy = setting.economy
    at = entities_of(target, economy)
    lends = lend_only(at, economy)

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        entities = block.entities
        lost = entities.lost[at]
        if target.kind == "loss" or (target.kind == "breakeven" and lends):
            return {"value": lost.sum(axis=0)}
        broken = entities.break_month[at] > 0
        if target.kind == "breakeven":
            return {"value": np.where(broken, 0.0, entities.equity[at]).sum(axis=0)}
        room = entities.capital[at] - lost if lends else entities.cash[at] - buffers(block)[at]
        return {"value": room[0].copy(), "broken": entities.break_month[at[0]].copy()}

    seen = watch(setting, keep, threads=threads, progress=progress, last=target.by)
    value = seen["value"]
    found = least_room(value, seen["broken"][-1]) if target.kind == "headroom" else value[-1]
    if target.kind == "breakeven":
        found = (found > 0.0 if lends else found <= 0.0).astype(np.float64)
    return np.where(seen["status"] == Status.OK, found, np.nan)


def least_room(room: Floats, broken: NDArray[np.integer]) -> Floats:
    """Return the smallest headroom from month 1 up to the break; `room` has shape [month, path], `broken` [path].

    Examples
    --------
    >>> least_room(np.array([[0.0, 9.0], [5.0, 4.0], [-3.0, 2.0]]), np.array([1, 0])).tolist()
    [5.0, 2.0]
    """
    month = np.arange(len(room))[:, None]
    counts = (month >= 1) & ((broken == 0) | (month <= broken))
    return np.asarray(np.where(counts, room, np.inf).min(axis=0))


def _compare(target: Target, values: Floats) -> Floats:
    """Return the values, or where they are beyond the bound; what failed stays NaN."""
    if not target.sign:
        return np.asarray(values, dtype=np.float64)
    beyond = values > target.bound if target.sign == ">" else values < target.bound
    return np.where(np.isnan(values), np.nan, beyond.astype(np.float64))
