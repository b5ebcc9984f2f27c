import subprocess
import sys
from pathlib import Path

import pytest

TINY = Path(__file__).parents[1] / "books" / "tiny"
MEASURE = """
import resource, sys, deflator
book, scenario = deflator.load_book(sys.argv[1]), deflator.load_scenario("base")
for number, paths in enumerate((20_000, 200_000)):
    deflator.run(book, scenario, paths=paths, out=f"{sys.argv[2]}/{number}", threads=2)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_ten_times_the_paths_take_no_more_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(TINY), str(tmp_path)], capture_output=True, text=True, check=True
    )
    few_mb, many_mb = map(int, done.stdout.split())

    assert many_mb - few_mb < 100
