"""An environment made from nothing: its folder, and its going away when the making fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from condadeps.errors import PrefixError
from condadeps.prefix import lock


@contextmanager
def made(prefix: Path) -> Iterator[None]:
    """Make the folder of a new environment, to be filled inside the block; no folder is left when that fails.

    Enter it before the lock is taken, so that the lock lies where it will stay. What a
    making that was killed left behind is taken for empty: recovery, under the lock, clears
    it. Raises PrefixError when something else is there, or nothing can be.
    """
    try:
        (prefix / "conda-meta" if is_vacant(prefix) else prefix).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PrefixError(
            f"no environment can be made at {prefix}", detail=[str(error)], prefix=str(prefix)
        ) from error
    if not is_vacant(prefix) and not _half_made(prefix):
        raise PrefixError(
            f"no environment is made at {prefix}: there is something there",
            help=f"to change an environment: condadeps install -p {prefix} …",
            prefix=str(prefix),
        )
    try:
        yield
    except BaseException:
        if is_vacant(prefix):
            with suppress(OSError):
                shutil.rmtree(prefix)
        raise


def is_vacant(prefix: Path) -> bool:
    """Whether nothing but condadeps' own folder is at ``prefix``."""
    if not prefix.is_dir():
        return not prefix.exists()
    own = lock.directory(prefix)
    found = list(prefix.iterdir())
    if prefix / "conda-meta" in found:
        found += (prefix / "conda-meta").iterdir()
    return all(entry in (own, prefix / "conda-meta") for entry in found)


def clear(prefix: Path) -> None:
    """Remove all of an environment but condadeps' own folder (the lock is held there). Raises OSError."""
    own = lock.directory(prefix)
    meta = prefix / "conda-meta"
    for entry in [*prefix.iterdir(), *(meta.iterdir() if meta.is_dir() else ())]:
        if entry in (own, meta):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _half_made(prefix: Path) -> bool:
    from condadeps.install.journal import Journal
    from condadeps.install.room import Room

    journal = Journal.read(Room.of(prefix))
    return journal is not None and journal.fresh
