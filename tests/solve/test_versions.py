"""PEP 440 decides; the solver is told numbers; conda's grammar is shown what admits the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from rattler import MatchSpec, VersionSpec
from rattler import Version as CondaVersion

from condadeps.asked.job import Asked
from condadeps.errors import ConflictError, NoVersionError, UnsatisfiableError
from condadeps.names.homes import Home
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.constraint import conda_constraint
from condadeps.solve.encode import record
from condadeps.solve.universe import Entry, conda_candidates
from condadeps.solve.versions import Order, ranges
from tests.solve.world import World, installs, linked

RELEASES = st.lists(st.integers(0, 12), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
VERSIONS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "", "1!"]),
    RELEASES,
    st.sampled_from(["", "", "a1", "b2", "rc1"]),
    st.sampled_from(["", "", ".post1"]),
    st.sampled_from(["", "", ".dev1"]),
)
LOCALS = st.builds("{}{}".format, VERSIONS, st.sampled_from(["", "", "+cu118", "+local.2"]))
CLAUSES = st.one_of(
    st.builds("{}{}".format, st.sampled_from([">=", "<=", ">", "<", "==", "!=", "==="]), VERSIONS),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), RELEASES),
    st.builds("~={}.{}".format, st.integers(0, 12), RELEASES),
)
SPECIFIERS = st.lists(CLAUSES, max_size=3).map(",".join)


@settings(max_examples=4 * settings.default.max_examples)
@given(st.lists(LOCALS, min_size=1, max_size=15, unique=True), SPECIFIERS)
def test_what_the_solver_is_told_admits_exactly_what_pep_440_admits(texts: list[str], clauses: str) -> None:
    versions = [Version(text) for text in texts]
    specifier = SpecifierSet(clauses)
    order = Order(versions)
    spec = MatchSpec(f"project--x {order.ranges(order.admitted(specifier))}".rstrip())
    admitted = {
        v for v in versions if spec.matches(record("project--x", str(order.numbers[v]), "0").to_rattler())
    }
    expected = set(specifier.filter(versions))
    # A specifier of no clauses is no demand at all: pre-releases too can meet it, finals being newer or not.
    assert admitted == (expected if clauses else admitted | expected)


@settings(max_examples=3 * settings.default.max_examples)
@given(st.lists(LOCALS, min_size=1, max_size=12, unique=True), SPECIFIERS.filter(bool))
def test_conda_s_grammar_is_shown_what_admits_the_same(texts: list[str], clauses: str) -> None:
    candidates = conda_candidates(PackageName("x"), {str(Version(text)) for text in texts})
    entry = Entry(ProjectName("x"), Home(ProjectName("x"), PackageName("x"), "", ""), conda=candidates)
    specifier = SpecifierSet(clauses)
    shown = conda_constraint(specifier, entry)
    spec = VersionSpec(shown)
    numbers, admitted = entry.order.numbers, entry.admitted(specifier)
    for candidate in candidates:
        assert candidate.version is not None
        does = spec.matches(CondaVersion(candidate.text))
        assert does == (numbers[candidate.version] in admitted), (shown, candidate.text)


@given(st.sets(st.integers(1, 40)))
def test_ranges_hold_just_their_numbers(numbers: set[int]) -> None:
    spec = VersionSpec(ranges(sorted(numbers)))
    assert {n for n in range(1, 42) if spec.matches(CondaVersion(str(n)))} == numbers


def test_versions_pep_440_cannot_read_keep_conda_s_order_and_meet_only_what_demands_nothing() -> None:
    candidates = conda_candidates(PackageName("jpeg"), {"9e", "9d", "9.1"})
    entry = Entry(
        ProjectName("jpeg"), Home(ProjectName("jpeg"), PackageName("jpeg"), "", ""), conda=candidates
    )
    assert [entry.order.at(n) for n in range(1, 4)] == ["9d", "9e", "9.1"]
    assert entry.admitted(SpecifierSet()) == {1, 2, 3}
    assert entry.admitted(SpecifierSet(">=9")) == {3}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "env")


def test_pre_releases_are_taken_as_pip_takes_them(world: World) -> None:
    world.pypi("stable", "1.0")
    world.pypi("stable", "2.0rc1")
    world.pypi("young", "1.0b1")
    assert installs(world.solve("stable", "young")) == {"stable": "1.0", "young": "1.0b1"}
    assert installs(world.solve("stable>=2.0rc1")) == {"stable": "2.0rc1"}


def test_a_yanked_file_is_taken_only_when_it_is_pinned(world: World) -> None:
    world.pypi("lib", "1.0")
    world.pypi("lib", "1.1", yanked=True)
    assert installs(world.solve("lib")) == {"lib": "1.0"}
    assert installs(world.solve("lib==1.1")) == {"lib": "1.1"}


def test_a_version_for_another_python_is_left_out(world: World) -> None:
    world.pypi("lib", "1.0", python=">=3.8")
    world.pypi("lib", "2.0", python=">=3.12")
    assert installs(world.solve("lib")) == {"lib": "1.0"}


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        ("~=1.4", "1.9"),
        ("==1.4.*", "1.4.2.post1"),
        ("!=2.0,!=1.9", "1.4.2.post1"),
        ("<1.4.2.post1", "1.4.2"),
        (">1.4.2,<1.9", None),
        ("===1.4.2", "1.4.2"),
        ("<2.0", "1.9"),
    ],
)
def test_specifiers_choose_conda_versions_by_pep_440(
    world: World, specifier: str, version: str | None
) -> None:
    for text in ("1.4.2", "1.4.2.post1", "1.9", "2.0"):
        world.conda("click", text, depends=["python"])
    world.pypi("app", "1.0", requires=[f"click{specifier}"])
    if version is None:
        # PEP 440: ``>1.4.2`` does not take 1.4.2.post1; nothing else is between.
        with pytest.raises(ConflictError):
            world.solve("app")
    else:
        assert linked(world.solve("app"))["click"] == version


def test_the_numbers_do_not_depend_on_who_offers_the_versions() -> None:
    versions = [Version(v) for v in ("1.0", "1.0.post1", "2.0.dev1", "2.0a1", "2.0")]
    for shuffled in itertools.permutations(versions):
        assert [Order(shuffled).at(n) for n in range(1, 6)] == [str(v) for v in versions]


def test_pre_releases_are_taken_when_no_final_can_be_used_here(world: World) -> None:
    """As pip does: the finals are judged after Requires-Python and tags."""
    world.pypi("lib", "1.0", python=">=3.12")
    world.pypi("lib", "1.1", tag="cp39-cp39-win_amd64")
    world.pypi("lib", "2.0rc1")
    assert installs(world.solve("lib")) == {"lib": "2.0rc1"}
    world.pypi("lib", "0.9")
    assert installs(world.solve("lib")) == {"lib": "0.9"}


def test_a_pre_release_that_one_requirement_is_left_with_suits_the_others_too(world: World) -> None:
    world.pypi("lib", "1.0")
    world.pypi("lib", "2.0b1")
    world.pypi("one", "1.0", requires=["lib"])
    world.pypi("other", "1.0", requires=["lib>=1.5"])
    assert installs(world.solve("one")) == {"one": "1.0", "lib": "1.0"}
    assert installs(world.solve("one", "other"))["lib"] == "2.0b1"


def test_a_yanked_file_says_that_it_is_and_why(world: World) -> None:
    world.pypi("lib", "1.1", yanked="it eats files")
    assert "lib 1.1 was yanked: it eats files" in world.solve("lib==1.1").warnings
    world.pypi("app", "1.0", requires=["lib>=1"])
    with pytest.raises(ConflictError):
        world.solve("app")
    assert installs(world.solve("app", constraints=["lib==1.1"])) == {"app": "1.0", "lib": "1.1"}


def test_arbitrary_equality_is_by_the_text(world: World) -> None:
    world.pypi("lib", "1.0")
    world.pypi("lib", "1.0.1")
    assert installs(world.solve("lib===1.0")) == {"lib": "1.0"}


def test_a_project_asked_for_twice_meets_both(world: World) -> None:
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    plan = world.solve("numpy", "numpy==1.26.4", "numpy>=1")
    assert linked(plan) == {"numpy": "1.26.4"}
    assert [answer.constraint for answer in plan.answers] == ["", "==1.26.4", ">=1"]
    assert {answer.version for answer in plan.answers} == {"1.26.4"}
    assert linked(world.solve("numpy", "conda:numpy=1.26")) == {"numpy": "1.26.4"}


def test_asked_from_pypi_once_is_asked_from_pypi(world: World) -> None:
    world.conda("numpy", "2.1.0", depends=["python"])
    world.pypi("numpy", "2.2.0")
    plan = world.solve("numpy", "pypi:numpy")
    assert installs(plan) == {"numpy": "2.2.0"} and not linked(plan)
    assert {answer.manager for answer in plan.answers} == {"pip"}


@settings(
    max_examples=settings.default.max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(VERSIONS, min_size=1, max_size=8, unique_by=Version), st.data())
def test_what_is_chosen_is_what_pip_would_choose(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    """One project, some of whose files are for another Python: the newest that pip's rules leave."""
    world = World(tmp_path_factory.mktemp("env", numbered=True) / "env")
    usable = []
    for text in texts:
        here = data.draw(st.booleans())
        world.pypi("lib", text, python=None if here else ">=3.12")
        usable += [Version(text)] if here else []
    clauses = data.draw(SPECIFIERS.filter(lambda text: "===" not in text))
    expected = max(SpecifierSet(clauses).filter(usable), default=None)
    if expected is None:
        with pytest.raises(UnsatisfiableError):
            world.solve(f"pypi:lib{clauses}")
    else:
        assert installs(world.solve(f"pypi:lib{clauses}")) == {"lib": str(expected)}


@settings(
    max_examples=settings.default.max_examples * 3 // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(VERSIONS, min_size=1, max_size=8, unique_by=Version), SPECIFIERS, SPECIFIERS, SPECIFIERS)
def test_requirements_from_all_sides_come_to_what_pip_would_choose(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], asked: str, needed: str, limit: str
) -> None:
    """A request, another project's requirement and a constraint: PEP 440's answer to all of them."""
    world = World(tmp_path_factory.mktemp("env", numbered=True) / "env")
    for text in texts:
        world.conda("click", str(Version(text)), depends=["python"])
    world.pypi("app", "1.0", requires=[f"click{needed}"])
    together = SpecifierSet(",".join(filter(None, (asked, needed, limit))))
    expected = max(together.filter(map(Version, texts)), default=None)
    wanted = Asked(f"click{asked}", metadata=True)
    if expected is None:
        with pytest.raises(UnsatisfiableError):
            world.solve(wanted, "app", constraints=[f"click{limit}"])
    else:
        chosen = linked(world.solve(wanted, "app", constraints=[f"click{limit}"]))["click"]
        assert Version(chosen) == expected


def test_a_file_that_only_says_itself_which_python_it_is_for_is_heeded(world: World) -> None:
    """Find-links and old indexes say nothing beside the file."""
    world.pypi("app", "2.0", python=">=3.12", tells_python=False)
    world.pypi("app", "1.0", python=">=3.8", tells_python=False)
    plan = world.solve("app")
    assert installs(plan) == {"app": "1.0"} and not plan.warnings
    with pytest.raises(NoVersionError) as caught:
        world.solve("app>=2")
    assert "app 2.0 cannot be used: it needs Python >=3.12" in caught.value.detail


def test_a_yanked_version_that_would_do_is_named(world: World) -> None:
    world.pypi("app", "1.0")
    world.pypi("app", "2.0", yanked="broken")
    with pytest.raises(NoVersionError) as caught:
        world.solve("app>=2")
    assert "app 2.0 was yanked; `app==2.0` takes it all the same" in caught.value.detail
    assert installs(world.solve("app==2.0")) == {"app": "2.0"}


def test_a_reference_for_another_python_is_refused(world: World) -> None:
    place = "https://x.invalid/app-2.0-py3-none-any.whl"
    world.place(place, "app", "2.0", python=">=3.12")
    with pytest.raises(NoVersionError, match=r"needs Python >=3\.12; here is 3\.11\.7"):
        world.solve(place)
