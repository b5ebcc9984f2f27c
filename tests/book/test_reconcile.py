"""Measures of a tiny book against numbers worked out by hand, and targets that are missed."""

from dataclasses import replace

import pytest

from deflator.book import Book, Table
from deflator.book.measures import (
    MEASURES,
    Query,
    backlog,
    compute_spend,
    cost_of_revenue,
    debt,
    ebitda_margin,
    equipment_spend,
    fleet_value,
    interest,
    power,
    principal_due,
    rent_paid,
    rent_received,
    revenue,
    site_mw,
    units,
    units_sold,
)
from deflator.book.reconcile import implied, reconcile, unexplained
from deflator.book.schema import schema

HOURS = 730


def with_targets(book: Book, **changes: object) -> Book:
    """Return the book with some cells of every target changed."""
    table = book.tables["reconciliation"]
    rows = tuple({**row, **changes} for row in table.rows)
    return replace(book, tables={**book.tables, "reconciliation": Table(table.name, table.as_of, rows, table.keys)})


def test_revenue_is_contracts_at_their_price_and_the_rest_at_the_rent_times_utilisation(tiny: Book) -> None:
    contracts = (5000 * 2.1 + 1500 * 2.8) * HOURS / 1e6
    let_by_the_month = 3000 * 2.2 * 0.85 * HOURS / 1e6

    assert revenue(tiny, Query("neo_one", 0, 0)) == pytest.approx(contracts + let_by_the_month)


def test_revenue_of_a_cloud_includes_what_buyers_outside_the_book_pay(tiny: Book) -> None:
    compute = (12000 * 2.2 + 8000 * 2.2 * 0.85) * HOURS / 1e6

    assert revenue(tiny, Query("cloud_big", 0, 0)) == pytest.approx(compute + 4000 / 12)


def test_revenue_with_a_buyer_counts_only_the_contracts_of_that_buyer(tiny: Book) -> None:
    assert revenue(tiny, Query("neo_one", 0, 0, "lab_one")) == pytest.approx(5000 * 2.1 * HOURS / 1e6)


def test_backlog_starts_with_the_first_month_and_leaves_out_the_month_of_the_end(tiny: Book) -> None:
    last_half_of_2026 = Query("neo_one", 5, 10, "lab_one")

    assert backlog(tiny, last_half_of_2026) == pytest.approx((5000 * 2.1 + 2500 * 2.7) * HOURS * 6 / 1e6)
    assert backlog(tiny, Query("cloud_big", 10, 10, "apps")) == 0.0


def test_a_backstop_is_no_sale(tiny: Book) -> None:
    assert backlog(tiny, Query("neo_one", 0, 0, "chip_maker")) == 0.0


def test_rent_of_space_is_the_same_for_landlord_and_tenant(tiny: Book) -> None:
    from_february_to_july = (24 * 6 + 11 * 1) / 12

    assert rent_paid(tiny, Query("neo_one", 0, 5)) == pytest.approx(from_february_to_july)
    assert rent_received(tiny, Query("hall_one", 0, 5)) == pytest.approx(from_february_to_july)


def test_power_is_paid_for_at_the_site_and_not_only_at_the_server(tiny: Book) -> None:
    megawatts = (8000 * 1.4 + 1500 * 1.95) * 1.25 / 1e3

    assert power(tiny, Query("neo_one", 0, 0)) == pytest.approx(megawatts * HOURS * 60 / 1e6)


def test_margin_is_what_power_operations_space_and_fixed_cost_leave_of_revenue(tiny: Book) -> None:
    month_0 = Query("neo_one", 0, 0)
    operations = (8000 * 0.12 + 1500 * 0.13) * HOURS / 1e6
    costs = power(tiny, month_0) + operations + 24 / 12

    assert cost_of_revenue(tiny, month_0) == pytest.approx(costs)
    assert ebitda_margin(tiny, month_0) == pytest.approx(1 - (costs + 30 / 12) / revenue(tiny, month_0))


def test_debt_and_interest_follow_the_holder_that_is_asked_for(tiny: Book) -> None:
    assert debt(tiny, Query("neo_one", 0, 0)) == pytest.approx(84 + 60 + 50)
    assert debt(tiny, Query("neo_one", 0, 0, "bank_one")) == pytest.approx(0.7 * 84)
    assert interest(tiny, Query("neo_one", 0, 11)) == pytest.approx(84 * (0.0625 + 0.0365) + 60 * 0.0925 + 50 * 0.0175)
    assert interest(tiny, Query("neo_one", 0, 11, "bank_one")) == pytest.approx(0.7 * 84 * (0.0625 + 0.0365))


def test_preferred_stock_is_not_debt(tiny: Book) -> None:
    table = tiny.tables["facilities"]
    rows = tuple({**row, "type": "preferred"} if row["facility"] == "neo_notes" else row for row in table.rows)
    changed = replace(tiny, tables={**tiny.tables, "facilities": Table(table.name, table.as_of, rows, table.keys)})

    assert debt(changed, Query("neo_one", 0, 0)) == pytest.approx(84 + 50)


def test_principal_due_is_what_the_schedule_calls_for_in_the_window(tiny: Book) -> None:
    assert principal_due(tiny, Query("neo_one", 1, 10)) == 40.0


def test_fleet_value_is_cost_less_straight_line_depreciation(tiny: Book) -> None:
    never_sold_new_any_more = 8000 * 16000 * (1 - 20 / 72)
    sold_new = 1500 * 50000 * (1 - 4 / 72)

    assert fleet_value(tiny, Query("neo_one", 0, 0)) == pytest.approx((never_sold_new_any_more + sold_new) / 1e6)


def test_committed_deliveries_count_from_their_month_and_plans_never(tiny: Book) -> None:
    before, after = Query("neo_one", 4, 4), Query("neo_one", 5, 5)

    assert site_mw(tiny, after) - site_mw(tiny, before) == pytest.approx(3000 * 1.95 * 1.25 / 1e3)
    assert units(tiny, Query("neo_one", -4, 5)) == 1500 + 3000
    assert units(tiny, Query("cloud_big", 1, 24)) == 0.0
    assert units_sold(tiny, Query("chip_maker", -6, 10)) == 6000 + 1500 + 3000
    assert equipment_spend(tiny, after) == pytest.approx(3000 * 50000 / 1e6)


def test_compute_spend_is_the_yearly_rate_over_the_window(tiny: Book) -> None:
    assert compute_spend(tiny, Query("lab_one", 0, 2)) == pytest.approx(140 / 4)


def test_every_measure_of_the_schema_can_be_computed() -> None:
    assert set(MEASURES) == set(schema()["reconciliation"].by_name["measure"].allowed)


def test_a_target_shows_book_target_and_residual(tiny: Book) -> None:
    found = {item.target: item for item in reconcile(tiny)}

    assert tuple(found) == tiny.tables["reconciliation"].keys
    assert found["neo_debt"].passed
    assert found["neo_debt"].residual == pytest.approx(0.0)
    space = found["neo_space_2026"]
    assert (space.book_value, space.target_value) == (pytest.approx(8.0), 12.0)
    assert space.residual == pytest.approx(-1 / 3)
    assert not space.passed
    assert space.reason


def test_a_miss_with_a_reason_is_no_fault(tiny: Book) -> None:
    assert unexplained(tiny) == ()


@pytest.mark.parametrize(("basis", "faulty"), [("reported", 1), ("guided", 1), ("own", 0)])
def test_a_miss_of_what_others_said_needs_a_reason(tiny: Book, basis: str, faulty: int) -> None:
    faults = unexplained(with_targets(tiny, reason=None, basis=basis))

    assert len(faults) == faulty
    for fault in faults:
        assert (fault.file, fault.row, fault.column) == ("reconciliation.csv", 3, "reason")
        assert "neo_space_2026 is 8 USD m in the book and 12" in fault.message
        assert "-33.3% where 15.0% passes" in fault.message


def test_a_target_of_nothing_is_missed_by_anything(tiny: Book) -> None:
    for item in reconcile(with_targets(tiny, value=0.0)):
        assert not item.passed


def test_what_the_tables_imply_adds_up_to_the_measures(tiny: Book) -> None:
    found = {item.entity: item for item in implied(tiny)}

    assert tuple(found) == tiny.tables["entities"].keys
    assert found["neo_one"].interest_musd == pytest.approx(interest(tiny, Query("neo_one", 0, 0)))
    assert found["hall_one"].rent_received_musd == pytest.approx(2.0)
    assert found["neo_one"].rent_paid_musd == pytest.approx(2.0)
    assert found["bank_one"].debt_musd == 0.0
    assert found["lab_one"].revenue_musd == pytest.approx(300 / 12)
