"""Which kernels can install themselves: condadeps' own definitions, the site's and the user's.

A definition runs commands and may name channels, so only the configuration directories of site and
user are looked into (the design's rule 11), never a project's; the user's counts before the site's,
and that before condadeps' own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.config.places import site_directories, user_directories
from condadeps.errors import ConfigError, NotFoundError
from condadeps.kernels import place
from condadeps.kernels.definition import NAME, Definition, read

_OWN = Path(__file__).parent / "languages"


@dataclass(frozen=True, slots=True)
class Offer:
    """One kernel that can be had."""

    definition: Definition
    prefix: Path
    installed: bool
    registered: bool

    @property
    def state(self) -> str:
        """For a person."""
        if self.installed:
            return "installed"
        return "in the launcher, installs itself on first use" if self.registered else ""


@dataclass(frozen=True, slots=True)
class Offers:
    """All that can be had, to be shown."""

    offers: tuple[Offer, ...]
    warnings: tuple[str, ...] = ()
    """Definitions that cannot be read, a line each."""

    def __str__(self) -> str:
        width = max((len(one.definition.name) for one in self.offers), default=0)
        lines = [f"{one.definition.name:{width}}  {self._told(one)}" for one in self.offers]
        lines += [f"warning: {line}" for line in self.warnings]
        return "\n".join([*lines, "", "condadeps kernels add NAME puts one into the launcher"])

    @staticmethod
    def _told(one: Offer) -> str:
        about = one.definition.about or one.definition.display_name
        if one.definition.file.parent != _OWN:
            about = f"{about}  ({one.definition.file})"
        return f"{about}  [{one.state}]" if one.state else about

    def to_json(self) -> dict[str, Any]:
        """The list under ``available``, each with what it installs and where."""
        return {"available": [_plain(one) for one in self.offers], "warnings": list(self.warnings)}


def _plain(one: Offer) -> dict[str, Any]:
    told = one.definition
    return {
        "name": told.name,
        "kernel": told.kernel,
        "display_name": told.display_name,
        "language": told.language,
        "about": told.about,
        "conda": list(told.conda),
        "pip": list(told.pip),
        "channels": list(told.channels),
        "steps": [list(step) for step in told.steps],
        "file": str(told.file),
        "prefix": str(one.prefix),
        "installed": one.installed,
        "registered": one.registered,
    }


def directories() -> tuple[Path, ...]:
    """Where definitions lie, the lightest first."""
    configured = (*site_directories(), *user_directories(os.environ))
    return (_OWN, *(path / "kernels" for path in configured))


def files() -> dict[str, Path]:
    """The definitions' files by name; a weightier directory's stands for a lighter one's."""
    return {path.stem: path for directory in directories() for path in _in(directory)}


def find(name: str) -> Definition:
    """The definition of that name. Raises NotFoundError, or ConfigError for one that cannot be read."""
    known = files()
    if not NAME.fullmatch(name) or name not in known:
        import difflib  # not on the way of a start

        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        raise NotFoundError(
            f"there is no kernel called {name} to be had",
            detail=[f"near: {', '.join(near)}"] if near else (),
            help="condadeps kernels available",
            name=name,
            looked_in=[str(path) for path in directories()],
            near=near,
        )
    return read(known[name])


def offers(registered: frozenset[str]) -> Offers:
    """All there is; ``registered`` are the definitions whose kernels Jupyter knows already."""
    found: list[Offer] = []
    warnings: list[str] = []
    for name, path in sorted(files().items()):
        try:
            definition = read(path)
        except ConfigError as error:
            warnings.append(error.message)
            continue
        prefix = place.prefix(name)
        found.append(Offer(definition, prefix, place.is_installed(prefix), name in registered))
    return Offers(tuple(found), tuple(warnings))


def _in(directory: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in directory.iterdir() if path.suffix == ".toml")
    except OSError:
        return  # there is none, or it is not for us
