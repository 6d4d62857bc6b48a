"""A process that must not outlive the one that started it."""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def follow(parent: int, with_signal: signal.Signals) -> None:
    """Have this process get ``with_signal`` when ``parent`` dies, however that dies (Linux; no-op elsewhere).

    It stays so over an ``exec``.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    except (OSError, AttributeError):
        return  # another libc: the parent tells us, when it can
    if os.getppid() != parent:  # it died before it could be followed
        os.kill(os.getpid(), with_signal)
