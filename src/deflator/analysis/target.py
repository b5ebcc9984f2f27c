"""What is asked of each path, in a line of words: `break:coreweave by 2027-06`, `loss:banks > 5000`.

=================================== =====================================================================
target                              value of a path
=================================== =====================================================================
`break:NAME [by YYYY-MM]`           1 where the entity or layer hard-breaks by the month, else 0
`first:NAME [by YYYY-MM]`           credit of breaking first among its kind: 1, 1/n of n in one month, or 0
`loss:NAME`                         what the holder, all of a layer, or `all` lose by the horizon, USD m
`headroom:NAME [by YYYY-MM]`        smallest cash over the buffer, up to its break, USD m; of a lender, capital left
`rent [by YYYY-MM]`                 reference rent in the month, else at the horizon, USD per unit-hour
`TARGET > X`, `TARGET < X`          1 where that value is above or below X, else 0
=================================== =====================================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import batches, first_credit, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of
from deflator.analysis.replay import Floats, Setting, buffers, position_of
from deflator.analysis.trials import simulate_all, watch
from deflator.book.months import is_month
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.engine import Status
from deflator.engine.layout import LENDER
from deflator.engine.record import Record
from deflator.ensemble import Progress, Run, entity_table
from deflator.errors import Fault, RunError

#: Every kind of target, and what it may be joined with.
KINDS = ("break", "first", "loss", "headroom", "rent")
ALL = "all"
_DATED = ("break", "first", "headroom", "rent")
_SHARES = ("break", "first")
_FORM = re.compile(
    r"\s*(?P<kind>[^\s:<>]+)(?::(?P<subject>[^\s<>]+))?(?:\s+by\s+(?P<by>[^\s<>]+))?"
    r"(?:\s*(?P<sign>[<>])\s*(?P<bound>\S+))?\s*"
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
    >>> target = parse_target("loss:all > 500", setting, "--of")
    >>> target.kind, target.subject, target.sign, target.bound, target.is_event
    ('loss', 'all', '>', 500.0, True)
    """
    read = _FORM.fullmatch(words)
    if read is None:
        raise RunError([Fault("", 0, option, f"{quoted(words)} is not a target", _EXAMPLE)])
    kind, subject, by, sign, bound = read.group("kind", "subject", "by", "sign", "bound")
    faults = [
        *_kind_faults(option, kind, subject, by),
        *_month_faults(option, by, setting),
        *_bound_faults(option, sign, bound),
    ]
    subject = ALL if kind == "loss" and subject is None else subject or ""
    if kind in KINDS and kind != "rent" and subject:
        faults += _subject_faults(option, kind, subject, setting)
    if faults:
        raise RunError(faults)
    book, months = setting.question.book, setting.economy.months
    known = " ".join(words.split())
    return Target(known, kind, subject, book.month(by) if by else months, sign or "", float(bound or 0.0))


def _kind_faults(option: str, kind: str, subject: str | None, by: str | None) -> list[Fault]:
    """Say what is wrong with the kind and its parts."""
    if kind not in KINDS:
        return [Fault("", 0, option, f"{quoted(kind)} is not a kind of target", did_you_mean(kind, KINDS))]
    faults = []
    if kind == "rent" and subject:
        faults.append(Fault("", 0, option, f"rent has no name, but {quoted(subject)} was given", "write rent"))
    if kind not in ("rent", "loss") and not subject:
        faults.append(Fault("", 0, option, f"{kind} of whom is not said", f"write {kind}:NAME"))
    if by and kind not in _DATED:
        message = f"{kind} is counted up to the horizon, not by {by}"
        faults.append(Fault("", 0, option, message, f"leave out 'by {by}', or use --months of `deflator run`"))
    return faults


def _month_faults(option: str, by: str | None, setting: Setting) -> list[Fault]:
    if by is None:
        return []
    book = setting.question.book_used
    if not is_month(by):
        return [Fault("", 0, option, f"{quoted(by)} is not a month", f"write a month such as {book.horizon}")]
    if not 1 <= book.month(by) <= book.months:
        message = f"{by} is not after {book.as_of} and up to {book.horizon}"
        return [Fault("", 0, option, message, "use a month that is simulated")]
    return []


def _bound_faults(option: str, sign: str | None, bound: str | None) -> list[Fault]:
    if sign is None or bound is None:
        return []
    try:
        if np.isfinite(float(bound)):
            return []
    except ValueError:
        pass
    return [Fault("", 0, option, f"{quoted(bound)} is not a number", f"write a number after {sign}, such as 5000")]


def _subject_faults(option: str, kind: str, subject: str, setting: Setting) -> list[Fault]:
    """Say what is wrong with a name."""
    economy = setting.economy
    layers = [name for name in dict.fromkeys(economy.layers) if name != "world"]
    if subject in economy.entities:
        if kind == "loss":
            return []
        try:
            position_of(economy, subject)
        except RunError as error:
            return [replace(fault, column=option) for fault in error.faults]
        return []
    others = {"loss": [ALL, *layers], "headroom": []}.get(kind, layers)
    if subject in others:
        return []
    if subject in layers:
        return [Fault("", 0, option, f"{subject} is a layer, and {kind} is of one entity", "name an entity")]
    known = [*others, *economy.entities]
    hint = did_you_mean(subject, known) or f"use an entity of `deflator book show entities`, {one_of(others or layers)}"
    return [Fault("", 0, option, f"there is no entity or layer {quoted(subject)}", hint)]


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
    if target.kind == "headroom":
        return _compare(target, _least_room(setting, target, threads, progress))
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
    """Return the target on each path, shape [path]; the headroom is not among what outcomes hold."""
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
        cohort = found.entities["members"].to_numpy() > 1
        position = names.index(target.subject)
        ranked = np.flatnonzero((cohort == cohort[position]) & (found.entities["layer"].to_numpy() != "world"))
        rivals = months[ranked]
        own = int(np.flatnonzero(ranked == position)[0]) if position in ranked else 0
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


def _least_room(setting: Setting, target: Target, threads: int | None, progress: Progress | None) -> Floats:
    """Return the smallest cash over the buffer from month 1 up to the break, USD m; of a lender the capital left."""
    position = setting.economy.entities.index(target.subject)

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        entities = block.entities
        lends = entities.layer[position] == LENDER
        room = (
            entities.capital[position] - entities.lost[position]
            if lends
            else entities.cash[position] - buffers(block)[position]
        )
        return {"room": room.copy(), "broken": entities.break_month[position].copy()}

    seen = watch(setting, keep, threads=threads, progress=progress)
    broken = seen["broken"][-1]
    month = np.arange(seen["room"].shape[0])[:, None]
    counts = (month >= 1) & (month <= target.by) & ((broken == 0) | (month <= broken))
    least = np.where(counts, seen["room"], np.inf).min(axis=0)
    return np.where(seen["status"] == Status.OK, least, np.nan)


def _compare(target: Target, values: Floats) -> Floats:
    """Return the values, or where they are beyond the bound; what failed stays NaN."""
    if not target.sign:
        return np.asarray(values, dtype=np.float64)
    beyond = values > target.bound if target.sign == ">" else values < target.bound
    return np.where(np.isnan(values), np.nan, beyond.astype(np.float64))
