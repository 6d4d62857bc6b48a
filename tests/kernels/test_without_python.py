"""What is not Python's needs no Python: an environment of it has none, until something asks for one."""

from __future__ import annotations

import pytest

from condadeps import api
from condadeps.errors import UnsatisfiableError
from tests.locks.conftest import road as road
from tests.transaction import tiny
from tests.transaction.road import Road, changed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("request_", ["conda:tree", "tree"])
def test_an_environment_of_what_is_not_pythons_has_no_python(road: Road, request_: str) -> None:
    tiny.package(road.channel, "tree", "1.0", {"share/tree": ""})
    tiny.index(road.channel)
    new = road.root / "new"
    assert changed(api.create(new, request_)) == {"+tree 1.0"}
    assert not (new / "etc").exists(), "there is no kernel to load a magic into"
    assert "python" not in api.export(new).text


def test_what_brings_python_is_pythons_though_it_holds_no_project(road: Road) -> None:
    """conda's opencv is such a package: what works in a kernel is what it needs."""
    tiny.package(road.channel, "tree", "1.0", {"share/tree": ""}, depends=["python"])
    tiny.index(road.channel)
    with pytest.raises(UnsatisfiableError, match="ipykernel"):  # this channel has none to make a kernel of
        api.create(road.root / "new", "conda:tree")


def test_python_comes_with_the_first_thing_that_needs_it(road: Road) -> None:
    tiny.package(road.channel, "tree", "1.0", {"share/tree": ""})
    tiny.index(road.channel)
    new = road.root / "new"
    api.create(new, "conda:tree")
    outcome = api.install("tool==1.0", prefix=new, record=False)
    names = {change.split(" ")[0] for change in changed(outcome)}
    assert names == {"+python", "+six", "+tool"}
    assert [one.name for one in api.listing(new)] == ["python", "six", "tool", "tree"]


def test_a_directory_that_is_no_environment_is_told_a_way_that_can_be_gone(road: Road) -> None:
    from condadeps.errors import PrefixError

    (road.work / "mine.txt").write_text("…")
    with pytest.raises(PrefixError, match="is not an environment") as refused:
        api.install("six", prefix=road.work)
    assert "create -p DIR" in (refused.value.help or "")
    with pytest.raises(PrefixError, match="something already") as refused:
        api.create(road.work, "six")
    assert "not there yet" in (refused.value.help or "")
    with pytest.raises(PrefixError, match="an environment already") as refused:
        api.create(road.prefix, "six")
    assert "condadeps install -p" in (refused.value.help or "")
