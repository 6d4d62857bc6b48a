"""What was asked of a project with a version holds where pip installed it, as for conda's packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConflictError
from tests.solve.world import World, installs, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    """pip has ``numba 0.59.1``, which was asked for so and does not suit numpy 2, as newer ones do."""
    world = World(tmp_path / "env")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    for version, needs in (
        ("0.59.1", "numpy<2"),
        ("0.59.2", "numpy<2"),
        ("0.60.0", "numpy"),
        ("0.61", "numpy"),
    ):
        world.pypi("numba", version, requires=[needs])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.pip("numba", "0.59.1", requires=["numpy<2"], requested=True)
    world.asked_earlier = {"numba": "==0.59.1"}
    return world


def test_what_a_project_was_asked_for_at_is_not_broken_silently(world: World) -> None:
    with pytest.raises(ConflictError) as error:
        world.solve("numpy>=2")
    assert error.value.message == "numpy>=2 cannot be had in this environment"
    assert error.value.detail == (
        "numpy >=2 was asked for",
        "numba==0.59.1 was asked for earlier → numba 0.59.1 (installed by pip) needs numpy <2",
    )
    assert error.value.help == (
        "`condadeps install 'numpy>=2' numba` lets numba move, though numba==0.59.1 was asked for earlier"
        "; or `condadeps remove numba` makes room"
    )
    assert error.value.data["relax"][0]["give_up"] == "numba==0.59.1"


def test_without_such_a_request_it_moves(world: World) -> None:
    world.asked_earlier = {}
    assert installs(world.solve("numpy>=2"))["numba"] in ("0.60.0", "0.61")


def test_the_command_that_the_refusal_names_lets_it_move(world: World) -> None:
    plan = world.solve("numpy>=2", "numba")
    assert linked(plan) == {"numpy": "2.1.0"} and installs(plan) == {"numba": "0.61"}


@pytest.mark.parametrize("anew", ["numba", "numba>=0.60", "pypi:numba"])
def test_asking_anew_lifts_it(world: World, anew: str) -> None:
    assert installs(world.solve(anew, update=True)) == {"numba": "0.61"}


def test_asking_for_conda_s_package_is_asking_anew(world: World) -> None:
    world.conda("numba", "0.60.0", depends=["python"])
    plan = world.solve("conda:numba")
    assert linked(plan) == {"numba": "0.60.0"} and [str(one.project) for one in plan.uninstall] == ["numba"]


def test_a_range_may_move_within_itself_and_no_further(world: World) -> None:
    world.asked_earlier = {"numba": ">=0.59,<0.60"}
    assert installs(world.solve(verb="update")) == {"numba": "0.59.2"}
    assert installs(world.solve(update_all=True)) == {"numba": "0.59.2"}
    assert installs(world.solve("numba", verb="update")) == {"numba": "0.59.2"}
    assert installs(world.solve("numba", update=True)) == {"numba": "0.61"}, "asked for anew"


def test_an_update_of_everything_keeps_to_it_and_looks_no_further(world: World) -> None:
    for number in range(62, 90):
        world.pypi("numba", f"0.{number}", requires=["numpy"])
    plan = world.solve(verb="update")
    assert not installs(plan) and "numpy" not in linked(plan)
    assert len(world.index.metadata_read) <= 2, "versions that cannot be had cost a request each"


def test_a_version_that_pip_put_there_since_is_bound_by_nothing(world: World) -> None:
    world.asked_earlier = {"numba": "==0.58"}
    assert installs(world.solve("numpy>=2"))["numba"] in ("0.60.0", "0.61")
    world.asked_earlier = {"numba": "=0.59.1"}  # no grammar of PyPI's
    assert installs(world.solve("numpy>=2"))["numba"] in ("0.60.0", "0.61")


def test_what_is_not_pip_s_any_more_is_not_bound_by_what_pip_was_asked(world: World) -> None:
    world.asked_earlier = {"numpy": "<2", "nowhere": "==1.0"}
    plan = world.solve("numba>=0.60", "numpy>=2")
    assert linked(plan) == {"numpy": "2.1.0"}
    world.asked_earlier = {"numpy": "<2"}
    world.conda("app", "1.0", depends=["python", "numpy >=2"])
    assert linked(world.solve("app", "numba")) == {"app": "1.0", "numpy": "2.1.0"}


def test_conda_s_copy_takes_over_within_what_was_asked_only(world: World) -> None:
    world.conda("app", "1.0", depends=["python", "numba"])
    world.conda("numba", "0.60.0", depends=["python"])
    with pytest.raises(ConflictError) as error:
        world.solve("app")
    assert error.value.detail == (
        "app → app 1.0 needs numba",
        "numba==0.59.1 was asked for earlier → "
        "numba 0.59.1 (installed by pip) cannot be beside conda's numba",
    )
    assert "condadeps install app numba" in str(error.value.help)
    world.conda("numba", "0.59.1", depends=["python"])
    assert linked(world.solve("app")) == {"app": "1.0", "numba": "0.59.1"}


def test_it_holds_beside_a_constraint_on_the_same_project(world: World) -> None:
    world.asked_earlier = {"numba": ">=0.59,<0.60"}
    with pytest.raises(ConflictError) as error:
        world.solve("numpy>=2", constraints=["numba<0.61"])
    assert any("was asked for earlier" in line for line in error.value.detail)


def test_a_sync_goes_by_what_is_asked_now(world: World) -> None:
    plan = world.solve("numpy>=2", verb="sync")
    assert [str(one.project) for one in plan.uninstall] == ["numba"]
