"""What the image's tests run on.

    image        session   the image's name, built once for this checkout
    container    factory   container(*podman's options, env=, command=, volumes=, user=, wait=) -> Container
    podman       function  tests.image.podman.podman

Where the tools are missing (see ``util/image-tools``) these tests are skipped, and say what is missing.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.image.containers import Container, start

ROOT = Path(__file__).parent.parent.parent


class Start(Protocol):
    """Starts a container of the image, on a port of its own; it is taken away after the test."""

    def __call__(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        volumes: Mapping[Path | str, str] | None = None,
        user: str | None = None,
        wait: bool = True,
    ) -> Container: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is of the image; a build may take minutes before the first test begins."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.image)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(2400))


@functools.cache
def _missing() -> str:
    done = subprocess.run(
        [ROOT / "util" / "image-tools", "--check"], capture_output=True, text=True, check=False
    )
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture(scope="session")
def image() -> str:
    """The image of this checkout."""
    if _missing():
        pytest.skip(f"{_missing()} (./util/image-tools)")
    from tests.image import build

    return build.image()


@pytest.fixture
def container(image: str) -> Iterator[Start]:
    """A factory of running containers; with ``wait`` they answer when it returns."""
    from tests.image import channel

    running: list[Container] = []

    def make(
        *options: str,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        volumes: Mapping[Path | str, str] | None = None,
        user: str | None = None,
        wait: bool = True,
    ) -> Container:
        made = start(image, channel.channel(), options, env or {}, command, volumes or {}, user)
        running.append(made)
        if wait:
            made.wait()
        return made

    yield make
    for one in running:
        one.remove()


@pytest.fixture
def podman() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Plain podman."""
    from tests.image.podman import podman as run

    return run


@pytest.fixture
def shared_directory(tmp_path: Path) -> Path:
    """A directory of the host that the containers' user may write to."""
    import os

    directory = tmp_path / "work"
    directory.mkdir()
    os.chown(directory, 1000, 100)
    for above in directory.parents:
        if above.is_relative_to(tmp_path.parent.parent):
            above.chmod(above.stat().st_mode | 0o011)  # pytest keeps its directories to itself
    return directory
