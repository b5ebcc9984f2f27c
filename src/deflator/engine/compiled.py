"""Compile kernels once per version of the sources.

Numba's own cache looks at the file that defines a function only; a kernel also changes when a function that it calls
changes. So the cache folder is named after a hash of every source that the engine compiles.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

import numba
import platformdirs

_PACKAGE = Path(__file__).parent.parent


@cache
def source_hash() -> str:
    """Return a short hash of all compiled sources, of Numba's version and of Python's."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for folder in ("clearing", "credit", "engine"):
        for file in sorted((_PACKAGE / folder).rglob("*.py")):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    digest.update((_PACKAGE / "book" / "parameter_list.csv").read_bytes())  # kernels hold the places of parameters
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder that keeps the compiled kernels of these sources."""
    return Path(platformdirs.user_cache_dir("deflator")) / "kernels" / source_hash()


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]

#: Strict IEEE arithmetic, no exceptions inside, no interpreter lock: lanes of one block run in one thread.
kernel = numba.njit(cache=True, nogil=True, error_model="numpy")
#: The same for what is called lane by lane: a loop with a call in it cannot be vectorised.
inline = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
