"""The image, built from this checkout's Dockerfile on the substitute base and the local channel.

The Dockerfile knows nothing of the tests. What is not had here comes in as build arguments, and as
environment files: those of ``docker/`` without the lines of :data:`MISSING`, and with the Python that the
channel has. The build has no network: what it takes is in the base, the channel or the directory of wheels.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from tests.channel import cached
from tests.image import channel
from tests.image.base import PYTHON, base
from tests.image.podman import CHANNEL, exists, podman, run_options
from tests.image.wheelhouse import wheelhouse

ROOT = Path(__file__).parent.parent.parent
WHEELS = "/srv/test-wheels"
"""Where the build finds what PyPI has."""
CONTEXT = (
    ".dockerignore",
    "LICENSE",
    "README.md",
    "condadeps",
    "docker",
    "pyproject.toml",
    "util/jupyter-notebook-insecure-for-testing-only",
    "util/jupyter-notebook-secure",
)
MISSING = ("conda", "mamba")
"""Packages of the environment files that the local channel has not."""
ADDED = ("tinycss2",)
"""What conda-forge's nbconvert asks for, and the wheel by an extra that the local channel's does not know."""


def image() -> str:
    """The image's name, built now unless this very checkout was built here before.

    ``CONDADEPS_TEST_IMAGE`` names one that is there to be tested instead.
    """
    if told := os.environ.get("CONDADEPS_TEST_IMAGE"):
        return told
    with FileLock(cached.root() / "image.lock"):
        made = channel.channel()
        below = base()
        name = f"localhost/condadeps-test/image:{_key(made, below)}"
        if not exists(name):
            _build(name, made, below)
            _sweep(name)
    return name


def _key(made: Path, below: str) -> str:
    digest = hashlib.sha256(f"{made} {below}".encode())
    for path in (Path(__file__), *_sources()):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    for name in CONTEXT:
        found = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*"))
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


def _build(name: str, made: Path, below: str) -> None:
    print(f"image tests: building {name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="condadeps-image-") as scratch:
        context = Path(scratch)
        for path in _sources():
            target = context / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        for file in ("server.yml", "python3.yml"):
            (context / "docker" / file).write_text(had(context / "docker" / file), "utf-8")
        image, _, tag = below.rpartition(":")
        arguments = {
            "BASE_IMAGE": image,
            "BASE_TAG": tag,
            "BUILD_PYTHON": PYTHON,
            "CHANNELS": f"file://{CHANNEL}",
            "PIP_FIND_LINKS": WHEELS,
            "PIP_NO_INDEX": "1",
            "KERNELS": f"bash,julia,r,{PYTHON}",
            "VERSION": "0.0.test",
        }
        options = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        log = cached.root() / "image-build.log"
        podman(
            *("build", "--format=docker", "--layers", "--pull=never", "-f", context / "docker/Dockerfile"),
            *run_options(made, network="none"),
            *("-v", f"{wheelhouse()}:{WHEELS}:ro"),
            *options,
            *("-t", name, context),
            timeout=1500,
            log=log,
        )
    print(f"image tests: built in {time.monotonic() - started:.0f} s ({log})", file=sys.stderr, flush=True)


def had(file: Path) -> str:
    """An environment file as far as the local channel has it."""
    lines = file.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.strip().removeprefix("- ") not in MISSING]
    if file.name == "server.yml":
        kept[kept.index("dependencies:") + 1 :] = [
            *(f"  - {one}" for one in ADDED),
            *kept[kept.index("dependencies:") + 1 :],
        ]
    return re.sub(r"python=3\.\d+", PYTHON.replace("python", "python="), "\n".join(kept)) + "\n"


def _sweep(newest: str) -> None:
    """Takes away the images that earlier checkouts left, and build stages kept for longer than a day."""
    repository = newest.rpartition(":")[0]
    listed = podman("images", "--format", "{{.Repository}}:{{.Tag}}", "--sort", "created", repository)
    for old in listed.stdout.split()[4:]:
        podman("rmi", old, check=False)
    podman("image", "prune", "--force", "--filter", "until=24h", check=False)


if __name__ == "__main__":
    print(image())
