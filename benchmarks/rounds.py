"""Rounds: each command once with nothing cached, and at once again with everything cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measure import Sample, Took, command, say, turned
from benchmarks.setting import Setting

SLOW = 10.0
"""Seconds; a command that takes longer is run in the first round only."""


@dataclass(frozen=True)
class Way:
    """One contestant's command for one task."""

    task: str
    name: str
    argv: tuple[str | Path, ...]


@dataclass
class Costs:
    """What a way took, round by round."""

    cold: list[Took] = field(default_factory=list)
    warm: list[Took] = field(default_factory=list)

    def sample(self, kind: str, figure: Callable[[Took], float] = lambda took: took.seconds) -> Sample:
        """One figure of the ``cold``, the ``warm`` or ``all`` runs."""
        chosen = {"cold": self.cold, "warm": self.warm, "all": [*self.cold, *self.warm]}[kind]
        return Sample(tuple(map(figure, chosen)))

    @property
    def peak(self) -> Sample:
        """Bytes of the largest process."""
        return self.sample("all", lambda took: took.peak)

    @property
    def processor(self) -> Sample:
        """Seconds of processor time with everything cached."""
        return self.sample("warm", lambda took: took.processor)

    @property
    def slow(self) -> bool:
        """Whether one of its runs took so long that more of them are not worth the wait."""
        return any(took.seconds > SLOW for took in (*self.cold, *self.warm))


def rounds(
    world: Setting, tasks: Sequence[Sequence[Way]], runs: int
) -> Iterator[tuple[int, Mapping[tuple[str, str], Costs]]]:
    """Run every way of every task ``runs`` times; a task's ways take turns, in another order each round.

    After each round: its number, and all costs so far by task and name. Raises RuntimeError when one fails.
    """
    costs = {(way.task, way.name): Costs() for task in tasks for way in task}
    for number in range(runs):
        for task in tasks:
            for way in turned(task, number):
                found = costs[way.task, way.name]
                if not found.slow:
                    _one(world, way, found, f"round {number + 1} of {runs}")
        yield number + 1, costs


def _one(world: Setting, way: Way, costs: Costs, where: str) -> None:
    world.clear_caches()
    for kind, took in (("nothing cached", costs.cold), ("all cached", costs.warm)):
        once = command(way.argv, env=world.env(), cwd=world.fresh_directory("plan"))
        took.append(once)
        figures = f"{once.seconds:.2f} s, processor {once.processor:.2f} s, {once.peak / 1e6:.0f} MB"
        say(f"{where}: {way.task}: {way.name}, {kind}: {figures}")
