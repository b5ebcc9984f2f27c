import json

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deflator.cli import app
from deflator.cli.output import emit_json, reporting, table
from deflator.errors import DeflatorError, Fault
from deflator.report.plain import plain

FAULTS = [Fault("a.csv", 2, "units", "'x' is no number", "use 5"), Fault("b.csv", 0, "", "is missing")]


def exit_code_of(error: BaseException, json: bool = False) -> int:
    with pytest.raises(typer.Exit) as caught, reporting(json):
        raise error
    return caught.value.exit_code


def test_every_fault_has_a_line_of_its_own_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(DeflatorError(FAULTS)) == 2
    assert capsys.readouterr() == ("", "a.csv:2:units: 'x' is no number; use 5\nb.csv: is missing\n")


def test_faults_as_json_are_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(DeflatorError(FAULTS), json=True) == 2
    told = json.loads(capsys.readouterr().out)["faults"]

    assert [fault["row"] for fault in told] == [2, 0]
    assert told[0]["hint"] == "use 5"


def test_a_file_that_cannot_be_read_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(FileNotFoundError(2, "No such file or directory", "gone.yaml")) == 2
    assert capsys.readouterr().err == "gone.yaml: No such file or directory\n"


def test_control_c_ends_with_130_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "Stopped; nothing half-written was kept.\n"


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    with pytest.raises(BrokenPipeError), reporting():
        raise BrokenPipeError


def test_an_error_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), reporting():
        raise ZeroDivisionError


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_whatever_is_emitted_is_strict_json(value: object) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    assert json.loads(json.dumps(plain(value), allow_nan=False), parse_constant=refuse) == plain(value)


def test_figures_of_arrays_keep_every_digit(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    emit_json({"rents": np.array([0.1, np.inf]), "paths": np.int64(3)})

    assert json.loads(capsys.readouterr().out) == {"rents": [0.1, None], "paths": 3}


def test_a_table_prints_its_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table("[bold]Firms[/bold]", ["name", ("share", "right")], [["a :smile: [red]", "5 %"]])
    shown = capsys.readouterr().out

    assert "[bold]Firms[/bold]" in shown
    assert "a :smile: [red]" in shown


@pytest.mark.parametrize("group", [(), ("book",), ("data",), ("calibrate",), ("runs",), ("scenario",)])
def test_a_list_of_commands_ends_no_sentence_in_the_middle(group: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*group, "--help"], terminal_width=80)

    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.endswith("...") and "Usage" not in line] == []
