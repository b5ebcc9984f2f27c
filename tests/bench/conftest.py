"""Lets tests import the benchmarks, which are not installed with the program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
