"""What past changes displaced and an undo could not get anywhere else: kept beside their journals.

conda's packages come back from the package cache or their channel, pip's from where they
came from, both by hash. Kept are only conda's records of them, as they were, and the files of
projects that nobody can fetch again: built here, installed by hand, in development mode.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from condadeps.names.namespaces import ProjectName
from condadeps.transaction.changes import Changes, paths_in
from condadeps.transaction.room import Room

RECORDS = "conda-meta/"


def files(room: Room, stamp: str) -> Path:
    """Where the change of ``stamp`` keeps files, laid out as in the environment. It need not exist."""
    return room.past / stamp / "files"


def take(room: Room, stamp: str, waves: Sequence[Changes], wanted: Collection[str]) -> None:
    """Move what of the displaced files is ``wanted`` to where it stays. Again after any interruption."""
    for number, wave in enumerate(waves):
        for index, path in enumerate(wave.displaced):
            displaced = room.kept(number) / str(index)
            if path in wanted and os.path.lexists(displaced):
                place = files(room, stamp) / path
                place.parent.mkdir(parents=True, exist_ok=True)
                displaced.replace(place)


@dataclass(frozen=True, slots=True)
class Kept:
    """What one past change kept, as far as it is to be put back."""

    folder: Path
    """Its files, laid out as in the environment."""
    records: frozenset[str] = frozenset()
    """The conda records among them that are to be again, relative to the environment."""
    projects: frozenset[ProjectName] = frozenset()
    """The projects whose files are to be again."""


def records(folder: Path) -> Iterator[str]:
    """The conda records among the kept files, as paths relative to the environment."""
    if (folder / RECORDS).is_dir():
        for path in paths_in(folder / RECORDS):
            yield f"{RECORDS}{path}"


def lay_out(kept: Kept, tree: Path) -> Path:
    """Copy the kept files of projects into ``tree``; the kept ones stay for another time."""
    folder = kept.folder
    for path in paths_in(folder) if kept.projects else ():
        if not path.startswith(RECORDS):
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / path, place, follow_symlinks=False)
    return tree
