"""The compiled month: a book under a scenario, path by path."""

from __future__ import annotations

from deflator.engine.codes import Cause, Status, Trigger
from deflator.engine.pack import Economy, pack
from deflator.engine.simulate import Paths, simulate

__all__ = ["Cause", "Economy", "Paths", "Status", "Trigger", "pack", "simulate"]
