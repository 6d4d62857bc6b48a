"""Files that are locks: which format one is, and what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from condadeps.asked.files import failure, text_of
from condadeps.locks.lock import Lock
from condadeps.prefix.target import Target

Kind = Literal["explicit", "conda-lock", "pixi-lock", "pylock", "notebook"]

_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
_CONDA_LOCK = re.compile(r"^package:", re.MULTILINE)
_METADATA = re.compile(r"^metadata:", re.MULTILINE)


def kind_of(path: Path) -> Kind | None:
    """The format of the lock at ``path``; None when it is no lock, or not there."""
    from condadeps.locks.explicit import is_explicit

    name = path.name.lower()
    if _PYLOCK.fullmatch(name):
        return "pylock"
    if name.endswith(".ipynb"):
        return "notebook" if path.is_file() and _carried(path) else None
    if not name.endswith((".lock", ".txt", ".yml", ".yaml")) or not path.is_file():
        return None
    text = text_of(path)
    if name.endswith(".lock"):
        return "pixi-lock" if text.startswith("version:") else None
    if name.endswith(".txt"):
        return "explicit" if is_explicit(text) else None
    return "conda-lock" if _CONDA_LOCK.search(text) and _METADATA.search(text) else None


def _carried(path: Path) -> str | None:
    """The lock that a notebook carries, where it is for this machine."""
    from condadeps.prefix.target import machine_subdir
    from condadeps.record import embedding

    found = embedding.read(path)
    lock = found.lock if found else None
    return lock if lock and re.search(rf"^ *platform: {machine_subdir()}$", lock, re.MULTILINE) else None


def read(path: Path, target: Target) -> Lock:
    """What the lock at ``path`` says for ``target``'s platform and, for a ``pylock.toml``, its Python.

    Raises RequestError for a file that is no lock, cannot be read, or is for other platforms.
    """
    lock = load(path, target)
    if lock.on(target.subdir) is None:
        known = ", ".join(one.subdir for one in lock.platforms)
        raise failure(path, f"is not for {target.subdir}; it is for {known or 'no platform'}")
    return lock


def load(path: Path, target: Target) -> Lock:
    """As :func:`read`, for whatever platforms it is."""
    from condadeps.locks import conda_lock, explicit, pixi_lock, pylock

    match kind_of(path):
        case "explicit":
            return explicit.read(text_of(path), path, target.subdir)
        case "conda-lock":
            return conda_lock.read(text_of(path), path)
        case "notebook":
            return conda_lock.read(_carried(path) or "", path)
        case "pixi-lock":
            return pixi_lock.read(path)
        case "pylock":
            return pylock.read(text_of(path), path, target)
        case None:
            raise failure(path, "is no lock")


def python_asked(path: Path) -> str | None:
    """The Python that a new environment for a ``pylock.toml`` is to have, as conda writes it (``=3.11``).

    None for a lock that has Python itself, or may have it.
    """
    from condadeps.locks import pylock

    return pylock.python_asked(text_of(path), path) if kind_of(path) == "pylock" else None
