"""Restarting the kernel a notebook runs in, as its front end does: by a request on its control channel."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING

from condadeps.errors import UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_SECONDS = 10.0
"""How long the kernel's answer is waited for: it comes from another thread, at once."""

_BREATH = 0.1
"""Seconds from the end of the cell to the request."""


def restart(shell: InteractiveShell) -> None:
    """Have the kernel of ``shell`` restart as soon as the running cell has ended.

    The kernel is asked by a ``shutdown_request`` with ``restart`` (Jupyter's messaging protocol, 5),
    so that it says goodbye as always; the server that started it then starts it anew. Raises
    UsageError where there is no kernel.
    """
    if getattr(shell, "kernel", None) is None:
        raise UsageError("there is no kernel here to restart", help="leave the program and start it again")

    def ask(result: object) -> None:
        shell.events.unregister("post_run_cell", ask)
        # The cell's own reply goes out first: a kernel that stops drops what it has not sent.
        asyncio.get_running_loop().call_later(_BREATH, _request)

    shell.events.register("post_run_cell", ask)


def _request() -> None:
    from ipykernel.connect import get_connection_file
    from jupyter_client.blocking.client import BlockingKernelClient

    client = BlockingKernelClient(connection_file=get_connection_file())
    client.load_connection_file()
    client.control_channel.start()
    try:
        client.shutdown(restart=True)
        with suppress(Empty):  # it went without a word
            client.get_control_msg(timeout=_SECONDS)
    finally:
        client.stop_channels()
