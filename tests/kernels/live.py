"""One kernel under jupyter_client's client, with all it says kept: what nbclient does not show."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager


class Running:
    """A kernel that was started, and its client."""

    def __init__(self, manager: KernelManager, client: Any) -> None:
        self.manager = manager
        self.client = client
        self.said: list[dict[str, Any]] = []
        """All that was published, in order."""

    @property
    def pid(self) -> int:
        """The kernel's process, as the server knows it."""
        return int(self.manager.provisioner.process.pid)  # type: ignore[union-attr]

    def execute(self, code: str, **how: Any) -> str:
        """Send a cell; returns its message's id."""
        return str(self.client.execute(code, **how))

    def run(self, code: str, timeout: float = 180, **how: Any) -> str:
        """Send a cell, wait for its end, and return all it printed, showed or raised."""
        sent = self.execute(code, **how)
        self.ended(sent, timeout)
        return self.text(sent)

    def listen(self, seconds: float = 0.1) -> None:
        """Take in what was published."""
        try:
            self.said.append(self.client.get_iopub_msg(timeout=seconds))
            while True:
                self.said.append(self.client.get_iopub_msg(timeout=0.02))
        except Empty:
            pass

    def until(self, holds: Callable[[], bool], timeout: float = 180) -> None:
        """Listen until ``holds``."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(f"not in {timeout} s; it said {self.told()}")
            self.listen()

    def ended(self, sent: str, timeout: float = 180) -> None:
        """Wait for the end of the cell ``sent``."""
        self.until(lambda: "idle" in self.states(sent), timeout)

    def of(self, sent: str) -> list[dict[str, Any]]:
        """What was published because of the message ``sent``."""
        return [one for one in self.said if one["parent_header"].get("msg_id") == sent]

    def states(self, sent: str) -> list[str]:
        """``busy``, ``idle`` … of one message."""
        return [one["content"]["execution_state"] for one in self.of(sent) if one["msg_type"] == "status"]

    def kinds(self, sent: str) -> list[str]:
        """The kinds of messages that came of one, without its states."""
        return [one["msg_type"] for one in self.of(sent) if one["msg_type"] != "status"]

    def text(self, sent: str) -> str:
        """All that a cell printed, showed or raised since its output was last cleared."""
        parts: list[str] = []
        cleared = False
        for one in self.of(sent):
            if one["msg_type"] == "clear_output":
                cleared = one["content"]["wait"]
                parts = parts if cleared else []
            elif shown := _text(one["content"]):
                parts = [shown] if cleared else [*parts, shown]
                cleared = False
        return "".join(parts)

    def html(self, sent: str) -> list[str]:
        """Every HTML that was shown, updates too."""
        found = [one["content"].get("data", {}).get("text/html", "") for one in self.of(sent)]
        return [one for one in found if one]

    def told(self) -> list[str]:
        """What was published, for a failing test's eyes."""
        return [f"{one['msg_type']} {str(one['content'])[:200]}" for one in self.said[-12:]]

    def reply(self, sent: str, timeout: float = 30) -> dict[str, Any]:
        """The reply to one shell message."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            one = self.client.get_shell_msg(timeout=timeout)
            if one["parent_header"].get("msg_id") == sent:
                return dict(one["content"])
        raise AssertionError("no reply")


@contextmanager
def started(
    name: str, folder: Path, cwd: Path, env: Mapping[str, str] | None = None, ready: float = 60, **how: Any
) -> Iterator[Running]:
    """The kernel ``name`` of ``folder``, answering; it is shut down at the end."""
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs, **how)
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}
    manager.start_kernel(cwd=str(cwd), env={**ours, **(env or {})})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=ready)
        yield Running(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _text(content: Mapping[str, Any]) -> str:
    if "text" in content:
        return str(content["text"])
    if "traceback" in content:
        return "\n".join(content["traceback"])
    return str(content.get("data", {}).get("text/plain", ""))
