"""Kills a transaction at every point it passes: staged once, then carried out by one child after the other.

``python -m tests.transaction.killing JOB`` stages a plan as :func:`condadeps.transaction.apply.apply`
does. For each point a forked child makes the change and is killed there (or told that the disk
is full), another recovers, and the environment is listed; then all is put back for the next
point. The kill is a real SIGKILL of the process that makes the change.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.prefix import target
from condadeps.show.reporter import Silent
from condadeps.solve.plan import Plan
from condadeps.transaction import journal
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.change import Change
from condadeps.transaction.journal import Journal, Occasion, State
from condadeps.transaction.room import Room
from condadeps.transaction.staging import Staging
from tests.transaction.engine import ROOT, Channel, FakeFiles, Points
from tests.transaction.world import listing


@dataclass(frozen=True)
class Struck:
    """What one strike came to."""

    point: str
    killed: bool
    """Whether the process was killed (or the disk full) at all: false after the last point."""
    state: str
    """``before``, ``after``, or what differs."""
    recovered: bool
    """Whether recovery had something to put back."""


def strike(plan: Plan, cache: Path, fault: str = "kill") -> list[Struck]:
    """Carry out ``plan`` with a fault at each of its points; its environment is as before in the end."""
    path = cache.parent / f"strike-{os.getpid()}.json"
    path.write_text(json.dumps({"plan": plan.to_json(), "cache": str(cache), "fault": fault}))
    done = subprocess.run(
        [sys.executable, "-m", "tests.transaction.killing", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [Struck(**one) for one in json.loads(path.with_suffix(".out").read_text())]


async def _staged(plan: Plan, cache: Path) -> Staging:
    prefix = Path(plan.prefix)
    room = Room.of(prefix)
    room.make()
    staging = Staging(plan, target.read(prefix), room, Channel(cache), FakeFiles(), Silent(), Cancel())
    await staging.fetch()
    await staging.lay_out_pips()
    staging.add_records(Occasion("it"), 1.8e9)
    return staging


def _carry_out(staging: Staging, points: Points) -> None:
    entry = Journal(State.CHANGING, staging.plan.to_json(), occasion=Occasion("it"), started=1.8e9)
    change = Change(staging, entry, points)
    try:
        change.begin(True)
        change.make()
        change.settle(True)
        change.verify()
        change.finish()
    except BaseException:
        change.take_back()
        raise


def _in_child(work: Callable[[], bool]) -> int:
    """Do ``work`` in a forked process; its exit status, 1 when it returned False or raised."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _strike(staging: Staging, at: int, fault: str, point: Path) -> int:
    points = _Noting(at, fault, point)

    def work() -> bool:
        _carry_out(staging, points)
        return True

    return _in_child(work)


class _Noting(Points):
    """Leaves word of where it strikes."""

    def __init__(self, at: int, fault: str, note: Path) -> None:
        super().__init__(at, fault)
        self._note = note

    def reached(self, point: str) -> None:
        if self._at == len(self.seen):
            self._note.write_text(point)
        super().reached(point)


def _every_point(plan: Plan, cache: Path, fault: str) -> list[dict[str, Any]]:
    prefix = Path(plan.prefix)
    before = listing(prefix)
    staging = asyncio.run(_staged(plan, cache))
    spare, note = cache.parent / "spare", cache.parent / "note"
    for left_over in ("wheels", "pip", "bytecode"):
        shutil.rmtree(staging.room.current / left_over, ignore_errors=True)
    shutil.copytree(prefix, spare, symlinks=True)
    assert _in_child(lambda: _carry_out(staging, Points(None, "")) is None) == 0
    after = listing(prefix)
    told: list[dict[str, Any]] = []
    state = "after"
    while not told or told[-1]["killed"]:
        if state == "before":  # all of it: what a recovery sweeps is what is staged
            shutil.copytree(Room.of(spare).current, staging.room.current, symlinks=True)
        else:
            shutil.rmtree(prefix)
            shutil.copytree(spare, prefix, symlinks=True)
        code = _strike(staging, len(told), fault, note)
        recovered = _in_child(lambda: journal.recover(prefix) is not None) == 0
        now = listing(prefix)
        state = "before" if now == before else "after" if now == after else _difference(before, now)
        killed = code == (-signal.SIGKILL if fault == "kill" else 1)
        told.append({"point": note.read_text(), "killed": killed, "state": state, "recovered": recovered})
        assert not Room.of(prefix).current.exists()
    return told[:-1]


def _difference(one: dict[str, str], other: dict[str, str]) -> str:
    return ", ".join(sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path)))


def main() -> None:
    path = Path(sys.argv[1])
    job = json.loads(path.read_text())
    told = _every_point(Plan.from_json(job["plan"]), Path(job["cache"]), job["fault"])
    path.with_suffix(".out").write_text(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
