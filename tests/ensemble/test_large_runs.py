import subprocess
import sys
from pathlib import Path

import pytest

TINY = Path(__file__).parents[1] / "books" / "tiny"
MEASURE = """
import resource, sys, deflator
deflator.run(sys.argv[1], "base", paths=int(sys.argv[3]), out=sys.argv[2], threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_memory(out: Path, paths: int) -> int:
    """Return the most memory that a process of its own held during a run and its summary."""
    command = [sys.executable, "-c", MEASURE, str(TINY), str(out), str(paths)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_twenty_times_the_paths_take_at_most_a_fifth_more_memory(tmp_path: Path) -> None:
    assert peak_memory(tmp_path / "many", 200_000) <= 1.2 * peak_memory(tmp_path / "few", 10_000)
