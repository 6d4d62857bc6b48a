"""Why something that was there could not stay as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.needs import Need
from condadeps.solve.problem import Problem
from condadeps.solve.reasons import Reasons, admits, spec_name
from condadeps.solve.universe import CondaCandidate, Entry, PipCandidate
from condadeps.solve.wanted import Wanted

if TYPE_CHECKING:
    from rattler import PrefixRecord, RepoDataRecord


@dataclass(frozen=True)
class Moves:
    """Answers "why did this move?" for one solution.

    Either somebody does not let it be what it was, or it was something that does not suit the rest itself.
    """

    reasons: Reasons
    problem: Problem

    def package(self, name: PackageName, before: PrefixRecord) -> str | None:
        """Why conda's ``name`` could not stay ``before``; None when nothing is known to forbid it."""
        previous = str(before.version)
        return (
            self.reasons.demand(name, previous)
            or self._limited(name, previous)
            or self._pinned(name, previous)
            or self._barred(name, before)
            or self._unsuited(before)
        )

    def project(self, entry: Entry) -> str | None:
        """The same of a project that pip had installed."""
        if entry.kept is None:
            return None
        previous = entry.kept.version
        for project, candidate in self.reasons.solution.pip.items():
            for need in self.reasons.needs(project, candidate):
                if need.project == entry.project and not need.specifier.contains(previous, prereleases=True):
                    return f"{project} {candidate.version} needs {need}"
        for limit in self.problem.limits:
            if limit.project == entry.project and not limit.specifier.contains(previous, prereleases=True):
                return f"{limit} is a constraint"
        return self._unsuited_project(entry)

    # -- what others forbid --------------------------------------------------------------

    def _limited(self, name: PackageName, previous: str) -> str | None:
        """The constraint that does not leave ``name`` at version ``previous``."""
        for limit in self.problem.limits:
            for limited, spec in limit.specs:
                if limited == name and not admits(spec, previous):
                    return f"{limit} is a constraint"
        return None

    def _pinned(self, name: PackageName, previous: str) -> str | None:
        for pin in self.problem.pinned:
            if spec_name(pin) == name and not admits(pin, previous):
                return f"{pin} is pinned"
        return None

    def _barred(self, name: PackageName, before: PrefixRecord) -> str | None:
        """Who needs another build, or does not want to be beside this version."""
        for other, record in self.reasons.solution.conda.items():
            for verb, texts in (("needs", record.depends), ("allows only", record.constrains)):
                for text in texts:
                    if spec_name(text) == name and not _matches(text, before):
                        return f"{self.reasons.label(other)} {verb} {text}"
        return None

    # -- what it needed itself -----------------------------------------------------------

    def _unsuited(self, before: PrefixRecord) -> str | None:
        label = f"{before.name.normalized} {before.version}"
        for verb, texts in (("needs", before.depends), ("allows only", before.constrains)):
            for text in texts:
                other = PackageName(spec_name(text))
                chosen = self.reasons.solution.conda.get(other)
                if chosen is not None and not _matches(text, chosen):
                    return f"{label} {verb} {text}, {self._why_not(text, other, chosen)}"
                if chosen is None and verb == "needs" and (taker := self._taker(other)):
                    return f"{label} {verb} conda's {text}, {taker}"
        return None

    def _unsuited_project(self, entry: Entry) -> str | None:
        assert entry.kept is not None
        plain = None
        for need in self.reasons.needs(entry.project, entry.kept):
            chosen = self._chosen(need.project)
            version = chosen.version if chosen else None
            if chosen and version and not need.specifier.contains(version, prereleases=True):
                text = f"{entry.project} {entry.kept.version} needs {need}"
                why = self._why_not_project(need, chosen)
                if why is not None:
                    return f"{text}, {why}"
                # What moved along with it explains nothing, unless nothing better is known.
                plain = plain or f"{text}, {need.project} is to be {version}"
        return plain

    def _chosen(self, project: ProjectName) -> CondaCandidate | PipCandidate | None:
        """What there is to be of a project, also when only its conda package is wanted."""
        solution = self.reasons.solution
        if project in solution.projects:
            return solution.projects[project][1]
        entry = self.problem.discovery.universe.entries.get(project)
        for candidate in entry.conda if entry else ():
            record = solution.conda.get(candidate.package)
            if record is not None and str(record.version) == candidate.text:
                return candidate
        return None

    def _taker(self, package: PackageName) -> str | None:
        """Which project of pip's stands where conda's ``package`` stood."""
        for project, candidate in self.reasons.solution.pip.items():
            if package in self.reasons.solution.projects[project][0].excluded:
                return f"{project} {candidate.version} comes from PyPI"
        return None

    def _why_not(self, text: str, other: PackageName, chosen: RepoDataRecord) -> str:
        """Why ``other`` is not what ``text`` wants."""
        for item in self._asked():
            if item.package == other and item.spec != other:
                return f"{item.shown} was asked for"
            if item.need is None:
                continue
            entry, candidate = self.reasons.solution.projects[item.need.project]
            if isinstance(candidate, CondaCandidate) and candidate.package == other:
                wanted = {
                    entry.order.numbers[c.version or c.text] for c in entry.conda if admits(text, c.text)
                }
                if not wanted & entry.within(item.need.specifier):
                    return f"{item.shown} was asked for"
        before = self.problem.installed.get(other)
        return (before and self._forbidden(other, before)) or f"{other} is to be {chosen.version}"

    def _forbidden(self, name: PackageName, before: PrefixRecord) -> str | None:
        previous = str(before.version)
        return (
            self.reasons.demand(name, previous)
            or self._limited(name, previous)
            or self._pinned(name, previous)
        )

    def _why_not_project(self, need: Need, chosen: CondaCandidate | PipCandidate) -> str | None:
        """Why a project is not what ``need`` wants; None when it just is not."""
        other = self.problem.discovery.universe.entries[need.project]
        wanted = other.admitted(need.specifier) & other.available()
        package = chosen.package if isinstance(chosen, CondaCandidate) else None
        for item in self._asked():
            if item.package and item.package == package and item.spec != package:
                return f"{item.shown} was asked for"
            own = item.need is not None and item.need.project == need.project
            if own and item.need and not wanted & other.within(item.need.specifier):
                return f"{item.shown} was asked for"
        before = self.problem.installed.get(package) if package else None
        return self._forbidden(package, before) if package and before else None

    def _asked(self) -> Iterator[Wanted]:
        return (item for item in self.problem.items if item.applies and not item.implied)


def _matches(text: str, record: RepoDataRecord) -> bool:
    from rattler import MatchSpec

    return MatchSpec(text).matches(record)
