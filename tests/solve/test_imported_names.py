"""Who types a module's name gets what was typed, or is told what to install; no placeholder is built."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.errors import ConflictError, NotFoundError, NoVersionError
from condadeps.names.namespaces import ProjectName
from condadeps.sources.metadata import MetadataError
from tests.solve.world import World, installs, linked

YAML = "`import yaml` comes with pyyaml: `condadeps install pyyaml`"
SKLEARN = "`import sklearn` comes with scikit-learn: `condadeps install scikit-learn`"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.pypi("sklearn", "0.0", sdist=True)
    world.index.about["sklearn-0.0.tar.gz"] = MetadataError("its build says to install scikit-learn")
    return world


@pytest.mark.parametrize("typed", ["yaml", "yaml>=6", "conda:yaml", "pypi:yaml", "yaml=6", "yaml~=6.0"])
def test_a_module_that_nobody_has_is_refused_with_the_project_it_comes_with(world: World, typed: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.solve(typed)
    assert caught.value.help == YAML


def test_a_file_that_names_a_module_is_told_the_same(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.solve(Asked("PIL", "requirements.txt", 2, metadata=True))
    assert str(caught.value) == "\n".join(
        [
            "nothing is called PIL",
            "  looked in forge, PyPI",
            "help: `import PIL` comes with pillow: `condadeps install pillow`",
        ]
    )


def test_a_library_of_a_modules_name_is_installed_as_asked_with_a_note(world: World) -> None:
    world.conda("yaml", "0.2.5")
    plan = world.solve("yaml")
    assert linked(plan) == {"yaml": "0.2.5"} and plan.notes == (YAML,)
    assert world.solve("conda:yaml").notes == (), "whose namespace is chosen is what is meant"
    with pytest.raises(NoVersionError) as caught:
        world.solve("yaml>=6")
    assert caught.value.help == YAML


def test_another_project_of_a_modules_name_is_installed_as_asked_with_a_note(world: World) -> None:
    world.pypi("jwt", "1.4.0")
    plan = world.solve("jwt")
    assert installs(plan) == {"jwt": "1.4.0"}
    assert plan.notes == ("`import jwt` comes with pyjwt: `condadeps install pyjwt`",)


def test_a_placeholder_is_neither_looked_at_nor_built(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.solve("sklearn")
    assert str(caught.value) == "\n".join(
        [
            "no configured channel has sklearn, and PyPI only a placeholder",
            "  looked in forge",
            "  PyPI's sklearn is a retired placeholder; the project is scikit-learn",
            f"help: {SKLEARN}; `pypi:sklearn` asks for the placeholder",
        ]
    )
    assert "sklearn" not in world.index.pages_read and not world.index.metadata_read


def test_nor_is_it_for_a_project_that_needs_it(world: World) -> None:
    world.pypi("app", "1.0", requires=["sklearn"])
    with pytest.raises(ConflictError) as caught:
        world.solve("app")
    assert "PyPI's sklearn is a retired placeholder; the project is scikit-learn" in str(caught.value)
    assert "sklearn" not in world.index.pages_read


def test_who_asks_for_the_placeholder_gets_its_build(world: World) -> None:
    with pytest.raises(NoVersionError, match="its build says to install scikit-learn") as caught:
        world.solve("pypi:sklearn")
    assert caught.value.help == SKLEARN


def test_an_index_where_the_name_means_something_is_asked(world: World) -> None:
    world.policy = dataclasses.replace(world.policy, only_pypi=frozenset({ProjectName("sklearn")}))
    world.pypi("sklearn", "1.0")
    assert installs(world.solve("sklearn")) == {"sklearn": "1.0"}
