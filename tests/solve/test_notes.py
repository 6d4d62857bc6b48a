"""What is worth knowing of a plan: why something comes from PyPI though conda has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.solve.world import World, installs, linked


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    world.conda("pandas", "3.1.1", depends=["python", "numpy >=2"])
    world.pypi("pandas", "3.0.6", requires=["numpy>=1.26"])
    return world


def test_what_kept_conda_s_version_out_is_told(world: World) -> None:
    plan = world.solve("pandas", "conda:numpy=1.26")
    assert installs(plan) == {"pandas": "3.0.6"}
    assert plan.notes == (
        "pandas 3.0.6 is from PyPI: conda's pandas 3.1.1 needs numpy >=2, which conda:numpy=1.26 rules out",
    )


def test_conda_first_even_where_something_must_move(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    plan = world.solve("pandas")
    assert linked(plan) == {"numpy": "2.1.0", "pandas": "3.1.1"} and not plan.notes


def test_what_was_asked_for_earlier_is_told(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy 1.26.*"])
    plan = world.solve("pandas")
    assert installs(plan) == {"pandas": "3.0.6"}
    assert plan.notes == (
        "pandas 3.0.6 is from PyPI: conda's pandas 3.1.1 needs numpy >=2, "
        "and numpy 1.26.* was asked for earlier",
    )


def test_the_whole_way_to_the_clash_is_told(world: World) -> None:
    world.conda("click", "9.0", depends=["python", "render"])
    world.conda("render", "1.0", depends=["python", "numpy >=2"])
    world.pypi("click", "8.1")
    plan = world.solve("click", "numpy<2")
    assert plan.notes == (
        "click 8.1 is from PyPI: conda's click 9.0 needs render → render 1.0 needs numpy >=2, "
        "and numpy <2 was asked for",
    )
    assert not world.solve("pypi:click", "numpy<2").notes, "it was asked from there"


def test_nothing_is_told_where_conda_has_nothing_to_offer(world: World) -> None:
    world.pypi("pandas", "4.0")
    assert world.solve("pandas>=4").notes == ()
    world.pypi("seaborn", "0.13", requires=["pandas"])
    plan = world.solve("seaborn")
    assert linked(plan)["pandas"] == "3.1.1" and plan.notes == ()


def test_what_is_there_and_newer_than_the_date_is_told_once(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    record = next((world.directory / "conda-meta").glob("numpy-*.json"))
    told = json.loads(record.read_text()) | {"timestamp": 1767225600000}  # 2026-01-01
    record.write_text(json.dumps(told))
    notes = world.solve("numpy", exclude_newer="2025-06-01").notes
    assert notes == ("there already, and newer than 2025-06-01: numpy 1.26.4",)
    assert not world.solve("numpy", exclude_newer="2026-06-01").notes
    assert not world.solve("numpy").notes
