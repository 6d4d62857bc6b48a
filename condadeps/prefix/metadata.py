"""The few core metadata fields that deciding needs, read without an e-mail parser (ten times the time)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps.names.namespaces import ProjectName
from condadeps.prefix.requirements import requirement
from condadeps.values import dataclass

if TYPE_CHECKING:
    from packaging.requirements import Requirement


@dataclass(frozen=True)
class Core:
    """Name, version, requirements and extras of an installed distribution."""

    name: str
    version: str
    lines: tuple[str, ...] = ()
    """``Requires-Dist``, as written."""
    extras: frozenset[str] = frozenset()
    """``Provides-Extra``, normalised (PEP 685)."""
    requires_python: str = ""

    @functools.cached_property
    def requires(self) -> tuple[Requirement, ...]:
        """``Requires-Dist``, parsed; what cannot be parsed is left out, as pip leaves it to the installer."""
        return tuple(found for line in self.lines if (found := requirement(line)) is not None)


def read_core(location: Path) -> Core | None:
    """The metadata at ``location``, a ``.dist-info`` or ``.egg-info`` directory or file, if any."""
    for path in (location / "METADATA", location / "PKG-INFO", location):
        try:
            core = parse(path.read_text("utf-8", "replace"))
        except OSError:
            continue
        return _with_requires_txt(core, location) if path.name == "PKG-INFO" and not core.lines else core
    return None


def parse(text: str) -> Core:
    """Core metadata out of its text; only the head, never the description."""
    fields: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in text.partition("\n\n")[0].splitlines():
        if line[0] in " \t":
            if last:
                last[-1] += " " + line.strip()
            continue
        key, colon, value = line.partition(":")
        if colon:
            last = fields.setdefault(key.lower(), [])
            last.append(value.strip())
    return Core(
        name=fields.get("name", [""])[0],
        version=fields.get("version", [""])[0],
        lines=tuple(fields.get("requires-dist", ())),
        extras=frozenset(_extras(fields.get("provides-extra", ()))),
        requires_python=fields.get("requires-python", [""])[0],
    )


def _with_requires_txt(core: Core, location: Path) -> Core:
    """Setuptools' older form: sections ``[extra:marker]`` in ``requires.txt``."""
    try:
        text = (location / "requires.txt").read_text("utf-8", "replace")
    except OSError:
        return core
    lines, extras, condition = [], set(core.extras), ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            extra, _, marker = line.strip("[]").partition(":")
            extras.update(_extras([extra] if extra else []))
            parts = [f'extra == "{extra}"'] if extra else []
            condition = " and ".join([*parts, *([f"({marker})"] if marker else [])])
        else:
            lines.append(f"{line} ; {condition}" if condition else line)
    return Core(core.name, core.version, tuple(lines), frozenset(extras), core.requires_python)


def _extras(names: object) -> list[str]:
    found = []
    for name in names if isinstance(names, list | tuple) else ():
        try:
            found.append(str(ProjectName(name)))
        except ValueError:
            continue
    return found
