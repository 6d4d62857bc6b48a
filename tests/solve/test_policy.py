"""The site's word on the two worlds: `pip`, `known_projects`, `only_conda`, `only_pypi`."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from condadeps.errors import ConfigError, ConflictError, NotFoundError
from condadeps.names.namespaces import ProjectName
from condadeps.solve.policy import Policy
from tests.solve.world import World, installs, linked, why


def names(*texts: str) -> frozenset[ProjectName]:
    return frozenset(map(ProjectName, texts))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("pytorch", "2.5", depends=["python", "numpy"])
    world.pypi("torch", "2.6", requires=["numpy"])
    world.pypi("numpy", "2.2.0")
    world.pypi("rich", "13.0", requires=["pygments"])
    world.pypi("pygments", "2.0")
    return world


def says(error: Exception, text: str) -> None:
    assert str(error) == textwrap.dedent(text).strip()


def test_only_known_projects_come_from_pypi(world: World) -> None:
    world.policy = Policy("known", names("rich"), places={"known_projects": "/etc/condadeps.toml"})
    with pytest.raises(NotFoundError) as caught:
        world.solve("pygments")
    says(
        caught.value,
        """
        no configured channel has pygments, and it may not come from PyPI
          looked in forge
          pip = "known" and known_projects (/etc/condadeps.toml) does not name it
        """,
    )
    assert world.index.pages_read == []


def test_what_a_known_project_needs_must_be_known_too(world: World) -> None:
    world.policy = Policy("known", names("rich"))
    with pytest.raises(ConflictError) as caught:
        world.solve("rich")
    says(
        caught.value,
        """
        rich cannot be had in this environment
          rich → rich 13.0 needs pygments, which no configured channel has and which may not come \
from PyPI: pip = "known" and known_projects does not name it
        """,
    )
    world.policy = Policy("known", names("rich", "pygments"))
    assert installs(world.solve("rich")) == {"rich": "13.0", "pygments": "2.0"}
    world.conda("pygments", "1.0", depends=["python"])
    world.policy = Policy("known", names("rich"))
    assert linked(world.solve("rich")) == {"pygments": "1.0"}, "conda's is always well"


def test_pip_never_is_the_configuration_s_no_pip(world: World) -> None:
    world.policy = Policy("never", places={"pip": "/etc/condadeps.toml"})
    with pytest.raises(NotFoundError) as caught:
        world.solve("rich")
    assert str(caught.value).endswith("help: pip (/etc/condadeps.toml) forbids it")


def test_what_is_only_conda_s_never_comes_from_pypi(world: World) -> None:
    world.policy = Policy(only_conda=names("numpy"))
    with pytest.raises(ConfigError) as forced:
        world.solve("pypi:numpy")
    says(forced.value, "pypi:numpy: numpy may not come from PyPI\n  only_conda names it")
    world.pypi("app", "1.0", requires=["numpy>=2"])
    with pytest.raises(ConflictError, match="which may not come from PyPI: only_conda names it"):
        world.solve("app")
    place = "https://x.invalid/numpy-3.0-py3-none-any.whl"
    world.place(place, "numpy", "3.0")
    with pytest.raises(ConfigError):
        world.solve(place)


def test_what_is_only_pypi_s_never_comes_from_conda(world: World) -> None:
    world.policy = Policy(only_pypi=names("torch"))
    plan = world.solve("torch")
    assert installs(plan) == {"torch": "2.6"} and linked(plan) == {"numpy": "1.26.4"}
    assert why(plan)["pip torch"] == "asked; only_pypi names it"
    world.conda("vision", "1.0", depends=["python", "pytorch"])
    with pytest.raises(ConflictError) as caught:
        world.solve("vision")
    assert "torch comes from PyPI only: only_pypi names it" in str(caught.value)


def test_a_policy_removes_nothing_that_is_there(world: World) -> None:
    world.link("pytorch", "2.5", depends=["python"], ships="torch")
    world.pip("oldtool", "1.0")
    world.policy = Policy("known", only_pypi=names("torch"), only_conda=names("oldtool"))
    assert not world.solve("torch")
    assert linked(world.solve("numpy")) == {"numpy": "1.26.4"}
    world.policy = Policy(only_pypi=names("torch"))
    plan = world.solve("torch>=2.6")
    assert installs(plan) == {"torch": "2.6"}
    assert [str(item.package.name) for item in plan.unlink] == ["pytorch"]
    assert installs(world.solve("torch", verb="update")) == {"torch": "2.6"}
