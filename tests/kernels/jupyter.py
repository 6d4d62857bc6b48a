"""A real Jupyter server in a process of its own, and a front end's way to its kernels: REST, a websocket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from queue import Empty
from typing import Any

import requests
import websocket

from tests.kernels.live import Running
from tests.launch.servers import free_port

_TOKEN = "a-token-for-this-test"
_PATIENCE = 90


@dataclass(frozen=True)
class Server:
    """One that answers."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """Its address, for a browser."""
        return f"http://127.0.0.1:{self.port}"

    def token(self) -> str:
        """What opens it."""
        return _TOKEN

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """A REST call's answer; None when there is no such thing (404)."""
        answer = requests.request(
            method,
            f"{self.url}/api/{path}",
            json=body,
            headers={"Authorization": f"token {_TOKEN}"},
            timeout=60,
        )
        if answer.status_code == 404:
            return None
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def session(self, kernel: str) -> str:
        """Open a notebook with that kernel, as a front end does; the kernel's id."""
        name = f"{uuid.uuid4().hex}.ipynb"
        body = {"kernel": {"name": kernel}, "name": name, "path": name, "type": "notebook"}
        return str(self.ask("POST", "sessions", body)["kernel"]["id"])

    def state(self, kernel_id: str) -> str | None:
        """``busy``, ``idle`` … as the server has it; None when it has no such kernel any more."""
        told = self.ask("GET", f"kernels/{kernel_id}")
        return None if told is None else str(told["execution_state"])

    @contextmanager
    def front_end(self, kernel_id: str) -> Iterator[Running]:
        """A notebook's connection to the kernel."""
        channels = Channels(f"ws://127.0.0.1:{self.port}/api/kernels/{kernel_id}/channels")
        try:
            yield Running(None, channels)
        finally:
            channels.close()


class Channels:
    """A kernel's channels through the server's websocket, with the names of jupyter_client's client."""

    def __init__(self, url: str) -> None:
        self._session = uuid.uuid4().hex
        self._socket = websocket.create_connection(
            f"{url}?session_id={self._session}",
            timeout=_PATIENCE,
            header=[f"Authorization: token {_TOKEN}"],
            http_no_proxy=["127.0.0.1"],
        )
        self._came: dict[str, deque[dict[str, Any]]] = defaultdict(deque)

    def send(self, kind: str, content: object, channel: str = "shell") -> str:
        """Send a message; its id."""
        sent = uuid.uuid4().hex
        header = {
            "msg_id": sent,
            "msg_type": kind,
            "session": self._session,
            "username": "",
            "version": "5.3",
            "date": datetime.now(timezone.utc).isoformat(),
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps({**message, "channel": channel, "buffers": []}))
        return sent

    def execute(self, code: str, **how: Any) -> str:
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return self.send("execute_request", {**content, "allow_stdin": True, "stop_on_error": True, **how})

    def kernel_info(self) -> str:
        return self.send("kernel_info_request", {})

    def get_shell_msg(self, timeout: float) -> dict[str, Any]:
        return self._next("shell", timeout)

    def get_iopub_msg(self, timeout: float) -> dict[str, Any]:
        return self._next("iopub", timeout)

    def close(self) -> None:
        self._socket.close()

    def _next(self, channel: str, timeout: float) -> dict[str, Any]:
        """The channel's next message. Raises Empty when none comes in time."""
        end = time.monotonic() + timeout
        while not self._came[channel]:
            left = end - time.monotonic()
            if left <= 0:
                raise Empty
            self._socket.settimeout(left)
            try:
                message = json.loads(self._socket.recv())
            except websocket.WebSocketTimeoutException:
                raise Empty from None
            self._came[message["channel"]].append(message)
        return self._came[channel].popleft()


@contextmanager
def serving(jupyter: Path, directory: Path, *options: str) -> Iterator[Server]:
    """A server of the environment ``jupyter`` in ``directory``, with its own settings but for ``options``."""
    port, log = free_port(), directory / f"server-{uuid.uuid4().hex}.log"
    command = [
        *(str(jupyter / "bin" / "python"), "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={_TOKEN}", f"--ServerApp.root_dir={directory}", *options),
    ]
    with log.open("wb") as stream:
        running = subprocess.Popen(command, stdout=stream, stderr=stream, env=environ(), cwd=directory)
    server = Server(port, running.pid, log)
    try:
        _wait_for(server, running)
        yield server
    finally:
        running.send_signal(signal.SIGTERM)  # it shuts its kernels down
        try:
            running.wait(_PATIENCE)
        finally:
            running.kill()
            print(log.read_text("utf-8", "replace"), file=sys.stderr)


def environ() -> dict[str, str]:
    """What a program of that environment gets."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return {name: value for name, value in ours.items() if name not in ("VIRTUAL_ENV", "JPY_PARENT_PID")}


def _wait_for(server: Server, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        assert running.poll() is None, server.log.read_text("utf-8", "replace")
        try:
            server.ask("GET", "status")
            return
        except requests.ConnectionError:
            assert time.monotonic() < end, server.log.read_text("utf-8", "replace")
            time.sleep(0.1)
