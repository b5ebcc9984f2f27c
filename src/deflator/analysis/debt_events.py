"""What happened to the debt and the money of an entity, up to the payment that it missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.path_view import Event, Place, View
from deflator.engine.layout import (
    CONSEQUENCES,
    CROSS_DEFAULT,
    DRAW_STOP,
    EVENT_OF_DEFAULT,
    LEVERAGE,
    LOAN_TO_COST,
    LTV,
    MARGIN_CALL,
    SWEEP,
    TESTS,
)

_WHOLE = 0.995
_MOST_NAMED = 3
_NOTABLE = 0.01
#: What these tests measure has to stay below the threshold, of the others above it.
_CEILINGS = (LEVERAGE, LTV, LOAN_TO_COST, CROSS_DEFAULT)


def debt_events(view: View) -> Iterator[Event]:
    """Yield the events of covenants, maturities, capital raised, and of the break itself.

    Parameters
    ----------
    view
        An entity on a path.
    """
    yield from _covenants_breached(view)
    yield from _maturities(view)
    yield from _equity_raised(view)
    yield from _soft_break(view)
    yield from _payment_missed(view)
    yield from _broke(view)


def _covenants_breached(view: View) -> Iterator[Event]:
    """Yield the first breach of every covenant, what followed, and how often lenders waived it."""
    book_rows = view.replay.setting.question.book.table("covenants")
    borrower = view.account("facilities.borrower")
    for covenant, facility in enumerate(view.link("covenants.facility").tolist()):
        spells = view["covenants.breached"][: view.last + 1, covenant]
        if borrower[facility] != view.position or not spells.any():
            continue
        month = int(np.flatnonzero(spells)[0])
        consequence, test = view.link("covenants.consequence")[covenant], view.link("covenants.test")[covenant]
        room = view["covenants.headroom"][: view.last + 1, covenant]
        threshold = view.figure("covenants.threshold")[covenant]
        waived = (spells[1:] == 0) & (spells[:-1] > 0) & (room[1:] < 0.0) & (consequence == EVENT_OF_DEFAULT)
        effect = _effect(view, facility, consequence, spells > view.figure("covenants.cure")[covenant])
        values = {
            "facility": view.replay.economy.facilities[facility],
            "test": TESTS[test],
            "case": book_rows.rows[covenant]["case"],
            "threshold": float(threshold),
            "measured": float(threshold * (1.0 - room[month] if test in _CEILINGS else 1.0 + room[month])),
            "consequence": CONSEQUENCES[consequence],
            "effect_musd": effect,
            "breached_count": int((spells > 0).sum()),
            "waived_count": int(waived.sum()),
        }
        figures = (("covenants", book_rows.keys[covenant], "threshold"),)
        yield Event(month, "covenant_breached", effect, values, figures)


def _effect(view: View, facility: int, consequence: int, past_cure: NDArray[np.bool_]) -> float:
    """Return what the consequence of a breach is about, USD m: cash swept or called, loans stopped, or called due."""
    months = np.flatnonzero(past_cure)
    if not months.size:
        return 0.0
    if consequence in (SWEEP, MARGIN_CALL):
        return float(view["facilities.swept"][months, facility].sum())
    return float(view["facilities.undrawn" if consequence == DRAW_STOP else "facilities.balance"][months[0], facility])


def _maturities(view: View) -> Iterator[Event]:
    """Yield what became of every loan that fell due, or that its borrower sought to replace in the year before."""
    maturing = view["facilities.maturing"][: view.last + 1]
    for facility in view.mine("facilities.borrower"):
        months = np.flatnonzero(maturing[:, facility])
        ends: list[int] = [month for month in months.tolist() if view["facilities.until"][month - 1, facility] <= month]
        begin = 0
        for end in [*ends, view.last]:
            span = months[(months > begin) & (months <= end)]
            if span.size:
                yield _maturity(view, facility, int(span[0]), int(span[-1]))
            begin = end


def _maturity(view: View, facility: int, first: int, last: int) -> Event:
    """Return what became of a loan between the month in which its refinancing began and the last one."""
    due = float(view["facilities.balance"][first - 1, facility])
    refinanced = float(view["facilities.refinanced"][first : last + 1, facility].sum())
    until = view["facilities.until"]
    fell_due = until[last - 1, facility] <= last
    cash_due = float(view["facilities.maturing"][last, facility] - view["facilities.refinanced"][last, facility])
    if view["facilities.converted"][last, facility] > 0.0:
        kind = "loan_converted"
    elif not fell_due:
        kind = "loan_early"
    elif until[last, facility] > until[last - 1, facility]:
        kind = "loan_extended"
    else:
        kind = "loan_due" if cash_due > (1.0 - _WHOLE) * due else "loan_refinanced"
    values = {
        "facility": view.replay.economy.facilities[facility],
        "due_musd": due,
        "refinanced_musd": refinanced,
        "refinanced_share": refinanced / due if due > 0.0 else 0.0,
        "cash_musd": cash_due,
        "openness_share": float(view["world.openness"][last]),
        "granted_share": float(view["world.granted"][last]),
    }
    weight = cash_due if kind in ("loan_due", "loan_extended") else 0.1 * due
    return Event(last, kind, weight, values, _facility_figures(view, facility))


def _facility_figures(view: View, facility: int) -> tuple[Place, ...]:
    keys = view.replay.setting.question.book.table("facilities").keys
    if facility >= len(keys):
        return ()
    return tuple(("facilities", keys[facility], column) for column in ("drawn_musd", "maturity"))


def _equity_raised(view: View) -> Iterator[Event]:
    """Yield what was raised against the plan, when that fell short."""
    planned = float(view.figure("entities.planned_raise")[view.position]) * view.last
    raised = float(view["entities.raised"][1 : view.last + 1, view.position].sum())
    if planned > 0.0 and raised < _WHOLE * planned:
        values = {
            "raised_musd": raised,
            "planned_musd": planned,
            "openness_share": float(view["world.openness"][view.last]),
        }
        figure = ("entities", view.name(view.position), "planned_equity_raise_musd_per_year")
        yield Event(view.last, "equity_short", planned - raised, values, (figure,))


def _soft_break(view: View) -> Iterator[Event]:
    """Yield the first sign of distress that lenders or accountants saw."""
    month = int(view["entities.soft_month"][view.last, view.position])
    if month:
        trigger = int(view["entities.soft_trigger"][view.last, view.position])
        yield Event(month, "soft", 0.0, {"trigger": trigger}, essential=True)


def _payment_missed(view: View) -> Iterator[Event]:
    """Yield what was due and not paid in the month of the break, and to whom."""
    edges, month = view.edges, view.last
    own = edges.payer == view.position
    due, missed = edges.due[month, own], edges.missed[month, own]
    if view["entities.hit"][month, view.position] <= 0.0 or missed.sum() <= 0.0:
        return
    by_payee = np.bincount(edges.payee[own], missed)
    largest = [int(payee) for payee in np.argsort(-by_payee)[:_MOST_NAMED] if by_payee[payee] > _NOTABLE * missed.sum()]
    values: dict[str, Any] = {
        "due_musd": float(due.sum()),
        "paid_musd": float(due.sum() - missed.sum()),
        "missed_musd": float(missed.sum()),
        "payees": {view.name(payee): float(by_payee[payee]) for payee in largest},
    }
    yield Event(month, "payment_missed", float(missed.sum()), values, essential=True)


def _broke(view: View) -> Iterator[Event]:
    """Yield the break, and what lenders wrote off with it before recoveries."""
    if view["entities.break_month"][view.last, view.position] != view.last:
        return
    written = view["facilities.written_off"][view.last, view.mine("facilities.borrower")].sum()
    trigger = int(view["entities.break_trigger"][view.last, view.position])
    share = float(view["entities.broken_share"][view.last, view.position])
    values = {"trigger": trigger, "broken_share": share, "written_musd": float(written)}
    yield Event(view.last, "broke", 0.0, values, essential=True)
