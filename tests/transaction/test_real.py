"""Real packages of the real channel, applied to real environments."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.channel.fixture import Channel
from tests.transaction.world import listing

pytestmark = pytest.mark.slow


def apply(prefix: Path, channel: str, specs: Sequence[str]) -> dict[str, Any]:
    """Solve ``specs`` with what is there, apply the plan in a process of its own; returns what it told."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.transaction.test_real", str(prefix), channel, *specs],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def run(prefix: Path, *arguments: str) -> str:
    done = subprocess.run([str(prefix / "bin" / "python"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_an_environment_is_made_changed_and_works(channel: Channel, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    told = apply(prefix, channel.url, ["python", "pip", "ipykernel"])
    assert told["warnings"] == []
    assert run(prefix, "-m", "ipykernel", "--version")
    assert run(prefix, "-m", "pip", "check") == "No broken requirements found."

    before = listing(prefix)
    assert apply(prefix, channel.url, ["pandas"])["warnings"] == []
    assert run(prefix, "-c", "import pandas, numpy; print(pandas.DataFrame({'a': [1]}).a.sum())") == "1"
    assert run(prefix, "-m", "pip", "check") == "No broken requirements found."

    apply(prefix, channel.url, ["-pandas", "-numpy"])
    after = listing(prefix)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {path for path in changed if "__pycache__" not in path} == {"conda-meta/history"}


async def _main(prefix: Path, channel: str, specs: Sequence[str]) -> list[str]:
    import rattler

    from condadeps.names.namespaces import PackageName
    from condadeps.prefix import installed, target
    from condadeps.solve.plan import Link, Plan, Unlink
    from condadeps.sources.conda import CondaSource
    from condadeps.sources.condarc import CondaConfig
    from condadeps.sources.records import package
    from condadeps.transaction import apply as transaction

    present = installed.packages(prefix)
    source = CondaSource(CondaConfig.read(None), "linux-64", channels=[channel], override_channels=True)
    locked = [rattler.PrefixRecord.from_path(one.path) for one in present.values()]
    wanted = [spec for spec in specs if not spec.startswith("-")]
    solved = await rattler.solve(
        [rattler.Channel(channel)],
        [*wanted, *present],
        locked_packages=locked,
        platforms=["linux-64", "noarch"],
        virtual_packages=source.virtual_packages(),
    )
    leaving = [PackageName(spec[1:]) for spec in specs if spec.startswith("-")]
    plan = Plan(
        str(prefix),
        "linux-64",
        link=tuple(Link(package(one), "asked") for one in solved if one.name.normalized not in present),
        unlink=tuple(
            Unlink(package(rattler.PrefixRecord.from_path(present[name].path)), "asked")
            for name in leaving
            if name in present
        ),
    )
    where = target.read(prefix) if present else target.planned(prefix, "")
    applied = await transaction.apply(plan, where, conda=source, pypi=None)
    return list(applied.warnings)


if __name__ == "__main__":
    warnings = asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
    print(json.dumps({"warnings": warnings}), flush=True)
    os._exit(0)
