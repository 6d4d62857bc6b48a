"""podman, as the tests call it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

CONF = Path(__file__).parent / "containers.conf"
CERTIFICATES = Path("/etc/ssl/certs")
"""The machine's, which the containers trust as well: the way out may go through a proxy of its own."""


def podman(
    *words: str | Path, check: bool = True, timeout: float = 600, log: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``podman`` and return what it said. Raises RuntimeError with that when it fails (``check``).

    With ``log`` all that it says goes there, as it says it.
    """
    command = ["podman", *map(str, words)]
    environ = {**os.environ, "CONTAINERS_CONF": str(CONF)}
    if log is None:
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, errors="replace", timeout=timeout
        )
    else:
        with log.open("w", encoding="utf-8") as out:
            ended = subprocess.run(command, env=environ, stdout=out, stderr=out, timeout=timeout)
        done = subprocess.CompletedProcess(command, ended.returncode, log.read_text("utf-8", "replace"), "")
    if check and done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        raise RuntimeError(f"podman {' '.join(map(str, words))[:200]} failed ({done.returncode}):\n{said}")
    return done


def exists(image: str) -> bool:
    """Whether there is such an image here."""
    return podman("image", "exists", image, check=False).returncode == 0


def run_options(channel: Path, *, network: str = "host") -> Sequence[str]:
    """What every container of the tests gets: the channel at :data:`CHANNEL`, and the way out."""
    mounts = [f"{channel}:{CHANNEL}:ro"]
    if CERTIFICATES.is_dir():
        mounts.append(f"{CERTIFICATES}:{CERTIFICATES}:ro")
    return [f"--network={network}", *(word for mount in mounts for word in ("-v", mount))]


CHANNEL = "/srv/test-channel"
"""Where containers find the channel."""


def variables(environ: Mapping[str, str]) -> list[str]:
    """podman's options for environment variables."""
    return [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
