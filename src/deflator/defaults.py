"""What is taken when a run is not told otherwise; known to help texts without loading anything."""

BOOK = "ai-2026-02"
SCENARIO = "base"
PATHS = 10_000
#: Draws of the figures that are not known exactly; each has `PATHS / DRAWS` paths of its own.
DRAWS = 250
SEED = 2026
