"""Where condadeps keeps what it fetched: one directory a user, safe to delete at any time."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from condadeps.config import own
from condadeps.errors import SourceError


def cache_root(environ: Mapping[str, str] | None = None) -> Path:
    """The directory of all caches; it need not exist yet.

    ``cache_dir`` of the configuration (``CONDADEPS_CACHE_DIR``), else the platform's cache directory.
    """
    environ = os.environ if environ is None else environ
    if chosen := own(environ).cache_dir:
        return chosen
    if sys.platform not in ("win32", "darwin"):  # what platformdirs does, without the cost of importing it
        base = environ.get("XDG_CACHE_HOME", "")
        root = Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()
        return root / "condadeps"
    import platformdirs

    return Path(platformdirs.user_cache_dir("condadeps", appauthor=False))


def usable(directory: Path) -> Path:
    """``directory``, for what cannot go on without a cache; made when it is not there yet.

    Raises SourceError, saying what moves the cache, when it cannot be written; OSError for a full disk.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SourceError(
            f"the cache {directory} cannot be written: {error.strerror}",
            help="name another directory in CONDADEPS_CACHE_DIR",
            url="",
            status=None,
        ) from error
    return directory


def read_bytes(path: Path) -> bytes | None:
    """The content of a cached file, None when it is not there or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def write_bytes(path: Path, content: bytes) -> bool:
    """Put a file into the cache: whole or not at all, readable by this user only.

    Whether it was written: a cache that cannot be written (read-only home, full disk) is no error.
    """
    import tempfile  # what it imports is slow, and a warm run writes nothing

    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return False
    return True
