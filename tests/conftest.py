"""The real parts the tests run on: a channel, prefixes made from it, and kernels that run in those.

    channel        session   Channel(url, file_url, directory, server): a real conda channel over HTTP
    serve          factory   serve(directory, faults=()) -> Server(url, faults, hits): tests/channel/server.py
    conda_prefix   factory   conda_prefix("python", "numpy=1.26", path=None) -> Path, a fresh real environment
    kernel_prefix  Path      a fresh environment with python, pip, ipykernel and condadeps from this checkout
    kernel_prefix_with  factory  the same with more specs: kernel_prefix_with("pandas") -> Path
    run_cells      factory   run_cells(prefix, cells, cwd=tmp_path, env={}, timeout=120) -> list[Cell]
    isolated       autouse   a fresh HOME and condadeps cache, nothing of the user's conda configuration

Nothing here is built unless a test asks for it. Tests that do are marked ``slow``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.channel.fixture import Channel
    from tests.channel.server import Fault, Server
    from tests.kernel import Cell


class Serve(Protocol):
    """Serves a directory over HTTP until the test ends."""

    def __call__(self, directory: str | Path, faults: Sequence[Fault] = ()) -> Server: ...


class CondaPrefix(Protocol):
    """Makes a real conda environment of ``specs`` from the test channel; ``path`` must not exist."""

    def __call__(self, *specs: str, path: Path | None = None) -> Path: ...


class RunCells(Protocol):
    """Runs ``cells`` in one kernel of ``prefix``, in ``cwd``; one :class:`tests.kernel.Cell` each.

    ``env`` is added to the kernel's environment (None as a value removes). A cell that raises does
    not end the run: its ``error`` says what it raised.
    """

    def __call__(
        self,
        prefix: Path,
        cells: Sequence[str],
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        timeout: float = 120,
    ) -> list[Cell]: ...


# How long an example takes is no promise of those tests; on a busy machine it is the machine's.
hypothesis.settings.register_profile("condadeps", deadline=None)
# For ./util/test fast. A test that wants more examples, or fewer, says so by a multiple of the profile's.
hypothesis.settings.register_profile("fast", deadline=None, max_examples=20)
hypothesis.settings.load_profile("condadeps")


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh HOME, and conda's and condadeps' settings as on a machine where nobody set any.

    What the machine says of pip (``PIP_*``, the global pip.conf) stays: without it there may be no index.
    The package cache and pip's are shared by the tests of one run, since they are keyed by content.
    """
    from tests.channel import cached

    monkeypatch.setenv("CONDADEPS_TEST_CHANNEL", str(cached.root()))  # before HOME moves
    for name in list(os.environ):
        if name.startswith(("CONDA", "MAMBA_", "RATTLER_", "XDG_")) and name not in _KEPT:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    shared = _shared(tmp_path_factory)
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(shared / "condadeps"))
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(shared / "rattler"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(shared / "pip"))


_KEPT = frozenset({"CONDA_EXE", "MAMBA_EXE", "CONDADEPS_TEST_CHANNEL"})


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return shared / "shared-cache"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drops the shared caches of the run: pytest keeps the rest of the last runs' directories."""
    factory: pytest.TempPathFactory | None = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(_shared(factory), ignore_errors=True)


@pytest.fixture(scope="session")
def channel() -> Iterator[Channel]:
    """The real conda channel, built once a machine and served while the tests run."""
    from tests.channel import cached, fixture, server

    directory = cached.channel()
    with server.serve(directory) as running:
        yield fixture.Channel(running.url, directory.as_uri(), directory, running)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A factory of HTTP servers, closed when the test ends."""
    from contextlib import ExitStack

    from tests.channel import server

    with ExitStack() as stack:

        def start(directory: str | Path, faults: Sequence[Fault] = ()) -> Server:
            return stack.enter_context(server.serve(Path(directory), faults))

        yield start


@pytest.fixture
def conda_prefix(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CondaPrefix]:
    """A factory of real environments; making one takes a second or two. They are removed after the test.

    CONDADEPS_TEST_KEEP=1 keeps them, for a look at what a failing test left.
    """
    from tests import prefixes

    cache = _shared(tmp_path_factory) / "rattler"
    made: list[Path] = []

    def make(*specs: str, path: Path | None = None) -> Path:
        target = path or tmp_path_factory.mktemp("prefix", numbered=True) / "env"
        made.append(target)
        return prefixes.create(target, specs, channel.url, cache)

    yield make
    if not os.environ.get("CONDADEPS_TEST_KEEP"):
        for prefix in made:
            shutil.rmtree(prefix, ignore_errors=True)


@pytest.fixture
def kernel_prefix_with(conda_prefix: CondaPrefix) -> Callable[..., Path]:
    """A factory of environments in which ``%condadeps`` works, with further specs."""
    from tests import prefixes

    def make(*specs: str, path: Path | None = None) -> Path:
        needed = (*prefixes.KERNEL, *prefixes.dependencies())
        return prefixes.add_condadeps(conda_prefix(*needed, *specs, path=path))

    return make


@pytest.fixture
def kernel_prefix(kernel_prefix_with: Callable[..., Path]) -> Path:
    """A fresh environment with python, pip, ipykernel and this condadeps: what a user's kernel runs in."""
    return kernel_prefix_with()


@pytest.fixture
def run_cells(channel: Channel, tmp_path: Path) -> RunCells:
    """Runs cells in a real kernel; the test channel is its only configured one (``CONDA_CHANNELS``)."""
    from tests import kernel

    def run(
        prefix: Path,
        cells: Sequence[str],
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        timeout: float = 120,
    ) -> list[Cell]:
        settings: dict[str, str | None] = {"CONDA_CHANNELS": channel.url, **(env or {})}
        return kernel.run(prefix, cells, cwd or tmp_path, settings, timeout)

    return run
