"""``python -m benchmarks.scale``: whether a plan grows with the channel.

The same 20 packages from synthetic channels of 10 thousand, 100 thousand and 1 million records, sharded and
not, beside the embedded engine alone (py-rattler's ``solve`` in a Python of its own). Whole processes.
Options: ``--runs N``, ``--quick``, ``--write FILE``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import setting, synthetic
from benchmarks.measure import Given, Steps, Tables, run, say, table
from benchmarks.rounds import Costs, Way, rounds
from benchmarks.setting import ROOT, Environment, Setting
from tests import prefixes
from tests.channel import server

SIZES = (10_000, 100_000, 1_000_000)

SHARDS, ONE_FILE = "shards", "one file"
KINDS = (SHARDS, ONE_FILE)

_OURS = "`condadeps plan`"
_BARE = "bare engine"
_HEAD = ["nothing cached", "all cached", "× smallest", "processor, all cached", "largest process"]

_SOLVE = """\
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


def _measured(given: Given) -> Steps:
    sizes = SIZES[:2] if given.quick else SIZES
    with setting.setting() as world, ExitStack() as serving:
        say("making the environments")
        target = world.directory / "target"
        prefixes.create(target, ("python",), world.channel, world.directory / "packages")
        door = setting.venv(world, "door", [ROOT])
        tasks = []
        for kind in KINDS:
            for size in sizes:
                say(f"writing a channel of {size:,} records, {kind}")
                directory = world.directory / f"synthetic-{size}-{kind.partition(' ')[0]}"
                channel = synthetic.write(directory, size, sharded=kind == SHARDS)
                url = serving.enter_context(server.serve(channel)).url
                tasks.append(_ways(world, door, target, url, f"{size:,} records, {kind}"))
        for number, costs in rounds(world, tasks, given.runs):
            yield number, _tables(costs, sizes)


def _tables(costs: Mapping[tuple[str, str], Costs], sizes: Sequence[int]) -> Tables:
    rows, short = [], []
    for kind in KINDS:
        for size in sizes:
            task = f"{size:,} records, {kind}"
            for name in (_OURS, _BARE):
                found, smallest = costs[task, name], costs[f"{sizes[0]:,} records, {kind}", name]
                rows.append([task, name, *_figures(found, smallest)])
            more = costs[task, _OURS].sample("warm").median - costs[task, _BARE].sample("warm").median
            short.append([task, *rows[-2][2:], f"{more:+.2f} s"])
    return {
        "scale": table(["channel", "", *_HEAD], rows),
        "scale, in short": table(["plan 20 packages", *_HEAD, "all cached, beside the bare engine"], short),
    }


def _figures(found: Costs, smallest: Costs) -> list[str]:
    warm = found.sample("warm")
    return [
        found.sample("cold").show("s"),
        warm.show("s"),
        warm.times(smallest.sample("warm")),
        found.processor.show("s"),
        found.peak.show("MB"),
    ]


def _ways(world: Setting, door: Environment, target: Path, channel: str, task: str) -> list[Way]:
    wanted = synthetic.asked()
    plan = (door.python, "-m", "condadeps", "plan", "-q", "--no-pip", "-p", target)
    bare = (door.python, "-c", _SOLVE, channel, world.caches / "bare")
    return [
        Way(task, _OURS, (*plan, "-c", channel, "--override-channels", *wanted)),
        Way(task, _BARE, (*bare, *(one.removeprefix("conda:") for one in wanted))),
    ]


if __name__ == "__main__":
    sys.exit(run("scale", __doc__, 5, _measured))
