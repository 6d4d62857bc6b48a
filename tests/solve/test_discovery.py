"""How little of PyPI is read, and when more of it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.errors import ConflictError, NotFoundError
from condadeps.solve.python import choose_python
from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def test_only_the_newest_version_s_metadata_is_read_at_first(world: World) -> None:
    for minor in range(30):
        world.pypi("lib", f"1.{minor}")
    world.solve("lib")
    assert world.index.metadata_read == ["lib-1.29-py3-none-any.whl"]


def test_older_releases_are_tried_when_the_newest_clashes(world: World) -> None:
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("legacy", "1.0", depends=["python", "numpy <2"])
    for minor in range(30):
        world.pypi("lib", f"1.{minor}", requires=["numpy>=2" if minor > 20 else "numpy"])
    plan = world.solve("legacy", "lib")
    assert installs(plan) == {"lib": "1.20"}
    assert len(world.index.metadata_read) <= 18


def test_every_version_failing_alike_is_not_read_to_the_end(world: World) -> None:
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("legacy", "1.0", depends=["python", "numpy <2"])
    for minor in range(100):
        world.pypi("lib", f"1.{minor}", requires=["numpy>=2"])
    world.pypi("numpy", "2.1.0")
    with pytest.raises(ConflictError):
        world.solve("legacy", "lib")
    assert len([name for name in world.index.metadata_read if name.startswith("lib")]) <= 20


def test_an_sdist_is_not_looked_into_for_luck(world: World) -> None:
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("legacy", "1.0", depends=["python", "numpy <2"])
    world.pypi("lib", "2.0", requires=["numpy>=2"])
    world.pypi("lib", "1.9", sdist=True)
    world.pypi("lib", "1.8")
    assert installs(world.solve("legacy", "lib")) == {"lib": "1.8"}
    assert "lib-1.9.tar.gz" not in world.index.metadata_read


def test_pypi_is_opened_for_a_project_whose_conda_builds_do_not_fit(world: World) -> None:
    world.conda("numpy", "2.1.0", depends=["python >=3.12"])
    world.pypi("numpy", "2.1.0")
    world.pypi("app", "1.0", requires=["numpy"])
    plan = world.solve("app")
    assert installs(plan) == {"app": "1.0", "numpy": "2.1.0"}
    assert why(plan)["pip numpy"] == "needed by app 1.0; none of conda's versions fits the rest"


def test_a_conda_package_s_own_dependencies_never_come_from_pypi(world: World) -> None:
    world.conda("viewer", "1.0", depends=["python", "numpy"])
    world.pypi("numpy", "2.1.0")
    with pytest.raises(ConflictError) as caught:
        world.solve("viewer")
    assert "needs numpy, which no configured channel has" in str(caught.value)
    assert world.index.pages_read == []


def test_a_vendored_copy_and_the_project_do_not_meet(world: World) -> None:
    """fenics carries fiat along: PyPI's fiat would overwrite its files."""
    world.conda("fenics", "2019.1.0", depends=["python"])
    world.pypi("fiat", "1.0")
    with pytest.raises(ConflictError) as caught:
        world.solve("fenics", "fiat")
    assert "fiat 1.0 from PyPI cannot be beside conda's fenics" in str(caught.value)


def test_what_an_installed_package_ships_meets_a_requirement_on_it(world: World) -> None:
    world.conda("fenics", "2019.1.0", depends=["python"])
    world.link("fenics", "2019.1.0", depends=["python"], ships="fiat")
    world.pypi("app", "1.0", requires=["fiat>=2019"])
    assert installs(world.solve("app")) == {"app": "1.0"}


def test_a_broken_requirement_of_what_pip_installed_is_not_mended_unasked(world: World) -> None:
    world.pip("broken", "1.0", requires=["missing"])
    world.pypi("other", "1.0")
    world.pypi("missing", "1.0")
    assert installs(world.solve("other")) == {"other": "1.0"}
    assert installs(world.solve("broken")) == {"missing": "1.0"}


def test_update_of_what_pip_installed_goes_to_the_newest_and_never_back(world: World) -> None:
    world.pip("lib", "2.0")
    world.pypi("lib", "1.0")
    world.pypi("lib", "3.0")
    world.conda("lib-other", "1.0")
    assert not world.solve("lib")
    assert installs(world.solve("lib", verb="update")) == {"lib": "3.0"}


def test_what_nobody_asked_for_may_leave_when_it_is_in_the_way(world: World) -> None:
    world.conda("numpy", "2.1.0", depends=["python"])
    world.conda("pandas", "4.0", depends=["python", "numpy >=2"])
    world.link("oldcore", "1.0", depends=["python", "numpy <2"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("wanted", "1.0", depends=["python", "oldcore"], requested=["wanted"])
    with pytest.raises(ConflictError):
        world.solve("pandas")
    world.conda("wanted", "2.0", depends=["python"])
    plan = world.solve("pandas")
    assert linked(plan) == {"numpy": "2.1.0", "pandas": "4.0", "wanted": "2.0"}
    assert [str(item.package.name) for item in plan.unlink] == ["oldcore"]


def test_the_order_of_requests_does_not_change_the_plan(world: World) -> None:
    for version in ("1.0", "2.0"):
        world.conda("attrs", version, depends=["python"])
        world.pypi("addon", version, requires=[f"attrs=={version}"])
    one, other = world.solve("attrs", "addon"), world.solve("addon", "attrs")
    assert linked(one) == linked(other) == {"attrs": "2.0"}
    assert installs(one) == installs(other) == {"addon": "2.0"}


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        (["pandas"], "3.12.1"),
        (["python=3.11"], "3.11.7"),
        (["oldlib"], "3.11.7"),
        (["nothing-of-conda"], "3.12.1"),
    ],
)
def test_a_new_environment_gets_the_newest_python_its_conda_packages_allow(
    world: World, asked: list[str], version: str
) -> None:
    world.conda("python", "3.12.1")
    world.conda("pandas", "4.0", depends=["python"])
    world.conda("oldlib", "1.0", depends=["python <3.12"])
    requests = [parse(Asked(text)) for text in asked]
    assert asyncio.run(choose_python(requests, world.channel, world.homes, "linux-64")) == version


def test_a_python_no_channel_has_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError):
        asyncio.run(choose_python([parse(Asked("python=3.99"))], world.channel, world.homes, "linux-64"))


def test_a_package_whose_record_is_torn_stays_and_is_linked_anew(world: World) -> None:
    world.conda("numpy", "2.1.0", depends=["python"])
    world.conda("click", "8.1.0", depends=["python"])
    world.link("numpy", "2.1.0", depends=["python"])
    (world.directory / "conda-meta" / "numpy-2.1.0-0.json").write_text('{"name": "num')
    plan = world.solve("click")
    assert why(plan) == {"click": "asked", "numpy": "its record in conda-meta cannot be read"}
