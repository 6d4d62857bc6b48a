"""Between a kill and the next change, whoever only reads is told that it may be half of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.prefix import lock
from condadeps.transaction import journal
from condadeps.transaction.outcome import Status
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """An environment in which ``foo`` was being installed by a process that was killed."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    # Enough files in a folder that is there already, so that a kill leaves some of them.
    foo = tiny.noarch(road.channel, "foo", "1.0", {f"foo{n}.py": "" for n in range(8)})
    road.open()
    came = road.apply(road.plan([foo]), at=8, command="condadeps install foo")
    assert came.killed
    return road


def command(road: Road, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "condadeps", *words, "-p", str(road.prefix)], capture_output=True, text=True
    )


def test_list_says_that_it_may_be_half_of_a_change(road: Road) -> None:
    said = "# warning: a change of"
    told = command(road, "list")
    assert told.returncode == 0 and said in told.stdout
    assert "(condadeps install foo) was cut short" in told.stdout and "puts it back first" in told.stdout
    as_json = command(road, "list", "--json")
    assert isinstance(json.loads(as_json.stdout), list)
    assert "was cut short" in as_json.stderr
    assert "was cut short" in command(road, "export").stderr
    assert "was cut short" in command(road, "plan", "foo").stderr
    assert journal.unfinished(road.prefix) is not None  # none of them changed anything


def test_a_request_that_is_half_there_is_not_taken_for_met(road: Road) -> None:
    assert road.dist_infos("foo"), "the kill was to come after the metadata"
    outcome = road.install("foo")
    assert outcome.changed
    assert all((road.site_packages / f"foo{n}.py").exists() for n in range(8))
    assert journal.unfinished(road.prefix) is None


def test_a_change_at_work_is_told_and_waited_for_by_nobody_who_reads(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock.hold(road.prefix, 1):
        found = journal.unfinished(road.prefix)
        assert found is not None and found.by is not None
        told = command(road, "list")
        assert "is being made by process" in told.stdout
        monkeypatch.setenv("CONDADEPS_LOCK_TIMEOUT", "0")  # who waited would be refused
        assert road.install("python").status is Status.UNCHANGED
    found = journal.unfinished(road.prefix)
    assert found is not None and found.by is None
