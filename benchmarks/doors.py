"""``python -m benchmarks.doors``: what a call costs, beside pip and ipydeps.

(a) Everything asked for is there already, which is what "Run all" does each time.
(b) The same set into a fresh environment, with nothing cached and with everything cached.
(c) A plan of one package: what the engine's process costs.

Contestants take turns, in another order each round. Options: ``--runs N``, ``--quick``,
``--write FILE``.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Given, Sample, Steps, Took, command, run, say, table, turned
from benchmarks.setting import ROOT, Environment, Setting
from condadeps.kernels.creation import load_magic
from tests import kernel

SET = ("pandas", "seaborn")
"""What is installed: in conda's case pandas from conda, seaborn from PyPI, what seaborn needs from conda."""
NOOP = ("pandas", "seaborn", "rich>=13")
"""What is asked for again when it is there."""
ONE = "tqdm"
"""What is planned to see what the engine costs: one package that needs nothing."""
PACKAGES = 150
"""In the environment whose kernel is asked."""

_MARK = "@@seconds@@"
_TIMED = f"""\
import time
_start = time.perf_counter()
{{body}}
print("{_MARK}", time.perf_counter() - _start)
"""


@dataclass(frozen=True)
class Contestant:
    """One way to install :data:`SET`."""

    name: str
    environment: Environment
    install: tuple[str, ...]
    """Arguments of its Python."""


def _measured(given: Given) -> Steps:
    with setting.setting(padding=PACKAGES) as world:
        big = _big(world)
        for name in given.parts:
            yield given.runs, {f"doors {name}": _PARTS[name](world, big, given.runs)}


# (a) already there


def _already(world: Setting, big: Environment, runs: int) -> str:
    count = len(list((big.path / "conda-meta").glob("*.json"))) + 2  # condadeps and seaborn are pip's
    rival = setting.venv(world, "already-ipydeps", ["ipydeps", *NOOP])
    quoted = " ".join(f'"{one}"' if ">" in one else one for one in NOOP)
    line = f"get_ipython().run_line_magic('condadeps', {quoted!r})"
    ways = {
        f"`%condadeps {quoted}`, kernel of {count} packages made by `condadeps create`": lambda: _in_kernel(
            world, big, "pass", line, loaded=True
        ),
        "the same, after `import condadeps` in the cell before": lambda: _in_kernel(
            world, big, "import condadeps", line
        ),
        f"`%pip install {quoted}`, the same kernel": lambda: _in_kernel(
            world, big, "pass", f"get_ipython().run_line_magic('pip', {'install ' + quoted!r})"
        ),
        f"`ipydeps.pip({[one.partition('>')[0] for one in NOOP]})`, venv": lambda: _in_python(
            world, rival, "import ipydeps", f"ipydeps.pip({list(NOOP)!r})"
        ),
    }
    first: dict[str, list[float]] = defaultdict(list)
    later: dict[str, list[float]] = defaultdict(list)
    for number in range(runs):
        say(f"already there, round {number + 1} of {runs}")
        for name in turned(list(ways), number):
            seconds = ways[name]()
            first[name].append(seconds[0])
            later[name].extend(seconds[1:])
    ours = next(iter(ways))
    rows = []
    for name in ways:
        one, two = Sample(tuple(first[name])), Sample(tuple(later[name]))
        slower = "" if name == ours else two.times(Sample(tuple(later[ours])))
        rows.append([name, one.show("ms"), two.show("ms"), slower])
    return table(["already there", "first call after start", "later calls", "later, × condadeps"], rows)


def _big(world: Setting) -> Environment:
    """The kernel's environment, with NOOP installed by condadeps and recorded."""
    say(f"making an environment of {PACKAGES} packages")
    first = setting.conda_environment(world, "already", "pandas", "matplotlib")
    there = len(list((first.path / "conda-meta").glob("*.json")))
    more = [f"conda:{name}" for name in setting.padding(PACKAGES - there - 2)]
    directory = world.fresh_directory("already")
    install: list[str | Path] = [first.python, "-m", "condadeps", "install", "--quiet"]
    command([*install, "--no-record", *more], env=world.env(), cwd=directory)
    command([*install, *NOOP], env=world.env(), cwd=directory)
    first.check("pandas", "seaborn", "rich")
    return first


def _in_kernel(
    world: Setting, environment: Environment, before: str, call: str, *, loaded: bool = False
) -> list[float]:
    """Seconds of the first call and of three more, in a kernel just started, after ``before``.

    ``loaded``: with IPython's configuration that `condadeps create` writes, which loads the magic.
    """
    (environment.path / "etc" / "ipython" / "ipython_config.py").unlink(missing_ok=True)
    if loaded:
        load_magic(environment.path)
    cells = [before, *[_TIMED.format(body=call)] * 4]
    env: dict[str, str | None] = dict(world.env())
    ran = kernel.run(environment.path, cells, world.directory / "work" / "already", env)
    for cell in ran:
        if cell.error or "ERROR" in cell.text:
            raise RuntimeError(f"{call}: {cell.error or cell.text}")
    return [_seconds(cell.text) for cell in ran[1:]]


def _in_python(world: Setting, environment: Environment, before: str, call: str) -> list[float]:
    """The same in a plain Python."""
    script = before + "\n" + _TIMED.format(body=call) * 4
    done = subprocess.run(
        [environment.python, "-c", script], env=world.env(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{call}: {done.stderr[-2000:]}")
    return [_seconds(line) for line in done.stdout.splitlines() if line.startswith(_MARK)]


def _seconds(text: str) -> float:
    return float(text.partition(_MARK)[2].split()[0])


# (b) installing


def _install(world: Setting, _: Environment, runs: int) -> str:
    say("making the environments to install into")
    contestants = _contestants(world)
    cold: dict[str, list[float]] = defaultdict(list)
    warm: dict[str, list[float]] = defaultdict(list)
    imported: dict[str, list[float]] = defaultdict(list)
    for number in range(runs):
        for one in turned(contestants, number):
            say(f"installing, round {number + 1} of {runs}: {one.name}")
            world.clear_caches()
            cold[one.name].append(_once(world, one))
            warm[one.name].append(_once(world, one))
            imported[one.name].append(_first_import(world, one))
    rival = next(one.name for one in contestants if one.install[:2] == ("-m", "pip"))
    rows = []
    for one in contestants:
        samples = [Sample(tuple(cold[one.name])), Sample(tuple(warm[one.name]))]
        beside = [
            "" if one.name == rival else sample.times(Sample(tuple(of[rival])))
            for sample, of in zip(samples, (cold, warm), strict=True)
        ]
        first = Sample(tuple(imported[one.name])).show("s")
        rows.append([one.name, samples[0].show("s"), beside[0], samples[1].show("s"), beside[1], first])
    head = [f"install {' '.join(SET)}", "nothing cached", "× pip", "all cached", "× pip", "first import then"]
    return table(head, rows)


def _contestants(world: Setting) -> list[Contestant]:
    install = ("install", "--quiet", *SET)
    made = [
        Contestant(
            "`condadeps install`, conda environment",
            setting.conda_environment(world, "conda"),
            ("-m", "condadeps", *install),
        ),
        Contestant(
            "`condadeps install`, venv",
            setting.venv(world, "venv-condadeps", [ROOT]),
            ("-m", "condadeps", *install),
        ),
        Contestant("`pip install`, venv", setting.venv(world, "venv-pip"), ("-m", "pip", *install)),
        Contestant(
            "`ipydeps.pip`, venv",
            setting.venv(world, "venv-ipydeps", ["ipydeps"]),
            ("-c", f"import ipydeps; ipydeps.pip({list(SET)!r})"),
        ),
    ]
    for one in made:
        one.environment.keep()
    return made


def _once(world: Setting, contestant: Contestant) -> float:
    contestant.environment.renew()
    directory = world.fresh_directory("install")
    argv: list[str | Path] = [contestant.environment.python, *contestant.install]
    took = command(argv, env=world.env(), cwd=directory)
    contestant.environment.check(*SET)
    return took.seconds


def _first_import(world: Setting, contestant: Contestant) -> float:
    """pip compiles modules as it installs them, condadeps leaves it to their first import: this shows it."""
    argv: list[str | Path] = [contestant.environment.python, "-c", f"import {', '.join(SET)}"]
    return command(argv, env=world.env(), cwd=world.directory).seconds


# (c) the engine


def _plan(world: Setting, big: Environment, runs: int) -> str:
    ways = {
        f"`condadeps plan {ONE}`": ("-m", "condadeps", "plan", "--quiet", ONE),
        f"`pip install --dry-run {ONE}`": ("-m", "pip", "install", "--quiet", "--dry-run", ONE),
    }
    took: dict[str, list[Took]] = defaultdict(list)
    directory = world.fresh_directory("plan")
    for number in range(runs + 1):
        say(f"planning one package, round {number} of {runs}" if number else "filling the caches")
        for name in turned(list(ways), number):
            argv: list[str | Path] = [big.python, *ways[name]]
            once = command(argv, env=world.env(), cwd=directory)
            took[name] += [once] if number else []
    rows = [
        [
            name,
            Sample(tuple(one.seconds for one in took[name])).show("s"),
            Sample(tuple(one.peak for one in took[name])).show("MB"),
        ]
        for name in ways
    ]
    return table(["plan one package, all cached", "time", "largest process"], rows)


_PARTS = {"already": _already, "install": _install, "plan": _plan}


if __name__ == "__main__":
    sys.exit(run("doors", __doc__, 7, _measured, tuple(_PARTS)))
