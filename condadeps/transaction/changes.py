"""A set of changes to an environment's files that is made whole, or taken back whole.

Everything to be put in place was staged before, on the same file system, so that each
step is one rename. What a step displaces is kept (as a second hard link where there is
one to be had) until the whole change is done. Two rules follow, and they need no
record of how far the change got:

* what is no longer in the tree, and was to go where nothing was, belongs back into the tree;
* what is in ``kept`` belongs where it came from.

So :func:`take_back` is right after any number of steps, and after having been cut short itself.
Files are never written in place: a hard link's other names (the package cache, other
environments) never see a change.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.transaction.checkpoints import Checkpoints


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths relative to the environment, with forward slashes."""

    place: tuple[str, ...] = ()
    """Files, links and whole directories to put in place, each from the same path of the tree."""
    remove: tuple[str, ...] = ()
    """Files and links to take away (with nothing placed in their stead)."""
    displaced: tuple[str, ...] = ()
    """What is there before the change and is not after: the n-th is kept under the number n."""
    directories: tuple[tuple[str, int], ...] = ()
    """Directories (with their modes) that the removals may leave empty, deepest first."""

    def __bool__(self) -> bool:
        return bool(self.place or self.remove)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return {
            "place": self.place,
            "remove": self.remove,
            "displaced": self.displaced,
            "directories": self.directories,
        }

    @staticmethod
    def from_json(document: dict[str, Any]) -> Changes:
        """The changes :meth:`to_json` described."""
        return Changes(
            tuple(document["place"]),
            tuple(document["remove"]),
            tuple(document["displaced"]),
            tuple((path, mode) for path, mode in document["directories"]),
        )


def between(prefix: Path, tree: Path, gone: Collection[str]) -> Changes:
    """The changes that put ``tree`` into ``prefix`` and take away the paths of ``gone`` it has not.

    A directory new to the environment is one step, however much is in it. The bytecode of
    every source file that goes or is replaced goes too: a stale one with the new file's
    time and size would be taken for its own. The environment is read, not touched.
    """
    gone = set(gone)
    units = list(_units(prefix, tree, gone))
    placed = set(_leaves(tree))
    replaced = [path for path in units if os.path.lexists(prefix / path) and not _is_directory(prefix / path)]
    stay = placed | set(replaced)
    removed = {path for path in gone if path not in stay and os.path.lexists(prefix / path)}
    removed |= {path for path in _bytecode(prefix, [*removed, *replaced]) if path not in placed}
    return Changes(
        place=tuple(units),
        remove=tuple(sorted(removed)),
        displaced=(*replaced, *sorted(removed)),
        directories=tuple(_parents(prefix, removed)),
    )


def make(prefix: Path, tree: Path, kept: Path, changes: Changes, points: Checkpoints) -> None:
    """Make the changes. Raises OSError part-way; :func:`take_back` then undoes what was done."""
    kept.mkdir(exist_ok=True)
    numbers = {path: kept / str(number) for number, path in enumerate(changes.displaced)}
    blocked = {path for path in changes.place if path not in numbers and _is_directory(prefix / path)}
    early = [path for path in changes.remove if any(path.startswith(f"{one}/") for one in blocked)]
    for path in early:
        _rename(prefix / path, numbers[path])
    _remove_empty(prefix, [one for one, _ in changes.directories if blocked and _below(one, blocked)])
    for path in changes.place:
        points.reached(f"place {path}")
        if path in numbers:
            _keep(prefix / path, numbers[path], replaced_by=tree / path)
        _rename(tree / path, prefix / path)
    for path in changes.remove:
        points.reached(f"remove {path}")
        if path not in early:
            _rename(prefix / path, numbers[path])
    points.reached("remove empty directories")
    _remove_empty(prefix, [path for path, _ in changes.directories])


def keep_all(prefix: Path, kept: Path, changes: Changes) -> None:
    """Keep what another program is about to remove, without touching it. Raises OSError.

    By a second hard link; what is written in place (records, the history) by a copy.
    """
    kept.mkdir(exist_ok=True)
    for number, path in enumerate(changes.displaced):
        try:
            if path.startswith("conda-meta/"):
                raise OSError(errno.EXDEV, "a copy is wanted")
            os.link(prefix / path, kept / str(number), follow_symlinks=False)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            shutil.copy2(prefix / path, kept / str(number), follow_symlinks=False)


def take_back(prefix: Path, tree: Path, kept: Path, changes: Changes) -> None:
    """The environment as it was before :func:`make`, however far that got. Raises OSError."""
    numbers = {path: kept / str(number) for number, path in enumerate(changes.displaced)}
    for path in reversed(changes.place):
        if path not in numbers and not os.path.lexists(tree / path) and os.path.lexists(prefix / path):
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            _rename(prefix / path, tree / path)
    for path, mode in reversed(changes.directories):
        if not (prefix / path).is_dir():
            (prefix / path).mkdir()
            (prefix / path).chmod(mode)
    for path, original in numbers.items():
        if os.path.lexists(original):
            if _is_directory(prefix / path):
                shutil.rmtree(prefix / path)
            original.replace(prefix / path)
            original.unlink(missing_ok=True)  # a rename between two names of one file does nothing


def paths_in(tree: Path) -> Iterator[str]:
    """Every file and link below ``tree``, relative, with forward slashes."""
    return _leaves(tree)


def _units(prefix: Path, tree: Path, gone: Collection[str], below: str = "") -> Iterator[str]:
    """The topmost paths of the tree that can each be moved by one rename."""
    with os.scandir(tree / below) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}{entry.name}"
        there = prefix / path
        link_that_goes = path in gone and there.is_symlink()
        if entry.is_dir(follow_symlinks=False) and there.is_dir() and not link_that_goes:
            yield from _units(prefix, tree, gone, f"{path}/")
        else:
            yield path


def _leaves(tree: Path) -> Iterator[str]:
    for folder, directories, files in os.walk(tree):
        base = Path(folder).relative_to(tree)
        links = [name for name in directories if (Path(folder) / name).is_symlink()]
        for name in [*files, *links]:
            yield (base / name).as_posix()


def _bytecode(prefix: Path, paths: Iterable[str]) -> Iterator[str]:
    """What Python may have compiled the sources among ``paths`` to (PEP 3147)."""
    stems: dict[str, set[str]] = {}
    for path in paths:
        if path.endswith(".py"):
            folder, _, name = path.rpartition("/")
            stems.setdefault(folder, set()).add(name[:-3])
    for folder, names in stems.items():
        cache = f"{folder}/__pycache__" if folder else "__pycache__"
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in (prefix / cache).iterdir():
                if entry.suffix == ".pyc" and entry.name.split(".", 1)[0] in names:
                    yield f"{cache}/{entry.name}"


def _parents(prefix: Path, paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The directories above ``paths`` that may be left empty: not the environment's own skeleton."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found and not _is_skeleton(parent):
            found.add(parent)
            parent = parent.rpartition("/")[0]
    for path in sorted(found, key=lambda one: (-one.count("/"), one)):
        with suppress(FileNotFoundError):
            status = (prefix / path).lstat()
            if stat.S_ISDIR(status.st_mode):
                yield path, stat.S_IMODE(status.st_mode)


def _is_skeleton(path: str) -> bool:
    return path in {"conda-meta", "bin", "lib", "Lib", "Scripts", "Library"} or path.endswith("site-packages")


def _below(path: str, tops: Collection[str]) -> bool:
    return any(path == top or path.startswith(f"{top}/") for top in tops)


def _remove_empty(prefix: Path, directories: Iterable[str]) -> None:
    for path in directories:
        with suppress(OSError):
            (prefix / path).rmdir()


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _keep(path: Path, kept: Path, *, replaced_by: Path) -> None:
    """Keep what is at ``path`` under a second name, so that it is there until the moment it is replaced."""
    if not _is_directory(replaced_by) and os.name == "posix":
        try:
            os.link(path, kept, follow_symlinks=False)
            return
        except OSError as error:
            if error.errno == errno.EEXIST:
                raise
    _rename(path, kept)


def _rename(source: Path, destination: Path) -> None:
    try:
        source.replace(destination)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _across(source, destination)


def _across(source: Path, destination: Path) -> None:
    """A rename between file systems (a part of the environment is mounted): copy beside, then rename."""
    beside = destination.with_name(f".{destination.name}.condadeps")
    copy: Callable[..., Any] = shutil.copytree if _is_directory(source) else shutil.copy2
    copy(source, beside, **({"symlinks": True} if _is_directory(source) else {"follow_symlinks": False}))
    beside.replace(destination)
    _discard(source)


def _discard(path: Path) -> None:
    if _is_directory(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
