"""``prefer-binary`` and ``pre``, as pip has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solve.world import World, installs


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project whose newest release has an sdist only."""
    world = World(tmp_path)
    world.pypi("app", "1.0")
    world.pypi("app", "2.0", requires=["numpy>=1"])
    world.pypi("app", "3.0", sdist=True)
    world.pypi("numpy", "1.26.4")
    return world


def test_the_newest_is_taken_though_it_must_be_built(world: World) -> None:
    assert installs(world.solve("app")) == {"app": "3.0"}


def test_with_prefer_binary_an_older_wheel_is_taken(world: World) -> None:
    world.index.prefer_binary = True
    assert installs(world.solve("app")) == {"app": "2.0", "numpy": "1.26.4"}
    assert installs(world.solve("app>=2.5")) == {"app": "3.0"}, "when no wheel meets the requirement"


def test_with_prefer_binary_an_sdist_is_taken_only_when_no_wheel_fits_the_rest(world: World) -> None:
    world.index.prefer_binary = True
    world.pypi("numpy", "2.1")
    world.pypi("app", "2.0.1", requires=["numpy<2"])
    assert installs(world.solve("app", "numpy>=2")) == {"app": "2.0", "numpy": "2.1"}
    world.index.links.clear()
    world.pypi("numpy", "2.1")
    world.pypi("app", "1.0", requires=["numpy<2"])
    world.pypi("app", "3.0", sdist=True)
    assert installs(world.solve("app", "numpy>=2")) == {"app": "3.0", "numpy": "2.1"}


def test_with_pre_a_pre_release_counts_like_a_final_version(world: World) -> None:
    world.pypi("app", "4.0rc1")
    world.pypi("numpy", "3.0.dev1")
    assert installs(world.solve("app>=2,!=3.0")) == {"app": "2.0", "numpy": "1.26.4"}
    world.index.pre = True
    assert installs(world.solve("app")) == {"app": "4.0rc1"}
    assert installs(world.solve("app<4,!=3.0")) == {"app": "2.0", "numpy": "3.0.dev1"}
