"""The identities of a book hold in every draw, and what already kept them is left as it was drawn."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from small_books import book_of, consistent_books, contract_of, facility_of, scenario_of, units_of

from deflator.book import load_book
from deflator.scenario.figures import draw_figures
from deflator.scenario.projection import Draws, restore_identities

NOTHING = scenario_of()
DRAWS = 64


def draw(book, figures=None):
    return draw_figures(book, scenario_of(figures), DRAWS, seed=3)


def moves(figures):
    return {(move.table, move.field): move for move in figures.projected}


def sold_and_owned(book, figures, month):
    """Return the units sold and to let in a month, of the only seller and equipment of the book, by draw."""
    rows = [row["kind"] == "capacity" for row in book.tables["contracts"].rows]
    start, end, sold = (figures.array("contracts", column)[rows] for column in ("start", "end", "units"))
    owned = sum(
        (figures.array(table, "units") * (figures.array(table, arrival) <= month))[
            [row["use"] == "rental" for row in book.tables[table].rows]
        ].sum(axis=0)
        for table, arrival in (("fleets", "in_service_month"), ("deliveries", "month"))
    )
    return (sold * (start <= month) * (month < end)).sum(axis=0), owned


def test_contracts_are_cut_to_the_fleet_pro_rata_to_what_they_exceed_their_lowest_value():
    book = book_of(
        {("contracts", "a", "units"): (20.0, 60.0), ("contracts", "b", "units"): (10.0, 20.0)},
        fleets=[units_of("f", 60)],
        contracts=[contract_of("a", 40), contract_of("b", 15)],
    )

    figures = draw(book, {"contracts.a.units": 60.0, "contracts.b.units": 20.0})
    held = draw(book)

    # Fixed figures have no room between bounds, so they are cut in proportion: 60 of 80.
    assert figures.array("contracts", "units")[:, 0].tolist() == pytest.approx([45.0, 15.0])
    sold = held.array("contracts", "units")
    assert sold.sum(axis=0).max() <= 60 * (1 + 1e-12)
    assert (sold[0] >= 20).all()
    assert (sold[1] >= 10).all()
    assert moves(held)["contracts", "units"].outside == 0


def test_a_contract_whose_units_were_reported_gives_way_last():
    book = book_of(
        {("contracts", "assumed", "units"): (10.0, 60.0)},
        fleets=[units_of("f", 50)],
        contracts=[contract_of("reported", 30), contract_of("assumed", 20)],
    )

    sold = draw(book).array("contracts", "units")

    assert (sold[0] == 30).all()
    assert sold[1].max() == pytest.approx(20)


def test_a_fleet_is_at_least_what_contracts_are_known_to_use():
    book = book_of(
        {("fleets", "f", "units"): (10.0, 60.0)},
        fleets=[units_of("f", 40)],
        contracts=[contract_of("reported", 30)],
    )

    figures = draw(book)

    assert (figures.array("contracts", "units") == 30).all()
    assert figures.array("fleets", "units").min() == 30
    assert moves(figures)["fleets", "units"].outside == 0


def test_a_backstop_and_the_owners_own_fleet_do_not_count():
    book = book_of(
        {},
        fleets=[units_of("f", 10), units_of("own", 100, use="own")],
        contracts=[contract_of("c", 10), contract_of("b", 500, kind="backstop")],
    )

    figures = draw(book, {"contracts.c.units": 30.0})

    assert figures.array("contracts", "units")[:, 0].tolist() == [10, 500]


def test_a_contract_that_ends_makes_room_for_the_next():
    book = book_of(
        {("contracts", "next", "units"): (5.0, 30.0)},
        fleets=[units_of("f", 20)],
        contracts=[contract_of("now", 20, end="2026-09"), contract_of("next", 20, start="2026-09")],
    )

    figures = draw(book)

    assert (figures.array("contracts", "units")[0] == 20).all()
    assert figures.array("contracts", "units")[1].max() == 20


def late_chain():
    """Return a book in which a site, a delivery and a contract follow one another, all with wide ranges."""
    ranges = {
        ("leases", "site", "start"): ("2026-03", "2026-12"),
        ("deliveries", "d", "month"): ("2026-03", "2026-12"),
        ("contracts", "c", "start"): ("2026-04", "2026-10"),
        ("contracts", "c", "end"): ("2026-08", "2027-06"),
    }
    return book_of(
        ranges,
        leases=[{"lease": "site", "start": "2026-06", "end": "2036-06"}],
        deliveries=[units_of("d", 10, "2026-06", lease="site")],
        contracts=[contract_of("c", 10, start="2026-07", end="2026-12", supplied_by=("d",))],
    )


def test_lateness_passes_from_site_to_units_to_contract_within_all_bounds():
    figures = draw(late_chain())

    chain = [
        figures.array("leases", "start")[0],
        figures.array("deliveries", "month")[0],
        figures.array("contracts", "start")[0],
        figures.array("contracts", "end")[0] - 1,
    ]
    assert all((first <= second).all() for first, second in pairwise(chain))
    assert all(move.outside == 0 for move in figures.projected)
    # The contract may start in October at the latest, so neither may its site nor its units.
    assert chain[0].max() == chain[1].max() == chain[2].max() == 8
    assert (figures.array("contracts", "units") == 10).all()


def test_a_scenario_that_makes_a_site_late_moves_what_waits_for_it_beyond_its_bounds():
    figures = draw(late_chain(), {"leases.site.start": "2027-03"})

    assert (figures.array("leases", "start") == 13).all()
    assert (figures.array("deliveries", "month") == 13).all()
    assert (figures.array("contracts", "start") == 13).all()
    assert (figures.array("contracts", "end") >= 14).all()
    assert moves(figures)["contracts", "start"].furthest_outside == 5


def test_a_contract_that_names_no_units_waits_for_those_that_its_seller_expects():
    book = book_of(
        {("deliveries", "d", "month"): ("2026-03", "2026-12")},
        deliveries=[units_of("d", 10, "2026-06"), units_of("later", 10, "2026-08")],
        contracts=[contract_of("c", 10, start="2026-07")],
    )

    figures = draw(book)

    start, arrival = figures.array("contracts", "start")[0], figures.array("deliveries", "month")[0]
    np.testing.assert_array_equal(start, np.maximum(arrival, 5))
    assert (figures.array("contracts", "units") == 10).all()


def test_an_order_that_the_book_itself_does_not_keep_is_not_imposed():
    book = book_of(
        {("deliveries", "d", "month"): ("2026-08", "2026-12")},
        leases=[{"lease": "site", "start": "2026-12", "end": "2036-06"}],
        deliveries=[units_of("d", 10, "2026-10", lease="site")],
    )

    assert draw(book).projected == ()


def test_a_debt_matures_after_its_issue_and_not_before_its_last_repayment():
    book = book_of(
        {("facilities", "loan", "maturity"): ("2026-06", "2029-05")},
        facilities=[facility_of("loan", 100, 100, maturity="2028-06")],
        amortisation=[{"facility": "loan", "month": month, "principal_musd": 50.0} for month in ("2027-06", "2028-03")],
    )

    assert draw(book).array("facilities", "maturity").min() == 25


def schedule_book(ranges):
    return book_of(
        ranges,
        facilities=[facility_of("loan", 100, 150)],
        amortisation=[
            {"facility": "loan", "month": month, "principal_musd": principal}
            for month, principal in (("2027-06", 60.0), ("2028-03", 40.0))
        ],
    )


def test_a_schedule_repays_what_is_drawn_each_row_within_its_bounds():
    book = schedule_book(
        {
            ("facilities", "loan", "drawn_musd"): (50.0, 200.0),
            ("amortisation", "loan|2027-06", "principal_musd"): (40.0, 80.0),
            ("amortisation", "loan|2028-03", "principal_musd"): (30.0, 50.0),
        }
    )

    figures = draw(book)

    drawn, repaid = figures.array("facilities", "drawn_musd"), figures.array("amortisation", "principal_musd")
    assert repaid.sum(axis=0) == pytest.approx(drawn[0])
    assert 70 <= drawn.min() < 75
    assert 125 < drawn.max() <= 130
    assert all(move.outside == 0 for move in figures.projected)


def test_a_reported_schedule_settles_what_is_drawn():
    figures = draw(schedule_book({("facilities", "loan", "drawn_musd"): (50.0, 200.0)}))

    assert (figures.array("facilities", "drawn_musd") == 100).all()
    assert figures.array("amortisation", "principal_musd")[:, 0].tolist() == [60, 40]


def test_a_schedule_is_scaled_when_a_scenario_fixes_another_principal():
    figures = draw(schedule_book({}), {"facilities.loan.drawn_musd": 50.0})

    assert figures.array("amortisation", "principal_musd")[:, 0].tolist() == pytest.approx([30, 20])
    assert moves(figures)["amortisation", "principal_musd"].furthest_outside == pytest.approx(30)


def test_no_more_is_drawn_than_is_committed_except_on_a_convertible():
    ranges = {("facilities", name, "drawn_musd"): (50.0, 200.0) for name in ("loan", "note", "swap")}
    ranges["facilities", "note", "committed_musd"] = (80.0, 150.0)
    book = book_of(
        ranges,
        facilities=[
            facility_of("loan", 90, 100),
            facility_of("note", 90, 100),
            facility_of("swap", 90, 100, kind="convertible"),
        ],
    )

    figures = draw(book)

    drawn, committed = (figures.array("facilities", column) for column in ("drawn_musd", "committed_musd"))
    assert drawn[0].max() == 100
    assert (committed[0] == 100).all()
    assert (drawn[1] <= committed[1]).all()
    assert drawn[1].max() == 150
    assert drawn[2].max() > 180
    assert all(move.outside == 0 for move in figures.projected)


def test_shares_of_a_debt_sum_to_one_each_within_its_bounds():
    holders = [("bank", 0.7), ("fund", 0.3), ("alone", 1.0)]
    book = book_of(
        {
            ("holdings", "bank|loan|debt", "share_or_musd"): (0.5, 0.9),
            ("holdings", "fund|loan|debt", "share_or_musd"): (0.2, 0.4),
            ("holdings", "alone|note|debt", "share_or_musd"): (0.6, 1.0),
        },
        holdings=[
            {
                "holder": holder,
                "issuer_or_facility": "note" if holder == "alone" else "loan",
                "instrument": "debt",
                "share_or_musd": share,
            }
            for holder, share in holders
        ],
    )

    figures = draw(book)

    shares = figures.array("holdings", "share_or_musd")
    assert shares[:2].sum(axis=0) == pytest.approx(1)
    assert shares[2] == pytest.approx(1)
    assert all(move.outside == 0 for move in figures.projected)


def test_a_used_unit_costs_no_more_than_a_new_one():
    book = book_of(
        {("equipment", "h100", "used_price_usd"): (10_000.0, 50_000.0)},
        equipment=[
            {"equipment": "h100", "used_price_usd": 16_000.0, "new_price_usd": 30_000.0},
            {"equipment": "old", "used_price_usd": 500.0},
        ],
    )

    assert draw(book).array("equipment", "used_price_usd").max() == 30_000


@settings(max_examples=60, deadline=None)
@given(book=consistent_books())
def test_all_identities_hold_in_every_draw_and_within_all_bounds(book):
    figures = draw(book)

    for month in range(60):
        sold, owned = sold_and_owned(book, figures, month)
        assert (sold <= owned * (1 + 1e-9)).all()
    array = figures.array
    assert array("amortisation", "principal_musd").sum(axis=0) == pytest.approx(array("facilities", "drawn_musd")[0])
    assert array("holdings", "share_or_musd").sum(axis=0) == pytest.approx(1)
    assert (array("facilities", "drawn_musd") <= array("facilities", "committed_musd")).all()
    assert (array("facilities", "maturity") >= array("amortisation", "month").max()).all()
    assert (array("deliveries", "month") >= array("leases", "start")).all()
    for table in ("contracts", "leases"):
        assert (array(table, "start") < array(table, "end")).all()
        assert (array(table, "end") > 0).all()
    assert [move for move in figures.projected if move.outside] == []


@settings(max_examples=30, deadline=None)
@given(book=consistent_books())
def test_central_values_that_keep_the_identities_are_not_touched(book):
    figures = draw_figures(book, NOTHING, 1, seed=0, ignorance=False)

    assert figures.projected == ()
    for name in ("units", "start", "end"):
        np.testing.assert_array_equal(figures.array("contracts", name)[:, 0], book.tables["contracts"].array(name))


@settings(max_examples=30, deadline=None)
@given(book=consistent_books())
def test_draws_that_keep_the_identities_are_not_touched(book):
    figures = draw(book)
    central = {key: book.tables[key[0]].array(key[1]) for key in figures.columns}
    low = {key: np.nanmin(values, axis=1, initial=np.inf) for key, values in figures.columns.items()}
    high = {key: np.nanmax(values, axis=1, initial=-np.inf) for key, values in figures.columns.items()}

    again, moved = restore_identities(Draws(book, figures.columns, central, low, high))

    assert moved == ()
    for key, values in figures.columns.items():
        np.testing.assert_array_equal(again[key], values)


@settings(max_examples=30, deadline=None)
@given(book=consistent_books())
def test_no_draw_depends_on_how_many_others_there_are(book):
    few, many = (draw_figures(book, NOTHING, draws, seed=3) for draws in (5, 40))

    for key, values in few.columns.items():
        np.testing.assert_array_equal(values, many.columns[key][:, :5])


def test_the_shipped_book_is_drawn_without_leaving_its_bounds_except_for_interest_paid_in_kind():
    book = load_book("ai-2026-02")

    figures = draw(book)

    tables, array = book.tables, figures.array
    held = array("holdings", "share_or_musd")
    for facility, row in tables["facilities"].index.items():
        repaid = [name == facility for name in tables["amortisation"].column("facility")]
        if any(repaid):
            principal = array("amortisation", "principal_musd")[repaid].sum(axis=0)
            assert principal == pytest.approx(array("facilities", "drawn_musd")[row])
        holders = [name == facility for name in tables["holdings"].column("issuer_or_facility")]
        assert held[holders].sum(axis=0) == pytest.approx(1)
    overdrawn = [row["drawn_musd"] > row["committed_musd"] for row in tables["facilities"].rows]
    for move in figures.projected:
        allowed = DRAWS * sum(overdrawn) if move.field == "committed_musd" else 0
        assert move.outside <= allowed
