"""What to give up so that the rest can be had: found by asking again without one thing at a time."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet

from condadeps.prefix.requirements import spelled
from condadeps.solve.decode import Solution
from condadeps.solve.encode import PROXY
from condadeps.solve.wanted import Wanted

if TYPE_CHECKING:
    from condadeps.solve.problem import Problem

TRIES = 8
"""How many things are left out, one at a time, at most: each costs a solve."""


@dataclass(frozen=True)
class Way:
    """One thing to give up, known to help."""

    text: str
    give_up: str
    without: str = ""
    """For a request: the request, and what there would be then."""

    def to_json(self) -> dict[str, Any]:
        """The way as data."""
        return {"give_up": self.give_up, "text": self.text}


async def ways(problem: Problem, message: str) -> list[Way]:
    """Each single thing that is known to help when it is given up, the smallest first.

    ``message`` is the solver's: what it does not name is not tried.
    """
    found: list[Way] = []
    for tried, (way, eased) in enumerate(_easier(problem, message)):
        if tried == TRIES or len(found) == 2:
            break
        solution = await eased.solvable()
        if solution is not None:
            told = way(solution) if callable(way) else way
            if all(told.give_up != one.give_up for one in found):
                found.append(told)
    return found


def _easier(problem: Problem, message: str) -> Iterator[tuple[Any, Problem]]:
    yield from _without_earlier(problem, message)
    for pin in problem.pinned:
        if pin.split()[0] not in message:
            continue
        others = tuple(text for text in problem.pinned if text != pin)
        way = Way(f"without the pin {pin!r} it can be had (conda-meta/pinned)", pin)
        yield way, dataclasses.replace(problem, pinned=others)
    for limit in problem.limits:
        if any(f"{name} " in message for name in limit.names):
            way = Way(f"without the constraint {limit} it can be had", limit.item.shown)
            yield way, dataclasses.replace(problem, lifted=problem.lifted | {limit})
    yield from _without_kept(problem, message)
    yield from _without_installed(problem, message)
    yield from _fewer_extras(problem, message)
    yield from _unbounded(problem, message)
    yield from _without_one(problem, message)
    target = problem.discovery.target
    if target.is_conda and target.has_python and not problem.free_python:
        yield _other_python(problem), dataclasses.replace(problem, free_python=True)


def _without_earlier(problem: Problem, message: str) -> Iterator[tuple[Way, Problem]]:
    asked = [item.shown for item in problem.items]
    for name, texts in problem.earlier.items():
        if name not in message:
            continue
        command = shlex.join(["condadeps", "install", *asked, str(name)])
        way = Way(f"`{command}` lets {name} move, though {texts[0]} was asked for earlier", texts[0])
        yield way, dataclasses.replace(problem, forgotten=problem.forgotten | {name})
    for project, specifier in problem.held.items():
        if f"{PROXY}{project} " not in message:
            continue
        text = f"{project}{spelled(specifier)}"
        command = shlex.join(["condadeps", "install", *asked, str(project)])
        way = Way(f"`{command}` lets {project} move, though {text} was asked for earlier", text)
        others = {other: held for other, held in problem.held.items() if other != project}
        yield way, dataclasses.replace(problem, held=others)


def _without_kept(problem: Problem, message: str) -> Iterator[tuple[Way, Problem]]:
    """Each project that pip installed, gone."""
    for project in problem.discovery.installed.by_pip:
        if f"{PROXY}{project} " in message and project not in problem.asked_projects:
            way = Way(f"`condadeps remove {project}` makes room", str(project))
            yield way, dataclasses.replace(problem, dropped=problem.dropped | {project})


def _without_installed(problem: Problem, message: str) -> Iterator[tuple[Way, Problem]]:
    """Each package that conda installed and nothing needs, gone."""
    for name in sorted(problem.removable):
        if re.search(rf"(?<!\S){re.escape(name)} ", message):
            way = Way(f"`condadeps remove {name}` makes room", str(name))
            yield way, dataclasses.replace(problem, leaving=problem.leaving | {name})


def _fewer_extras(problem: Problem, message: str) -> Iterator[tuple[Way, Problem]]:
    """Each request with one extra less."""
    for position, item in enumerate(problem.items):
        if item.need is None or not item.need.extras or not _is_named(item, message):
            continue
        for extra in sorted(item.need.extras):
            need = dataclasses.replace(item.need, extras=item.need.extras - {extra})
            eased = dataclasses.replace(item, need=need)
            items = [*problem.items[:position], eased, *problem.items[position + 1 :]]
            text = f"the extra {extra} of {item.shown}"
            yield _give_up(text, text), dataclasses.replace(problem, items=items)


def _unbounded(problem: Problem, message: str) -> Iterator[tuple[Any, Problem]]:
    """Each request without what it says of the version."""
    for position, item in enumerate(problem.items):
        if item.need is not None and str(item.need.specifier) and _is_named(item, message):
            need = dataclasses.replace(item.need, specifier=SpecifierSet())
            eased: Wanted = dataclasses.replace(item, need=need)
            project = item.need.project

            def way(solution: Solution, item: Wanted = item, project: Any = project) -> Way:
                candidate = solution.projects[project][1]
                version = getattr(candidate, "text", None) or str(getattr(candidate, "version", ""))
                return _give_up(item.shown, f"{item.shown} (then {project} {version})")

            items = [*problem.items[:position], eased, *problem.items[position + 1 :]]
            yield way, dataclasses.replace(problem, items=items)


def _without_one(problem: Problem, message: str) -> Iterator[tuple[Way, Problem]]:
    if sum(not item.implied for item in problem.items) < 2:
        return
    for position, item in enumerate(problem.items):
        if not _is_named(item, message):
            continue
        others = [*problem.items[:position], *problem.items[position + 1 :]]
        yield _give_up(item.shown, item.shown), dataclasses.replace(problem, items=others)


def _give_up(shown: str, without: str) -> Way:
    return Way(f"give up {without}", shown, without)


def _is_named(item: Wanted, message: str) -> bool:
    return item.applies and not item.implied and f"{item.solver_name} " in message


def _other_python(problem: Problem) -> Any:
    asked = [item.shown for item in problem.items if str(item.package) != "python"]

    def way(solution: Solution) -> Way:
        python = next((str(r.version) for name, r in solution.conda.items() if name == "python"), "")
        minor = ".".join(python.split(".")[:2])
        command = shlex.join(["condadeps", "create", "-p", "DIR", f"python={minor}", *asked])
        return Way(f"another environment can have it: `{command}`", "python")

    return way
