"""A copy of an environment brings back whatever a program did to it, and may be cut short in doing so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from condadeps.show.reporter import Silent
from condadeps.transaction import snapshot
from condadeps.transaction.room import Room
from tests.transaction.world import listing


@pytest.fixture
def room(tmp_path: Path) -> Room:
    prefix = tmp_path / "env"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "lib" / "deep").mkdir(parents=True)
    (prefix / "lib" / "one").write_text("one")
    (prefix / "lib" / "deep" / "two").write_text("two")
    (prefix / "lib" / "readonly").write_text("three")
    (prefix / "lib" / "readonly").chmod(0o444)
    (prefix / "lib" / "link").symlink_to("one")
    (prefix / "lib" / "nowhere").symlink_to("gone")
    (prefix / "empty").mkdir(mode=0o700)
    (prefix / "pkgs").mkdir()
    (tmp_path / "cache").write_text("shared")
    os.link(tmp_path / "cache", prefix / "lib" / "shared")
    found = Room.of(prefix)
    found.make()
    snapshot.take(found, Silent())
    return found


def edit_in_place(prefix: Path) -> None:
    path = prefix / "lib" / "shared"
    before = path.stat()
    path.write_text("broken")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if nothing had happened


def swap_kinds(prefix: Path) -> None:
    (prefix / "lib" / "one").unlink()
    (prefix / "lib" / "one").mkdir()
    shutil.rmtree(prefix / "lib" / "deep")
    (prefix / "lib" / "deep").write_text("a file now")
    (prefix / "empty").rmdir()
    (prefix / "empty").symlink_to("lib")


DAMAGES: list[Callable[[Path], object]] = [
    edit_in_place,
    swap_kinds,
    lambda prefix: shutil.rmtree(prefix / "lib"),
    lambda prefix: (prefix / "lib" / "one").write_text("xne"),
    lambda prefix: (prefix / "lib" / "readonly").chmod(0o777),
    lambda prefix: ((prefix / "lib" / "link").unlink(), (prefix / "lib" / "link").symlink_to("deep")),
    lambda prefix: (prefix / "lib" / "one").replace(prefix / "lib" / "moved"),
    lambda prefix: shutil.copytree(prefix / "lib", prefix / "more", symlinks=True),
    lambda prefix: os.mkfifo(prefix / "lib" / "pipe"),
    lambda prefix: None,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_all_of_it_is_as_it_was(room: Room, damage: Callable[[Path], object]) -> None:
    before = listing(room.prefix)
    untouched = (room.prefix / "lib" / "deep" / "two").stat().st_ino
    damage(room.prefix)
    assert bool(snapshot.changed(room)) is (damage not in DAMAGES[-3:])
    snapshot.restore(room)
    assert listing(room.prefix) == before
    if damage in (edit_in_place, *DAMAGES[3:]):
        assert (room.prefix / "lib" / "deep" / "two").stat().st_ino == untouched
    snapshot.restore(room)
    assert listing(room.prefix) == before


def test_what_was_edited_in_place_is_mended_where_it_is_shared(room: Room, tmp_path: Path) -> None:
    edit_in_place(room.prefix)
    assert (tmp_path / "cache").read_text() == "broken"
    snapshot.restore(room)
    assert (tmp_path / "cache").read_text() == "shared"
    assert (tmp_path / "cache").samefile(room.prefix / "lib" / "shared")


def test_putting_back_may_be_cut_short_anywhere(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listing(room.prefix)
    swap_kinds(room.prefix)
    edit_in_place(room.prefix)
    real, steps = snapshot._put_back, 0

    def once(*words: object) -> None:
        nonlocal steps
        steps += 1
        if steps % 2:
            raise KeyboardInterrupt
        real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "_put_back", once)
    for _ in range(20):
        try:
            snapshot.restore(room)
            break
        except KeyboardInterrupt:
            continue
    monkeypatch.undo()
    snapshot.restore(room)
    assert listing(room.prefix) == before and steps > 3


def test_other_environments_and_the_package_cache_in_a_base_are_not_copied(room: Room) -> None:
    (room.prefix / "pkgs" / "new").write_text("x")
    (room.prefix / "envs").mkdir()
    snapshot.restore(room)
    assert (room.prefix / "pkgs" / "new").exists() and (room.prefix / "envs").exists()
