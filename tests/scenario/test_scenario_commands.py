"""`deflator scenario init|check`, `deflator scenarios`, the template and the reference page."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deflator.cli.scenario import app, list_scenarios
from deflator.scenario import load_scenario, shipped_scenarios
from deflator.scenario.reference import scenario_page
from deflator.scenario.template import template
from deflator.scenario.vocabulary import channels, drivers

ROOT = Path(__file__).parent.parent.parent
TINY = str(ROOT / "tests" / "books" / "tiny")

commands = typer.Typer()
commands.add_typer(app)
commands.command("scenarios")(list_scenarios)


def run(*arguments):
    """Run a command and return what it printed and how it ended."""
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def test_the_scenarios_are_listed_with_their_authors():
    result = run("scenarios")

    assert result.exit_code == 0
    for name in shipped_scenarios():
        assert re.search(rf"^{name} .*Deflator +2026-02-28$", result.stdout, re.MULTILINE)
    assert "not a forecast" in result.stdout


def test_the_list_is_given_to_programs_as_json():
    listed = json.loads(run("scenarios", "--json").stdout)["scenarios"]

    assert list(shipped_scenarios()) == [scenario["name"] for scenario in listed]
    assert {"name", "title", "author", "date", "description"} == set(listed[0])


def test_a_template_is_a_valid_scenario_that_changes_nothing(tmp_path):
    file = tmp_path / "Tight Money.yaml"

    assert run("scenario", "init", file).exit_code == 0

    assert load_scenario("base").fingerprint == load_scenario(file).fingerprint
    assert load_scenario(file).name == "tight-money"
    assert run("scenario", "check", file, "--book", TINY).exit_code == 0
    assert [file] == list(tmp_path.iterdir())


def test_every_example_of_the_template_works_once_its_mark_is_removed(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(re.sub(r"^  # (?=[ \w+.]+:)", "  ", template("mine", "mine.yaml", "2026-02-28"), flags=re.M))

    read = load_scenario(file)

    assert {"monetisation.lab.scale", "funding.level", "funding.shock", "rent.level"} == set(read.drivers)
    assert not read.channels["fire_sale"]
    assert read.counterfactual_covenants
    assert {"order_lag_months", "rent_volatility_annual"} == set(read.parameters)
    read_figures = {"equipment.h100.rent_usd_per_hour": 1.9}
    assert read_figures == read.figures


def test_the_template_names_every_driver_and_channel():
    text = template("mine", "mine.yaml", "2026-02-28")

    for name in (*drivers(), *channels()):
        assert re.search(rf"^  #: {name}[ :]", text, re.MULTILINE)


def test_a_template_is_never_written_over_a_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("precious")

    result = run("scenario", "init", file)

    assert result.exit_code == 2
    assert f"{file}: the file exists; give another name, or remove it first\n" == result.stderr
    assert file.read_text() == "precious"


def test_a_template_in_a_folder_that_is_not_there_is_refused(tmp_path):
    result = run("scenario", "init", tmp_path / "none" / "mine.yaml")

    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broken_scenario_ends_with_one_line_for_each_fault(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ntitle: T\nauthor: A\ndate: never\nchannels: {x: off}\n")

    result = run("scenario", "check", file)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert [f"{file}:description", f"{file}:4:date", f"{file}:5:channels.x"] == [
        line.split(": ")[0] for line in result.stderr.splitlines()
    ]


def test_the_faults_of_a_scenario_are_given_to_programs_as_json():
    result = run("scenario", "check", "esay", "--json")

    assert result.exit_code == 2
    assert json.loads(result.stdout)["faults"][0]["message"] == "unknown scenario 'esay'"


def test_a_scenario_is_held_against_a_book_with_its_settings():
    fits = run("scenario", "check", "base", "--book", TINY, "--set", "monetisation.lab_one.scale=0.5")
    fails = run("scenario", "check", "base", "--book", TINY, "--set", "monetisation.lab_two.scale=0.5")

    assert (fits.exit_code, fails.exit_code) == (0, 2)
    assert f"It fits the book {TINY}." in fits.stdout
    assert "did you mean 'lab_one'?" in fails.stderr


def test_a_valid_scenario_is_given_to_programs_whole():
    shown = json.loads(run("scenario", "check", "essay", "--json").stdout)

    essay = load_scenario("essay")
    assert essay.fingerprint == shown.pop("fingerprint")
    assert shown.pop("faults") == []
    assert essay.as_document() == shown


def test_the_reference_page_is_current():
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")

    assert scenario_page() == page, "run: python -m deflator.scenario.reference > docs/scenarios.md"


def test_the_example_of_the_reference_page_is_a_valid_scenario(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", scenario_page(), re.DOTALL)
    file = tmp_path / "tight-money.yaml"
    file.write_text(example)

    assert load_scenario(file).name == "tight-money"


@pytest.mark.parametrize("setting", re.findall(r"`--set '?(.*?)'?`", scenario_page()))
def test_every_setting_of_the_reference_page_works(setting):
    assert load_scenario("base").fingerprint != load_scenario("base", [setting]).fingerprint


def test_a_default_lies_within_the_bounds_of_its_operation():
    for driver in drivers().values():
        for operation in driver.operations.values():
            assert operation.minimum < operation.maximum
            assert not operation.default < operation.minimum
            assert not operation.default > operation.maximum
            assert operation.between in ("step", "ramp", "pulse")
            assert (operation.between == "pulse") == (operation.name == "shock")
