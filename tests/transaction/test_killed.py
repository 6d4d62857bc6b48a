"""Real calls, really killed: the engine, the door, and what the next call then finds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import condadeps
from condadeps.prefix import lock
from condadeps.transaction.outcome import Status
from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import OWN, listing

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``many`` has so many files, in a folder that is there already, that placing them takes a while."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    tiny.noarch(road.channel, "many", "1.0", {f"many{n}.py": f"n = {n}" for n in range(400)})
    tiny.wheel(road.wheels, "tool", "1.0", requires=["six"])
    return road.open()


def state(road: Road) -> dict[str, str]:
    """The environment, less when and by whom it was changed."""
    there = listing(road.prefix, ignore=OWN)
    return {
        path: what
        for path, what in there.items()
        if path != "conda-meta/history" and "__pycache__" not in path
    }


def begun(road: Road, later: float) -> subprocess.Popen[str]:
    """A command that is changing the environment, ``later`` seconds after its first change was announced."""
    words = [sys.executable, "-m", "condadeps", "install", "-p", str(road.prefix), "many", "tool"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal, end = Room.of(road.prefix).journal, time.monotonic() + 120
    while not journal.exists():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.0005)
    time.sleep(later)
    return process


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_engine_killed_while_it_places_files_leaves_what_was(road: Road) -> None:
    before, put_back = state(road), 0
    for later in (0.0, 0.004, 0.02):
        process = begun(road, later)
        engine = lock.holder(road.prefix)
        if engine is not None:  # else it was done already
            os.kill(engine.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        half = condadeps.doctor(road.prefix)
        outcome = condadeps.restore(prefix=road.prefix)
        assert outcome.status is Status.UNCHANGED and condadeps.doctor(road.prefix).problems == ()
        if state(road) == before:
            assert process.returncode == 1 and "the engine died (signal 9)" in said
            put_back += any(finding.kind == "unfinished" for finding in half.findings)
        else:
            assert road.version("tool") == "1.0" and (road.site_packages / "many399.py").exists()
            road.undo()
            assert state(road) == before
    assert put_back > 0


def test_a_door_killed_while_its_engine_places_files_leaves_all_or_nothing(road: Road) -> None:
    before = state(road)
    process = begun(road, 0.0)
    process.kill()
    process.communicate()
    wait_for(lambda: lock.at_work(road.prefix) is None)
    assert condadeps.doctor(road.prefix).problems == ()
    assert state(road) == before or road.version("tool") == "1.0"


def test_a_door_killed_before_the_first_change_leaves_what_was(road: Road) -> None:
    before = state(road)
    words = [sys.executable, "-m", "condadeps", "install", "-p", str(road.prefix), "many", "tool"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: lock.holder(road.prefix) is not None)
    process.kill()
    process.communicate()
    wait_for(lambda: lock.at_work(road.prefix) is None)
    assert condadeps.doctor(road.prefix).problems == ()
    assert state(road) == before
