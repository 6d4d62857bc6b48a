"""`--hash`: a digest is of PyPI's file, so that file it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.errors import ConflictError, HashError, NoVersionError
from tests.solve.world import World, installs, linked, why

GOOD, BAD = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def hashed(text: str, *digests: str) -> Asked:
    return Asked(text, "requirements.txt", 1, metadata=True, hashes=digests)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.conda("attrs", "24.2.0", depends=["python"])
    world.pypi("attrs", "24.2.0", sha256="a" * 64)
    world.pypi("attrs", "24.2.0", sdist=True, sha256="b" * 64)
    world.pypi("attrs", "24.3.0")
    return world


def test_a_project_with_a_hash_comes_from_pypi_though_conda_has_it(world: World) -> None:
    plan = world.solve(hashed("attrs==24.2.0", GOOD))
    assert installs(plan) == {"attrs": "24.2.0"} and not linked(plan)
    assert plan.install[0].artifact.sha256 == "a" * 64
    assert why(plan)["pip attrs"] == "asked; the hash that was asked for is of PyPI's file"


def test_only_a_file_with_one_of_the_hashes_is_taken(world: World) -> None:
    assert world.solve(hashed("attrs==24.2.0", BAD)).install[0].artifact.filename == "attrs-24.2.0.tar.gz"
    assert world.solve(hashed("attrs==24.2.0", BAD, GOOD)).install[0].artifact.filename.endswith(".whl")
    assert installs(world.solve(hashed("attrs", GOOD))) == {"attrs": "24.2.0"}, "though 24.3.0 is newer"


def test_no_file_with_the_hash_is_said(world: World) -> None:
    with pytest.raises(NoVersionError) as caught:
        world.solve(hashed("attrs==24.3.0", GOOD))
    assert "none of PyPI's files that could be used has one of the hashes" in str(caught.value)
    with pytest.raises(NoVersionError):
        world.solve(hashed("attrs==24.2.0", GOOD), hashed("attrs", BAD))


def test_a_file_whose_hash_the_index_does_not_say_is_fetched_to_be_checked(world: World) -> None:
    world.pypi("plain", "1.0", sha256=None)
    assert installs(world.solve(hashed("plain==1.0", f"sha256:{'1' * 64}"))) == {"plain": "1.0"}
    with pytest.raises(HashError, match="is not the file that was asked for"):
        world.solve(hashed("plain==1.0", GOOD))


def test_what_is_installed_at_the_version_stays_as_with_pip(world: World) -> None:
    world.link("attrs", "24.2.0", depends=["python"], ships="attrs")
    assert not world.solve(hashed("attrs==24.2.0", GOOD))


def test_another_version_from_conda_makes_room(world: World) -> None:
    world.link("attrs", "22.1.0", depends=["python"], ships="attrs")
    plan = world.solve(hashed("attrs==24.2.0", GOOD))
    assert installs(plan) == {"attrs": "24.2.0"}
    assert [str(item.package.name) for item in plan.unlink] == ["attrs"]


def test_a_conda_package_that_needs_conda_s_clashes_and_both_are_named(world: World) -> None:
    world.conda("jsonschema", "4.0", depends=["python", "attrs"])
    with pytest.raises(ConflictError) as caught:
        world.solve("jsonschema", hashed("attrs==24.2.0", GOOD))
    assert "attrs 24.2.0 from PyPI cannot be beside conda's attrs" in str(caught.value)


def test_a_hash_in_a_constraint_is_for_pypi_s_file_only(world: World) -> None:
    limit = Asked("attrs==24.2.0", "constraints.txt", 1, metadata=True, hashes=(GOOD,))
    world.conda("jsonschema", "4.0", depends=["python", "attrs"])
    assert linked(world.solve("jsonschema", constraints=[limit]))["attrs"] == "24.2.0"
    assert world.solve("pypi:attrs", constraints=[limit]).install[0].artifact.sha256 == "a" * 64
