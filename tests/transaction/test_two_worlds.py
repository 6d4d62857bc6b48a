"""conda's files are conda's: pip's give way to them, and what pip had done to them is put right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from condadeps.names.namespaces import ProjectName
from condadeps.solve.plan import Answer
from tests.transaction import tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


def test_a_pip_file_gives_way_to_a_conda_package_that_has_it_too(world: World) -> None:
    world.create(
        tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "", "tests/__init__.py": "conda's"})
    )
    bar = world.wheel("bar", "1.0", modules={"bar/__init__.py": "", "tests/__init__.py": "pip's"})
    came = world.apply(world.plan(install=[bar]))

    assert came.error is None
    assert (world.site_packages / "tests" / "__init__.py").read_text() == "conda's"
    assert "tests/__init__.py" not in (world.site_packages / "bar-1.0.dist-info" / "RECORD").read_text()
    assert len(came.warnings) == 1 and "as conda has it" in came.warnings[0]


def test_a_pip_file_gives_way_to_a_conda_package_that_comes_with_it(world: World) -> None:
    world.create()
    foo = tiny.noarch(world.channel, "foo", "1.0", {"tests/__init__.py": "conda's"})
    bar = world.wheel("bar", "1.0", modules={"bar.py": "", "tests/__init__.py": "pip's", "tests/more.py": ""})
    came = world.apply(world.plan([foo], install=[bar]))

    assert came.error is None
    assert (world.site_packages / "tests" / "__init__.py").read_text() == "conda's"
    assert (world.site_packages / "tests" / "more.py").exists()


@pytest.mark.parametrize("version", ["0.9", "1.0"])
def test_what_pip_put_over_a_conda_package_is_put_right(world: World, version: str) -> None:
    world.create(tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "conda's"}))
    before = listing(world.prefix)
    wheel = world.wheel("foo", version, modules={"foo/__init__.py": "pip's"})
    # As `pip install foo` leaves it that does not see conda's copy.
    world.python(
        "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])".replace(
            "sys.argv[1]", repr(str(world.wheels / wheel.artifact.filename))
        ).replace("sys.argv[2]", repr(str(world.root / "unpacked")))
    )
    for path in (world.root / "unpacked").rglob("*"):
        there = world.site_packages / path.relative_to(world.root / "unpacked")
        if path.is_file():
            there.parent.mkdir(exist_ok=True)
            there.unlink(missing_ok=True)
            path.rename(there)
    (world.site_packages / f"foo-{version}.dist-info" / "INSTALLER").unlink(missing_ok=True)
    (world.site_packages / f"foo-{version}.dist-info" / "INSTALLER").write_text("pip\n")
    came = world.apply(world.plan(uninstall=[("foo", version)]))

    assert came.error is None
    assert any("laid out anew" in warning for warning in came.warnings)
    leftover = f"lib/python{tiny.PYTHON}/site-packages/foo-1.0.dist-info/WHEEL"
    after = {path: what for path, what in listing(world.prefix).items() if path != leftover}
    assert {path: what for path, what in after.items() if "conda-meta" not in path} == {
        path: what for path, what in before.items() if "conda-meta" not in path
    }


def test_a_package_over_anothers_file_is_said(world: World) -> None:
    world.create(tiny.package(world.channel, "one", "1", {"share/same": "one"}))
    came = world.apply(world.plan([tiny.package(world.channel, "two", "1", {"share/same": "two"})]))
    assert came.error is None
    assert came.warnings == ["share/same of one was replaced: another package has one too"]


def test_packages_with_the_same_files_are_said_in_a_line_whether_they_come_together_or_not(
    world: World,
) -> None:
    files = {f"share/same/{number}": "" for number in range(3)}
    one, two = (tiny.package(world.channel, name, "1", files) for name in ("one", "two"))
    world.create()
    came = world.apply(world.plan([one, two]))
    assert came.error is None
    (line,) = came.warnings
    assert line in {
        f"share/same/0 and 2 other files of {name} were set aside: another package has them too"
        for name in ("one", "two")
    }
    came = world.apply(world.plan([tiny.package(world.channel, "three", "1", files)]))
    (line,) = came.warnings
    assert line in {
        f"share/same/0 and 2 other files of {name} were replaced: another package has them too"
        for name in ("one", "two")
    }


def test_what_was_asked_for_is_in_the_records(world: World) -> None:
    foo, bar = tiny.noarch(world.channel, "foo", "1.0"), tiny.noarch(world.channel, "bar", "1.0")
    world.create(foo)
    came = world.apply(world.plan([bar], answers=[answer("bar", ">=1"), answer("foo", "", already=True)]))
    assert came.error is None
    assert record(world, "bar-1.0")["requested_specs"] == ["bar>=1"]
    assert record(world, "foo-1.0")["requested_specs"] == ["foo"]
    assert "# update specs: ['bar>=1']" in (world.prefix / "conda-meta" / "history").read_text()

    newer = tiny.noarch(world.channel, "bar", "2.0")
    assert world.apply(world.plan([(newer, bar)])).error is None
    assert record(world, "bar-2.0")["requested_specs"] == ["bar>=1"]
    assert record(world, "bar-2.0")["requested_spec"] == "bar>=1"


def test_records_can_be_read_by_whoever_reads_the_environment(world: World) -> None:
    world.create(tiny.noarch(world.channel, "foo", "1.0"))
    for path in (world.prefix / "conda-meta").glob("*.json"):
        assert path.stat().st_mode & 0o044 == 0o044
    assert not (world.prefix / "CACHEDIR.TAG").exists()


def test_a_truncated_record_is_no_obstacle_to_replacing_it(world: World) -> None:
    foo = tiny.noarch(world.channel, "foo", "1.0")
    world.create(foo)
    path = world.prefix / "conda-meta" / "foo-1.0-py_0.json"
    whole = path.read_text()
    path.write_text(whole[:200])
    came = world.apply(world.plan([(foo, foo)]))
    assert came.error is None
    assert json.loads(path.read_text())["files"] == json.loads(whole)["files"]


def test_files_shared_with_the_cache_are_never_written(world: World) -> None:
    foo = tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "old"})
    world.create(foo)
    cached = world.cache / "foo-1.0-py_0" / "site-packages" / "foo" / "__init__.py"
    there = world.site_packages / "foo" / "__init__.py"
    assert there.samefile(cached)
    bar = world.wheel("foo", "2.0", modules={"foo/__init__.py": "new"})
    assert world.apply(world.plan(unlink=[foo], install=[bar])).error is None
    assert there.read_text() == "new"
    assert cached.read_text() == "old"


def test_a_cached_package_that_was_edited_is_fetched_anew(world: World) -> None:
    foo = tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "right"})
    world.create(foo)
    assert world.apply(world.plan(unlink=[foo])).error is None
    (world.cache / "foo-1.0-py_0" / "site-packages" / "foo" / "__init__.py").write_text("wrong")
    assert world.apply(world.plan([foo])).error is None
    assert (world.site_packages / "foo" / "__init__.py").read_text() == "right"


def answer(name: str, constraint: str, *, already: bool = False) -> Answer:
    return Answer(name, "cell", "conda", name, "1.0", constraint, project=ProjectName(name), already=already)


def record(world: World, stem: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((world.prefix / "conda-meta" / f"{stem}-py_0.json").read_text())
    return document
