"""Virtual packages (CEP 30): what the platform offers, as packages the solve can count on.

This machine's are detected. For another platform there is a modest default: what every
supported system of that kind has. ``override_virtual_packages`` and ``CONDA_OVERRIDE_*``
replace a version; an empty value takes the package away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from condadeps.errors import ConfigError

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

_ABSENT_LINUX = ("0", "0")


def virtual_packages(
    subdir: str,
    environ: Mapping[str, str],
    configured: Mapping[str, str | None] | None = None,
) -> list[GenericVirtualPackage]:
    """The virtual packages of ``subdir``, sorted by name.

    ``configured`` is conda's setting ``override_virtual_packages``; ``CONDA_OVERRIDE_<NAME>`` in
    ``environ`` is weightier. Raises ConfigError for an override that is no version.
    """
    from rattler import Subdir

    here = str(Subdir.current()) == subdir
    found = _detected() if here else defaults(subdir)
    for name, text, place in _overrides(subdir, environ, configured or {}):
        _override(found, name, text, place)
    return [_generic(name, version, build) for name, (version, build) in sorted(found.items())]


def defaults(subdir: str) -> dict[str, tuple[str, str]]:
    """Version and build by name for a platform that is not this machine's."""
    system, _, machine = subdir.partition("-")
    found: dict[str, tuple[str, str]] = {}
    match system:
        case "linux":
            found = {"__unix": ("0", "0"), "__linux": ("4.18", "0"), "__glibc": ("2.28", "0")}
        case "osx":
            found = {"__unix": ("0", "0"), "__osx": ("13.0", "0")}
        case "win":
            found = {"__win": ("10.0", "0")}
        case "freebsd":
            found = {"__unix": ("0", "0"), "__freebsd": ("13.0", "0")}
        case _:
            return found
    return {**found, "__archspec": ("1", _ARCHSPEC.get(subdir, _ARCHSPEC.get(machine, machine)))}


_ARCHSPEC = {"osx-arm64": "m1", "32": "x86", "64": "x86_64", "arm64": "aarch64"}
_OVERRIDABLE = {
    "linux": ("linux", "glibc", "musl", "cuda", "archspec"),
    "osx": ("osx", "cuda", "archspec"),
    "win": ("win", "cuda", "archspec"),
    "freebsd": ("freebsd", "archspec"),
}


def _detected() -> dict[str, tuple[str, str]]:
    from rattler import VirtualPackage

    generic = [package.into_generic() for package in VirtualPackage.detect()]
    return {
        package.name.normalized: (str(package.version), str(package).rpartition("=")[2])
        for package in generic
    }


def _overrides(
    subdir: str, environ: Mapping[str, str], configured: Mapping[str, str | None]
) -> list[tuple[str, str, str]]:
    """Name, value and place of each override that counts for this platform."""
    setting = "override_virtual_packages"
    by_name = {name.removeprefix("__"): (text or "", setting) for name, text in configured.items()}
    for name in _OVERRIDABLE.get(subdir.partition("-")[0], ()):
        variable = f"CONDA_OVERRIDE_{name.upper()}"
        if variable in environ:
            by_name[name] = (environ[variable], variable)
    allowed = _OVERRIDABLE.get(subdir.partition("-")[0], ())
    return [(name, text.strip(), place) for name, (text, place) in by_name.items() if name in allowed]


def _override(found: dict[str, tuple[str, str]], name: str, text: str, place: str) -> None:
    package = f"__{name}"
    if not text:
        # Conda keeps __linux, without a version: only the kernel is unknown, not the system.
        if name == "linux":
            found[package] = _ABSENT_LINUX
        else:
            found.pop(package, None)
    elif name == "archspec":
        found[package] = ("1", text)
    else:
        found[package] = (_version(name, text, place), "0")
        if name in ("glibc", "musl"):
            found.pop("__musl" if name == "glibc" else "__glibc", None)


def _version(name: str, text: str, place: str) -> str:
    from rattler import Version
    from rattler.exceptions import InvalidVersionError

    if name == "linux" and (kernel := re.match(r"\d+\.\d+(\.\d+)?(\.\d+)?", text)):
        text = kernel.group()
    try:
        return str(Version(text))
    except InvalidVersionError as error:
        raise ConfigError(f"{place} is {text!r}, which is no version", place=place) from error


def _generic(name: str, version: str, build: str) -> GenericVirtualPackage:
    from rattler import GenericVirtualPackage, PackageName, Version
    from rattler.package import BuildString

    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
