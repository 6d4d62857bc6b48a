"""What was done can be undone: packages, projects and the environment file are as they were before."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import ConflictError, NotFoundError
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import OWN, listing

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``app`` needs ``six``; ``tool`` is on PyPI in two versions and needs ``six`` too."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
        tiny.wheel(road.wheels, "tool", version, requires=["six"])
    tiny.noarch(road.channel, "app", "1.0", depends=["six"])
    tiny.noarch(road.channel, "extended", "1.0", requires=["addition; extra == 'more'"])
    tiny.wheel(road.wheels, "extended", "1.0", requires=["addition; extra == 'more'"])
    tiny.wheel(road.wheels, "addition", "1.0")
    tiny.noarch(road.channel, "other", "1.0", depends=["six >=2"])
    return road.open()


def state(road: Road) -> dict[str, str]:
    """The listing with hashes, less what an undo may not be equal in."""
    there = listing(road.prefix, ignore=(*OWN, "conda-meta/history"))
    return {
        path: what
        for path, what in there.items()
        if "__pycache__" not in path and path != "conda-meta/history"
    }


def test_undo_after_a_mixed_change_returns_equal_bytes(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before, file = state(road), road.file.read_text()
    outcome = road.install("six=2.0", "tool==2.0", "app")
    assert changed(outcome) == {"+six 2.0", "+tool 2.0", "+app 1.0"}
    assert road.file.read_text() != file
    after, file_after = state(road), road.file.read_text()

    undone = road.undo()
    assert changed(undone) == {"+six 1.0", "+tool 1.0", "-app 1.0"}
    assert state(road) == before
    assert road.file.read_text() == file

    road.undo(4)  # and the undo itself
    assert state(road) == after
    assert road.file.read_text() == file_after


def test_undoing_a_removal_brings_back_what_only_it_needed(road: Road) -> None:
    road.install("app", "tool==1.0")
    before, file = state(road), road.file.read_text()
    outcome = road.remove("app", "tool")
    assert changed(outcome) == {"-app 1.0", "-tool 1.0", "-six 2.0"}
    assert "app" not in road.file.read_text() and "tool" not in road.file.read_text()

    road.undo()
    assert state(road) == before
    assert road.file.read_text() == file


def test_a_project_nobody_could_fetch_again_comes_back_as_it_was(road: Road) -> None:
    road.install("tool==1.0")
    module = road.site_packages / "tool" / "__init__.py"
    (road.site_packages / "tool-1.0.dist-info" / "RECORD").open("a").write("tool/mine.py,,\n")
    (road.site_packages / "tool" / "mine.py").write_text("mine = 1\n")
    module.write_text("patched by hand\n")
    before = state(road)
    road.install("tool==2.0")
    assert not (road.site_packages / "tool" / "mine.py").exists()

    road.undo()
    assert state(road) == before
    assert module.read_text() == "patched by hand\n"


def test_what_came_from_a_file_that_is_gone_comes_back_as_it_was(road: Road) -> None:
    wheel = tiny.wheel(road.root / "elsewhere", "own", "1.0")
    road.install(str(wheel), record=False)
    before = listing(road.prefix)
    wheel.unlink()  # as the one that `create` packs of the running condadeps
    road.remove("own", record=False)
    road.undo(record=False)
    assert {path for path in before if "/own" in path} <= set(listing(road.prefix))


def test_history_tells_when_who_where_and_what_in_both_worlds(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    road.undo()
    found = api.history(road.prefix)

    assert [one.command for one in found.entries[1:]] == [
        "condadeps install six=1.0 tool==1.0",
        "condadeps undo 2",
    ]
    assert found.entries[0].made_the_environment
    second = found.entries[1]
    assert (second.undone_by, second.where) == (3, f"call in {road.work}")
    assert {(one.name, one.new, one.source) for one in second.changes} == {
        ("six", "1.0", "channel"),
        ("tool", "1.0", "local file"),
    }
    assert "+ six 1.0" in str(found) and "[undone by 3]" in str(found)
    assert "tool 1.0" in found._repr_html_()


def test_undo_refuses_when_the_environment_has_moved_on_and_names_why(road: Road) -> None:
    road.install("six=1.0")
    road.install("six=2.0")
    with pytest.raises(ConflictError) as refused:
        road.undo(2)
    assert "moved on" in refused.value.message
    assert refused.value.detail == ("six 1.0 is 2.0 now (change 3)",)
    assert refused.value.help == f"undo what came after it first: condadeps undo -p {road.prefix} 3"


def test_undo_refuses_to_take_what_came_to_be_needed_since(road: Road) -> None:
    road.install("six")
    road.install("other")
    with pytest.raises(ConflictError, match="needs what it brought") as refused:
        road.undo(2)
    assert refused.value.detail == ("other needs six",)


def test_an_extra_that_only_the_change_itself_asked_for_is_undone_with_it(road: Road) -> None:
    road.install("extended")
    before, file = state(road), road.file.read_text()
    assert changed(road.install("extended[more]")) == {"+addition 1.0"}

    assert changed(road.undo()) == {"-addition 1.0"}
    assert state(road) == before
    assert road.file.read_text() == file


def test_an_extra_that_was_asked_for_before_keeps_what_it_needs(road: Road) -> None:
    road.install("extended")
    road.install("addition")
    road.install("extended[more]")  # it is all there: only the environment file knows
    with pytest.raises(ConflictError, match="needs what it brought"):
        road.undo()


def test_an_older_change_can_be_undone_when_nothing_stands_on_it(road: Road) -> None:
    road.install("app")
    road.install("tool==1.0")
    lines = road.file.read_text()
    assert "app" in lines and "tool" in lines
    with pytest.raises(ConflictError):
        road.undo(2)  # tool needs six
    road.install("conda:other")
    road.undo(3)
    assert not road.dist_infos("tool")
    assert "other" in road.file.read_text() and "tool" not in road.file.read_text()


def test_there_is_nothing_to_undo_but_changes(road: Road) -> None:
    with pytest.raises(ConflictError, match="made the environment"):
        road.undo()
    with pytest.raises(NotFoundError, match="no change 7"):
        road.undo(7)


def test_a_line_written_by_somebody_else_since_stays_in_the_environment_file(road: Road) -> None:
    road.install("six=1.0")
    road.install("tool==1.0")
    road.file.write_text(
        road.file.read_text().replace("dependencies:\n", "dependencies:\n  - mine  # by hand\n")
    )
    road.undo()

    text = road.file.read_text()
    assert "tool" not in text and "mine  # by hand" in text and "six=1.0" in text


def test_undo_brings_nothing_back_that_is_not_as_pinned(road: Road) -> None:
    road.install("six=1.0")
    road.install("six=2.0")
    pins = road.prefix / "conda-meta" / "pinned"
    pins.write_text("six >=2\n")
    before = state(road)
    with pytest.raises(ConflictError, match="what was before is not what is pinned") as refused:
        road.undo()
    assert "six was 1.0; six >=2 is pinned" in str(refused.value)
    assert state(road) == before
    pins.write_text("six <3\n")
    assert changed(road.undo()) == {"+six 1.0"}
