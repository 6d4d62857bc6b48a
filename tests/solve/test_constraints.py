"""Constraints (pip's ``-c``): they hold for whatever is installed, on both sides, and install nothing."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.errors import ConflictError, NoVersionError, RequestError
from condadeps.solve.python import choose_python
from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    world.conda("pandas", "3.0.0", depends=["python", "numpy >=1.26"])
    for version in ("1.0", "2.0", "3.0"):
        world.pypi("lib", version)
    return world


def test_a_constraint_installs_nothing(world: World) -> None:
    plan = world.solve("lib", constraints=["numpy<2", "seaborn==0.13"])
    assert installs(plan) == {"lib": "3.0"} and not linked(plan)
    assert world.index.pages_read == ["lib"], "nor is PyPI asked about it"


def test_a_constraint_holds_for_what_comes_from_pypi(world: World) -> None:
    assert installs(world.solve("lib", constraints=["lib<3"])) == {"lib": "2.0"}
    world.pypi("app", "1.0", requires=["lib"])
    assert installs(world.solve("app", constraints=["lib<2"])) == {"app": "1.0", "lib": "1.0"}


def test_a_constraint_holds_for_the_home_where_only_a_conda_package_needs_it(world: World) -> None:
    assert linked(world.solve("pandas", constraints=["numpy<2"])) == {"numpy": "1.26.4", "pandas": "3.0.0"}


def test_a_constraint_holds_for_a_package_that_is_the_project_under_another_name(world: World) -> None:
    for version in ("3.8.0", "3.9.0"):
        world.conda("matplotlib-base", version, depends=["python"])
    world.conda("plots", "1.0", depends=["python", "matplotlib-base"])
    assert linked(world.solve("plots", constraints=["matplotlib<3.9"]))["matplotlib-base"] == "3.8.0"


def test_several_constraints_on_one_project_hold_together(world: World) -> None:
    assert installs(world.solve("lib", constraints=["lib>1", "lib<3"])) == {"lib": "2.0"}


def test_a_constraint_means_what_pep_440_says_in_conda_s_world_too(world: World) -> None:
    world.conda("click", "1.0.post1", depends=["python"])
    world.conda("click", "1.0", depends=["python"])
    world.conda("click", "2.0rc1", depends=["python"])
    world.conda("cli", "1.0", depends=["python", "click"])
    assert linked(world.solve("cli", constraints=["click<2.0"]))["click"] == "1.0.post1"
    assert linked(world.solve("cli", constraints=["click==1.0"]))["click"] == "1.0"
    with pytest.raises(ConflictError):
        world.solve("cli", constraints=["click>1.0,<2.0"])


def test_a_constraint_may_send_a_project_to_pypi(world: World) -> None:
    world.pypi("numpy", "2.2.0")
    plan = world.solve("numpy", constraints=["numpy>=2.2"])
    assert installs(plan) == {"numpy": "2.2.0"} and not linked(plan)


def test_a_constraint_that_names_a_pre_release_lets_it_in(world: World) -> None:
    world.pypi("lib", "4.0rc1")
    assert installs(world.solve("lib", constraints=["lib==4.0rc1"])) == {"lib": "4.0rc1"}


def test_a_constraint_whose_marker_does_not_hold_is_none(world: World) -> None:
    plan = world.solve("lib", constraints=["lib<2; python_version < '3.8'"])
    assert installs(plan) == {"lib": "3.0"}


def test_a_constraint_on_a_conda_package_is_one(world: World) -> None:
    plan = world.solve("pandas", constraints=[Asked("conda:numpy=1.26")])
    assert linked(plan)["numpy"] == "1.26.4"


def test_a_constraint_to_a_place_leaves_no_other_source(world: World) -> None:
    place = "https://x.invalid/lib-2.5-py3-none-any.whl"
    world.place(place, "lib", "2.5")
    world.pypi("app", "1.0", requires=["lib"])
    assert installs(world.solve("app", constraints=[f"lib @ {place}"])) == {"app": "1.0", "lib": "2.5"}
    assert linked(world.solve("pandas", constraints=[f"lib @ {place}"])), "it is not even looked at"


def test_what_is_there_must_hold_it_too(world: World) -> None:
    """As with conda's pins: the environment is one."""
    world.link("numpy", "2.1.0", depends=["python"], ships="numpy")
    plan = world.solve("lib", constraints=["numpy<2"])
    assert why(plan)["numpy"] == "moved: numpy<2 (constraints.txt:1) is a constraint"


def test_a_clash_with_a_constraint_names_its_line(world: World) -> None:
    with pytest.raises(ConflictError) as caught:
        world.solve("numpy>=2", constraints=["", "numpy<2"][1:])
    assert str(caught.value) == textwrap.dedent(
        """\
        numpy>=2 cannot be had in this environment
          numpy >=2 was asked for
          numpy<2 (constraints.txt:1) is a constraint
        help: without the constraint numpy<2 (constraints.txt:1) it can be had; \
or give up numpy>=2 (then numpy 1.26.4)"""
    )
    with pytest.raises(NoVersionError) as missing:
        world.solve("lib>=3", constraints=["lib<3"])
    assert "lib<3 (constraints.txt:1) is a constraint" in str(missing.value)


@pytest.mark.parametrize("text", ["lib[extra]<2", "git+https://x.invalid/lib"])
def test_what_cannot_be_a_constraint_is_refused(world: World, text: str) -> None:
    with pytest.raises(RequestError, match="cannot be a constraint"):
        world.solve("lib", constraints=[text])


def test_a_new_environment_s_python_suits_the_constraints(world: World) -> None:
    world.conda("python", "3.13.1")
    world.conda("numpy", "1.26.4", depends=["python <3.13"], build="py312", number=1)
    world.channel.held["numpy"] = [
        r for r in world.channel.held["numpy"] if r.build_number or str(r.version) == "2.1.0"
    ]
    requests, limits = [parse(Asked("pandas"))], [parse(Asked("numpy<2", metadata=True))]
    chosen = asyncio.run(choose_python(requests, world.channel, world.homes, "linux-64", limits))
    assert chosen == "3.11.7"
