"""Languages that can be had here: bash, by Debian's or whoever's bash, and a Python of its own.

languages  Languages   a second channel with bash_kernel, and two kernels in the launcher of a fresh user
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.channel import recipe, server
from tests.channel.build import index
from tests.channel.cpython import VERSION
from tests.channel.fixture import Channel
from tests.channel.package import write
from tests.channel.wheel import Wheel
from tests.conftest import Serve
from tests.launch import environments

_WHEELS = ("bash_kernel==0.10.0", "filetype==1.2.0")

_PYTHON = f"""
display_name = "Another Python"
language = "python"
conda = ["python={VERSION}"]
condadeps = true
argv = ["python", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]
encryption = true

[check]
code = "import sys; print(sys.prefix)"
expects = "/another-python"
"""


@pytest.fixture(scope="session")
def bash_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """A channel of bash_kernel and what the test channel lacks for it."""
    wheels, channel = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("bash") / "bash"
    for subdir in ("noarch", recipe.subdir()):
        (channel / subdir).mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
    subprocess.run([*command, *_WHEELS], check=True)
    for path in wheels.glob("*.whl"):
        for package in Wheel(path).packages():
            named = "bash_kernel" if package.name == "bash-kernel" else package.name
            write(replace(package, name=named), channel)
    index(channel)
    with server.serve(channel) as running:
        yield running


@dataclass(frozen=True)
class Languages:
    """What a test of these kernels works with."""

    folder: Path
    """The user's kernelspecs."""
    environments: Path
    """Where the languages are installed."""
    definitions: Path
    """The user's own definitions."""
    cwd: Path
    bash_channel: server.Server

    def prefix(self, name: str) -> Path:
        """A language's environment."""
        return self.environments / name


@pytest.fixture
def languages(
    channel: Channel, bash_channel: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Languages:
    """``bash`` and ``another-python`` in a fresh user's launcher; nothing is installed yet."""
    from condadeps.kernels import first_use

    monkeypatch.setenv("CONDA_CHANNELS", f"{channel.url},{bash_channel.url}")
    home = Path("~").expanduser()
    definitions = home / ".config/condadeps/kernels"
    definitions.mkdir(parents=True)
    (definitions / "another-python.toml").write_text(_PYTHON)
    first_use.add(["bash", "another-python"])
    cwd = tmp_path / "notebooks"
    cwd.mkdir()
    return Languages(
        folder=home / ".local/share/jupyter/kernels",
        environments=home / ".local/share/condadeps/kernels",
        definitions=definitions,
        cwd=cwd,
        bash_channel=bash_channel,
    )


_SMALL = """
display_name = "Small"
language = "python"
conda = ["tree"]
argv = [{python}, "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]
interrupt_mode = {interrupt_mode}
encryption = true
"""


@dataclass(frozen=True)
class Small:
    """A kernel whose installation is one package: what is under test is the waiting for it."""

    folder: Path
    prefix: Path
    definition: Path
    cwd: Path
    server: server.Server
    """Its channel, to misbehave: ``small.server.faults``."""

    def slow(self, seconds: float) -> server.Fault:
        """Let the package take that long to come."""
        fault = server.Fault("*/tree-*.conda", delay=seconds)
        self.server.faults.append(fault)
        return fault

    def define(self, **keys: object) -> None:
        """Write the definition anew, with other values for these keys, and register its kernel again."""
        import json

        from condadeps.kernels import first_use

        lines = self.definition.read_text().splitlines()
        lines = [line for line in lines if line.partition(" =")[0] not in keys]
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.definition.write_text("\n".join(lines))
        first_use.add(["small"])


@pytest.fixture
def small(channel: Channel, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """``small`` in a fresh user's launcher; nothing is installed, nor in any cache."""
    import json

    from condadeps.kernels import first_use

    running = serve(channel.directory)
    monkeypatch.setenv("CONDA_CHANNELS", running.url)
    for name in ("CONDADEPS_CACHE_DIR", "RATTLER_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    home = Path("~").expanduser()
    definition = home / ".config/condadeps/kernels/small.toml"
    definition.parent.mkdir(parents=True)
    definition.write_text(_SMALL.format(python=json.dumps(sys.executable), interrupt_mode='"signal"'))
    first_use.add(["small"])
    cwd = tmp_path / "notebooks"
    cwd.mkdir()
    folder = home / ".local/share/jupyter/kernels"
    return Small(folder, home / ".local/share/condadeps/kernels/small", definition, cwd, running)


@pytest.fixture(scope="session")
def jupyter() -> Path:
    """Another environment, with JupyterLab, nbconvert and nbclient; condadeps is not in it."""
    return environments.made(environments.JUPYTER)
