"""An environment made from nothing: its folder, and its going away when the making fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from condadeps.errors import PrefixError
from condadeps.prefix import lock
from condadeps.prefix.own import directory
from condadeps.show.reporter import Reporter
from condadeps.transaction.journal import Journal
from condadeps.transaction.room import Room


@contextmanager
def made(prefix: Path) -> Iterator[None]:
    """Make the folder of a new environment, to be filled inside the block; no folder is left when that fails.

    Enter it before the lock is taken, so that the lock lies where it will stay. What a
    making that was killed left behind is taken for empty: recovery, under the lock, clears
    it. Raises PrefixError when something else is there, or nothing can be.
    """
    try:
        if is_vacant(prefix):
            (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PrefixError(
            f"no environment can be made at {prefix}", detail=[str(error)], prefix=str(prefix)
        ) from error
    if not is_free(prefix):
        raise taken(prefix)
    try:
        yield
    except BaseException:
        if is_vacant(prefix):
            with suppress(OSError):
                shutil.rmtree(prefix)
        raise


def taken(prefix: Path) -> PrefixError:
    """What is said when something is at ``prefix`` already, an environment or not."""
    if (prefix / "conda-meta").is_dir():
        what, way = "an environment", f"to change it: condadeps install -p {prefix} …"
    else:
        what, way = "something", "-p a directory that is not there yet"
    return PrefixError(
        f"no environment is made at {prefix}: there is {what} already", help=way, prefix=str(prefix)
    )


@contextmanager
def making(
    prefix: Path,
    timeout: float,
    reporter: Reporter | None = None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """:func:`made`, with the new environment's lock held: the counterpart of :func:`lock.hold`."""
    with made(prefix), lock.hold(prefix, timeout, reporter, cancelled=cancelled):
        yield


def is_untouched(prefix: Path) -> bool:
    """Whether nothing at all is at ``prefix``, so that nobody can hold a lock there."""
    return not prefix.exists() or (prefix.is_dir() and not any(prefix.iterdir()))


def is_free(prefix: Path) -> bool:
    """Whether an environment can be made at ``prefix``: nothing is there but what a killed making left."""
    if is_vacant(prefix):
        return True
    journal = Journal.read(Room.of(prefix)) if prefix.is_dir() else None
    return journal is not None and journal.fresh


def is_vacant(prefix: Path) -> bool:
    """Whether nothing but condadeps' own folder is at ``prefix``."""
    if not prefix.is_dir():
        return not prefix.exists()
    own = directory(prefix)
    found = list(prefix.iterdir())
    if prefix / "conda-meta" in found:
        found += (prefix / "conda-meta").iterdir()
    return all(entry in (own, prefix / "conda-meta") for entry in found)
