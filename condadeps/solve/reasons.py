"""Why each item of a plan is there: the graph of the solution, walked from what was asked."""

from __future__ import annotations

import functools
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condadeps.names.namespaces import ProjectName
from condadeps.solve.decode import Solution
from condadeps.solve.encode import PIP, PROXY
from condadeps.solve.needs import Need
from condadeps.solve.universe import CondaCandidate, PipCandidate

if TYPE_CHECKING:
    from rattler import RepoDataRecord


WITH_THE_REST = "with the rest"
"""The reason of what nothing needs and nothing forbids to be as it was: the solver's choice."""


@dataclass(frozen=True)
class Reasons:
    """Answers "why is this here?" for one solution. Names are the solver's (``numpy``, ``pypi--rich``)."""

    solution: Solution
    asked: frozenset[str]
    """The solver's names of what was asked for: packages and proxies."""
    extras: Mapping[ProjectName, frozenset[str]]
    """Which extras are asked of a project, by anybody."""

    implied: frozenset[str] = frozenset()
    """The same of what a kernel needs and nobody asked for."""

    def of(self, name: str) -> str:
        """``"asked"``, or ``"needed by seaborn 0.13.2"``."""
        chain = self.chain(name)
        if chain:
            return f"needed by {self.label(chain[-1])}"
        if name in self._implied:
            return "for %condadeps in its kernel"
        if self._stands_for_asked(name):
            return "asked"
        # Nothing that was asked for now needs it, so something does that is there already.
        needing = self.dependents(name)
        return f"needed by {needing[0]}" if needing else WITH_THE_REST

    def chain(self, name: str) -> list[str]:
        """The shortest way from something asked for to ``name``: solver's names, proxies left out."""
        steps: list[str] = []
        at = name
        while (at := self._parents.get(at, "")) != "":
            if not at.startswith(PROXY) and at != name:
                steps.append(at)
        return steps[::-1]

    def label(self, name: str) -> str:
        """A solver's name for a person, with its version."""
        if name.startswith((PROXY, PIP)):
            project = ProjectName(name.removeprefix(PROXY).removeprefix(PIP))
            candidate = self.solution.projects[project][1]
            if isinstance(candidate, CondaCandidate):
                return f"{candidate.package} {candidate.text}"
            return f"{project} {candidate.version}"
        version = self._versions.get(name)
        return f"{name} {version}" if version is not None else name

    @functools.cached_property
    def _versions(self) -> dict[str, str]:
        return {name: str(record.version) for name, record in self.solution.conda.items()}

    def demand(self, name: str, previous: str) -> str | None:
        """Who does not let ``name`` be at version ``previous``: ``"pandas 3.0.1 needs numpy >=2"``."""
        for parent, record in self._records():
            for text in record.depends:
                if spec_name(text) == name and not admits(text, previous):
                    return f"{self.label(parent)} needs {text}"
        for project, candidate in self.solution.pip.items():
            for need in self.needs(project, candidate):
                chosen = self.solution.projects.get(need.project)
                if chosen is None or not isinstance(chosen[1], CondaCandidate) or chosen[1].package != name:
                    continue
                if not need.specifier.contains(previous, prereleases=True):
                    return f"{project} {candidate.version} needs {need}"
        return None

    def needing(self, project: ProjectName) -> list[str]:
        """The projects installed by pip that need ``project`` themselves."""
        return [
            str(name)
            for name, candidate in self.solution.pip.items()
            if any(need.project == project for need in self.needs(name, candidate))
        ]

    def needs(self, project: ProjectName, candidate: PipCandidate) -> list[Need]:
        """What a pip candidate needs, with the extras that were asked of it."""
        extras = self.extras.get(project, frozenset())
        return [
            *candidate.needs.always,
            *(need for extra in extras for need in candidate.needs.extras.get(extra, ())),
        ]

    def dependents(self, name: str) -> list[str]:
        """All that needs ``name``, conda's and pip's, with their versions."""
        own = self._stand_in(name) or name
        found = self.conda_dependents(own)
        for project, candidate in self.solution.pip.items():
            needed = [n.project for n in self.needs(project, candidate)]
            if any(self._stand_in(f"{PROXY}{p}") == own for p in needed if p in self.solution.projects):
                found.append(self.label(f"{PIP}{project}"))
        return found

    def conda_dependents(self, name: str) -> list[str]:
        """The conda packages that depend on ``name``, with their versions."""
        return [
            self.label(parent)
            for parent, record in self._records()
            if any(spec_name(text) == name for text in record.depends)
        ]

    def _records(self) -> Iterable[tuple[str, RepoDataRecord]]:
        yield from self.solution.conda.items()

    def _stands_for_asked(self, name: str) -> bool:
        return name in self.asked or self._parents.get(name, None) == ""

    @functools.cached_property
    def _implied(self) -> frozenset[str]:
        """What is implied, with what was chosen for it, less what was asked for too."""

        def chosen(names: Iterable[str]) -> set[str]:
            return {one for name in names for one in (name, self._stand_in(name)) if one}

        return frozenset(chosen(self.implied) - chosen(self.asked))

    @functools.cached_property
    def _parents(self) -> dict[str, str]:
        """Each record's parent on the shortest way from what was asked; ``""`` for what was asked."""
        children = self._children
        parents = dict.fromkeys([*sorted(self.asked), *sorted(self.implied)], "")
        queue = deque(parents)
        while queue:
            at = queue.popleft()
            for child in children.get(at, ()):
                if child in parents:
                    continue
                stand_in = self._stand_in(at)
                if stand_in is None or child == stand_in:
                    # What a proxy stands for was asked for when the proxy was.
                    parents[child] = "" if stand_in and parents[at] == "" else at
                else:
                    parents[child] = stand_in
                queue.append(child)
        return parents

    def _stand_in(self, name: str) -> str | None:
        """For a proxy, what was chosen for it: everything else it wants is an extra's."""
        if not name.startswith(PROXY):
            return None
        project = ProjectName(name.removeprefix(PROXY))
        candidate = self.solution.projects[project][1]
        return candidate.package if isinstance(candidate, CondaCandidate) else f"{PIP}{project}"

    @functools.cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for name, record in (*self.solution.conda.items(), *self.solution.virtual.items()):
            depends = list(record.depends)
            if name.startswith(PROXY):
                extras = self.extras.get(ProjectName(name.removeprefix(PROXY)), frozenset())
                depends += [text for e in extras for text in record.extra_depends.get(e, ())]
            children[str(name)] = [spec_name(text) for text in depends]
        return children


def spec_name(spec: str) -> str:
    """The name in a MatchSpec, spaces around its version or not.

    >>> spec_name("numpy"), spec_name("python>=3.9"), spec_name("conda-forge::libxml2[version='>=2']")
    ('numpy', 'python', 'libxml2')
    """
    found = _NAME.match(spec)
    return found["name"] if found else spec


_NAME = re.compile(r"(?:\S+::)?(?P<name>[^\s=<>!~\[]+)")


def admits(spec: str, version: str) -> bool:
    """Whether a MatchSpec takes a version, whatever its build."""
    from rattler import MatchSpec, PackageRecord
    from rattler.package.build_string import BuildString

    matched = MatchSpec(spec)
    if matched.version is None:
        return True
    name = spec_name(spec)
    probe = PackageRecord(name, version, BuildString("0"), 0, "noarch")
    return MatchSpec(f"{name} {matched.version}").matches(probe)
