"""How far the engine is compiled, while it is: the first command of a version waits for that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from numba.core.dispatcher import Dispatcher
from numba.core.event import Listener, install_listener

_PACKAGE = __package__.partition(".")[0] + "."


class _Compiled(Listener):
    """Counts the package's functions that the compiler has finished."""

    def __init__(self, told: Callable[[int, int], object]) -> None:
        self._told = told
        self._done: set[Any] = set()
        self._all = 0

    def on_start(self, event: Any) -> None:
        """Count what there is to compile; a process that finds all of it on disk does not come here."""
        self._all = self._all or _functions()

    def on_end(self, event: Any) -> None:
        """Tell what is done, once for a function that is compiled for several types."""
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith(_PACKAGE) and function not in self._done:
            self._done.add(function)
            self._told(len(self._done), max(self._all, len(self._done)))


def _functions() -> int:
    """Return how many functions of the package the compiler may be asked for; a few never are."""
    modules = [vars(module) for name, module in list(sys.modules.items()) if name.startswith(_PACKAGE)]
    return len({value.py_func for module in modules for value in module.values() if isinstance(value, Dispatcher)})


def telling_what_is_compiled(told: Callable[[int, int], object]) -> AbstractContextManager[Any]:
    """Tell how many functions of the engine are compiled and how many there are, while it is being compiled.

    Parameters
    ----------
    told
        Called with both numbers, from the thread that compiles.

    Examples
    --------
    >>> import numba
    >>> def twice(x):
    ...     return 2 * x
    >>> twice.__module__ = "deflator.engine.examples"
    >>> with telling_what_is_compiled(lambda done, total: print(done, done <= total)):
    ...     numba.njit(twice)(1)
    1 True
    2
    """
    return install_listener("numba:compile", _Compiled(told))
