"""Restarting the kernel a notebook runs in, as its front end does: by a request on its control channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condadeps.errors import UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


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
        _request()

    shell.events.register("post_run_cell", ask)


def _request() -> None:
    from ipykernel.connect import get_connection_file
    from jupyter_client.blocking.client import BlockingKernelClient

    client = BlockingKernelClient(connection_file=get_connection_file())
    client.load_connection_file()
    client.control_channel.start()
    client.shutdown(restart=True)
