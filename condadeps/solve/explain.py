"""Why it cannot be done, in the words of who asked.

The solver's explanation is a tree over proxies and numbers. It becomes chains, each from something that was
asked for to what it finally wants: ``app → app 3.0 needs oldlib >=1 → oldlib 1.1 needs numpy <2``. Chains
that differ in versions only are one; the shortest come first.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from condadeps.errors import ConflictError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.requirements import spelled
from condadeps.solve.attempt import Refusal
from condadeps.solve.encode import ELSEWHERE, NEVER, PIP, PROXY, UNREAD, Encoded
from condadeps.solve.needs import Need
from condadeps.solve.problem import Problem
from condadeps.solve.reasons import spec_name
from condadeps.solve.refusal_tree import Line, read
from condadeps.solve.relax import Way, ways

LINES = 11
"""At most this many lines of detail; with the message there are twelve."""
RULED_OUT = "which {} rules out"
"""How a chain ends that another request stands against."""
NOT_FOLLOWED = "which is taken from there only when that is asked for"
"""How a chain ends where an index's project wants something from a place of its choice."""
VERSIONS = 3
"""A chain names at most this many versions of one thing."""


@dataclass(frozen=True)
class Step:
    """``name`` at these versions needs something."""

    name: str
    versions: tuple[str, ...]
    need: str
    verb: str = "needs"
    of: str = ""
    """``from PyPI``: where it matters who brings it."""
    instead: bool = False
    """It is PyPI's, of something that conda has as it is needed: conda's way is the one to tell."""

    def __str__(self) -> str:
        if not self.versions:
            return self.need
        shown = ", ".join(self.versions[:VERSIONS])
        if len(self.versions) > VERSIONS:
            shown = f"{self.versions[0]} to {self.versions[-1]}"
        return f"{self.name} {shown}{self.of} {self.verb} {self.need}"

    def to_json(self) -> dict[str, Any]:
        """The step as data."""
        return {"name": self.name, "versions": list(self.versions), self.verb: self.need}


@dataclass(frozen=True)
class Chain:
    """From what was asked to what it comes down to; ``end`` says what is wrong with the last need."""

    steps: tuple[Step, ...]
    end: str = ""
    head: str = ""
    """What the solver calls the thing it begins with."""
    asked: bool = False
    """It begins with a request, not with what stands there."""

    def __str__(self) -> str:
        if len(self.steps) == 1 and self.asked and not self.end:
            return f"{self.steps[0]} was asked for"
        text = " → ".join(map(str, self.steps))
        return f"{text}, {self.end}" if self.end else text

    @property
    def key(self) -> tuple[Any, ...]:
        """Chains with the same key differ in versions only."""
        needs = (s.need.split(" ")[0] if s.versions else s.need for s in self.steps)
        return (*zip((s.name for s in self.steps), needs, strict=True), self.end)


async def conflict(refusal: Refusal, problem: Problem) -> ConflictError:
    """The error that explains a refusal."""
    told = Teller(problem, problem.encoded).chains(refusal.message)
    first = [chain for chain in told if not any(step.instead for step in chain.steps)]
    chains = shortest(first or told)
    chains = ruled_out(chains, problem)
    found = await ways(problem, refusal.message)
    heads = {chain.head for chain in chains if chain.asked}
    applying = [item for item in problem.items if item.applies and not item.implied]
    ends = {chain.end for chain in chains}
    named = [i for i in applying if i.solver_name in heads or RULED_OUT.format(i.shown) in ends]
    asked = [item.shown for item in named] or [i.shown for i in applying]
    return ConflictError(
        _message(asked),
        detail=_lines(chains),
        help=_followed(chains, asked) or _help(found),
        chains=[[*(step.to_json() for step in chain.steps), {"end": chain.end}] for chain in chains],
        relax=[way.to_json() for way in found],
        asked=asked,
    )


def ruled_out(chains: list[Chain], problem: Problem) -> list[Chain]:
    """``chains``; one that ends with a need of what a request is about, which no chain tells, names that.

    The solver leaves the request out where what it excludes is installed.
    """
    told = {chain.head for chain in chains}
    rivals: dict[str, str] = {}
    for item in problem.items:
        if not item.applies or item.implied or item.solver_name in told:
            continue
        entry = problem.discovery.universe.entries.get(item.need.project) if item.need else None
        for package in {c.package for c in entry.conda} if entry else {item.package}:
            rivals.setdefault(str(package), item.shown)
    return [
        replace(chain, end=RULED_OUT.format(rivals[name]))
        if not chain.end and (name := spec_name(chain.steps[-1].need)) in rivals
        else chain
        for chain in chains
    ]


def _message(asked: list[str]) -> str:
    if not asked:
        return "what is in this environment does not fit together"
    if len(asked) == 1:
        return f"{asked[0]} cannot be had in this environment"
    return f"these cannot be had together: {', '.join(asked)}"


def _lines(chains: list[Chain]) -> list[str]:
    lines = [str(chain) for chain in chains]
    if len(lines) > LINES:
        return [*lines[: LINES - 1], f"and {len(lines) - LINES + 1} more such chains"]
    return lines


def _help(found: list[Way]) -> str | None:
    told = found[:2]
    if len(told) == 2 and all(way.without for way in told):
        return f"give up one: {', or '.join(way.without for way in told)}"
    return "; or ".join(way.text for way in told) or None


def _followed(chains: list[Chain], asked: list[str]) -> str | None:
    """What to type to have something from the place that an index's project wants it from."""
    wanted = [chain.steps[-1].need for chain in chains if chain.end == NOT_FOLLOWED]
    if not wanted or len(wanted) < len(chains):
        return None
    return f"if you trust that place: `{shlex.join(['condadeps', 'install', *asked, *wanted])}`"


def shortest(chains: list[Chain]) -> list[Chain]:
    """The chains, those that differ in versions only as one, the shortest first."""
    merged: dict[tuple[Any, ...], list[Chain]] = {}
    for chain in chains:
        alike = merged.setdefault(chain.key, [])
        place = next((at for at, other in enumerate(alike) if _are_one(other, chain)), None)
        if place is None:
            alike.append(chain)
        else:
            alike[place] = _merge(alike[place], chain)
    found = [chain for alike in merged.values() for chain in alike]
    return sorted(found, key=lambda chain: (len(chain.steps), str(chain)))


def _are_one(one: Chain, other: Chain) -> bool:
    """Whether two chains of one key may be told as one: the very same versions do not need two things."""
    pairs = zip(one.steps, other.steps, strict=True)
    return all(a.need == b.need or not set(a.versions) & set(b.versions) for a, b in pairs if a.versions)


def _merge(one: Chain, other: Chain) -> Chain:
    steps = tuple(
        Step(
            a.name,
            tuple(dict.fromkeys((*a.versions, *b.versions))),
            a.need if a.need == b.need or not a.versions else a.need.split(" ")[0],
            a.verb,
            a.of,
        )
        for a, b in zip(one.steps, other.steps, strict=True)
    )
    return Chain(steps, one.end, one.head, one.asked)


@dataclass(frozen=True)
class Teller:
    """Translates the solver's names and numbers."""

    problem: Problem
    encoded: Encoded

    def chains(self, message: str) -> list[Chain]:
        """Every chain of the solver's message."""
        found: list[Chain] = []
        for line in read(message):
            if line.kind == "constraint":
                found.append(Chain((Step("", (), self._constraint(line)),)))
            elif line.kind == "locked":
                found.append(Chain((Step("", (), f"{line.name} stays {line.rest}"),)))
            else:
                if line.rest.startswith("[") and not any(below.below for below in line.below):
                    continue  # that an extra is there: the line of what it needs says why it is in the way
                mine = not self._whose(line)
                if mine and line.fate == "installable" and not line.rest and not self._is_request(line):
                    continue  # it is there, which the request for the project says better
                found += [replace(chain, head=line.name, asked=mine) for chain in self._walk(line, ())]
        return found

    def _walk(
        self, line: Line, steps: tuple[Step, ...], parent: Line | None = None, instead: bool = False
    ) -> Iterator[Chain]:
        """The chains through one line, which is about a spec; ``parent`` is what has it."""
        steps = steps or (Step("", (), self._top(line)),)
        if line.fate == "missing":
            yield Chain(steps, self._missing(line, parent))
            return
        instead = self._conda_meets(line, parent) if line.name.startswith(PROXY) else instead
        deeper = [chain for below in line.below for chain in self._versions(below, steps, instead)]
        yield from deeper or [Chain(steps)]

    def _versions(self, line: Line, steps: tuple[Step, ...], instead: bool) -> Iterator[Chain]:
        """The chains through one line, which is about versions of something."""
        for below in line.below:
            step = self._step(line, below)
            if step is not None and line.name.startswith(PIP) and not self._of(line):
                step = replace(step, instead=instead)
            yield from self._walk(below, steps if step is None else (*steps, step), line, instead)

    def _conda_meets(self, line: Line, parent: Line | None) -> bool:
        """Whether conda has a version that a line about a project wants."""
        entry = self.problem.discovery.universe.entries[ProjectName(line.name.removeprefix(PROXY))]
        wanted = entry.within(self._need(line, parent).specifier)
        return any(entry.order.numbers[c.version or c.text] in wanted for c in entry.conda)

    def _top(self, line: Line) -> str:
        """What a chain begins with."""
        for project, specifier in self.problem.held.items():
            if line.name == f"{PROXY}{project}":
                return f"{project}{spelled(specifier)} was asked for earlier"
        return self._spec(line) + self._whose(line)

    def _is_request(self, line: Line) -> bool:
        return any(item.applies and item.solver_name == line.name for item in self.problem.items)

    def _whose(self, line: Line) -> str:
        mine = [item.implied for item in self.problem.items if item.applies and item.solver_name == line.name]
        if mine and all(mine):
            return " (for the kernel)"
        if line.name.startswith(PROXY):
            project = ProjectName(line.name.removeprefix(PROXY))
            return "" if project in self.problem.asked_projects else " (installed by pip)"
        return "" if line.name in self.problem.asked_packages else " (installed)"

    def _step(self, line: Line, below: Line) -> Step | None:
        """What the versions of ``line`` need; None where only the encoding speaks."""
        name = line.name
        if name.startswith(PROXY):
            # A proxy's own dependency is its candidate; an extra's is a real need.
            if below.name.startswith(PIP) or self._is_candidate(name, below):
                return None
            return Step(name.removeprefix(PROXY), self._numbers(line), self._spec(below, line))
        if name.startswith(PIP):
            project = name.removeprefix(PIP)
            if NEVER in below.rest:
                text = f"conda's {below.name}"
                return Step(
                    project, self._numbers(line), text, "cannot be beside", self._of(line) or " from PyPI"
                )
            return Step(project, self._numbers(line), self._spec(below, line), of=self._of(line))
        verb = "allows only" if line.fate == "constrains" else "needs"
        return Step(name, tuple(reversed(line.rest.split(" | "))), self._spec(below), verb)

    def _is_candidate(self, proxy: str, below: Line) -> bool:
        entry = self.problem.discovery.universe.entries[ProjectName(proxy.removeprefix(PROXY))]
        return any(c.package == below.name for c in entry.conda) and below.rest.startswith("==")

    def _of(self, line: Line) -> str:
        project = ProjectName(line.name.removeprefix(PIP))
        kept = self.problem.discovery.universe.entries[project].kept
        return " (installed by pip)" if kept and str(kept.version) in self._numbers(line) else ""

    def _spec(self, line: Line, parent: Line | None = None) -> str:
        """A spec in the user's terms; ``parent`` is the line of the versions that have it."""
        if line.name == UNREAD:
            return "what nobody has told"
        if not line.name.startswith((PROXY, ELSEWHERE)):
            return f"{line.name} {line.rest.removesuffix(NEVER).strip()}".rstrip()
        return str(self._need(line, parent))

    def _need(self, line: Line, parent: Line | None) -> Need:
        """The need that a line about a project stands for."""
        text = f"{line.name} {line.rest}".partition("[")[0].rstrip()
        askers = [f"{parent.name} {number}" for number in parent.rest.split(" | ")] if parent else [""]
        found = [need for asker in askers if (need := self.encoded.meanings.get((asker, text)))]
        if found:
            return found[0]
        project = ProjectName(line.name.removeprefix(PROXY).removeprefix(ELSEWHERE))
        earlier = self.problem.held.get(project) if parent is None else None
        return Need(project, earlier) if earlier is not None else Need(project)

    def _numbers(self, line: Line) -> tuple[str, ...]:
        """The versions that a line's numbers stand for."""
        project = ProjectName(line.name.removeprefix(PROXY).removeprefix(PIP))
        order = self.problem.discovery.universe.entries[project].order
        return tuple(order.at(int(number)) for number in reversed(line.rest.split(" | ")))

    def _missing(self, line: Line, parent: Line | None) -> str:
        if line.name.startswith("__"):
            return "which this machine does not have"
        if line.name.startswith(ELSEWHERE):
            return NOT_FOLLOWED
        if not line.name.startswith(PROXY):
            # The solver leaves out beforehand what a request on the very package does not admit.
            rival = next((i.shown for i in self.problem.items if i.package == line.name), None)
            return RULED_OUT.format(rival) if rival else "which no configured channel has"
        entry = self.problem.discovery.universe.entries[ProjectName(line.name.removeprefix(PROXY))]
        if entry.nowhere and not entry.closed:
            return "which no configured channel and no index has"
        if entry.closed:
            where = "which no configured channel has" if not entry.conda else "which no conda package meets"
            return f"{where} and which may not come from PyPI: {entry.closed}"
        if entry.within(self._need(line, parent).specifier) & entry.available():
            rivals = (i for i in self.problem.items if i.applies and i.solver_name == line.name)
            if (own := next(rivals, None)) is not None:
                return RULED_OUT.format(own.shown)
        newest = [entry.order.at(len(entry.order))] if len(entry.order) else []
        have = f" (the newest is {newest[0]})" if newest else ""
        return f"which nothing on offer meets{have}"

    def _constraint(self, line: Line) -> str:
        """What stands in the way that nobody asked for now."""
        problem, text = self.problem, f"{line.name} {line.rest}".rstrip()
        limits = [limit for limit in problem.limits if line.name in limit.names]
        if limits:
            return (
                f"{' and '.join(map(str, limits))} {'are constraints' if limits[1:] else 'is a constraint'}"
            )
        barred = problem.barred.get(PackageName(line.name)) if line.rest.endswith(NEVER) else None
        if barred is not None:
            return f"{barred} comes from PyPI only: {problem.discovery.policy.setting('only_pypi')} names it"
        if line.name == "python" and line.rest == f"{problem.discovery.target.minor}.*":
            return f"the environment's Python stays {problem.discovery.target.minor}"
        if any(line.name == name for name in problem.earlier):
            return f"{text} was asked for earlier"
        return f"{text} is pinned (conda-meta/pinned or pinned_packages)"
