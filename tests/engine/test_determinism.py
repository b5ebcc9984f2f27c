"""A path is a pure function of book, scenario, seed and number: nothing else moves a bit of it."""

import csv
import importlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from economies import AI, FIBRE, SEED, TINY, block_at, book, differences, economy, joined, months_of, some_paths

from deflator.book import load_book
from deflator.engine import Paths, Trigger, pack, records, simulate
from deflator.engine.layout import FEW_LANES, LANES, RECORDS, kinds_of, name_of
from deflator.engine.positions import CHANNELS
from deflator.engine.records import doubt
from deflator.scenario import load_scenario
from deflator.scenario.figures import draw_figures

PATHS = 150  # two whole blocks of lanes and a part of one
#: Exogenous series: nothing that happens in the economy moves them.
DRIVERS = (
    ("world", ("common", "rent_noise", "funding_noise", "base_rate", "power")),
    ("equipment", ("deviation",)),
    ("segments", ("log_index",)),
    ("entities", ("revenue",)),
    ("leases", ("delay",)),
    ("fleets", ("delay",)),
)


def troubled(book_name=TINY):
    """Return an economy in which paths differ in who breaks, and each path in what is not known."""
    return economy(book_name, "funding-freeze", 16, True)


def run(of, first=0, paths=PATHS, seed=SEED):
    return simulate(of, seed=seed, first_path=first, paths=paths)


@cache
def whole(book_name=TINY):
    return run(troubled(book_name))


def test_the_same_question_has_the_same_answer_to_the_last_bit():
    assert differences(whole(FIBRE), run(troubled(FIBRE))) == []


def test_another_seed_has_another_answer():
    assert {"rent", "funding", "broken_share"} <= set(differences(whole(FIBRE), run(troubled(FIBRE), seed=SEED + 1)))


@pytest.mark.parametrize("book_name", [TINY, FIBRE])
@pytest.mark.parametrize("sizes", [(64, 86), (1, 63, 65, 21), (37, 113), (149, 1)])
def test_cutting_a_run_into_pieces_changes_nothing(book_name, sizes):
    starts = np.cumsum((0, *sizes[:-1])).tolist()

    pieces = [run(troubled(book_name), first, paths) for first, paths in zip(starts, sizes, strict=True)]

    assert differences(whole(book_name), joined(pieces)) == []


@pytest.mark.parametrize("book_name", [TINY, FIBRE])
@pytest.mark.parametrize("path", [0, 70, 149])
def test_a_path_is_the_same_alone_and_among_others(book_name, path):
    assert differences(some_paths(whole(book_name), [path]), run(troubled(book_name), path, 1)) == []


@pytest.mark.parametrize("book_name", [FIBRE, AI])
def test_two_threads_give_what_one_gives(book_name):
    of = troubled(book_name)
    first_paths = range(0, PATHS, 25)
    with ThreadPoolExecutor(2) as threads:
        at_once = list(threads.map(lambda first: run(of, first, 25), first_paths))

    one_by_one = [run(of, first, 25) for first in first_paths]

    assert differences(joined(one_by_one), joined(at_once)) == []


@pytest.mark.parametrize("lanes", [1, 7, 32, 128])
def test_neither_the_width_of_a_block_nor_the_place_in_it_moves_a_path(lanes):
    of = troubled(FIBRE)
    alone = block_at(of, 30, chance=True, lanes=1, first=70)

    beside = block_at(of, 30, chance=True, lanes=lanes, first=70 - lanes // 2)

    for record, field in (("entities", "cash"), ("equipment", "rent"), ("facilities", "balance")):
        state = getattr(getattr(beside, record), field)[:, lanes // 2]
        assert state.tobytes() == getattr(getattr(alone, record), field)[:, 0].tobytes(), field


def test_a_book_too_large_for_the_cache_runs_in_narrow_blocks_to_the_same_bits(monkeypatch):
    of, simulation = troubled(FIBRE), importlib.import_module("deflator.engine.simulate")
    usual = run(of, 0, 40)
    monkeypatch.setattr(simulation._kept, "block", None)  # the thread's memory for blocks of the usual width
    monkeypatch.setattr(records, "_MOST_BYTES", 0)

    narrow = run(of, 0, 40)

    assert simulation.block_for(of).paths.size == FEW_LANES < LANES
    assert differences(narrow, usual) == []


def test_a_block_remembers_nothing_of_the_paths_before():
    of = troubled(FIBRE)

    after_others = some_paths(run(of, 0, 128), slice(64, 128))

    assert differences(run(of, 64, 64), after_others) == []


def test_counts_say_which_work_can_be_skipped_and_move_no_result():
    def outcome(doubts):
        for _, block in months_of(troubled(FIBRE), 36, chance=True):
            if doubts:
                doubt(block)
        return {
            f"{name_of(record)}.{field}": getattr(getattr(block, name_of(record)), field).tobytes()
            for record in RECORDS
            for field, kind in kinds_of(record).items()
            if kind in ("State", "Flag") or name_of(record) == "ledger"
        }

    plain, doubting = outcome(doubts=False), outcome(doubts=True)

    assert [name for name, values in plain.items() if doubting[name] != values] == []


def test_the_name_of_a_scenario_is_not_part_of_the_key():
    scenario = load_scenario("funding-freeze")
    renamed = replace(scenario, name="other", title="Another name", author="Somebody else")
    figures = draw_figures(book(), renamed, 16, SEED, True)

    assert differences(whole(), run(pack(book(), renamed, figures))) == []


def drawn(of, months=12):
    """Return the exogenous series of a year: bytes by name and month."""
    found = {}
    for t, block in months_of(of, months, chance=True):
        for record, fields in DRIVERS:
            for field in fields:
                found[f"{record}.{field}", t] = getattr(getattr(block, record), field).tobytes()
    return found


@pytest.mark.parametrize("book_name", [TINY, FIBRE])
@pytest.mark.parametrize("channel", CHANNELS)
def test_switching_a_channel_off_moves_no_draw(book_name, channel):
    own = {"leases.delay", "fleets.delay"} if channel == "delay" else set()

    before = drawn(economy(book_name, "base", 8, True))
    after = drawn(economy(book_name, "base", 8, True, (f"channels.{channel}=off",)))

    assert {name for name, t in before if before[name, t] != after[name, t]} <= own


@pytest.mark.parametrize("scenario", ["blackwell-flood", "essay", "funding-freeze", "lab-failure"])
def test_scenarios_share_the_draws_of_whatever_they_do_not_move(scenario):
    shared = {"world.common", "world.rent_noise", "world.funding_noise", "world.power", "equipment.deviation",
              "leases.delay"}  # fmt: skip

    before, after = drawn(economy(AI, "base", 8, True)), drawn(economy(AI, scenario, 8, True))

    assert shared.isdisjoint(name for name, t in before if before[name, t] != after[name, t])


def add_row(folder, table, cells):
    """Put a row before all others of a table."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, list(reader)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows([cells, *rows])


def test_an_entity_that_deals_with_nobody_changes_nothing_for_the_others(tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(Path(__file__).parent.parent / "books" / "tiny", folder)
    figures = {
        "cash_musd": 50,
        "end_user_revenue_musd_per_year": 30,
        "end_user_revenue_growth": 0.3,
        "fixed_cost_musd_per_year": 20,
        "equity_value_musd": 200,
    }
    add_row(folder, "entities", {"entity": "stranger", "name": "Stranger", "layer": "application", **figures})
    for field, value in figures.items():
        place = {"table": "entities", "row": "stranger", "field": field, "source": "judgement"}
        known = {"grade": "assumed", "as_of": "2026-02-28", "low": 0.8 * value, "high": 1.2 * value}
        add_row(folder, "provenance", place | known)
    larger, scenario = load_book(folder), load_scenario("funding-freeze")

    with_stranger = pack(larger, scenario, draw_figures(larger, scenario, 16, SEED, True))
    found = run(with_stranger)

    own_rows = [with_stranger.entities.index(name) for name in troubled().entities]
    of_entities = {"break_month", "break_trigger", "soft_month", "soft_trigger", "broken_share", "cause", "cause_musd",
                   "loss_musd", "tenth_month"}  # fmt: skip
    kept = Paths(
        *(
            np.ascontiguousarray(values[own_rows]) if field in of_entities else values
            for field, values in found._asdict().items()
        )
    )
    assert set(differences(whole(), kept)) <= {"ledger_residual"}, "the stranger pays the world, and that is all"


def with_covenants(*rows):
    """Return the tiny economy with other covenants."""
    table = book().tables["covenants"]
    keys = tuple(f"{row['facility']}|{row['test']}|{row['case']}" for row in rows)
    changed = replace(
        book(),
        tables={**book().tables, "covenants": replace(table, rows=rows, keys=keys)},
        provenance={place: known for place, known in book().provenance.items() if place[0] != "covenants"},
    )
    scenario = load_scenario("base")
    return pack(changed, scenario, draw_figures(changed, scenario, 1, SEED, ignorance=False))


def test_a_covenant_that_is_never_breached_moves_no_lender_decision_on_another():
    every_month = {"test_every_months": 1, "cure_months": 1, "consequence": "event_of_default", "case": "book"}
    strict = {"facility": "neo_ddtl", "test": "contracted_coverage", "threshold": 100.0, "unit": "x", **every_month}
    lax = {"facility": "big_notes", "test": "leverage", "threshold": 1e9, "unit": "x_debt_to_ebitda", **every_month}

    alone, beside = run(with_covenants(strict)), run(with_covenants(lax, strict))

    neo = economy().entities.index("neo_one")
    assert (alone.break_trigger[neo] == Trigger.COVENANT).any()
    assert len(set(alone.break_month[neo])) > 2, "lenders waive on some paths, for a time"
    assert differences(alone, beside) == []
