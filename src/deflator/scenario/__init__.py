"""What may happen: scenarios that people write, check, combine and run.

`load_scenario` returns a `Scenario` by name or path; `shipped_scenarios` names those that come with the
program.
"""

from deflator.scenario.content import ParameterOverride
from deflator.scenario.course import Course
from deflator.scenario.load import load_scenario, scenario_files, shipped_scenarios
from deflator.scenario.scenario import Scenario

__all__ = ["Course", "ParameterOverride", "Scenario", "load_scenario", "scenario_files", "shipped_scenarios"]
