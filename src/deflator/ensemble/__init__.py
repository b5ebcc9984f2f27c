"""Runs of many paths: ask a `Question`, `run_paths` into a folder, open the raw outcome as a `Run`.

Runs are kept in folders, each written whole or not at all; see `tables` for what lies in one.
"""

from deflator.ensemble.chunks import ImbalanceError, Progress
from deflator.ensemble.manifest import Manifest, write_manifest
from deflator.ensemble.opened import Run
from deflator.ensemble.runner import Question, list_entities, run_paths
from deflator.ensemble.store import (
    StoredRun,
    check_target,
    drafting,
    find_run,
    quota_gb,
    remove_runs,
    runs_folder,
    stored_runs,
)
from deflator.ensemble.tables import write_table

__all__ = [
    "ImbalanceError",
    "Manifest",
    "Progress",
    "Question",
    "Run",
    "StoredRun",
    "check_target",
    "drafting",
    "find_run",
    "list_entities",
    "quota_gb",
    "remove_runs",
    "run_paths",
    "runs_folder",
    "stored_runs",
    "write_manifest",
    "write_table",
]
