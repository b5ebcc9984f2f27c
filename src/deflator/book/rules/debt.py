"""Rules of facilities, their schedules, covenants and holders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from deflator.book.draft import Draft
from deflator.book.spelling import one_of, quoted
from deflator.errors import Fault

DRAWN_SLACK = 1.2
SCHEDULE_SLACK_MUSD = 0.5
SHARE_SLACK = 1e-6

COVENANT_UNITS = {
    "ltv": ("share_of_appraised_value",),
    "dscr": ("x",),
    "contracted_coverage": ("x",),
    "min_liquidity": ("usd_musd",),
    "leverage": ("x_debt_to_ebitda",),
    "loan_to_cost": ("loan_to_cost",),
    "cross_default": ("usd_musd",),
    "use_of_proceeds": ("flag",),
}


def facilities_run_forward(draft: Draft) -> Iterator[Fault]:
    """Facilities mature after their issue and the as-of month; signed ones were issued by the as-of month."""
    as_of = draft.header["as_of"]
    table = draft.tables["facilities"]
    for position, row in table.items():
        issue, maturity = row["issue"], row["maturity"]
        if maturity and maturity <= as_of:
            message = f"{maturity} is not after the as-of month {as_of}"
            yield table.fault(position, "maturity", message, "leave out debt that is repaid")
        elif issue and maturity and issue >= maturity:
            yield table.fault(position, "maturity", f"{maturity} is not after the issue {issue}", "check both")
        if issue and issue > as_of and row["signed"] == 1:
            message = f"{issue} is after the as-of month {as_of}"
            yield table.fault(position, "issue", message, "set signed to 0 for debt that is still to be won")


def draws_stay_within_commitments(draft: Draft) -> Iterator[Fault]:
    """Drawn principal is at most 1.2 times the commitment, and nothing is drawn before signing."""
    table = draft.tables["facilities"]
    for position, row in table.items():
        drawn, committed = row["drawn_musd"], row["committed_musd"]
        if drawn is not None and committed is not None and drawn > committed * DRAWN_SLACK:
            message = f"{drawn:g} is more than {DRAWN_SLACK:g} times the committed {committed:g}"
            yield table.fault(position, "drawn_musd", message, "interest paid in kind rarely adds more than a fifth")
        if drawn and row["signed"] == 0:
            message = f"{drawn:g} is drawn though signed is 0"
            yield table.fault(position, "drawn_musd", message, "set signed to 1, or drawn_musd to 0")


def convertibles_name_their_price(draft: Draft) -> Iterator[Fault]:
    """Every convertible states its conversion price and the share price."""
    table = draft.tables["facilities"]
    for position, row in table.items():
        if row["type"] != "convertible":
            continue
        for column in ("conversion_price_usd", "share_price_usd"):
            if row[column] is None and column not in table.unread:
                yield table.fault(position, column, "the cell is blank", "a convertible needs it")


def collateral_is_pledged_once(draft: Draft) -> Iterator[Fault]:
    """No fleet and no delivery is pledged to two facilities."""
    units = {*draft.tables["fleets"].keys, *draft.tables["deliveries"].keys}
    table = draft.tables["facilities"]
    pledged: dict[str, object] = {}
    for position, row in table.items():
        for name in row["collateral"] or ():
            if name not in units:
                continue
            if name in pledged:
                message = f"{quoted(name)} is already pledged to {pledged[name]}"
                yield table.fault(position, "collateral", message, "pledge it once, or split the row in two")
            pledged.setdefault(name, row["facility"])


def schedules_repay_what_is_drawn(draft: Draft) -> Iterator[Fault]:
    """Facilities have rows of amortisation if their profile is `schedule`; they sum to what is drawn."""
    due: defaultdict[object, float] = defaultdict(float)
    for row in draft.tables["amortisation"].rows:
        due[row["facility"]] += row["principal_musd"]
    table = draft.tables["facilities"]
    for position, row in table.items():
        name, drawn = row["facility"], row["drawn_musd"]
        if row["profile"] != "schedule":
            if name in due:
                message = f"{quoted(name)} has rows in amortisation but the profile {row['profile']}"
                yield table.fault(position, "profile", message, "use schedule, or delete those rows")
        elif name not in due:
            yield table.fault(position, "profile", f"{quoted(name)} has no rows in amortisation", "add its schedule")
        elif abs(due[name] - drawn) > SCHEDULE_SLACK_MUSD:
            message = f"{drawn:,.3f} is drawn but the schedule repays {due[name]:,.3f}"
            yield table.fault(position, "drawn_musd", message, f"they may differ by {SCHEDULE_SLACK_MUSD:g}")


def schedules_end_by_maturity(draft: Draft) -> Iterator[Fault]:
    """Principal falls due after the as-of month and not after maturity."""
    maturity = {row["facility"]: row["maturity"] for row in draft.tables["facilities"].rows}
    as_of = draft.header["as_of"]
    table = draft.tables["amortisation"]
    for position, row in table.items():
        month, end = row["month"], maturity.get(row["facility"])
        if month and month <= as_of:
            message = f"{month} is not after the as-of month {as_of}"
            yield table.fault(position, "month", message, "list only principal that is still to be paid")
        elif month and end and month > end:
            yield table.fault(position, "month", f"{month} is after the maturity {end}", "move one of them")


def covenants_use_their_unit(draft: Draft) -> Iterator[Fault]:
    """Covenants state their threshold in the unit of their test."""
    table = draft.tables["covenants"]
    for position, row in table.items():
        test, unit = row["test"], row["unit"]
        allowed = COVENANT_UNITS.get(test, ())
        if unit and allowed and unit not in allowed:
            message = f"{quoted(unit)} is not a unit of the test {test}"
            yield table.fault(position, "unit", message, f"use {one_of(allowed)}")


def holdings_name_what_they_hold(draft: Draft) -> Iterator[Fault]:
    """Debt is held of a facility, as a share of at most one; equity is held of an entity."""
    table = draft.tables["holdings"]
    homes = {"debt": "facilities", "equity": "entities"}
    names = {home: set(draft.tables[home].keys) for home in homes.values()}
    for position, row in table.items():
        home, name, share = homes.get(row["instrument"]), row["issuer_or_facility"], row["share_or_musd"]
        other = "entities" if home == "facilities" else "facilities"
        if home and name in names[other] and name not in names[home]:
            message = f"{quoted(name)} is in {other}, but {row['instrument']} is held of {home}"
            yield table.fault(position, "issuer_or_facility", message, f"name a row of {home}")
        if home == "facilities" and share is not None and share > 1:
            yield table.fault(
                position, "share_or_musd", f"{share:g} is above 1", "debt is held in shares of a facility"
            )


def holders_sum_to_one(draft: Draft) -> Iterator[Fault]:
    """Holders of each facility together hold all of it."""
    held: defaultdict[object, float] = defaultdict(float)
    for row in draft.tables["holdings"].rows:
        if row["instrument"] == "debt":
            held[row["issuer_or_facility"]] += row["share_or_musd"]
    table = draft.tables["facilities"]
    for position, row in table.items():
        name = row["facility"]
        if abs(held[name] - 1) > SHARE_SLACK:
            message = f"the holders of {quoted(name)} hold {held[name]:.6g} of it"
            yield table.fault(position, "facility", message, "their shares in holdings must sum to 1")
