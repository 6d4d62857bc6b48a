"""What only a build can tell is built when it is in the answer, and not for luck."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from condadeps.errors import ConflictError
from condadeps.sources.metadata import Metadata, MetadataError
from tests.solve.world import World, installs, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("numpy", "2.1.0", depends=["python"])
    return world


def source(world: World, name: str, version: str, requires: Sequence[str] = ()) -> str:
    """The index has this as an sdist that says nothing until it is built."""
    world.pypi(name, version, requires=requires, sdist=True)
    filename = f"{name}-{version}.tar.gz"
    about = world.index.about[filename]
    assert isinstance(about, Metadata)
    world.index.about[filename] = dataclasses.replace(about, built=True)
    return filename


def test_what_a_build_tells_counts_on_both_sides(world: World) -> None:
    source(world, "old", "1.0", ["numpy<2", "helper"])
    source(world, "helper", "1.0", ["numpy>=1.26"])
    plan = world.solve("conda:numpy", "old")
    assert installs(plan) == {"old": "1.0", "helper": "1.0"}
    assert linked(plan) == {"numpy": "1.26.4"}


def test_what_only_a_release_tried_for_luck_needs_is_not_built(world: World) -> None:
    helper = source(world, "helper", "1.0")
    world.pypi("lib", "3.0", requires=["numpy<1"])
    world.pypi("lib", "2.0", requires=["numpy"])
    world.pypi("lib", "1.0", requires=["numpy", "helper"])
    assert installs(world.solve("lib")) == {"lib": "2.0"}
    assert helper not in world.index.metadata_read


def test_what_a_build_tells_may_send_the_solve_elsewhere(world: World) -> None:
    world.pypi("lib", "2.0", requires=["helper"])
    world.pypi("lib", "1.0", requires=["numpy"])
    source(world, "helper", "1.0", ["numpy<2"])
    plan = world.solve("numpy>=2", "lib")
    assert installs(plan) == {"lib": "1.0"} and linked(plan) == {"numpy": "2.1.0"}


def test_what_is_chosen_and_does_not_build_is_given_up_for_an_older_one(world: World) -> None:
    filename = source(world, "helper", "1.0")
    world.index.about[filename] = MetadataError("no compiler", url="", status=None)
    world.pypi("lib", "2.0", requires=["helper"])
    world.pypi("lib", "1.0")
    assert installs(world.solve("lib")) == {"lib": "1.0"}


def test_a_clash_that_a_build_brings_to_light_is_explained(world: World) -> None:
    source(world, "old", "1.0", ["numpy<2"])
    with pytest.raises(ConflictError) as caught:
        world.solve("numpy>=2", "old")
    assert "old → old 1.0 needs numpy <2" in str(caught.value)


def test_an_extra_of_conda_s_that_only_a_build_tells_is_told(world: World) -> None:
    filename = source(world, "numpy", "2.1.0", ['helper; extra == "full"'])
    about = world.index.about[filename]
    assert isinstance(about, Metadata)
    world.index.about[filename] = dataclasses.replace(about, extras=frozenset({"full"}))
    world.pypi("helper", "1.0")
    plan = world.solve("numpy[full]")
    assert linked(plan) == {"numpy": "2.1.0"} and installs(plan) == {"helper": "1.0"}
    assert not plan.warnings
