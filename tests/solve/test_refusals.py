"""What cannot be done is told in the words of who asked: the whole text is the promise."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.version import Version

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.errors import CondadepsError, ConflictError, NotFoundError, NoVersionError, UnsatisfiableError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.explain import Chain, Step, ruled_out
from condadeps.solve.refusal_tree import read
from condadeps.solve.universe import CondaCandidate
from condadeps.solve.wanted import wanted
from tests.solve.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("numpy", "2.1.0", depends=["python"])
    world.conda("pandas", "4.0.0", depends=["python", "numpy >=2"])
    return world


def refused(world: World, *texts: str, **options: Any) -> UnsatisfiableError:
    with pytest.raises(UnsatisfiableError) as caught:
        world.solve(*texts, **options)
    assert len(str(caught.value).splitlines()) <= 12 + 1  # and what to type
    return caught.value


def says(error: UnsatisfiableError, text: str) -> None:
    assert str(error) == textwrap.dedent(text).strip()


def test_a_clash_across_the_border_names_both_chains(world: World) -> None:
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    world.pypi("oldlib", "1.1", requires=["numpy<2"])
    world.pypi("app", "3.0", requires=["oldlib>=1"])
    error = refused(world, "pandas", "app")
    assert isinstance(error, ConflictError)
    says(
        error,
        """
        these cannot be had together: pandas, app
          pandas → pandas 4.0.0 needs numpy >=2
          app → app 3.0 needs oldlib >=1 → oldlib 1.1, 1.0 needs numpy <2
        help: give up one: pandas, or app
        """,
    )
    assert error.data["chains"][0][1] == {"name": "pandas", "versions": ["4.0.0"], "needs": "numpy >=2"}


def test_what_was_asked_for_earlier_is_not_broken_and_the_command_that_would_is_told(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy 1.26.*"])
    says(
        refused(world, "pandas"),
        """
        pandas cannot be had in this environment
          numpy 1.26.* was asked for earlier
          pandas → pandas 4.0.0 needs numpy >=2
        help: `condadeps install pandas numpy` lets numpy move, though numpy 1.26.* was asked for earlier
        """,
    )
    assert {str(link.package.name) for link in world.solve("pandas", "numpy").link} == {"numpy", "pandas"}


def test_an_installed_pip_project_that_would_break_is_named(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.pip("oldlib", "1.0", requires=["numpy<2"])
    says(
        refused(world, "numpy>=2"),
        """
        numpy>=2 cannot be had in this environment
          numpy >=2 was asked for
          oldlib (installed by pip) → oldlib 1.0 (installed by pip) needs numpy <2
        help: `condadeps remove oldlib` makes room; or give up numpy>=2 (then numpy 1.26.4)
        """,
    )


def test_a_requirement_that_exists_nowhere_is_named(world: World) -> None:
    world.pypi("app", "1.0", requires=["nosuch>=1"])
    says(
        refused(world, "app"),
        """
        app cannot be had in this environment
          app → app 1.0 needs nosuch >=1, which no configured channel and no index has
        """,
    )


def test_python_s_minor_version_stays(world: World) -> None:
    world.conda("python", "3.12.1")
    world.conda("newer", "1", depends=["python >=3.12"])
    says(
        refused(world, "newer"),
        """
        newer cannot be had in this environment
          the environment's Python stays 3.11
          newer → newer 1 needs python >=3.12
        help: another environment can have it: `condadeps create -p DIR python=3.12 newer`
        """,
    )
    assert "python=3.12" in str(refused(world, "python=3.12"))


def test_a_pin_is_named(world: World) -> None:
    world.pinned = ("numpy <2",)
    says(
        refused(world, "pandas"),
        """
        pandas cannot be had in this environment
          numpy <2 is pinned (conda-meta/pinned or pinned_packages)
          pandas → pandas 4.0.0 needs numpy >=2
        help: without the pin 'numpy <2' it can be had (conda-meta/pinned)
        """,
    )


def test_what_the_machine_does_not_have_is_named(world: World) -> None:
    world.conda("cuda", "1", depends=["__cuda >=12"])
    says(
        refused(world, "cuda"),
        """
        cuda cannot be had in this environment
          cuda → cuda 1 needs __cuda >=12, which this machine does not have
        """,
    )


def test_an_unknown_name_says_where_it_was_looked_for_and_what_is_near(world: World) -> None:
    error = refused(world, "pandsa")
    assert isinstance(error, NotFoundError)
    says(
        error,
        """
        nothing is called pandsa
          looked in forge, PyPI
          near names: pandas
        """,
    )
    assert error.data == {"name": "pandsa", "looked_in": ["forge", "PyPI"], "near": ["pandas"]}


def test_an_unknown_conda_package_is_not_looked_for_on_pypi(world: World) -> None:
    error = refused(world, "conda:pandsa")
    assert isinstance(error, NotFoundError) and error.data["looked_in"] == ["forge"]
    assert world.index.pages_read == []


def test_an_impossible_version_says_which_there_are(world: World) -> None:
    world.pypi("numpy", "2.2.0")
    error = refused(world, "numpy>=99")
    assert isinstance(error, NoVersionError)
    says(
        error,
        """
        no version of numpy is >=99
          conda has 2.1.0, 1.26.4
          PyPI has 2.2.0
        """,
    )
    assert error.data["available"] == ["2.2.0", "2.1.0", "1.26.4"]
    assert isinstance(refused(world, "numpy=7"), NoVersionError)


def test_without_pip_pypi_is_not_asked_and_the_error_says_so(world: World) -> None:
    world.pypi("seaborn", "0.13.2")
    says(
        refused(world, "seaborn", pip="never"),
        """
        no configured channel has seaborn, and pip is switched off
          looked in forge
        help: leave out --no-pip to look on PyPI too
        """,
    )
    assert world.index.pages_read == []


def test_requests_that_contradict_each_other_are_shown_both(world: World) -> None:
    says(
        refused(world, "numpy>=2", "numpy<2"),
        """
        these cannot be had together: numpy>=2, numpy<2
          numpy <2 was asked for
          numpy >=2 was asked for
        help: give up one: numpy>=2 (then numpy 1.26.4), or numpy<2 (then numpy 2.1.0)
        """,
    )
    assert "numpy >=2, which conda:numpy=1.26 rules out" in str(
        refused(world, "conda:numpy=1.26", "numpy>=2")
    )


def test_near_names_are_of_both_worlds(tmp_path: Path) -> None:
    world = World(tmp_path / "venv", is_conda=False)
    error = refused(world, "reqests")
    assert isinstance(error, NotFoundError) and "requests" in error.data["near"]
    assert "requests" not in refused(World(tmp_path / "env"), "reqests", pip="never").data["near"]


def test_however_much_clashes_twelve_lines_say_it(world: World) -> None:
    for number in range(30):
        world.pypi(f"old{number}", "1.0", requires=[f"numpy<{2 - number / 100}"])
    error = refused(world, "pandas", *(f"old{number}" for number in range(30)))
    assert len([error.message, *error.detail]) <= 12


def test_a_refusal_survives_as_data(world: World) -> None:
    world.pypi("app", "3.0", requires=["numpy<2"])
    error = refused(world, "pandas", "app")
    document = json.loads(json.dumps(error.to_json()))
    again = CondadepsError.from_json(document)
    assert type(again) is ConflictError and str(again) == str(error)
    assert document["data"] == {
        "asked": ["pandas", "app"],
        "chains": [
            [
                {"name": "", "versions": [], "needs": "app"},
                {"name": "app", "versions": ["3.0"], "needs": "numpy <2"},
                {"end": ""},
            ],
            [
                {"name": "", "versions": [], "needs": "pandas"},
                {"name": "pandas", "versions": ["4.0.0"], "needs": "numpy >=2"},
                {"end": ""},
            ],
        ],
        "relax": [
            {"give_up": "pandas", "text": "give up pandas"},
            {"give_up": "app", "text": "give up app"},
        ],
    }


def test_three_layers_deep_on_both_sides_is_told_in_order(world: World) -> None:
    world.conda("viewer", "1.0", depends=["python", "render"])
    world.conda("render", "2.0", depends=["python", "pandas >=4"])
    world.pypi("app", "3.0", requires=["middle"])
    world.pypi("middle", "1.0", requires=["oldlib"])
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    says(
        refused(world, "viewer", "app"),
        """
        these cannot be had together: viewer, app
          app → app 3.0 needs middle → middle 1.0 needs oldlib → oldlib 1.0 needs numpy <2
          viewer → viewer 1.0 needs render → render 2.0 needs pandas >=4 → pandas 4.0.0 needs numpy >=2
        help: give up one: viewer, or app
        """,
    )


def test_a_refusal_in_two_parts_is_read_whole(world: World) -> None:
    """PyPI's pandas is impossible by itself, conda's clashes with the rest."""
    world.conda("pandas", "2.2.3", depends=["python", "numpy >=1.26"])
    world.pypi("pandas", "4.1.0", requires=["numpy>=2"])
    world.pypi("numpy", "1.26.4")
    world.pypi("numpy", "2.1.0")
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy", requested=["numpy 1.26.*"])
    world.link("pandas", "2.2.3", depends=["python", "numpy >=1.26"], ships="pandas", requested=["pandas"])
    error = refused(world, "pandas>=4", "numpy<2")
    assert isinstance(error, ConflictError)
    says(
        error,
        """
        these cannot be had together: pandas>=4, numpy<2
          numpy <2 was asked for
          pandas >=4 → pandas 4.0.0 needs numpy >=2
        help: give up one: pandas>=4 (then pandas 2.2.3), or numpy<2 (then numpy 2.1.0)
        """,
    )


def test_what_only_pypi_has_and_another_request_rules_out_is_told(world: World) -> None:
    world.pypi("app", "1.0", requires=["numpy>=2"])
    says(
        refused(world, "app", "numpy<2"),
        """
        these cannot be had together: app, numpy<2
          app → app 1.0 needs numpy >=2, which numpy<2 rules out
        help: give up one: numpy<2 (then numpy 2.1.0), or app
        """,
    )


def test_the_solver_s_two_parts_are_one_level() -> None:
    message = textwrap.dedent(
        """\
        Cannot solve the request because of: a >=2 cannot be installed because there are no viable options:
        └─ a 3 would require
           └─ project--n >=3, for which no candidates were found.
        The following packages are incompatible
        ├─ a * can be installed with any of the following options:
        │  └─ a 1
        └─ project--n >=1,<3 cannot be installed because there are no viable options:
           └─ project--n 2 would require
              └─ n ==2, for which no candidates were found.
        """
    )
    assert [(line.name, len(line.below)) for line in read(message)] == [
        ("a", 1),
        ("a", 1),
        ("project--n", 1),
    ]


def test_a_request_that_the_solver_leaves_out_of_its_words_is_named(world: World) -> None:
    items = wanted([parse(Asked(text)) for text in ("pandas>=4", "numpy<2")], world.target, world.homes, bool)
    numpy = SimpleNamespace(conda=[CondaCandidate(PackageName("numpy"), "1.26.4", Version("1.26.4"))])
    entries: Any = {ProjectName("numpy"): numpy}
    problem: Any = SimpleNamespace(
        items=items, discovery=SimpleNamespace(universe=SimpleNamespace(entries=entries))
    )
    chain = Chain(
        (Step("", (), "pandas >=4"), Step("pandas", ("4.0.0",), "numpy >=2")), head="project--pandas"
    )
    assert list(map(str, ruled_out([chain], problem))) == [
        "pandas >=4 → pandas 4.0.0 needs numpy >=2, which numpy<2 rules out"
    ]
    told = Chain((Step("", (), "numpy <2"),), head="project--numpy", asked=True)
    assert ruled_out([told, chain], problem) == [told, chain], "it is told already"


def test_the_same_thing_is_not_advised_twice(world: World) -> None:
    world.link("numpy", "2.1.0", depends=["python"], ships="numpy")
    world.conda("pandas", "3.0.0", depends=["python", "numpy"])
    error = refused(world, "pandas>=4", "conda:numpy=1.26")
    given_up = [way["give_up"] for way in error.data["relax"]]
    assert given_up == ["pandas>=4", "conda:numpy=1.26"]


def test_two_extras_that_clash_are_both_told(world: World) -> None:
    world.pypi("app", "2.0", requires=["lib<2; extra=='a'", "lib>=2; extra=='b'"], extras=["a", "b"])
    world.pypi("lib", "1.0")
    world.pypi("lib", "2.0")
    says(
        refused(world, "app[a,b]"),
        """
        app[a,b] cannot be had in this environment
          app[a,b] → app 2.0 needs lib <2
          app[a,b] → app 2.0 needs lib >=2
        help: give up one: the extra a of app[a,b], or the extra b of app[a,b]
        """,
    )


def test_what_is_installed_and_in_the_way_may_be_removed(world: World) -> None:
    world.link("old", "1.0", depends=["python", "numpy <2"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    says(
        refused(world, "pandas"),
        """
        pandas cannot be had in this environment
          old (installed) → old 1.0 needs numpy <2
          pandas → pandas 4.0.0 needs numpy >=2
        help: `condadeps remove old` makes room
        """,
    )
