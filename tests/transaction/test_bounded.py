"""What past changes keep is bounded; history and numbers stay, and within the bound every undo works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import ConflictError
from condadeps.transaction import pruning
from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for name in ("one", "two", "three"):
        tiny.noarch(road.channel, name, "1.0")
    tiny.wheel(road.wheels, "tool", "1.0")
    return road.open()


def past(road: Road) -> list[Path]:
    return sorted(Room.of(road.prefix).past.glob("*.json"))


def test_the_newest_changes_can_be_undone_and_older_ones_stay_in_the_history(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDADEPS_UNDO_KEEP", "2")
    road.install("one", "tool")
    full = past(road)[1].stat().st_size
    road.install("two")
    road.install("three")

    history = api.history(road.prefix)
    assert [entry.let_go for entry in history.entries] == [True, True, False, False]
    assert [entry.number for entry in history.entries] == [1, 2, 3, 4]
    assert {change.name for change in history.entries[1].changes} == {"one", "tool"}
    assert "too old to be undone" in str(history) and history.size > 0
    assert not past(road)[1].with_suffix("").exists() and past(road)[1].stat().st_size < full
    with pytest.raises(ConflictError, match="change 2 is too old to be undone"):
        road.undo(2)

    road.undo(3)
    assert not (road.site_packages / "two").exists() and (road.site_packages / "three").exists()


def test_the_last_change_can_be_undone_however_small_the_bound(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDADEPS_UNDO_MEGABYTES", "0")
    monkeypatch.setenv("CONDADEPS_UNDO_KEEP", "0")
    road.install("one")
    road.install("two", "tool")
    road.undo()
    assert (road.site_packages / "one").exists() and not (road.site_packages / "two").exists()
    assert not road.dist_infos("tool")


def test_a_project_of_a_change_that_was_let_go_still_comes_back_from_where_it_was_fetched(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    road.install("tool")
    road.install("one")
    monkeypatch.setenv("CONDADEPS_UNDO_KEEP", "1")
    road.remove("tool")
    kept = past(road)[-1].with_suffix("") / "files"
    assert not [path for path in kept.rglob("*") if "tool" in path.name]
    road.undo()
    assert road.version("tool") == "1.0"


def test_letting_go_that_was_cut_short_goes_on_the_next_time(road: Road) -> None:
    road.install("one")
    road.install("two")
    old = past(road)[1]
    document = json.loads(old.read_text())
    pruning.prune(road.prefix, 1, 1 << 30)
    old.with_suffix("").mkdir()
    (old.with_suffix("") / "left").write_text("over")
    pruning.prune(road.prefix, 1, 1 << 30)
    assert not old.with_suffix("").exists()
    assert json.loads(old.read_text())["laid"] == document["laid"]
