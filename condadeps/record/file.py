"""A text file that several processes change: locked, replaced in one step, never half-written."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from condadeps.errors import RecordError
from condadeps.values import dataclass

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another process that writes the same file: writing takes milliseconds."""

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Read:
    """A file as it was read; ``text`` is None when there is none."""

    text: str | None
    state: tuple[int, int, int] | None = None
    """What changes when somebody else writes it: inode, time of change (ns), size."""
    bom: bool = False


def real(path: Path) -> Path:
    """The file itself when ``path`` is a link, absolute; it need not exist."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise RecordError(f"{path} cannot be reached: {error}", path=str(path)) from None


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep other processes of this user from writing ``path``. The lock leaves nothing beside the file."""
    import hashlib

    import filelock

    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32] + ".lock"
    with contextlib.ExitStack() as stack:
        for directory in _lock_directories():
            try:
                directory.mkdir(parents=True, exist_ok=True)
                stack.enter_context(filelock.FileLock(directory / name, timeout=LOCK_TIMEOUT))
            except filelock.Timeout:
                raise RecordError(
                    f"{path} is being written by another process, for {LOCK_TIMEOUT:.0f} s now",
                    path=str(path),
                ) from None
            except OSError:
                continue  # a home that cannot be written: lock elsewhere, replace() compares anyway
            break
        yield


def _lock_directories() -> tuple[Path, ...]:
    import tempfile

    from condadeps.sources.cache import cache_root

    user = getattr(os, "getuid", lambda: "user")()
    return cache_root() / "locks", Path(tempfile.gettempdir()) / f"condadeps-locks-{user}"


def read(path: Path, most: int) -> Read:
    """The text of ``path``, line ends as they are.

    Raises RecordError when it is not UTF-8, has more than ``most`` bytes or cannot be read.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > most:
                raise RecordError(f"{path} is too large for an environment file", path=str(path))
            content = file.read(most + 1)
    except FileNotFoundError:
        return Read(None)
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}", path=str(path)) from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordError(f"{path} is not UTF-8 text", path=str(path)) from None
    return Read(text.removeprefix(_BOM), _state(status), text.startswith(_BOM))


def replace(path: Path, before: Read, text: str) -> bool:
    """Put ``text`` in the place of what was read; False, nothing done, when it changed since.

    Raises RecordError when it cannot be written.
    """
    import tempfile

    if path.exists() and not os.access(path, os.W_OK):
        raise RecordError(f"{path} is read-only", help="another file: --env-file FILE", path=str(path))
    content = ((_BOM if before.bom else "") + text).encode("utf-8")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode(path))
        if _state_of(path) != before.state:
            return False
        Path(temporary).replace(path)
        temporary = ""
        return True
    except OSError as error:
        raise RecordError(
            f"{path} cannot be written: {error.strerror}",
            help="another place: --env-file FILE; none: --no-record",
            path=str(path),
        ) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def put(path: Path, text: str) -> None:
    """Make ``text`` the whole of ``path``, whatever was there. Raises RecordError when that cannot be."""
    path = real(path)
    with hold(path):
        for _ in range(8):
            if replace(path, Read(None, _state_of(path)), text):
                return
    raise RecordError(f"{path} keeps changing while it is written", path=str(path))


def _mode(path: Path) -> int:
    """The mode the file has, or that a new one would have."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        return _state(path.stat())
    except OSError:
        return None


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size
