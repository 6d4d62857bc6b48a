"""Updating everything: each thing to the newest that fits, within what was asked for.

What was asked for with a version keeps to it (``requested_specs``; of pip's projects ``Problem.held``), pins
hold, Python's minor version stays, and nothing changes its manager unless it must. What was installed from a
place (a URL, a directory) stays as it is: no index has a newer one of it. Nothing gets older; where that
cannot be, what was asked for does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.attempt import Question
from condadeps.solve.encode import PROXY
from condadeps.solve.installed import Installed

if TYPE_CHECKING:
    from condadeps.solve.problem import Problem

ITSELF = ProjectName("condadeps")
"""Updated only when it is named: it is doing the updating."""


def movable(installed: Installed) -> list[ProjectName]:
    """The projects pip installed that an index may have a newer version of."""
    return [
        project
        for project, found in installed.by_pip.items()
        if project != ITSELF and found.direct_url is None and not found.editable
    ]


async def questions(problem: Problem) -> list[Question]:
    """The ways to ask for the newest of everything, the best first."""
    gone, unoffered = await _not_in_channels(problem)
    asked = list(problem.requested)
    wanted = [
        project for project, found in problem.discovery.installed.by_pip.items() if found.requested
    ]  # PEP 376
    everything = problem.question(
        [*asked, *problem.installed],
        not_older(problem, problem.installed, problem.discovery.installed.by_pip),
        [problem.installed[name] for name in gone],
    )
    asked_for = problem.question(
        [*asked, *problem.installed],
        not_older(problem, asked, wanted),
        [problem.installed[name] for name in unoffered],
    )
    return [everything, asked_for]


async def _not_in_channels(problem: Problem) -> tuple[list[PackageName], list[PackageName]]:
    """What is installed and newer than all the channels offer; what is installed and not on offer itself.

    The solver knows of these only as something locked, which it prefers to anything newer.
    """
    from condadeps.solve.decode import same

    conda = problem.discovery.conda
    records = await conda.records(problem.installed) if conda else {}
    gone, unoffered = [], []
    for name, installed in problem.installed.items():
        offered = records.get(name) or []
        if not any(record.version >= installed.version for record in offered):
            gone.append(name)
        if not any(same(record, installed) for record in offered):
            unoffered.append(name)
    return gone, unoffered


def not_older(
    problem: Problem, packages: Iterable[PackageName], projects: Iterable[ProjectName]
) -> list[str]:
    """Specs that do not let these be older than they are now."""
    specs = [f"{name} >={problem.installed[name].version}" for name in packages if name in problem.installed]
    for project in projects:
        entry = problem.discovery.universe.entries.get(project)
        number = entry.order.numbers.get(entry.installed) if entry and entry.installed else None
        if number is not None:
            specs.append(f"{PROXY}{project} >={number}")
    return specs
