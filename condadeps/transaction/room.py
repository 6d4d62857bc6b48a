"""Where a transaction keeps what it needs: one folder inside the environment it changes.

Inside it, so that staging and putting in place are renames on one file system and never
copies. conda's own files are not touched: it reads ``conda-meta/*.json`` and ``history``.

    conda-meta/condadeps/           (``.condadeps/`` in an environment that is not conda's)
        current/                    the change at work; gone when nothing is half-done
            journal.json            what was, what will be
            tree-0/ tree-1/         what will be put in place, laid out as in the environment
            kept-0/ kept-1/         what was displaced, by number
            pip/ wheels/ …          pip's staging
        past/                       one file per finished change, oldest first
"""

from __future__ import annotations

import os
from pathlib import Path

from condadeps.prefix import own
from condadeps.values import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """The paths of one environment's transaction folder; nothing is made until :meth:`make`."""

    prefix: Path
    home: Path

    @staticmethod
    def of(prefix: Path) -> Room:
        """The room of ``prefix``, beside its lock."""
        return Room(prefix, own.directory(prefix))

    @property
    def current(self) -> Path:
        """The change at work."""
        return self.home / "current"

    @property
    def journal(self) -> Path:
        """Written whole before the first change; the only evidence recovery needs."""
        return self.current / "journal.json"

    @property
    def past(self) -> Path:
        """One file per finished change."""
        return self.home / "past"

    def tree(self, wave: int) -> Path:
        """What the ``wave``-th set of changes puts in place."""
        return self.current / f"tree-{wave}"

    def kept(self, wave: int) -> Path:
        """What the ``wave``-th set of changes displaced, by number."""
        return self.current / f"kept-{wave}"

    def make(self) -> None:
        """A new, empty ``current``. Raises OSError, such as for a read-only environment."""
        self.current.mkdir(parents=True)
        self.tree(0).mkdir()
        self.tree(1).mkdir()
        self.tree(2).mkdir()

    def sweep(self) -> None:
        """Forget the change at work: nothing in ``current`` is needed any more.

        Renamed away first, so that a sweep cut short is never read as a change at work.
        """
        import shutil  # a plan, which looks here too, needs none of what it imports

        if self.current.exists():
            self.current.rename(self.home / f"trash-{os.urandom(4).hex()}")
        if self.home.exists():
            for trash in self.home.glob("trash-*"):
                shutil.rmtree(trash, ignore_errors=True)

    def clear_around(self) -> None:
        """Remove all of the environment but condadeps' own folder, where the lock is held. Raises OSError."""
        import shutil

        meta = self.prefix / "conda-meta"
        for entry in [*self.prefix.iterdir(), *(meta.iterdir() if meta.is_dir() else ())]:
            if entry in (self.home, meta):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def write_durably(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, whole or not at all, and have it reach the disk first."""
    fresh = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def flush(folder: Path) -> None:
    """Have everything written to the file system of ``folder`` reach the disk."""
    if os.name != "posix":
        return
    import ctypes

    sync_one = getattr(ctypes.CDLL(None), "syncfs", None)  # Linux; no other file system is waited for
    if sync_one is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync_one(descriptor)
    finally:
        os.close(descriptor)
