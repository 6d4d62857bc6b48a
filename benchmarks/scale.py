"""``python -m benchmarks.scale``: whether a plan grows with the channel.

The same 20 packages from synthetic channels of 10 thousand, 100 thousand and 1 million records, sharded and
not, beside the embedded engine alone (py-rattler's ``solve`` in a Python of its own). Whole processes.
Options: ``--runs N``, ``--quick``, ``--write FILE``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks import setting, synthetic
from benchmarks.measure import Sample, Took, command, machine, say, table, write
from benchmarks.setting import ROOT, Environment, Setting
from tests import prefixes
from tests.channel import server

SIZES = (10_000, 100_000, 1_000_000)

_BARE = """\
import asyncio, os, sys
import rattler

async def main(channel, cache, *specs):
    gateway = rattler.Gateway(cache_dir=cache)
    await rattler.solve(
        sources=[rattler.Channel(channel)],
        specs=list(specs),
        gateway=gateway,
        platforms=[rattler.Subdir.current(), "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )

asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""


def main() -> int:
    """Measure, print, and perhaps write. 1 when a plan failed, which says what it said."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one round of the two smaller channels")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this page too")
    given = parser.parse_args()
    runs, sizes = (1, SIZES[:2]) if given.quick else (given.runs, SIZES)
    where = machine()
    try:
        with setting.setting() as world:
            rows = _rows(world, sizes, runs)
    except RuntimeError as error:
        say(str(error))
        return 1
    head = ["records", "", "nothing cached", "cached", "cached, × smallest", "largest process"]
    rounds = f"{runs} rounds" if runs > 1 else "one round only"
    result = f"{table(head, rows)}\n\nMedians (least–most) of {rounds}. {where}."
    print(result)
    if given.write:
        write(result, given.write, "scale")
    return 0


def _rows(world: Setting, sizes: tuple[int, ...], runs: int) -> list[list[str]]:
    say("making the environments")
    target = world.directory / "target"
    prefixes.create(target, ("python",), world.channel, world.directory / "packages")
    door = setting.venv(world, "door", [ROOT])
    rows = []
    for sharded in (True, False):
        smallest: dict[str, Sample] = {}
        for size in sizes:
            kind = "sharded" if sharded else "one file"
            say(f"writing a channel of {size:,} records, {kind}")
            channel = synthetic.write(world.directory / "synthetic", size, sharded=sharded)
            with server.serve(channel) as running:
                for name, cold, warm in _measured(world, door, target, running.url, runs):
                    seconds = Sample(tuple(one.seconds for one in warm))
                    rows.append(
                        [
                            f"{size:,}",
                            f"{name}, {kind}",
                            Sample(tuple(one.seconds for one in cold)).show("s"),
                            seconds.show("s"),
                            seconds.times(smallest.setdefault(name, seconds)),
                            Sample(tuple(one.peak for one in warm)).show("MB"),
                        ]
                    )
            shutil.rmtree(channel)
    return rows


def _measured(
    world: Setting, door: Environment, target: Path, channel: str, runs: int
) -> list[tuple[str, list[Took], list[Took]]]:
    wanted = synthetic.asked()
    plan: list[str | Path] = [
        door.python,
        "-m",
        "condadeps",
        "plan",
        "-q",
        "--no-pip",
        "-p",
        target,
        "-c",
        channel,
    ]
    bare: list[str | Path] = [door.python, "-c", _BARE, channel, world.caches / "bare"]
    ways: dict[str, list[str | Path]] = {
        "`condadeps plan`": [*plan, "-c", channel, "--override-channels", *wanted],
        "bare engine": [*bare, *(one.removeprefix("conda:") for one in wanted)],
    }
    found: dict[str, tuple[list[Took], list[Took]]] = {name: ([], []) for name in ways}
    for number in range(runs):
        for name in sorted(ways, reverse=bool(number % 2)):
            say(f"round {number + 1} of {runs}: {name}")
            world.clear_caches()
            for took in found[name]:
                took.append(command(ways[name], env=world.env(), cwd=world.fresh_directory("scale")))
    return [(name, cold, warm) for name, (cold, warm) in found.items()]


if __name__ == "__main__":
    sys.exit(main())
