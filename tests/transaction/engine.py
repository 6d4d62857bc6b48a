"""Applying plans in a process of its own, as the engine does: py-rattler may crash an orderly exit.

``python -m tests.transaction.engine JOB`` reads a job from a JSON file, applies it and writes
what came of it; :func:`apply` is the test's end. A fault in the job kills the process, or
fails it, at the checkpoint of that number.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.errors import CondadepsError
from condadeps.prefix import lock, target
from condadeps.solve.plan import Artifact, Plan
from condadeps.sources.pip_config import PipConfig
from condadeps.transaction import apply as transaction
from condadeps.transaction import fresh
from condadeps.transaction.journal import Occasion
from condadeps.transaction.uv import find as find_uv

ROOT = Path(__file__).parents[2]


@dataclass
class Came:
    """What became of an applied plan."""

    error: CondadepsError | None
    warnings: list[str]
    points: list[str]
    notices: list[str]
    killed: bool
    output: str


def apply(
    plan: Plan,
    cache: Path,
    *,
    create: str = "",
    at: int | None = None,
    fault: str = "kill",
    environ: Mapping[str, str] | None = None,
    command: str = "condadeps install it",
    recover_only: bool = False,
    kept: Path | None = None,
    uv: bool = False,
) -> Came:
    """Apply ``plan``; with ``create`` (``"unlocked"``: without the lock) to one that is not there yet.

    ``at``: kill the process (or do another ``fault``) at the checkpoint of that number.
    """
    job = {
        "plan": plan.to_json(),
        "cache": str(cache),
        "create": create,
        "at": at,
        "fault": fault,
        "command": command,
        "kept": kept and str(kept),
        "recover_only": recover_only,
        "uv": uv,
    }
    path = cache.parent / f"job-{os.getpid()}.json"
    result = path.with_suffix(".out")
    result.unlink(missing_ok=True)
    path.write_text(json.dumps(job), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.transaction.engine", str(path)],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if not result.exists():
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
        return Came(None, [], [], [], True, done.stderr)
    told = json.loads(result.read_text(encoding="utf-8"))
    error = CondadepsError.from_json(told["error"]) if told["error"] else None
    return Came(error, told["warnings"], told["points"], told["notices"], False, done.stderr)


@dataclass
class Channel:
    """The package cache and the plain client; the tests' packages are local files."""

    package_cache: Path
    copies = False

    @property
    def client(self) -> Any:
        from rattler.networking import Client

        return Client.default_client(timeout=20)


class FakeFiles:
    """Local files as an index: copied and not checked, so that the transaction's own check is seen."""

    config = PipConfig.read()

    async def fetch(self, file: Artifact, directory: Path) -> Path:
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        path = directory / file.filename
        path.write_bytes(Path(url2pathname(urlsplit(file.url).path)).read_bytes())
        return path

    async def wheel(self, file: Artifact, directory: Path) -> Path:
        raise NotImplementedError


class Points:
    """Counts the checkpoints and strikes at one."""

    def __init__(self, at: int | None, fault: str) -> None:
        self.seen: list[str] = []
        self._at = at
        self._fault = fault

    def reached(self, point: str) -> None:
        if self._at == len(self.seen):
            if self._fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device", point)
        self.seen.append(point)


class Notices:
    def __init__(self) -> None:
        self.said: list[str] = []

    def phase(self, phase: str, message: str = "") -> None: ...

    def progress(self, item: str, done: int, total: int | None, unit: str = "items") -> None: ...

    def notice(self, message: str) -> None:
        self.said.append(message)


async def _work(job: dict[str, Any], points: Points, notices: Any) -> list[str]:
    plan = Plan.from_json(job["plan"])
    prefix = Path(plan.prefix)
    await transaction.recover(prefix, reporter=notices)
    if job["recover_only"]:
        return []
    created = job["create"]
    where = target.planned(prefix, "") if created else target.read(prefix)
    applied = await transaction.apply(
        plan,
        where,
        conda=Channel(Path(job["cache"])),
        pypi=FakeFiles(),
        reporter=notices,
        occasion=Occasion(job["command"]),
        kept=Path(job["kept"]) if job["kept"] else None,
        uv=find_uv(prefix) if job["uv"] else None,
        checkpoints=points,
    )
    return list(applied.warnings)


def main() -> None:
    path = Path(sys.argv[1])
    job = json.loads(path.read_text(encoding="utf-8"))
    points, notices = Points(job["at"], job["fault"]), Notices()
    told: dict[str, Any] = {"error": None, "warnings": []}
    prefix = Path(job["plan"]["prefix"])
    try:
        if job["create"] == "unlocked":
            told["warnings"] = asyncio.run(_work(job, points, notices))
        elif job["create"] and not job["recover_only"]:
            with fresh.making(prefix, 20):
                told["warnings"] = asyncio.run(_work(job, points, notices))
        else:
            with lock.hold(prefix, 20):
                told["warnings"] = asyncio.run(_work(job, points, notices))
    except CondadepsError as error:
        told["error"] = error.to_json()
    told |= {"points": points.seen, "notices": notices.said}
    path.with_suffix(".out").write_text(json.dumps(told), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
