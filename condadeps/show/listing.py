"""What is installed, as ``conda list`` lists it: conda's packages and pip's in one table."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps import config
from condadeps.asked.credentials import without
from condadeps.names.homes import Homes
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.owner import owner
from condadeps.prefix.target import read
from condadeps.transaction.journal import unfinished

_HEAD = ("# Name", "Version", "Build", "Channel")


@dataclass(frozen=True, slots=True)
class Entry:
    """One installed thing. ``channel`` is ``pypi`` for what pip installed, as conda says it."""

    name: str
    version: str
    build: str
    build_number: int
    channel: str
    base_url: str
    platform: str
    requested: bool = False

    def to_json(self) -> dict[str, Any]:
        """Exactly the eight keys of ``conda list --json``."""
        return {
            "base_url": self.base_url,
            "build_number": self.build_number,
            "build_string": self.build,
            "channel": self.channel,
            "dist_name": f"{self.name}-{self.version}-{self.build}",
            "name": str(self.name),
            "platform": self.platform,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything installed in one environment, by name. Prints and shows as a table."""

    prefix: str
    entries: tuple[Entry, ...]
    untold: tuple[str, ...] = ()
    """Warnings that the JSON, which is conda's, has no place for."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_json(self) -> list[dict[str, Any]]:
        """As ``conda list --json``."""
        return [entry.to_json() for entry in self.entries]

    def __str__(self) -> str:
        rows = [_HEAD, *((entry.name, entry.version, entry.build, entry.channel) for entry in self.entries)]
        widths = [max(len(row[column]) for row in rows) + 1 for column in range(4)]
        lines = (" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        head = [f"# packages in environment at {self.prefix}:", "#"]
        return "\n".join([*head, *map(str.rstrip, lines), *(f"# warning: {line}" for line in self.untold)])

    def _repr_html_(self) -> str:
        from condadeps.show.notebook import TABLE, cell, heading

        head = "".join(heading(name) for name in ("name", "version", "build", "channel"))
        body = "".join(
            "<tr>"
            + "".join(cell(text) for text in (entry.name, entry.version, entry.build, entry.channel))
            + "</tr>"
            for entry in self.entries
        )
        title = html.escape(f"{len(self.entries)} in {self.prefix}")
        title += "".join(f"<br>warning: {html.escape(line)}" for line in self.untold)
        return f"<div>{title}</div><table {TABLE}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def listing(prefix: Path) -> Listing:
    """What is installed at ``prefix``. Raises PrefixError for no environment, or one with broken records."""
    target = read(prefix)
    homes = Homes(overrides=config.own().homes)
    packages = installed.packages(prefix) if target.is_conda else {}
    entries = [_package(package) for package in packages.values()]
    entries += [
        _distribution(found)
        for found in installed.distributions(target).values()
        if owner(found, packages, homes) is None
    ]
    in_order = sorted(entries, key=lambda entry: (entry.name, entry.channel))
    half = unfinished(target.prefix)
    return Listing(str(target.prefix), tuple(in_order), (str(half),) if half else ())


def _package(package: InstalledPackage) -> Entry:
    base = without(package.channel).rstrip("/").removesuffix(f"/{package.subdir}")
    return Entry(
        name=package.name,
        version=package.version,
        build=package.build,
        build_number=package.build_number,
        channel=base.rpartition("/")[2] or base,
        base_url=base,
        platform=package.subdir,
        requested=bool(package.requested_specs),
    )


def _distribution(found: Distribution) -> Entry:
    build = "<develop>" if found.editable else "pypi_0"
    return Entry(
        name=found.project,
        version=found.version,
        build=build,
        build_number=0,
        channel="pypi",
        base_url="pypi",
        platform="pypi",
        requested=found.requested,
    )
