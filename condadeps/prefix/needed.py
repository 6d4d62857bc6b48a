"""Which conda packages pip's projects stand on: a rebuild must take those from conda, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.owner import owner
from condadeps.prefix.target import Target
from condadeps.solve.plan import Answer, Needed


def needed(answers: Sequence[Answer], target: Target, homes: Homes) -> tuple[Needed, ...]:
    """The conda packages that the projects of ``answers`` need, as metadata on disk has it, by name.

    A project that pip installed counts with all its requirements and those of the extras asked for;
    one that conda has with its extras' only. Projects between it and a conda package are followed. What
    was itself asked for is left out.
    """
    there = _There(target, homes)
    found: dict[PackageName, dict[str, None]] = {}
    for answer in answers:
        project = answer.project or (ProjectName(answer.name) if answer.manager == "pip" else None)
        if project is not None and (answer.manager == "pip" or answer.extras):
            for package in there.under(project, answer.extras, base=answer.manager == "pip"):
                found.setdefault(package, {})[str(project)] = None
    asked = {answer.name for answer in answers if answer.manager == "conda"}
    return tuple(
        Needed(name, there.packages[name].version, tuple(found[name]))
        for name in sorted(found)
        if name not in asked
    )


class _There:
    """What is installed, for one question."""

    def __init__(self, target: Target, homes: Homes) -> None:
        self.packages: Mapping[PackageName, InstalledPackage] = installed.packages(target.prefix)
        self._target = target
        self._homes = homes

    def under(self, project: ProjectName, extras: Iterable[str], *, base: bool) -> Iterator[PackageName]:
        """The conda packages that are met first on the way down from ``project``."""
        todo = [(project, ("", *extras) if base else tuple(extras))]
        seen = {project}
        while todo:
            name, wanted = todo.pop()
            found = installed.distribution(self._target, name)
            for requirement in self._requirements(found, wanted):
                other = ProjectName(requirement.name)
                if other in seen:
                    continue
                seen.add(other)
                package = self._condas(other)
                if package is not None:
                    yield package
                else:
                    todo.append((other, ("", *sorted(requirement.extras))))

    def _requirements(self, found: Distribution | None, extras: Sequence[str]) -> Iterator[Any]:
        for requirement in found.requires if found else ():
            marker = requirement.marker
            environments = [{**self._target.markers, "extra": extra} for extra in extras]
            if "" in extras if marker is None else any(map(marker.evaluate, environments)):
                yield requirement

    def _condas(self, project: ProjectName) -> PackageName | None:
        """The conda package that has ``project`` here: its home when that is installed."""
        found = installed.distribution(self._target, project)
        own = owner(found, self.packages, self._homes) if found else None
        if own is None:
            return None
        home = self._homes.home(project).package
        return home if home in self.packages else own.name
