"""Install into a running kernel's environment: conda first, PyPI second, in one solve, and write it down.

In a notebook::

    %load_ext condadeps
    %condadeps pandas seaborn "rich>=13"

In Python::

    import condadeps
    outcome = condadeps.install("pandas>=2", "seaborn")
    outcome.changed, outcome.plan, outcome.restart_needed
    condadeps.list(), condadeps.which("torch"), condadeps.export(format="conda-lock"), condadeps.history()

In a terminal: ``condadeps install pandas seaborn``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing has it, which takes longer to import than all that is needed here
__version__ = "0.1.0"
__all__ = [
    "bundle",
    "create",
    "doctor",
    "embed",
    "errors",
    "export",
    "history",
    "install",
    "lock",
    "names",
    "plan",
    "remove",
    "restore",
    "strip",
    "sync",
    "undo",
    "update",
    "which",
]
"""``condadeps.list`` is there too; ``from condadeps import *`` leaves Python's own ``list`` alone."""

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from IPython.core.interactiveshell import InteractiveShell

    from condadeps import errors, names
    from condadeps.api import (
        bundle,
        create,
        doctor,
        embed,
        export,
        history,
        install,
        lock,
        plan,
        remove,
        restore,
        strip,
        sync,
        undo,
        update,
        which,
    )
    from condadeps.api import listing as list  # noqa: F401  what condadeps.list is, for type checkers

_MODULES = {"errors", "names"}


def __getattr__(name: str) -> Any:
    # Loaded on first use: importing condadeps must cost a notebook next to nothing.
    if name not in __all__ and name != "list":
        raise AttributeError(f"module 'condadeps' has no attribute {name!r}")
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"condadeps.{name}")
    return getattr(importlib.import_module("condadeps.api"), "listing" if name == "list" else name)


def __dir__() -> Iterable[str]:
    return sorted([*globals(), *__all__, "list"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext condadeps``: register the magic, and ``import ipydeps`` where that is configured."""
    from condadeps import ipydeps
    from condadeps.magic import register

    register(shell)
    ipydeps.activate(ipydeps.configured)


def _greet_ipython() -> None:
    """Register the magic when imported inside IPython; do not import IPython to find out."""
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None:
            load_ipython_extension(shell)


_greet_ipython()
