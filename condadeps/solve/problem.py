"""The questions a solve asks, in the order of least change.

First with everything installed asked for again, so that nothing leaves; what moves is then checked against
a question in which nothing may move. Only when there is no answer may what nobody asked for leave; and only
when there is none yet may conda's copy of what was asked for make room for PyPI's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from condadeps.asked.job import Options, Verb
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import requested_specs
from condadeps.solve import newest
from condadeps.solve.attempt import Question, Refusal, ask
from condadeps.solve.decode import Solution, decode, same
from condadeps.solve.discover import Discovery
from condadeps.solve.encode import NEVER, PROXY, Encoded, encode, spec
from condadeps.solve.limits import Limit, embodiments
from condadeps.solve.universe import Entry
from condadeps.solve.wanted import Wanted

if TYPE_CHECKING:
    from rattler import PrefixRecord, RepoDataRecord

ALWAYS = frozenset(PackageName(name) for name in ("python", "pip", "ipykernel", "condadeps"))
"""What the running kernel lives on (rule 7): never dropped as "nobody asked for it"."""


@dataclass(frozen=True)
class Solved:
    """An answer, and the encoding it is to be read with."""

    solution: Solution
    encoded: Encoded


@dataclass
class Problem:
    """What was asked, of which environment, with which candidates."""

    items: Sequence[Wanted]
    discovery: Discovery
    options: Options
    verb: Verb
    pinned: tuple[str, ...] = ()
    """``conda-meta/pinned`` and the like: constraints on whatever is there."""

    held: Mapping[ProjectName, SpecifierSet] = field(default_factory=dict)
    """What was asked for earlier of projects that pip installed, and holds (:mod:`asked_earlier`)."""

    forgotten: frozenset[PackageName] = frozenset()
    """Packages whose earlier request does not count (to find out what stands in the way)."""
    dropped: frozenset[ProjectName] = frozenset()
    """Projects pip installed that need not stay (to find out the same)."""
    leaving: frozenset[PackageName] = frozenset()
    """Packages conda installed that need not stay (to find out the same)."""
    lifted: frozenset[Limit] = frozenset()
    """Constraints that do not count (to find out the same)."""
    free_python: bool = False
    """Let Python's minor version move (to find out the same)."""
    at_least: Mapping[ProjectName, int] = field(default_factory=dict)
    """The least number that a project asked for may have (to find out what newer ones there may be)."""

    @functools.cached_property
    def encoded(self) -> Encoded:
        """The candidates there are now, in the solver's terms."""
        return encode(self.discovery.universe, python=self._python_elsewhere)

    def changed(self) -> None:
        """Forget how the candidates were put: there may be more of them."""
        self.__dict__.pop("encoded", None)

    async def solvable(self) -> Solution | None:
        """A solution, whatever it would move, or None."""
        answer = await self._try(self.encoded, self._only_roots(self.encoded))
        if isinstance(answer, Refusal) and self._handed:
            answer = await self._try(self.encoded, self._question(self.encoded, self._not_handed))
        return answer.solution if isinstance(answer, Solved) else None

    async def refusal(self, spec: str) -> Refusal | None:
        """Why ``spec`` cannot be had beside all that was asked for, or not without moving what is there."""
        encoded = self.encoded
        for question in (self._only_roots(encoded), self._frozen(encoded, list(self.installed))):
            answer = await self._try(encoded, dataclasses.replace(question, specs=(*question.specs, spec)))
            if isinstance(answer, Refusal):
                return answer
        return None

    async def ask(self) -> Solved | Refusal:
        """Ask with the candidates there are now."""
        self.changed()
        encoded = self.encoded
        if self.verb == "sync":
            return await self._try(encoded, self._only_asked(encoded))
        for question in await newest.questions(self) if self.everything else ():
            answer = await self._try(encoded, question)
            if isinstance(answer, Solved):
                return answer
        gentle = await self._try(encoded, self._everything(encoded))
        if isinstance(gentle, Solved):
            return await self._gentler(gentle, list(self.installed))
        refusal = gentle
        if len(self._roots) < len(self.installed):
            freer = await self._try(encoded, self._only_roots(encoded))
            if isinstance(freer, Solved):
                return freer
            refusal = Refusal(freer.message, gentle.message)
        return await self._hand_over(refusal) if self._handed else refusal

    async def _hand_over(self, refusal: Refusal) -> Solved | Refusal:
        """Let PyPI's copy take the place of conda's, of what was asked for; who needs conda's forbids it."""
        answer = await self._try(self.encoded, self._question(self.encoded, self._not_handed))
        if isinstance(answer, Solved):
            return await self._gentler(answer, self._not_handed)
        return Refusal(answer.message, f"{refusal.message}\n{refusal.before}")

    async def _gentler(self, gentle: Solved, staying: Sequence[PackageName]) -> Solved:
        """The same with nothing moved but what was asked for, when that can be; else ``gentle``.

        An update keeps the versions it found. An install may take older ones, on PyPI too.
        """
        if not self.moved(gentle.solution):
            return gentle
        exactly = self._at(gentle) if self.updating else []
        frozen = await self._try(self.encoded, self._frozen(self.encoded, staying, exactly))
        if isinstance(frozen, Solved):
            return frozen
        if self.updating or not await self.discovery.grow(self._opened()):
            return gentle
        self.changed()
        frozen = await self._try(self.encoded, self._frozen(self.encoded, staying))
        return frozen if isinstance(frozen, Solved) else gentle

    def _at(self, solved: Solved) -> list[str]:
        """What was asked for, at just the versions of a solution."""
        virtual = solved.solution.virtual
        specs = [f"{PROXY}{p} =={virtual[f'{PROXY}{p}'].version}" for p in sorted(self.asked_projects)]
        packages = {item.package for item in self.items if item.package and item.applies}
        return specs + [f"{p} =={solved.solution.conda[p].version}" for p in sorted(packages)]

    def _opened(self) -> list[ProjectName]:
        """The projects asked for that come from PyPI."""
        return [p for p in sorted(self.asked_projects) if self.discovery.universe.entries[p].opened]

    async def _try(self, encoded: Encoded, question: Question) -> Solved | Refusal:
        answer = await ask(question, encoded, self.discovery.conda, self.discovery.target.subdir)
        return answer if isinstance(answer, Refusal) else Solved(decode(answer, encoded), encoded)

    def moved(self, solution: Solution) -> bool:
        """Whether anything that was installed, and not itself asked for, would move or leave."""
        for name, record in self.installed.items():
            now = solution.conda.get(name)
            if name not in self.asked_packages and (now is None or not same(now, record)):
                return True
        pip = solution.pip
        for project in self.discovery.installed.by_pip:
            chosen = pip.get(project)
            if project not in self.asked_projects and (chosen is None or chosen.source != "kept"):
                return True
        return False

    # -- the questions -------------------------------------------------------------------

    def _everything(self, encoded: Encoded) -> Question:
        return self._question(encoded, list(self.installed))

    def _only_asked(self, encoded: Encoded) -> Question:
        """Nothing else is wanted than what was asked for, and what a kernel stands on; the rest may leave."""
        by_pip = self.discovery.installed.by_pip
        specs = [str(name) for name in sorted(ALWAYS & self.installed.keys() - self._leaving)]
        specs += [f"{PROXY}{name}" for name in sorted(ALWAYS) if ProjectName(name) in by_pip]
        limits = (*self.constraints, *self._limited())
        return Question((*specs, *self.asked_specs(encoded)), limits, tuple(self._locked(encoded)))

    def _only_roots(self, encoded: Encoded) -> Question:
        return self._question(encoded, [name for name in self.installed if name in self._roots])

    def _frozen(
        self, encoded: Encoded, staying: Sequence[PackageName], exactly: Sequence[str] = ()
    ) -> Question:
        question = self._question(encoded, staying)
        free = self.asked_packages | {PackageName(f"{PROXY}{name}") for name in self.asked_projects}
        held = [record for record in question.locked if record.name.normalized not in free]
        loose = [record for record in question.locked if record.name.normalized in free]
        return Question((*exactly, *question.specs), question.constraints, tuple(loose), tuple(held))

    def question(
        self, names: Sequence[PackageName], specs: Sequence[str], locked: Sequence[RepoDataRecord]
    ) -> Question:
        """A question about everything there is, which has ``specs`` besides; only ``locked`` is preferred."""
        there = dict.fromkeys((*names, *self.damaged))
        asked = self.asked_specs(self.encoded)
        return Question(
            (*asked, *there, *self._by_pip(), *specs), (*self.constraints, *self._limited()), tuple(locked)
        )

    def _question(self, encoded: Encoded, names: Sequence[PackageName]) -> Question:
        there = [name for name in (*names, *sorted(self.damaged)) if name not in self._leaving]
        specs = [*there, *self._by_pip()]
        asked = self.asked_specs(encoded)
        ordered = [*asked, *specs] if self.updating else [*specs, *asked]
        limits = (*self.constraints, *self._limited())
        return Question(tuple(ordered), limits, tuple(self._locked(encoded)))

    def asked_specs(self, encoded: Encoded) -> list[str]:
        """The requests as the solver's specs."""
        specs: list[str] = []
        for item in self.items:
            if not item.applies:
                continue
            if item.need is not None:
                specs.append(spec(self.discovery.universe, item.need, encoded))
            else:
                specs.append(item.spec)
        target = self.discovery.target
        if self.verb == "create" and target.has_python:
            specs.append("python")
        specs += [f"{PROXY}{project} >={number}" for project, number in self.at_least.items()]
        return specs + (self._not_older() if self.updating else [])

    def _not_older(self) -> list[str]:
        """What is updated never goes back."""
        packages = [item.package for item in self.items if item.package is not None]
        return newest.not_older(self, packages, self.asked_projects)

    @functools.cached_property
    def constraints(self) -> tuple[str, ...]:
        """What holds for whatever is there: pins, Python's minor version, what was asked for earlier."""
        found = list(self.pinned)
        target = self.discovery.target
        if target.is_conda and target.has_python and not self.free_python:
            # The running kernel survives: its minor version never changes (rule 7).
            found.append(f"python {target.minor}.*")
        found += [text for texts in self.earlier.values() for text in texts]
        for limit in self.limits:
            found += [spec for _, spec in limit.specs]
        return (*found, *(f"{package} * {NEVER}" for package in self.barred))

    @functools.cached_property
    def barred(self) -> Mapping[PackageName, ProjectName]:
        """Conda packages that are a project which comes from PyPI only; those installed may stay."""
        discovery = self.discovery
        there = discovery.installed.packages
        return {
            package: project
            for project in discovery.policy.only_pypi
            for package in embodiments(project, discovery.homes)
            if package not in there
        }

    @property
    def limits(self) -> list[Limit]:
        """The constraints that count."""
        return [limit for limit in self.discovery.limits.all if limit not in self.lifted]

    def _limited(self) -> list[str]:
        """The constraints on projects that came up, as specs on their proxies."""
        found = []
        for limit in self.limits:
            entry = self.discovery.universe.entries.get(limit.project) if limit.project else None
            if entry is not None and len(limit.specifier):
                ranges = entry.order.ranges(entry.admitted(limit.specifier))
                found.append(f"{PROXY}{entry.project} {ranges}".rstrip())
        return found

    def _by_pip(self) -> list[str]:
        """What pip has installed, as specs on the proxies: as it was asked for earlier, where it was."""
        found = []
        for project in self.discovery.installed.by_pip:
            if project in self.dropped:
                continue
            if project in self.held:
                entry = self.discovery.universe.entries[project]
                ranges = entry.order.ranges(entry.admitted(self.held[project]))
                found.append(f"{PROXY}{project} {ranges}".rstrip())
            else:
                found.append(f"{PROXY}{project}")
        return found

    @functools.cached_property
    def earlier(self) -> Mapping[PackageName, tuple[str, ...]]:
        """What was asked for earlier with a version, holds now, and is not asked for anew.

        Of what an update names, what only conda's grammar can say.
        """
        found: dict[PackageName, tuple[str, ...]] = {}
        for name, record in self.installed.items() if self.verb != "sync" else ():
            if name in self.asked_packages | self._leaving | self.forgotten:
                continue
            held = tuple(text for text in self.requested.get(name, ()) if _holds(text, record))
            if held:
                found[name] = held
        kept = [item.keeps for item in self.items if item.keeps and item.keeps.name not in self.forgotten]
        return found | {one.name: (one.text,) for one in kept}

    @functools.cached_property
    def requested(self) -> Mapping[PackageName, tuple[str, ...]]:
        """What was asked for earlier to get what is installed, by its record or conda's history."""
        packages = self.discovery.installed.packages
        found = {
            # The records were read for the engine: as JSON they would take many times as long again.
            name: requested_specs(packages[name], record.requested_specs, record.requested_spec)
            for name, record in self.installed.items()
        }
        # A version binds whatever channel it comes from, and channels have more than one name.
        return {n: tuple(text.rpartition("::")[2] for text in texts) for n, texts in found.items() if texts}

    def _locked(self, encoded: Encoded) -> list[RepoDataRecord]:
        free = self.asked_packages if self.updating else frozenset[PackageName]()
        records: list[RepoDataRecord] = [
            record for name, record in self.installed.items() if name not in free | self._leaving
        ]
        for project, entry in self.discovery.universe.entries.items():
            if self.updating and project in self.asked_projects:
                continue
            proxy = encoded.kept.get(project)
            if proxy is not None and not entry.forced:
                records.append(proxy)
        return records

    # -- what is there, what was asked ---------------------------------------------------

    @functools.cached_property
    def installed(self) -> Mapping[PackageName, PrefixRecord]:
        """The engine's records of what conda has installed, those that can be read."""
        from rattler import PrefixRecord
        from rattler.exceptions import IoError

        found: dict[PackageName, PrefixRecord] = {}
        for name, package in self.discovery.installed.packages.items():
            with contextlib.suppress(IoError, OSError, ValueError):
                found[name] = PrefixRecord.from_path(package.path)
        return found

    @functools.cached_property
    def damaged(self) -> frozenset[PackageName]:
        """Installed packages whose records cannot be read: they stay asked for, and are linked anew."""
        return frozenset(self.discovery.installed.packages) - frozenset(self.installed)

    @functools.cached_property
    def _roots(self) -> frozenset[PackageName]:
        needed = {
            text.split(" ", 1)[0].split("[", 1)[0]
            for record in self.installed.values()
            for text in record.depends
        }
        return frozenset(
            name
            for name in self.installed
            if (name not in needed or name in ALWAYS or name in self.requested) and name not in self.leaving
        )

    @property
    def removable(self) -> frozenset[PackageName]:
        """Installed packages that nothing needs, that no kernel lives on and that nobody asks for now."""
        return self._roots - ALWAYS - self.asked_packages

    @functools.cached_property
    def _leaving(self) -> frozenset[PackageName]:
        """Installed packages that must make room: ``pypi:`` or a place was asked for in their stead."""
        entries = [self.discovery.universe.entries[p] for p in self.asked_projects]
        going = [e for e in entries if e.forced or e.direct or (e.from_pypi and not self._may_stay(e))]
        return frozenset(name for entry in going for name in entry.excluded if name in self.installed)

    @property
    def _not_handed(self) -> list[PackageName]:
        return [name for name in self.installed if name not in self._handed]

    @functools.cached_property
    def _handed(self) -> frozenset[PackageName]:
        """Installed packages PyPI's copy may take the place of: they bring nothing but what was asked for."""
        installed, entries = self.discovery.installed, self.discovery.universe.entries
        names = {name for project in self.asked_projects for name in entries[project].excluded}
        others = (p for p in installed.distributions if p not in self.asked_projects)
        needed = {owner.name for project in others if (owner := installed.owner(project)) is not None}
        return frozenset(names & self.installed.keys()) - needed - ALWAYS

    def _may_stay(self, entry: Entry) -> bool:
        """Whether what conda has installed of a project that is PyPI's meets every request for it."""
        numbers = {entry.order.numbers[c.version or c.text] for c in entry.conda}
        needs = [item.need for item in self.items if item.need and item.need.project == entry.project]
        return bool(numbers) and all(entry.admitted(need.specifier) & numbers for need in needs)

    @functools.cached_property
    def asked_projects(self) -> frozenset[ProjectName]:
        """The projects that were asked for."""
        return frozenset(item.need.project for item in self.items if item.need and item.applies)

    @functools.cached_property
    def asked_packages(self) -> frozenset[PackageName]:
        """The conda packages that were asked for, and those that stand for a project that was."""
        found = {item.package for item in self.items if item.package}
        for project in self.asked_projects:
            entry = self.discovery.universe.entries[project]
            found.update(c.package for c in entry.conda)
        return frozenset(found)

    @property
    def updating(self) -> bool:
        """Whether what is asked for should move to the newest that fits."""
        return self.options.update or self.options.update_all or self.verb == "update"

    @property
    def everything(self) -> bool:
        """Whether all there is should move to the newest that fits."""
        return self.options.update_all or (self.verb == "update" and not self.items)

    def behind(self, solution: Solution) -> list[ProjectName]:
        """The projects to be updated for which a newer version is on offer than was chosen."""
        found = []
        for project in self.discovery.updated if self.updating else ():
            chosen = solution.pip.get(project)
            entry = self.discovery.universe.entries.get(project)
            held = self.held.get(project, SpecifierSet())
            newer = (v for v in entry.offered if chosen and v > chosen.version) if entry else ()
            if any(held.contains(version, prereleases=True) for version in newer):
                found.append(project)
        return found

    @property
    def _python_elsewhere(self) -> str | None:
        target = self.discovery.target
        return target.python_version if not target.is_conda and target.has_python else None


def _holds(text: str, record: PrefixRecord) -> bool:
    """Whether an earlier request says a version, and what is installed is what it asked for.

    Old histories hold texts that no grammar takes today: such a one binds nobody.
    """
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    try:
        spec = MatchSpec(text)
    except InvalidMatchSpecError:
        return False
    return spec.version is not None and spec.matches(record)
