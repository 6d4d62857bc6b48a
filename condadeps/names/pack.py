"""Packs a mapping of conda packages to the projects they ship into the table that condadeps reads.

    python -m condadeps.names.pack conda-forge_conda-to-pypi.json --date 2026-08-19

The input is parselmouth's JSON: an object whose keys are packages and whose values are a project's
name, a list of them, or null. The output replaces the table shipped in this package, unless ``-o``
names another file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.table import FORMAT, MAGIC, SHIPPED

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def mapping(document: Any) -> dict[PackageName, tuple[ProjectName, ...]]:
    """What a mapping's JSON says, by package. Names no conda package or project can have are left out.

    Raises ValueError when ``document`` is no such mapping.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it is not an object of package names")
    found: dict[PackageName, tuple[ProjectName, ...]] = {}
    for key, value in document.items():
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if value is not None and not isinstance(value, str | list):
            raise ValueError(f"the entry of {key!r} is neither a name, a list of names nor null")
        package = _package(key)
        if package is not None:
            found[package] = tuple(sorted({*_projects(names), *found.get(package, ())}))
    return found


def pack(ships: Mapping[PackageName, Iterable[ProjectName]], date: str) -> bytes:
    """The packed table of ``ships``, dated ``date`` (ISO 8601). Raises ValueError for no such date."""
    if not _DATE.fullmatch(date):
        raise ValueError(f"{date!r} is not a date such as 2026-08-19")
    packages: list[str] = []
    shippers: dict[str, list[str]] = {}
    for package, projects in sorted(ships.items()):
        names = sorted(set(projects))
        packages.append(_line(package, ["="] if names == [_own(package)] else [*names]))
        for name in names:
            shippers.setdefault(name, []).append(package)
    projects_part = "".join(
        _line(project, by) for project, by in sorted(shippers.items()) if by != [str(project)]
    )
    packages_part = "".join(packages)
    return _with_header(packages_part.encode("ascii"), projects_part.encode("ascii"), date)


def _with_header(packages: bytes, projects: bytes, date: str) -> bytes:
    """The header tells its own length too, so it is written with fields of fixed width."""
    form = f"{MAGIC} {FORMAT} date={date} projects-at={{:08d}} size={{:08d}}\n"
    length = len(form.format(0, 0))
    at = length + len(packages)
    return form.format(at, at + len(projects)).encode("ascii") + packages + projects


def _line(name: str, rest: list[str]) -> str:
    return f"{name}\t{' '.join(rest)}\n" if rest else f"{name}\n"


def _own(package: PackageName) -> str | None:
    """The project of a package's own name; None for a name such as ``_libgcc_mutex``."""
    try:
        return ProjectName(package)
    except ValueError:
        return None


def _package(name: object) -> PackageName | None:
    try:
        return PackageName(name) if isinstance(name, str) else None
    except ValueError:
        return None


def _projects(names: Iterable[object]) -> Iterable[ProjectName]:
    for name in names:
        try:
            if isinstance(name, str):
                yield ProjectName(name)
        except ValueError:
            continue


def main(arguments: list[str] | None = None) -> int:
    """The command: exit 0, or 1 with the reason on standard error."""
    import argparse
    import json
    import sys

    parser = argparse.ArgumentParser(
        prog="python -m condadeps.names.pack", description=__doc__.split("\n")[0]
    )
    parser.add_argument("table", type=Path, help="the mapping's JSON file")
    parser.add_argument("--date", required=True, help="the day the mapping was made, as in 2026-08-19")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED, help="where to write (default: here)")
    asked = parser.parse_args(arguments)
    try:
        ships = mapping(json.loads(asked.table.read_text("utf-8")))
        packed = pack(ships, asked.date)
        asked.output.write_bytes(packed)
    except (OSError, ValueError) as error:
        print(f"{asked.table}: {error}", file=sys.stderr)
        return 1
    print(f"{asked.output}: {len(ships)} packages, {len(packed)} bytes, of {asked.date}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
