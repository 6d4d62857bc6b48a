"""Which paths an environment has: taken when packages' own scripts are about to run in it.

A script may leave files anywhere. What it adds can be taken away again; what it edits in
place cannot be brought back, which is why packages are told not to.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from condadeps.transaction.room import Room, write_durably

_NAME = "listing.json"


def take(room: Room) -> None:
    """Write down every path of the environment. Raises OSError."""
    write_durably(room.current / _NAME, json.dumps(sorted(_paths(room))))


def remove_others(room: Room) -> None:
    """Remove every path that was not there when :func:`take` was called. Raises OSError."""
    try:
        known = set(json.loads((room.current / _NAME).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return
    for path in sorted(_paths(room) - known, reverse=True):
        with suppress(FileNotFoundError):
            if (room.prefix / path).is_dir() and not (room.prefix / path).is_symlink():
                shutil.rmtree(room.prefix / path)
            else:
                (room.prefix / path).unlink()


def _paths(room: Room) -> set[str]:
    found: set[str] = set()
    for folder, directories, files in os.walk(room.prefix):
        here = Path(folder)
        directories[:] = [name for name in directories if here / name != room.home]
        found.update(str((here / name).relative_to(room.prefix)) for name in (*directories, *files))
    return found
