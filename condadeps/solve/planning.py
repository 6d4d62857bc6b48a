"""From a solution to a plan: what changes, why, what the requests came to, what to know about it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condadeps.asked import matchspec
from condadeps.asked.request import Direct, Spec
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import published
from condadeps.prefix.requirements import spelled
from condadeps.solve.constraint import conda_constraint
from condadeps.solve.decode import Solution, artifact, same
from condadeps.solve.encode import PROXY
from condadeps.solve.moves import Moves
from condadeps.solve.plan import MARKER, Answer, Install, Link, Plan, Uninstall, Unlink
from condadeps.solve.problem import Problem, Solved
from condadeps.solve.reasons import Reasons, admits
from condadeps.solve.twins import twins
from condadeps.solve.universe import CondaCandidate, Entry, PipCandidate
from condadeps.solve.versions import parsed
from condadeps.solve.wanted import Wanted
from condadeps.sources.cutoff import moment
from condadeps.sources.files import File
from condadeps.sources.records import package

if TYPE_CHECKING:
    from packaging.version import Version
    from rattler import PrefixRecord


def plan(solved: Solved, problem: Problem, notes: Sequence[str] = ()) -> Plan:
    """The plan that brings the solution about; ``notes`` are told with its own."""
    return _Planner(solved.solution, problem, _reasons(solved.solution, problem), tuple(notes)).plan()


def _reasons(solution: Solution, problem: Problem) -> Reasons:
    items = [item for item in problem.items if item.applies]
    asked = frozenset(item.solver_name for item in items if not item.implied)
    if problem.everything:
        asked |= {*problem.installed, *(f"{PROXY}{p}" for p in problem.discovery.installed.by_pip)}
    implied = frozenset(item.solver_name for item in items if item.implied)
    extras = {name: frozenset(entry.extras) for name, (entry, _) in solution.projects.items()}
    return Reasons(solution, asked, extras, implied - asked)


NEWEST = "the newest that fits"
"""The reason of what an update of everything moves."""


SHOWN = 8
"""A note names at most so many packages."""

_IDLE = "not asked for, and nothing that was needs it"
"""The reason of what goes when nothing else is to stay."""


@dataclass(frozen=True)
class _Planner:
    solution: Solution
    problem: Problem
    reasons: Reasons
    notes: tuple[str, ...]

    def plan(self) -> Plan:
        target, conda = self.problem.discovery.target, self.problem.discovery.conda
        answers = tuple(self._answer(i) for i in self.problem.items if i.applies and not i.implied)
        return Plan(
            prefix=str(target.prefix),
            subdir=target.subdir,
            link=tuple(self._links()),
            unlink=tuple(self._unlinks()),
            install=tuple(self._installs()),
            uninstall=tuple(self._uninstalls()),
            answers=answers,
            warnings=tuple(dict.fromkeys(self._warnings())),
            notes=tuple(dict.fromkeys(self._notes())),
            channels=conda.written if conda else (),
        )

    # -- what changes --------------------------------------------------------------------

    def _links(self) -> Iterator[Link]:
        for name, record in sorted(self.solution.conda.items()):
            before = self.problem.installed.get(name)
            if name in self.problem.damaged:
                yield Link(package(record), "its record in conda-meta cannot be read")
            elif before is None:
                yield Link(package(record), self._new(name))
            elif not same(before, record):
                newer = record.version >= before.version
                yield Link(package(record), self._moved(name, before, newer), package(before))

    def _new(self, name: PackageName) -> str:
        """Why a conda package comes in; it may take over from pip."""
        reason = self.reasons.of(name)
        if reason == "asked":
            return reason
        for entry, candidate in self.solution.projects.values():
            if isinstance(candidate, CondaCandidate) and candidate.package == name and entry.kept:
                demand = self.reasons.demand(name, str(entry.kept.version))
                why = demand or self._moves.project(entry)
                return f"moved: {why}" if why else reason
        return reason

    def _moved(self, name: PackageName, before: PrefixRecord, newer: bool) -> str:
        reason = self.reasons.of(name)
        if self.problem.everything and name not in self.problem.asked_packages:
            return NEWEST if newer else _of_move("", self._moves.package(name, before))
        if reason == "asked" and (self.problem.updating or not self._met(name, str(before.version))):
            return reason
        return _of_move(reason, self._moves.package(name, before))

    def _met(self, name: PackageName, version: str) -> bool:
        """Whether a version of conda's ``name`` meets all that was asked of it."""
        for item in self.problem.items:
            if item.package == name and not admits(item.spec, version):
                return False
            if not item.applies or item.need is None:
                continue
            entry, chosen = self.solution.projects[item.need.project]
            number = entry.order.numbers.get(parsed(version) or version)
            own = isinstance(chosen, CondaCandidate) and chosen.package == name
            if own and number not in entry.admitted(item.need.specifier):
                return False
        return True

    @functools.cached_property
    def _moves(self) -> Moves:
        return Moves(self.reasons, self.problem)

    def _unlinks(self) -> Iterator[Unlink]:
        for name, record in sorted(self.problem.installed.items()):
            if name in self.solution.conda:
                continue
            taker = next(
                (
                    f"{project} {c.version} from PyPI takes its place"
                    for project, c in self.solution.pip.items()
                    if name in self.solution.projects[project][0].excluded
                ),
                None,
            )
            idle = _IDLE if self._syncs else "nothing that was asked for needs it, and it is in the way"
            yield Unlink(package(record), taker or idle)

    @property
    def _syncs(self) -> bool:
        """Whether nothing but what was asked for is to stay."""
        return self.problem.verb == "sync"

    def _installs(self) -> Iterator[Install]:
        for project, candidate in sorted(self.solution.pip.items()):
            if candidate.source == "kept":
                continue
            entry = self.solution.projects[project][0]
            before = self.problem.discovery.installed.by_pip.get(project)
            by_name = f"{PROXY}{project}" in self.reasons.asked
            made = artifact(entry, candidate)
            if made.direct and f"{PROXY}{project}" in self.reasons.implied:
                # It came from a place of the moment, which is nobody's wish (PEP 610).
                made = replace(made, direct=False, direct_url=None)
            yield Install(
                made,
                self._why_pip(entry, candidate),
                previous=before.version if before else None,
                requested=before.requested if entry.stays_pip_s and before else by_name,
            )

    def _why_pip(self, entry: Entry, candidate: PipCandidate) -> str:
        reason = self.reasons.of(f"{PROXY}{entry.project}")
        if entry.stays_pip_s:
            return NEWEST
        if candidate.source == "direct":
            return reason
        if reason != "asked" and entry.kept is not None:
            reason = _of_move(reason, self._moves.project(entry))
        if reason == "asked" and entry.forced:
            return "asked from PyPI"
        return f"{reason}; {self._not_conda(entry)}" if self.problem.discovery.conda else reason

    def _not_conda(self, entry: Entry) -> str:
        policy = self.problem.discovery.policy
        if entry.project in policy.only_pypi:
            return f"{policy.setting('only_pypi')} names it"
        if entry.from_pypi:
            return "the hash that was asked for is of PyPI's file"
        if not entry.conda:
            limit = self.problem.options.exclude_newer
            return "no configured channel has it" + (f" (with --exclude-newer {limit})" if limit else "")
        unmet = [
            spelled(s)
            for s in entry.specifiers.values()
            if not any(entry.order.numbers[c.version or c.text] in entry.admitted(s) for c in entry.conda)
        ]
        if unmet:
            return f"conda has nothing for {unmet[0]}"
        return "none of conda's versions fits the rest"

    def _uninstalls(self) -> Iterator[Uninstall]:
        for project, before in sorted(self.problem.discovery.installed.by_pip.items()):
            chosen = self.solution.projects.get(project)
            if chosen is None and self._syncs:
                yield Uninstall(project, before.version, _IDLE)
            if chosen is None or not isinstance(chosen[1], CondaCandidate):
                continue
            candidate = chosen[1]
            yield Uninstall(project, before.version, self._superseded(project, candidate))

    def _superseded(self, project: ProjectName, candidate: CondaCandidate) -> str:
        label = f"superseded by conda's {candidate.package} {candidate.text}"
        if project in self.problem.asked_projects or str(candidate.package) in self.reasons.asked:
            return f"{label}, which was asked for"
        needing = self.reasons.conda_dependents(candidate.package)
        return f"{label}, which {needing[0]} needs" if needing else label

    # -- what the requests came to -------------------------------------------------------

    def _answer(self, item: Wanted) -> Answer:
        if item.need is None:
            return self._package_answer(item)
        entry, candidate = self.solution.projects[item.need.project]
        extras = tuple(sorted(item.need.extras))
        text, origin = item.request.text, str(item.request.origin)
        if isinstance(candidate, CondaCandidate):
            return Answer(
                text=text,
                origin=origin,
                manager="conda",
                name=candidate.package,
                version=candidate.text,
                constraint=item.keeps.constraint
                if item.keeps
                else conda_constraint(item.need.specifier, entry),
                extras=extras,
                project=entry.project,
                marker=item.marker,
                already=self._unchanged(candidate.package),
            )
        direct = item.request if isinstance(item.request, Direct) else None
        return Answer(
            text=text,
            origin=origin,
            manager="pip",
            name=entry.project,
            version=str(candidate.version),
            constraint=f" @ {candidate.file.location}" if direct else spelled(item.need.specifier),
            extras=extras,
            project=entry.project,
            marker=item.marker,
            already=candidate.source == "kept",
        )

    def _package_answer(self, item: Wanted) -> Answer:
        assert item.package is not None
        request = item.request
        return Answer(
            text=request.text,
            origin=str(request.origin),
            manager="conda",
            name=item.package,
            version=str(self.solution.conda[item.package].version),
            constraint=_tail(item),
            already=self._unchanged(item.package),
            channel=request.channel if isinstance(request, Spec) else None,
        )

    def _unchanged(self, name: PackageName) -> bool:
        before, now = self.problem.installed.get(name), self.solution.conda.get(name)
        return before is not None and now is not None and same(before, now)

    # -- what to know --------------------------------------------------------------------

    def _warnings(self) -> Iterator[str]:
        compiled = [
            f"{project} {c.version}"
            for project, c in sorted(self.solution.pip.items())
            if c.source != "kept" and artifact(self.solution.projects[project][0], c).compiled
        ]
        if compiled and self.problem.discovery.conda:
            yield f"compiled wheels from PyPI beside conda's compiled packages: {', '.join(compiled)}"
        for project, candidate in sorted(self.solution.pip.items()):
            if candidate.source != "kept":
                yield from self._builds(self.solution.projects[project][0], candidate)
            if candidate.source == "pypi":
                yield from self._newer(self.solution.projects[project][0], candidate)
            if isinstance(candidate.file, File) and candidate.file.yanked:
                why = f": {candidate.file.yanked_reason}" if candidate.file.yanked_reason else ""
                yield f"{project} {candidate.version} was yanked{why}"
            if candidate.source == "direct" and candidate.file.built:
                yield f"{project} {candidate.version} was built: its build code has run"
        for item in self.problem.items:
            yield from self._unknown_extras(item)
        new = {link.package.name for link in self._links()}
        yield from twins(new, self.reasons, self.problem.discovery.homes)

    def _builds(self, entry: Entry, candidate: PipCandidate) -> Iterator[str]:
        """That build code runs, or has run already: only building tells what some sdists need."""
        if candidate.version in entry.built:
            yield (
                f"{entry.project} {candidate.version} has no usable wheel: it was built to learn what it "
                "needs, so its build code has run"
            )
        elif artifact(entry, candidate).build:
            yield f"{entry.project} {candidate.version} has no usable wheel: its build code will run"

    def _newer(self, entry: Entry, chosen: PipCandidate) -> Iterator[str]:
        """The newest version that was passed over for a reason that a person may do something about."""
        follows = self.problem.discovery.universe.follows
        over: dict[Version, str] = {
            other.version: f"wants {need}, which is followed only when that is asked for too"
            for other in entry.pip_candidates()
            for need in other.needs.always
            if need.url and not follows(need)
        }
        failed = {v: error for v, error in entry.unreadable.items() if "python" not in error.data}
        over.update({version: f"cannot be used: {error.message}" for version, error in failed.items()})
        newest = max(over, default=chosen.version)
        if newest > chosen.version:
            yield f"{entry.project} {chosen.version} is taken: {newest} {over[newest]}"

    def _unknown_extras(self, item: Wanted) -> Iterator[str]:
        if item.need is None or not item.applies:
            return
        entry, candidate = self.solution.projects[item.need.project]
        needs = (
            candidate.needs
            if isinstance(candidate, PipCandidate)
            else entry.metadata.get(candidate.version)
            if candidate.version
            else None
        )
        version = candidate_text(candidate)
        for extra in sorted(item.need.extras):
            if needs is None:
                yield f"what {entry.project}[{extra}] needs is not known for conda's {version}"
            elif extra not in needs.extras:
                has = f"it has {', '.join(sorted(needs.extras))}" if needs.extras else "it has none"
                yield f"{entry.project} {version} has no extra [{extra}]: {has}"

    def _notes(self) -> Iterator[str]:
        for item in self.problem.items:
            yield from item.notes
            if not item.applies:
                yield MARKER.format(item.shown)
        yield from self.notes
        yield from self._too_new()
        discovery = self.problem.discovery
        if discovery.conda is None and not discovery.target.is_conda and self.solution.pip:
            yield (
                "this is not a conda environment, so everything comes from PyPI; "
                "`condadeps create -p DIR` makes one"
            )

    def _too_new(self) -> Iterator[str]:
        """What is newer than ``--exclude-newer`` and stays all the same."""
        limit = self.problem.options.exclude_newer
        there = self.problem.discovery.installed.packages
        staying = [one for name, one in sorted(there.items()) if self._unchanged(name)]
        newer = (
            [f"{one.name} {one.version}" for one in published.after(staying, moment(limit))] if limit else []
        )
        if newer:
            more = f" and {len(newer) - SHOWN} more" if len(newer) > SHOWN else ""
            yield f"there already, and newer than {limit}: {', '.join(newer[:SHOWN])}{more}"


def _of_move(reason: str, why: str | None) -> str:
    """The reason of what moved: what it had to fit, and whether it was asked for."""
    if why is None:
        return reason if reason == "asked" else "moved with the rest"
    return f"asked; moved: {why}" if reason == "asked" else f"moved: {why}"


def candidate_text(candidate: CondaCandidate | PipCandidate) -> str:
    """The version of a candidate, as its side writes it."""
    return candidate.text if isinstance(candidate, CondaCandidate) else str(candidate.version)


def _tail(item: Wanted) -> str:
    """What a conda spec says beyond channel and name, as an environment file has it."""
    return matchspec.read(item.spec).constraint
