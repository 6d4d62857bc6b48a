"""A disk that really fills up, on a small file system of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from condadeps.errors import SpaceError
from tests.transaction import tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


class SmallDisk(World):
    """A world whose environment lies on a disk of eight megabytes."""

    @property
    def disk(self) -> Path:
        return self.root / "disk"

    @property
    def prefix(self) -> Path:
        return self.disk / "env"

    def leave_free(self, size: int) -> None:
        """Fill the disk up to ``size`` bytes."""
        filler = self.disk / "filler"
        filler.unlink(missing_ok=True)
        state = os.statvfs(self.disk)
        filler.write_bytes(b"x" * max(0, state.f_bavail * state.f_frsize - size))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SmallDisk]:
    world = SmallDisk(tmp_path)
    world.disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(world.disk)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no small disk can be made here: {error}")
    if done.returncode:
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    yield world
    subprocess.run(["umount", str(world.disk)], check=True)


def test_a_disk_that_fills_up_leaves_the_environment_as_it_was(world: SmallDisk) -> None:
    old = tiny.noarch(world.channel, "foo", "1.0")
    # Sixteen megabytes that no index announces: zeros, packed to nothing.
    big = tiny.package(world.channel, "big", "1", {"share/big": b"\0" * (16 << 20)})
    world.create(old, install=[world.wheel("bar", "1.0")])
    before = listing(world.prefix)
    came = world.apply(world.plan([big]))

    assert isinstance(came.error, SpaceError), came.error
    assert listing(world.prefix) == before


def test_whatever_room_is_left_a_change_is_whole_or_nothing(world: SmallDisk) -> None:
    old = tiny.noarch(world.channel, "foo", "1.0")
    new = tiny.noarch(world.channel, "foo", "2.0", {"foo/__init__.py": "#" * 50_000})
    world.create(old, install=[world.wheel("bar", "1.0")])
    before = listing(world.prefix)
    plan = world.plan([(new, old)], install=[world.wheel("bar", "2.0", previous="1.0")])
    ended = []
    for room in (0, 40, 120, 160, 200, 240, 280, 400):
        world.leave_free(room << 10)
        came = world.apply(plan)
        if came.error is None:
            break
        assert isinstance(came.error, SpaceError), (room, came.error)
        assert listing(world.prefix) == before
        ended.append(room)
    else:
        pytest.fail("there was never room enough")
    assert len(ended) > 2
    assert world.version("foo") == "2.0"
    assert world.version("bar") == "2.0"
