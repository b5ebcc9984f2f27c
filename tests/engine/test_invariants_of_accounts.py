"""Money, debt and units neither appear nor vanish, and what a path reports makes sense: always, on every book."""

from functools import cache
from math import fsum

import numpy as np
import pytest
from economies import AI, FIBRE, GENERAL, SEED, TINY, block_at, book, economy, months_of

from deflator.engine import Status, Trigger, ledger, simulate
from deflator.engine.positions import CHANNELS
from deflator.errors import ScenarioError
from deflator.scenario import load_scenario, shipped_scenarios

ALLOWED = 1e-9  # of the gross flow of the month, of the debt, of the units: what the project promises
RUNS = [(AI, scenario) for scenario in shipped_scenarios()]
RUNS += [(name, scenario) for name in (FIBRE, TINY) for scenario in GENERAL]
CHANNELS_OFF = [(channel,) for channel in CHANNELS] + [CHANNELS]


@cache
def outcome(book_name, scenario="base", off=()):
    """Return 64 paths with chance, each with its own draw of what is not known."""
    settings = tuple(f"channels.{channel}=off" for channel in off)
    return simulate(economy(book_name, scenario, 64, True, settings), seed=SEED, first_path=0, paths=64)


def assert_balanced(paths):
    assert paths.ledger_residual.max() <= ALLOWED, "cash"
    assert paths.debt_residual.max() <= ALLOWED, "debt"
    assert paths.units_residual.max() <= ALLOWED, "units"
    assert (paths.status == Status.OK).all()


@pytest.mark.parametrize(("book_name", "scenario"), RUNS)
def test_cash_debt_and_units_balance_in_every_shipped_scenario(book_name, scenario):
    assert_balanced(outcome(book_name, scenario))


@pytest.mark.parametrize("book_name", [TINY, FIBRE])
@pytest.mark.parametrize("off", CHANNELS_OFF, ids=[*CHANNELS, "all"])
def test_cash_debt_and_units_balance_whatever_channel_is_switched_off(book_name, off):
    assert_balanced(outcome(book_name, "base", off))


def test_the_scenarios_run_on_every_book_are_all_that_fit_it():
    def fits(scenario):
        try:
            load_scenario(scenario).check(book(FIBRE))
        except ScenarioError:
            return False
        return True

    assert tuple(filter(fits, shipped_scenarios())) == GENERAL


@pytest.mark.parametrize(("book_name", "scenario"), RUNS)
def test_breaks_losses_rents_and_openness_stay_within_their_meaning(book_name, scenario):
    paths, months = outcome(book_name, scenario), economy(book_name).months
    for name in ("broken_share", "cause_musd", "loss_musd", "rent", "funding"):
        assert np.isfinite(getattr(paths, name)).all(), name
    for when, why in ((paths.break_month, paths.break_trigger), (paths.soft_month, paths.soft_trigger)):
        assert when.min() >= 0
        assert when.max() <= months
        assert ((when > 0) == (why != Trigger.NONE)).all()
    assert paths.broken_share.min() >= 0.0
    assert paths.broken_share.max() <= 1.0
    assert paths.loss_musd.min() >= 0.0
    assert paths.cause_musd.min() >= 0.0
    assert paths.rent.min() > 0.0
    assert paths.funding.min() > 0.0
    assert paths.funding.max() < 1.0


@pytest.mark.parametrize(("book_name", "scenario"), [(AI, "essay"), (FIBRE, "funding-freeze")])
def test_a_firm_breaks_whole_a_cohort_by_members_and_the_world_never(book_name, scenario):
    paths, of = outcome(book_name, scenario), economy(book_name, scenario)
    cohort = of.links["entities.cohort"][:-1] == 1
    world = np.array(of.layers) == "world"

    broken = paths.break_month > 0
    assert broken[~cohort].any()
    assert (broken[~cohort] == (paths.broken_share[~cohort] == 1.0)).all()
    assert (broken[cohort] == (paths.broken_share[cohort] > 0.5)).all()
    assert paths.broken_share[world].max() == 0.0
    assert paths.soft_month[world].max() == 0


@pytest.mark.parametrize("book_name", [TINY, FIBRE])
def test_all_accounts_together_hold_the_same_cash_every_month(book_name):
    before = None
    for t, block in months_of(economy(book_name, "funding-freeze", 8, True), 24, chance=True):
        total = [fsum(cash) for cash in block.entities.cash.T]
        if t > 0:
            gap = np.abs(np.subtract(total, before))
            assert (gap <= ALLOWED * block.ledger.flow.sum(axis=0)).all()
        before = total


def test_every_debt_rolls_forward_from_one_month_to_the_next():
    before = None
    for t, block in months_of(economy(AI, "essay", 8, True), 24, chance=True):
        debts = block.facilities
        if t > 0:
            after = before + debts.drawn - debts.repaid - debts.written_off - debts.converted
            assert (np.abs(debts.balance - after) <= ALLOWED * np.maximum(before, 1.0)).all()
        before = debts.balance.copy()


def closed_after(change):
    """Return the ledger at the end of a month in which nothing happens but a change in the first lane."""
    block = block_at(economy(), 1)
    own = block.world, block.entities, block.equipment
    ledger.open_month(*own, block.facilities, block.causes, block.ledger)
    block.facilities.repaid[...] = 0.0  # no payment is made
    change(block)
    _, entities, equipment = own
    ledger.close_month(2, entities, equipment, block.pairs, block.fleets, block.facilities, block.ledger)
    return block.ledger


def test_the_ledger_notices_a_dollar_from_nowhere():
    def give_a_dollar(block):
        block.entities.cash[0, 0] += 1e-6

    residual = closed_after(give_a_dollar).residual

    assert residual[0] > ALLOWED
    assert residual[1:].max() <= ALLOWED


def test_the_ledger_notices_debt_that_nobody_drew():
    def owe_more(block):
        block.facilities.balance[0, 0] *= 1.0 + 1e-6

    residual = closed_after(owe_more).debt_residual

    assert residual[0] > ALLOWED
    assert residual[1:].max() <= ALLOWED


def test_the_ledger_notices_a_unit_that_was_not_delivered():
    def find_a_unit(block):
        block.pairs.extra[0, 0] += 1.0

    residual = closed_after(find_a_unit).units_residual

    assert residual[0] > ALLOWED
    assert residual[1:].max() <= ALLOWED


def test_a_path_whose_cash_is_not_a_number_says_so():
    def lose_count(block):
        block.entities.cash[0, 0] = np.nan

    status = closed_after(lose_count).status

    assert status.tolist() == [Status.NOT_FINITE] + [Status.OK] * 7


@pytest.mark.parametrize(("book_name", "scenario"), [(TINY, "funding-freeze"), (AI, "lab-failure")])
def test_work_that_is_skipped_is_work_on_nothing(book_name, scenario):
    of = economy(book_name, scenario, 8, True)
    skipped = 0
    for t, block in months_of(of, of.months, chance=True):
        entities, facilities, network = block.entities, block.facilities, block.network
        if t == 0:
            continue
        for count, amounts in (
            (entities.struck, entities.hit),
            (entities.stops, entities.imposed),
            (entities.builds, entities.building_due),
            (entities.earns, entities.revenue),
            (entities.claims, entities.claim),
            (facilities.moved, facilities.drawn),
            (facilities.shrunk, facilities.written_off),
            (facilities.shrunk, facilities.converted),
            (facilities.sweeping, facilities.swept),
            (block.pairs.extended, block.pairs.extra),
            (facilities.owing, facilities.balance),
            (facilities.owing, facilities.interest),
            (facilities.owing, facilities.principal),
            (facilities.maturing_paths, facilities.maturing),
            (block.fleets.paying, block.fleets.due),
            (block.equipment.pooled, block.equipment.pool),
            (network.live, network.due),
        ):
            assert not amounts[: len(count)][count == 0].any()
            skipped += np.count_nonzero(count == 0)

    assert skipped > 0
