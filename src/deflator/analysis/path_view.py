"""What happened to one entity on one path, as dated events with sums and the figures of the book behind them.

An event has no words: its kind names a sentence of the catalogue, and its values fill it. The last part of a
value's name tells what it is: `_musd` a sum, `_usd` a rent or price, `_share` a share, `_month` a month, `_ratio` a
ratio, `_count` a number of units or months; any other value is a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Replay

#: Table, key of the row, and column of a figure of the book.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Event:
    """Something that happened to an entity.

    Parameters
    ----------
    month
        Month after the as-of month.
    kind
        Name of its sentence.
    musd
        How much it weighs, USD m: a sum, or what it takes in a year.
    values
        What the sentence tells.
    figures
        Figures of the book on which it rests.
    essential
        Whether no telling may leave it out.
    """

    month: int
    kind: str
    musd: float
    values: Mapping[str, Any]
    figures: tuple[Place, ...] = ()
    essential: bool = False


class Edges(NamedTuple):
    """What is due between accounts, one column for each possible payment.

    Parameters
    ----------
    payer, payee, kind
        Accounts, and `Category` of the payment; shape [edge].
    due, missed
        USD m, shape [T + 1, edge].
    """

    payer: NDArray[np.int64]
    payee: NDArray[np.int64]
    kind: NDArray[np.int64]
    due: NDArray[np.float64]
    missed: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """An entity on a replayed path, up to a month.

    Parameters
    ----------
    replay
        The path.
    position
        Of the entity.
    last
        Last month that counts: that of its break.
    """

    replay: Replay
    position: int
    last: int

    def __getitem__(self, name: str) -> NDArray:
        return self.replay[name]

    def link(self, name: str) -> NDArray[np.int64]:
        """Return the links of a `record.field`, shape [item]."""
        return self.replay.economy.links[name]

    def figure(self, name: str) -> NDArray[np.float64]:
        """Return the drawn figures of a `record.field`, shape [item]."""
        return self.replay.figure(name)

    def account(self, name: str) -> NDArray[np.int64]:
        """Return whose cash pays, for a link to entities; -1 where there is none."""
        links = self.link(name)
        return np.where(links >= 0, self.link("entities.account")[links], -1)

    def mine(self, name: str) -> list[int]:
        """Return the items that a link gives to the entity."""
        return np.flatnonzero(self.account(name) == self.position).tolist()

    def name(self, position: int) -> str:
        """Return the id of an entity; the account of new loans has none in the book."""
        names = self.replay.economy.entities
        return names[position] if position < len(names) else "new_loans"

    @cached_property
    def edges(self) -> Edges:
        """Return what was due between accounts in every month, and what of it was not paid."""
        group = np.repeat(np.arange(len(self.link("network.group_payer"))), np.diff(self.link("network.group_ofs")))
        due = self["network.due"]
        return Edges(
            payer=self.link("network.group_payer")[group],
            payee=self.link("network.payee"),
            kind=self.link("network.kind"),
            due=due,
            missed=due * (1.0 - self["payments.ratio"][:, group]),
        )
