"""Two conda packages that bring one project are told of; packages that only belong together are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.names.homes import Homes
from condadeps.names.namespaces import ProjectName
from tests.solve.world import World, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def test_two_packages_that_are_one_project_are_told_of_before_they_lie_over_each_other(world: World) -> None:
    world.conda("async-timeout", "5.0", depends=["python"])
    world.conda("async_timeout", "3.0", depends=["python"])
    world.conda("app", "1.0", depends=["python", "async_timeout"])
    plan = world.solve("async-timeout", "app")
    assert plan.warnings == (
        "conda's async-timeout 5.0 (asked) and async_timeout 3.0 (needed by app 1.0) both bring "
        "async-timeout: one's files lie over the other's",
    )
    assert set(linked(plan)) == {"async-timeout", "async_timeout", "app"}, "conda forbids it to nobody"
    world.link("async-timeout", "5.0", depends=["python"], ships="async-timeout")
    assert "async_timeout 3.0" in world.solve("app").warnings[0], (
        "that one is there already makes it no better"
    )
    world.link("async_timeout", "3.0", depends=["python"])
    assert not world.solve("app").warnings, "what is not new is not news"


@pytest.mark.parametrize("names", [("aihwkit", "aihwkit-gpu"), ("pyscamp-cpu", "pyscamp-gpu")])
def test_variants_of_one_version_are_told_of(world: World, names: tuple[str, str]) -> None:
    for name in names:
        world.conda(name, "1.0", depends=["python"])
    assert "both bring" in world.solve(*(f"conda:{name}" for name in names)).warnings[0]


@pytest.mark.parametrize(
    ("files", "others"),
    [
        ("matplotlib-base", ["matplotlib"]),
        ("typing_extensions", ["typing-extensions"]),
        ("ibis-framework-core", ["ibis-dask", "ibis-clickhouse", "ibis-framework"]),
        ("skypilot", ["skypilot-aws", "skypilot-gcp"]),
        ("py-xgboost", ["xgboost"]),
    ],
)
def test_packages_that_leave_the_files_to_another_are_no_twins(
    world: World, files: str, others: list[str]
) -> None:
    world.conda(files, "1.0", depends=["python"])
    for name in others:
        world.conda(name, "1.0", depends=["python", f"{files} 1.0 0"])
    plan = world.solve(*(f"conda:{name}" for name in (*others, files)))
    assert set(linked(plan)) == {files, *others} and not plan.warnings


@pytest.mark.parametrize(
    ("project", "vendor"),
    [("pip", "nsight-compute"), ("lxml", "inkscape"), ("future", "qgis"), ("lark", "charliecloud")],
)
def test_a_program_that_carries_a_copy_of_its_own_is_no_twin(world: World, project: str, vendor: str) -> None:
    assert vendor in Homes().shippers(ProjectName(project)), "by the table it ships the project"
    world.conda(project, "5.0", depends=["python"])
    world.conda(vendor, "3.40", depends=["python"])
    assert not world.solve(f"conda:{project}", f"conda:{vendor}").warnings
