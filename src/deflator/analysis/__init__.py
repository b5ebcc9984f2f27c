"""Questions asked of the paths of a run: who breaks first, who pays, and whether the answer stands."""

from deflator.analysis.result import Result, ask, resume, run

__all__ = ["Result", "ask", "resume", "run"]
