"""A door survives whatever becomes of its engine."""

from __future__ import annotations

import _thread
import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest

from condadeps.asked.job import Asked, Job, Options
from condadeps.engine import client
from condadeps.errors import CancelledError, EngineError, PrefixError, RequestError

JOB = Job("install", "/no/such/environment", (Asked("six"),), Options(record=False))


def an_engine(directory: Path, script: str) -> str:
    """An executable that is started in the engine's stead and runs ``script``."""
    path = directory / "python"
    path.write_text(f"#!{sys.executable}\nimport json, os, signal, sys, time\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_an_engine_that_is_killed_is_an_error_that_names_the_signal(tmp_path: Path) -> None:
    python = an_engine(tmp_path, "sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(EngineError, match="signal 9"):
        client.run(JOB, python=python)


def test_an_engine_that_crashes_shows_its_last_words(tmp_path: Path) -> None:
    python = an_engine(tmp_path, "sys.exit('something burst')")
    with pytest.raises(EngineError, match="exit code 1") as caught:
        client.run(JOB, python=python)
    assert "something burst" in str(caught.value)


def test_an_engine_that_talks_nonsense_is_an_error(tmp_path: Path) -> None:
    python = an_engine(tmp_path, "print('hello')")
    with pytest.raises(EngineError, match="do not understand"):
        client.run(JOB, python=python)


def test_an_engine_that_dies_in_the_middle_of_a_word_is_an_error(tmp_path: Path) -> None:
    python = an_engine(tmp_path, 'sys.stdout.write(\'{"event": "outc\')')
    with pytest.raises(EngineError, match="died"):
        client.run(JOB, python=python)


def test_an_engine_that_floods_its_standard_error_does_not_block(tmp_path: Path) -> None:
    python = an_engine(
        tmp_path,
        "[sys.stderr.write('y' * 99 + '\\n') for _ in range(20000)]",
    )
    with pytest.raises(EngineError) as caught:
        client.run(JOB, python=python)
    assert len(caught.value.data["stderr"]) == 20


def test_no_engine_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        client.run(JOB, python=str(tmp_path / "nothing"))


def test_the_real_engine_reports_a_real_error() -> None:
    with pytest.raises(PrefixError, match="/no/such/environment"):
        client.run(JOB)


def test_the_real_engine_reports_a_request_it_cannot_read() -> None:
    job = Job("install", sys.prefix, (Asked("a b c ~~"),), Options(record=False, dry_run=True))
    with pytest.raises(RequestError):
        client.run(job)


def test_modules_beside_the_notebook_do_not_reach_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requests", "packaging", "asyncio", "json", "rattler"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger was imported')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PrefixError):
        client.run(JOB)


def test_an_interrupt_is_passed_on_as_a_cancel(tmp_path: Path) -> None:
    said = tmp_path / "said"
    python = an_engine(
        tmp_path,
        f"""
sys.stdin.readline()
print(json.dumps({{"event": "phase", "phase": "solve", "message": ""}}), flush=True)
line = sys.stdin.readline()
open({str(said)!r}, "w").write(line)
error = {{"exception_name": "CancelledError", "message": "stopped"}}
print(json.dumps({{"event": "error", "error": error}}), flush=True)
""",
    )
    threading.Timer(0.5, _thread.interrupt_main).start()
    with pytest.raises(CancelledError, match="stopped"):
        client.run(JOB, python=python)
    assert said.read_text() == '{"cancel":true}\n'


def test_an_engine_whose_door_is_gone_stops(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    python = an_engine(
        tmp_path,
        f"""
sys.stdin.readline()
print('nonsense', flush=True)
sys.stdin.read()
open({str(gone)!r}, 'w').close()
""",
    )
    with pytest.raises(EngineError):
        client.run(JOB, python=python)
    deadline = time.monotonic() + 5
    while not gone.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone.exists()


def test_the_engine_is_in_a_process_group_of_its_own(tmp_path: Path) -> None:
    python = an_engine(
        tmp_path,
        """
error = {"exception_name": "PrefixError", "message": str(os.getpgrp())}
print(json.dumps({"event": "error", "error": error}))
""",
    )
    with pytest.raises(PrefixError) as caught:
        client.run(JOB, python=python)
    assert int(str(caught.value)) != os.getpgrp()
