"""A package adds scenarios, mechanisms, sources and reports, and what it adds is held to the same rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deflator import plugins
from deflator.analysis.replay import prepare, replay
from deflator.analysis.trials import simulate_all
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import DeflatorError
from deflator.plugins import Mechanism, PluginError
from deflator.scenario import load_scenario

EXAMPLE = Path(__file__).parent / "example"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the example package on the path, as if it were installed."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield
    for name in [name for name in sys.modules if name.startswith("deflator_example")]:
        del sys.modules[name]


def typed(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(EXAMPLE)}
    command = [sys.executable, "-m", "deflator", *words]
    told = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
    assert told.returncode == code, told.stderr + told.stdout
    assert "Traceback" not in told.stderr
    return told


def question(scenario: str, *settings: str) -> Question:
    return Question(load_book("fibre-2001"), load_scenario(scenario, settings), paths=32, draws=4)


def test_nothing_is_added_without_plug_ins() -> None:
    assert [plugins.names(group) for group in plugins.GROUPS] == [(), (), (), ()]


def test_what_a_package_adds_is_listed() -> None:
    told = json.loads(typed("plugins", "--json").stdout)["plugins"]

    assert {(row["group"], row["name"]) for row in told} == {
        ("scenarios", "example"),
        ("mechanisms", "rent-subsidy"),
        ("mechanisms", "money-press"),
        ("sources", "example-list"),
        ("reports", "one-line"),
    }


@pytest.mark.usefixtures("installed")
def test_a_scenario_of_a_package_is_known_by_its_name() -> None:
    scenario = load_scenario("example-thaw+rate-shock")

    assert "funding.shift" in scenario.drivers
    assert "example-thaw" in typed("scenarios").stdout


@pytest.mark.usefixtures("installed")
def test_a_mechanism_acts_where_a_scenario_switches_it_on_and_nowhere_else() -> None:
    off, on = (simulate_all(prepare(question("base", *more))) for more in ((), ("mechanisms.rent-subsidy=on",)))
    asked_off = simulate_all(prepare(question("base", "mechanisms.rent-subsidy=off")))
    neocloud = [layer == "neocloud" for layer in prepare(question("base")).economy.layers]

    assert np.array_equal(off.break_month, asked_off.break_month)
    assert np.array_equal(off.rent[0], on.rent[0])
    assert on.broken_share[neocloud].sum() < off.broken_share[neocloud].sum()
    assert on.ledger_residual.max() < 1e-9


@pytest.mark.usefixtures("installed")
def test_a_replayed_path_has_its_mechanisms_bit_for_bit() -> None:
    asked = question("base", "mechanisms.rent-subsidy=on")

    paths, path = simulate_all(prepare(asked)), replay(prepare(asked), 5)

    assert np.array_equal(path["entities.broken_share"][-1][: len(paths.broken_share)], paths.broken_share[:, 5])


@pytest.mark.usefixtures("installed")
def test_a_switched_on_mechanism_makes_another_run_and_another_fingerprint() -> None:
    with_it, without, switched_off = (
        question("base", *more) for more in (("mechanisms.rent-subsidy=on",), (), ("mechanisms.rent-subsidy=off",))
    )

    assert with_it.name != without.name == switched_off.name


def test_a_run_with_a_mechanism_that_makes_money_fails(tmp_path: Path) -> None:
    words = ("run", "base", "--book", "fibre-2001", "--paths", "32", "--ignorance", "4")

    told = typed(*words, "--set", "mechanisms.money-press=on", "--out", str(tmp_path / "run"), code=3)

    assert "ledger_residual" in told.stderr


def test_a_mechanism_that_is_not_installed_is_refused_with_what_to_do() -> None:
    with pytest.raises(DeflatorError, match="no plug-in brings the mechanism 'rent-subsidy'; install the package"):
        load_scenario("base", ["mechanisms.rent-subsidy=on"])


@pytest.mark.usefixtures("installed")
def test_a_misspelt_mechanism_is_refused_with_the_right_one() -> None:
    with pytest.raises(DeflatorError, match="did you mean 'rent-subsidy'"):
        load_scenario("base", ["mechanisms.rent-subsidie=on"])


def test_a_kept_run_with_a_mechanism_can_be_told_again_and_written_by_a_report(tmp_path: Path) -> None:
    run, file = tmp_path / "run", tmp_path / "line.txt"
    words = ("run", "base", "--book", "fibre-2001", "--paths", "64", "--ignorance", "4")
    typed(*words, "--set", "mechanisms.rent-subsidy=on", "--out", str(run))

    typed("export", str(run), "--with", "one-line", "-o", str(file))

    assert "mechanisms:\n  rent-subsidy: true" in (run / "scenario.yaml").read_text()
    assert " first on " in file.read_text()
    assert "deflator plugins" in typed("run", "--help").stdout or typed("show", str(run)).stdout
    typed("export", str(run), "--with", "one-line", "-o", str(file), code=2)
    typed("export", str(run), "--with", "two-lines", "-o", str(tmp_path / "other"), code=2)


def test_a_source_of_a_package_proposes_and_nothing_changes() -> None:
    told = json.loads(typed("data", "from", "example-list", "--json").stdout)

    assert [change["table"] for change in told["changes"]] == ["price_history", "provenance", "sources"]


def test_what_is_offered_must_be_what_its_group_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins._OFFERED, "mechanisms", {})
    with pytest.raises(PluginError, match="mechanisms are of Mechanism"):
        plugins.offer("mechanisms", "idle", print)

    plugins.offer("mechanisms", "idle", Mechanism("Does nothing.", lambda t, block: None))

    assert plugins.names("mechanisms") == ("idle",)
    assert load_scenario("base", ["mechanisms.idle=on"]).mechanisms == ("idle",)


def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deflator.reports]\nno-such = broken_package:REPORT\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(PluginError, match="broken cannot be loaded for 'no-such': ModuleNotFoundError"):
        plugins.load("reports", "no-such")


def test_the_metadata_of_the_example_says_what_its_project_file_says() -> None:
    import configparser
    import tomllib

    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"]
    metadata = configparser.ConfigParser()
    metadata.optionxform = str  # type: ignore[assignment,method-assign]
    metadata.read(EXAMPLE / "deflator_example-1.0.dist-info" / "entry_points.txt")

    assert {group: dict(metadata[group]) for group in metadata.sections()} == project
