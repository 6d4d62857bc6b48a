"""An engine started before its job is known costs nobody anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from condadeps.asked.job import Asked, Job, Options
from condadeps.engine import client, launch
from condadeps.errors import PrefixError

JOB = Job("install", "/no/such/environment", (Asked("six"),), Options(record=False, dry_run=True))

Started = list["subprocess.Popen[bytes]"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """The engines that were started; none is left behind."""
    found: Started = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[call-overload]  # passed on as they came
            found.append(self)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    yield found
    for process in found:
        process.kill()
        process.wait()


def test_an_engine_started_ahead_does_the_job(started: Started) -> None:
    launch.ahead()
    with pytest.raises(PrefixError, match="/no/such/environment"):
        client.run(JOB)
    assert len(started) == 1


def test_it_does_one_job_only(started: Started) -> None:
    launch.ahead()
    for _ in range(2):
        with pytest.raises(PrefixError):
            client.run(JOB)
    assert len(started) == 2


def test_it_leaves_when_another_python_is_to_do_the_job(started: Started) -> None:
    launch.ahead()
    launch.engine("/bin/cat").communicate()
    assert started[0].wait(60) == 0 and len(started) == 2


def test_it_leaves_when_nobody_has_a_job_for_it() -> None:
    code = "from condadeps.engine import launch; launch.ahead(); print(launch._waiting[1].pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    _wait_for_the_end_of(int(done.stdout))
    assert done.stderr == ""


def _wait_for_the_end_of(pid: int) -> None:
    import os
    import time

    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError(f"the engine {pid} is still there")


def test_a_plan_imports_nothing_that_only_changes_need() -> None:
    """It would take longer than the plan."""
    code = """\
import sys
import condadeps.engine.perform, condadeps.engine.planned
heavy = ("condadeps.transaction.apply", "condadeps.locks", "condadeps.record", "condadeps.overrides.steer",
    "condadeps.sources.build", "condadeps.sources.transport", "requests", "filelock", "tempfile", "zipfile",
    "http.client", "html.parser", "ctypes")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
