"""``python -m benchmarks.plan``: how long a plan takes, and how much memory, beside pip and uv.

1, 5, 20 and 60 requested projects, for an environment of Python alone, with nothing cached and with
everything cached. Some have a home in the channel, most come from PyPI.
Options: ``--runs N``, ``--quick``, ``--write FILE``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Given, Steps, Tables, run, say, table
from benchmarks.rounds import Costs, Way, rounds
from benchmarks.setting import ROOT, Environment, Setting
from tests import prefixes

PROJECTS = (ROOT / "benchmarks" / "projects.txt").read_text("utf-8").split()
"""The first N of them are asked for."""
COUNTS = (1, 5, 20, 60)
SHORT = 20
"""Of how many the short table tells."""

_OURS = "`condadeps plan`"
_PIP = "`pip install --dry-run`"
_UV = "`uv pip compile`"
_HEAD = ["", "nothing cached", "× pip", "all cached", "× pip", "processor, all cached", "largest process"]


def _measured(given: Given) -> Steps:
    counts = COUNTS[:2] if given.quick else COUNTS
    with setting.setting() as world:
        say("making the environments")
        target = world.directory / "target"
        prefixes.create(target, ("python",), world.channel, world.directory / "packages")
        door = setting.venv(world, "door", [ROOT])
        rival = setting.venv(world, "rival", ["pip", "uv"])
        tasks = [_ways(world, door, rival, target, PROJECTS[:count]) for count in counts]
        for number, costs in rounds(world, tasks, given.runs):
            yield number, _tables(costs)


def _tables(costs: Mapping[tuple[str, str], Costs]) -> Tables:
    rows = [[task, name, *_figures(found, costs[task, _PIP])] for (task, name), found in costs.items()]
    short = [row[1:] for row in rows if row[0] == str(SHORT)]
    return {
        "plan": table(["projects", *_HEAD], rows),
        "plan, in short": table([f"plan {SHORT} projects", *_HEAD[1:]], short),
    }


def _figures(found: Costs, pip: Costs) -> Iterator[str]:
    for kind in ("cold", "warm"):
        sample = found.sample(kind)
        yield sample.show("s")
        yield "" if found is pip else sample.times(pip.sample(kind))
    yield found.processor.show("s")
    yield found.peak.show("MB")


def _ways(
    world: Setting, door: Environment, rival: Environment, target: Path, projects: list[str]
) -> list[Way]:
    asked = world.directory / f"asked-{len(projects)}.txt"
    asked.write_text("\n".join(projects), "utf-8")
    commands: dict[str, tuple[str | Path, ...]] = {
        _OURS: (door.python, "-m", "condadeps", "plan", "-q", "-p", target, *projects),
        _PIP: (rival.python, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", *projects),
        _UV: (rival.path / "bin" / "uv", "pip", "compile", "-q", "--python", rival.python, asked),
    }
    return [Way(str(len(projects)), name, argv) for name, argv in commands.items()]


if __name__ == "__main__":
    sys.exit(run("plan", __doc__, 5, _measured))
