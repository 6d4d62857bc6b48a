"""Who put a distribution there: the conda package that lists its files, or nobody, which means pip."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage

_METADATA = rb'/([^/"\\]+)\.(?:dist|egg)-info[/"]'


def owner(
    found: Distribution, packages: Mapping[PackageName, InstalledPackage], homes: Homes
) -> InstalledPackage | None:
    """The conda package that brought ``found``; None when none did.

    ``INSTALLER`` alone proves nothing (old conda packages say ``pip``, pip's copy over
    conda's says ``pip`` too), a record that lists the directory does. Records are searched
    as text, likely ones first; all of them only for what says that conda put it there.
    """
    if not packages:
        return None
    there = [packages[name] for name in likely(found.project, homes) if name in packages]
    if found.installer == "conda" and len(there) == 1:
        return there[0]
    everywhere = list(packages.values()) if found.installer == "conda" else []
    directory = found.location.name
    return next((package for package in (*there, *everywhere) if _lists(package, directory)), None)


def likely(project: ProjectName, homes: Homes) -> list[PackageName]:
    """The packages that may ship ``project``: its home, whoever is known to ship it, its namesakes."""
    home = homes.home(project).package
    names = [home] if home else []
    names += homes.shippers(project)
    names += [PackageName(project), PackageName(project.replace("-", "_"))]
    return list(dict.fromkeys(names))


@functools.lru_cache(maxsize=4096)
def projects(package: InstalledPackage) -> frozenset[str]:
    """The projects whose metadata ``package`` lists among its files, normalised."""
    found = set()
    for match in re.finditer(_METADATA, package.text):
        try:
            found.add(str(ProjectName(match.group(1).decode().partition("-")[0])))
        except ValueError:
            continue
    return frozenset(found)


@functools.lru_cache(maxsize=4096)
def _lists(package: InstalledPackage, directory: str) -> bool:
    text = package.text
    return f"/{directory}/".encode() in text or f'/{directory}"'.encode() in text
