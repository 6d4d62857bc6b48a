"""Only one process changes an environment at a time; the others see whom they wait for."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condadeps.errors import CancelledError, LockedError
from condadeps.prefix import lock
from condadeps.show.reporter import Silent
from tests.prefix import made

HOLD = """
import sys, time
from pathlib import Path
from condadeps.prefix import lock
with lock.hold(Path(sys.argv[1]), 30):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
COUNT = """
import sys, time
from pathlib import Path
from condadeps.prefix import lock
for _ in range(5):
    with lock.hold(Path(sys.argv[1]), 60):
        counter = Path(sys.argv[1], "counter")
        value = int(counter.read_text())
        time.sleep(0.005)
        counter.write_text(str(value + 1))
"""


class Heard(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, message: str) -> None:
        self.notices.append(message)


@contextmanager
def held(prefix: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(prefix), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return made.conda(tmp_path / "env").prefix


def test_the_lock_lies_with_condas_metadata_or_in_a_directory_of_ours(prefix: Path, tmp_path: Path) -> None:
    with lock.hold(prefix, 1) as place:
        assert place == prefix / "conda-meta/condadeps"
        assert (place / "lock").exists()
    with lock.hold(tmp_path, 1) as place:
        assert place == tmp_path / ".condadeps"


def test_a_wait_is_seen_with_the_holder_and_ends_when_they_do(prefix: Path) -> None:
    heard = Heard()
    with held(prefix, 2.5) as process, lock.hold(prefix, 30, heard):
        assert lock.holder(prefix) == lock.Holder(os.getpid(), *_me(prefix))
    (notice,) = heard.notices
    assert f"process {process.pid} of " in notice and str(prefix) in notice


def _me(prefix: Path) -> tuple[str, str, float]:
    told = json.loads((prefix / "conda-meta/condadeps/holder.json").read_text())
    return told["user"], told["host"], told["since"]


def test_a_wait_ends_with_an_error_that_names_the_holder(prefix: Path) -> None:
    with held(prefix, 30) as process, pytest.raises(LockedError) as raised, lock.hold(prefix, 0.3):
        pass
    assert f"process {process.pid} of " in raised.value.message
    assert raised.value.data["waited"] >= 0.3
    assert raised.value.data["holder"]["pid"] == process.pid


def test_a_wait_can_be_cancelled(prefix: Path) -> None:
    started = time.monotonic()
    asked = lock.hold(prefix, 30, cancelled=lambda: time.monotonic() - started > 0.3)
    with held(prefix, 30), pytest.raises(CancelledError), asked:
        pass
    assert time.monotonic() - started < 10


def test_a_holder_that_was_killed_holds_no_more(prefix: Path) -> None:
    with held(prefix, 60) as process:
        process.kill()
        process.wait()
        assert (prefix / "conda-meta/condadeps/holder.json").exists()
        assert lock.holder(prefix) is None
        with lock.hold(prefix, 2):
            pass


def test_an_error_inside_frees_the_lock(prefix: Path) -> None:
    with pytest.raises(RuntimeError), lock.hold(prefix, 1):
        raise RuntimeError
    with lock.hold(prefix, 0):
        pass
    assert lock.holder(prefix) is None


@pytest.mark.slow
def test_ten_processes_take_turns(prefix: Path) -> None:
    (prefix / "counter").write_text("0")
    children = [subprocess.Popen([sys.executable, "-c", COUNT, str(prefix)]) for _ in range(10)]
    assert [child.wait() for child in children] == [0] * 10
    assert (prefix / "counter").read_text() == "50"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_shared_environment_has_a_lock_its_group_can_take(prefix: Path) -> None:
    before = os.umask(0o077)
    try:
        prefix.chmod(0o2775)
        with lock.hold(prefix, 1) as place:
            assert stat.S_IMODE(place.stat().st_mode) == 0o2775
            assert stat.S_IMODE((place / "lock").stat().st_mode) & 0o660 == 0o660
            assert stat.S_IMODE((place / "holder.json").stat().st_mode) & 0o640 == 0o640
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_private_environment_has_a_lock_nobody_else_writes(prefix: Path) -> None:
    before = os.umask(0)
    try:
        prefix.chmod(0o755)
        with lock.hold(prefix, 1) as place:
            assert stat.S_IMODE(place.stat().st_mode) == 0o755
            assert stat.S_IMODE((place / "lock").stat().st_mode) & 0o022 == 0
    finally:
        os.umask(before)
