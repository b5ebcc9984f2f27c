"""What a process of a local cluster does when it starts."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the process that the user started: it stops the others in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
