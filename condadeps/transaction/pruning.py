"""How far back an environment can be undone, and what that may take on the disk.

What is beyond the bound loses what an undo of it would need: the kept files, the packages' records, the
environment file's text. Its line in the history stays, and so do its number and what it asked of pip
(:mod:`condadeps.transaction.asked_earlier`). The newest change is never let go.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condadeps.transaction.room import Room, write_durably


def prune(prefix: Path, changes: int, size: int) -> None:
    """Keep what undoing takes for the newest ``changes``, and for no more of them than ``size`` bytes hold.

    Call it with the environment's lock held. Right again after having been cut short. Raises OSError.
    """
    taken = 0
    for number, path in enumerate(_newest_first(prefix)):
        taken += _size(path)
        if number and (number >= changes or taken > size):
            _let_go(path)


def taken(prefix: Path) -> int:
    """Bytes that the past changes of ``prefix`` take."""
    return sum(map(_size, _newest_first(prefix)))


def _newest_first(prefix: Path) -> list[Path]:
    past = Room.of(prefix).past
    return sorted(past.glob("*.json"), reverse=True) if past.is_dir() else []


def _size(path: Path) -> int:
    return sum(one.lstat().st_size for one in (path, *_folder(path).rglob("*")) if not one.is_dir())


def _let_go(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not document.get("let_go"):
        # The journal first: a folder without a change that would want it is swept the next time.
        write_durably(path, json.dumps(_history_of(document)))
    shutil.rmtree(_folder(path), ignore_errors=True)


def _history_of(document: dict[str, Any]) -> dict[str, Any]:
    """What the history tells of a change, and how pip's projects were asked for and could be had again."""
    plan = document["plan"]
    for package in _packages(plan):
        package["record"] = {}
    asked = [answer for answer in plan["answers"] if answer["manager"] == "pip"]
    return {**document, "let_go": True, "leaving": {}, "keep": [], "plan": {**plan, "answers": asked}}


def _packages(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in (*plan["link"], *plan["unlink"]):
        yield from (one for one in (item["package"], item.get("previous")) if one)


def _folder(path: Path) -> Path:
    return path.with_suffix("")
