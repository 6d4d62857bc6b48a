"""What was asked for as new as it can be.

When the newest of everything does not fit together, more is offered of all that is in the way, of what was
asked for and of what that needs. The solver takes an older version of whichever it comes to first. So where
that was something asked for, its newest is asked for once more, with yet more of the rest on offer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from condadeps.names.namespaces import ProjectName
from condadeps.solve.attempt import Refusal
from condadeps.solve.decode import Solution
from condadeps.solve.problem import Problem, Solved
from condadeps.solve.universe import CondaCandidate, PipCandidate

ROUNDS = 4
"""How often at most the solver is asked for something newer."""
WIDEST = 16
"""No window is made wider for that: there is an answer already."""


async def newest(solved: Solved, problem: Problem) -> Solved:
    """The same, or an answer with newer versions of what was asked for.

    None of what was asked for gets older for that, and nothing installed moves.
    """
    hopeless: set[ProjectName] = set()
    for _ in range(ROUNDS):
        project = next((p for p in _older(solved.solution, problem) if p not in hopeless), None)
        if project is None:
            break
        answer = await dataclasses.replace(problem, at_least=_floors(solved.solution, problem, project)).ask()
        if isinstance(answer, Refusal):
            if not await _offer_more(answer, problem):
                hopeless.add(project)
        elif problem.moved(answer.solution) and not problem.moved(solved.solution):
            hopeless.add(project)
        else:
            solved = answer
    return solved


async def _offer_more(refusal: Refusal, problem: Problem) -> bool:
    """More of what was not asked for; whether there was any."""
    from condadeps.solve.growth import named, promising  # most solves never need it

    messages = (refusal.message, refusal.before)
    widen, others = (
        [project for project in found if project not in problem.asked_projects]
        for found in (promising(*messages), named(*messages))
    )
    grew = await problem.discovery.grow(widen, others, WIDEST)
    problem.changed()
    return grew


def _older(solution: Solution, problem: Problem) -> Iterator[ProjectName]:
    """The projects asked for that are to come from PyPI at an older version than is on offer."""
    for item in problem.items:
        if item.need is None or not item.applies:
            continue
        entry, chosen = solution.projects[item.need.project]
        if isinstance(chosen, PipCandidate) and chosen.source == "pypi":
            admitted, numbers = entry.within(item.need.specifier), entry.order.numbers
            if any(v > chosen.version and numbers[v] in admitted for v in entry.offered):
                yield item.need.project


def _floors(solution: Solution, problem: Problem, newer: ProjectName) -> dict[ProjectName, int]:
    """The least number each project asked for may have: the one it has, and one of them a higher."""
    floors = {}
    for project in problem.asked_projects:
        entry, chosen = solution.projects[project]
        version = chosen.version or chosen.text if isinstance(chosen, CondaCandidate) else chosen.version
        floors[project] = entry.order.numbers[version] + (project == newer)
    return floors
