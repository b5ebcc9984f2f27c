"""Simulate chosen paths once more, month by month, and keep what a run of many paths cannot keep.

A path is a pure function of the economy, the seed and its number, so what is seen here is, bit for bit, what
happened on that path in a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.book.months import month_at
from deflator.book.spelling import did_you_mean, quoted
from deflator.engine import Economy, Status, pack
from deflator.engine.extended import advance
from deflator.engine.layout import LANES, LENDER, RECORDS, kinds_of, name_of
from deflator.engine.positions import P
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather
from deflator.engine.setup import start_block
from deflator.ensemble import Question
from deflator.errors import Fault, RunError
from deflator.scenario.check import month_in
from deflator.scenario.course import canonical_month
from deflator.scenario.figures import Figures, draw_figures

Floats = NDArray[np.float64]

_CHANGING = ("State", "Flag", "Lane")


@dataclass(frozen=True, eq=False)
class Setting:
    """A question that is ready to be simulated.

    Parameters
    ----------
    question
        What is asked.
    figures
        The drawn figures of its book.
    economy
        The same in the order of the engine.
    """

    question: Question
    figures: Figures
    economy: Economy

    @property
    def labels(self) -> dict[str, str]:
        """Name of every entity, as people know it."""
        return {str(row["entity"]): str(row["name"]) for row in self.question.book.table("entities").rows}


def prepare(question: Question) -> Setting:
    """Draw the figures of a question and pack them, as a run of it does."""
    book = question.book_used
    figures = draw_figures(book, question.scenario, question.draws_used, question.seed, question.ignorance)
    return Setting(question, figures, pack(book, question.scenario, figures))


def position_of(economy: Economy, entity: str) -> int:
    """Return the position of an entity that can break.

    Raises
    ------
    RunError
        When there is no such entity, or it cannot break.
    """
    if entity not in economy.entities:
        hint = did_you_mean(entity, economy.entities) or "`deflator book show entities` lists them"
        raise RunError([Fault("", 0, "ENTITY", f"there is no entity {quoted(entity)}", hint)])
    position = economy.entities.index(entity)
    account = economy.links["entities.account"][position]
    if account != position:
        owner = economy.entities[account]
        message = f"{entity} has no account of its own: {owner} pays for it"
        raise RunError([Fault("", 0, "ENTITY", message, f"ask for {owner}")])
    if not economy.links["entities.can_default"][position]:
        able = [name for name, can in zip(economy.entities, economy.links["entities.can_default"], strict=False) if can]
        message = f"{entity} cannot break: it has no debt that lenders could call, and no limit to its cash"
        raise RunError([Fault("", 0, "ENTITY", message, f"use one of {', '.join(able)}")])
    return position


def month_asked(typed: str, setting: Setting, option: str) -> int:
    """Return a month that a question names, `YYYY-MM` or `+N`, in months after the as-of month.

    Parameters
    ----------
    typed
        As it was typed.
    setting
        From `prepare`: says which months are simulated.
    option
        Option under which it was typed, for the error.

    Raises
    ------
    RunError
        When it is no month, or not one that is simulated.
    """
    book, months = setting.question.book, setting.economy.months
    allowed = f"use {month_at(1, book.as_of)} to {month_at(months, book.as_of)}, or +1 to +{months}"
    month = canonical_month(typed)
    if month is None:
        raise RunError([Fault("", 0, option, f"{quoted(typed)} is not a month", allowed)])
    found = month_in(book, month)
    if not 1 <= found <= months:
        raise RunError([Fault("", 0, option, f"{typed} is not simulated", allowed)])
    return found


def walk(
    setting: Setting, paths: Sequence[int] | NDArray[np.int64], last: int | None = None
) -> Iterator[tuple[int, Record]]:
    """Yield a block of paths at month 0 and at the end of every month up to the horizon.

    Parameters
    ----------
    setting
        From `prepare`.
    paths
        Numbers of at most `LANES` paths; path p is lane p of the block, and the lanes left over repeat the last.
    last
        Last month to simulate; the horizon when None. Months up to it are the same either way.

    Yields
    ------
    tuple of int and Record
        Month, and the block, whose arrays change with the next month: copy what is to be kept.
    """
    economy, question = setting.economy, setting.question
    block = allocate(economy, LANES)
    numbers = np.asarray(paths, dtype=np.int64)[np.minimum(np.arange(LANES), len(paths) - 1)]
    block.paths[:] = numbers.astype(np.uint64)
    block.draw[:] = numbers % economy.draws
    gather(economy.figures, block.draw, block.figures)
    forget(block)
    seed = np.uint64(question.seed)
    start_block(block, economy.months, seed, question.chance)
    yield 0, block
    for month in range(1, (economy.months if last is None else last) + 1):
        advance(economy, month, seed, question.chance, block)
        yield month, block


@dataclass(frozen=True, eq=False)
class Replay:
    """All that changed on one path, month by month.

    Parameters
    ----------
    setting
        What was simulated.
    path
        Number of the path.
    kept
        By `record.field`: state at the end of every month, shape [T + 1, item] or [T + 1]; month 0 is the start.
        `buffer` and `headroom` are those of `buffers` and `headrooms`.
    """

    setting: Setting
    path: int
    kept: Mapping[str, NDArray]

    def __getitem__(self, name: str) -> NDArray:
        return self.kept[name]

    @property
    def economy(self) -> Economy:
        """The economy, in the order of the engine."""
        return self.setting.economy

    @property
    def draw(self) -> int:
        """Draw of the uncertain figures on this path."""
        return self.path % self.economy.draws

    def figure(self, name: str) -> Floats:
        """Return the drawn figures of a `record.field`, shape [item]."""
        return self.economy.figures[self.economy.rows[name], self.draw]

    def parameter(self, row: int) -> float:
        """Return a parameter of the model as drawn; `row` is from `deflator.engine.positions.P`."""
        return float(self.figure("world.parameters")[row])


def replay(setting: Setting, path: int) -> Replay:
    """Simulate one path again and keep its whole state in every month.

    Parameters
    ----------
    setting
        From `prepare`.
    path
        Number of the path, at least 0; it may lie beyond the paths of a run.

    Raises
    ------
    RunError
        When the path fails, so that none of its figures counts.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.scenario import load_scenario
    >>> question = Question(load_book("fibre-2001"), load_scenario("base"), paths=1, draws=0, chance=False)
    >>> path = replay(prepare(question), 0)
    >>> path["entities.cash"].shape[0] == 1 + question.book.months
    True
    """
    changing = [
        (name_of(record), field) for record in RECORDS for field, kind in kinds_of(record).items() if kind in _CHANGING
    ]
    kept: dict[str, list[NDArray]] = {f"{record}.{field}": [] for record, field in changing}
    kept["payments.ratio"] = []
    room: list[Floats] = []
    for _, block in walk(setting, [path]):
        room.append(np.stack([buffers(block)[:, 0], headrooms(block)[:, 0]]))
        for name, months in kept.items():
            record, _, field = name.partition(".")
            months.append(getattr(getattr(block, record), field)[..., 0].copy())
    stacked = {name: np.stack(months) for name, months in kept.items()}
    status: Any = Status(int(stacked["ledger.status"][-1]))
    if status != Status.OK:
        raise RunError([Fault("", 0, "--path", f"path {path} failed: {status.sentence}", "choose another path")])
    buffer, headroom = np.stack(room, axis=1)
    return Replay(setting, path, stacked | {"buffer": buffer, "headroom": headroom})


def cash_buffer(parameters: Floats, minimum_musd: Floats, due_musd: Floats, ebitda_musd: Floats) -> Floats:
    """Return the cash at which firms act before they must, USD m, by the rule of `engine.debt.cash_buffer`.

    Parameters
    ----------
    parameters
        Shape [parameter, ...].
    minimum_musd, due_musd, ebitda_musd
        Minimum liquidity, debt service of the month without maturities, earnings of the month.

    Examples
    --------
    >>> parameters = np.zeros(len(P))
    >>> parameters[P.early_action_buffer], parameters[P.min_liquidity_months] = 2.0, 1.0
    >>> float(cash_buffer(parameters, np.array(30.0), np.array(10.0), np.array(-40.0)))
    100.0
    """
    net = due_musd - np.minimum(ebitda_musd, 0.0)
    least = np.maximum(minimum_musd, parameters[P.min_liquidity_months] * net)
    return parameters[P.early_action_buffer] * least


def buffers(block: Record) -> Floats:
    """Return the buffer of every entity at the end of the month, USD m, shape [entity, lane]."""
    entities = block.entities
    return cash_buffer(block.world.parameters, entities.minimum_liquidity, entities.scheduled_due, entities.ebitda)


def headrooms(block: Record) -> Floats:
    """Return how far every entity is from trouble: cash over its buffer; of a lender, the share of capital left.

    Returns
    -------
    ndarray
        Shape [entity, lane]; a firm below 1 raises, sells and cuts what it can.
    """
    entities, buffer = block.entities, buffers(block)
    room = np.where(buffer > 0.0, entities.cash / np.where(buffer > 0.0, buffer, 1.0), np.inf)
    lends = (entities.layer == LENDER)[:, None] & (entities.capital > 0.0)
    return np.where(lends, 1.0 - entities.lost / np.where(lends, entities.capital, 1.0), room)
