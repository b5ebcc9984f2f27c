"""The maturity wall: which principal falls due in which month, from whom and to whom, by the terms of the book.

It is what the contracts say of the debt that is drawn at the as-of month: nothing is drawn, refinanced, converted or
missed. What becomes of it on simulated paths stands in `analysis.debt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import TAIL
from deflator.analysis.replay import Floats, Setting, prepare
from deflator.credit.monthly import LEVEL, LINEAR, SCHEDULE, SCULPTED
from deflator.engine import Economy
from deflator.engine.layout import MUSD_PER_HOURLY_USD


@dataclass(frozen=True)
class Due:
    """The principal of one facility by month.

    Parameters
    ----------
    facility, borrower, kind
        Ids, and the kind of debt.
    maturity
        Month in which the last of it is due, YYYY-MM.
    principal_musd
        Drawn at the as-of month, USD m.
    holders
        Share of the principal by holder; they sum to one where the book names every holder.
    by_month_musd
        Due in each month, shape [T + 2]: month 0 is empty, the last element is what falls due after the horizon. Sums
        to the principal.
    low_musd, high_musd
        Quantiles 5 and 95 % over draws of what is not known; None where a question draws nothing.
    """

    facility: str
    borrower: str
    kind: str
    maturity: str
    principal_musd: float
    holders: dict[str, float]
    by_month_musd: Floats
    low_musd: Floats | None
    high_musd: Floats | None


@dataclass(frozen=True)
class Wall:
    """The maturity wall of a book.

    Parameters
    ----------
    months
        Horizon T.
    facilities
        Every facility of which something is drawn, in the order of the book.
    """

    months: int
    facilities: tuple[Due, ...]

    def by_borrower(self) -> dict[str, Floats]:
        """Return what falls due by borrower, USD m, shape [T + 2]; the largest first."""
        return _added((due.borrower, due.by_month_musd) for due in self.facilities)

    def by_holder(self) -> dict[str, Floats]:
        """Return what falls due by holder, USD m, shape [T + 2]; the largest first."""
        return _added(
            (holder, share * due.by_month_musd) for due in self.facilities for holder, share in due.holders.items()
        )

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each facility and month in which principal falls due; a null month is after the horizon."""
        rows = [
            {"facility": due.facility, "borrower": due.borrower,
             "month": month if month <= self.months else None, "principal_musd": float(due.by_month_musd[month])}
            for due in self.facilities
            for month in np.flatnonzero(due.by_month_musd).tolist()
        ]  # fmt: skip
        schema = {"facility": pl.String, "borrower": pl.String, "month": pl.Int32, "principal_musd": pl.Float64}
        return pl.DataFrame(rows, schema)


def maturity_wall(setting: Setting) -> Wall:
    """Return which principal falls due in which month by the terms of the book.

    Parameters
    ----------
    setting
        From `prepare`. The values are those of the central figures; its draws give the ranges.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> wall = maturity_wall(prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2)))
    >>> all(abs(due.by_month_musd.sum() - due.principal_musd) < 1e-6 for due in wall.facilities)
    True
    """
    question, book = setting.question, setting.question.book_used
    central = prepare(replace(question, paths=1, draws=0, chance=False, target_error=None)).economy
    middle = principal_due(central)[:, :, 0]
    drawn = principal_due(setting.economy) if question.ignorance else None
    holders: dict[str, dict[str, float]] = {}
    for row in book.table("holdings").rows:
        if row["instrument"] == "debt":
            holders.setdefault(str(row["issuer_or_facility"]), {})[str(row["holder"])] = float(row["share_or_musd"])
    found = []
    table = book.table("facilities")
    for k, (name, row) in enumerate(zip(table.keys, table.rows, strict=True)):
        if not middle[k].any():
            continue
        low, high = (None, None) if drawn is None else np.quantile(drawn[k], [TAIL, 1.0 - TAIL], axis=1)
        found.append(
            Due(name, str(row["borrower"]), str(row["type"]), str(row["maturity"]), float(middle[k].sum()),
                holders.get(name, {}), middle[k], low, high)
        )  # fmt: skip
    return Wall(central.months, tuple(found))


def principal_due(economy: Economy) -> Floats:
    """Return the principal of every facility by month, as its profile says, USD m.

    Parameters
    ----------
    economy
        From `prepare`.

    Returns
    -------
    ndarray
        Shape [facility, T + 2, draw]; the new loans, which nobody has drawn yet, are left out. The last month is what
        is still owed at the horizon.
    """
    count = int((economy.figures[economy.rows["facilities.maturity"]][:, 0] < 1e8).sum())
    found = np.zeros((count, economy.months + 2, economy.draws))
    for k in range(count):
        _repay(economy, k, found[k])
    return found


def _repay(economy: Economy, k: int, due: Floats) -> None:
    """Fill in what is due of a facility, shape [T + 2, draw]."""
    maturity = _figure(economy, "facilities.maturity")[k]
    left = _figure(economy, "facilities.start_drawn")[k].copy()
    for month, share in enumerate(_shares(economy, k, maturity), 1):
        due[month] = np.where(maturity <= month, left, left * np.clip(share, 0.0, 1.0))
        left -= due[month]
    due[-1] = left


def _shares(economy: Economy, k: int, maturity: Floats) -> Iterator[Floats]:
    """Yield, month by month, the share of what is still owed that a facility's profile asks for before maturity.

    The formulas are those of `engine.debt`; `credit.monthly` gives their sources.
    """
    profile = economy.links["facilities.profile"][k]
    base = _figure(economy, "world.market")[1] if economy.links["facilities.floating"][k] else 0.0
    rate = np.maximum(_figure(economy, "facilities.start_rate")[k] + base, 0.0) / 12.0
    table = _figure(economy, "amortisation.share")
    for month in range(1, economy.months + 1):
        payments = np.maximum(maturity - month + 1.0, 1.0)
        if profile == LINEAR:
            yield 1.0 / payments
        elif profile == LEVEL:
            grown = np.expm1(payments * np.log1p(rate))
            yield np.where(grown > 0.0, rate / np.where(grown > 0.0, grown, 1.0), 1.0 / payments)
        elif profile == SCHEDULE:
            yield table[economy.links["facilities.amortisation_row"][k] * (economy.months + 1) + month]
        elif profile == SCULPTED:
            yield _sculpted(economy, k, month)
        else:
            yield np.zeros_like(maturity)


def _sculpted(economy: Economy, k: int, month: int) -> Floats:
    """Return this month's billing of the pledged contracts over all that they still bill, by the book's terms."""
    links = economy.links
    first, last = links["facilities.contract_ofs"][k : k + 2]
    pledged = links["facilities.contract"][first:last]
    units, price = _figure(economy, "contracts.units")[pledged], _figure(economy, "contracts.start_rent")[pledged]
    start, end = _figure(economy, "contracts.start")[pledged], _figure(economy, "contracts.end")[pledged]
    monthly = units * price * MUSD_PER_HOURLY_USD
    now = (monthly * ((start <= month) & (month < end))).sum(axis=0)
    rest = (monthly * np.maximum(end - np.maximum(month, start), 0.0)).sum(axis=0)
    return np.where(rest > 0.0, now / np.where(rest > 0.0, rest, 1.0), 0.0)


def _figure(economy: Economy, name: str) -> Floats:
    return economy.figures[economy.rows[name]]


def _added(parts: Iterator[tuple[str, NDArray[np.float64]]]) -> dict[str, Floats]:
    sums: dict[str, Floats] = {}
    for name, values in parts:
        sums[name] = sums[name] + values if name in sums else values.copy()
    return dict(sorted(sums.items(), key=lambda item: (-float(item[1].sum()), item[0])))
