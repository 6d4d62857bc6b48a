"""One change at a time: the lock that whoever changes an environment holds, and whoever waits can read about.

The lock is the operating system's (``flock``), on ``conda-meta/condadeps/lock``, or on
``.condadeps/lock`` where there is no ``conda-meta``: it ends with the process that holds it,
however that ends. Beside it lies ``holder.json``, for whoever waits: it tells and does not lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from condadeps.errors import CancelledError, FrozenError, LockedError, PrefixError
from condadeps.prefix import guards
from condadeps.prefix.own import directory
from condadeps.show.reporter import Reporter, Silent
from condadeps.values import dataclass

QUIET_SECONDS = 1.0
"""How long to wait before saying so."""
_POLL_SECONDS = 0.1
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as they wrote it down."""

    pid: int
    user: str
    host: str
    since: float
    """Seconds since the epoch."""

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}"


def holder(prefix: Path) -> Holder | None:
    """Who says that they hold the lock; None when nobody does, or when they died on this machine."""
    try:
        told = Holder(**json.loads((directory(prefix) / "holder.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return told if told.host != _host() or _lives(told.pid) else None


def at_work(prefix: Path) -> Holder | None:
    """Who changes ``prefix`` at this moment; None when the lock is free. Waits for nobody.

    Unlike :func:`holder` this asks the lock itself: a word left behind by one who died counts for nothing.
    """
    from filelock import FileLock, Timeout

    try:
        FileLock(directory(prefix) / "lock", thread_local=False).acquire(blocking=False).lock.release()
    except Timeout:
        return holder(prefix) or Holder(0, "somebody", "this machine", time.time())
    except OSError:  # it is not this user's to lock
        return holder(prefix)
    return None


@contextmanager
def hold(
    prefix: Path,
    timeout: float,
    reporter: Reporter | None = None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Path]:
    """Hold the lock of ``prefix``; gives its directory.

    Waits at most ``timeout`` seconds, and says for whom through ``reporter`` after one. Raises
    LockedError when that was not enough, CancelledError when ``cancelled`` came true meanwhile,
    PrefixError when there can be no lock.
    """
    from filelock import FileLock

    place = _prepared(prefix)
    lock = FileLock(place / "lock", mode=_mode(prefix, 0o666), thread_local=False)
    _acquire(lock.acquire, prefix, timeout, reporter or Silent(), cancelled)
    try:
        _sign(place, prefix)
        yield place
    finally:
        with contextlib.suppress(OSError):
            (place / "holder.json").unlink()
        lock.release()


def _acquire(
    acquire: Callable[..., object],
    prefix: Path,
    timeout: float,
    reporter: Reporter,
    cancelled: Callable[[], bool],
) -> None:
    import filelock

    started = time.monotonic()
    said = False
    while True:
        try:
            acquire(blocking=False)
            return
        except filelock.Timeout:
            pass
        except OSError as error:
            if error.errno in _DENIED:  # the lock lies there already, another user's
                raise _read_only(prefix, error) from error
            raise PrefixError(
                f"{prefix} cannot be locked", detail=[str(error)], prefix=str(prefix)
            ) from error
        waited = time.monotonic() - started
        if cancelled():
            raise CancelledError("interrupted while waiting for another change; nothing was changed")
        if waited >= timeout:
            raise _locked(prefix, waited)
        if waited >= min(QUIET_SECONDS, timeout / 2) and not said:
            reporter.notice(f"waiting for {_who(prefix)} to finish a change to {prefix}")
            said = True
        time.sleep(min(_POLL_SECONDS, max(0.0, timeout - waited)))


def _locked(prefix: Path, waited: float) -> LockedError:
    who = holder(prefix)
    return LockedError(
        f"{prefix} is being changed by {_who(prefix)}",
        detail=[f"waited {waited:.0f} s"],
        help="try again when that is done",
        prefix=str(prefix),
        waited=round(waited, 1),
        holder=asdict(who) if who else None,
    )


def _who(prefix: Path) -> str:
    who = holder(prefix)
    return str(who) if who else "another process"


def _prepared(prefix: Path) -> Path:
    """The lock's directory, writable for whoever may write to the prefix."""
    place = directory(prefix)
    try:
        place.mkdir(exist_ok=True)
        with contextlib.suppress(PermissionError):
            # Not the umask but the prefix says who shares it; setgid keeps the group's files the group's.
            place.chmod(_mode(prefix, 0o777) | (prefix.stat().st_mode & stat.S_ISGID))
    except OSError as error:
        raise _read_only(prefix, error) from error
    return place


def _read_only(prefix: Path, error: OSError) -> PrefixError:
    return PrefixError(
        f"the environment {prefix} is read-only for you",
        detail=[str(error), *_owners_word(prefix)],
        help="condadeps create -p DIR … makes an environment of your own",
        prefix=str(prefix),
    )


def _owners_word(prefix: Path) -> Sequence[str]:
    """What the owner of a frozen environment has to say: where to go instead, perhaps."""
    try:
        guards.frozen(prefix)
    except FrozenError as error:
        return error.detail
    return ()


def _mode(prefix: Path, most: int) -> int:
    """``most``, less what the prefix itself denies to group and others."""
    open_to = prefix.stat().st_mode
    group = 0o070 if open_to & stat.S_IWGRP else 0o050
    others = 0o007 if open_to & stat.S_IWOTH else 0o005
    return most & (0o700 | group | others)


def _sign(place: Path, prefix: Path) -> None:
    text = json.dumps(asdict(Holder(os.getpid(), _user(), _host(), time.time())))
    path, draft = place / "holder.json", place / f".holder.{os.getpid()}"
    with contextlib.suppress(OSError):  # nobody is locked out for want of a name
        draft.write_text(text, "utf-8")
        draft.chmod(_mode(prefix, 0o666))
        draft.replace(path)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "somebody"


def _host() -> str:
    import platform

    return platform.node()


def _lives(pid: int) -> bool:
    if os.name == "nt":  # os.kill would end it there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
