"""pip installs what the plan says, where the plan says, whatever its configuration says."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.errors import CancelledError, HashError, SourceError, TransactionError
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import lock, target
from condadeps.solve.plan import Artifact, Install, Plan
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from condadeps.transaction import apply as transaction
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.checkpoints import Checkpoints
from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


@pytest.fixture
def venv(world: World) -> World:
    """A virtual environment: pip's world alone, applied to in this process (no rattler is needed)."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(world.prefix)], check=True)
    return world


def apply(
    world: World, plan: Plan, cancel: Cancel | None = None, points: Checkpoints | None = None
) -> tuple[str, ...]:
    where = target.read(world.prefix)
    pypi = PypiSource(PipConfig.read(prefix=world.prefix), where, cache_dir=world.root / "pypi")

    async def work() -> tuple[str, ...]:
        try:
            applied = await transaction.apply(
                plan, where, conda=None, pypi=pypi, cancel=cancel, checkpoints=points
            )
        finally:
            await pypi.close()
        return applied.warnings

    with lock.hold(world.prefix, 10):
        return asyncio.run(work())


def artifact(world: World, name: str, version: str = "1.0") -> Artifact:
    return world.wheel(name, version).artifact


def install(world: World, *artifacts: Artifact, previous: str | None = None) -> tuple[str, ...]:
    return apply(world, world.plan(install=[Install(one, "asked", previous, True) for one in artifacts]))


def test_a_venv_gets_and_loses_what_the_plan_says(venv: World) -> None:
    before = listing(venv.prefix)
    install(venv, artifact(venv, "foo"))
    assert venv.version("foo") == "1.0"
    install(venv, artifact(venv, "foo", "2.0"), previous="1.0")
    assert venv.version("foo") == "2.0"
    assert venv.dist_infos("foo") == ["foo-2.0.dist-info"]
    apply(venv, venv.plan(uninstall=[("foo", "2.0")]))
    assert listing(venv.prefix) == before


@pytest.mark.parametrize(
    "setting",
    [
        "target",
        "user",
        "prefix",
        "root",
        "requirement",
        "editable",
        "no_deps",
        "dry_run",
        "constraint",
        "python",
    ],
)
def test_no_setting_of_pips_moves_what_is_installed(
    venv: World, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    elsewhere = venv.root / "elsewhere"
    value = "1" if setting in ("user", "no_deps", "dry_run") else str(elsewhere)
    monkeypatch.setenv(f"PIP_{setting.upper()}", value)
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    install(venv, artifact(venv, "foo"))

    assert venv.dist_infos("foo") == ["foo-1.0.dist-info"]
    assert not elsewhere.exists()


def test_a_hostile_pip_conf_changes_nothing(venv: World, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = venv.root / "elsewhere"
    hostile = f"[global]\ntarget = {elsewhere}\nno-binary = :all:\nrequire-virtualenv = true\n"
    hostile += f"[install]\nuser = true\nroot = {elsewhere}\nindex-url = http://127.0.0.1:9/\n"
    conf = venv.root / "pip.conf"
    conf.write_text(hostile)
    (venv.prefix / "pip.conf").write_text(hostile)
    home = Path.home() / ".config" / "pip"
    home.mkdir(parents=True)
    (home / "pip.conf").write_text(hostile)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
    install(venv, artifact(venv, "foo"))

    assert venv.dist_infos("foo") == ["foo-1.0.dist-info"]
    assert not elsewhere.exists()


def test_a_module_in_the_working_directory_is_not_run(venv: World, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = venv.root / "trap"
    trap.mkdir()
    for name in ("pip.py", "csv.py", "site.py", "sitecustomize.py"):
        (trap / name).write_text("open('/dev/null'); raise SystemExit('the trap was run')")
    monkeypatch.chdir(trap)
    monkeypatch.setenv("PYTHONPATH", str(trap))
    install(venv, artifact(venv, "foo"))
    assert venv.version("foo") == "1.0"


def test_a_wheel_by_url_keeps_where_it_came_from(venv: World) -> None:
    wheel = dataclasses.replace(artifact(venv, "foo"), direct=True)
    install(venv, wheel)

    info = venv.site_packages / "foo-1.0.dist-info"
    said = json.loads((info / "direct_url.json").read_text())
    assert said == {"url": wheel.url, "archive_info": {"hashes": {"sha256": wheel.sha256}}}
    assert "foo-1.0.dist-info/direct_url.json,," in (info / "RECORD").read_text()


def test_what_was_built_from_a_commit_says_so(venv: World) -> None:
    told = {"url": "https://host/foo.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    install(venv, dataclasses.replace(artifact(venv, "foo"), direct=True, direct_url=told))
    said = json.loads((venv.site_packages / "foo-1.0.dist-info" / "direct_url.json").read_text())
    assert said == told


def test_an_editable_runs_from_its_sources(venv: World) -> None:
    project = source_tree(venv.root / "project", "foo")
    editable = Artifact(
        ProjectName("foo"), "1.0", "", project.as_uri(), None, None, editable=True, direct=True, build=True
    )
    install(venv, editable)

    assert venv.python("import foo; print(foo.__file__)") == str(project / "foo.py")
    said = json.loads((venv.site_packages / "foo-1.0.dist-info" / "direct_url.json").read_text())
    assert said["dir_info"] == {"editable": True}
    apply(venv, venv.plan(uninstall=[("foo", "1.0")]))
    assert (project / "foo.py").exists()
    assert not list(venv.site_packages.glob("*foo*"))


def test_an_sdist_is_built_before_anything_is_touched(venv: World) -> None:
    good, bad = sdist(venv, "good"), sdist(venv, "bad", breaks=True)
    before = listing(venv.prefix)
    with pytest.raises(SourceError, match="bad"):
        install(venv, good, bad)
    assert listing(venv.prefix) == before
    install(venv, good)
    assert venv.version("good") == "1.0"


def test_a_file_that_holds_another_project_touches_nothing(venv: World) -> None:
    wheel = dataclasses.replace(artifact(venv, "foo"), project=ProjectName("bar"))
    before = listing(venv.prefix)
    with pytest.raises(TransactionError, match="pip could not install bar"):
        install(venv, wheel)
    assert listing(venv.prefix) == before


def test_a_wheel_that_is_no_wheel_touches_nothing(venv: World) -> None:
    venv.wheels.mkdir()
    path = venv.wheels / "foo-1.0-py3-none-any.whl"
    path.write_bytes(b"<html>not found</html>")
    digest = tiny.sha256(path.read_bytes())
    before = listing(venv.prefix)
    with pytest.raises(TransactionError):
        install(venv, Artifact(ProjectName("foo"), "1.0", path.name, path.as_uri(), digest, 1))
    assert listing(venv.prefix) == before


def test_a_wheel_of_another_hash_is_refused(venv: World) -> None:
    wheel = dataclasses.replace(artifact(venv, "foo"), sha256="0" * 64)
    with pytest.raises(HashError):
        install(venv, wheel)


def test_projects_that_do_not_fit_together_are_taken_back(venv: World) -> None:
    install(venv, venv.wheel("foo", "1.0", requires=["bar<2"]).artifact, artifact(venv, "bar"))
    before = listing(venv.prefix)
    with pytest.raises(TransactionError, match="do not fit together"):
        install(venv, artifact(venv, "bar", "2.0"), previous="1.0")
    assert listing(venv.prefix) == before


def test_what_was_unmet_before_is_not_held_against_a_change(venv: World) -> None:
    install(venv, venv.wheel("foo", "1.0", requires=["nowhere-to-be-found"]).artifact)
    assert install(venv, artifact(venv, "bar")) == ()


def test_a_distribution_that_lists_no_files_is_not_half_removed(venv: World) -> None:
    info = venv.site_packages / "old-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1.0\n")
    before = listing(venv.prefix)
    with pytest.raises(TransactionError, match="lists no files"):
        apply(venv, venv.plan(uninstall=[("old", "1.0")]))
    assert listing(venv.prefix) == before


def test_uninstalling_follows_no_record_out_of_the_environment(venv: World) -> None:
    outside = venv.root / "outside.txt"
    outside.write_text("mine")
    install(venv, artifact(venv, "foo"))
    record = venv.site_packages / "foo-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + f"../../../../outside.txt,,\n{outside},,\n")
    apply(venv, venv.plan(uninstall=[("foo", "1.0")]))
    assert outside.read_text() == "mine"
    assert venv.dist_infos("foo") == []


def test_a_stop_before_the_first_change_changes_nothing(venv: World) -> None:
    before = listing(venv.prefix)
    cancel = Cancel()
    cancel.request()
    with pytest.raises(CancelledError):
        apply(venv, venv.plan(install=[venv.wheel("foo", "1.0")]), cancel)
    assert listing(venv.prefix) == before
    assert not Room.of(venv.prefix).current.exists()


def test_a_stop_after_the_first_change_is_too_late(venv: World) -> None:
    cancel = Cancel()

    class Stop:
        def reached(self, point: str) -> None:
            if point.startswith("place"):
                cancel.request()

    apply(venv, venv.plan(install=[venv.wheel("foo", "1.0")]), cancel, Stop())
    assert cancel.requested
    assert venv.version("foo") == "1.0"


def source_tree(folder: Path, name: str, breaks: bool = False) -> Path:
    """A project whose build needs nothing but itself: its own PEP 517 backend."""
    folder.mkdir(parents=True)
    (folder / f"{name}.py").write_text("value = 1\n")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
    )
    (folder / "backend.py").write_text(_BACKEND.format(name=name, breaks=breaks))
    return folder


_BACKEND = """
import pathlib, zipfile
HERE = pathlib.Path(__file__).parent
INFO = "{name}-1.0.dist-info"

def wheel(directory, files):
    if {breaks}:
        raise SystemExit("the build of {name} breaks")
    files = dict(files)
    files[INFO + "/METADATA"] = "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n"
    files[INFO + "/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[INFO + "/RECORD"] = "".join(f"{{path}},,\\n" for path in [*files, INFO + "/RECORD"])
    with zipfile.ZipFile(pathlib.Path(directory) / "{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return "{name}-1.0-py3-none-any.whl"

def build_wheel(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {{"{name}.py": (HERE / "{name}.py").read_text()}})

def build_editable(directory, config_settings=None, metadata_directory=None):
    return wheel(directory, {{"{name}.pth": str(HERE) + "\\n"}})
"""


def sdist(world: World, name: str, breaks: bool = False) -> Artifact:
    import tarfile

    folder = source_tree(world.root / f"{name}-1.0", name, breaks)
    (folder / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    world.wheels.mkdir(exist_ok=True)
    path = world.wheels / f"{name}-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname=f"{name}-1.0")
    data = path.read_bytes()
    return Artifact(
        ProjectName(name), "1.0", path.name, path.as_uri(), tiny.sha256(data), len(data), build=True
    )
