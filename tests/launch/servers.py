"""Real servers, started by the launcher's own files in util/, as a user who is not root."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SECURE = ROOT / "util" / "jupyter-notebook-secure"
INSECURE = ROOT / "util" / "jupyter-notebook-insecure-for-testing-only"
TOKEN = "c0ffee-a-given-token-c0ffee"
PATIENCE = 90
"""Seconds a server may take to answer on a busy machine."""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def as_user(command: Sequence[str | Path], network: bool = False) -> list[str]:
    """``command`` as a user who is not root: root's tests run it as uid 1000 of a user namespace.

    ``network`` gives it a network of its own, where it has no capability either.
    """
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    spaces = ["--user", "--map-user=1000", "--map-group=100", *(["--net"] if network else [])]
    return ["unshare", *spaces, *words]


def environ(jupyter: Path, home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What a container would give: a PATH with Jupyter's directory first, a home, and ``more``."""
    path = os.pathsep.join([str(jupyter / "bin"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **more}


def launch(
    jupyter: Path, home: Path, *arguments: str, program: Path = SECURE, **more: str
) -> subprocess.CompletedProcess[str]:
    """Runs a launch that is expected to end by itself; its words are in ``stderr``."""
    return subprocess.run(
        as_user([program, *arguments]),
        env=environ(jupyter, home, more),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True)
class Answer:
    """What curl got: the status, all headers in order, the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str | None:
        """The last header of that name; None when there is none, or an empty one."""
        found = [value for key, value in self.headers if key == name.lower() and value]
        return found[-1] if found else None

    def cookies(self) -> list[str]:
        return [value for key, value in self.headers if key == "set-cookie"]


@dataclass(frozen=True)
class Server:
    """A running server. ``said`` is everything it and its launcher wrote so far."""

    scheme: str
    port: int
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def curl(self, path: str, *options: str, token: str | None = None, origin: str | None = None) -> Answer:
        """The answer to ``path``, without following it anywhere."""
        words = ["curl", "--silent", "--show-error", "--insecure", "--include", "--noproxy", "*", *options]
        words += ["--header", f"Authorization: token {token}"] if token else []
        words += ["--header", f"Origin: {origin}"] if origin else []
        done = subprocess.run([*words, self.url(path)], capture_output=True, timeout=PATIENCE, check=True)
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        first, *lines = head.splitlines()
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        return Answer(int(first.split()[1]), headers, body)

    def log_in(self, jar: Path, token: str) -> str:
        """Logs in as a browser does, cookies into ``jar``; the XSRF token it was given."""
        self.curl("/login", "--cookie-jar", str(jar), "--cookie", str(jar))
        xsrf = cookie(jar, "_xsrf")
        form = ["--data-urlencode", f"_xsrf={xsrf}", "--data-urlencode", f"password={token}"]
        answer = self.curl("/login?next=/lab", "--cookie-jar", str(jar), "--cookie", str(jar), *form)
        assert answer.status == 302, answer
        return xsrf


def cookie(jar: Path, name: str) -> str:
    """The value of the cookie ``name`` in curl's ``jar``."""
    for line in jar.read_text().splitlines():
        fields = line.removeprefix("#HttpOnly_").split("\t")
        if len(fields) == 7 and fields[5] == name:
            return fields[6]
    raise AssertionError(f"no cookie {name} in {jar.read_text()}")


@contextlib.contextmanager
def serving(
    jupyter: Path, home: Path, *arguments: str, program: Path = SECURE, scheme: str = "https", **more: str
) -> Iterator[Server]:
    """A server that answers, on a free port unless ``JUPYTER_PORT`` is in ``more``; stopped afterwards."""
    port = int(more.setdefault("JUPYTER_PORT", str(free_port())))
    log = home / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            as_user([program, *arguments]),
            env=environ(jupyter, home, more),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    server = Server(scheme, port, home, log, process)
    try:
        wait_for(server)
        yield server
    finally:
        stop(process)


def wait_for(server: Server, patience: float = PATIENCE) -> None:
    """Returns when the server answers; fails with its log when it ended or does not in time."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        assert server.process.poll() is None, f"it ended:\n{server.said}"
        if listens(server.port, server.scheme == "https"):
            return
        time.sleep(0.1)
    raise AssertionError(f"no answer after {patience} s:\n{server.said}")


def wait_until(done: Callable[[], bool], patience: float = 30) -> None:
    """Returns when ``done`` says so; fails when it does not in time."""
    until = time.monotonic() + patience
    while not done():
        assert time.monotonic() < until, f"not within {patience} s"
        time.sleep(0.1)


def listens(port: int, tls: bool) -> bool:
    """Whether a server answers at ``port``: through a TLS handshake, or as soon as it takes a connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            if tls:
                with context.wrap_socket(connection):
                    return True
            return True
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stops it as an engine does: SIGTERM, and SIGKILL for what is left. Its status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
