"""The environment as the solve sees it: which manager has which project, at which version."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import Version

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.solve.versions import parsed


@dataclass(frozen=True)
class Installed:
    """Conda's packages and Python's distributions of one prefix, and who owns what."""

    packages: Mapping[PackageName, InstalledPackage]
    distributions: Mapping[ProjectName, Distribution]
    homes: Homes

    def version(self, project: ProjectName) -> Version | None:
        """The installed version of a project, whoever installed it."""
        found = self.distributions.get(project)
        return parsed(found.version) if found else None

    def owner(self, project: ProjectName) -> InstalledPackage | None:
        """The conda package that brought an installed project; None when pip did, or nobody."""
        if project not in self._owners:
            self._owners[project] = self._find_owner(project)
        return self._owners[project]

    @functools.cached_property
    def by_pip(self) -> Mapping[ProjectName, Distribution]:
        """The distributions that no conda package owns and that have a version PEP 440 reads."""
        return {
            project: found
            for project, found in self.distributions.items()
            if self.owner(project) is None and self.version(project) is not None
        }

    @functools.cached_property
    def _owners(self) -> dict[ProjectName, InstalledPackage | None]:
        return {}

    def _find_owner(self, project: ProjectName) -> InstalledPackage | None:
        found = self.distributions.get(project)
        if found is None or not self.packages:
            return None
        likely = [name for name in self._likely(project) if name in self.packages]
        if found.installer == "conda" and len(likely) == 1:
            return self.packages[likely[0]]
        directory = f"/{found.location.name}/"
        for name in likely:
            if any(directory in f"/{file}" for file in self.packages[name].files):
                return self.packages[name]
        if found.installer != "conda":
            return None
        for package in self.packages.values():
            if any(directory in f"/{file}" for file in package.files):
                return package
        return None

    def _likely(self, project: ProjectName) -> list[PackageName]:
        home = self.homes.home(project).package
        names = [home] if home else []
        names += self.homes.shippers(project)
        names += [PackageName(project), PackageName(project.replace("-", "_"))]
        return list(dict.fromkeys(names))
