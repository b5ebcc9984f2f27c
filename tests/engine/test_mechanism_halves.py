"""Nothing depends on how a firm is cut up: half the firm twice is the firm."""

import pytest
from mechanism_blocks import Case, changed_book, packed

#: What is halved, and what is renamed, in each table.
HALVED = {
    "entities": ("cash_musd", "fixed_cost_musd_per_year", "equity_value_musd", "minimum_liquidity_musd",
                 "planned_equity_raise_musd_per_year", "free_power_mw"),
    "fleets": ("units",), "deliveries": ("units",), "contracts": ("units", "prepaid_musd"),
    "leases": ("mw", "rent_musd_per_year"), "facilities": ("committed_musd", "drawn_musd"),
    "amortisation": ("principal_musd",), "covenants": (), "holdings": (),
}  # fmt: skip
NAMES = ("fleet", "delivery", "contract", "lease", "facility", "entity", "owner", "seller", "tenant", "borrower",
         "guarantor", "issuer_or_facility")  # fmt: skip
LISTS = ("supplied_by", "collateral")


def halves():
    """Return the tiny book with its neocloud in two halves, each with half of everything."""
    base = changed_book()
    mine = {
        "neo_one", "neo_h100", "neo_b200", "d_neo_b200", "c_lab_h100", "c_big_b200", "c_lab_b200", "c_chip_backstop",
        "l_neo_1", "l_neo_2", "neo_ddtl", "neo_notes", "neo_convert", "neo_pipeline",
    }  # fmt: skip
    added, removed = {}, []
    for table, numbers in HALVED.items():
        added[table] = {}
        for key, row in zip(base.tables[table].keys, base.tables[table].rows, strict=True):
            if not any(row.get(column) in mine for column in NAMES) or row.get("instrument") == "equity":
                continue
            removed.append((table, key))
            for side in ("a", "b"):

                def renamed(name, side=side):
                    return f"{name}_{side}" if name in mine else name

                half = dict(row)
                half.update({column: renamed(row[column]) for column in NAMES if row.get(column)})
                half.update({column: tuple(map(renamed, row[column])) for column in LISTS if row.get(column)})
                half.update({column: row[column] / 2 for column in numbers if row[column] is not None})
                if table == "covenants" and row["unit"] == "usd_musd":
                    half["threshold"] = row["threshold"] / 2
                added[table]["|".join(map(renamed, key.split("|")))] = half
    sites = tuple(f"{name}_{side}" for name in ("l_neo_1", "l_neo_2") for side in "ab")
    removed += [("holdings", key) for key in base.tables["holdings"].keys if key.endswith("equity")]
    return packed(changed_book({("facilities", "hall_loan"): {"collateral": sites}}, added, removed))


def test_an_entity_in_two_halves_gives_the_same_economy():
    whole, parts = Case(), Case(halves())
    for case in (whole, parts):
        case.set(waiver_probability_base=0.0, sponsor_cure_willingness=0.0)
        case.requests.rent_level[6:] = 1.0
        case.start()
    rest = [name for name in whole.economy.entities if name != "neo_one"]
    for _ in range(24):
        whole.run(), parts.run()
        assert parts.world.openness == pytest.approx(whole.world.openness, rel=1e-9)
        assert parts.world.log_target == pytest.approx(whole.world.log_target, rel=1e-9)
        mine = whole.entities.cash[whole.at("neo_one")]
        assert sum(parts.entities.cash[parts.at(f"neo_one_{side}")] for side in "ab") == pytest.approx(mine, abs=1e-6)
        for name in rest:
            assert parts.entities.cash[parts.at(name)] == pytest.approx(whole.entities.cash[whole.at(name)], rel=1e-9)
    assert whole.facilities.balance.sum(axis=0) == pytest.approx(parts.facilities.balance.sum(axis=0), rel=1e-9)
