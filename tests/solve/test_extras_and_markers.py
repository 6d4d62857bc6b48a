"""Extras and markers: for the target, never dropped, conda first for what they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solve.world import World, installs, linked, why


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def test_an_extra_of_a_project_conda_has_takes_the_base_from_conda_and_the_rest_conda_first(
    world: World,
) -> None:
    world.conda("requests", "2.32.0", depends=["python"])
    world.conda("pysocks", "1.7.1", depends=["python"])
    world.pypi(
        "requests",
        "2.32.0",
        requires=["PySocks>=1.5.6,!=1.5.7; extra == 'socks'", "chardet; extra == 'use-chardet'"],
        extras=["socks", "use-chardet"],
    )
    plan = world.solve("requests[socks]")
    assert linked(plan) == {"requests": "2.32.0", "pysocks": "1.7.1"} and not installs(plan)
    assert why(plan) == {"requests": "asked", "pysocks": "needed by requests 2.32.0"}
    assert plan.answers[0].extras == ("socks",)


def test_extras_may_refer_to_each_other_and_to_themselves(world: World) -> None:
    world.pypi(
        "pkg",
        "1.0",
        requires=["pkg[a,b]; extra == 'all'", "one; extra == 'a'", "two; extra == 'b'"],
        extras=["a", "b", "all"],
    )
    world.pypi("one", "1.0")
    world.pypi("two", "1.0")
    assert installs(world.solve("pkg[all]")) == {"pkg": "1.0", "one": "1.0", "two": "1.0"}
    assert installs(world.solve("pkg[a]")) == {"pkg": "1.0", "one": "1.0"}


def test_an_unknown_extra_is_warned_of(world: World) -> None:
    world.pypi("pkg", "1.0", extras=["fast"])
    assert "pkg 1.0 has no extra [slow]: it has fast" in world.solve("pkg[slow]").warnings


def test_markers_are_decided_for_the_target_on_every_level(world: World) -> None:
    world.pypi(
        "app",
        "1.0",
        requires=[
            "tomli; python_version < '3.11'",
            "winlib; sys_platform == 'win32'",
            "linlib; sys_platform == 'linux'",
        ],
    )
    world.pypi("linlib", "1.0", requires=["deep; python_full_version >= '3.11.5'"])
    world.pypi("deep", "1.0")
    assert installs(world.solve("app")) == {"app": "1.0", "linlib": "1.0", "deep": "1.0"}


def test_a_request_whose_marker_does_not_hold_is_noted_and_not_installed(world: World) -> None:
    world.pypi("tomli", "2.0")
    plan = world.solve("tomli; python_version < '3.11'")
    assert not plan and "marker does not hold" in plan.notes[0]


def test_an_extra_asked_for_later_is_added_to_what_is_installed(world: World) -> None:
    world.pip("pkg", "1.0")
    metadata = next(world.target.site_packages.glob("pkg-1.0.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text() + "Provides-Extra: a\nRequires-Dist: one; extra == 'a'\n")
    world.pypi("one", "1.0")
    plan = world.solve("pkg[a]")
    assert installs(plan) == {"one": "1.0"}
    assert why(plan)["pip one"].startswith("needed by pkg 1.0")


def test_markers_are_the_target_s_and_not_this_interpreter_s(tmp_path: Path) -> None:
    world = World(tmp_path / "env", python="3.9.1")
    world.pypi("app", "1.0", requires=["tomli; python_version < '3.11'", "newer; python_version >= '3.11'"])
    world.pypi("tomli", "2.0")
    world.pypi("newer", "1.0")
    assert installs(world.solve("app", "newer; python_version < '3.8'")) == {"app": "1.0", "tomli": "2.0"}


def test_a_self_referring_extra_of_a_project_conda_has(world: World) -> None:
    world.conda("uvicorn", "0.30", depends=["python"])
    world.conda("pyyaml", "6.0", depends=["python"])
    world.pypi(
        "uvicorn",
        "0.30",
        requires=["uvicorn[standard]; extra == 'all'", "PyYAML>=5.1; extra == 'standard'"],
        extras=["all", "standard"],
    )
    plan = world.solve("uvicorn[all]")
    assert linked(plan) == {"uvicorn": "0.30", "pyyaml": "6.0"} and not installs(plan)


def test_an_extra_s_spelling_does_not_matter(world: World) -> None:
    world.pypi("pkg", "1.0", requires=["one; extra == 'Fast_Mode'"], extras=["fast-mode"])
    world.pypi("one", "1.0")
    for text in ("pkg[fast-mode]", "pkg[FAST_mode]", "pkg[fast.mode]"):
        assert set(installs(world.solve(text))) == {"pkg", "one"}


def test_an_extra_marker_in_an_or_counts_with_the_extra_and_without(world: World) -> None:
    world.pypi(
        "pkg",
        "1.0",
        requires=[
            "always; sys_platform == 'linux' or extra == 'x'",
            "sometimes; sys_platform == 'win32' or extra == 'x'",
        ],
        extras=["x"],
    )
    world.pypi("always", "1.0")
    world.pypi("sometimes", "1.0")
    assert set(installs(world.solve("pkg"))) == {"pkg", "always"}
    assert set(installs(world.solve("pkg[x]"))) == {"pkg", "always", "sometimes"}


def test_extras_of_a_request_and_of_a_requirement_add_up(world: World) -> None:
    world.pypi("pkg", "1.0", requires=["one; extra == 'a'", "two; extra == 'b'"], extras=["a", "b"])
    world.pypi("app", "1.0", requires=["pkg[b]>=1"])
    for name in ("one", "two"):
        world.pypi(name, "1.0")
    assert set(installs(world.solve("pkg[a]", "app"))) == {"pkg", "app", "one", "two"}
