"""What is installed, and who needs whom: conda's packages and pip's projects in one graph."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from packaging.requirements import Requirement

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.owner import owner
from condadeps.prefix.target import Target

_DEPENDS = re.compile(r'"depends"\s*:\s*(?=\[)')
_NAME = re.compile(r"[^\s=<>!~\[;]+")


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One installed thing and who manages it."""

    manager: Literal["conda", "pip"]
    name: str

    def __str__(self) -> str:
        return self.name if self.manager == "conda" else f"{self.name} (pip)"


@dataclass(frozen=True)
class Graph:
    """``needs[a]`` is what ``a`` needs of what is installed."""

    needs: Mapping[Node, frozenset[Node]]
    asked: frozenset[Node]
    """What somebody asked for, as far as the environment tells."""
    providers: Mapping[ProjectName, Node] = field(default_factory=dict)
    """Who brought each installed project."""
    fronts: Mapping[ProjectName, Node] = field(default_factory=dict)
    """The home of a project that another package brings for it: ``matplotlib`` before ``matplotlib-base``."""

    def known_as(self, project: ProjectName) -> Node | None:
        """What somebody means who names ``project``: its home if that is installed, else who brought it."""
        return self.fronts.get(project) or self.providers.get(project)

    def needed_by(self, nodes: Iterable[Node]) -> set[Node]:
        """``nodes`` and all that they need, directly or not."""
        return _closure(nodes, self.needs)

    def needing(self, nodes: Iterable[Node]) -> set[Node]:
        """``nodes`` and all that need them, directly or not."""
        back: dict[Node, set[Node]] = {}
        for node, needs in self.needs.items():
            for other in needs:
                back.setdefault(other, set()).add(node)
        return _closure(nodes, back)

    def chain(self, top: Node, bottom: Collection[Node]) -> tuple[Node, ...]:
        """The shortest way from ``top`` down to one of ``bottom``; empty when there is none."""
        ways: list[tuple[Node, ...]] = [(top,)]
        seen = {top}
        for way in ways:
            if way[-1] in bottom:
                return way
            for other in sorted(self.needs.get(way[-1], ())):
                if other not in seen:
                    seen.add(other)
                    ways.append((*way, other))
        return ()


def graph(
    packages: Mapping[PackageName, InstalledPackage],
    distributions: Mapping[ProjectName, Distribution],
    target: Target,
    homes: Homes,
    *,
    asked: Collection[Node] = (),
    extras: Mapping[ProjectName, frozenset[str]] | None = None,
) -> Graph:
    """The graph of one environment.

    ``asked`` and ``extras`` (per project) are what is known to be asked for beyond what the
    environment itself tells. Raises PrefixError for a record that cannot be read.
    """
    providers = {project: _provider(found, packages, homes) for project, found in distributions.items()}
    requires = _requires(distributions, target, extras or {})
    conda = {Node("conda", name): _depends(package, packages) for name, package in packages.items()}
    fronts = dict(_fronts(providers, conda, homes))
    needs: dict[Node, set[Node]] = conda
    for project, requirements in requires.items():
        node = providers[project]
        mine = needs.setdefault(node, set())
        for one in requirements:
            # conda says itself what its packages need; only an extra's requirements go beyond that.
            if node.manager == "pip" or _is_of_extra(one):
                other = ProjectName(one.name)
                mine.update(nodes[other] for nodes in (providers, fronts) if other in nodes)
        if node.manager == "pip" and "python" in packages:
            mine.add(Node("conda", "python"))
    wanted = {Node("conda", name) for name, package in packages.items() if package.requested_specs}
    wanted |= {
        fronts.get(project, providers[project]) for project, found in distributions.items() if found.requested
    }
    there = {node: frozenset(others - {node}) for node, others in needs.items()}
    return Graph(there, frozenset(wanted | set(asked)) & frozenset(there), providers, fronts)


def _provider(found: Distribution, packages: Mapping[PackageName, InstalledPackage], homes: Homes) -> Node:
    package = owner(found, packages, homes)
    return Node("conda", package.name) if package else Node("pip", found.project)


def _fronts(
    providers: Mapping[ProjectName, Node], conda: Mapping[Node, Collection[Node]], homes: Homes
) -> Iterator[tuple[ProjectName, Node]]:
    """The installed homes that bring their project by needing the package that has its files."""
    for project, node in providers.items():
        package = homes.home(project).package if node.manager == "conda" else None
        front = Node("conda", package) if package else node
        if front != node and node in conda.get(front, ()):
            yield project, front


def depends(package: InstalledPackage) -> tuple[str, ...]:
    """What a package says it needs, as MatchSpecs. Raises PrefixError for a record that cannot be read."""
    text = package.text.decode("utf-8", "replace")
    start = _DEPENDS.search(text)  # the rest of a record is megabytes of files
    try:
        found = json.JSONDecoder().raw_decode(text, start.end())[0] if start else []
    except ValueError:
        found = package.record.get("depends", ())
    return tuple(map(str, found))


def _depends(package: InstalledPackage, packages: Mapping[PackageName, InstalledPackage]) -> set[Node]:
    texts = (one.rpartition("::")[2] for one in depends(package))
    names = {found[0].lower() for text in texts if (found := _NAME.match(text))}
    return {Node("conda", name) for name in names if name in packages}


def _requires(
    distributions: Mapping[ProjectName, Distribution],
    target: Target,
    extras: Mapping[ProjectName, frozenset[str]],
) -> dict[ProjectName, set[Requirement]]:
    """What each distribution requires here, with every extra that somebody asks of it."""
    wanted = {project: {"", *extras.get(project, ())} for project in distributions}
    everything = {project: found.requires for project, found in distributions.items()}
    found: dict[ProjectName, set[Requirement]] = {project: set() for project in distributions}
    todo = [(project, extra) for project, several in wanted.items() for extra in several]
    for project, extra in todo:
        environment = {**target.markers, "extra": extra}
        for one in everything[project]:
            if one.marker is not None and not one.marker.evaluate(environment):
                continue
            found[project].add(one)
            other = ProjectName(one.name)
            for more in one.extras if other in wanted else ():
                if more not in wanted[other]:
                    wanted[other].add(more)
                    todo.append((other, more))
    return found


def _is_of_extra(requirement: Requirement) -> bool:
    return requirement.marker is not None and "extra" in str(requirement.marker)


def _closure(nodes: Iterable[Node], edges: Mapping[Node, Collection[Node]]) -> set[Node]:
    found = set(nodes)
    todo = list(found)
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found
