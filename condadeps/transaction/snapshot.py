"""A copy of a whole environment, for the time in which programs run that may change anything in it.

Names alone (:mod:`~condadeps.transaction.listing`) would bring back nothing that is edited in place, and
hard links would be edited along. So every file is copied (as a clone that shares its blocks, where the file
system can), and put back when it is not what it was. A file that was edited in place is mended in place:
conda's package cache shares it.

For an installer of conda packages, which replaces files and never edits them, links do, and cost little.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from condadeps.prefix import guards
from condadeps.show.reporter import Reporter
from condadeps.transaction.room import Room, flush, write_durably

_NAME = "snapshot.json"
_COPIES = "before"
_OTHERS = frozenset({"envs", "pkgs"})
"""What conda keeps in its base environment and is not of it: other environments, the package cache."""
_FICLONE = 0x40049409
"""Linux' request for a clone of a whole file."""


def take(room: Room, reporter: Reporter) -> None:
    """Copy the environment. Raises OSError, and SpaceError when there is no room for it."""
    known = {path: _state(room.prefix / path) for path in sorted(_paths(room))}
    size = sum(int(str(state[3])) for state in known.values() if state[0] == "file")
    guards.space(room.home, size, prefix=room.prefix)
    copies = room.current / _COPIES
    copies.mkdir()
    done = told = 0
    for path, state in known.items():  # a directory comes before what is in it
        if state[0] == "directory":
            (copies / path).mkdir()
        elif state[0] == "file":
            _copy(room.prefix / path, copies / path)
            done += int(str(state[3]))
            if done - told > size // 100:
                told = done
                reporter.progress("a copy of the environment", min(done, size - 1), size, "bytes")
    reporter.progress("a copy of the environment", size, size, "bytes")
    flush(room.home)
    write_durably(room.current / _NAME, json.dumps(known))


def hold(room: Room) -> None:
    """Link to every file of the environment, unless a copy was taken: none can be lost. Raises OSError."""
    copies = room.current / _COPIES
    if copies.exists():
        return
    copies.mkdir()
    known: dict[str, list[object]] = {}
    for path in sorted(_paths(room)):
        here = room.prefix / path
        kind = _state(here)[0]
        if kind == "directory":
            (copies / path).mkdir()
        elif kind == "file":
            _hold(here, copies / path)
        known[path] = _state(here)  # a link counts as a change of the file's state
    write_durably(room.current / _NAME, json.dumps(known))


def _hold(here: Path, there: Path) -> None:
    if here.parent.name != "conda-meta":  # the history is written to in place
        with contextlib.suppress(OSError):  # a file system without links, or one link too many
            os.link(here, there)
            return
    _copy(here, there)


def changed(room: Room) -> set[str]:
    """The files that are gone, or not what they were when :func:`take` was called."""
    known: dict[str, list[object]] = json.loads((room.current / _NAME).read_text(encoding="utf-8"))
    return {
        path
        for path, state in known.items()
        if state[0] != "directory"
        and (not os.path.lexists(room.prefix / path) or _state(room.prefix / path) != state)
    }


def restore(room: Room) -> None:
    """Make the environment what it was when :func:`take` was called, if it was. Raises OSError.

    It may be cut short and called again.
    """
    try:
        known: dict[str, list[object]] = json.loads((room.current / _NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    for path in sorted(_paths(room), reverse=True):
        if path not in known or known[path][0] != _state(room.prefix / path)[0]:
            _remove(room.prefix / path)
    for path, state in known.items():  # a directory comes before what is in it
        here = room.prefix / path
        if not os.path.lexists(here) or _state(here) != state:
            _put_back(here, state, room.current / _COPIES / path)


def _put_back(here: Path, state: list[object], copy: Path) -> None:
    kind, mode = state[0], int(str(state[1]))
    if kind == "link":
        here.unlink(missing_ok=True)
        here.symlink_to(str(state[2]))
        return
    if kind == "directory":
        here.mkdir(exist_ok=True)
    elif kind == "file":
        _fill(here, copy, same=os.path.lexists(here) and here.lstat().st_ino == state[2])
        os.utime(here, ns=(int(str(state[4])), int(str(state[4]))))
    else:
        return  # a socket, a pipe: its program is gone
    here.chmod(mode)


def _fill(here: Path, copy: Path, *, same: bool) -> None:
    if same and here.stat().st_size == copy.stat().st_size and filecmp.cmp(here, copy, shallow=False):
        return
    if same:
        with contextlib.suppress(OSError):  # a program that runs cannot be written to, only replaced
            here.chmod(0o600)
            with copy.open("rb") as source, here.open("r+b") as target:
                target.truncate()
                shutil.copyfileobj(source, target)
            return
    fresh = here.with_name(f".condadeps-{here.name}")
    _copy(copy, fresh)
    fresh.replace(here)


def _state(path: Path) -> list[object]:
    """Kind, mode and what tells whether it is the same still: nobody can set a ctime back."""
    found = path.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISLNK(found.st_mode):
        return ["link", mode, str(path.readlink())]
    if stat.S_ISDIR(found.st_mode):
        return ["directory", mode]
    if stat.S_ISREG(found.st_mode):
        return ["file", mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    return ["other", mode]


def _paths(room: Room) -> Iterator[str]:
    for folder, directories, files in os.walk(room.prefix):
        here = Path(folder)
        directories[:] = [
            name
            for name in directories
            if here / name != room.home and not (here == room.prefix and name in _OTHERS)
        ]
        for name in (*directories, *files):
            yield (here / name).relative_to(room.prefix).as_posix()


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _copy(source: Path, target: Path) -> None:
    if not _cloned(source, target):
        shutil.copyfile(source, target)


def _cloned(source: Path, target: Path) -> bool:
    """Whether the file system made a clone; the first that cannot is not asked again."""
    device = source.stat().st_dev
    if sys.platform != "linux" or device in _WITHOUT_CLONES:
        return False
    import fcntl

    try:
        with source.open("rb") as old, target.open("wb") as new:
            fcntl.ioctl(new, _FICLONE, old.fileno())
            return True
    except OSError:
        _WITHOUT_CLONES.add(device)
        return False


_WITHOUT_CLONES: set[int] = set()
