import numpy as np
import pytest
from replayed_paths import TINY, setting

from deflator.analysis.cascade import DEBT, GUARANTEE, LEASE, Cascade, cascade, exposures
from deflator.analysis.trials import simulate_all
from deflator.book import load_book


@pytest.fixture(scope="module")
def found() -> Cascade:
    return cascade(setting("rent.level=0.9"))


@pytest.mark.parametrize("name", ["ai-2026-02", "fibre-2001", str(TINY)])
def test_exposures_sum_to_the_totals_of_the_book(name: str) -> None:
    book = load_book(name)
    edges = exposures(book)

    def total(kind: str) -> float:
        return sum(edge.musd for edge in edges if edge.kind == kind)

    assert total(DEBT) == pytest.approx(sum(row["drawn_musd"] for row in book.table("facilities").rows))
    assert total(LEASE) == pytest.approx(sum(row["rent_musd_per_year"] for row in book.table("leases").rows))
    sold = sum(
        row["units"] * row["rent_usd_per_hour"] * 8_760 / 1e6
        for row in book.table("contracts").rows
        if row["kind"] == "capacity"
    )
    assert total("contract") == pytest.approx(sold)


def test_a_guarantor_is_bound_to_whom_it_protects() -> None:
    edges = exposures(load_book("ai-2026-02"))
    leases = load_book("ai-2026-02").table("leases").rows
    guaranteed = {(row["guarantor"], row["landlord"], row["lease"]) for row in leases
                  if row["guarantor"] not in (None, row["tenant"])}  # fmt: skip

    assert guaranteed <= {(edge.payer, edge.payee, edge.name) for edge in edges if edge.kind == GUARANTEE}


def test_what_has_broken_by_the_horizon_is_what_the_paths_say(found: Cascade) -> None:
    paths = simulate_all(found.setting)
    for name, months in found.broken.items():
        share = paths.broken_share[found.entities.index(name)].mean()
        assert months[-1].value == pytest.approx(share, abs=1e-6), name


def test_what_has_broken_stays_broken(found: Cascade) -> None:
    for name, months in found.broken.items():
        values = [one.value for one in months]
        assert (np.diff(values) >= -1e-9).all(), name
    assert found.broken["neo_one"][0].value == 0.0


def test_the_path_that_is_told_is_the_middle_one_of_the_entity_that_breaks_most(found: Cascade) -> None:
    paths = simulate_all(found.setting)
    often = max(found.broken, key=lambda name: (paths.break_month[found.entities.index(name)] > 0).sum())
    months = paths.break_month[found.entities.index(often)]
    told = found.told

    assert told.chosen_for == often
    assert told.chosen is not None
    assert told.chosen.breaking == (months > 0).sum()
    assert months[told.path] == np.sort(months[months > 0])[(told.chosen.breaking - 1) // 2]


def test_a_break_comes_in_the_month_in_which_the_share_reaches_it(found: Cascade) -> None:
    assert found.told.breaks
    for one in found.told.breaks:
        share = found.told.broken[:, found.entities.index(one.entity)]
        assert share[one.month] == pytest.approx(one.share)
        assert share[one.month - 1] < one.share


def test_who_breaks_by_a_missed_payment_misses_one(found: Cascade) -> None:
    payers = {(one.payer, one.month) for one in found.told.missed}
    for one in found.told.breaks:
        if one.trigger == "payment":
            assert (one.entity, one.month) in payers


def test_a_path_can_be_asked_for_by_number(found: Cascade) -> None:
    asked = cascade(found.setting, path=3, paths=32).told

    assert (asked.path, asked.chosen, asked.chosen_for) == (3, None, "")


def test_where_nobody_breaks_the_first_path_is_told() -> None:
    quiet = cascade(setting("rent.level=3.0", paths=1, draws=0, chance=False))

    assert quiet.told.path == 0
    assert quiet.told.breaks == ()
    firms = [name for name in quiet.broken if name != "apps"]
    assert all(quiet.broken[name][-1].value == 0.0 for name in firms)


def test_the_frames_hold_every_entity_month_and_exposure(found: Cascade) -> None:
    assert found.to_frame().height == len(found.broken) * 25
    assert found.exposure_frame().height == len(found.exposures)
