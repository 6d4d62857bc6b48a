"""A container of the image, on the host's network and a port of its own."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.image.podman import podman, run_options, variables

DEFAULTS = (443, 8443)
"""Ports that the launcher takes by itself."""
PATIENCE = 120
"""Seconds a server may take to answer; machines that test are busy."""


@dataclass(frozen=True)
class Container:
    """One container."""

    id: str
    port: int
    """Where its server listens, unless told otherwise."""

    @property
    def url(self) -> str:
        """The server's address."""
        return f"https://127.0.0.1:{self.port}"

    def logs(self) -> str:
        """What it has printed so far, both streams."""
        done = podman("logs", self.id)
        return done.stdout + done.stderr

    def exec(
        self, *words: str, user: str | None = None, check: bool = True, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, with the image's environment."""
        return podman(
            "exec", *(["--user", user] if user else []), self.id, *words, check=check, timeout=timeout
        )

    def wait(self, patience: float = PATIENCE) -> float:
        """Wait until the server answers; the seconds that took. Raises RuntimeError with the log."""
        started = time.monotonic()
        while time.monotonic() - started < patience:
            try:
                self.get("/api")
                return time.monotonic() - started
            except (OSError, urllib.error.URLError):
                if not self.running():
                    break
                time.sleep(0.2)
        raise RuntimeError(f"the server does not answer:\n{self.logs()[-4000:]}")

    def get(self, path: str, **headers: str) -> Any:
        """GET, whoever the certificate says the server is; the JSON or the text of the answer."""
        context = ssl._create_unverified_context()
        request = urllib.request.Request(self.url + path, headers=headers)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=10) as answer:
            body = answer.read().decode()
        return json.loads(body) if "json" in answer.headers.get("Content-Type", "") else body

    def token(self) -> str:
        """The token that was generated, as printed."""
        found = re.search(r"[?&]token=([0-9a-f]{20,})", self.logs())
        if found is None:
            raise RuntimeError(f"no token was printed:\n{self.logs()[-4000:]}")
        return found[1]

    def running(self) -> bool:
        """Whether it still runs."""
        return podman("inspect", "--format", "{{.State.Running}}", self.id).stdout.strip() == "true"

    def finish(self, timeout: float = 120) -> int:
        """Wait for its end; the exit status."""
        return int(podman("wait", self.id, timeout=timeout).stdout.strip())

    def remove(self) -> None:
        """End it at once and take it away."""
        podman("rm", "--force", "--time", "0", self.id, check=False)


def start(
    image: str,
    channel: Path,
    options: Sequence[str] = (),
    env: Mapping[str, str] = {},
    command: Sequence[str] = (),
    volumes: Mapping[Path | str, str] = {},
    user: str | None = None,
) -> Container:
    """Run ``image`` in the background. ``volumes``: what is here, and where it goes (``/dir:ro``)."""
    port = int(env.get("JUPYTER_PORT") or free_port())
    mounts = [word for here, there in volumes.items() for word in ("-v", f"{here}:{there}")]
    who = ["--user", user] if user else []
    settings = variables({"JUPYTER_PORT": str(port), **env} if port not in DEFAULTS else dict(env))
    network = next((one for one in options if one.startswith("--network=")), "--network=host")
    options = [one for one in options if one != network]
    always = run_options(channel, network=network.partition("=")[2])
    done = podman("run", "-d", *always, *settings, *mounts, *who, *options, image, *command)
    return Container(done.stdout.strip(), port)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
