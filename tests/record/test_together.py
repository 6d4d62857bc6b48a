"""Several processes write one file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.record.test_environment import PANDAS, conda, record
from tests.record.test_environment import path as path

WRITER = """
import sys
from pathlib import Path
from condadeps.record.environment import write
from condadeps.solve.plan import Answer
for number in range(4):
    name = f"package{sys.argv[2]}-{number}"
    answer = Answer(name, "cell", "conda", name, "1.0", "")
    write(Path(sys.argv[1]), environment="demo", python="3.11", channels=["c"], answers=[answer], needed=[])
"""


@pytest.mark.slow
def test_several_processes_at_once_lose_nothing(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(each)]) for each in range(5)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 5
    lines = path.read_text().splitlines()
    assert sorted(line for line in lines if "package" in line) == sorted(
        f"  - package{each}-{number}=1.0" for each in range(5) for number in range(4)
    )
    assert [file.name for file in path.parent.iterdir()] == ["environment.yml"]


def test_a_change_made_meanwhile_without_the_lock_is_seen(path: Path, monkeypatch: object) -> None:
    from condadeps.record import environment

    record(path, PANDAS)
    text_of = environment._text
    interfered = []

    def interfering(*arguments: object) -> object:
        result = text_of(*arguments)  # type: ignore[arg-type]
        if not interfered:
            interfered.append(path.write_text(path.read_text() + "  - by-hand\n"))
        return result

    monkeypatch.setattr(environment, "_text", interfering)  # type: ignore[attr-defined]
    record(path, conda("rich", "14"))
    assert {"  - by-hand", "  - rich=14"} <= set(path.read_text().splitlines())


def test_a_cache_that_cannot_be_written_does_not_keep_from_recording(path: Path, monkeypatch: object) -> None:
    blocked = path.parent.parent / "file"
    blocked.touch()
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(blocked))  # type: ignore[attr-defined]
    assert record(path, PANDAS).changed
