"""Where a key lies while something needs a path to it, and that nothing stays: not after a kill either."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.pki import keyfile
from condadeps.pki.keyfile import KeyFile

SECRET = "-----BEGIN PRIVATE KEY-----\nnot really\n-----END PRIVATE KEY-----\n"
HELD = """
import sys
from pathlib import Path
from condadeps.pki.keyfile import KeyFile
held = KeyFile(sys.argv[1], in_memory=sys.argv[3] == "memory", below=Path(sys.argv[2]))
print(held.path, flush=True)
sys.stdin.read()
"""


def holder(below: Path, how: str) -> tuple[subprocess.Popen[str], Path]:
    """A process that holds the secret, and where."""
    arguments = [sys.executable, "-c", HELD, SECRET, str(below), how]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files without a name are Linux'")
def test_on_linux_a_killed_process_leaves_nothing_because_there_is_no_file(tmp_path: Path) -> None:
    process, path = holder(tmp_path, "memory")
    assert path.read_text() == SECRET and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []
    kill(process)
    assert not path.exists() and list(tmp_path.iterdir()) == []


def test_elsewhere_what_a_killed_process_left_is_swept_at_the_next_start(tmp_path: Path) -> None:
    process, path = holder(tmp_path, "disk")
    assert path.read_text() == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    keyfile.sweep(tmp_path)
    assert path.exists()  # it is in use
    kill(process)
    assert path.exists()
    keyfile.sweep(tmp_path)
    assert not path.parent.exists()


@pytest.mark.parametrize("in_memory", [True, False])
def test_what_is_closed_is_gone(tmp_path: Path, in_memory: bool) -> None:
    held = KeyFile(SECRET, in_memory=in_memory, below=tmp_path)
    path = Path(str(held.path))
    assert path.read_text() == SECRET
    held.close()
    assert not path.exists() and not list(tmp_path.glob("held-*"))
    held.close()


def test_a_kernel_without_such_files_gets_one_on_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*words: object) -> int:
        raise OSError("not here")

    monkeypatch.setattr(os, "memfd_create", refused, raising=False)
    held = KeyFile(SECRET, below=tmp_path)
    assert Path(str(held.path)).is_relative_to(tmp_path)
    held.close()


def test_the_runtime_directory_of_a_session_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert keyfile.place() == tmp_path / "condadeps"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert keyfile.place().is_relative_to(os.environ["CONDADEPS_CACHE_DIR"])
