"""The reserved words: the first word of a magic or command line that is one of these is a verb."""

from __future__ import annotations

VERBS = frozenset(
    {
        "install",
        "update",
        "remove",
        "plan",
        "list",
        "which",
        "export",
        "lock",
        "sync",
        "create",
        "restore",
        "embed",
        "strip",
        "bundle",
        "migrate",
        "history",
        "undo",
        "kernels",
        "cache",
        "config",
        "doctor",
    }
)
"""``%condadeps install export`` reaches a package that is so named."""
