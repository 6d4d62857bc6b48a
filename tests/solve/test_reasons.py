"""The reason of every item of a plan is true: what is new is needed or asked for, what moved says why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from condadeps.errors import NotFoundError
from condadeps.prefix import installed
from condadeps.solve.plan import Plan
from condadeps.solve.reasons import admits
from tests.solve.world import World, installs, linked, why

ASKED = re.compile(r"asked( from PyPI)?|for %condadeps in its kernel|the newest that fits")
NEEDED = re.compile(r"needed by (?P<name>\S+) (?P<version>\S+)")
MOVED = re.compile(r"(?:asked; )?moved: (?P<name>\S+) (?P<version>\S+) needs (?P<need>(?:(?!, |;).)+)")


def check(plan: Plan, packages: dict[str, str], distributions: dict[str, str]) -> None:
    """Every reason of a plan holds, for what was there and what will be: versions by name."""
    before = {**distributions, **packages}
    gone = {str(one.package.name) for one in plan.unlink if str(one.package.name) not in installs(plan)}
    after = {n: v for n, v in {**before, **installs(plan), **linked(plan)}.items() if n not in gone}
    items = [(str(i.package.name), i.package.version, i.reason) for i in plan.link]
    items += [(str(i.artifact.project), i.artifact.version, i.reason) for i in plan.install]
    for name, version, reason in items:
        previous = before.get(name)
        said = reason.partition(";")[0]
        taken_over = name in linked(plan) and name in distributions and name not in packages
        if previous in (None, version) or (taken_over and said.startswith("needed by")):
            needed = NEEDED.fullmatch(said)
            assert ASKED.fullmatch(said) or needed, (name, reason)
            assert needed is None or after[needed["name"]] == needed["version"], (name, reason)
        elif not ASKED.fullmatch(reason.split("; ")[-1] if "moved" in reason else said):
            moved = MOVED.match(reason)
            assert moved, (name, reason)
            own = (moved["name"], moved["version"]) == (name, previous)
            assert own or after[moved["name"]] == moved["version"], (name, reason)
            need, _, spec = moved["need"].partition(" ")
            wanted = f"{need} {spec}" if spec and spec[0] in "<>=!" else need
            assert not admits(wanted, after[need] if own else previous), (name, reason)


def there(world: World) -> tuple[dict[str, str], dict[str, str]]:
    """What is installed, by conda and by pip."""
    packages = {str(n): p.version for n, p in installed.packages(world.directory).items()}
    distributions = {str(n): d.version for n, d in installed.distributions(world.target).items()}
    return packages, distributions


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "env")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    world.conda("pytz", "2026.1", depends=["python"])
    world.conda("pandas", "2.2.3", depends=["python", "numpy >=1.26", "pytz"])
    world.conda("pandas", "3.1.1", depends=["python", "numpy >=2"])
    world.conda("scipy", "1.15", depends=["python", "numpy >=2"])
    world.conda("geo", "1.0", depends=["python", "pandas >=2"])
    world.conda("viewer", "1.0", depends=["python", "geo", "pandas <3"])
    world.pypi("pandas", "3.1.0", requires=["numpy>=2"])
    world.pypi("pandas", "3.0.6", requires=["numpy>=1.26"])
    world.pypi("numpy", "1.26.3")
    world.pypi("oldlib", "1.0", requires=["numpy<2"])
    world.pypi("app", "1.0", requires=["pandas<3", "helper"])
    world.pypi("helper", "2.0", requires=["pytz"])
    return world


def with_conda(world: World) -> None:
    world.link("numpy", "2.1.0", depends=["python"], ships="numpy")
    world.link("pandas", "3.1.1", depends=["python", "numpy >=2"], ships="pandas")


def with_geo(world: World) -> None:
    with_conda(world)
    world.link("geo", "1.0", depends=["python", "pandas >=2"], requested=["geo"])


def with_pip(world: World) -> None:
    world.link("numpy", "2.1.0", depends=["python"], ships="numpy")
    world.pip("pandas", "3.1.0", requires=["numpy>=2"])


def with_old(world: World) -> None:
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.link("pytz", "2026.1", depends=["python"], ships="pytz")
    world.link("pandas", "2.2.3", depends=["python", "numpy >=1.26", "pytz"], ships="pandas")


REQUESTS = [
    ["numpy<2"],
    ["pandas", "numpy<2"],
    ["conda:numpy=1.26"],
    ["pypi:numpy<2"],
    ["oldlib"],
    ["pandas<3"],
    ["pandas==3.0.6"],
    ["viewer"],
    ["app"],
    ["scipy"],
    ["helper", "geo"],
]


@pytest.mark.parametrize("state", [None, with_conda, with_geo, with_pip, with_old])
def test_every_reason_of_every_plan_is_true(world: World, state: object) -> None:
    if callable(state):
        state(world)
    for texts in REQUESTS:
        if texts == ["pypi:numpy<2"] and state not in (None, with_pip):
            continue  # conda's pandas needs conda's numpy
        if state is with_geo and texts == ["pandas==3.0.6"]:
            continue  # conda's geo needs conda's pandas
        check(world.solve(*texts), *there(world))
    check(world.solve("numpy<2", constraints=["pytz<2027"]), *there(world))


def test_what_moved_says_what_it_had_to_fit(world: World) -> None:
    with_conda(world)
    reasons = why(world.solve("numpy<2"))
    assert reasons == {
        "numpy": "asked",
        "pandas": "moved: pandas 3.1.1 needs numpy >=2, numpy<2 was asked for",
        "pytz": "needed by pandas 2.2.3",
    }
    assert why(world.solve("oldlib"))["pandas"] == (
        "moved: pandas 3.1.1 needs numpy >=2, oldlib 1.0 needs numpy <2"
    )


def test_what_conda_takes_over_from_pip_says_why(world: World) -> None:
    with_pip(world)
    plan = world.solve("numpy<2")
    assert linked(plan) == {"numpy": "1.26.4", "pandas": "2.2.3", "pytz": "2026.1"}
    assert why(plan)["pandas"] == "moved: pandas 3.1.0 needs numpy >=2, numpy<2 was asked for"
    assert why(plan)["pytz"] == "needed by pandas 2.2.3"


def test_what_pip_moves_says_why(world: World) -> None:
    with_pip(world)
    plan = world.solve("pypi:numpy<2")
    assert installs(plan) == {"numpy": "1.26.3", "pandas": "3.0.6"}
    assert why(plan)["pip pandas"].startswith(
        "moved: pandas 3.1.0 needs numpy >=2, pypi:numpy<2 was asked for"
    )


def test_what_was_asked_for_bare_and_moved_says_why_too(world: World) -> None:
    with_conda(world)
    reason = "asked; moved: pandas 3.1.1 needs numpy >=2, numpy<2 was asked for"
    assert why(world.solve("pandas", "numpy<2"))["pandas"] == reason
    assert why(world.solve("pandas<3", "numpy<2"))["pandas"] == "asked"


def test_a_package_put_back_older_by_an_update_of_everything_says_why(world: World) -> None:
    with_conda(world)
    (record,) = (world.directory / "conda-meta").glob("numpy-*.json")
    assert json.loads(record.read_text())["requested_specs"] == []
    world.pinned = ("numpy <2",)
    reasons = why(world.solve(verb="update"))
    assert reasons["numpy"] == "moved: numpy <2 is pinned"
    assert reasons["pandas"] == "moved: pandas 3.1.1 needs numpy >=2, numpy <2 is pinned"


def test_what_moves_with_its_own_dependency_says_what_moved_both(tmp_path: Path) -> None:
    """Not the dependency that came along: that would be no reason."""
    world = World(tmp_path / "other")
    world.conda("numpy", "1.26.4", depends=["python"])
    world.conda("numpy", "2.1.0", depends=["python"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    world.pip("jit", "1.0", requires=["helper==1.0", "numpy<2"])
    world.pip("helper", "1.0")
    world.pypi("jit", "2.0", requires=["helper==2.0", "numpy"])
    world.pypi("helper", "2.0")
    reasons = why(world.solve("numpy>=2"))
    assert reasons["pip jit"].startswith("moved: jit 1.0 needs numpy <2, numpy>=2 was asked for")
    assert reasons["pip helper"].startswith("moved: jit 2.0 needs helper ==2.0")


def test_where_it_was_looked_is_said_as_it_is(tmp_path: Path) -> None:
    world = World(tmp_path / "other")
    world.pypi("app", "1.0")
    reason = why(world.solve("app", exclude_newer="2024-01-01"))["pip app"]
    assert reason == "asked; no configured channel has it (with --exclude-newer 2024-01-01)"
    world.index.called = "pip's find-links (no index may be asked)"
    with pytest.raises(NotFoundError, match=r"looked in forge, pip's find-links \(no index may be asked\)"):
        world.solve("absent")
