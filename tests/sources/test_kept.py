"""What is kept can be seen and cleared away, and environments stay whole."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.errors import UsageError
from condadeps.sources import kept
from tests.doors.test_command import condadeps


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that an environment shares, one that none does, a wheel, and a lock that others may hold."""
    root = tmp_path / "cache"
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(root))
    for name, size in (
        ("pkgs/used/a", 1000),
        ("pkgs/idle/b", 500),
        ("pypi/files/c.whl", 70),
        ("locks/d.lock", 0),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    (tmp_path / "env").mkdir()
    os.link(root / "pkgs/used/a", tmp_path / "env" / "a")
    return root


def test_sizes_are_told_and_what_environments_share_is_not_counted_as_freed(cache: Path) -> None:
    parts = {one.kind: (one.files, one.size, one.freed) for one in kept.kept().parts}
    assert parts["packages"] == (2, 1500, 500)
    assert parts["files"] == (1, 70, 70) and parts["channels"] == (0, 0, 0)
    assert "1.5 kB" in str(kept.kept()) and "clearing frees 500 B" in str(kept.kept())


def test_clearing_leaves_environments_and_locks(cache: Path) -> None:
    done = condadeps("cache", "clean", "--yes")
    assert done.returncode == 0 and "cleared in" in done.stdout
    assert (cache.parent / "env" / "a").read_bytes() == b"x" * 1000
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["d.lock"]


def test_one_part_can_be_cleared_alone(cache: Path) -> None:
    kept.clear(["files"])
    assert not (cache / "pypi/files").exists() and (cache / "pkgs/idle/b").exists()
    with pytest.raises(UsageError, match="no part of the cache"):
        kept.clear(["everything"])


def test_where_nobody_can_be_asked_nothing_is_cleared_unasked(cache: Path) -> None:
    done = condadeps("cache", "clean")
    assert "say --yes" in done.stdout and (cache / "pkgs/idle/b").exists()
    told = json.loads(condadeps("cache", "info", "--json").stdout)
    assert told["directory"] == str(cache) and told["cleared"] is False


@pytest.mark.parametrize(("answer", "stays"), [(b"n\n", True), (b"y\n", False)])
def test_a_person_is_shown_the_sizes_and_asked(cache: Path, answer: bytes, stays: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "condadeps", "cache", "clean"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer)
    seen = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:
            break
        if not more:
            break
        seen += more
    process.wait(60)
    os.close(ours)
    assert b"1.5 kB" in seen and b"Do it?" in seen
    assert (cache / "pkgs/idle/b").exists() is stays
