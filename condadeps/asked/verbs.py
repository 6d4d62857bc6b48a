"""The reserved words: the first word of a magic or command line that is one of these is a verb."""

from __future__ import annotations

from collections.abc import Sequence

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

_OTHERS = {
    "add": "install",
    "instal": "install",
    "uninstall": "remove",
    "delete": "remove",
    "upgrade": "update",
}
"""What other programs call our verbs, and the one slip that is made most."""
_PROGRAMS = frozenset({"pip", "pip3", "conda", "mamba", "micromamba", "uv", "pixi"})


def meant(words: Sequence[str]) -> list[str] | None:
    """What was likely meant by words that begin with no verb of ours but with another program's.

    ``pip install tqdm`` and ``uninstall tqdm`` would ask for packages named ``install`` and
    ``uninstall``, which a stranger may have published. None: they are requests.
    """
    if len(words) < 2:
        return None
    first, second, *rest = words
    if first in _PROGRAMS and (second in _OTHERS or second in {"install", "remove", "update"}):
        return [_OTHERS.get(second, second), *rest]
    return [_OTHERS[first], second, *rest] if first in _OTHERS else None
