"""A scenario that is wrong is refused with the file, the row, the field and what to type next."""

import contextlib
import json
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.errors import ScenarioError
from deflator.scenario import load_scenario
from deflator.scenario.document import read_document

HEADING = "name: mine\ntitle: Mine\nauthor: Me\ndate: 2026-02-28\ndescription: What happens.\n"  # rows 1 to 5


def faults_of(folder: Path, text: str | bytes, settings=()):
    """Return the faults of a scenario file `mine.yaml`, each as text without its folder."""
    file = folder / "mine.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ScenarioError) as error:
        load_scenario(file, settings)
    return [str(fault).replace(f"{folder}/", "") for fault in error.value.faults]


# What follows the heading, from row 6 on, and the only fault it has.
BROKEN = {
    "an unknown driver is answered with the nearest one": (
        "drivers:\n  rents:\n    level: 1.5\n",
        "mine.yaml:7:drivers.rents: unknown driver 'rents'; did you mean 'rent'? allowed: monetisation,",
    ),
    "an unknown operation is answered with those of the driver": (
        "drivers:\n  rent:\n    scale: 1.5\n",
        "mine.yaml:8:drivers.rent.scale: rent has no operation 'scale'; allowed: level, shock",
    ),
    "a driver that has no items cannot be narrowed": (
        "drivers:\n  rent.h100: {level: 1.5}\n",
        "mine.yaml:7:drivers.rent.h100: rent has no items, so not 'h100'; write `rent:`",
    ),
    "nobody can let everyone fail": (
        "drivers:\n  failure: {level: on}\n",
        "mine.yaml:7:drivers.failure: failure cannot be moved for everyone; write `failure.NAME:` with the",
    ),
    "a driver without its operation is told how to write it": (
        "drivers:\n  rent: 1.5\n",
        "mine.yaml:7:drivers.rent: '1.5' stands where keys and values belong; write `rent: {level: …}`",
    ),
    "a number out of its bounds": (
        "drivers:\n  rent:\n    level: {2026-07: -2}\n",
        "mine.yaml:8:drivers.rent.level.2026-07: '-2' is out of range; use a number from 0.0001 to 1e+06",
    ),
    "a probability above one": (
        "drivers:\n  funding:\n    level:\n      +3: 0.5\n      +5: 1.5\n",
        "mine.yaml:10:drivers.funding.level.+5: '1.5' is out of range; use a number from 0.001 to 0.999",
    ),
    "not a number": (
        "drivers:\n  rent:\n    level: .nan\n",
        "mine.yaml:8:drivers.rent.level: '.nan' is not a finite number; use a number from 0.0001",
    ),
    "a number too large for the machine": (
        "parameters:\n  price_impact_kappa: 1e999\n",
        "mine.yaml:7:parameters.price_impact_kappa: '1e999' is out of range; use a number of at least 0",
    ),
    "a percentage": (
        "drivers:\n  demand:\n    scale: 50%\n",
        "mine.yaml:8:drivers.demand.scale: '50%' is not a number; use a number from 0 to 10 (multiple)",
    ),
    "a number in quotation marks": (
        "drivers:\n  demand:\n    scale: '0.5'\n",
        "mine.yaml:8:drivers.demand.scale: '0.5' is a text; remove the quotation marks",
    ),
    "a number that is missing": (
        "drivers:\n  demand:\n    scale:\n",
        "mine.yaml:8:drivers.demand.scale: nothing stands where a number belongs; use a number from 0 to",
    ),
    "a list where a number belongs": (
        "drivers:\n  demand:\n    scale: [1, 2]\n",
        "mine.yaml:8:drivers.demand.scale: a list stands where a number belongs; use a number from 0 to 10",
    ),
    "a shock without its month": (
        "drivers:\n  rent:\n    shock: -0.5\n",
        "mine.yaml:8:drivers.rent.shock: a shock needs its month; write `shock: {2026-07: -0.5}`",
    ),
    "a day where a month belongs": (
        "drivers:\n  demand:\n    scale: {2026-07-01: 0.5}\n",
        "mine.yaml:8:drivers.demand.scale.2026-07-01: '2026-07-01' is not a month; write YYYY-MM, or +N",
    ),
    "a colon without a space": (
        "drivers:\n  demand:\n    scale: {2026-07:0.5}\n",
        "mine.yaml:8:drivers.demand.scale.2026-07:0.5: '2026-07:0.5' is not a month; put a space after the",
    ),
    "the same month in two spellings": (
        "drivers:\n  demand:\n    scale:\n      +6: 0.5\n      +06: 0.7\n",
        "mine.yaml:10:drivers.demand.scale.+06: the month +6 stands twice; keep one of them",
    ),
    "a key that stands twice": (
        "drivers:\n  rent: {level: 1.5}\n  rent: {level: 1.6}\n",
        "mine.yaml:8:drivers.rent: 'rent' stands twice, in row 7 and in row 8; keep one of them",
    ),
    "a channel that does not exist": (
        "channels: {firesale: off}\n",
        "mine.yaml:6:channels.firesale: unknown channel 'firesale'; did you mean 'fire_sale'? allowed: rent,",
    ),
    "a channel that is neither on nor off": (
        "channels:\n  rent: maybe\n",
        "mine.yaml:7:channels.rent: 'maybe' is neither on nor off; write on or off",
    ),
    "a covenant switch that does not exist": (
        "covenants: {ltv: on}\n",
        "mine.yaml:6:covenants.ltv: unknown switch 'ltv'; allowed: counterfactual",
    ),
    "a parameter that does not exist": (
        "parameters:\n  order_lag: 6\n",
        "mine.yaml:7:parameters.order_lag: unknown parameter 'order_lag'; did you mean 'order_lag_months'?",
    ),
    "a parameter outside its bounds": (
        "parameters: {recovery_rate_secured: 1.2}\n",
        "mine.yaml:6:parameters.recovery_rate_secured: '1.2' is out of range; use a number from 0 to 1",
    ),
    "a parameter with half a range": (
        "parameters:\n  order_lag_months: {value: 6, low: 3}\n",
        "mine.yaml:7:parameters.order_lag_months: no high; write {value: …, low: …, high: …}",
    ),
    "a parameter whose range does not hold its value": (
        "parameters:\n  order_lag_months: {value: 6, low: 7, high: 9}\n",
        "mine.yaml:7:parameters.order_lag_months: low 7, value 6 and high 9 are not in order; low ≤ value",
    ),
    "a figure of a table that no book has": (
        "figures: {contract.c1.end: 2026-12}\n",
        "mine.yaml:6:figures.contract.c1.end: unknown table 'contract'; did you mean 'contracts'? allowed:",
    ),
    "a figure of a column that no table has": (
        "figures: {contracts.c1.stop: 2026-12}\n",
        "mine.yaml:6:figures.contracts.c1.stop: unknown figure of contracts 'stop'; allowed: units,",
    ),
    "a figure that names no row": (
        "figures: {contracts.end: 2026-12}\n",
        "mine.yaml:6:figures.contracts.end: 'contracts.end' names no figure; write table.row.field",
    ),
    "a number where the figure is a month": (
        "figures: {contracts.c1.end: 12}\n",
        "mine.yaml:6:figures.contracts.c1.end: '12' is not a month; write the month as YYYY-MM",
    ),
    "a share above one": (
        "figures: {contracts.c1.take_or_pay: 1.5}\n",
        "mine.yaml:6:figures.contracts.c1.take_or_pay: '1.5' is out of range; use a number from 0 to 1",
    ),
    "a test every one and a half months": (
        "figures: {covenants.f1|dscr|book.test_every_months: 1.5}\n",
        "mine.yaml:6:figures.covenants.f1|dscr|book.test_every_months: 1.5 is not a whole number; count",
    ),
    "a field that scenarios do not have": (
        "driver: {}\n",
        "mine.yaml:6:driver: unknown field 'driver'; did you mean 'drivers'? allowed: name, title,",
    ),
    "a scenario that extends one that does not exist": (
        "extends: bsae\n",
        "mine.yaml:6:extends: unknown scenario 'bsae'; did you mean 'base'? allowed: base,",
    ),
    "a scenario that extends a file that does not exist": (
        "extends:\n- base\n- other.yaml\n",
        "mine.yaml:8:extends: there is no file 'other.yaml'; check the path",
    ),
    "a scenario that extends nothing": (
        "extends:\n",
        "mine.yaml:6:extends: nothing is not the name of a scenario; write a name or a list of names",
    ),
    "a scenario that extends itself": (
        "extends: mine.yaml\n",
        "mine.yaml:6:extends: the scenarios extend each other in a circle: mine → mine; break it",
    ),
    "a tab in the indentation": (
        "drivers:\n\trent: {level: 1.5}\n",
        "mine.yaml:7: a tab stands in the indentation; indent with spaces",
    ),
    "brackets that do not close": (
        "drivers: {rent: {level: 1.5}\nchannels: {}\n",
        "mine.yaml:7: not YAML: expected ',' or '}', but got '<scalar>'",
    ),
    "a tag that would build an object": (
        "extends: !!python/object/apply:os.system ['true']\n",
        "mine.yaml:6: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not",
    ),
    "a second document": (
        "---\nname: other\n",
        "mine.yaml:6: a second document starts; write one file per scenario",
    ),
    "an alias without its anchor": (
        "extends: *base\n",
        "mine.yaml:6: the alias '*base' has no anchor before it; write the value out",
    ),
    "a character that steers the terminal": (
        'extends: "\\e[2J"\n',
        "mine.yaml:6: the character U+001B is not allowed; remove it",
    ),
    "an escape that is no character": (
        'extends: "\\U99999999"\n',
        "mine.yaml: not YAML: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_scenario_is_refused_at_its_place(case, tmp_path):
    text, expected = BROKEN[case]

    found = faults_of(tmp_path, HEADING + text)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize("field", ["name", "title", "author", "date", "description"])
def test_every_part_of_the_heading_must_be_given(field, tmp_path):
    heading = "".join(line for line in HEADING.splitlines(keepends=True) if not line.startswith(field))

    assert [f"mine.yaml:{field}: the {field} is missing; write `{field}: …`"] == faults_of(tmp_path, heading)


@pytest.mark.parametrize("date", ["2026-02-30", "28.02.2026", "2026-02", "20260228", "2026-2-28"])
def test_a_date_in_another_form_is_refused(date, tmp_path):
    text = HEADING.replace("2026-02-28", date)

    expected = [f"mine.yaml:4:date: '{date}' is not a day of the calendar; write YYYY-MM-DD"]
    assert expected == faults_of(tmp_path, text)


def test_a_name_that_is_no_short_name_is_refused(tmp_path):
    (fault,) = faults_of(tmp_path, HEADING.replace("name: mine", "name: My Scenario"))

    assert fault.startswith("mine.yaml:1:name: 'My Scenario' is not a short name; use lower-case letters")


def test_an_empty_file_is_refused(tmp_path):
    expected = ["mine.yaml: the file is empty; `deflator scenario init FILE` writes a template"]

    assert expected == faults_of(tmp_path, "")
    assert expected == faults_of(tmp_path, "# only a comment\n")


def test_a_file_that_is_not_utf_8_is_refused_in_the_row_of_the_byte(tmp_path):
    found = faults_of(tmp_path, HEADING.encode() + b"extends: b\xe4se\n")

    assert found == ["mine.yaml:6: byte 0xe4 is not UTF-8; save the file as UTF-8"]


def test_a_list_instead_of_keys_is_refused(tmp_path):
    (fault,) = faults_of(tmp_path, "- name: mine\n")

    assert fault.startswith("mine.yaml:1: a list stands where keys and values belong")


def test_a_file_above_a_megabyte_is_refused_before_it_is_read_in_full(tmp_path):
    (fault,) = faults_of(tmp_path, HEADING + "# " + "x" * 2_000_000)

    assert fault.startswith("mine.yaml: 1000001 bytes are too many")


def test_aliases_cannot_blow_a_small_file_up(tmp_path):
    bomb = "extends: &a [base]\n" + "channels: [" + "*a, " * 60 + "]\n"

    assert faults_of(tmp_path, HEADING + bomb) == ["mine.yaml:7: more than 50 aliases; write the values out"]


def test_a_node_that_holds_itself_is_refused(tmp_path):
    (fault,) = faults_of(tmp_path, HEADING + "drivers: &d\n  rent: *d\n")

    assert fault.startswith("mine.yaml:7: the alias '*d' has no anchor before it")


def test_brackets_within_brackets_are_refused_early(tmp_path):
    (fault,) = faults_of(tmp_path, HEADING + "extends: " + "[" * 5000)

    assert fault.startswith("mine.yaml:6: more than 12 levels")


def test_all_faults_of_all_files_and_settings_are_told_at_once(tmp_path):
    (tmp_path / "parent.yaml").write_text("name: parent\ntitle: T\nauthor: A\ndate: 2026-02-28\nchannels: {x: off}\n")
    text = HEADING + "extends: parent.yaml\ndrivers:\n  rents: {level: 1}\n  rent: {level: -1, shock: 3}\n"

    found = faults_of(tmp_path, text, ["rent.level=cheap", "payment=off"])

    places = [fault.split(": ")[0] for fault in found]
    assert places == [
        "--set",
        "--set:drivers.rent.level",
        "mine.yaml:8:drivers.rents",
        "mine.yaml:9:drivers.rent.level",
        "mine.yaml:9:drivers.rent.shock",
        "parent.yaml:description",
        "parent.yaml:5:channels.x",
    ]


def test_a_circle_of_files_names_its_members(tmp_path):
    for name, other in (("one", "two"), ("two", "mine")):
        (tmp_path / f"{name}.yaml").write_text(HEADING.replace("mine", name) + f"extends: {other}.yaml\n")

    (fault,) = faults_of(tmp_path, HEADING + "extends: one.yaml\n")

    expected = "two.yaml:6:extends: the scenarios extend each other in a circle: mine → one → two → mine; break it"
    assert expected == fault


def test_an_unknown_name_lists_those_that_are_shipped():
    with pytest.raises(ScenarioError, match=r"^esay: unknown scenario 'esay'; did you mean 'essay'\? allowed: base,"):
        load_scenario("esay")


def test_a_name_too_long_for_any_file_is_unknown():
    with pytest.raises(ScenarioError, match="unknown scenario"):
        load_scenario("x" * 10_000)
    with pytest.raises(ScenarioError, match="there is no file"):
        load_scenario("x" * 10_000 + ".yaml")


def test_every_unknown_part_of_a_sum_is_told():
    with pytest.raises(ScenarioError) as error:
        load_scenario("essay+bom+rate")

    assert [f.message for f in error.value.faults] == ["unknown scenario 'bom'", "unknown scenario 'rate'"]


@pytest.mark.parametrize("setting", ["rent.level", "rent=1.5", "=1", "rent.level=", "..=1", "channels=off", ""])
def test_a_setting_in_another_form_is_told_how_to_write_it(setting):
    with pytest.raises(ScenarioError) as error:
        load_scenario("base", [setting])

    (fault,) = error.value.faults
    assert str(fault).startswith("--set: ")
    assert "write rent.level=1.5 or channels.fire_sale=off" in str(fault)


def test_a_file_extends_another_beside_it_wherever_it_is_called_from(tmp_path, monkeypatch):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "mine.yaml").write_text(HEADING + "extends: [other.yaml, base]\n")
    (folder / "other.yaml").write_text(HEADING + "channels: {rent: off}\n")
    monkeypatch.chdir(tmp_path)

    read = load_scenario("scenarios/mine.yaml")

    assert read.extends == ("other.yaml", "base")
    assert not read.channels["rent"]


def test_a_scenario_written_as_json_is_the_same_scenario(tmp_path):
    essay = load_scenario("essay+funding-freeze", ["rent.level={+3: 2.0, 2026-12: 1.5}", "channels.vendor=off"])
    file = tmp_path / "again.yaml"
    file.write_text(json.dumps(essay.as_document(), ensure_ascii=False))

    again = load_scenario(file)

    assert essay.as_document() == again.as_document()
    assert essay.fingerprint == again.fingerprint


def test_numbers_and_switches_are_read_as_a_person_means_them(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        HEADING + "drivers:\n  demand: {scale: 1e-3}\n  delay: {shift: 010}\n  failure.x: {level: {+3: yes}}\n"
        "channels: {rent: OFF, delay: no, vendor: true}\n"
    )

    read = load_scenario(file)

    assert read.drivers["demand.scale"].points == (("+0", 0.001),)
    assert read.drivers["delay.shift"].points == (("+0", 10.0),)  # not eight, as octal numbers once were
    assert read.drivers["failure.x.level"].points == (("+3", 1.0),)
    assert {"rent", "delay"} == {name for name, on in read.channels.items() if not on}


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEADING.encode())

    assert load_scenario(file).name == "mine"


@given(st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_faults(data):
    with contextlib.suppress(ScenarioError):
        read_document(data, "mine.yaml")


@given(st.integers(0, 3000), st.text(st.sampled_from("\t\n :{}[]&*!|>'\"%#,-+.0a"), max_size=6))
def test_a_scenario_with_a_slip_of_the_keyboard_ends_in_nothing_but_faults(place, slip):
    essay = (resources.files("deflator.scenario") / "scenarios" / "essay.yaml").read_text(encoding="utf-8")

    with contextlib.suppress(ScenarioError):
        read_document((essay[:place] + slip + essay[place:]).encode(), "mine.yaml")
