"""Ways in which a book can be wrong, each with the faults that must be told: place, both values, what is allowed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

Change = Callable[[Path], None]


def cell(table: str, key: str, column: str, value: str) -> Change:
    """Change one cell of the row whose first cells are the key."""

    def change(folder: Path) -> None:
        file = folder / f"{table}.csv"
        header, *rows = csv.reader(file.read_text().splitlines())
        wanted = key.split("|")
        (row,) = [row for row in rows if row[: len(wanted)] == wanted]
        row[header.index(column)] = value
        with file.open("w", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([header, *rows])

    return change


def row(table: str, cells: str) -> Change:
    """Add a row; cells that are left out are blank."""

    def change(folder: Path) -> None:
        with (folder / f"{table}.csv").open("r+") as file:
            columns = file.readline().count(",")
            file.seek(0, 2)
            file.write(cells + "," * (columns - cells.count(",")) + "\n")

    return change


def swap(file: str, old: str, new: str) -> Change:
    """Replace a piece of text that stands once in a file."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert text.count(old) == 1
        (folder / file).write_text(text.replace(old, new))

    return change


def content(file: str, text: bytes) -> Change:
    """Write a file anew."""
    return lambda folder: (folder / file).write_bytes(text) and None


def header(old: str, new: str) -> Change:
    """Change the description of the book as a whole."""
    return swap("book.yaml", old, new)


def drop(file: str) -> Change:
    """Remove a file."""
    return lambda folder: (folder / file).unlink()


def larger_than_allowed(folder: Path) -> None:
    with (folder / "leases.csv").open("r+b") as file:
        file.truncate(50_000_001)


def in_latin_1(folder: Path) -> None:
    file = folder / "leases.csv"
    file.write_bytes(file.read_bytes().replace(b"Transformers", b"Transformateurs tr\xe8s"))


BROKEN: dict[str, tuple[Change, *tuple[str, ...]]] = {
    "negative number": (
        cell("fleets", "neo_h100", "units", "-5"),
        "fleets.csv:2:units: '-5' is negative; use a number of at least 0",
    ),
    "not a number (NaN)": (
        cell("fleets", "neo_h100", "units", "nan"),
        "fleets.csv:2:units: 'nan' is not a number; write digits, with a point for decimals",
    ),
    "infinity": (
        cell("entities", "bank_one", "cash_musd", "inf"),
        "entities.csv:7:cash_musd: 'inf' is not a number; write digits, with a point for decimals",
    ),
    "a number that overflows": (
        cell("entities", "bank_one", "cash_musd", "1e999"),
        "entities.csv:7:cash_musd: '1e999' is too large; check the exponent",
    ),
    "words for a number": (
        cell("leases", "l_neo_1", "mw", "eighteen"),
        "leases.csv:2:mw: 'eighteen' is not a number; write digits, with a point for decimals",
    ),
    "thousands separators": (
        cell("facilities", "big_notes", "drawn_musd", "8,000"),
        "facilities.csv:7:drawn_musd: '8,000' is not a number; write 8000, without thousands separators",
    ),
    "decimal comma": (
        cell("equipment", "h100", "rent_usd_per_hour", "2,2"),
        "equipment.csv:2:rent_usd_per_hour: '2,2' is not a number; write 2.2, with a point for decimals",
    ),
    "percent": (
        cell("market", "base_rate", "value", "3.65 %"),
        "market.csv:3:value: '3.65 %' is not a number; write 0.0365: shares and rates are decimals",
    ),
    "currency sign": (
        cell("equipment", "h100", "used_price_usd", "$16000"),
        "equipment.csv:2:used_price_usd: '$16000' is not a number; write 16000: the column tells the unit",
    ),
    "share above one": (
        cell("contracts", "c_apps_h100", "take_or_pay", "1.5"),
        "contracts.csv:5:take_or_pay: '1.5' is above 1; use a number of at least 0 and at most 1",
    ),
    "fraction of a count": (
        cell("equipment", "h100", "useful_life_months", "72.5"),
        "equipment.csv:2:useful_life_months: '72.5' is not a whole number; use a whole number of "
        "at least 1 and at most 600",
    ),
    "month that does not exist": (
        cell("contracts", "c_lab_h100", "start", "2024-13"),
        "contracts.csv:2:start: '2024-13' is not a month; write YYYY-MM",
    ),
    "day where a month belongs": (
        cell("contracts", "c_lab_h100", "start", "2024-07-15"),
        "contracts.csv:2:start: '2024-07-15' is not a month; write YYYY-MM",
    ),
    "date that does not exist": (
        cell("sources", "neo_10k", "date", "2026-02-30"),
        "sources.csv:3:date: '2026-02-30' is not a date; write YYYY-MM-DD, or YYYY-MM or YYYY where no more is known",
    ),
    "misspelt choice": (
        cell("entities", "neo_one", "layer", "neoclod"),
        "entities.csv:5:layer: 'neoclod' is not a layer; did you mean 'neocloud'?",
    ),
    "yes for a flag": (
        cell("deliveries", "d_big_b200", "committed", "yes"),
        "deliveries.csv:3:committed: 'yes' is not a committed; use 0 or 1",
    ),
    "blank that must be given": (
        cell("leases", "l_neo_2", "rent_starts", " "),
        "leases.csv:3:rent_starts: the cell is blank; use tenant_in or site_ready",
    ),
    "id with capitals and blanks": (
        cell("facilities", "hall_loan", "borrower", "Hall One"),
        "facilities.csv:6:borrower: 'Hall One' is not an id; did you mean 'hall_one'?",
    ),
    "id with other characters": (
        cell("facilities", "hall_loan", "borrower", "hall/one"),
        "facilities.csv:6:borrower: 'hall/one' is not an id; use at most 60 of a-z, 0-9, '_', "
        "'-' and '.', the first a letter or digit",
    ),
    "id that is too long": (
        cell("facilities", "hall_loan", "borrower", "h" * 61),
        "facilities.csv:6:borrower: "
        "'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh…' has 61 characters; use "
        "at most 60 of a-z, 0-9, '_', '-' and '.', the first a letter or digit",
    ),
    "control character": (
        cell("leases", "l_neo_2", "delay_risk_note", "late\x07"),
        "leases.csv:3:delay_risk_note: 'late\\x07' holds the control character U+0007; delete it",
    ),
    "id of nothing": (
        cell("facilities", "neo_notes", "guarantor", "neo_oen"),
        "facilities.csv:3:guarantor: 'neo_oen' is not in entities; did you mean 'neo_one'?",
    ),
    "id of nothing in a list": (
        cell("facilities", "hall_loan", "collateral", "l_neo_1 l_neo_3"),
        "facilities.csv:6:collateral: 'l_neo_3' is not in fleets, deliveries, contracts or "
        "leases; did you mean 'l_neo_2'?",
    ),
    "id twice in a list": (
        cell("facilities", "hall_loan", "collateral", "l_neo_1 l_neo_1"),
        "facilities.csv:6:collateral: 'l_neo_1' is listed twice; name each id once, separated by blanks",
    ),
    "word beside ids": (
        cell("facilities", "hall_loan", "collateral", "l_neo_1 site"),
        "facilities.csv:6:collateral: 'site' stands beside ids; use ids, or none or site alone",
    ),
    "key twice": (
        row("market", "pue,1.3,ratio"),
        "market.csv:5:key: 'pue' is already in row 2; rename or delete one of them",
    ),
    "missing file": (
        drop("covenants.csv"),
        "covenants.csv: the file is missing; `deflator book init` writes every file with its header; rows may be none",
    ),
    "missing description": (
        drop("book.yaml"),
        "book.yaml: the file is missing; `deflator book init` writes every file with its header; rows may be none",
    ),
    "unknown file": (
        content("fleet.csv", b"fleet\n"),
        "fleet.csv: no table of a book has this name; did you mean 'fleets.csv'?",
    ),
    "empty file": (
        content("covenants.csv", b""),
        "covenants.csv: the file is empty; `deflator book init` writes every file with its header; rows may be none",
    ),
    "file that is too large": (
        larger_than_allowed,
        "leases.csv: the file has 50,000,001 bytes; use at most 50,000,000",
    ),
    "not UTF-8": (
        in_latin_1,
        "leases.csv:3: byte 0xe8 is not UTF-8; save the file with the encoding UTF-8",
    ),
    "row with a cell too few": (
        swap("market.csv", "pue,1.25,ratio", "pue,1.25"),
        'market.csv:2: the row has 2 cells but the header 3; put a text that holds a comma in "quotes"',
    ),
    "row with a cell too many": (
        swap("market.csv", "pue,1.25,ratio", "pue,1,25,ratio"),
        'market.csv:2: the row has 4 cells but the header 3; put a text that holds a comma in "quotes"',
    ),
    "quote that does not end": (
        swap("market.csv", "pue,1.25,ratio", 'pue,1.25,"ratio'),
        'market.csv:2: the row cannot be read: unexpected end of data; write a quote in a cell as ""',
    ),
    "semicolons": (
        content("demand.csv", b"segment;compute_spend_musd_per_year\napps;1\n"),
        "demand.csv:1: cells are separated by ';'; separate them by commas",
    ),
    "column without a name": (
        swap("market.csv", "key,value,unit", "key,value,"),
        "market.csv:1: column 3 has no name but a cell in row 2; name it or clear it",
        "market.csv:1:unit: the column is missing; the header of market must name it",
    ),
    "missing column": (
        swap("market.csv", "key,value,unit", "key,value,"),
        "market.csv:1: column 3 has no name but a cell in row 2; name it or clear it",
        "market.csv:1:unit: the column is missing; the header of market must name it",
    ),
    "misspelt column": (
        swap("market.csv", "key,value,unit", "key,valeu,unit"),
        "market.csv:1:valeu: the column is unknown; did you mean 'value'?",
        "market.csv:1:value: the column is missing; the header of market must name it",
    ),
    "column twice": (
        swap("market.csv", "key,value,unit", "key,value,value"),
        "market.csv:1:unit: the column is missing; the header of market must name it",
        "market.csv:1:value: the column stands twice, in places 2 and 3; keep one",
    ),
    "dates in the wrong order": (
        cell("contracts", "c_lab_h100", "end", "2024-07"),
        "contracts.csv:2:end: 2024-07 is not after the start 2024-07; end must lie after start",
        "provenance.csv:95:low: 2027-01 is above the figure 2024-07; low ≤ figure ≤ high",
    ),
    "reconciliation that ends before it starts": (
        cell("reconciliation", "neo_revenue_2026", "to", "2026-01"),
        "reconciliation.csv:2:to: 2026-01 is before from 2026-03; to must lie after from",
    ),
    "delivery in the past": (
        cell("deliveries", "d_big_b200", "month", "2026-02"),
        "deliveries.csv:3:month: 2026-02 is not after the as-of month 2026-02; units that are in "
        "service belong in fleets",
        "provenance.csv:90:low: 2026-09 is above the figure 2026-02; low ≤ figure ≤ high",
    ),
    "price after the as-of month": (
        cell("price_history", "2026-02|b200", "month", "2026-03"),
        "price_history.csv:7:month: 2026-03 is after the as-of month 2026-02; a book holds only "
        "what was known on its date",
        "price_history.csv:7:usd_per_hour: the figure '3.75' has no provenance; add it to "
        "provenance: table price_history, row 2026-03|b200|list_median, field usd_per_hour",
        "provenance.csv:221:row: '2026-02|b200|list_median' is not a row of price_history; did "
        "you mean '2026-03|b200|list_median'?",
    ),
    "lease of another tenant": (
        cell("leases", "l_neo_1", "tenant", "lab_one"),
        "fleets.csv:2:lease: the tenant of l_neo_1 is lab_one, but the owner of the units is "
        "neo_one; name a lease whose tenant is neo_one",
        "fleets.csv:3:lease: the tenant of l_neo_1 is lab_one, but the owner of the units is "
        "neo_one; name a lease whose tenant is neo_one",
    ),
    "supplier of another owner": (
        cell("contracts", "c_apps_h100", "supplied_by", "neo_h100"),
        "contracts.csv:5:supplied_by: the owner of neo_h100 is neo_one, but the contract's "
        "seller is cloud_big; name units whose owner is cloud_big",
    ),
    "supplier of other equipment": (
        cell("contracts", "c_big_b200", "supplied_by", "neo_h100"),
        "contracts.csv:3:supplied_by: the equipment of neo_h100 is h100, but the contract's "
        "equipment is b200; name units whose equipment is b200",
    ),
    "more sold than owned": (
        cell("contracts", "c_lab_b200", "units", "3100"),
        "contracts.csv:4:units: neo_one has sold 4,600 b200 in 2026-07 but has 4,500 to let; "
        "contracts may not exceed the fleets and deliveries of use rental",
    ),
    "debt that has matured": (
        cell("facilities", "neo_notes", "maturity", "2026-02"),
        "facilities.csv:3:maturity: 2026-02 is not after the as-of month 2026-02; leave out debt that is repaid",
    ),
    "debt that matures before its issue": (
        cell("facilities", "neo_pipeline", "maturity", "2026-05"),
        "facilities.csv:5:maturity: 2026-05 is not after the issue 2026-06; check both",
    ),
    "signed debt of the future": (
        cell("facilities", "hall_loan", "issue", "2026-03"),
        "facilities.csv:6:issue: 2026-03 is after the as-of month 2026-02; set signed to 0 for "
        "debt that is still to be won",
    ),
    "drawn beyond the commitment": (
        cell("facilities", "hall_loan", "drawn_musd", "121"),
        "facilities.csv:6:drawn_musd: 121 is more than 1.2 times the committed 100; interest "
        "paid in kind rarely adds more than a fifth",
    ),
    "drawn before signing": (
        cell("facilities", "neo_pipeline", "drawn_musd", "5"),
        "facilities.csv:5:drawn_musd: 5 is drawn though signed is 0; set signed to 1, or drawn_musd to 0",
    ),
    "convertible without its price": (
        cell("facilities", "neo_convert", "conversion_price_usd", ""),
        "facilities.csv:4:conversion_price_usd: the cell is blank; a convertible needs it",
        "provenance.csv:144:field: facilities.conversion_price_usd of 'neo_convert' is blank; "
        "fill the cell or delete this row",
    ),
    "schedule that does not repay": (
        cell("facilities", "neo_ddtl", "drawn_musd", "85"),
        "facilities.csv:2:drawn_musd: 85.000 is drawn but the schedule repays 84.000; they may differ by 0.5",
    ),
    "schedule of a bullet": (
        cell("facilities", "neo_ddtl", "profile", "bullet"),
        "facilities.csv:2:profile: 'neo_ddtl' has rows in amortisation but the profile bullet; "
        "use schedule, or delete those rows",
    ),
    "schedule that is missing": (
        cell("facilities", "hall_loan", "profile", "schedule"),
        "facilities.csv:6:profile: 'hall_loan' has no rows in amortisation; add its schedule",
    ),
    "principal after maturity": (
        cell("facilities", "neo_ddtl", "maturity", "2028-02"),
        "amortisation.csv:10:month: 2028-03 is after the maturity 2028-02; move one of them",
    ),
    "principal in the past": (
        swap("amortisation.csv", "2026-03", "2026-01"),
        "amortisation.csv:2:month: 2026-01 is not after the as-of month 2026-02; list only "
        "principal that is still to be paid",
        "amortisation.csv:2:principal_musd: the figure '10' has no provenance; add it to "
        "provenance: table amortisation, row neo_ddtl|2026-01, field principal_musd",
        "provenance.csv:165:row: 'neo_ddtl|2026-03' is not a row of amortisation; did you mean 'neo_ddtl|2028-03'?",
    ),
    "unit of another covenant": (
        cell("covenants", "hall_loan", "unit", "usd_musd"),
        "covenants.csv:6:unit: 'usd_musd' is not a unit of the test dscr; use x",
    ),
    "debt held of an entity": (
        cell("holdings", "chip_maker|neo_one", "instrument", "debt"),
        "holdings.csv:9:issuer_or_facility: 'neo_one' is in entities, but debt is held of "
        "facilities; name a row of facilities",
        "holdings.csv:9:share_or_musd: 50 is above 1; debt is held in shares of a facility",
        "holdings.csv:9:share_or_musd: the figure '50' has no provenance; add it to provenance: "
        "table holdings, row chip_maker|neo_one|debt, field share_or_musd",
        "provenance.csv:196:row: 'chip_maker|neo_one|equity' is not a row of holdings; did you "
        "mean 'chip_maker|neo_one|debt'?",
    ),
    "holders that do not sum to one": (
        cell("holdings", "world_investors|neo_ddtl", "share_or_musd", "0.2"),
        "facilities.csv:2:facility: the holders of 'neo_ddtl' hold 0.9 of it; their shares in holdings must sum to 1",
        "provenance.csv:190:low: 0.24 is above the figure 0.2; low ≤ figure ≤ high",
    ),
    "fleet pledged twice": (
        cell("facilities", "neo_notes", "collateral", "neo_h100"),
        "facilities.csv:3:collateral: 'neo_h100' is already pledged to neo_ddtl; pledge it once, "
        "or split the row in two",
    ),
    "entity that owns itself": (
        cell("entities", "neo_one", "parent", "neo_one"),
        "entities.csv:5:parent: neo_one → neo_one is a circle; an entity cannot own itself",
    ),
    "name that means two things": (
        row("entities", "hall_loan,Hall Loan,vendor,,,,0"),
        "entities.csv:13:cash_musd: the figure '0' has no provenance; add it to provenance: "
        "table entities, row hall_loan, field cash_musd",
        "entities.csv:13:entity: 'hall_loan' is also the name of a row of facilities; rename one of them",
    ),
    "name that is a word elsewhere": (
        row("entities", "own,Own,vendor,,,,0"),
        "entities.csv:13:cash_musd: the figure '0' has no provenance; add it to provenance: "
        "table entities, row own, field cash_musd",
        "entities.csv:13:entity: 'own' has a meaning of its own in other tables; rename it",
    ),
    "world entity missing": (
        cell("entities", "world_secondhand", "entity", "secondhand"),
        "entities.csv:entity: 'world_secondhand' is missing; add it with the layer world",
        "entities.csv:12:cash_musd: the figure '1000000' has no provenance; add it to "
        "provenance: table entities, row secondhand, field cash_musd",
        "provenance.csv:50:row: 'world_secondhand' is not a row of entities; did you mean 'secondhand'?",
    ),
    "world entity of another layer": (
        cell("entities", "world_secondhand", "layer", "vendor"),
        "entities.csv:12:layer: 'world_secondhand' is a vendor; its layer is world",
    ),
    "market figure missing": (
        swap("market.csv", "pue,", "p_u_e,"),
        "market.csv:key: 'pue' is missing; the engine reads it by this name",
        "market.csv:2:value: the figure '1.25' has no provenance; add it to provenance: table "
        "market, row p_u_e, field value",
        "provenance.csv:213:row: 'pue' is not a row of market; did you mean 'p_u_e'?",
    ),
    "figure without provenance": (
        swap("provenance.csv", "demand,apps,price_elasticity,assumed,2026-02-28,0.88,1.375,judgement,,\n", ""),
        "demand.csv:2:price_elasticity: the figure '1.1' has no provenance; add it to "
        "provenance: table demand, row apps, field price_elasticity",
    ),
    "provenance of nothing: table": (
        swap("provenance.csv", "demand,apps,price_elasticity", "demands,apps,price_elasticity"),
        "demand.csv:2:price_elasticity: the figure '1.1' has no provenance; add it to "
        "provenance: table demand, row apps, field price_elasticity",
        "provenance.csv:200:table: 'demands' is not a table; did you mean 'demand'?",
    ),
    "provenance of nothing: row": (
        swap("provenance.csv", "demand,apps,price_elasticity", "demand,app,price_elasticity"),
        "demand.csv:2:price_elasticity: the figure '1.1' has no provenance; add it to "
        "provenance: table demand, row apps, field price_elasticity",
        "provenance.csv:200:row: 'app' is not a row of demand; did you mean 'apps'?",
    ),
    "provenance of nothing: field": (
        swap("provenance.csv", "demand,apps,price_elasticity", "demand,apps,elasticity"),
        "demand.csv:2:price_elasticity: the figure '1.1' has no provenance; add it to "
        "provenance: table demand, row apps, field price_elasticity",
        "provenance.csv:200:field: 'elasticity' is not a figure of demand; did you mean 'price_elasticity'?",
    ),
    "provenance of a blank": (
        cell("entities", "neo_one", "free_power_mw", ""),
        "provenance.csv:32:field: entities.free_power_mw of 'neo_one' is blank; fill the cell or delete this row",
    ),
    "range missing": (
        cell("provenance", "demand|apps|price_elasticity", "low", ""),
        "provenance.csv:200:low: the cell is blank but the grade is assumed; only a reported figure may have no range",
    ),
    "range above the figure": (
        cell("provenance", "demand|apps|price_elasticity", "low", "1.2"),
        "provenance.csv:200:low: 1.2 is above the figure 1.1; low ≤ figure ≤ high",
    ),
    "range below the figure": (
        cell("provenance", "demand|apps|price_elasticity", "high", "1"),
        "provenance.csv:200:high: 1 is below the figure 1.1; low ≤ figure ≤ high",
    ),
    "range of months for a number": (
        cell("provenance", "demand|apps|price_elasticity", "low", "2026-01"),
        "provenance.csv:200:low: 2026-01 is of another kind than the figure 1.1; a month has "
        "months as its range, a number numbers",
    ),
    "grade that does not exist": (
        cell("provenance", "demand|apps|price_elasticity", "grade", "guessed"),
        "provenance.csv:200:grade: 'guessed' is not a grade; use reported, derived, assumed, disputed or unknown",
    ),
    "source that does not exist": (
        cell("provenance", "demand|apps|price_elasticity", "source", "judgment"),
        "provenance.csv:200:source: 'judgment' is not in sources; did you mean 'judgement'?",
    ),
    "figure of the future": (
        cell("provenance", "demand|apps|price_elasticity", "as_of", "2026-03-01"),
        "provenance.csv:200:as_of: 2026-03-01 is after 2026-02-28; the book is as of 2026-02",
    ),
    "source of the future": (
        cell("sources", "trade_press", "date", "2026-03-11"),
        "sources.csv:5:date: 2026-03-11 is after 2026-03-10; the book is as of 2026-02, and a "
        "source may follow by 10 days",
    ),
    "parameter unknown": (
        swap("parameters.csv", "bankruptcy_cost_share,", "bankrupcy_cost_share,"),
        "parameters.csv:parameter: 'bankruptcy_cost_share' is missing; add it: Value lost in default (share)",
        "parameters.csv:40:parameter: 'bankrupcy_cost_share' is not a parameter of the engine; "
        "did you mean 'bankruptcy_cost_share'?",
        "parameters.csv:40:value: the figure '0.12' has no provenance; add it to provenance: "
        "table parameters, row bankrupcy_cost_share, field value",
        "provenance.csv:260:row: 'bankruptcy_cost_share' is not a row of parameters; did you "
        "mean 'bankrupcy_cost_share'?",
    ),
    "parameter out of bounds": (
        cell("parameters", "recovery_rate_secured", "high", "1.1"),
        "parameters.csv:36:high: 1.1 is above 1; the unit is share",
        "parameters.csv:36:low: 0.35 to 1.1 leaves 0 to 1; a beta needs a range within 0 and 1",
    ),
    "parameter outside its range": (
        cell("parameters", "recovery_rate_secured", "value", "0.9"),
        "parameters.csv:36:value: 0.9 is not between low 0.35 and high 0.85; low ≤ value ≤ high",
    ),
    "parameter with two ranges": (
        cell("provenance", "parameters|recovery_rate_secured|value", "low", "0.1"),
        "provenance.csv:256:low: 0.1 is not the 0.35 of parameters; leave it blank: the range stands in parameters",
    ),
    "lognormal around zero": (
        cell("parameters", "rent_volatility_annual", "low", "0"),
        "parameters.csv:4:low: 0 is not above 0; a lognormal needs a range above 0",
    ),
    "fixed with a range": (
        cell("parameters", "rent_volatility_annual", "distribution", "fixed"),
        "parameters.csv:4:distribution: fixed, but the range is 0.2 to 0.6; give it a shape",
    ),
    "beta beyond one": (
        cell("parameters", "price_impact_recovery_months", "distribution", "beta"),
        "parameters.csv:29:low: 3 to 18 leaves 0 to 1; a beta needs a range within 0 and 1",
    ),
    "description: unknown key": (
        header("currency:", "curency:"),
        "book.yaml:currency: the key is missing; use USD",
        "book.yaml:6:curency: the key is unknown; did you mean 'currency'?",
    ),
    "description: key twice": (
        header("currency:", "name: other\ncurrency:"),
        "book.yaml:6:name: the key stands twice, first in line 1; keep one",
    ),
    "description: list": (
        header("horizon: 2028-02", "horizon: [2028-02]"),
        "book.yaml:5:horizon: the value is a list or a mapping; write one text",
    ),
    "description: not YAML": (
        header("currency: USD", "currency: 'USD"),
        "book.yaml:9: not YAML: found unexpected end of stream; write one `key: value` in each line",
    ),
    "description: a list": (
        content("book.yaml", b"- name\n"),
        "book.yaml:1: it holds no keys; write one `key: value` in each line",
    ),
    "description: blank": (
        header("title: A tiny chain of compute", "title:"),
        "book.yaml:2:title: the cell is blank; it must be given",
    ),
    "description: horizon in the past": (
        header("2028-02", "2025-02"),
        "book.yaml:5:horizon: 2025-02 is -12 months after the as-of month 2026-02; use 1 to 240 months",
    ),
    "description: horizon beyond reach": (
        header("2028-02", "2048-02"),
        "book.yaml:5:horizon: 2048-02 is 264 months after the as-of month 2026-02; use 1 to 240 months",
    ),
    "description: month": (
        header("as_of: 2026-02", "as_of: 2026-02-28"),
        "book.yaml:4:as_of: '2026-02-28' is not a month; write YYYY-MM",
    ),
    "description: currency": (
        header("USD", "EUR"),
        "book.yaml:6:currency: 'EUR' is not a currency; use USD",
    ),
    "description: reference equipment": (
        header("h100", "h1000"),
        "book.yaml:7:reference_equipment: 'h1000' is not in equipment; did you mean 'h100'?",
    ),
    "description: reference series": (
        header("list_median", "list_mean"),
        "book.yaml:8:reference_series: 'list_mean' has no price of h100 in price_history; did you mean 'list_median'?",
    ),
}
