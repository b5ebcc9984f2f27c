import json
import resource
import subprocess
import sys

import pytest

HEAVY = ("numpy", "numba", "polars", "scipy", "pydantic", "pandas", "yaml", "xlsxwriter", "python_calamine")
WATCH = """
import json, sys
{statement}
json.dump(sorted(set({heavy}) & set(sys.modules)), sys.stderr)
"""
HELP = """
from deflator.cli import main
sys.argv = ["deflator", {words}]
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
"""


def loaded_by(statement: str) -> list[str]:
    code = WATCH.format(statement=statement, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr)


@pytest.mark.parametrize("words", ['"--help"', '"--version"'])
def test_help_loads_nothing_heavy(words: str) -> None:
    assert loaded_by(HELP.format(words=words)) == []


@pytest.mark.parametrize("words", ['"run", "--help"', '"book", "--help"', '"scenario", "--help"'])
def test_help_of_a_command_loads_nothing_heavy_but_what_typer_itself_does(words: str) -> None:
    assert set(loaded_by(HELP.format(words=words))) <= {"pydantic"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import deflator; dir(deflator)") == []


def processor_seconds_of_help() -> float:
    """Return the time that a processor worked, which does not depend on what else runs."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run([sys.executable, "-m", "deflator", "--help"], capture_output=True, check=True)
    return spent() - before


def test_help_answers_in_less_than_three_tenths_of_a_second() -> None:
    assert min(processor_seconds_of_help() for _ in range(3)) < 0.3
