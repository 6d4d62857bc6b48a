"""Starting an engine's process, when there is a job for it or a little before."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

# There is little to collect in an engine's short life: imports alone went through it dozens of times.
# Run by -c, so that the working directory (a notebook's, perhaps with a requests.py in it)
# is not on the engine's import path. The door's own copy of condadeps is, last.
_START = """\
import gc, sys
gc.set_threshold(100_000)
del sys.path[0]
sys.path.append({root!r})
from condadeps.engine.__main__ import main
main(ahead={ahead!r})
"""

_waiting: tuple[str, subprocess.Popen[bytes]] | None = None
_left: list[subprocess.Popen[bytes]] = []


def ahead() -> None:
    """Start this Python's engine for a job that is likely to come: both sides then import at the same time.

    It changes nothing until it is given one, and ends when this process does.
    """
    global _waiting
    with suppress(OSError):  # told by whoever needs it
        _waiting = sys.executable, _launch(sys.executable, ahead=True)


def engine(python: str) -> subprocess.Popen[bytes]:
    """An engine run by ``python``, to be given a job. Raises OSError when it cannot be started."""
    global _waiting
    waiting, _waiting = _waiting, None
    if waiting is None:
        return _launch(python, ahead=False)
    its_python, process = waiting
    if its_python == python:
        return process
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()  # at the end of its input it leaves; nobody waits for that
    _left.append(process)
    return _launch(python, ahead=False)


def _launch(python: str, *, ahead: bool) -> subprocess.Popen[bytes]:
    # Not by pathlib: the engine would wait while that is imported.
    root = os.path.abspath(f"{__file__}/../../..")  # noqa: PTH100
    return subprocess.Popen(
        [python, "-c", _START.format(root=root, ahead=ahead)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # An Interrupt goes to the whole process group; the engine is told by a cancel instead.
        start_new_session=True,
    )
