"""A scenario is held against a book before it runs: names, months and figures must fit."""

import pytest
from tiny_book import tiny_book

from deflator.errors import ScenarioError
from deflator.scenario import load_scenario, shipped_scenarios

BOOK = tiny_book()  # as of 2026-02, 24 months


def faults_of(*settings, spec="base"):
    """Return the faults of settings on top of a scenario, held against the tiny book."""
    with pytest.raises(ScenarioError) as error:
        load_scenario(spec, settings).check(BOOK)
    return [str(fault) for fault in error.value.faults]


REFUSED = {
    "monetisation.lab_on.scale=0.5": "'lab_on' is no layer or entity of the book tiny; did you mean",
    "monetisation.h100.scale=0.5": "'h100' is no layer or entity of the book tiny; allowed: application,",
    "demand.neo_one.scale=0.5": "'neo_one' is no layer or segment of the book tiny; ",
    "new_supply.gb200.scale=2": "'gb200' is no equipment of the book tiny; did you mean 'b200'? allowed:",
    "delay.neo_one.shift=6": "'neo_one' is no landlord or lease of the book tiny; allowed: hall_one,",
    "failure.lab.level=on": "'lab' is no entity of the book tiny; did you mean 'lab_one'? allowed: apps,",
    "demand.scale={2026-01: 0.5}": "2026-01 lies before the months of the book tiny; use 2026-02 to",
    "demand.scale={2028-03: 0.5}": "2028-03 lies after the months of the book tiny; use 2026-02 to",
    "demand.scale={+25: 0.5}": "+25 lies after the months of the book tiny; use 2026-02 to 2028-02, or +0",
    "rent.shock={2026-02: 0.5}": "2026-02 lies before the months of the book tiny; use 2026-03 to 2028-02,",
    "demand.scale={+5: 0.5, 2026-07: 0.4}": "2026-07 and +5 are the same month; keep one of them",
    "figures.contracts.c_lab.end=2026-12": "contracts of the book tiny has no row 'c_lab'; did you mean",
    "figures.contracts.c_lab_h100.end=2024-06": "start 2024-07 would lie above end 2024-06; change start",
    "figures.leases.l_neo_1.start=2034-05": "start 2034-05 would lie above end 2034-05; change start or",
    "figures.facilities.neo_ddtl.drawn_musd=121": "drawn_musd 121.0 would lie above committed_musd 120.0;",
    "figures.covenants.neo_ddtl|dscr|book.threshold=2": "covenants of the book tiny has no row",
}  # fmt: skip


@pytest.mark.parametrize("setting", REFUSED)
def test_what_does_not_fit_the_book_is_refused(setting):
    (fault,) = faults_of(setting)

    key = setting.split("=")[0]
    place = "--set:" + (key if key.startswith("figures.") else f"drivers.{key}")
    assert fault.startswith(place)
    assert REFUSED[setting] in fault


@pytest.mark.parametrize(
    "settings",
    [
        ["monetisation.lab.scale=0.5", "monetisation.lab_one.scale=0.5", "demand.lab_one.scale=0.5"],
        ["monetisation.vendor.scale=0.5", "renewal.hyperscaler.scale={2026-02: 0.5, 2028-02: 0.1}"],
        ["delay.hall_one.shift=6", "delay.l_neo_2.shift=6", "new_supply.b200.scale=2"],
        ["figures.contracts.c_lab_h100.end=2026-12", "figures.covenants.hall_loan|dscr|book.threshold=1.4"],
        ["figures.facilities.neo_ddtl.drawn_musd=130", "figures.facilities.neo_ddtl.committed_musd=130"],
        ["figures.leases.l_neo_1.start=2035-01", "figures.leases.l_neo_1.end=2036-01"],
        [
            "rent.shock={+1: -0.5, +24: 0.2}",
            "rent.level={2026-02: 2.2, 2028-02: 1.0}",
            "failure.lab_one.level=on",
        ],
        ["parameters.order_lag_months={value: 6, low: 3, high: 9}"],
    ],
)
def test_what_fits_the_book_is_accepted(settings):
    load_scenario("base", settings).check(BOOK)


def test_every_fault_is_told_at_once_with_the_row_of_the_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\ntitle: T\nauthor: A\ndate: 2026-02-28\ndescription: D\n"
        "drivers:\n  monetisation.openai:\n    scale: 0.5\n  rent:\n    level: {2035-01: 1.0}\n"
        "figures:\n  fleets.none.units: 5\n"
    )
    with pytest.raises(ScenarioError) as error:
        load_scenario(file).check(BOOK)

    assert [(fault.row, fault.column) for fault in error.value.faults] == [
        (8, "drivers.monetisation.openai.scale"),
        (10, "drivers.rent.level.2035-01"),
        (12, "figures.fleets.none.units"),
    ]
    assert {str(file)} == {fault.file for fault in error.value.faults}


NAMES_A_BOOK = {"essay", "blackwell-flood", "lab-failure"}


@pytest.mark.parametrize("name", sorted(set(shipped_scenarios()) - NAMES_A_BOOK))
def test_a_shipped_scenario_that_names_nobody_fits_any_book(name):
    load_scenario(name).check(BOOK)


@pytest.mark.parametrize("name", sorted(NAMES_A_BOOK))
def test_a_shipped_scenario_that_names_things_of_a_book_is_refused_by_another(name):
    found = faults_of(spec=name)

    assert all(fault.startswith(f"{name}.yaml:") for fault in found)
    assert any("of the book tiny" in fault for fault in found)
