"""A stand-in for a gallery: it answers as nbgallery does and writes down what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from tests.launch.certificates import mount

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@dataclass
class FakeGallery:
    """Answers as nbgallery does. ``asked`` is what browsers asked of it: method, path and form."""

    url: str
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    preferences: dict[str, str] = field(default_factory=dict)
    """Paths of settings files and what is in them, as ``/preferences`` was last given."""

    def forms(self, method: str, path: str) -> list[dict[str, list[str]]]:
        """What was sent to ``path`` so far."""
        return [form for how, where, form in self.asked if (how, where) == (method, path)]

    def answer(self, method: str, path: str, form: str) -> tuple[str, str]:
        """The type and the body of an answer."""
        self.asked.append((method, path.partition("?")[0], parse_qs(form)))
        if path.startswith("/notebooks/stars"):
            return "application/json", json.dumps([{"uuid": "0b4e", "title": "A star"}])
        if path.startswith("/notebooks/recently_executed"):
            return "application/json", "[]"
        if path.startswith("/preferences") and method == "POST":
            self.preferences = json.loads(parse_qs(form)["lab_preferences"][0])
        elif path.startswith("/preferences"):
            return "application/json", json.dumps({"lab_preferences": json.dumps(self.preferences)})
        if "/download" in path:
            return "text/plain", json.dumps(NOTEBOOK)
        return ("application/json", "{}") if method == "POST" else ("text/html", "<title>a gallery</title>")


@contextmanager
def standing(directory: Path) -> Iterator[FakeGallery]:
    """One over TLS, on the same site as the server: else today's browsers keep cookies from it."""
    files = mount(directory)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond("")

        def do_POST(self) -> None:
            self._respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _respond(self, form: str) -> None:
            kind, text = fake.answer(self.command, self.path, form)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
            self.send_header("Access-Control-Allow-Credentials", "true")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert_file, files.key_file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    fake = FakeGallery(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
