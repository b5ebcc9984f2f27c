"""The schema table, and the page that is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from deflator.book.document import book_page
from deflator.book.rules import RULES
from deflator.book.rules.debt import COVENANT_UNITS
from deflator.book.schema import Column, ParameterRule, header_schema, parameter_rules, schema

COLUMN = {
    "table": "fleets", "column": "units", "type": "number", "unit": "units", "key": "0", "required": "1",
    "allowed": "", "reference": "", "minimum": "0", "maximum": "", "figure": "1", "description": "Units",
}  # fmt: skip


def test_every_table_of_the_design_is_there() -> None:
    units_and_debt = {"entities", "equipment", "fleets", "deliveries", "contracts", "leases", "facilities"}
    terms_and_prices = {
        "amortisation",
        "covenants",
        "holdings",
        "demand",
        "market",
        "price_history",
        "parameters",
    }

    assert set(schema()) == units_and_debt | terms_and_prices | {"reconciliation", "provenance", "sources"}


def test_every_table_has_a_key_and_every_column_a_name_of_its_own() -> None:
    for table in schema().values():
        assert table.keys
        assert len(table.by_name) == len(table.columns)


def test_references_lead_to_tables_with_one_key() -> None:
    targets = {target for table in schema().values() for column in table.columns for target in column.reference}

    assert targets == {
        "entities", "equipment", "leases", "fleets", "deliveries", "contracts", "facilities", "sources",
    }  # fmt: skip
    assert all(len(schema()[target].keys) == 1 for target in targets)


def test_every_number_states_its_unit() -> None:
    numbers = [column for table in schema().values() for column in table.columns if column.type in ("number", "share")]

    assert [column.column for column in numbers if not column.unit] == []
    assert [name for name, rule in parameter_rules().items() if not rule.unit] == []


def test_a_column_is_read_with_its_types() -> None:
    column = Column.model_validate(COLUMN)

    assert (column.key, column.required, column.figure) == (False, True, True)
    assert (column.minimum, column.maximum, column.allowed) == (0.0, None, ())


@pytest.mark.parametrize(
    ("change", "telling"),
    [
        ({"type": "integer"}, "type"),
        ({"key": "1", "required": "0"}, "a key must be required"),
        ({"type": "choice", "figure": "0"}, "a choice must name what is allowed"),
        ({"type": "text"}, "a figure must be a number or a month"),
        ({"description": ""}, "a column must be described"),
        ({"minimum": "none"}, "minimum"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_schema_that_does_not_hang_together_is_refused(change: dict[str, str], telling: str) -> None:
    with pytest.raises(ValidationError, match=telling):
        Column.model_validate({**COLUMN, **change})


def test_a_parameter_must_state_everything() -> None:
    with pytest.raises(ValidationError):
        ParameterRule.model_validate({"parameter": "x", "unit": "share"})


def test_every_covenant_test_has_a_unit() -> None:
    covenants = schema()["covenants"].by_name

    assert set(COVENANT_UNITS) == set(covenants["test"].allowed)
    assert {unit for units in COVENANT_UNITS.values() for unit in units} == set(covenants["unit"].allowed)


def test_every_need_of_a_rule_is_a_column() -> None:
    for needs in RULES.values():
        for need in needs:
            table, column = need.split(".")
            assert column in (header_schema() if table == "book" else schema()[table]).by_name


def test_the_page_of_the_book_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "book.md"

    assert page.read_text() == book_page(), "run: python -m deflator.book > docs/book.md"


def test_the_page_names_every_column_parameter_and_rule() -> None:
    page = book_page()

    for table in (header_schema(), *schema().values()):
        for column in table.columns:
            assert f"`{column.column}`" in page
            assert column.description.replace("|", r"\|") in page
    assert all(f"| `{name}` |" in page for name in parameter_rules())
    assert all(rule.__doc__ and rule.__doc__ in page for rule in RULES)
