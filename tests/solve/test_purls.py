"""A channel's own word on which project a package is (`purls`), for packages that no table knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solve.world import World, installs, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def test_a_private_conda_package_meets_a_pypi_requirement_by_its_purl(world: World) -> None:
    world.conda("py-acme-core", "2.1", depends=["python"], purls=["pkg:pypi/acme-core@2.1"])
    world.pypi("app", "1.0", requires=["acme-core>=2"])
    world.pypi("acme-core", "9.9")
    plan = world.solve("app")
    assert linked(plan) == {"py-acme-core": "2.1"} and installs(plan) == {"app": "1.0"}
    assert world.index.pages_read == ["app"]
    assert linked(world.solve("acme-core")) == {"py-acme-core": "2.1"}, "asked for too"


def test_without_a_purl_a_namesake_is_not_used_for_a_pypi_requirement(world: World) -> None:
    world.conda("acme-core", "2.1", depends=["python"])
    world.pypi("app", "1.0", requires=["acme-core>=2"])
    world.pypi("acme-core", "9.9")
    assert installs(world.solve("app")) == {"app": "1.0", "acme-core": "9.9"}


def test_a_purl_of_another_project_is_no_home(world: World) -> None:
    world.conda("acme-core", "2.1", depends=["python"], purls=["pkg:pypi/somebody-else"])
    world.pypi("app", "1.0", requires=["acme-core"])
    world.pypi("acme-core", "9.9")
    assert installs(world.solve("app")) == {"app": "1.0", "acme-core": "9.9"}


def test_a_site_s_own_graphviz_may_be_the_python_one(world: World) -> None:
    """conda-forge's is not, says the table; this channel is another, and says otherwise."""
    world.conda("graphviz", "0.20", depends=["python"], purls=["pkg:pypi/graphviz"])
    world.pypi("app", "1.0", requires=["graphviz"])
    assert linked(world.solve("app")) == {"graphviz": "0.20"}
    world.channel.written = ("conda-forge",)
    for record in world.channel.held["graphviz"]:
        record.channel = "https://conda.invalid/conda-forge"
    world.homes = type(world.homes)()
    world.pypi("graphviz", "0.21")
    assert installs(world.solve("app")) == {"app": "1.0", "graphviz": "0.21"}


def test_channels_that_disagree_make_no_home(world: World) -> None:
    """Were both candidates, another channel's stranger could stand in for the project."""
    world.conda("acme-core", "1.0", depends=["python"], purls=["pkg:pypi/acme-core"])
    world.conda("acme-core", "2.0", depends=["python"])
    world.channel.held["acme-core"][1].channel = "https://conda.invalid/other"
    world.pypi("app", "1.0", requires=["acme-core"])
    world.pypi("acme-core", "9.9")
    assert installs(world.solve("app")) == {"app": "1.0", "acme-core": "9.9"}
