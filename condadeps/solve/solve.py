"""One solve over conda channels and PyPI, from requests to a plan.

The order of things: read what was asked (:mod:`wanted`), grow the universe of candidates
(:mod:`discover`), put it in the solver's terms (:mod:`encode`), ask (:mod:`attempt`); when the
answer is no, offer more of what the refusal names and ask again; read the answer back
(:mod:`decode`) into a plan with its reasons (:mod:`planning`), or explain the refusal
(:mod:`explain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from condadeps.asked.job import Options, Verb
from condadeps.asked.request import Bare, Project, Request
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter, Silent
from condadeps.solve import checks, held_back, newer, passed_over, planning
from condadeps.solve.asked_earlier import holding, keeping
from condadeps.solve.attempt import Refusal
from condadeps.solve.channels_tell import ChannelsTell
from condadeps.solve.discover import Discovery, check_open
from condadeps.solve.hashes import check as check_hash
from condadeps.solve.installed import Installed
from condadeps.solve.limits import limits
from condadeps.solve.needs import Need
from condadeps.solve.newest import movable
from condadeps.solve.plan import Plan
from condadeps.solve.policy import Policy
from condadeps.solve.problem import Problem, Solved
from condadeps.solve.seams import CondaCandidates, PypiCandidates
from condadeps.solve.universe import Entry, PipCandidate
from condadeps.solve.wanted import Wanted, packages_to_know, wanted
from condadeps.sources.files import File

ROUNDS = 6
"""How often at most the solver is asked again with more on offer."""


async def solve(
    requests: Sequence[Request],
    target: Target,
    *,
    conda: CondaCandidates | None,
    pypi: PypiCandidates | None,
    homes: Homes,
    packages: Mapping[PackageName, InstalledPackage],
    distributions: Mapping[ProjectName, Distribution],
    options: Options,
    verb: Verb,
    pinned: Sequence[str] = (),
    constraints: Sequence[Request] = (),
    asked_earlier: Mapping[ProjectName, str] | None = None,
    policy: Policy | None = None,
    reporter: Reporter | None = None,
) -> Plan:
    """What to change so that every request is met and nothing asked for before breaks.

    ``pinned`` are MatchSpecs and ``constraints`` requests that hold for whatever is there afterwards; they
    install nothing. ``asked_earlier`` are the specifiers that were asked for of projects pip installed.
    ``policy`` is the configured one.
    Raises NotFoundError, NoVersionError, ConflictError when it cannot be done, SourceError when a
    channel or an index did not answer. Reads; changes nothing.
    """
    reporter = reporter or Silent()
    reporter.phase("index")
    conda = conda if target.is_conda else None
    policy = policy or Policy()
    pypi = pypi if "never" not in (options.pip, policy.pip) else None
    channels_tell = ChannelsTell(conda, homes) if conda else None
    if conda is not None and channels_tell is not None:
        # First what was asked for: it mostly is there, and so proves a channel without a list of its names.
        await conda.having(packages_to_know(requests, homes))
        await channels_tell.about([*_projects(requests), *_projects(constraints)])
    there = await conda.having(packages_to_know(requests, homes)) if conda else frozenset[PackageName]()
    items = wanted(requests, target, homes, there.__contains__)
    asked = frozenset(item.need.project for item in items if item.need)
    installed = Installed(packages, distributions, homes)
    items = keeping(asked_earlier or {}, items, installed, verb)
    versions = {name: package.version for name, package in packages.items()}
    discovery = Discovery(
        target=target,
        conda=conda,
        pypi=pypi,
        homes=homes,
        installed=installed,
        asked=asked,
        limits=await limits(constraints, target, homes, conda, versions),
        policy=policy,
        channels_tell=channels_tell,
        updated=_updated(asked, installed, options, verb),
        reporter=reporter,
    )
    items = await _discover(items, discovery)
    held = holding(asked_earlier or {}, items, discovery, verb)
    await discovery.want([Need(project, specifier) for project, specifier in held.items()])
    problem = Problem(items, discovery, options, verb, tuple(pinned), held)
    solved = await _answer(problem, reporter)
    await _pin(solved, discovery)
    notes = [*await passed_over.notes(solved, problem), *await held_back.notes(solved, problem)]
    return planning.plan(solved, problem, notes)


def _projects(requests: Sequence[Request]) -> Iterator[ProjectName]:
    """The projects that requests may be for."""
    for request in requests:
        if isinstance(request, Bare | Project):
            with suppress(ValueError):
                yield ProjectName(request.name)


def _updated(
    asked: frozenset[ProjectName], installed: Installed, options: Options, verb: Verb
) -> frozenset[ProjectName]:
    """The projects that are to move to the newest version."""
    if options.update_all or (verb == "update" and not asked):
        return asked | frozenset(movable(installed))
    return asked if options.update or verb == "update" else frozenset()


async def _discover(items: Sequence[Wanted], discovery: Discovery) -> list[Wanted]:
    """Bring in what was asked for and what pip has installed; direct references get their names."""
    found: list[Wanted] = []
    for item in items:
        direct = item.direct
        if direct is not None and item.applies:
            item = replace(item, need=await discovery.direct(direct))
        elif item.forced and item.need is not None and item.applies:
            check_open(item.shown, item.need.project, discovery.policy)
            discovery.force(item.need.project)
        if item.applies and item.need is not None and isinstance(item.request, Project):
            _pin_to(item.request.hashes, discovery.entry(item.need.project))
        found.append(item)
    needs = [Need(project) for project in discovery.installed.by_pip]
    needs += [item.need for item in found if item.need is not None and item.applies]
    for project in sorted(discovery.updated & discovery.installed.by_pip.keys()):
        entry = discovery.entry(project)
        entry.opened = discovery.pypi is not None and not entry.closed
        entry.stays_pip_s = project not in discovery.asked
    await discovery.want(needs)
    return found


def _pin_to(digests: Sequence[str], entry: Entry) -> None:
    """A request with digests is for PyPI's file; several such requests must be for the same."""
    if digests:
        told = frozenset(digests)
        entry.hashes = told if entry.hashes is None else entry.hashes & told
        entry.from_pypi = True


async def _pin(solved: Solved, discovery: Discovery) -> None:
    """Every index file that is to be installed gets its SHA-256 known (rule 4)."""
    for entry, candidate in solved.solution.projects.values():
        file = candidate.file if isinstance(candidate, PipCandidate) else None
        if discovery.pypi is not None and isinstance(file, File) and file.sha256 is None:
            entry.pinned = await discovery.pypi.pinned(file)
            check_hash(entry.pinned, entry.hashes or ())


async def _answer(problem: Problem, reporter: Reporter) -> Solved:
    """An answer. What only a build can tell the needs of is built when it is in one, and asked again."""
    while True:
        await checks.check(problem.items, problem.discovery)
        solved = await newer.newest(await _search(problem, reporter), problem)
        if not await problem.discovery.build(solved.solution.projects.values()):
            return solved


async def _search(problem: Problem, reporter: Reporter) -> Solved:
    """Ask until there is an answer, or nothing more to offer. Raises ConflictError."""
    discovery = problem.discovery
    refusal: Refusal | None = None
    solved: Solved | None = None
    for _ in range(ROUNDS):
        reporter.phase("solve")
        answer = await problem.ask()
        if isinstance(answer, Solved):
            solved = answer
            if not await discovery.grow(problem.behind(answer.solution)):
                return answer
            continue
        if solved is not None:
            return solved
        refusal = answer
        from condadeps.solve.growth import named, promising  # most solves never need it

        messages = (refusal.message, refusal.before)
        if not await discovery.grow(promising(*messages), named(*messages)):
            break
    if solved is not None:
        return solved
    assert refusal is not None
    from condadeps.solve import explain

    raise await explain.conflict(refusal, problem)
