"""Runs of many paths: ask a `Question`, `run_paths` into a folder, open the raw outcome as a `Run`.

A run is kept in a folder that has its name only when it is whole; see `tables` for what lies in one, and `unfinished`
for what lies in it before.
"""

from deflator.ensemble.cluster import connected
from deflator.ensemble.gathering import Expected, HopelessError, ImbalanceError, Progress, Told
from deflator.ensemble.manifest import Manifest, write_manifest
from deflator.ensemble.opened import Run
from deflator.ensemble.question import Question
from deflator.ensemble.runner import chunk_of, entity_table, expect, on_cluster, run_paths
from deflator.ensemble.store import (
    StoredRun,
    check_target,
    find_run,
    find_unfinished,
    quota_gb,
    remove_runs,
    runs_folder,
    stored_runs,
)
from deflator.ensemble.tables import write_table
from deflator.ensemble.unfinished import (
    finish_if_whole,
    finishing,
    how_far,
    reopened,
    target_of,
    unfinished_folder,
)
from deflator.ensemble.workers import StoppedError, Threads, Workers

__all__ = [
    "Expected",
    "HopelessError",
    "ImbalanceError",
    "Manifest",
    "Progress",
    "Question",
    "Run",
    "StoppedError",
    "StoredRun",
    "Threads",
    "Told",
    "Workers",
    "check_target",
    "chunk_of",
    "connected",
    "entity_table",
    "expect",
    "find_run",
    "find_unfinished",
    "finish_if_whole",
    "finishing",
    "how_far",
    "on_cluster",
    "quota_gb",
    "remove_runs",
    "reopened",
    "run_paths",
    "runs_folder",
    "stored_runs",
    "target_of",
    "unfinished_folder",
    "write_manifest",
    "write_table",
]
