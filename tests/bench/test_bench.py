"""What is compared computes the same, and what is scaled up is the same book several times."""

import json
from pathlib import Path

import numpy as np
import pytest
from bench.__main__ import LONG_PARTS, ROOT, TINY, TINY_BOOK, main, parts_of
from bench.copies import copied
from bench.page import render
from bench.subject import items_of, setting_of

from bench import toy
from deflator.analysis.trials import simulate_all
from deflator.book import load_book
from deflator.book.write import write_book
from deflator.engine import Economy
from deflator.engine.layout import FEW_LANES, LANES
from deflator.engine.records import lanes_for

WORLD = "world"


def firms_of(economy: Economy) -> int:
    return sum(layer != WORLD for layer in economy.layers)


def test_lanes_arrays_and_objects_give_every_firm_the_same_fate() -> None:
    firms, (common, own) = toy.draw_firms(), toy.draw_shocks(64)
    lanes = toy.by_lanes(firms, toy.in_blocks(common), toy.in_blocks(own), threads=2)
    objects = toy.by_objects(firms, toy.as_lists(common[..., :5]), toy.as_lists(own[..., :5]))

    assert 0.2 < (lanes.default_month > 0).mean() < 0.8
    assert toy.gap(toy.by_arrays(firms, common, own), lanes) < toy.AGREEMENT
    assert toy.gap(objects, lanes) < toy.AGREEMENT


def test_a_firm_with_another_fate_shows_as_a_gap() -> None:
    outcome = toy.Outcome(*(np.zeros((2, 3)) for _ in range(3)))
    other = outcome._replace(default_month=np.array([[0.0, 0.0, 7.0], [0.0, 0.0, 0.0]]))

    assert toy.gap(outcome, other) == 1.0


@pytest.mark.parametrize("book", [TINY_BOOK, "ai-2026-02"])
def test_a_doubled_book_passes_every_check_of_books(book: str, tmp_path: Path) -> None:
    doubled = copied(load_book(book), 2)
    write_book(doubled, tmp_path / "doubled")

    assert load_book(tmp_path / "doubled") == doubled


def test_a_doubled_book_has_every_firm_contract_lease_and_loan_twice() -> None:
    once = setting_of("ai-2026-02", "base", 2, draws=2).economy
    twice = setting_of(copied(load_book("ai-2026-02"), 2), "base", 2, draws=2).economy
    shared = len(once.entities) - firms_of(once)

    assert firms_of(twice) == 2 * firms_of(once)
    assert items_of(twice) - shared == 2 * (items_of(once) - shared)


def test_the_accounts_of_a_doubled_book_add_up() -> None:
    found = simulate_all(setting_of(copied(load_book(TINY_BOOK), 2), "base", 32, draws=4))

    assert not found.status.any()
    assert max(found.ledger_residual.max(), found.debt_residual.max(), found.units_residual.max()) < 1e-9


def test_only_a_book_far_larger_than_the_shipped_one_is_simulated_in_narrow_blocks() -> None:
    book = load_book("ai-2026-02")
    widths = {times: lanes_for(setting_of(copied(book, times), "base", 1, draws=0).economy) for times in (1, 4, 16)}

    assert widths == {1: LANES, 4: LANES, 16: FEW_LANES}


def test_a_copy_starts_as_its_original_does() -> None:
    book = load_book(TINY_BOOK)
    setting = setting_of(copied(book, 2), "base", 1, draws=0)
    index = {name: position for position, name in enumerate(setting.economy.entities)}
    exposure = setting.economy.exposure_musd

    copies = [name for name in index if f"{name}_x2" in index]
    assert len(copies) == firms_of(setting.economy) // 2
    assert all(exposure[index[name]] == exposure[index[f"{name}_x2"]] for name in copies)


def test_a_tiny_run_measures_all_but_the_long_parts_and_shows_them(tmp_path: Path) -> None:
    main(["--tiny", "--json", str(tmp_path / "performance.json")])
    results = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))

    assert {"machine", "load_average", "seconds", "left_out", *parts_of(TINY)} <= set(results)
    assert not set(LONG_PARTS) & set(results)
    assert all(row["million_item_months_per_second"]["best"] > 0.0 for row in results["throughput"])
    assert (tmp_path / "performance.md").read_text(encoding="utf-8") == render(results)


def test_the_page_shows_the_figures_that_are_kept_beside_it() -> None:
    kept = ROOT / "docs" / "performance.json"

    assert kept.with_suffix(".md").read_text(encoding="utf-8") == render(json.loads(kept.read_text(encoding="utf-8")))
