"""A threaded HTTP server for channels and indexes that can be told to misbehave.

    with serve(directory, [Fault("*/repodata*", status=503, times=2)]) as server:
        ... server.url ...
        assert server.paths("GET") == [...]

Speaks HTTP/1.1 with keep-alive, single byte ranges, ETag and Last-Modified, on 200 *and* 304: Python's own
``http.server`` leaves Last-Modified off a 304, which py-rattler's gateway cannot stand
(``Fault(omit=("Last-Modified",))`` does the same on purpose).
"""

from __future__ import annotations

import hashlib
import mimetypes
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

_TYPES = {
    ".conda": "application/octet-stream",
    ".whl": "application/octet-stream",
    ".zst": "application/zstd",
    ".json": "application/json",
    ".metadata": "text/plain",
}
_INDEX = {"index.html": "text/html", "index.json": "application/vnd.pypi.simple.v1+json"}
_CHUNK = 1 << 16


@dataclass
class Fault:
    """What goes wrong with requests whose path matches ``path`` (a glob over the path after the host)."""

    path: str = "*"
    status: int | None = None
    """Answer with this status and ``body``, never looking at the disk."""
    body: bytes | None = None
    """Without ``status``: what is sent instead of the file."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer (``Location`` for a redirect, ``Retry-After`` …)."""
    omit: Sequence[str] = ()
    """Headers left off the answer."""
    delay: float = 0
    """Seconds to wait before answering."""
    cut: int | None = None
    """Close the connection after this many bytes of the body (0: before any, and before the status line)."""
    pace: float = 0
    """Seconds to wait before each 64 kB of the body: a slow download."""
    corrupt: bool = False
    """Flip one bit in the middle of the body; length and headers stay."""
    times: int | None = None
    """How many requests it befalls; None is all."""
    hits: int = 0
    """How many it befell so far."""


@dataclass(frozen=True)
class Hit:
    """One request the server answered."""

    method: str
    path: str
    """As sent, with the query."""
    status: int
    """0 when the connection was closed without an answer."""
    headers: Mapping[str, str]


@dataclass
class Server:
    """A running server. ``faults`` may be changed while it runs; ``hits`` is the log."""

    url: str
    """``http://127.0.0.1:PORT`` and the mount, without a slash at the end."""
    directory: Path
    faults: list[Fault]
    authorization: str | None = None
    """When set, requests whose Authorization header is another get 401."""
    hits: list[Hit] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def paths(self, method: str | None = None) -> list[str]:
        """The paths asked for so far, in order, of one method or all."""
        with self.lock:
            return [hit.path for hit in self.hits if method in (None, hit.method)]

    def forget(self) -> None:
        """Empties the log."""
        with self.lock:
            self.hits.clear()

    def fault_for(self, path: str) -> Fault | None:
        """The first fault that befalls ``path`` now; counts it."""
        with self.lock:
            for fault in self.faults:
                spent = fault.times is not None and fault.hits >= fault.times
                if not spent and fnmatchcase(path, fault.path):
                    fault.hits += 1
                    return fault
        return None


@contextmanager
def serve(
    directory: str | Path,
    faults: Sequence[Fault] = (),
    *,
    mount: str = "/channel",
    port: int = 0,
    authorization: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    """Serves ``directory`` at ``mount`` on 127.0.0.1 while the block runs; with ``tls`` as https://localhost.

    An URL that ends in a slash answers with ``index.html`` or ``index.json`` of that directory.
    """
    with _Listener(("127.0.0.1", port), _Handler) as listener:
        mount = mount.rstrip("/")
        url = f"http://127.0.0.1:{listener.server_address[1]}{mount}"
        if tls is not None:
            url = url.replace("http://127.0.0.1", "https://localhost")
            # The handshake is for the thread of the connection, not for the one that accepts.
            listener.socket = tls.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        listener.described = Server(url, Path(directory), list(faults), authorization)
        listener.mount = mount
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.described
        finally:
            listener.shutdown()
            thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection open must not hold up a test's end
    request_queue_size = 128
    described: Server
    mount: str

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that a client did not end is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ssl.SSLError | ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # a socket, as it came


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """The log is ``Server.hits``."""

    def _answer(self) -> None:
        described = self.server.described
        path = unquote(urlsplit(self.path).path)
        fault = described.fault_for(path) or Fault()
        if fault.delay:
            time.sleep(fault.delay)
        if described.authorization and self.headers.get("Authorization") != described.authorization:
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="test"'}, fault)
        elif fault.status is not None:
            self._send(fault.status, fault.body or b"", {}, fault)
        else:
            self._send_file(path, fault)

    def _send_file(self, path: str, fault: Fault) -> None:
        found = self._find(path)
        if found is None:
            self._send(404, b"", {}, fault)
            return
        file, kind = found
        body = file.read_bytes() if fault.body is None else fault.body
        if fault.corrupt and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        modified = int(file.stat().st_mtime)
        headers = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Last-Modified": formatdate(modified, usegmt=True),
            "Cache-Control": "max-age=0",
        }
        if self._unchanged(headers["ETag"], modified):
            self._send(304, b"", headers, fault)
            return
        headers |= {"Content-Type": kind, "Accept-Ranges": "bytes"}
        span = self._range(len(body))
        if span is None:
            self._send(200, body, headers, fault)
        elif span.start >= span.stop:
            self._send(416, b"", {"Content-Range": f"bytes */{len(body)}"}, fault)
        else:
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{len(body)}"
            self._send(206, body[span.start : span.stop], headers, fault)

    def _find(self, path: str) -> tuple[Path, str] | None:
        if not path.startswith(self.server.mount + "/"):
            return None
        relative = path[len(self.server.mount) + 1 :]
        if ".." in relative.split("/"):
            return None
        file = self.server.described.directory / relative
        if file.is_dir() and (path.endswith("/") or not relative):
            indexes = [(file / name, kind) for name, kind in _INDEX.items() if (file / name).is_file()]
            return indexes[0] if indexes else None
        if not file.is_file():
            return None
        guessed = mimetypes.guess_type(file.name)[0]
        return file, _TYPES.get(file.suffix) or guessed or "application/octet-stream"

    def _unchanged(self, etag: str, modified: int) -> bool:
        known = self.headers.get("If-None-Match")
        if known is not None:
            return etag in known or known.strip() == "*"
        since = self.headers.get("If-Modified-Since")
        try:
            return since is not None and parsedate_to_datetime(since).timestamp() >= modified
        except ValueError:
            return False

    def _range(self, size: int) -> range | None:
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes=") or "," in asked:
            return None
        first, _, last = asked[len("bytes=") :].strip().partition("-")
        if not first:
            return range(max(0, size - int(last)), size)
        return range(int(first), min(size, int(last) + 1) if last else size)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], fault: Fault) -> None:
        cut = fault.cut is not None and status != 304
        self._log(0 if cut and fault.cut == 0 else status)
        if cut and fault.cut == 0:
            self._hang_up()
            return
        self.send_response(status)
        omitted = {name.lower() for name in fault.omit}
        given = {**headers, "Content-Length": str(len(body)), **fault.headers}
        if status == 304:
            del given["Content-Length"]
        for name, value in given.items():
            if name.lower() not in omitted:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(body) if fault.cut is None else fault.cut
        try:
            for start in range(0, end, _CHUNK):
                if fault.pace:
                    time.sleep(fault.pace)
                self.wfile.write(body[start : min(end, start + _CHUNK)])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            return
        if end < len(body):
            self._hang_up()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _log(self, status: int) -> None:
        described = self.server.described
        with described.lock:
            described.hits.append(Hit(self.command, self.path, status, dict(self.headers.items())))
