"""What can be bought: units of equipment, a loan, or a share of a firm, as prices and payments month by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting
from deflator.book.spelling import did_you_mean, quoted
from deflator.engine.layout import LENDER, WORLD
from deflator.errors import Fault, RunError

EQUIPMENT, FACILITY, EQUITY = "equipment", "facility", "entity"


@dataclass(frozen=True)
class Target:
    """A thing that can be bought.

    Parameters
    ----------
    kind
        `equipment`, `facility` or `entity`.
    name
        Its id.
    position
        Its place in the economy.
    """

    kind: str
    name: str
    position: int


@dataclass(frozen=True, eq=False)
class Asset:
    """What one unit of a thing costs and pays on every path.

    Parameters
    ----------
    price
        What one unit costs at the end of a month, [T + 1, path]; nothing can be bought where it is not above zero.
    income
        What one unit that is held at the end of the month before pays in a month, [T + 1, path].
    left
        What is left of one unit bought at month 0: repayment, dilution and failure take from it, [T + 1, path].
    resale
        What one unit bought in a month brings at the horizon, before what `left` takes, [T + 1, path].
    useful_months
        Months after its purchase in which a unit still pays, [path]; endless for loans and shares.
    least
        Price up to which nothing is bought, as it is no measure of what is at stake, [path].
    """

    price: Floats
    income: Floats
    left: Floats
    resale: Floats
    useful_months: Floats
    least: Floats

    def on_offer(self, month: int) -> NDArray[np.bool_]:
        """Return on which paths something is bought at the end of a month, [path]."""
        there: NDArray[np.bool_] = (self.price[month] > self.least) & (self.left[month] > 0.0)
        return there

    def payments(self, month: int) -> Floats:
        """Return the payments of one who buys one unit at the end of a month, [T + 1 - month, path]."""
        horizon = len(self.price) - 1
        there = self.on_offer(month)
        held = np.where(there, self.left[month:] / np.where(there, self.left[month], 1.0), 0.0)
        after = np.arange(1, horizon - month + 1)[:, None]
        paid = np.zeros((horizon - month + 1, self.price.shape[1]))
        paid[1:] = np.where(after <= self.useful_months, self.income[month + 1 :] * held[:-1], 0.0)
        paid[-1] += self.resale[month] * held[-1]
        paid[0] = -self.price[month]
        return np.where(there, paid, 0.0)


def target_of(setting: Setting, name: str | None) -> Target:
    """Find what is meant by a name; the reference equipment when there is none.

    Parameters
    ----------
    setting
        From `prepare`.
    name
        Id of an equipment, a facility or an entity; `kind:id` where an id is used twice.

    Raises
    ------
    RunError
        When there is no such thing, several, or one that cannot be bought.
    """
    economy = setting.economy
    if name is None:
        reference = int(economy.links["world.reference"][0])
        return Target(EQUIPMENT, economy.equipment[reference], reference)
    loans = tuple(str(row["facility"]) for row in setting.question.book.table("facilities").rows)
    known = {EQUIPMENT: economy.equipment, FACILITY: loans, EQUITY: economy.entities}
    kind, _, bare = name.rpartition(":")
    found = [
        Target(one, bare, names.index(bare)) for one, names in known.items() if bare in names and kind in ("", one)
    ]
    if not found:
        everything = [one for names in known.values() for one in names]
        hint = (
            did_you_mean(bare, everything) or f"use equipment ({', '.join(economy.equipment)}), a facility or an entity"
        )
        message = f"there is no equipment, facility or entity {quoted(name)}"
        raise RunError([Fault("", 0, "THING", message, hint)])
    if len(found) > 1:
        hint = f"type {' or '.join(f'{one.kind}:{bare}' for one in found)}"
        raise RunError([Fault("", 0, "THING", f"{quoted(bare)} is an id of several things", hint)])
    if found[0].kind == FACILITY:
        return Target(FACILITY, bare, economy.facilities.index(bare))
    if found[0].kind == EQUITY:
        _check_share(setting, bare)
    return found[0]


def _check_share(setting: Setting, name: str) -> None:
    """Refuse shares in a firm that has none of its own."""
    economy = setting.economy
    position = economy.entities.index(name)
    layer, account = economy.links["entities.layer"][position], economy.links["entities.account"][position]
    if account != position:
        owner = economy.entities[account]
        raise RunError(
            [Fault("", 0, "THING", f"{name} has no account of its own: {owner} pays for it", f"use {owner}")]
        )
    if layer in (WORLD, LENDER):
        message = f"{name} has no shares whose value the engine computes: it is of the layer {economy.layers[position]}"
        raise RunError([Fault("", 0, "THING", message, "use a firm, an equipment or a facility")])
