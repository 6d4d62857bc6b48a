"""Ten processes that ask for different things in one environment at the same moment all succeed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from condadeps import api
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow

TEN = [f"app{n}" for n in range(5)] + [f"tool{n}" for n in range(5)]


def test_ten_at_once_all_succeed_and_the_environment_file_holds_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    for n in range(5):
        tiny.noarch(road.channel, f"app{n}", "1.0", depends=["six"])
        tiny.wheel(road.wheels, f"tool{n}", "1.0", requires=["six"])
    road.open()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "condadeps", "install", "-p", road.prefix, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in TEN
    ]
    told = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0] * 10, told
    assert any("waiting" in said or "wait" in said for _, said in told)

    recorded = road.file.read_text()
    for name in TEN:
        assert road.version(name) == "1.0"
        assert name in recorded
    assert len(api.history(road.prefix).entries) == 11
