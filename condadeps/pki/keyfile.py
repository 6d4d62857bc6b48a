"""A file for what can only be told a path: the TLS of Python, and pip. It dies with the process that made it.

On Linux it has no name on any disk: it is memory of this process (``memfd_create``), reached below ``/proc``
by this user's processes only, and the kernel frees it however the process ends. Elsewhere it is a file of
mode 0600 in a directory of its own, removed when the work is done; what a kill leaves behind, the next engine
sweeps.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps.sources.cache import cache_root, usable

if TYPE_CHECKING:
    from filelock import FileLock

_LOCK = "in-use"
_PREFIX = "held-"


class KeyFile:
    """One file with ``content``, until :meth:`close` or the end of the process."""

    def __init__(self, content: str, *, in_memory: bool = True, below: Path | None = None) -> None:
        """``in_memory`` where the system can; ``below``: the directory for those on a disk."""
        self._descriptor: int | None = None
        self._directory: Path | None = None
        self._lock: FileLock | None = None
        self.path = self._memory(content) if in_memory else None
        """Where it is."""
        if self.path is None:
            self.path = self._disk(content, below or place())

    def close(self) -> None:
        """Nothing of it is left."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._directory is not None:
            import shutil

            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _memory(self, content: str) -> str | None:
        if not hasattr(os, "memfd_create"):
            return None
        try:
            descriptor = os.memfd_create("condadeps", os.MFD_CLOEXEC)
        except OSError:
            return None
        path = f"/proc/{os.getpid()}/fd/{descriptor}"
        try:
            os.fchmod(descriptor, 0o600)
            with os.fdopen(os.dup(descriptor), "wb") as stream:
                stream.write(content.encode())
            if Path(path).read_text("utf-8") == content:  # not where /proc is hidden
                self._descriptor = descriptor
                return path
        except OSError:
            pass
        os.close(descriptor)
        return None

    def _disk(self, content: str, below: Path) -> str:
        import tempfile

        from filelock import FileLock

        usable(below)
        with _nobody_sweeps(below):
            directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=below))  # of mode 0700
            self._directory = directory
            # Given back by the system however this process ends: what can be locked may be swept.
            self._lock = FileLock(directory / _LOCK, mode=0o600, thread_local=False)
            self._lock.acquire(blocking=False)
        path = directory / "certificate.pem"
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(content)
        return str(path)


def place() -> Path:
    """Where files on a disk are: in memory too, where the system has a directory for what lasts a session."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(runtime).is_absolute() and os.access(runtime, os.W_OK | os.X_OK):
        return Path(runtime, "condadeps")
    return cache_root() / "pki"


def sweep(below: Path | None = None) -> None:
    """Remove what processes that were killed have left; what is in use stays."""
    below = below or place()
    if not any(below.glob(f"{_PREFIX}*")):
        return
    import shutil

    from filelock import FileLock, Timeout  # slow to import, and every engine looks here

    with contextlib.suppress(OSError), _nobody_sweeps(below):
        for directory in below.glob(f"{_PREFIX}*"):
            lock = FileLock(directory / _LOCK, mode=0o600, thread_local=False)
            with contextlib.suppress(Timeout, OSError):
                lock.acquire(blocking=False)
                shutil.rmtree(directory, ignore_errors=True)
                lock.release()


def _nobody_sweeps(below: Path) -> FileLock:
    """Between a directory and its lock there is a moment in which it looks left behind."""
    from filelock import FileLock

    return FileLock(below / "making", timeout=10, mode=0o600, thread_local=False)
