"""What an update leaves older than the newest on offer, and what holds it back.

The solver knows: it is asked for the newest once more, and refuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from condadeps.names.namespaces import PackageName
from condadeps.prefix.requirements import spelled
from condadeps.solve.encode import PROXY
from condadeps.solve.problem import Problem, Solved
from condadeps.solve.reasons import admits
from condadeps.solve.universe import CondaCandidate, Entry, PipCandidate
from condadeps.solve.versions import parsed
from condadeps.solve.wanted import Wanted

if TYPE_CHECKING:
    from rattler import RepoDataRecord

LINES = 5
"""At most so many are explained; each costs a solve or two."""
CHAINS = 2
"""One is explained by so many of the things in its way."""


@dataclass(frozen=True)
class _Held:
    """Something that could be newer."""

    name: str
    version: str
    newest: str
    spec: str
    """The newest, as the solver's spec; empty when the solver was not told of it."""
    because: str = ""


async def notes(solved: Solved, problem: Problem) -> list[str]:
    """A note for each thing an update leaves behind; nothing when nothing is updated."""
    if not problem.updating or problem.verb == "sync":
        return []
    found = [one async for one in _held(solved, problem)]
    told = [
        f"{one.name} {one.version} is not the newest, {one.newest}{await _why(one, problem)}"
        for one in found[:LINES]
    ]
    if rest := found[LINES:]:
        told.append(f"not the newest either: {', '.join(f'{one.name} {one.version}' for one in rest)}")
    return told


async def _held(solved: Solved, problem: Problem) -> AsyncIterator[_Held]:
    seen: set[str] = set()
    for item in problem.items:
        for one in await _item(item, solved, problem) if item.applies and not item.implied else ():
            seen.add(one.name)
            yield one
    if not problem.everything:
        return
    conda = problem.discovery.conda
    records = await conda.records(sorted(problem.installed)) if conda else {}
    for name in sorted(problem.installed):
        record = solved.solution.conda.get(name)
        if record is not None and name not in seen:
            offered = _of_this_python(records.get(name, []), name, problem)
            for one in _package(name, str(record.version), offered):
                yield replace(one, because=_earlier(_bound(problem.earlier.get(name, ()), one.newest), name))
    for project, candidate in sorted(solved.solution.pip.items()):
        if project in problem.discovery.updated and project not in seen:
            for one in _project(solved.solution.projects[project][0], candidate):
                bound = problem.held.get(project, SpecifierSet())
                within = bound.contains(one.newest, prereleases=True)
                yield replace(one, because=_earlier("" if within else f"{project}{spelled(bound)}", project))


def _bound(texts: Sequence[str], version: str) -> str:
    """The first of these requests, of any spelling, that does not leave a version; empty when all do."""
    from rattler import MatchSpec

    said = ((text, MatchSpec(text).version) for text in texts)
    return next((text for text, spec in said if spec and not admits(f"probe {spec}", version)), "")


def _earlier(text: str, name: str) -> str:
    return f"{text} was asked for earlier; `condadeps install -U {name}` asks for it without" if text else ""


async def _item(item: Wanted, solved: Solved, problem: Problem) -> list[_Held]:
    """What was named, where something newer than what was chosen is not what was asked for itself."""
    solution = solved.solution
    if item.need is None:
        assert item.package is not None
        conda = problem.discovery.conda
        records = (await conda.records([item.package]))[item.package] if conda else []
        asked = item.spec.partition(" ")[2] if not item.earlier else ""
        fitting = [one for one in records if not asked or _matches(item.spec, one)]
        found = _package(item.package, str(solution.conda[item.package].version), fitting)
    else:
        entry, candidate = solution.projects[item.need.project]
        asked = str(item.need.specifier) if not item.earlier else ""
        if isinstance(candidate, PipCandidate):
            found = _project(entry, candidate) if not asked and candidate.source != "direct" else iter(())
        else:
            found = _of_conda(entry, candidate, item, asked)
    name = str(item.need.project if item.need else item.package)
    return [replace(one, because=_earlier(_bound(item.earlier, one.newest), name)) for one in found]


def _of_conda(entry: Entry, chosen: CondaCandidate, item: Wanted, asked: str) -> Iterator[_Held]:
    assert item.need is not None
    numbers = entry.order.numbers
    admitted = entry.admitted(item.need.specifier) if asked else None
    newer = [
        one
        for one in entry.conda
        if (admitted is None or numbers[one.version or one.text] in admitted)
        and not (one.version and one.version.is_prerelease)
    ]
    newest = max(newer, key=lambda one: numbers[one.version or one.text], default=chosen)
    if numbers[newest.version or newest.text] > numbers[chosen.version or chosen.text]:
        yield _Held(newest.package, chosen.text, newest.text, f"{newest.package} =={newest.text}")


def _package(name: PackageName, version: str, records: list[RepoDataRecord]) -> Iterator[_Held]:
    from rattler import Version as CondaVersion

    final = [str(one.version) for one in records if not _is_prerelease(str(one.version))]
    newest = max(final, key=CondaVersion, default=version)
    if CondaVersion(newest) > CondaVersion(version):
        yield _Held(name, version, newest, f"{name} =={newest}")


def _of_this_python(
    records: list[RepoDataRecord], name: PackageName, problem: Problem
) -> list[RepoDataRecord]:
    """``records``; of Python those of its minor version, which nobody expects to change."""
    minor = f"{problem.discovery.target.minor}."
    return [one for one in records if name != "python" or str(one.version).startswith(minor)]


def _project(entry: Entry, chosen: PipCandidate) -> Iterator[_Held]:
    newest = next((v for v in entry.versions if _counts(entry, v)), chosen.version)
    if newest > chosen.version:
        spec = f"{PROXY}{entry.project} =={entry.order.numbers[newest]}" if newest in entry.offered else ""
        yield _Held(entry.project, str(chosen.version), str(newest), spec)


def _counts(entry: Entry, version: Version) -> bool:
    """Whether a version of the index is for this Python, and not passed over for what is told elsewhere."""
    return not version.is_prerelease and version not in entry.unreadable and version in entry.files


def _is_prerelease(text: str) -> bool:
    version = parsed(text)
    return version is not None and version.is_prerelease


def _matches(spec: str, record: RepoDataRecord) -> bool:
    from rattler import MatchSpec

    return MatchSpec(spec).matches(record)


async def _why(held: _Held, problem: Problem) -> str:
    if held.because:
        return f": {held.because}"
    refusal = await problem.refusal(held.spec) if held.spec else None
    if refusal is None:
        return ""
    from condadeps.solve.explain import Chain, Teller, shortest  # seldom needed

    chains = shortest(Teller(problem, problem.encoded).chains(refusal.message))
    mine = {held.name, f"{PROXY}{held.name}"}
    own = [Chain(one.steps[1:], one.end) for one in chains if one.head in mine and len(one.steps) > 1]
    others = [one for one in chains if one.head not in mine]
    told = [str(one) for one in (*own[:1], *others)][:CHAINS]
    return f": {', and '.join(told)}" if told else ""
