"""Why something comes from PyPI though conda has a version that was asked for.

The solver knows: it is asked for conda's newest once more, and refuses.
"""

from __future__ import annotations

from condadeps.solve.attempt import Refusal
from condadeps.solve.problem import Problem, Solved
from condadeps.solve.universe import CondaCandidate, Entry, PipCandidate
from condadeps.solve.wanted import Wanted

CHAINS = 2
"""A note tells this many of the things in the way."""


async def notes(solved: Solved, problem: Problem) -> list[str]:
    """A note for each request that PyPI meets and conda's versions, which were asked first, do not."""
    found: list[str] = []
    for item in problem.items:
        if item.need is None or not item.applies or item.forced:
            continue
        entry, candidate = solved.solution.projects[item.need.project]
        newest = _newest(entry, item)
        if isinstance(candidate, PipCandidate) and candidate.source == "pypi" and newest is not None:
            refusal = await problem.refusal(f"{newest.package} =={newest.text}")
            why = _why(refusal, newest, problem) if refusal else ""
            found.append(f"{entry.project} {candidate.version} is from PyPI{why}")
    return list(dict.fromkeys(found))


def _newest(entry: Entry, item: Wanted) -> CondaCandidate | None:
    """The newest of conda's versions that the request admits."""
    assert item.need is not None
    numbers, admitted = entry.order.numbers, entry.within(item.need.specifier)
    fitting = [c for c in entry.conda if numbers[c.version or c.text] in admitted]
    return max(fitting, key=lambda c: numbers[c.version or c.text], default=None)


def _why(refusal: Refusal, newest: CondaCandidate, problem: Problem) -> str:
    from condadeps.solve.explain import Chain, Teller, shortest  # seldom needed

    chains = shortest(Teller(problem, problem.encoded).chains(refusal.message))
    own = [chain for chain in chains if chain.head == newest.package and len(chain.steps) > 1]
    if not own:
        return f": conda's {newest.package} {newest.text} does not fit the rest"
    needs = Chain(own[0].steps[1:], own[0].end)
    others = [str(chain) for chain in chains if chain.head != newest.package][: CHAINS - 1]
    return ", and ".join([f": conda's {needs}", *others])
