"""Building the channel: fetch the pinned wheels with pip, repack them and CPython, index.

Everything that goes wrong raises RuntimeError with what was tried and what came back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.channel import cpython, recipe, strangers
from tests.channel.package import Package, write
from tests.channel.wheel import Wheel

Say = Callable[[str], None]


def build(directory: Path, names: Collection[str] = (), say: Say = lambda message: None) -> None:
    """Makes a channel in ``directory`` (created): everything, or ``names`` and what those need.

    ``names`` are conda's or PyPI's, of what :mod:`tests.channel.recipe` lists; CPython is always there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "noarch").mkdir(exist_ok=True)
    (directory / recipe.subdir()).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="condadeps-channel-") as scratch:
        say("fetching wheels")
        wheels = _chosen(names, Path(scratch) / "wheels")
        _check_complete(wheels)
        say(f"packing CPython {cpython.VERSION} and {len(wheels)} wheels")
        _pack(wheels, directory, Path(scratch))
    say("indexing")
    index(directory)


def index(directory: Path) -> None:
    """Writes repodata.json, its .zst and the shards of every subdir of ``directory``, anew."""
    # In a process of its own: the engine can crash a process at its exit (it ends with os._exit).
    command = [sys.executable, "-m", "tests.channel.index", str(directory)]
    _run(command, cwd=recipe.HERE.parent.parent)


def _chosen(names: Collection[str], directory: Path) -> list[Path]:
    """Downloads the wheels of ``names``, and then of what those need, until nothing is missing."""
    pins = recipe.pins()
    if not names:
        return download(pins, directory)
    todo = {_project(name, pins) for name in {*names, "tzdata"} - {"python", "tree"}}
    done: set[str] = set()
    wheels: list[Path] = []
    while fresh := todo - done:
        done |= fresh
        wheels = download([pin for pin in pins if canonicalize_name(pin.name) in done], directory)
        todo |= {canonicalize_name(one.name) for path in wheels for one in Wheel(path).requires()}
    return wheels


def _project(name: str, pins: Sequence[Requirement]) -> str:
    """The listed project that is, or becomes, ``name``. Raises RuntimeError when there is none."""
    for package, (metapackage, _) in recipe.METAPACKAGES.items():
        name = package if name == metapackage else name
    for pin in pins:
        if name == recipe.package_name(pin.name) or canonicalize_name(name) == canonicalize_name(pin.name):
            return canonicalize_name(pin.name)
    raise RuntimeError(f"wheels.txt has nothing for {name}")


def download(pins: Sequence[Requirement], directory: Path) -> list[Path]:
    """The wheels of ``pins`` by pip, from whatever index the machine is set up for."""
    for number, one_round in enumerate(recipe.rounds(pins)):
        listed = directory.parent / f"round-{number}.txt"
        listed.write_text("".join(f"{pin.name}{pin.specifier}\n" for pin in one_round), "utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        _run([*command, "--dest", str(directory), "--requirement", str(listed)])
    return sorted(directory.glob("*.whl"))


def _check_complete(wheels: Sequence[Path]) -> None:
    """Every requirement of every wheel is met by some wheel, else no environment can be made of them."""
    held: dict[str, list[str]] = {}
    for path in wheels:
        name, version, _, _ = parse_wheel_filename(path.name)
        held.setdefault(name, []).append(str(version))
    for path in wheels:
        for needed in Wheel(path).requires():
            versions = held.get(canonicalize_name(needed.name), [])
            if not any(needed.specifier.contains(version, prereleases=True) for version in versions):
                raise RuntimeError(f"{path.name} needs {needed}; wheels.txt has {versions or 'none'}")


def _pack(wheels: Sequence[Path], channel: Path, scratch: Path) -> None:
    # Spawned: forking a process that has threads (a test run's server) may hang.
    workers = min(4, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        first = pool.submit(_pack_cpython, channel, scratch)
        by_size = sorted(wheels, key=lambda path: path.stat().st_size, reverse=True)
        for future in [first, *(pool.submit(pack_wheel, path, channel) for path in by_size)]:
            future.result()
    for package in strangers.written_here():
        write(package, channel)


def _pack_cpython(channel: Path, scratch: Path) -> None:
    python = cpython.package()
    cpython.check(python, scratch)
    write(python, channel)


def pack_wheel(path: Path, channel: Path) -> None:
    """Writes what the wheel at ``path`` becomes into ``channel``."""
    wheel = Wheel(path)
    packages: list[Package] = wheel.packages()
    if wheel.name == "python-tzdata":
        packages.append(strangers.tzdata(wheel))
    for package in packages:
        write(package, channel)


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command[1:5])} … failed ({done.returncode}):\n{said}")
