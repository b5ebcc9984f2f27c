"""Putting scenarios together follows one law, whatever the brackets, and settings come on top."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deflator.scenario import Course, ParameterOverride, load_scenario
from deflator.scenario.content import Content

KEYS = st.sampled_from(["rent.level", "funding.level", "monetisation.lab.scale", "demand.scale"])
COURSES = st.floats(0.1, 2).map(Course.of)
CHANNELS = st.sampled_from(["rent", "delay", "vendor"])
OVERRIDES = st.floats(0, 1).map(lambda value: ParameterOverride(value, value, value))
CONTENTS = st.builds(
    Content,
    drivers=st.dictionaries(KEYS, COURSES),
    channels=st.dictionaries(CHANNELS, st.booleans()),
    covenants=st.dictionaries(st.just("counterfactual"), st.booleans()),
    parameters=st.dictionaries(st.sampled_from(["price_impact_kappa", "conversion_buffer"]), OVERRIDES),
    figures=st.dictionaries(st.sampled_from(["contracts.c1.end", "contracts.c2.end"]), st.just("2026-12")),
)


@given(CONTENTS, CONTENTS, CONTENTS)
def test_brackets_do_not_matter(a, b, c):
    assert a.beside(b).beside(c) == a.beside(b.beside(c))
    assert a.then(b).then(c) == a.then(b.then(c))


@given(CONTENTS)
def test_nothing_added_changes_nothing(a):
    assert a == a.beside(Content()) == Content().beside(a) == a.then(Content()) == Content().then(a)


@given(CONTENTS)
def test_a_scenario_added_to_itself_is_itself(a):
    assert a == a.beside(a)


@given(CONTENTS, CONTENTS)
def test_the_right_one_decides_and_all_else_is_kept(a, b):
    both = a.beside(b)

    for part in ("drivers", "parameters", "figures", "covenants"):
        left, right, joint = (getattr(side, part) for side in (a, b, both))
        assert set(left) | set(right) == set(joint)
        assert all(joint[key] == right.get(key, left.get(key)) for key in joint)


@given(st.lists(CONTENTS, min_size=1, max_size=4))
def test_a_channel_that_any_of_them_switches_off_is_off_in_any_order(contents):
    expected = {name for content in contents for name, on in content.channels.items() if not on}

    for order in (contents, contents[::-1]):
        joint = reduce(Content.beside, order)
        assert expected == {name for name, on in joint.channels.items() if not on}


@pytest.mark.parametrize("name", ["essay", "boom", "funding-freeze", "lab-failure"])
def test_base_and_another_is_the_other(name):
    alone, joint = load_scenario(name), load_scenario(f"base+{name}")

    assert alone.fingerprint == joint.fingerprint
    assert alone.drivers == joint.drivers
    assert alone.figures == joint.figures


def test_the_order_decides_where_two_name_the_same_driver():
    one, other = load_scenario("boom+funding-freeze"), load_scenario("funding-freeze+boom")

    assert load_scenario("funding-freeze").drivers["funding.level"] == one.drivers["funding.level"]
    assert load_scenario("boom").drivers["funding.level"] == other.drivers["funding.level"]
    assert one.drivers["vendor_investment.scale"] == other.drivers["vendor_investment.scale"]
    assert one.fingerprint != other.fingerprint


def test_a_sum_carries_the_headings_of_its_parts():
    joint = load_scenario("essay+rate-shock")

    assert joint.name == "essay+rate-shock"
    assert joint.extends == ("essay", "rate-shock")
    assert joint.title == "The essay's view + Interest rates rise"
    assert joint.author == "Deflator"
    for part in ("essay", "rate-shock"):
        assert load_scenario(part).description in joint.description


def scenario_file(folder, name, body):
    """Write a scenario file and return its path as text."""
    file = folder / f"{name}.yaml"
    file.write_text(f"name: {name}\ntitle: T\nauthor: A\ndate: 2026-02-28\ndescription: D\n{body}")
    return str(file)


def test_extending_is_the_same_as_adding_on_the_right(tmp_path):
    own = "drivers: {funding: {level: 0.3}}\nchannels: {rent: on, delay: off}\n"
    parent = "channels: {rent: off}\ndrivers: {funding: {level: 0.5}, rent: {level: 1.5}}\n"
    other = scenario_file(tmp_path, "parent", parent)
    extending = scenario_file(tmp_path, "extending", f"extends: parent.yaml\n{own}")
    alone = scenario_file(tmp_path, "alone", own)

    joint = load_scenario(extending)

    assert load_scenario(f"{other}+{alone}").fingerprint == joint.fingerprint
    assert {"rent", "delay"} == {name for name, on in joint.channels.items() if not on}
    assert Course.of(0.3) == joint.drivers["funding.level"]
    assert Course.of(1.5) == joint.drivers["rent.level"]


def test_several_extended_scenarios_are_taken_from_left_to_right(tmp_path):
    listed = scenario_file(tmp_path, "listed", "extends: [boom, funding-freeze]\n")

    assert load_scenario("boom+funding-freeze").fingerprint == load_scenario(listed).fingerprint


def test_settings_come_on_top_and_the_later_decides():
    read = load_scenario("funding-freeze", ["funding.level=0.3", "drivers.funding.level=0.4", "channels.rent=off"])

    assert Course.of(0.4) == read.drivers["funding.level"]
    assert not read.channels["rent"]
    assert read.channels["delay"]
    assert load_scenario("base", ["channels.rent=off", "channels.rent=on"]).channels["rent"]


def test_settings_reach_every_section():
    settings = [
        "monetisation.lab.scale={2026-07: 0.2, +12: 0.5}",
        "parameters.order_lag_months=6",
        "parameters.rent_volatility_annual={value: 0.5, low: 0.3, high: 0.8}",
        "figures.contracts.c_lab_h100.end=2026-12",
        "covenants.counterfactual=on",
    ]

    read = load_scenario("base", settings)

    assert Course.of({"2026-07": 0.2, "+12": 0.5}) == read.drivers["monetisation.lab.scale"]
    assert ParameterOverride(6, 6, 6) == read.parameters["order_lag_months"]
    assert ParameterOverride(0.5, 0.3, 0.8) == read.parameters["rent_volatility_annual"]
    assert read.figures == {"contracts.c_lab_h100.end": "2026-12"}
    assert read.counterfactual_covenants


def test_settings_show_in_the_title_but_not_in_the_name():
    read = load_scenario("base", ["rent.level=1.5"])

    assert read.name == "base"
    assert read.title == "The book as it stands, with rent.level=1.5"


def test_the_fingerprint_sees_what_changes_and_nothing_else(tmp_path):
    block = "drivers:\n  rent:\n    level:\n      +3: 2.0\n      2026-12: 1.5\n  demand: {scale: 0.5}  # why\n"
    flow = 'drivers: {"demand": {scale: 5e-1}, rent: {level: {2026-12: 1.50, "+03": 2}}}\n'

    one = load_scenario(scenario_file(tmp_path, "one", block))
    other = load_scenario(scenario_file(tmp_path, "other", flow))

    assert one.fingerprint == other.fingerprint
    for setting in ("rent.level=1.5", "channels.rent=off", "parameters.order_lag_months=6",
                    "covenants.counterfactual=on", "figures.contracts.c1.end=2026-12"):  # fmt: skip
        assert one.fingerprint != load_scenario(tmp_path / "one.yaml", [setting]).fingerprint


def test_the_fingerprint_stays_the_same_from_release_to_release():
    read = load_scenario("base", ["rent.level={+3: 2.0, 2026-12: 1.5}", "channels.rent=off"])

    expected = "fe5e2882e17a78f8cb7f73b12f084896d6b77348da2167f99fc49de20176dce9"
    assert expected == read.fingerprint
