"""The five channels of a kernel (Jupyter's messaging protocol, 5), from either side.

A connection file may hold CurveZMQ keys (the kernelspec says whether the kernel understands them): then
both ends of every socket here are encrypted by them, as the kernel's own would be.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

NAMES = ("shell", "control", "stdin", "iopub", "hb")
_LINGER = 1000
"""Milliseconds in which what was said last still goes out, as with ipykernel."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What a connection file says."""

    info: Mapping[str, Any]

    @staticmethod
    def read(path: Path) -> Connection:
        """The connection of a file. Raises OSError or ValueError for none."""
        info = json.loads(path.read_text("utf-8"))
        if not isinstance(info, dict) or not all(f"{name}_port" in info for name in NAMES):
            raise ValueError(f"{path} is no connection file")
        return Connection(info)

    @property
    def key(self) -> bytes:
        """What messages are signed with."""
        return str(self.info.get("key", "")).encode()

    @property
    def signature_scheme(self) -> str:
        """How."""
        return str(self.info.get("signature_scheme", "hmac-sha256"))

    def address(self, name: str) -> str:
        """zmq's address of one channel."""
        transport, ip, port = self.info.get("transport", "tcp"), self.info["ip"], self.info[f"{name}_port"]
        return f"{transport}://{ip}{':' if transport == 'tcp' else '-'}{port}"

    def private(self, directory: Path) -> tuple[Connection, Path]:
        """A connection of the same key, kind and encryption for this machine alone, and its file.

        ``directory`` must be nobody else's: the file holds the key.
        """
        if self.info.get("transport", "tcp") == "ipc":
            where: dict[str, Any] = {"ip": str(directory / "kernel")}
            ports = list(range(1, len(NAMES) + 1))
        else:
            where = {"ip": "127.0.0.1"}
            ports = _free_ports(len(NAMES))
        where |= {f"{name}_port": port for name, port in zip(NAMES, ports, strict=True)}
        connection = Connection({**self.info, **where})
        path = directory / "kernel.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(connection.info, file)
        return connection, path


def _free_ports(count: int) -> list[int]:
    """Ports that are free now; they are all held until all are known, so that they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


Socket = Any  # zmq.Socket[bytes]; its stubs differ between versions


def bound(context: Any, connection: Connection) -> dict[str, Socket]:
    """The kernel's side, as its front ends know it. Raises zmq.ZMQError when a port is taken."""
    kinds = {"iopub": zmq.PUB}
    sockets = {name: _socket(context, kinds.get(name, zmq.ROUTER)) for name in NAMES}
    for name, one in sockets.items():
        if keys := _keys(connection):
            one.curve_secretkey, one.curve_publickey = keys
            one.curve_server = True
        if name != "iopub":
            one.router_handover = 1  # a client that reconnects under its old name is the same client
        one.bind(connection.address(name))
    return sockets


def connected(context: Any, connection: Connection, identity: bytes) -> dict[str, Socket]:
    """The client's side. A kernel asks for input where the request came from: one ``identity`` for all."""
    kinds = {"iopub": zmq.SUB}
    sockets = {name: _socket(context, kinds.get(name, zmq.DEALER)) for name in NAMES}
    for name, one in sockets.items():
        if keys := _keys(connection):
            one.curve_secretkey, one.curve_publickey = keys
            one.curve_serverkey = keys[1]
        if name == "iopub":
            one.subscribe(b"")
        elif name != "hb":
            one.identity = identity
        one.connect(connection.address(name))
    return sockets


def _socket(context: Any, kind: int) -> Socket:
    one = context.socket(kind)
    one.linger = _LINGER
    # Nothing waits for, or is lost to, a reader that is slow: the kernel's own limits are its own affair.
    one.sndhwm = one.rcvhwm = 0
    return one


def _keys(connection: Connection) -> tuple[bytes, bytes] | None:
    secret, public = (connection.info.get(f"curve_{which}key") for which in ("secret", "public"))
    return (str(secret).encode(), str(public).encode()) if secret and public else None
