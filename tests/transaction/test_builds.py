"""A project that must be built, and a build that fails."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import CondadepsError
from condadeps.transaction.room import Room
from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import listing

pytestmark = pytest.mark.slow

BACKEND = """
import os, zipfile
NAME, VERSION = "built", "1.0"
META = f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: {VERSION}\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
INFO = f"{NAME}-{VERSION}.dist-info"
def get_requires_for_build_wheel(config_settings=None):
    return []
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    os.mkdir(os.path.join(directory, INFO))
    for name, text in (("METADATA", META), ("WHEEL", WHEEL)):
        with open(os.path.join(directory, INFO, name), "w") as file:
            file.write(text)
    return INFO
def build_wheel(directory, config_settings=None, metadata_directory=None):
    %s
    name = f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        wheel.writestr("built.py", f"made = {os.getpid()}")
        listed = ["built.py", *(f"{INFO}/{file}" for file in ("METADATA", "WHEEL", "RECORD"))]
        record = "".join(f"{path},,\\n" for path in listed)
        for file, text in (("METADATA", META), ("WHEEL", WHEEL), ("RECORD", record)):
            wheel.writestr(f"{INFO}/{file}", text)
    return name
"""


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "app", "1.0")
    return road.open()


def sdist(road: Road, statement: str, metadata: str = "2.1") -> None:
    """``built-1.0.tar.gz``, whose ``build_wheel`` begins with ``statement``; no build dependencies.

    With ``metadata`` 2.2 it says itself what it is, so that a plan needs no build.
    """
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "pyproject.toml": project,
        "backend.py": BACKEND % statement,
        "PKG-INFO": f"Metadata-Version: {metadata}\nName: built\nVersion: 1.0\n",
    }
    with tarfile.open(road.wheels / "built-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"built-1.0/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def test_a_build_that_fails_touches_nothing(road: Road) -> None:
    sdist(road, "raise RuntimeError('no compiler here')")
    before = listing(road.prefix)
    with pytest.raises(CondadepsError, match="cannot be built"):
        road.install("app", "built")
    assert listing(road.prefix) == before
    assert not road.file.exists()


def test_a_build_that_fails_when_all_is_planned_touches_nothing(road: Road) -> None:
    reached = road.root / "reached"
    sdist(road, f"open({str(reached)!r}, 'w').close(); raise RuntimeError('no compiler here')", "2.2")
    assert road.install("app", "built", dry_run=True).plan.install
    assert not reached.exists()  # the plan needed no build
    before = listing(road.prefix)
    with pytest.raises(CondadepsError, match="no compiler here"):
        road.install("app", "built")
    assert reached.exists()
    assert listing(road.prefix) == before
    assert not road.file.exists() and not Room.of(road.prefix).current.exists()
    assert len(api.history(road.prefix).entries) == 1


def test_a_build_that_fails_with_the_new_python_in_place_is_taken_back(road: Road) -> None:
    """There is no Python to build with before conda's packages are in place."""
    reached = road.root / "reached"
    script = (
        f"import sys; open({str(reached)!r}, 'w').write(sys.prefix); raise RuntimeError('no compiler here')"
    )
    sdist(road, script, "2.2")
    made = road.root / "made"
    with pytest.raises(CondadepsError, match="no compiler here"):
        api.create(made, "python", "app", "built", bare=True)
    assert reached.exists() and not made.exists()


def test_what_was_built_comes_back_from_an_undo_without_another_build(road: Road) -> None:
    sdist(road, "pass")
    road.install("built")
    built = (road.site_packages / "built.py").read_text()
    before = listing(road.prefix)
    sdist(road, "raise RuntimeError('never again')")
    road.remove("built")
    assert not (road.site_packages / "built.py").exists()

    road.undo()
    assert (road.site_packages / "built.py").read_text() == built
    after = {path: what for path, what in listing(road.prefix).items() if path != "conda-meta/history"}
    assert after == {path: what for path, what in before.items() if path != "conda-meta/history"}
