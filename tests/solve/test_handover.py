"""From conda to pip and back: what was asked for changes hands in one plan, nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConflictError
from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.conda("numpy", "2.1.0", depends=["python"])
    world.conda("pandas", "3.1.1", depends=["python", "numpy >=2", "python-tzdata"])
    world.conda("python-tzdata", "2026.1", depends=["python"])
    world.pypi("pandas", "3.1.0", requires=["numpy>=2"])
    world.link("numpy", "2.1.0", depends=["python"], ships="numpy")
    world.link("python-tzdata", "2026.1", depends=["python"], ships="tzdata")
    world.link(
        "pandas",
        "3.1.1",
        depends=["python", "numpy >=2", "python-tzdata"],
        ships="pandas",
        requested=["pandas"],
    )
    return world


def test_a_version_that_only_pypi_has_takes_the_place_of_conda_s(world: World) -> None:
    plan = world.solve("pandas==3.1.0")
    assert installs(plan) == {"pandas": "3.1.0"} and not linked(plan)
    assert {str(one.package.name): one.reason for one in plan.unlink} == {
        "pandas": "pandas 3.1.0 from PyPI takes its place"
    }
    assert why(plan)["pip pandas"] == "asked; conda has nothing for ==3.1.0"
    assert plan.answers[0].manager == "pip"


def test_also_where_conda_s_was_asked_for_at_a_version(world: World) -> None:
    world.link("rich", "13.0", depends=["python"], ships="rich", requested=["rich 13.*"])
    world.conda("rich", "13.0", depends=["python"])
    world.pypi("rich", "14.0")
    plan = world.solve("rich==14.0")
    assert installs(plan) == {"rich": "14.0"} and [str(one.package.name) for one in plan.unlink] == ["rich"]


def test_what_conda_can_meet_stays_conda_s(world: World) -> None:
    world.pypi("pandas", "3.2.0", requires=["numpy>=2"])
    assert not world.solve("pandas") and not world.solve("pandas>=3")
    world.conda("pandas", "3.1.0", depends=["python", "numpy >=2"])
    plan = world.solve("pandas==3.1.0")
    assert linked(plan) == {"pandas": "3.1.0"} and not plan.install


def test_a_conda_package_that_needs_conda_s_copy_keeps_it(world: World) -> None:
    world.conda("geo", "1.0", depends=["python", "pandas"])
    world.link("geo", "1.0", depends=["python", "pandas"], requested=["geo"])
    with pytest.raises(ConflictError) as caught:
        world.solve("pandas==3.1.0")
    assert caught.value.detail == (
        "geo (installed) → geo 1.0 needs pandas",
        "pandas ==3.1.0 → pandas 3.1.0 from PyPI cannot be beside conda's pandas",
    )


def test_only_what_was_asked_for_changes_hands(world: World) -> None:
    world.pypi("numpy", "3.0.0")
    world.pypi("addon", "1.0", requires=["numpy>=3"])
    with pytest.raises(ConflictError):
        world.solve("addon")


def test_a_package_that_brings_more_than_was_asked_for_stays(world: World) -> None:
    world.conda("jaxlib", "0.4", depends=["python"])
    world.link("jaxlib", "0.4", depends=["python"], ships="jaxlib")
    world.ships("jax-cuda12-plugin", "0.4")
    world.pypi("jaxlib", "0.5")
    world.pypi("jax-cuda12-plugin", "0.5")
    with pytest.raises(ConflictError):
        world.solve("jaxlib==0.5")
    plan = world.solve("jaxlib==0.5", "jax-cuda12-plugin==0.5")
    assert set(installs(plan)) == {"jaxlib", "jax-cuda12-plugin"} and len(plan.unlink) == 1


def test_and_back(world: World) -> None:
    world.conda("rich", "13.0", depends=["python"])
    world.pip("rich", "14.0", requested=True)
    plan = world.solve("rich==13.0")
    assert linked(plan) == {"rich": "13.0"}
    assert [(one.project, one.version) for one in plan.uninstall] == [("rich", "14.0")]
