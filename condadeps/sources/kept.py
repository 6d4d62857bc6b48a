"""What is in the cache, how much of it, and clearing it away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from condadeps.errors import PrefixError, UsageError
from condadeps.show.shown import Shown
from condadeps.sources.cache import cache_root

KINDS = {
    "packages": (("pkgs",), "conda packages, unpacked; environments share their files by links"),
    "channels": (("repodata",), "what channels said they have"),
    "files": (("pypi/files",), "wheels and sdists, and what was built of them"),
    "pages": (("pypi/pages", "pypi/metadata"), "what indexes and projects said of themselves"),
    "overrides": (("overrides",), "the overrides that a site publishes"),
}
"""The parts of the cache: their directories, and what they are for a person."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the cache."""

    kind: str
    about: str
    files: int
    size: int
    """Bytes, each file once."""
    freed: int
    """Bytes that clearing it frees: a file that an environment links stays on the disk."""


@dataclass(frozen=True, slots=True)
class Kept(Shown):
    """What is kept, or what was cleared away."""

    directory: str
    parts: tuple[Part, ...]
    cleared: bool = False
    asked: bool = False
    """It is shown before it is cleared, and nothing was done."""

    def __str__(self) -> str:
        from condadeps.show.units import size

        head = f"{'cleared' if self.cleared else 'kept'} in {self.directory}:"
        lines = [
            f"  {one.kind:10} {size(one.freed if self.cleared else one.size):>8}"
            f"  {one.about}{_shared(one) if not self.cleared else ''}"
            for one in self.parts
        ]
        total = sum(one.freed if self.cleared else one.size for one in self.parts)
        lines.append(f"  {'together':10} {size(total):>8}")
        if self.asked:
            lines.append("nothing was cleared: say --yes")
        return "\n".join([head, *lines])

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def _shared(one: Part) -> str:
    from condadeps.show.units import size

    return f" (clearing frees {size(one.freed)})" if one.freed < one.size else ""


def kept(kinds: Sequence[str] = ()) -> Kept:
    """What the cache holds, of ``kinds`` or of all. Raises UsageError for a kind there is not."""
    root = cache_root()
    return Kept(str(root), tuple(_part(root, kind) for kind in _chosen(kinds)))


def clear(kinds: Sequence[str] = ()) -> Kept:
    """Clear ``kinds`` of the cache away, or all of it; what is fetched anew will come back.

    Environments stay whole: the files they share with the cache are theirs as well. Raises UsageError,
    PrefixError when something cannot be removed.
    """
    root = cache_root()
    before = kept(kinds)
    for kind in _chosen(kinds):
        for folder in KINDS[kind][0]:
            try:
                _remove(root / folder)
            except OSError as error:
                raise PrefixError(
                    f"{root / folder} cannot be removed: {error.strerror or error}", prefix=str(root)
                ) from error
    return Kept(before.directory, before.parts, cleared=True)


def _remove(folder: Path) -> None:
    """Out of the way in one step first: a call that begins now finds an empty cache, and no half one."""
    if not folder.exists():
        return
    aside = folder.with_name(f".{folder.name}-{os.getpid()}")
    folder.replace(aside)
    shutil.rmtree(aside)


def _chosen(kinds: Sequence[str]) -> Collection[str]:
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no part of the cache", help=f"the parts: {', '.join(KINDS)}")
    return tuple(dict.fromkeys(kinds)) or tuple(KINDS)


def _part(root: Path, kind: str) -> Part:
    folders, about = KINDS[kind]
    seen: dict[tuple[int, int], tuple[int, int, int]] = {}
    count = 0
    for status in (status for folder in folders for status in _files(root / folder)):
        count += 1
        key = (status.st_dev, status.st_ino)
        _, _, here = seen.get(key, (0, 0, 0))
        seen[key] = (status.st_size, status.st_nlink, here + 1)
    size = sum(one for one, _, _ in seen.values())
    freed = sum(one for one, links, here in seen.values() if links <= here)
    return Part(kind, about, count, size, freed)


def _files(folder: Path) -> Iterator[os.stat_result]:
    for directory, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(directory) / name).lstat()
            except OSError:
                continue  # gone meanwhile
