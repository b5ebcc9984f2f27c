"""Scenarios move the outcome the way they say, on the same draws; the cash of the world moves nothing."""

from functools import cache

import numpy as np
import pytest
from economies import AI, FIBRE, SEED, TINY, block_at, book, differences, economy
from mechanism_blocks import changed_book, packed

from deflator.engine import Trigger, simulate
from deflator.engine.layout import LENDER

PATHS = 256
ALLOWED = 1e-9


@cache
def outcome(scenario):
    """Return paths of the February 2026 book; the same numbers have the same draws under every scenario."""
    return simulate(economy(AI, scenario, 64, True), seed=SEED, first_path=0, paths=PATHS)


def breaks_expected(scenario):
    """Return the sum of the break probabilities of neoclouds and landlords."""
    layers = np.array(economy(AI, scenario, 64, True).layers)
    return (outcome(scenario).break_month[np.isin(layers, ("neocloud", "landlord"))] > 0).mean(axis=1).sum()


def last_rent(scenario):
    return np.exp(np.log(outcome(scenario).rent[-1]).mean())


def test_scarcity_raises_rents_and_keeps_landlords_and_neoclouds_alive():
    assert last_rent("boom") > last_rent("base")
    assert breaks_expected("boom") < breaks_expected("base")


def test_the_essay_lowers_rents_and_breaks_landlords_and_neoclouds():
    assert last_rent("essay") < last_rent("base")
    assert breaks_expected("essay") > breaks_expected("base")


def test_as_the_book_stands_rents_may_end_above_and_below_where_they_began():
    rent = outcome("base").rent
    above = (rent[-1] > rent[0]).mean()

    assert 0.05 < above < 0.95


@pytest.mark.parametrize("scenario", ["essay", "funding-freeze", "lab-failure", "rate-shock"])
def test_a_bad_scenario_loses_lenders_more(scenario):
    assert outcome(scenario).loss_musd.sum(axis=0).mean() > outcome("base").loss_musd.sum(axis=0).mean()


def run_with_world_cash(name, times):
    """Run a book in which every account of the world holds so many times its cash."""
    rows = book(name).tables["entities"].rows
    changes = tuple(
        f"figures.entities.{row['entity']}.cash_musd={row['cash_musd'] * times}"
        for row in rows
        if row["layer"] == "world"
    )
    return simulate(economy(name, "base", 16, True, changes), seed=7, first_path=0, paths=128)


@pytest.mark.parametrize("name", [TINY, FIBRE, AI])
@pytest.mark.parametrize("times", [0.0, 1000.0])
def test_the_cash_of_world_accounts_moves_nothing_but_itself(name, times):
    usual = run_with_world_cash(name, 1.0)

    other = run_with_world_cash(name, times)

    assert set(differences(usual, other)) <= {"ledger_residual"}
    assert other.ledger_residual.max() <= ALLOWED


@pytest.mark.parametrize("name", [TINY, FIBRE])
def test_a_named_firm_that_a_scenario_lets_stop_paying_breaks_in_that_very_month(name):
    of = economy(name)
    start = block_at(of, 0).entities
    own_account = start.account[:-1] == np.arange(len(of.entities))
    firms = np.flatnonzero((start.can_default[:-1] == 1) & (start.layer[:-1] != LENDER) & own_account)
    found = {}
    for firm in firms:
        failing = economy(name, settings=(f"failure.{of.entities[firm]}.level={{+3: on}}",))
        paths = simulate(failing, seed=SEED, first_path=0, paths=1, chance=False)
        found[of.entities[firm]] = int(paths.break_month[firm, 0]), Trigger(paths.break_trigger[firm, 0]).name

    assert found == dict.fromkeys(found, (3, "IMPOSED"))


@pytest.mark.parametrize("cash", [0.0, 1.0])
def test_a_world_account_pays_as_buyer_and_guarantor_whatever_cash_the_book_gives_it(cash):
    worldly = {
        ("contracts", "c_lab_b200"): {"buyer": "world_end_users"},
        ("leases", "l_neo_1"): {"guarantor": "world_investors"},
    }
    poor = {("entities", name): {"cash_musd": cash} for name in ("world_end_users", "world_investors")}
    failing = ("failure.neo_one.level={+3: on}",)

    usual = simulate(packed(changed_book(worldly), *failing), seed=SEED, first_path=0, paths=64)
    other = simulate(packed(changed_book(worldly | poor), *failing), seed=SEED, first_path=0, paths=64)

    assert set(differences(usual, other)) <= {"ledger_residual"}
