"""What the kernelspec of a kernel that installs itself runs: the kernel if it is there, else the wait for it.

This file and what it loads first is on the way of every start: nothing heavy here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from condadeps.errors import CondadepsError
from condadeps.kernels import activation, offered, parent, place
from condadeps.kernels.definition import Definition

# By -c, so that the notebook's directory (perhaps with a zmq.py in it) is not on the import path.
_CODE = (
    "import sys; sys.path[:] = [one for one in sys.path if one]; "
    "from condadeps.kernels.{module} import main; main()"
)
FOLLOW = "--follow"
"""Followed by a process's id: start the kernel itself, and end with that process."""


def command(module: str, words: Sequence[str]) -> list[str]:
    """The command that runs ``main`` of one of this package's modules with ``words``."""
    return [sys.executable, "-c", _CODE.format(module=module), *words]


def main() -> None:
    """``NAME CONNECTION_FILE [--follow PID]``; never returns."""
    name, connection_file, *how = sys.argv[1:]
    follow = int(how[1]) if how[:1] == [FOLLOW] else None
    definition: Definition | None = None
    problem: CondadepsError | None = None
    try:
        definition = offered.find(name)
        prefix = place.prefix(name)
        if follow is not None or place.is_installed(prefix):
            become(definition, prefix, connection_file, follow=follow)
    except CondadepsError as error:
        problem = error
    if follow is not None:
        print(f"condadeps: {problem}", file=sys.stderr)
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until it is heeded
    try:
        from condadeps.kernels.waiting import wait
    except ImportError as error:
        sys.exit(
            f"condadeps: the kernel {name} is not installed yet, and cannot be from here: {error}\n{HELP}"
        )
    sys.exit(wait(name, definition, Path(connection_file), problem))


HELP = f"help: {sys.executable} -m pip install jupyter_client"


def become(definition: Definition, prefix: Path, connection_file: str, *, follow: int | None = None) -> None:
    """Become the kernel itself. Raises PrefixError when its program is not there."""
    own = {name: definition.filled(value, prefix) for name, value in definition.env.items()}
    variables = activation.environment(prefix, own)
    argv = [definition.filled(word, prefix, connection_file) for word in definition.argv]
    whole = activation.command(prefix, argv, variables)
    if follow is not None:
        # A group of its own: whoever started it passes signals on, once.
        os.setpgid(0, 0)
        parent.follow(follow, signal.SIGKILL)
        variables["JPY_PARENT_PID"] = str(follow)
    os.execve(whole[0], whole, variables)
