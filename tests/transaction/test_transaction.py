"""A plan is applied whole, and what is there afterwards is what conda and pip would have left."""

from __future__ import annotations

import json

import pytest

from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


def test_a_new_environment_has_what_the_plan_says(world: World) -> None:
    foo = tiny.noarch(world.channel, "foo", "1.0", entry_points=["foo = foo:main"])
    world.create(foo, install=[world.wheel("bar", "2.0", scripts={"bar": "bar:main"})])

    assert world.version("foo") == "1.0"
    assert world.version("bar") == "2.0"
    assert (world.prefix / "bin" / "foo").read_text().startswith(f"#!{world.prefix}/bin/python")
    assert (world.prefix / "bin" / "bar").read_text().startswith(f"#!{world.prefix}/bin/python")
    assert sorted(path.name for path in world.prefix.iterdir()) == ["bin", "conda-meta", "lib", "pyvenv.cfg"]
    assert not Room.of(world.prefix).current.exists()


def test_an_upgrade_leaves_nothing_of_the_old_version(world: World) -> None:
    old = tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "", "foo/old/deep.py": ""})
    new = tiny.noarch(world.channel, "foo", "1.1", {"foo/__init__.py": "", "foo/new.py": ""})
    world.create(old)
    world.python("import compileall; compileall.compile_dir('%s', quiet=2)" % (world.site_packages / "foo"))
    came = world.apply(world.plan([(new, old)]))

    assert came.error is None
    names = {path for path in listing(world.prefix) if "site-packages/foo" in path}
    site = f"lib/python{tiny.PYTHON}/site-packages"
    tag = f"cpython-{tiny.PYTHON.replace('.', '')}"
    assert names == {
        f"{site}/foo",
        f"{site}/foo/__init__.py",
        f"{site}/foo/new.py",
        f"{site}/foo/__pycache__",
        f"{site}/foo/__pycache__/__init__.{tag}.pyc",
        f"{site}/foo/__pycache__/new.{tag}.pyc",
        f"{site}/foo-1.1.dist-info",
        *(f"{site}/foo-1.1.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD")),
    }
    assert [path.name for path in (world.prefix / "conda-meta").glob("foo*")] == ["foo-1.1-py_0.json"]


def test_conda_superseding_pips_copy_leaves_one_dist_info(world: World) -> None:
    world.create(install=[world.wheel("foo", "0.9", scripts={"foo": "foo:main"}, data={"etc/foo.txt": "x"})])
    assert world.dist_infos("foo") == ["foo-0.9.dist-info"]
    foo = tiny.noarch(world.channel, "foo", "1.0")
    came = world.apply(world.plan([foo], uninstall=[("foo", "0.9")]))

    assert came.error is None
    assert world.dist_infos("foo") == ["foo-1.0.dist-info"]
    assert world.version("foo") == "1.0"
    assert not (world.prefix / "bin" / "foo").exists()
    assert not (world.prefix / "etc").exists()


def test_pip_superseding_condas_copy_leaves_one_dist_info(world: World) -> None:
    foo = tiny.noarch(world.channel, "foo", "1.0")
    world.create(foo)
    came = world.apply(world.plan(unlink=[foo], install=[world.wheel("foo", "99.0")]))

    assert came.error is None
    assert world.dist_infos("foo") == ["foo-99.0.dist-info"]
    assert not list((world.prefix / "conda-meta").glob("foo*"))


def test_an_upgrade_by_pip_leaves_one_dist_info(world: World) -> None:
    world.create(install=[world.wheel("foo", "1.0", modules={"foo/__init__.py": "", "foo/old.py": ""})])
    came = world.apply(world.plan(install=[world.wheel("foo", "2.0", previous="1.0")]))

    assert came.error is None
    assert world.dist_infos("foo") == ["foo-2.0.dist-info"]
    assert not (world.site_packages / "foo" / "old.py").exists()


def test_pip_leaves_the_metadata_it_would_have_left_itself(world: World) -> None:
    asked = world.wheel("foo", "1.0")
    needed = world.wheel("bar", "1.0", requested=False)
    world.create(install=[asked, needed])

    foo = world.site_packages / "foo-1.0.dist-info"
    assert (foo / "INSTALLER").read_text().strip() == "pip"
    assert (foo / "REQUESTED").exists()
    assert not (world.site_packages / "bar-1.0.dist-info" / "REQUESTED").exists()
    assert not (foo / "direct_url.json").exists()
    lines = (foo / "RECORD").read_text().splitlines()
    listed = {line.split(",")[0] for line in lines}
    there = {path.relative_to(world.site_packages).as_posix() for path in foo.iterdir()}
    there |= {
        path.relative_to(world.site_packages).as_posix()
        for path in (world.site_packages / "foo").rglob("*")
        if path.is_file()
    }
    assert listed == there
    assert any(path.endswith(".pyc") for path in listed)
    code = "import foo, marshal; print(marshal.loads(open(foo.__cached__, 'rb').read()[16:]).co_filename)"
    assert world.python(code) == str(world.site_packages / "foo" / "__init__.py")


def test_the_history_is_condas(world: World) -> None:
    old = tiny.noarch(world.channel, "foo", "1.0")
    new = tiny.noarch(world.channel, "foo", "1.1")
    world.create(old)
    world.apply(world.plan([(new, old)]), command="condadeps install foo")

    text = (world.prefix / "conda-meta" / "history").read_text()
    last = text[text.rindex("==> ") :].splitlines()
    base = world.channel.as_uri()
    assert last[1] == "# cmd: condadeps install foo"
    assert last[3:] == [f"-{base}/noarch::foo-1.0-py_0", f"+{base}/noarch::foo-1.1-py_0"]


def test_a_finished_change_is_kept_among_the_past_ones(world: World) -> None:
    world.create()
    past = list(Room.of(world.prefix).past.iterdir())
    assert len(past) == 1
    document = json.loads(past[0].read_text())
    assert document["state"] == "done"
    assert document["plan"]["link"][0]["package"]["name"] == "python"
