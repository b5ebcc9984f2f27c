"""Stress tests for the compute economy.

When GPU-hours get cheap or dear: who breaks first, when, through which channel, and who pays?
"""

__version__ = "0.1.0"
