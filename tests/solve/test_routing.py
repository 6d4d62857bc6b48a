"""Which manager gives what: conda first, PyPI second, one solve."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from condadeps.errors import ConflictError, NoVersionError
from condadeps.sources.metadata import Metadata, MetadataError
from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def science(world: World) -> None:
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("numpy", "2.1.0", depends=["python"])
    world.conda("pandas", "2.2.0", depends=["python", "numpy >=1.26"])
    world.conda("pandas", "3.0.0", depends=["python", "numpy >=1.26"])
    world.conda("matplotlib", "3.9.0", depends=["matplotlib-base >=3.9.0,<3.9.1.0a0"])
    world.conda("matplotlib-base", "3.9.0", depends=["python", "numpy", "packaging"])
    world.conda("packaging", "24.2", depends=["python"])


def test_what_conda_has_comes_from_conda_and_the_rest_from_pypi(world: World) -> None:
    science(world)
    world.pypi("seaborn", "0.13.2", requires=["numpy>=1.20", "pandas>=1.2", "matplotlib!=3.6.1,>=3.4"])
    plan = world.solve("pandas", "seaborn")
    assert linked(plan)["pandas"] == "3.0.0"
    assert linked(plan)["matplotlib-base"] == "3.9.0"
    assert installs(plan) == {"seaborn": "0.13.2"}
    assert why(plan)["pandas"] == "asked"
    assert why(plan)["packaging"] == "needed by matplotlib-base 3.9.0"
    assert why(plan)["pip seaborn"] == "asked; no configured channel has it"
    assert world.index.pages_read == ["seaborn"], "PyPI is asked for nothing conda has"
    pandas, seaborn = plan.answers
    assert (pandas.manager, pandas.name, pandas.version, pandas.constraint) == (
        "conda",
        "pandas",
        "3.0.0",
        "",
    )
    assert (seaborn.manager, seaborn.name, seaborn.version) == ("pip", "seaborn", "0.13.2")


def test_a_pip_project_can_hold_a_conda_package_back(world: World) -> None:
    """No two-stage tool can: conda's newest numpy is 2.x, another conda package takes both."""
    science(world)
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    plan = world.solve("pandas", "oldlib")
    assert linked(plan)["numpy"] == "1.26.4"
    assert linked(plan)["pandas"] == "3.0.0"


def test_a_conda_package_whose_newest_excludes_the_pip_projects_range_is_taken_older(world: World) -> None:
    science(world)
    world.conda("pandas", "4.0.0", depends=["python", "numpy >=2"])
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    plan = world.solve("pandas", "oldlib")
    assert (linked(plan)["pandas"], linked(plan)["numpy"]) == ("3.0.0", "1.26.4")


def test_a_dependency_conda_has_only_too_old_comes_from_pypi(world: World) -> None:
    world.conda("attrs", "22.1.0", depends=["python"])
    world.pypi("attrs", "22.1.0")
    world.pypi("attrs", "24.2.0")
    world.pypi("newlib", "1.0", requires=["attrs>=23"])
    plan = world.solve("newlib")
    assert installs(plan) == {"newlib": "1.0", "attrs": "24.2.0"}
    assert "attrs" not in linked(plan)
    assert why(plan)["pip attrs"] == "needed by newlib 1.0; conda has nothing for >=23"


def test_an_installed_pip_project_that_a_conda_upgrade_would_break_is_seen(world: World) -> None:
    science(world)
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.pip("oldlib", "1.0", requires=["numpy<2"])
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    world.pypi("oldlib", "2.0", requires=["numpy>=2"])
    plan = world.solve("numpy>=2")
    assert linked(plan) == {"numpy": "2.1.0"}
    assert installs(plan) == {"oldlib": "2.0"}


def test_pips_copy_leaves_when_conda_brings_the_project(world: World) -> None:
    science(world)
    world.pip("packaging", "24.1")
    plan = world.solve("matplotlib")
    assert linked(plan)["packaging"] == "24.2"
    assert [(u.project, u.version) for u in plan.uninstall] == [("packaging", "24.1")]
    assert (
        why(plan)["- packaging"] == "superseded by conda's packaging 24.2, which matplotlib-base 3.9.0 needs"
    )


def test_a_pip_project_never_replaces_a_conda_package(world: World) -> None:
    science(world)
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("pandas", "2.2.0", depends=["python", "numpy >=1.26"], ships="pandas")
    world.pypi("pandas", "3.0.0", requires=["numpy>=1.26"])
    world.pypi("numpy", "2.1.0")
    world.pypi("addon", "1.0", requires=["pandas>=2", "numpy"])
    plan = world.solve("addon")
    assert installs(plan) == {"addon": "1.0"} and not linked(plan)


def test_a_package_that_does_not_ship_the_project_is_never_used_for_it(world: World) -> None:
    world.conda("graphviz", "9.0")
    world.conda("python-graphviz", "0.20", depends=["python", "graphviz"])
    world.pypi("treelib", "1.0", requires=["graphviz>=0.1"])
    plan = world.solve("treelib")
    assert linked(plan) == {"graphviz": "9.0", "python-graphviz": "0.20"}
    assert why(plan)["python-graphviz"] == "needed by treelib 1.0"


def test_what_is_installed_stays_when_an_older_version_of_the_asked_fits_it(world: World) -> None:
    science(world)
    world.conda("pandas", "4.0.0", depends=["python", "numpy >=2"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    assert linked(world.solve("pandas")) == {"pandas": "3.0.0"}


def test_an_installed_version_that_meets_the_request_stays(world: World) -> None:
    science(world)
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    plan = world.solve("numpy", "numpy>=1.20")
    assert not plan
    assert [(a.version, a.already, a.constraint) for a in plan.answers] == [
        ("1.26.4", True, ""),
        ("1.26.4", True, ">=1.20"),
    ]


def test_update_moves_what_is_named_and_nothing_else(world: World) -> None:
    science(world)
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("pandas", "2.2.0", depends=["python", "numpy >=1.26"], ships="pandas")
    assert linked(world.solve("pandas", update=True)) == {"pandas": "3.0.0"}
    assert linked(world.solve("pandas", verb="update")) == {"pandas": "3.0.0"}


def test_a_moved_package_says_who_needed_it_moved(world: World) -> None:
    science(world)
    world.conda("scipy", "1.15", depends=["python", "numpy >=2"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    plan = world.solve("scipy")
    assert why(plan)["numpy"] == "moved: scipy 1.15 needs numpy >=2"
    assert plan.link[0].previous is not None and plan.link[0].previous.version == "1.26.4"


def test_without_conda_everything_comes_from_pypi(tmp_path: Path) -> None:
    world = World(tmp_path / "venv", is_conda=False)
    world.pypi("seaborn", "0.13.2", requires=["numpy>=1.20"], python=">=3.8")
    world.pypi("numpy", "2.1.0")
    plan = world.solve("seaborn")
    assert installs(plan) == {"seaborn": "0.13.2", "numpy": "2.1.0"}
    assert why(plan)["pip numpy"] == "needed by seaborn 0.13.2"
    assert any("condadeps create" in note for note in plan.notes)


def test_pypi_forces_the_index(world: World) -> None:
    science(world)
    world.pypi("numpy", "2.2.0")
    plan = world.solve("pypi:numpy")
    assert installs(plan) == {"numpy": "2.2.0"} and not linked(plan)
    assert why(plan)["pip numpy"] == "asked from PyPI"


def test_a_wheel_by_url_takes_its_dependencies_from_conda(world: World) -> None:
    science(world)
    world.place("https://x.invalid/mylib-1.0-py3-none-any.whl", "mylib", "1.0", requires=["pandas"])
    plan = world.solve("https://x.invalid/mylib-1.0-py3-none-any.whl")
    assert installs(plan) == {"mylib": "1.0"} and "pandas" in linked(plan)
    assert plan.install[0].artifact.direct
    assert plan.answers[0].constraint == " @ https://x.invalid/mylib-1.0-py3-none-any.whl"


def test_a_compiled_wheel_beside_conda_s_packages_is_allowed_and_marked(world: World) -> None:
    world.pypi("fast", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    plan = world.solve("fast")
    assert plan.install[0].artifact.compiled
    assert plan.warnings == ("compiled wheels from PyPI beside conda's compiled packages: fast 1.0",)


def test_what_must_be_built_is_marked(world: World) -> None:
    world.pypi("old", "1.0", sdist=True)
    plan = world.solve("old")
    assert plan.install[0].artifact.build
    assert plan.warnings == ("old 1.0 has no usable wheel: its build code will run",)


def test_what_was_built_to_learn_what_it_needs_is_told_of(world: World) -> None:
    """Also by a dry run: it changes nothing, and yet somebody's code has run."""
    world.pypi("old", "1.0", sdist=True)
    about = world.index.about["old-1.0.tar.gz"]
    assert isinstance(about, Metadata)
    world.index.about["old-1.0.tar.gz"] = dataclasses.replace(about, built=True)
    assert world.solve("old", dry_run=True).warnings == (
        "old 1.0 has no usable wheel: it was built to learn what it needs, so its build code has run",
    )


def test_what_does_not_build_is_passed_over_with_its_own_words(world: World) -> None:
    world.pypi("old", "2.0", sdist=True)
    why = MetadataError(
        "old-2.0 cannot be built", detail=["no compiler"], help="get one", url="", status=None
    )
    world.index.about["old-2.0.tar.gz"] = why
    with pytest.raises(NoVersionError) as error:
        world.solve("old")
    assert error.value.detail[1:] == ("old 2.0 cannot be used: old-2.0 cannot be built", "  no compiler")
    assert error.value.help == "get one"
    world.pypi("old", "1.0")
    plan = world.solve("old")
    assert installs(plan) == {"old": "1.0"}
    assert plan.warnings == ("old 1.0 is taken: 2.0 cannot be used: old-2.0 cannot be built",)


def test_sdists_that_do_not_build_are_not_tried_to_the_end(world: World) -> None:
    """A placeholder may have dozens, each of which takes a build to fail."""
    for minor in range(20):
        world.pypi("old", f"1.{minor}", sdist=True)
        world.index.about[f"old-1.{minor}.tar.gz"] = MetadataError("it cannot be built", url="", status=None)
    with pytest.raises(NoVersionError, match="no version of old can be used"):
        world.solve("old")
    assert len(world.index.metadata_read) == 2


def test_a_reference_whose_marker_does_not_hold_is_not_even_fetched(world: World) -> None:
    plan = world.solve("mylib @ https://x.invalid/mylib-1.0-py3-none-any.whl ; sys_platform == 'win32'")
    assert not plan and "marker does not hold" in plan.notes[0]


def test_a_project_is_installed_once_whoever_asks_for_it(world: World) -> None:
    """The home and PyPI's copy exclude each other, however they are named."""
    science(world)
    world.pypi("numpy", "2.2.0")
    with pytest.raises(ConflictError) as caught:
        world.solve("conda:numpy", "pypi:numpy")
    assert "numpy 2.2.0 from PyPI cannot be beside conda's numpy" in str(caught.value)


def test_what_a_reference_needs_by_reference_is_taken_from_there(world: World) -> None:
    """As pip does."""
    one, two = (f"https://x.invalid/{name}-1.0-py3-none-any.whl" for name in ("one", "two"))
    science(world)
    world.place(one, "one", "1.0", requires=[f"two @ {two}"])
    world.place(two, "two", "1.0", requires=["numpy<2"])
    world.pypi("two", "9.0")
    plan = world.solve(one, "numpy")
    assert installs(plan) == {"one": "1.0", "two": "1.0"} and linked(plan)["numpy"] == "1.26.4"
    assert why(plan)["pip two"] == "needed by one 1.0"
    assert {str(i.artifact.project): i.requested for i in plan.install} == {"one": True, "two": False}


def test_a_reference_takes_the_place_of_what_others_asked_for_by_name(world: World) -> None:
    place = "https://x.invalid/attrs-25.1-py3-none-any.whl"
    world.conda("attrs", "24.2.0", depends=["python"])
    world.place(place, "attrs", "25.1")
    world.pypi("app", "1.0", requires=["attrs>=23"])
    plan = world.solve("app", f"attrs @ {place}")
    assert installs(plan) == {"app": "1.0", "attrs": "25.1"} and not linked(plan)
