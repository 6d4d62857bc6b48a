"""Updating: what is named, or everything, to the newest that fits what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    world.conda("python", "3.11.9")
    world.conda("python", "3.12.1")
    return world


def test_everything_moves_to_the_newest_and_python_keeps_its_minor_version(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.pip("lib", "1.0", requested=True)
    world.pip("other", "1.0")
    for name in ("lib", "other"):
        for version in ("1.0", "2.0"):
            world.pypi(name, version)
    plan = world.solve(verb="update")
    assert linked(plan) == {"numpy": "2.1.0", "python": "3.11.9"}
    assert installs(plan) == {"lib": "2.0", "other": "2.0"}
    assert set(why(plan).values()) == {"the newest that fits"}
    assert not plan.answers
    assert {str(i.artifact.project): i.requested for i in plan.install} == {"lib": True, "other": False}
    assert linked(world.solve(update_all=True)) == linked(plan), "the option says the same"


def test_what_was_asked_for_with_a_version_keeps_to_it(world: World) -> None:
    world.conda("numpy", "1.26.9", depends=["python"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy 1.26.*"])
    world.pinned = ("python 3.11.7",)
    assert linked(world.solve(verb="update")) == {"numpy": "1.26.9"}


def test_what_holds_something_back_holds_it_back(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("python", "3.11.9", requested=["python"])
    (world.directory / "conda-meta" / "python-3.11.7-0.json").unlink()
    world.pip("lib", "1.0", requires=["numpy<2"])
    world.pypi("lib", "1.0", requires=["numpy<2"])
    assert not world.solve(verb="update")
    world.pypi("lib", "2.0", requires=["numpy<3"])
    plan = world.solve(verb="update")
    assert linked(plan) == {"numpy": "2.1.0"} and installs(plan) == {"lib": "2.0"}


def test_a_version_between_is_found_when_the_newest_does_not_fit(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy 1.26.*"])
    world.pip("lib", "1.0")
    for version, needs in (("1.0", "numpy"), ("1.5", "numpy"), ("2.0", "numpy>=2"), ("2.1", "numpy>=2")):
        world.pypi("lib", version, requires=[needs])
    assert installs(world.solve(verb="update")) == {"lib": "1.5"}
    assert installs(world.solve("lib", verb="update")) == {"lib": "1.5"}


def test_what_pip_installed_stays_pip_s_though_conda_has_it_by_now(world: World) -> None:
    world.pip("numpy", "1.26.4")
    world.pypi("numpy", "2.2.0")
    plan = world.solve(verb="update")
    assert installs(plan) == {"numpy": "2.2.0"} and "numpy" not in linked(plan)
    world.conda("scipy", "2.0", depends=["python", "numpy"])
    world.conda("scipy", "1.0", depends=["python"])
    world.link("scipy", "1.0", depends=["python"])
    plan = world.solve(verb="update")
    assert linked(plan) == {"scipy": "2.0", "numpy": "2.1.0", "python": "3.11.9"}
    assert [str(item.project) for item in plan.uninstall] == ["numpy"], "a conda package needs conda's"


def test_what_came_from_a_place_and_condadeps_itself_stay(world: World) -> None:
    world.pip("mylib", "1.0", place="https://x.invalid/mylib-1.0-py3-none-any.whl")
    world.pip("condadeps", "1.0")
    for name in ("mylib", "condadeps"):
        world.pypi(name, "2.0")
    plan = world.solve(verb="update")
    assert not installs(plan) and world.index.pages_read == []


def test_what_no_channel_has_any_more_stays(world: World) -> None:
    world.link("gone", "1.0", depends=["python"], requested=["gone"])
    world.link("withdrawn", "2.0", depends=["python"], requested=["withdrawn"])
    world.conda("withdrawn", "1.0", depends=["python"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    plan = world.solve(verb="update")
    assert linked(plan) == {"numpy": "2.1.0", "python": "3.11.9"} and not plan.unlink


def test_what_was_asked_for_never_gets_older(world: World) -> None:
    world.conda("helper", "1.0", depends=["python"])
    world.conda("helper", "2.0", depends=["python"])
    world.conda("tool", "2.0", depends=["python", "helper <2"])
    world.link("helper", "2.0", depends=["python"], requested=["helper"])
    world.link("tool", "1.0", depends=["python", "helper"], requested=["tool"])
    plan = world.solve(verb="update")
    assert linked(plan) == {"python": "3.11.9"}


def test_without_pypi_what_pip_installed_stays(world: World) -> None:
    world.pip("lib", "1.0")
    world.pypi("lib", "2.0")
    plan = world.solve(verb="update", pip="never")
    assert not installs(plan) and world.index.pages_read == []


def test_a_project_of_a_channel_gone_from_the_index_stays(world: World) -> None:
    world.pip("private", "1.0")
    assert not installs(world.solve(verb="update"))


def test_what_is_not_the_newest_is_told_with_what_holds_it_back(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("python", "3.11.9", requested=["python"])
    (world.directory / "conda-meta" / "python-3.11.7-0.json").unlink()
    world.pip("lib", "1.0", requires=["numpy<2"])
    world.pypi("lib", "1.0", requires=["numpy<2"])
    told = (
        "numpy 1.26.4 is not the newest, 2.1.0: lib (installed by pip) → lib 1.0 (installed by pip) needs "
        "numpy <2",
    )
    assert world.solve(verb="update").notes == told
    assert world.solve("numpy", verb="update").notes == told
    assert world.solve("numpy", update=True).notes == told
    assert not world.solve("numpy").notes, "an install says nothing of it"
    assert not world.solve("numpy<2", verb="update").notes, "what was asked for is what there is"


def test_an_update_by_name_keeps_what_was_asked_for_earlier_and_tells_how_to_lift_it(world: World) -> None:
    world.conda("numpy", "1.26.9", depends=["python"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy<2"])
    plan = world.solve("numpy", verb="update")
    assert linked(plan) == {"numpy": "1.26.9"}
    assert plan.answers[0].constraint == "<2", "so it is kept the next time too"
    assert plan.notes == (
        "numpy 1.26.9 is not the newest, 2.1.0: numpy<2 was asked for earlier; "
        "`condadeps install -U numpy` asks for it without",
    )
    assert linked(world.solve("numpy", update=True)) == {"numpy": "2.1.0"}
    assert linked(world.solve("numpy>=1", verb="update")) == {"numpy": "2.1.0"}


@pytest.mark.parametrize(
    ("earlier", "kept"),
    [
        ("numpy 1.26.*|1.27.*", " 1.26.*|1.27.*"),
        ("numpy >=1.26,<2|>=9", ">=1.26,<2|>=9"),
        ("numpy[version='>=1.26,<2']", "[version='>=1.26,<2']"),
        ("numpy >=1.26,<2 0*", " >=1.26,<2 0*"),
    ],
)
def test_an_update_by_name_keeps_what_only_condas_grammar_says(world: World, earlier: str, kept: str) -> None:
    world.conda("numpy", "1.26.9", depends=["python"])
    world.conda("numpy", "1.27.0", depends=["python"], build="1")
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=[earlier])
    for asked in ("numpy", "conda:numpy"):
        plan = world.solve(asked, verb="update")
        assert linked(plan) == {"numpy": "1.26.9" if earlier.endswith("0*") else "1.27.0"}
        assert plan.answers[0].constraint == kept, "so it is kept the next time too"
        (note,) = plan.notes
        assert f"is not the newest, 2.1.0: numpy{kept} was asked for earlier; " in note
        assert linked(world.solve(asked, update=True)) == {"numpy": "2.1.0"}


def test_an_update_by_name_keeps_a_version_that_pep_440_cannot_read(world: World) -> None:
    for version in ("9e", "9f", "10.1"):
        world.conda("jpeg", version)
    world.link("jpeg", "9e", requested=["jpeg >=9e,<10", "jpeg <11"])
    plan = world.solve("jpeg", verb="update")
    assert linked(plan) == {"jpeg": "9f"} and plan.answers[0].constraint == ">=9e,<10,<11"


def test_what_was_asked_for_earlier_is_not_blamed_for_what_it_allows(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy >=1.20"])
    world.pip("lib", "1.0", requires=["numpy<2"])
    world.pypi("lib", "1.0", requires=["numpy<2"])
    (note,) = world.solve("numpy", verb="update").notes
    assert "lib 1.0" in note and "asked for earlier" not in note


def test_the_same_of_a_project_that_pip_installed(world: World) -> None:
    world.pip("lib", "1.0")
    for version in ("1.0", "1.5", "2.0"):
        world.pypi("lib", version)
    world.asked_earlier = {"lib": "<2"}
    plan = world.solve("lib", verb="update")
    assert installs(plan) == {"lib": "1.5"} and plan.answers[0].constraint == "<2"
    assert plan.notes == (
        "lib 1.5 is not the newest, 2.0: lib<2 was asked for earlier; "
        "`condadeps install -U lib` asks for it without",
    )
