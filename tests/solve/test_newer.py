"""What was asked for is as new as it can be: rather something it needs is taken older."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solve.world import World, installs, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An app's newest release needs an older click, its older ones any."""
    world = World(tmp_path / "env")
    for number in range(1, 11):
        world.pypi("click", f"1.{number}")
        world.pypi("plugin", f"1.{number}", requires=["click>=1.9" if number > 4 else "click"])
    world.pypi("app", "3.0", requires=["click<1.9", "plugin"])
    world.pypi("app", "2.0", requires=["click"])
    return world


def test_rather_than_an_older_version_of_what_was_asked_for_one_of_what_it_needs_is_taken(
    world: World,
) -> None:
    assert installs(world.solve("app")) == {"app": "3.0", "click": "1.8", "plugin": "1.4"}


def test_where_the_newest_cannot_be_an_older_one_is_taken(world: World) -> None:
    world.conda("click", "1.10", depends=["python"])
    world.conda("tool", "1.0", depends=["click >=1.10"])
    assert installs(world.solve("tool", "app")) == {"app": "2.0"}


def test_something_else_that_was_asked_for_does_not_get_older_for_it(world: World) -> None:
    plan = world.solve("plugin", "app")
    assert installs(plan) == {"plugin": "1.10", "app": "2.0", "click": "1.10"}


def test_nothing_installed_moves_for_it(world: World) -> None:
    world.pip("click", "1.10")
    world.pypi("app", "2.5", requires=["click>=1.9"])
    assert installs(world.solve("app")) == {"app": "2.5"}


def test_an_update_goes_to_the_newest_too(world: World) -> None:
    world.pip("app", "1.0", requires=["click"], requested=True)
    world.pip("click", "1.5")
    found = installs(world.solve("app", verb="update"))
    assert found["app"] == "3.0" and found["plugin"] == "1.4"


def test_looking_for_it_reads_no_more_than_it_must(world: World) -> None:
    for number in range(1, 101):
        world.pypi("deep", f"1.{number}", requires=["click>=1.9"])
    world.pypi("top", "2.0", requires=["click<1.9", "deep"])
    world.pypi("top", "1.0", requires=["click"])
    assert installs(world.solve("top"))["top"] == "1.0"
    assert len([name for name in world.index.metadata_read if name.startswith("deep")]) <= 20
    assert not linked(world.solve("top"))
