"""``name @ URL`` among what an index's project requires: nobody is sent where they did not ask to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConflictError
from tests.solve.world import World, installs, linked

PLACE = "https://x.invalid/attrs-2.0-py3-none-any.whl"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An index's app that wants attrs from a place; index and channel have an attrs of their own."""
    world = World(tmp_path)
    world.conda("attrs", "23.0", depends=["python"])
    world.pypi("attrs", "24.1")
    world.place(PLACE, "attrs", "2.0")
    world.pypi("app", "1.0", requires=[f"attrs @ {PLACE}"])
    return world


def test_a_place_that_an_index_s_project_names_is_not_followed_and_nothing_else_is_taken(
    world: World,
) -> None:
    """pip refuses the same of PyPI's files. Another project of that name is not what was meant."""
    with pytest.raises(ConflictError) as error:
        world.solve("app")
    assert error.value.detail == (
        f"app → app 1.0 needs attrs @ {PLACE}, which is taken from there only when that is asked for",
    )
    assert error.value.help == f"if you trust that place: `condadeps install app 'attrs @ {PLACE}'`"
    assert world.index.pages_read == ["app"], "the index is not even asked for an attrs"


def test_a_place_that_was_asked_for_too_is_where_an_index_s_project_has_it_from(world: World) -> None:
    assert installs(world.solve("app", f"attrs @ {PLACE}")) == {"app": "1.0", "attrs": "2.0"}
    assert installs(world.solve("app", constraints=[f"attrs @ {PLACE}"])) == {"app": "1.0", "attrs": "2.0"}
    with pytest.raises(ConflictError):
        world.place(f"{PLACE}?other", "attrs", "3.0")
        world.solve("app", f"attrs @ {PLACE}?other")


def test_what_is_installed_from_the_place_will_do(world: World) -> None:
    world.pip("attrs", "2.0", place=PLACE)
    plan = world.solve("app")
    assert installs(plan) == {"app": "1.0"} and not linked(plan) and not plan.uninstall


def test_an_older_version_that_names_no_place_is_taken_and_that_is_said(world: World) -> None:
    world.pypi("app", "0.9", requires=["attrs>=23"])
    plan = world.solve("app")
    assert installs(plan) == {"app": "0.9"} and linked(plan) == {"attrs": "23.0"}
    assert plan.warnings == (
        f"app 0.9 is taken: 1.0 wants attrs @ {PLACE}, which is followed only when that is asked for too",
    )


def test_a_place_that_only_an_extra_names_is_in_the_way_of_the_extra_alone(world: World) -> None:
    world.pypi("tool", "1.0", requires=[f"attrs @ {PLACE} ; extra == 'full'"], extras=["full"])
    assert installs(world.solve("tool")) == {"tool": "1.0"}
    with pytest.raises(ConflictError, match="taken from there only when that is asked for"):
        world.solve("tool[full]")
    assert installs(world.solve("tool[full]", f"attrs @ {PLACE}")) == {"tool": "1.0", "attrs": "2.0"}


def test_what_is_installed_keeps_what_it_was_installed_with(world: World) -> None:
    """An installed project's ``name @ URL`` is met by what is there, by whomever it was put there."""
    world.pip("app", "1.0", requires=[f"attrs @ {PLACE}"])
    world.pip("attrs", "2.0")
    world.pypi("other", "1.0")
    assert installs(world.solve("other", "app")) == {"other": "1.0"}
