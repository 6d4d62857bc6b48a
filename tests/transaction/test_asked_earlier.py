"""What was asked of pip's projects is remembered as long as it is true: after undo, remove, pruning, pip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import ConflictError
from condadeps.names.namespaces import ProjectName
from condadeps.transaction import asked_earlier
from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.road import Road, changed

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``tool 1.0``, on PyPI, does not suit ``six 2.0``; newer ones do, and ``user`` needs any."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
    tiny.wheel(road.wheels, "tool", "1.0", requires=["six<2"])
    for version in ("1.1", "2.0"):
        tiny.wheel(road.wheels, "tool", version, requires=["six"])
    tiny.wheel(road.wheels, "user", "1.0", requires=["tool"])
    for name in ("one", "two"):
        tiny.noarch(road.channel, name, "1.0")
    return road.open()


def remembered(road: Road) -> dict[str, str]:
    return {str(project): text for project, text in asked_earlier.versions(road.prefix).items()}


def held(road: Road) -> bool:
    """Whether ``six>=2`` is refused for what was asked of ``tool``."""
    try:
        road.install("six>=2", dry_run=True)
    except ConflictError as error:
        assert any(line.startswith("tool==1.0 was asked for earlier") for line in error.detail)
        return True
    return False


def test_what_was_asked_of_a_project_holds_until_it_is_asked_for_anew(road: Road) -> None:
    road.install("tool==1.0")
    with pytest.raises(ConflictError) as refused:
        road.install("six>=2")
    why = "tool==1.0 was asked for earlier → tool 1.0 (installed by pip) needs six <2"
    assert why in refused.value.detail
    assert f"`condadeps install -p {road.prefix} 'six>=2' tool` lets tool move" in str(refused.value.help)
    assert not api.update(prefix=road.prefix).plan, "nor does an update of everything move it"

    assert changed(road.install("six>=2", "tool")) == {"+six 2.0", "+tool 2.0"}
    assert remembered(road) == {}

    road.undo()
    assert road.version("tool") == "1.0" and held(road), "an undo brings the older request back"
    road.undo(4)
    assert road.version("tool") == "2.0" and remembered(road) == {}, "and its own undo lifts it again"


def test_what_was_removed_or_undone_was_asked_for_by_nobody(road: Road) -> None:
    road.install("tool==1.0")
    road.undo()
    assert remembered(road) == {}
    road.install("tool==1.0", "one")
    road.remove("tool")
    assert remembered(road) == {}
    road.undo()
    assert road.version("tool") == "1.0" and held(road)


def test_an_update_by_name_keeps_to_it_and_asking_for_the_newest_lifts_it(road: Road) -> None:
    road.install("tool==1.0")
    kept = api.update("tool", prefix=road.prefix)
    assert changed(kept) == set()
    assert any(
        f"`condadeps install -p {road.prefix} -U tool` asks for it without" in note
        for note in kept.plan.notes
    )
    assert remembered(road) == {"tool": "==1.0"}
    assert changed(road.install("tool", update=True)) >= {"+tool 2.0"}
    assert remembered(road) == {}


def test_it_outlives_what_an_undo_would_take(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDADEPS_UNDO_KEEP", "1")
    road.install("tool==1.0")
    road.install("one")
    road.install("two")
    assert api.history(road.prefix).entries[1].let_go
    assert held(road)


def test_what_pip_did_itself_is_bound_by_nothing(road: Road) -> None:
    road.install("tool==1.0")
    pip = [sys.executable, "-m", "pip", "--python", str(road.prefix / "bin" / "python")]
    subprocess.run([*pip, "install", "-q", "--no-deps", "tool==1.1"], check=True)
    assert not held(road)
    assert changed(api.update(prefix=road.prefix)) >= {"+tool 2.0"}


def test_a_past_change_that_cannot_be_read_says_nothing(road: Road) -> None:
    road.install("tool==1.0")
    road.install("one")
    newest = sorted(Room.of(road.prefix).past.glob("*.json"))[-1]
    newest.write_text('{"started": "cut')
    assert remembered(road) == {"tool": "==1.0"}


def _change(
    number: int, *asked: tuple[str, str], gone: tuple[str, ...] = (), undoes: int | None = None
) -> dict[str, object]:
    answers = [{"manager": "pip", "name": name, "constraint": text} for name, text in asked]
    return {
        "started": float(number),
        "undoes": f"{undoes:.3f}" if undoes else None,
        "plan": {"answers": answers, "uninstall": [{"project": name} for name in gone]},
    }


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ([_change(1, ("tool", ">=1")), _change(2, ("tool", "<2"))], "<2"),
        ([_change(1, ("tool", ">=1"), ("tool", "<2"))], ">=1,<2"),
        ([_change(1, ("tool", ">=1")), _change(2, ("tool", ""))], ""),
        ([_change(1, ("tool", ">=1")), _change(2, ("tool", " @ https://x.invalid/tool.whl"))], ""),
        ([_change(1, ("tool", ">=1")), _change(2, gone=("tool",)), _change(3, ("user", ""))], ""),
        ([_change(1, ("tool", ">=1")), _change(2, ("tool", "")), _change(3, undoes=2)], ">=1"),
        (
            [
                _change(1, ("tool", ">=1")),
                _change(2, ("tool", "")),
                _change(3, undoes=2),
                _change(4, undoes=3),
            ],
            "",
        ),
        # A request that was met already, for something that an undo took: what comes in its stead is free.
        ([_change(1), _change(2, ("tool", "==1")), _change(3, gone=("tool",), undoes=1)], ""),
    ],
)
def test_the_last_request_that_stands_counts(changes: list[dict[str, object]], text: str) -> None:
    assert asked_earlier.told(changes) == ({ProjectName("tool"): text} if text else {})
