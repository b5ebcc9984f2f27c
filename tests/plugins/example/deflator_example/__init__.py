"""An example of what a package can add to Deflator: a scenario, mechanisms, a source of figures, a report."""
