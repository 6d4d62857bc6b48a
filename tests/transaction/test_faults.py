"""Nothing half-done: whatever goes wrong, the environment is as it was, or the next call puts it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import HashError, SpaceError, TransactionError
from condadeps.solve.plan import Plan
from condadeps.transaction.room import Room
from tests.transaction import killing, tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


def mixed(world: World) -> Plan:
    """An environment, and a plan that does to it everything a plan can do at once."""
    channel = world.channel
    old = tiny.noarch(
        channel, "foo", "1.0", {"foo/__init__.py": "a", "foo/old/deep.py": "", "foo/same.py": ""}
    )
    new = tiny.noarch(
        channel,
        "foo",
        "1.1",
        {"foo/__init__.py": "b", "foo/fresh/x.py": ""},
        entry_points=["foo = foo:main"],
    )
    lib = tiny.package(
        channel, "lib", "1", {"lib/libx.so": Path("libx.so.1"), "lib/libx.so.1": "1", "share/lib/a": ""}
    )
    lib2 = tiny.package(channel, "lib", "2", {"lib/libx.so": Path("libx.so.2"), "lib/libx.so.2": "2"})
    turned = tiny.package(channel, "turned", "1", {"share/turned": "a file"})
    turned2 = tiny.package(channel, "turned", "2", {"share/turned/now": "a directory"})
    back = tiny.package(channel, "back", "1", {"share/back/was": "a directory"})
    back2 = tiny.package(channel, "back", "2", {"share/back": "a file"})
    leaving = tiny.package(channel, "leaving", "1", {"share/leaving/deep/down": "x", "bin/leaving": "x"})
    bar = tiny.noarch(channel, "bar", "2.0")
    many = tiny.package(channel, "many", "1", {f"bin/many-{n}": str(n) for n in range(25)})
    world.create(
        old,
        lib,
        turned,
        back,
        leaving,
        install=[
            world.wheel("bar", "1.0", scripts={"bar": "bar:main"}),
            world.wheel("baz", "1.0", modules={"baz/__init__.py": "", "baz/gone.py": ""}),
        ],
    )
    (world.prefix / "share" / "mine.txt").write_text("a person's own file")
    return world.plan(
        [(new, old), (lib2, lib), (turned2, turned), (back2, back), bar, many],
        unlink=[leaving],
        install=[world.wheel("baz", "2.0", previous="1.0"), world.wheel("qux", "1.0")],
        uninstall=[("bar", "1.0")],
    )


def test_a_mixed_change_arrives_whole(world: World) -> None:
    plan = mixed(world)
    came = world.apply(plan)

    assert came.error is None
    assert [world.version(name) for name in ("foo", "bar", "baz", "qux")] == ["1.1", "2.0", "2.0", "1.0"]
    paths = set(listing(world.prefix))
    assert "share/turned/now" in paths and "share/back" in paths and "share/mine.txt" in paths
    assert not {path for path in paths if "leaving" in path or "gone.py" in path or "foo/old" in path}
    assert not {path for path in paths if path.startswith(("bin/bar", "share/lib", "lib/libx.so.1"))}


@pytest.mark.parametrize("fault", ["kill", "full"])
def test_a_change_struck_at_any_point_is_whole_or_as_it_was(world: World, fault: str) -> None:
    struck = killing.strike(mixed(world), world.cache, fault)

    states = [one.state for one in struck]
    turned = states.index("after")
    assert len(struck) >= 50
    assert states == ["before"] * turned + ["after"] * (len(states) - turned)
    assert turned >= len(struck) - 3  # only filing away and sweeping come after "done"
    if fault == "kill":
        assert [one.recovered for one in struck] == [0 < n < turned for n in range(len(struck))]


def test_a_change_killed_is_put_back_by_the_next_call(world: World) -> None:
    plan = mixed(world)
    before = listing(world.prefix)
    assert world.apply(plan, at=12).killed

    came = world.apply(plan, recover_only=True)
    assert came.error is None
    assert listing(world.prefix) == before
    assert "put back as it was" in came.notices[0]
    assert not Room.of(world.prefix).current.exists()


def test_a_full_disk_puts_everything_back(world: World) -> None:
    plan = mixed(world)
    before = listing(world.prefix)
    came = world.apply(plan, at=18, fault="full")

    assert isinstance(came.error, SpaceError)
    assert listing(world.prefix) == before
    assert not Room.of(world.prefix).current.exists()


def test_a_killed_change_can_be_made_again(world: World) -> None:
    plan = mixed(world)
    assert world.apply(plan, at=15).killed
    came = world.apply(plan)

    assert came.error is None
    assert came.notices
    assert world.version("foo") == "1.1"


@pytest.mark.parametrize("at", [0, 5])
def test_a_killed_creation_leaves_nothing_in_the_way(world: World, at: int) -> None:
    plan = world.plan([tiny.python(world.channel)], install=[world.wheel("bar", "1.0")])
    assert world.apply(plan, create="locked", at=at).killed
    came = world.apply(plan, create="locked")

    assert came.error is None
    assert world.version("bar") == "1.0"


@pytest.mark.parametrize("at", [3, 7, 11])
def test_python_and_pips_projects_at_once_are_taken_back_too(world: World, at: int) -> None:
    lib = tiny.package(world.channel, "lib", "1", {"lib/x/libx.so": "x", "bin/x": "x"})
    assert world.apply(world.plan([lib]), create="locked").error is None
    before = listing(world.prefix)
    plan = world.plan(
        [tiny.python(world.channel), tiny.noarch(world.channel, "foo", "1.0", {"shared/a.py": ""})],
        install=[world.wheel("bar", "1.0", modules={"shared/a.py": "pip's", "shared/b.py": ""})],
    )
    assert world.apply(plan, at=at).killed
    assert world.apply(plan, recover_only=True).error is None
    assert listing(world.prefix) == before
    came = world.apply(plan)
    assert came.error is None
    assert (world.site_packages / "shared" / "a.py").read_text() == ""
    assert (world.site_packages / "shared" / "b.py").exists()
    assert "as conda has it" in came.warnings[0]


@pytest.mark.parametrize("create", ["locked", "unlocked"])
def test_a_creation_that_fails_leaves_no_folder(world: World, create: str) -> None:
    plan = world.plan([tiny.python(world.channel)], install=[world.wheel("bar", "1.0")])
    came = world.apply(plan, create=create, at=6, fault="full")

    assert isinstance(came.error, SpaceError)
    assert not world.prefix.exists()


def test_a_conda_package_of_another_hash_touches_nothing(world: World) -> None:
    world.create()
    before = listing(world.prefix)
    foo = tiny.noarch(world.channel, "foo", "1.0")
    path = world.channel / "noarch" / foo.filename
    path.write_bytes(path.read_bytes() + b"\0")
    came = world.apply(world.plan([foo]))

    assert isinstance(came.error, HashError)
    assert came.error.data["expected"] == foo.sha256
    assert listing(world.prefix) == before


def test_a_wheel_of_another_hash_touches_nothing(world: World) -> None:
    world.create()
    before = listing(world.prefix)
    bar = world.wheel("bar", "1.0")
    (world.wheels / bar.artifact.filename).write_bytes(b"something else")
    came = world.apply(world.plan([tiny.noarch(world.channel, "foo", "1.0")], install=[bar]))

    assert isinstance(came.error, HashError)
    assert listing(world.prefix) == before


def test_a_wheel_that_pip_refuses_touches_nothing(world: World) -> None:
    world.create(tiny.noarch(world.channel, "foo", "1.0"))
    before = listing(world.prefix)
    bar = world.wheel("bar", "1.0", data={"../../outside": "x"})
    came = world.apply(world.plan(install=[bar]))

    assert isinstance(came.error, TransactionError)
    assert listing(world.prefix) == before


def test_a_post_link_script_that_fails_puts_everything_back(world: World) -> None:
    old = tiny.package(world.channel, "foo", "1", {"share/foo": "1"})
    script = "echo said > $PREFIX/.messages.txt; echo x > $PREFIX/share/litter; echo reason; exit 3\n"
    new = tiny.package(world.channel, "foo", "2", {"share/foo": "2", "bin/.foo-post-link.sh": script})
    world.create(old)
    before = listing(world.prefix)
    came = world.apply(world.plan([(new, old)]))

    assert isinstance(came.error, TransactionError)
    assert "post-link script of foo-2-0 failed" in str(came.error) and "reason" in str(came.error)
    assert listing(world.prefix) == before


def test_link_scripts_run_as_conda_runs_them(world: World) -> None:
    tell = "echo $PKG_NAME $PKG_VERSION $PKG_BUILDNUM > $PREFIX/{}; echo hello > $PREFIX/.messages.txt\n"
    foo = tiny.package(
        world.channel,
        "foo",
        "1",
        {"bin/.foo-post-link.sh": tell.format("came"), "bin/.foo-pre-unlink.sh": tell.format("went")},
    )
    world.create()
    came = world.apply(world.plan([foo]))
    assert came.error is None
    assert (world.prefix / "came").read_text() == "foo 1 0\n"
    assert came.warnings == ["hello"]

    came = world.apply(world.plan(unlink=[foo]))
    assert came.error is None
    assert (world.prefix / "went").exists()
