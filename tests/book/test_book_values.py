"""What a loaded book answers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from deflator.book import Book, Provenance, Source, load_book, month_at, month_index
from deflator.book.cells import CellError, read_cell, write_cell
from deflator.book.evidence import evidence, figures_by_source
from deflator.book.lookup import entries
from deflator.book.schema import schema
from deflator.errors import BookError


def test_a_book_says_what_it_is(tiny: Book) -> None:
    assert (tiny.name, tiny.as_of, tiny.horizon, tiny.currency) == ("tiny", "2026-02", "2028-02", "USD")
    assert (tiny.reference_equipment, tiny.reference_series) == ("h100", "list_median")
    assert tiny.months == 24
    assert tiny.licence is None
    assert len(tiny.fingerprint) == 64


def test_months_are_counted_from_the_as_of_month(tiny: Book) -> None:
    assert [tiny.month(text) for text in ("2026-02", "2026-03", "2027-02", "2025-12")] == [0, 1, 12, -2]
    assert month_at(month_index("2031-11", "2026-02"), "2026-02") == "2031-11"
    with pytest.raises(ValueError, match="'Feb 2026' is not a month"):
        tiny.month("Feb 2026")


def test_cells_have_the_type_of_their_column(tiny: Book) -> None:
    contract = tiny.table("contracts").rows[2]

    assert contract["units"] == 2500.0
    assert contract["start"] == "2026-07"
    assert contract["supplied_by"] == ("d_neo_b200",)
    assert contract["prepaid_musd"] == 10.0
    assert tiny.table("contracts").rows[0]["prepaid_musd"] is None
    assert tiny.table("deliveries").column("committed") == (1.0, 0.0)
    assert tiny.table("facilities").rows[1]["collateral"] == ("none",)


def test_a_column_becomes_an_array_of_numbers_or_of_months(tiny: Book) -> None:
    contracts = tiny.table("contracts")

    assert contracts.array("start").tolist() == [-19, -3, 5, -13, -1]
    assert contracts.array("units").dtype == np.float64
    assert contracts.array("delay_right_months", blank=math.inf).tolist() == [
        math.inf,
        math.inf,
        4,
        math.inf,
        math.inf,
    ]
    assert np.isnan(contracts.array("prepaid_musd")).sum() == 4


def test_an_array_of_words_or_of_nothing_is_refused(tiny: Book) -> None:
    with pytest.raises(TypeError, match=r"contracts\.seller holds words"):
        tiny.table("contracts").array("seller")
    with pytest.raises(KeyError, match="contracts has no column 'price'"):
        tiny.table("contracts").column("price")


def test_rows_are_found_by_their_key(tiny: Book) -> None:
    assert tiny.table("entities").index["neo_one"] == 3
    assert tiny.table("covenants").keys[0] == "neo_ddtl|min_liquidity|book"
    assert tiny.table("price_history").index["2026-02|b200|list_median"] == 5
    assert len(tiny.table("price_history")) == 6


def test_every_figure_has_provenance_and_every_provenance_a_source(tiny: Book) -> None:
    assert tiny.provenance["fleets", "neo_h100", "units"] == Provenance(
        "derived", "2026-02-28", 6400.0, 10000.0, "neo_10k",
        "Split of the reported 9,500 units; the sum is reported, the split is not", "neo_units",
    )  # fmt: skip
    assert tiny.provenance["contracts", "c_lab_b200", "start"].high == "2026-10"
    assert tiny.sources["neo_10k"] == Source(
        "neo_10k", "Annual report of Neo One for 2025", "https://example.com/neo/10-k", "2026-02-20", "filing"
    )
    assert {known.source for known in tiny.provenance.values()} <= set(tiny.sources)


def test_nothing_in_a_book_can_be_changed(tiny: Book) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny.name = "other"
    with pytest.raises(TypeError, match="does not support item assignment"):
        tiny.table("fleets").rows[0]["units"] = 0.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        tiny.tables["fleets"] = tiny.table("leases")


def test_a_record_has_a_place_for_every_column_of_the_schema() -> None:
    """A column that is added to the schema must not be lost between reading and writing."""
    provenance = [field.name for field in dataclasses.fields(Provenance)]
    assert ["table", "row", "field", *provenance] == list(schema()["provenance"].by_name)
    assert [field.name for field in dataclasses.fields(Source)] == list(schema()["sources"].by_name)


def test_figures_are_counted_by_grade(tiny: Book) -> None:
    known = evidence(tiny)

    assert known.figures == len(tiny.provenance)
    assert known.without_provenance == 0
    assert sum(known.share(grade) for grade in known.by_grade) == pytest.approx(1)
    assert dict(evidence(tiny, "deliveries").by_grade) == {
        "reported": 0, "derived": 2, "assumed": 3, "disputed": 0, "unknown": 1,
    }  # fmt: skip
    assert evidence(tiny, "deliveries", "market").figures == 9


def test_a_figure_whose_provenance_is_taken_away_is_counted_as_such(tiny: Book) -> None:
    provenance = {figure: known for figure, known in tiny.provenance.items() if figure[0] != "demand"}

    assert evidence(dataclasses.replace(tiny, provenance=provenance)).without_provenance == 15


def test_sources_are_listed_by_how_much_rests_on_them(tiny: Book) -> None:
    used = figures_by_source(tiny)

    assert next(iter(used)) == "judgement"
    assert list(used.values()) == sorted(used.values(), reverse=True)
    assert sum(used.values()) == len(tiny.provenance)


def test_an_entity_is_shown_with_all_that_names_it(tiny: Book) -> None:
    found = entries(tiny, "hall_one")

    assert {(entry.table, entry.row) for entry in found} == {
        ("entities", "hall_one"),
        ("fleets", "neo_h100"),
        ("fleets", "neo_b200"),
        ("deliveries", "d_neo_b200"),
        ("leases", "l_neo_1"),
        ("leases", "l_neo_2"),
        ("facilities", "hall_loan"),
    }


def test_a_table_is_shown_with_the_unit_that_each_row_states(tiny: Book) -> None:
    units = {
        (entry.row, entry.column): entry.unit for table in ("market", "parameters") for entry in entries(tiny, table)
    }

    assert units["pue", "value"] == "ratio"
    assert units["recovery_rate_secured", "low"] == "share"
    assert units["recovery_rate_secured", "distribution"] == ""


def test_what_is_neither_entity_nor_table_is_refused(tiny: Book) -> None:
    with pytest.raises(BookError, match="'neo_oen' is neither an entity nor a table of tiny; did you mean 'neo_one'"):
        entries(tiny, "neo_oen")


@pytest.mark.parametrize(
    ("typed", "column", "value"),
    [
        ("1e3", ("fleets", "units"), 1000.0),
        (" +7. ", ("fleets", "units"), 7.0),
        ("-0", ("holdings", "share_or_musd"), 0.0),
        ("0.1234567890123456", ("contracts", "take_or_pay"), 0.123456789012346),
        ("none", ("facilities", "collateral"), ("none",)),
        ("  a   b ", ("contracts", "supplied_by"), ("a", "b")),
        ("own", ("fleets", "site"), "own"),
        ("2025", ("sources", "date"), "2025"),
        ("2026-01", ("provenance", "low"), "2026-01"),
        ("-0.15", ("provenance", "low"), -0.15),
        ("a\r\nb", ("sources", "title"), "a\nb"),
        ("", ("contracts", "supplied_by"), None),
    ],
)
def test_a_cell_is_read_as_its_column_says(typed: str, column: tuple[str, str], value: object) -> None:
    table, name = column

    assert read_cell(typed, schema()[table].by_name[name]) == value


@pytest.mark.parametrize("typed", ["0x10", "1_000", "１２", "١", "--5", "1e", "½", "1 000", "true"])
def test_what_only_looks_like_a_number_is_none(typed: str) -> None:
    with pytest.raises(CellError, match="is not a number"):
        read_cell(typed, schema()["fleets"].by_name["units"])


@pytest.mark.parametrize("number", [0.0, 2300.0, 0.05, 1e15, 123456789.012345, 5e-324, 1.7976931348623e308])
def test_a_number_is_written_so_that_it_is_read_again(number: float) -> None:
    assert float(write_cell(number)) == number


def test_loading_takes_a_path_or_its_text(tiny: Book, folder) -> None:
    assert load_book(folder) == load_book(str(folder)) == tiny
