"""Benchmarks: comparisons made in one run, never timed tests."""
