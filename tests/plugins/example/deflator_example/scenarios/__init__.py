"""Scenario files; each is known by its name once the package is installed."""
