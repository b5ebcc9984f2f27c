"""How a story reads: events as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deflator.analysis.path_view import Event
from deflator.analysis.replay import Setting
from deflator.analysis.words import per_cent, significant
from deflator.book.months import month_at
from deflator.engine.codes import Trigger
from deflator.messages import text

_DIGITS = 3
#: What is told as nothing, USD m.
NOTHING = 5e-4


def musd_words(musd: float | None) -> str:
    """Return a sum without more digits than are of use, and 0 for what is less than half a thousandth.

    Examples
    --------
    >>> musd_words(1234.5), musd_words(-0.0001)
    ('1,230', '0')
    """
    return "0" if musd is not None and abs(musd) < NOTHING else significant(musd, _DIGITS)


class EventWords:
    """How the events of a path read: names of entities, months, sums and shares.

    Parameters
    ----------
    setting
        What was replayed.
    """

    def __init__(self, setting: Setting) -> None:
        self._names = setting.labels | {
            "new_loans": text("why.new_loans"),
            "others": text("why.others"),
        }
        self._as_of = setting.question.book.as_of

    def name(self, entity: str) -> str:
        """Return the name of an entity."""
        return self._names[entity]

    def month(self, month: int) -> str:
        """Return a calendar month."""
        return month_at(month, self._as_of)

    def sentence(self, event: Event) -> str:
        """Return what happened, in words."""
        values = event.values
        filled = {name: self._written(name, value) for name, value in values.items()}
        kind = event.kind
        if kind == "covenant_breached":
            counterfactual = values["case"] == "counterfactual"
            filled["tested"] = text(f"why.test.{values['test']}", **filled)
            filled["counterfactual"] = text("why.counterfactual") if counterfactual else ""
            filled["followed"] = text(f"why.consequence.{values['consequence']}", **filled)
        elif kind.startswith("loan_") and values["granted_share"] < 1.0:
            return text(f"why.event.{kind}", **filled) + text("why.rationed", **filled)
        elif kind == "broke" and values["broken_share"] < 1.0:
            kind = "broke_members"
        elif kind.endswith("_broke"):
            members = text("why.members_broke", share=filled["broken_share"])
            filled["how"] = filled["trigger"] if values["broken_share"] == 1.0 else members
            filled["unpaid"] = text("why.unpaid", **filled) if values["missed_musd"] > NOTHING else ""
        return text(f"why.event.{kind}", **filled)

    def _written(self, name: str, value: Any) -> str:
        """Return a value as the end of its name says what it is."""
        if name == "trigger":
            return Trigger(value).sentence
        if name == "partner":
            return self.name(value)
        if name == "payees":
            return ", ".join(f"{self.name(payee)} ({musd_words(musd)})" for payee, musd in value.items())
        formats: Mapping[str, Callable[[Any], str]] = {
            "musd": musd_words,
            "usd": lambda rent: f"{rent:.2f}",
            "share": per_cent,
            "count": lambda count: f"{round(count):,}",
            "month": self.month,
        }
        if isinstance(value, str):
            return value
        return formats.get(name.rpartition("_")[2], lambda figure: significant(figure, _DIGITS))(value)
