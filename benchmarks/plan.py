"""``python -m benchmarks.plan``: how long a plan takes, and how much memory, beside pip and uv.

1, 5, 20 and 60 requested projects, for an environment of Python alone, with nothing cached and with
everything cached. Some have a home in the channel, most come from PyPI.
Options: ``--runs N``, ``--quick``, ``--write FILE``.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Sample, Took, command, machine, say, table, write
from benchmarks.setting import ROOT, Environment, Setting
from tests import prefixes

PROJECTS = (ROOT / "benchmarks" / "projects.txt").read_text("utf-8").split()
"""The first N of them are asked for."""
COUNTS = (1, 5, 20, 60)

_OURS = "condadeps plan"
_PIP = "pip install --dry-run"
_UV = "uv pip compile"


def main() -> int:
    """Measure, print, and perhaps write. 1 when a contestant failed, which says what it said."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one round of 1 and 5 projects")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this page too")
    given = parser.parse_args()
    runs, counts = (1, COUNTS[:2]) if given.quick else (given.runs, COUNTS)
    where = machine()
    try:
        with setting.setting() as world:
            rows = _rows(world, counts, runs)
    except RuntimeError as error:
        say(str(error))
        return 1
    head = ["projects", "", "nothing cached", "all cached", "all cached, × pip", "largest process"]
    rounds = f"{runs} rounds" if runs > 1 else "one round only"
    result = f"{table(head, rows)}\n\nMedians (least–most) of {rounds}. {where}."
    print(result)
    if given.write:
        write(result, given.write, "plan")
    return 0


def _rows(world: Setting, counts: tuple[int, ...], runs: int) -> list[list[str]]:
    say("making the environments")
    target = world.directory / "target"
    prefixes.create(target, ("python",), world.channel, world.directory / "packages")
    door = setting.venv(world, "door", [ROOT])
    rival = setting.venv(world, "rival", ["pip", "uv"])
    rows = []
    for count in counts:
        cold: dict[str, list[Took]] = defaultdict(list)
        warm: dict[str, list[Took]] = defaultdict(list)
        for number in range(runs):
            commands = _commands(world, door, rival, target, PROJECTS[:count])
            names = list(commands)
            for name in names[number % 3 :] + names[: number % 3]:
                say(f"{count} projects, round {number + 1} of {runs}: {name}")
                world.clear_caches()
                for took in (cold, warm):
                    once = command(commands[name], env=world.env(), cwd=world.fresh_directory("plan"))
                    took[name].append(once)
        pip = Sample(tuple(one.seconds for one in warm[_PIP]))
        for name in cold:
            again = Sample(tuple(one.seconds for one in warm[name]))
            rows.append(
                [
                    str(count),
                    f"`{name}`",
                    Sample(tuple(one.seconds for one in cold[name])).show("s"),
                    again.show("s"),
                    "" if name == _PIP else again.times(pip),
                    Sample(tuple(one.peak for one in cold[name] + warm[name])).show("MB"),
                ]
            )
    return rows


def _commands(
    world: Setting, door: Environment, rival: Environment, target: Path, projects: list[str]
) -> dict[str, list[str | Path]]:
    asked = world.directory / "asked.txt"
    asked.write_text("\n".join(projects), "utf-8")
    return {
        _OURS: [door.python, "-m", "condadeps", "plan", "-q", "-p", target, *projects],
        _PIP: [rival.python, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", *projects],
        _UV: [rival.path / "bin" / "uv", "pip", "compile", "-q", "--python", rival.python, asked],
    }


if __name__ == "__main__":
    sys.exit(main())
