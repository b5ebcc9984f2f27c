"""Does the answer stand? Judgements moved through their ranges, draws and paths, readings of a break, and the past."""

from deflator.analysis.validation.headline import Headline, measure
from deflator.analysis.validation.stability import Case, Effort, Stability, stability

__all__ = ["Case", "Effort", "Headline", "Stability", "measure", "stability"]
