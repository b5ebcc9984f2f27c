"""What happens on every path to those who owe and to what they pledged: simulated once for all loans."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting
from deflator.analysis.trials import watch
from deflator.engine import Status
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.tape.borrowers import Obligor

#: What may be kept of all paths together.
MOST_BYTES = 3_000_000_000
_BYTES = 8


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The paths, as far as loans depend on them.

    Parameters
    ----------
    setting
        What was simulated.
    accounts
        Entities that are followed: positions of those whose cash pays, by id.
    rows
        Row of each of these positions in `share`.
    share
        Share of the entity that has broken by the end of a month, [T + 1, entity, path]: 0 or 1 of a firm.
    equipment
        Place of each equipment in `value`.
    value
        Second-hand value of a unit, USD, [T + 1, equipment, path].
    openness
        Funding openness, [T + 1, path].
    covenants
        Rows of the table `covenants` that are in force and followed.
    headroom
        How far each is from its threshold over the threshold, [T + 1, covenant, path]; not a number where nothing is
        owed.
    draw
        Draw of each path.
    """

    setting: Setting
    accounts: dict[str, int]
    rows: dict[int, int]
    share: Floats
    equipment: dict[str, int]
    value: Floats
    openness: Floats
    covenants: NDArray[np.intp]
    headroom: Floats
    draw: NDArray[np.int64]

    @property
    def paths(self) -> int:
        """Paths that did not fail."""
        return int(self.draw.size)

    @property
    def months(self) -> int:
        """Months after the as-of month."""
        return int(self.openness.shape[0] - 1)

    def broken(self, entity: str) -> Floats:
        """Return the share of an entity that has broken by the end of each month, [T + 1, path]."""
        return self.share[:, self.rows[self.accounts[entity]]]

    def parameter(self, row: int) -> Floats:
        """Return a parameter of the model on every path; `row` is from `deflator.engine.positions.P`."""
        economy = self.setting.economy
        parameters: Floats = economy.figures[economy.rows["world.parameters"]]
        return parameters[row, self.draw]


def simulate_outcomes(
    setting: Setting,
    entities: Sequence[str],
    equipment: Sequence[str],
    threads: int | None = None,
    progress: Progress | None = None,
) -> Outcomes:
    """Simulate the paths of a setting and keep what loans depend on.

    Parameters
    ----------
    setting
        From `deflator.analysis.replay.prepare`.
    entities
        Ids of borrowers and guarantors.
    equipment
        Ids of what is pledged.
    threads, progress
        As for `deflator.analysis.trials.simulate_all`.

    Raises
    ------
    RunError
        When every path fails, or so many are asked for that what is kept of them would not fit into memory.
    """
    economy = setting.economy
    links = economy.links
    accounts = {name: int(links["entities.account"][economy.entities.index(name)]) for name in entities}
    followed = np.unique(np.array(sorted(accounts.values()), dtype=np.intp))
    goods = np.array([economy.equipment.index(name) for name in equipment], dtype=np.intp)
    borrower = links["entities.account"][links["facilities.borrower"][links["covenants.facility"]]]
    covenants = np.flatnonzero((links["covenants.active"] == 1) & np.isin(borrower, followed)).astype(np.intp)
    facility = links["covenants.facility"][covenants]
    _check_room(setting, len(followed) + len(goods) + len(covenants) + 1)

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        owes = block.facilities.balance[facility] > 0.0
        return {
            "share": block.entities.broken_share[followed].copy(),
            "value": block.equipment.value[goods].copy(),
            "openness": block.world.openness.copy(),
            "headroom": np.where(owes, block.covenants.headroom[covenants], np.nan),
        }

    seen = watch(setting, keep, threads=threads, progress=progress)
    good = seen["status"] == Status.OK
    if not good.any():
        raise RunError([Fault("", 0, "", text("tape.fault.all_failed"), text("tape.hint.all_failed"))])
    return Outcomes(
        setting, accounts, {int(position): row for row, position in enumerate(followed)},
        share=seen["share"][..., good], equipment={name: at for at, name in enumerate(equipment)},
        value=seen["value"][..., good], openness=seen["openness"][..., good], covenants=covenants,
        headroom=seen["headroom"][..., good], draw=np.flatnonzero(good).astype(np.int64) % economy.draws,
    )  # fmt: skip


def _check_room(setting: Setting, kept: int) -> None:
    """Refuse more paths than fit into memory."""
    paths = setting.question.paths_used
    each = _BYTES * kept * (setting.economy.months + 1)
    if paths * each > MOST_BYTES:
        most = MOST_BYTES // each
        message = text("tape.fault.too_many_paths", paths=f"{paths:,}", gigabytes=f"{paths * each / 1e9:.1f}")
        raise RunError([Fault("", 0, "--paths", message, text("tape.hint.too_many_paths", most=f"{most:,}"))])


def default_months(outcomes: Outcomes, obligor: Obligor, name: str) -> NDArray[np.int16]:
    """Return the month in which a borrower defaults on each path, 0 for never.

    A firm defaults when it breaks. Of a cohort a member defaults when the share that has broken passes its own place
    among the members, which is drawn by the borrower's name, so that loans to one borrower default together. A generic
    borrower follows on each path one of the entities it is like, drawn the same way.

    Parameters
    ----------
    outcomes
        From `simulate_outcomes`.
    obligor
        Who owes.
    name
        The borrower as the tape names it; its draws depend on nothing else but the seed.
    """
    place, choice = _draws(outcomes.setting.question.seed, name, outcomes.paths)
    if len(obligor.entities) == 1:
        share = outcomes.broken(obligor.entities[0])
    else:
        rows = np.array([outcomes.rows[outcomes.accounts[entity]] for entity in obligor.entities])
        chosen = rows[(choice * len(rows)).astype(np.intp)]
        share = outcomes.share[:, chosen, np.arange(outcomes.paths)]
    return first_passage(share, place)


def first_passage(share: Floats, place: Floats) -> NDArray[np.int16]:
    """Return the first month in which a share that never falls reaches a member's place, 0 for never.

    Parameters
    ----------
    share
        [T + 1, path].
    place
        Above 0, at most 1, [path].

    Examples
    --------
    >>> first_passage(np.array([[0.0, 0.0], [0.2, 0.2], [0.2, 0.6]]), np.array([0.1, 0.5])).tolist()
    [1, 2]
    >>> first_passage(np.array([[0.0], [0.2]]), np.array([0.3])).tolist()
    [0]
    """
    before = (share < place).sum(axis=0)
    return np.where(before < len(share), before, 0).astype(np.int16)


def _draws(seed: int, name: str, paths: int) -> tuple[Floats, Floats]:
    """Return two uniform numbers in (0, 1] and [0, 1) for each path, by name and seed alone."""
    digest = hashlib.sha256(f"{seed}|{name}".encode()).digest()
    key = int.from_bytes(digest[:16], "big")
    drawn = np.random.Generator(np.random.Philox(key=key)).random((paths, 2))
    return 1.0 - drawn[:, 0], drawn[:, 1]


def default_curve(outcomes: Outcomes, obligor: Obligor) -> Floats:
    """Return the share of an obligor that has defaulted by the end of each month, [T + 1, path].

    Of a member of a cohort, or of a generic borrower, that is the probability given the path.
    """
    return np.mean([outcomes.broken(entity) for entity in obligor.entities], axis=0)
