"""noarch packages come with bytecode, which is the package's own: listed in its record, gone with it."""

from __future__ import annotations

import json

import pytest

from tests.transaction import tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


def test_a_noarch_package_is_compiled_as_conda_does_and_unlinked_with_it(world: World) -> None:
    bad = {"foo/__init__.py": "x = 1\n", "foo/deep/mod.py": "", "foo/template.py": "{{ no python }}\n"}
    foo = tiny.noarch(world.channel, "foo", "1.0", bad)
    later = tiny.noarch(world.channel, "later", "1.0")
    world.create(foo)  # with its Python
    assert world.apply(world.plan([later])).error is None  # into an environment that has one

    site = f"lib/python{tiny.PYTHON}/site-packages"
    tag = f"cpython-{tiny.PYTHON.replace('.', '')}"
    for dist, compiled in (
        (
            "foo-1.0-py_0",
            {f"{site}/foo/__pycache__/__init__.{tag}.pyc", f"{site}/foo/deep/__pycache__/mod.{tag}.pyc"},
        ),
        ("later-1.0-py_0", {f"{site}/later/__pycache__/__init__.{tag}.pyc"}),
    ):
        record = json.loads((world.prefix / "conda-meta" / f"{dist}.json").read_text())
        assert {path for path in record["files"] if path.endswith(".pyc")} == compiled
        entries = [one for one in record["paths_data"]["paths"] if one["_path"] in compiled]
        assert [one["path_type"] for one in entries] == ["pyc_file"] * len(compiled)
        assert {path for path in listing(world.prefix) if path in compiled} == compiled
    code = "import foo, marshal; print(marshal.loads(open(foo.__cached__, 'rb').read()[16:]).co_filename)"
    assert world.python(code) == str(world.site_packages / "foo" / "__init__.py")
    assert "tree-0" not in (
        world.site_packages / "foo" / "__pycache__" / f"__init__.{tag}.pyc"
    ).read_bytes().decode("latin")

    before = (world.site_packages / "foo" / "__pycache__" / f"__init__.{tag}.pyc").stat().st_mtime_ns
    world.python("import foo, foo.deep.mod")
    assert (world.site_packages / "foo" / "__pycache__" / f"__init__.{tag}.pyc").stat().st_mtime_ns == before

    assert world.apply(world.plan(unlink=[foo, later])).error is None
    assert not {path for path in listing(world.prefix) if "foo" in path or "later" in path}
