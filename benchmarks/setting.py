"""What a benchmark runs on: the tests' channel, served here, and environments that can be made anew at once.

Nothing of the user's is touched or heeded: HOME, caches and conda's settings are the benchmark's own. What
the machine says of pip (``PIP_*``, the global pip.conf) stays, for every contestant alike.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import prefixes
from tests.channel import build, cached, server
from tests.transaction import tiny

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Setting:
    """A scratch directory with a channel."""

    directory: Path
    channel: str
    """The URL of the tests' channel."""

    @property
    def caches(self) -> Path:
        """What every contestant caches is in here."""
        return self.directory / "caches"

    def clear_caches(self) -> None:
        """As on a machine where nothing was installed before."""
        shutil.rmtree(self.caches, ignore_errors=True)

    def env(self, **more: str) -> dict[str, str]:
        """The environment variables that contestants run with."""
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CONDA", "MAMBA_", "RATTLER_", "XDG_", "PYTHON", "PYTEST"))
            and name != "VIRTUAL_ENV"
        }
        return {
            **ours,
            "HOME": str(self.directory / "home"),
            "CONDA_CHANNELS": self.channel,
            "CONDADEPS_CACHE_DIR": str(self.caches / "condadeps"),
            "RATTLER_CACHE_DIR": str(self.caches / "rattler"),
            "PIP_CACHE_DIR": str(self.caches / "pip"),
            "UV_CACHE_DIR": str(self.caches / "uv"),
            **more,
        }

    def fresh_directory(self, name: str) -> Path:
        """An empty working directory."""
        path = self.directory / "work" / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path


@contextmanager
def setting(padding: int = 0) -> Iterator[Setting]:
    """A setting, removed afterwards. Its channel has ``padding`` small packages beside the real ones."""
    with tempfile.TemporaryDirectory(prefix="condadeps-benchmark-") as name:
        directory = Path(name).resolve()
        (directory / "home").mkdir()
        channel = cached.channel()
        if padding:
            channel = _padded(channel, directory / "channel", padding)
        with server.serve(channel) as running:
            yield Setting(directory, running.url)


def padding(count: int) -> list[str]:
    """The names of the small packages."""
    return [f"padding{number:03d}" for number in range(count)]


def _padded(channel: Path, copy: Path, count: int) -> Path:
    shutil.copytree(channel, copy, copy_function=_link)
    for index in [*copy.glob("*/repodata*"), *copy.glob("*/shards")]:
        # The copy is of hard links: what is to be written anew must not be written through them.
        shutil.rmtree(index) if index.is_dir() else index.unlink()
    for name in padding(count):
        tiny.noarch(copy, name, "1.0")
    build.index(copy)
    return copy


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@dataclass(frozen=True)
class Environment:
    """An environment that is put back to how it was made, at the same path, by :meth:`renew`."""

    path: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    def keep(self) -> Environment:
        """Keep a copy of it as it is now."""
        shutil.copytree(self.path, self._kept, symlinks=True)
        return self

    def renew(self) -> None:
        """Put it back to how it was kept."""
        shutil.rmtree(self.path)
        shutil.copytree(self._kept, self.path, symlinks=True)

    @property
    def _kept(self) -> Path:
        return self.path.with_name(f"{self.path.name}.kept")

    def check(self, *projects: str) -> None:
        """Raises RuntimeError unless ``projects`` are installed: not every contestant says when it failed."""
        for project in projects:
            if not list(self.path.glob(f"lib/python3*/site-packages/{project}-*.dist-info")):
                raise RuntimeError(f"{project} is not in {self.path}, though it was installed without a word")


def conda_environment(world: Setting, name: str, *specs: str) -> Environment:
    """A conda environment with a kernel and this condadeps, from the setting's channel."""
    path = world.directory / name
    wanted = (*prefixes.KERNEL, *prefixes.dependencies(), *specs)
    prefixes.create(path, wanted, world.channel, world.directory / "packages")
    prefixes.add_condadeps(path)
    # pip compiles what it installs, and a kernel that was used once has its modules compiled.
    subprocess.run([path / "bin" / "python", "-m", "compileall", "-qq", path / "lib"], check=False)
    return Environment(path)


def venv(world: Setting, name: str, installed: Sequence[str | Path] = ()) -> Environment:
    """A virtual environment with ``installed`` in it, by pip."""
    path = world.directory / name
    python = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([python, "-m", "venv", path], check=True)
    if installed:
        pip = [str(path / "bin" / "python"), "-m", "pip", "install", "--quiet", *map(str, installed)]
        env = world.env(PIP_CACHE_DIR=os.environ.get("PIP_CACHE_DIR", str(world.directory / "pip")))
        subprocess.run(pip, env=env, check=True)
    return Environment(path)
