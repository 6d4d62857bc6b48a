"""A relay on this machine's loopback for what py-rattler's client cannot be told.

Client certificates, CA bundles, unverified TLS and proxies by host are settings of conda's
(through requests) that the engine's own client has no option for. With one of them set, the
engine sends its requests to the relay, which sends them on with requests, as conda would.

Only who knows the relay's secret path can use it: no other user of the machine can borrow the
certificate.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from condadeps.sources import silence
from condadeps.sources.credentials import without_credentials

if TYPE_CHECKING:
    import requests

_CHUNK = 1 << 18
_FORWARDED = ("Accept", "Accept-Encoding", "If-Modified-Since", "If-None-Match", "If-Range", "Range")
_RETURNED = (
    "Accept-Ranges",
    "Age",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Retry-After",
)


class Relay:
    """Stands between the engine's client and the world until :meth:`close`."""

    def __init__(
        self,
        targets: Sequence[str],
        session: Callable[[], requests.Session],
        timeout: tuple[float, float],
    ) -> None:
        """``targets`` are URLs, credentials and all, that relayed requests start with.

        ``session`` makes one session a thread; ``timeout`` is for connecting and between two bytes,
        in seconds.
        """
        self.failures: dict[str, str] = {}
        """Why a target did not answer, by URL without credentials; the engine only sees a 502."""
        self._targets = [target.rstrip("/") for target in targets]
        self._secret = secrets.token_urlsafe(24)
        self._session = session
        self._timeout = timeout
        self._local = threading.local()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="condadeps-relay", daemon=True).start()

    def url(self, target: str) -> str:
        """What to ask for in place of ``target``, one of the targets."""
        number = self._targets.index(target.rstrip("/"))
        return f"http://127.0.0.1:{self._server.server_port}/{self._secret}/{number}/"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def _target(self, path: str) -> str | None:
        """The URL that a request for ``path`` is meant for; None when the secret is not known."""
        _, secret, number, rest = (*path.split("/", 3), "", "", "")[:4]
        if not secrets.compare_digest(secret.encode(), self._secret.encode()):
            return None
        if not number.isdigit() or int(number) >= len(self._targets):
            return None
        return f"{self._targets[int(number)]}/{rest}"

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
        if not hasattr(self._local, "session"):
            self._local.session = self._session()
        session: requests.Session = self._local.session
        return session.request(
            method, url, headers=dict(headers), stream=True, timeout=self._timeout, verify=session.verify
        )


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._relay("GET")

        def do_HEAD(self) -> None:
            self._relay("HEAD")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a request line holds the secret."""

        def _relay(self, method: str) -> None:
            import requests

            url = relay._target(self.path)
            if url is None:
                self.send_error(403)
                return
            headers = {name: self.headers[name] for name in _FORWARDED if name in self.headers}
            # What the caller did not ask to have compressed must not come back compressed.
            headers.setdefault("Accept-Encoding", "identity")
            try:
                response = relay._send(method, url, headers)
            except requests.RequestException as error:
                reason = silence.reason(error)
                relay.failures[without_credentials(url)] = reason
                self._answer(
                    502, {"Content-Type": "text/plain"}, iter([reason.encode()]), len(reason.encode())
                )
                return
            with response:
                kept = {name: response.headers[name] for name in _RETURNED if name in response.headers}
                body = response.raw.stream(_CHUNK, decode_content=False) if method == "GET" else iter(())
                self._answer(response.status_code, kept, body, None)

        def _answer(
            self, status: int, headers: Mapping[str, str], body: Iterator[bytes], length: int | None
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if length is not None:
                self.send_header("Content-Length", str(length))
            elif "Content-Length" not in headers and status not in (204, 304):
                # Without a length only the end of the connection ends the body.
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            try:
                for chunk in body:
                    self.wfile.write(chunk)
            except Exception:
                # Half a body: the caller must see that it is not whole, and only a cut tells.
                self.close_connection = True

    return Handler
