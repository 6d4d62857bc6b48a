"""One file of requests, locked for several platforms: each with its own packages, markers and wheels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from condadeps import verbs
from condadeps.arguments import read
from condadeps.asked.job import Asked
from condadeps.errors import UnsatisfiableError, UsageError
from condadeps.locks import conda_lock, pixi_lock
from condadeps.locks.lock import Lock, Locked
from condadeps.prefix.target import machine_subdir
from condadeps.record.export import Export
from tests.locks.test_rebuild import call, changed
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow

PLATFORMS = ("linux-64", "osx-arm64", "win-64")
WHEELS = {"linux-64": "manylinux_2_17_x86_64", "osx-arm64": "macosx_11_0_arm64", "win-64": "win_amd64"}


@pytest.fixture
def platforms(road: Road, monkeypatch: pytest.MonkeyPatch) -> Road:
    """A channel with Python, a native package and one for each system; an index with a wheel for each."""
    python = tiny.python(road.channel)
    for subdir in PLATFORMS:
        monkeypatch.setattr(tiny, "SUBDIR", subdir)
        if subdir != machine_subdir():
            tiny.package(road.channel, "python", python.version, {}, build=python.build)
        system = subdir.partition("-")[0]
        tiny.package(road.channel, "native", "1.0", {}, depends=[f"__{system}"])
        tiny.package(road.channel, f"only-{system}", "1.0", {})
    monkeypatch.setattr(tiny, "SUBDIR", "linux-64")
    wheel = tiny.wheel(road.wheels, "fast", "1.0", requires=["six", "tool==2.0 ; sys_platform == 'win32'"])
    for tag in WHEELS.values():
        shutil.copy(wheel, road.wheels / f"fast-1.0-py3-none-{tag}.whl")
    wheel.unlink()
    from tests.locks.conftest import _index_anew

    _index_anew(road.channel)
    (road.work / "wanted.yml").write_text(
        "dependencies:\n"
        f"  - python={tiny.PYTHON}\n"
        "  - native\n"
        "  - only-linux  # [linux]\n"
        "  - only-osx    # [osx]\n"
        "  - sel(win): only-win\n"
        "  - pip:\n      - fast\n"
    )
    return road


def lock(*words: str) -> Export:
    call = read(["lock", *words])
    done = verbs.carry_out(call, [Asked(text) for text in call.requests], Path.cwd(), None)
    assert isinstance(done, Export)
    return done


def names(locked: Locked | None) -> set[str]:
    assert locked is not None
    files = {f"{one.project} {one.artifact.version}" for one in locked.files}
    return {str(one.name) for one in locked.packages} | files


def parsed(made: Export, directory: Path) -> Lock:
    path = directory / ("pixi.lock" if made.format == "pixi-lock" else "conda-lock.yml")
    path.write_text(made.text)
    return pixi_lock.read(path) if made.format == "pixi-lock" else conda_lock.read(made.text, path)


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock"])
def test_each_platform_has_its_own_packages_markers_and_wheels(platforms: Road, format: str) -> None:
    chosen = [word for subdir in PLATFORMS for word in ("--platform", subdir)]
    found = parsed(lock("-f", "wanted.yml", "--format", format, *chosen), platforms.work)

    linux, osx, windows = (found.on(subdir) for subdir in PLATFORMS)
    common = {"python", "native", "fast 1.0", "six"}
    assert names(linux) == common | {"only-linux"}
    assert names(osx) == common | {"only-osx"}
    assert names(windows) == common | {"only-win", "tool 2.0"}
    for subdir in PLATFORMS:
        locked = found.on(subdir)
        assert locked is not None
        (fast,) = [one for one in locked.files if one.project == "fast"]
        assert WHEELS[subdir] in fast.artifact.filename and fast.artifact.sha256
        assert {one.subdir for one in locked.packages} <= {subdir, "noarch"}
        assert all(one.sha256 for one in locked.packages)


def test_this_machines_part_of_the_lock_makes_an_environment(platforms: Road) -> None:
    lock("-f", "wanted.yml", *(w for s in PLATFORMS for w in ("--platform", s)), "-o", "conda-lock.yml")
    outcome = call("create", "-p", platforms.root / "made", "--bare", "-f", "conda-lock.yml")
    assert {"+native 1.0", "+only-linux 1.0", "+fast 1.0", "+six 2.0"} <= changed(outcome)


def test_an_override_of_a_virtual_package_counts_for_its_platform(
    platforms: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "SUBDIR", "osx-arm64")
    tiny.package(platforms.channel, "modern", "1.0", {}, depends=["__osx >=14"])
    tiny.index(platforms.channel)
    with pytest.raises(UnsatisfiableError, match="osx-arm64: "):
        lock("modern", "--platform", "osx-arm64")
    monkeypatch.setenv("CONDA_OVERRIDE_OSX", "14.2")
    assert "modern-1.0" in lock("modern", "--platform", "osx-arm64").text


@pytest.mark.parametrize(("subdir", "older"), [("linux-64", "glibc: 2.12"), ("osx-arm64", "__osx: 10.15")])
def test_wheels_are_for_the_system_that_condas_configuration_tells_of(
    platforms: Road, subdir: str, older: str
) -> None:
    request = ("fast", f"python={tiny.PYTHON}", "--platform", subdir)
    assert WHEELS[subdir] in lock(*request).text
    Path("~/.condarc").expanduser().write_text(f"override_virtual_packages:\n  {older}\n")
    with pytest.raises(UnsatisfiableError, match="no version of fast can be used"):
        lock(*request)


def test_the_wheels_of_an_install_are_for_the_glibc_that_condas_configuration_tells_of(
    platforms: Road,
) -> None:
    assert "+fast 1.0" in changed(platforms.install("fast", dry_run=True))
    (platforms.prefix / ".condarc").write_text("override_virtual_packages:\n  glibc: '2.12'\n")
    with pytest.raises(UnsatisfiableError, match="no version of fast can be used"):
        platforms.install("fast", dry_run=True)


def test_what_one_platform_cannot_have_is_said_with_its_name(platforms: Road) -> None:
    with pytest.raises(UnsatisfiableError, match=r"^win-64: .*only-osx"):
        lock("only-osx", "--platform", "osx-arm64", "--platform", "win-64")


def test_unknown_platforms_and_locks_of_locks_are_refused(platforms: Road) -> None:
    with pytest.raises(UsageError, match="is no platform"):
        lock("native", "--platform", "linux")
    with pytest.raises(UsageError, match="for one platform"):
        lock("native", "--platform", "linux-64", "--platform", "win-64", "--format", "explicit")
    lock("native", "-o", "conda-lock.yml")
    with pytest.raises(UsageError, match="is a lock already"):
        lock("-f", "conda-lock.yml")
    with pytest.raises(UsageError, match="what is to be locked"):
        lock()


def test_the_sites_overrides_are_heeded_platform_by_platform(
    platforms: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {
        "conda:native": {"platform": "osx", "instead": "conda:only-osx", "reason": "no native there"},
        "fast": [["yum", "install", "fast"]],
    }
    document = platforms.root / "overrides.json"
    document.write_text(json.dumps({f"python-{tiny.PYTHON}": rules}))
    monkeypatch.setenv("CONDADEPS_OVERRIDES", str(document))
    chosen = [word for subdir in PLATFORMS for word in ("--platform", subdir)]
    made = lock("-f", "wanted.yml", *chosen)
    found = conda_lock.read(made.text, platforms.work)
    assert "native" in names(found.on("linux-64")) and "native" not in names(found.on("osx-arm64"))
    [replaced] = [note for note in made.notes if "is replaced by conda:only-osx" in note]
    assert replaced.startswith("osx-arm64: ") and "no native there" in replaced
    assert any("were not run" in note and "yum install fast" in note for note in made.notes)
    without = conda_lock.read(lock("-f", "wanted.yml", *chosen, "--no-overrides").text, platforms.work)
    assert "native" in names(without.on("osx-arm64"))
