"""The environment that is worked on, seen from outside: where it is, its Python, and what that accepts.

Three ways to know one:

* :func:`running`: this very interpreter's; no subprocess, for a kernel;
* :func:`read`: any prefix; a conda one (CEP 32) from its files, another by asking its interpreter;
* :func:`planned`: one that does not exist yet, for ``create``.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import site
import struct
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.errors import PrefixError
from condadeps.values import dataclass

if TYPE_CHECKING:
    from packaging.tags import Tag

_MACHINES = {
    "linux-64": "x86_64",
    "linux-32": "i686",
    "linux-aarch64": "aarch64",
    "linux-armv6l": "armv6l",
    "linux-armv7l": "armv7l",
    "linux-ppc64le": "ppc64le",
    "linux-riscv64": "riscv64",
    "linux-s390x": "s390x",
    "osx-64": "x86_64",
    "osx-arm64": "arm64",
    "win-32": "x86",
    "win-64": "AMD64",
    "win-arm64": "ARM64",
}
"""What ``platform.machine()`` says on each of conda's platforms."""

_IMPLEMENTATIONS = {"cpython": ("cp", "CPython"), "pypy": ("pp", "PyPy"), "graalpy": ("graalpy", "GraalVM")}


@dataclass(frozen=True)
class Target:
    """One environment and its Python.

    ``python_version`` is the whole version ("3.11.7"), empty for a conda environment
    without Python. ``paths`` are the directories where its distributions are found, in
    import order, ``site_packages`` (where new ones go) among them; the user's site is
    not part of an environment (see :mod:`condadeps.prefix.shadow`). ``markers`` is the
    PEP 508 environment of *its* Python on this machine, without ``extra``.
    """

    prefix: Path
    is_conda: bool
    python: Path
    python_version: str
    subdir: str
    site_packages: Path
    paths: tuple[Path, ...]
    stdlib: Path
    markers: Mapping[str, str]
    interpreter: str
    """PEP 425's Python tag: ``cp311``, ``pp310``."""
    abi: str
    """PEP 425's ABI tag: ``cp311``, ``cp313t``, ``pypy310_pp73``."""
    is_venv: bool = False
    is_running: bool = False
    overrides: Mapping[str, str | None] = field(default_factory=dict)
    """Conda's ``override_virtual_packages``: wheels count on them too. ``CONDA_OVERRIDE_*`` weighs more."""

    @property
    def has_python(self) -> bool:
        """Whether there is a Python in it at all."""
        return bool(self.python_version)

    @property
    def minor(self) -> str:
        """``3.11`` of ``3.11.7``."""
        return ".".join(self.python_version.split(".")[:2])

    @functools.cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags its Python accepts, best first (PEP 425, 600, 656); none without Python.

        Another glibc or macOS that conda is told of counts for wheels as it does for conda's packages.
        """
        if not self.has_python:
            return ()
        system = self._overridden("glibc"), self._overridden("osx")
        return _tags(self.minor, self.interpreter, self.abi, self.subdir, *system)

    def _overridden(self, name: str) -> str | None:
        """The version a virtual package is said to have, empty for none at all; None when nobody says."""
        found = {key.removeprefix("__"): value or "" for key, value in self.overrides.items()}
        return os.environ.get(f"CONDA_OVERRIDE_{name.upper()}", found.get(name))

    def with_python(self, version: str, *, free_threaded: bool = False) -> Target:
        """This conda environment as it is with CPython ``version``."""
        return replace(
            planned(self.prefix, version, self.subdir, free_threaded=free_threaded), overrides=self.overrides
        )

    def __hash__(self) -> int:
        return hash((self.prefix, self.python_version, self.subdir))


@functools.cache
def running() -> Target:
    """The environment of this interpreter. Nothing is asked of any process, nothing big is read."""
    prefix = Path(sys.prefix)
    version = platform.python_version().rstrip("+")
    site_packages = Path(sysconfig.get_path("purelib"))
    return Target(
        prefix=prefix,
        is_conda=(prefix / "conda-meta").is_dir(),
        python=Path(sys.executable or prefix / _executable(machine_subdir())),
        python_version=version,
        subdir=machine_subdir(),
        site_packages=site_packages,
        paths=_unique(site_packages, Path(sysconfig.get_path("platlib")), *map(Path, site.getsitepackages())),
        stdlib=Path(sysconfig.get_path("stdlib")),
        markers=_markers(version, sys.implementation.name, machine_subdir()),
        interpreter=_interpreter(sys.implementation.name, version),
        abi=_abi(sys.implementation.name, version, sysconfig.get_config_var("SOABI") or ""),
        is_venv=sys.prefix != sys.base_prefix,
        is_running=True,
    )


def is_running(prefix: Path) -> bool:
    """Whether ``prefix`` is this interpreter's own."""
    return _same(prefix.expanduser().absolute(), Path(sys.prefix))


def read(prefix: Path) -> Target:
    """The environment at ``prefix``.

    Raises PrefixError when there is nothing there, or nothing that is an environment.
    """
    prefix = prefix.expanduser().absolute()
    if not prefix.is_dir():
        raise PrefixError(
            f"there is no environment at {prefix}",
            detail=["that is not a directory" if prefix.exists() else "that directory does not exist"],
            help=f"condadeps create -p {prefix} python=3.12",
            prefix=str(prefix),
        )
    if is_running(prefix):
        return running()
    if (prefix / "conda-meta").is_dir():
        return _read_conda(prefix)
    from condadeps.prefix import probe

    return probe.ask(prefix)


def planned(
    prefix: Path, python_version: str, subdir: str | None = None, *, free_threaded: bool = False
) -> Target:
    """A conda environment that does not exist yet, with CPython ``python_version`` ("3.12", "3.12.4", "")."""
    return _conda(
        prefix.expanduser().absolute(), python_version, "cpython", subdir or machine_subdir(), free_threaded
    )


def described(prefix: Path, python: Path, told: Mapping[str, Any]) -> Target:
    """The environment whose interpreter told about itself (see :mod:`condadeps.prefix.probe`)."""
    markers = {str(key): str(value) for key, value in told["markers"].items()}
    version, implementation = str(told["version"]), str(told["implementation"])
    return Target(
        prefix=prefix,
        is_conda=False,
        python=python,
        python_version=version,
        subdir=_subdir(markers["platform_system"], markers["platform_machine"], int(told["bits"])),
        site_packages=Path(told["purelib"]),
        paths=_unique(Path(told["purelib"]), Path(told["platlib"]), *map(Path, told["sites"])),
        stdlib=Path(told["stdlib"]),
        markers=markers,
        interpreter=_interpreter(implementation, version),
        abi=_abi(implementation, version, str(told["soabi"])),
        is_venv=told["prefix"] != told["base_prefix"],
    )


@functools.cache
def machine_subdir() -> str:
    """Conda's name for what this process runs on: ``linux-64``, ``osx-arm64``, ``win-64``…

    Raises PrefixError on a machine conda has no name for.
    """
    return _subdir(platform.system(), platform.machine(), 8 * struct.calcsize("P"))


def _subdir(system: str, machine: str, bits: int) -> str:
    family = {"Linux": "linux", "Darwin": "osx", "Windows": "win"}.get(system, "")
    name = machine.lower()
    if bits == 32:
        name = {"x86_64": "i686", "amd64": "x86", "aarch64": "armv7l"}.get(name, name)
    if family == "linux":
        name = {"i386": "i686", "i586": "i686", "arm64": "aarch64"}.get(name, name)
    for subdir, known in _MACHINES.items():
        if subdir.startswith(f"{family}-") and known.lower() == name:
            return subdir
    raise PrefixError(f"conda has no platform for {system} on {machine}", prefix=sys.prefix)


def _read_conda(prefix: Path) -> Target:
    from condadeps.names.namespaces import PackageName
    from condadeps.prefix import installed

    found = installed.packages(prefix)
    record = found.get(PackageName("python"))
    if record is None:
        native = next((p.subdir for p in found.values() if p.subdir != "noarch"), machine_subdir())
        return _conda(prefix, "", "cpython", native, False)
    implementation = "pypy" if "pypy" in record.build else "cpython"
    minor = ".".join(record.version.split(".")[:2])
    threaded = bool(re.search(r"_cp\d+t$", record.build)) or (prefix / f"lib/python{minor}t").is_dir()
    subdir = record.subdir if record.subdir in _MACHINES else machine_subdir()
    return _conda(prefix, record.version, implementation, subdir, threaded)


def _conda(prefix: Path, version: str, implementation: str, subdir: str, free_threaded: bool) -> Target:
    minor = ".".join(version.split(".")[:2])
    flag = "t" if free_threaded else ""
    if subdir.startswith("win-"):
        stdlib = prefix / "Lib"
    elif implementation == "pypy":
        stdlib = prefix / "lib" / f"pypy{minor}"
    else:
        stdlib = prefix / "lib" / f"python{minor}{flag}"
    return Target(
        prefix=prefix,
        is_conda=True,
        python=prefix / _executable(subdir),
        python_version=version,
        subdir=subdir,
        site_packages=stdlib / "site-packages",
        paths=(stdlib / "site-packages",) if version else (),
        stdlib=stdlib,
        markers=_markers(version, implementation, subdir) if version else {},
        interpreter=_interpreter(implementation, version),
        abi=_interpreter(implementation, version) + flag
        if implementation == "cpython"
        else f"pypy{minor.replace('.', '')}_pp73",
    )


def _executable(subdir: str) -> str:
    return "python.exe" if subdir.startswith("win-") else "bin/python"


def _interpreter(implementation: str, version: str) -> str:
    short = _IMPLEMENTATIONS.get(implementation, (implementation, ""))[0]
    return short + "".join(version.split(".")[:2])


def _abi(implementation: str, version: str, soabi: str) -> str:
    """PEP 425's ABI tag out of ``SOABI`` (``cpython-313t-x86_64-linux-gnu``, ``cp311-win_amd64``)."""
    if implementation == "cpython":
        flags = re.match(r"(?:cpython-|cp)\d+([a-z]*)", soabi)
        return _interpreter(implementation, version) + (flags.group(1) if flags else "")
    return "_".join(soabi.split("-")[:2]).replace(".", "_") or "none"


def _markers(version: str, implementation: str, subdir: str) -> dict[str, str]:
    """The PEP 508 environment of a Python of that version on this machine.

    As packaging's ``default_environment`` (which takes long to load) has it of this very Python.
    """
    full = version if version.count(".") >= 2 else f"{version}.0"
    environment = {
        "implementation_name": implementation,
        "implementation_version": _implementation_version(implementation) or full,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": full,
        "platform_python_implementation": _IMPLEMENTATIONS.get(implementation, ("", implementation))[1],
        "python_version": ".".join(full.split(".")[:2]),
        "sys_platform": sys.platform,
    }
    if subdir != machine_subdir():
        environment |= _foreign(subdir)
    return environment


def _implementation_version(implementation: str) -> str:
    """PyPy's own version when this is PyPy, say; CPython's is Python's, and others' are not known."""
    if implementation == "cpython" or implementation != sys.implementation.name:
        return ""
    version = sys.implementation.version
    pre = "" if version.releaselevel == "final" else f"{version.releaselevel[0]}{version.serial}"
    return f"{version.major}.{version.minor}.{version.micro}{pre}"


def _foreign(subdir: str) -> dict[str, str]:
    """The markers that say which machine it is, for another than this one."""
    system, sys_platform, os_name = {
        "linux": ("Linux", "linux", "posix"),
        "osx": ("Darwin", "darwin", "posix"),
        "win": ("Windows", "win32", "nt"),
    }.get(subdir.split("-")[0], ("", "", ""))
    return {
        "platform_machine": _MACHINES.get(subdir, ""),
        "platform_system": system,
        "sys_platform": sys_platform,
        "os_name": os_name,
    }


@functools.cache
def _tags(
    minor: str, interpreter: str, abi: str, subdir: str, glibc: str | None, osx: str | None
) -> tuple[Tag, ...]:
    from packaging import tags

    version = tuple(map(int, minor.split(".")))
    platforms = list(_platforms(subdir, osx))
    if glibc is not None:
        platforms = _with_glibc(glibc, platforms, _MACHINES.get(subdir, ""))
    if interpreter.startswith("cp"):
        own = tags.cpython_tags(version, [abi], platforms)
        return (*own, *tags.compatible_tags(version, interpreter, platforms))
    own = tags.generic_tags(interpreter, [abi], platforms)
    return (*own, *tags.compatible_tags(version, f"{interpreter[:2]}3", platforms))


def _platforms(subdir: str, osx: str | None) -> tuple[str, ...]:
    """Wheel platforms for one of conda's, best first; this machine's own are asked of ``packaging``.

    ``osx`` is another macOS than there is, none when it is empty; what is no version changes nothing.
    """
    from packaging import tags

    system, _, bits = subdir.partition("-")
    machine = _MACHINES.get(subdir, bits).lower()
    if system == "osx" and osx is not None and (not osx or _RELEASE.fullmatch(osx)):
        return tuple(tags.mac_platforms(_two(osx), machine)) if osx else ()
    if subdir == machine_subdir():
        return tuple(tags.platform_tags())
    if system == "win":
        return ("win32" if machine == "x86" else f"win_{machine}",)
    if system == "osx":
        return tuple(tags.mac_platforms(_two(platform.mac_ver()[0] or "14.0"), machine))
    libc, release = platform.libc_ver()
    newest = int(release.split(".")[1]) if libc == "glibc" else 17
    oldest = 4 if machine in ("x86_64", "i686") else 16
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    names = [f"linux_{machine}"]
    for glibc in range(newest, oldest, -1):
        names.append(f"manylinux_2_{glibc}_{machine}")
        if glibc in legacy:
            names.append(f"{legacy[glibc]}_{machine}")
    return tuple(names)


_RELEASE = re.compile(r"\d+(\.\d+)*")


def _two(release: str) -> tuple[int, int]:
    """``(14, 0)`` of ``14`` or ``14.0.1``."""
    major, minor = (int(part) for part in f"{release}.0".split(".")[:2])
    return major, minor


_LEGACY = {"manylinux2014": (2, 17), "manylinux2010": (2, 12), "manylinux1": (2, 5)}
"""The glibc of the names from before PEP 600."""


def _with_glibc(glibc: str, platforms: list[str], machine: str) -> list[str]:
    """The wheel platforms with another glibc, none when it is empty; what is no version changes nothing."""
    if glibc and not re.fullmatch(r"\d+\.\d+(\.\d+)*", glibc):
        return platforms
    release = tuple(map(int, glibc.split(".")[:2])) if glibc else (0, 0)
    newest = max(filter(None, map(_needed_glibc, platforms)), default=release)
    more = range(release[1], newest[1], -1) if release[0] == newest[0] else ()
    newer = [f"manylinux_{newest[0]}_{minor}_{machine}" for minor in more]
    return [*newer, *(name for name in platforms if (_needed_glibc(name) or release) <= release)]


def _needed_glibc(name: str) -> tuple[int, int] | None:
    """The glibc that a wheel platform needs; None for those that need none."""
    if told := re.match(r"manylinux_(\d+)_(\d+)_", name):
        return int(told[1]), int(told[2])
    return _LEGACY.get(name.partition("_")[0])


def inside(prefix: Path, path: Path) -> str | None:
    """``path`` relative to ``prefix``, with forward slashes; None when it is not below it."""
    for base in (prefix, prefix.resolve()):
        try:
            return path.relative_to(base).as_posix()
        except ValueError:
            continue
    return None


def _unique(*paths: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def _same(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()
