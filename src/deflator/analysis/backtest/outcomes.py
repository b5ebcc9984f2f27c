"""What happened after the as-of month of a book: who broke when, who lasted, and which rents were seen.

The table is a CSV file with the columns of `COLUMNS`. One row tells the fate of one entity, or one rent. Reading checks
every cell and tells all faults at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deflator.analysis.replay import Setting, position_of
from deflator.book.months import month_at
from deflator.book.spelling import did_you_mean, quoted
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.scenario.check import month_in
from deflator.scenario.course import canonical_month

#: Columns of the table; `note` may be left out.
COLUMNS = ("entity", "event", "month", "value", "source", "note")
_NEEDED = COLUMNS[:-1]
#: Events of an entity, and whether each is a hard break, a soft break, or the end of what is known of it.
EVENTS: Mapping[str, str] = {
    "bankruptcy": "hard",
    "payment_default": "hard",
    "liquidation": "hard",
    "distressed_exchange": "soft",
    "acquired": "seen",
    "survived": "seen",
}
RENT = "rent"


@dataclass(frozen=True)
class Outcome:
    """What became of an entity.

    Parameters
    ----------
    entity
        Id in the book.
    event
        One of `EVENTS`.
    month
        Months after the as-of month: of the break, or the last in which the entity was seen unbroken.
    source, note
        Where it was read, and how.
    """

    entity: str
    event: str
    month: int
    source: str
    note: str

    def broke(self, soft: bool) -> int | None:
        """Return the month of the break, None where there was none; soft breaks count when asked for."""
        counted = ("hard", "soft") if soft else ("hard",)
        return self.month if EVENTS[self.event] in counted else None


@dataclass(frozen=True)
class RentSeen:
    """A rent that was seen after the as-of month, USD per unit-hour."""

    equipment: str
    month: int
    usd_per_hour: float
    source: str


@dataclass(frozen=True)
class Outcomes:
    """All that is known of what happened.

    Parameters
    ----------
    file
        Name of the table, for messages.
    firms
        In the order of the table.
    rents
        Likewise.
    until
        Last month in which anything is known of any entity.
    """

    file: str
    firms: tuple[Outcome, ...]
    rents: tuple[RentSeen, ...]
    until: int


def read_outcomes(file: str | Path, setting: Setting) -> Outcomes:
    """Read a table of outcomes and check it against the book that is to be scored.

    Parameters
    ----------
    file
        A CSV file in UTF-8.
    setting
        From `prepare`: the book, its horizon and its entities.

    Raises
    ------
    RunError
        With every fault: a file that cannot be read, missing or unknown columns, entities that are unknown or cannot
        break, events and equipment that are unknown, months outside those that are simulated, entities told twice,
        rents that are not above zero, rows without a source, no entity at all.
    """
    path = Path(file)
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = text("backtest.unreadable", reason=getattr(error, "strerror", None) or str(error))
        raise RunError([Fault(str(path), 0, "", message, text("backtest.unreadable_hint"))]) from None
    reader = csv.reader(io.StringIO(content))
    header = [cell.strip() for cell in next(reader, [])]
    faults = list(_header_faults(path.name, header))
    if faults:
        raise RunError(faults)
    rows = [
        (reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=False)))
        for cells in reader
        if any(cell.strip() for cell in cells)
    ]
    table = _Table(path.name, setting, faults)
    firms, rents = table.read(rows)
    if not firms and not faults:
        faults.append(Fault(path.name, 0, "entity", text("backtest.nobody"), text("backtest.nobody_hint")))
    if faults:
        raise RunError(faults)
    return Outcomes(path.name, firms, rents, max(one.month for one in firms))


def _header_faults(file: str, header: list[str]) -> Iterator[Fault]:
    allowed = text("backtest.columns_hint", columns=",".join(COLUMNS))
    for name in _NEEDED:
        if name not in header:
            yield Fault(file, 1, name, text("backtest.column_missing", column=name), allowed)
    for name in header:
        if name not in COLUMNS:
            yield Fault(file, 1, name, text("backtest.column_unknown", column=quoted(name)), allowed)
        elif header.count(name) > 1:
            yield Fault(file, 1, name, text("backtest.column_twice", column=quoted(name)), allowed)


class _Table:
    """The rows of a table, checked one by one; faults gather in a list that the caller owns."""

    def __init__(self, file: str, setting: Setting, faults: list[Fault]) -> None:
        self.file, self.setting, self.faults = file, setting, faults
        self.equipment = setting.economy.equipment
        self.seen: dict[str, int] = {}

    def read(self, rows: list[tuple[int, dict[str, str]]]) -> tuple[tuple[Outcome, ...], tuple[RentSeen, ...]]:
        firms, rents = [], []
        for line, row in rows:
            before = len(self.faults)
            event, month = row.get("event", ""), self._month(line, row.get("month", ""))
            source = self._source(line, row)
            if event == RENT:
                self._check_equipment(line, row.get("entity", ""))
                value = self._value(line, row.get("value", ""))
                if len(self.faults) == before:
                    rents.append(RentSeen(row["entity"], month, value, source))
                continue
            self._check_event(line, event)
            self._check_entity(line, row.get("entity", ""))
            if row.get("value"):
                hint = text("backtest.value_hint")
                self._fault(line, "value", text("backtest.value_unused", value=quoted(row["value"])), hint)
            if len(self.faults) == before:
                firms.append(Outcome(row["entity"], event, month, source, row.get("note", "")))
        return tuple(firms), tuple(rents)

    def _fault(self, line: int, column: str, message: str, hint: str) -> None:
        self.faults.append(Fault(self.file, line, column, message, hint))

    def _month(self, line: int, typed: str) -> int:
        book, last = self.setting.question.book, self.setting.economy.months
        allowed = text("backtest.month_hint", first=month_at(1, book.as_of), last=month_at(last, book.as_of))
        canonical = canonical_month(typed) if typed and not typed.startswith("+") else None
        if canonical is None:
            self._fault(line, "month", text("backtest.month_odd", month=quoted(typed)), allowed)
            return 0
        found = month_in(book, canonical)
        if found < 1:
            message = text("backtest.month_early", month=typed, as_of=book.as_of)
            self._fault(line, "month", message, allowed)
        elif found > last:
            message = text("backtest.month_late", month=typed, end=month_at(last, book.as_of))
            self._fault(line, "month", message, allowed)
        return found

    def _source(self, line: int, row: dict[str, str]) -> str:
        if not row.get("source"):
            self._fault(line, "source", text("backtest.source_missing"), text("backtest.source_hint"))
        return row.get("source", "")

    def _check_event(self, line: int, event: str) -> None:
        if event not in EVENTS:
            known = (*EVENTS, RENT)
            hint = did_you_mean(event, known)
            self._fault(line, "event", text("backtest.event_unknown", event=quoted(event)), hint)

    def _check_entity(self, line: int, entity: str) -> None:
        try:
            position_of(self.setting.economy, entity)
        except RunError as error:
            for fault in error.faults:
                self._fault(line, "entity", fault.message, fault.hint)
            return
        if entity in self.seen:
            message = text("backtest.told_twice", entity=entity, line=self.seen[entity])
            self._fault(line, "entity", message, text("backtest.told_twice_hint"))
        self.seen.setdefault(entity, line)

    def _check_equipment(self, line: int, name: str) -> None:
        if name not in self.equipment:
            message = text("backtest.equipment_unknown", equipment=quoted(name))
            self._fault(line, "entity", message, did_you_mean(name, self.equipment))

    def _value(self, line: int, typed: str) -> float:
        try:
            value = float(typed)
        except ValueError:
            value = 0.0
        if not 0.0 < value < float("inf"):
            message = text("backtest.rent_odd", value=quoted(typed))
            self._fault(line, "value", message, text("backtest.rent_hint"))
        return value
