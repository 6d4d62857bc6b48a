"""A target says of an environment what that environment's own Python says of itself."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import packaging.markers
import packaging.tags
import pytest

from condadeps.errors import PrefixError
from condadeps.prefix import target
from condadeps.prefix.target import Target
from tests.prefix import made

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv"


def test_the_running_one_is_this_interpreters() -> None:
    here = target.running()
    assert here.prefix == Path(sys.prefix)
    assert here.is_conda == (Path(sys.prefix) / "conda-meta").is_dir()
    assert here.site_packages == Path(sysconfig.get_path("purelib"))
    assert here.markers == {k: v for k, v in packaging.markers.default_environment().items() if k != "extra"}
    assert list(map(str, here.tags)) == list(map(str, packaging.tags.sys_tags()))


def test_reading_the_running_prefix_asks_nobody() -> None:
    assert target.read(Path(sys.prefix)) is target.running()
    assert target.is_running(Path(sys.prefix))


def test_a_virtual_environment_is_described_by_its_own_interpreter(venv: Path) -> None:
    found = target.read(venv)
    assert not found.is_conda and found.is_venv and not found.is_running
    assert found.python_version == ".".join(map(str, sys.version_info[:3]))
    assert found.site_packages.parent.parent.parent == venv
    # Debian's Python names more of its own, which are not there.
    assert [path for path in found.paths if path.exists()] == [found.site_packages]
    assert found.markers == target.running().markers
    assert found.tags == target.running().tags
    assert not target.is_running(venv)


def _others() -> list[str]:
    import shutil

    names = [f"python3.{minor}" for minor in range(10, 16) if minor != sys.version_info.minor]
    return [path for name in names if (path := shutil.which(name))]


@pytest.mark.skipif(not _others(), reason="no other Python on the PATH")
@pytest.mark.parametrize("python", _others())
def test_another_pythons_tags_and_markers_are_its_own(python: str, tmp_path: Path) -> None:
    made_venv = subprocess.run([python, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=False)
    if made_venv.returncode:
        pytest.skip(f"{python} makes no environment")
    found = target.read(tmp_path / "v")
    question = (
        "import json, packaging.tags as t, packaging.markers as m;"
        "print(json.dumps([list(map(str, t.sys_tags())), m.default_environment()]))"
    )
    library = str(Path(packaging.tags.__file__).parent.parent)
    answer = subprocess.run(
        [str(found.python), "-c", f"import sys; sys.path.append({library!r}); {question}"],
        check=True,
        capture_output=True,
        text=True,
    )
    tags, markers = json.loads(answer.stdout)
    assert list(map(str, found.tags)) == tags
    assert found.markers == {key: value for key, value in markers.items() if key != "extra"}


def test_a_conda_environment_is_read_from_its_files_alone(tmp_path: Path) -> None:
    found = made.conda(tmp_path / "env", "3.12.4")
    assert found.is_conda
    assert (found.python_version, found.minor, found.interpreter, found.abi) == (
        "3.12.4",
        "3.12",
        "cp312",
        "cp312",
    )
    assert found.site_packages == tmp_path / "env/lib/python3.12/site-packages"
    assert found.python == tmp_path / "env/bin/python"
    assert found.markers["python_version"] == "3.12"
    assert found.markers["python_full_version"] == "3.12.4"
    assert str(found.tags[0]).startswith("cp312-cp312-")
    assert "py3-none-any" in map(str, found.tags)


def test_a_free_threaded_python_takes_its_own_wheels_only(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    made.package(tmp_path, "python", "3.13.1", "h1_0_cp313t")
    found = target.read(tmp_path)
    assert found.abi == "cp313t"
    assert found.site_packages == tmp_path / "lib/python3.13t/site-packages"
    assert not any(tag.abi in ("cp313", "abi3") for tag in found.tags)


def test_a_conda_environment_without_python_has_none(tmp_path: Path) -> None:
    found = made.conda(tmp_path / "env", "")
    assert not found.has_python
    assert (found.tags, found.paths) == ((), ())


@pytest.mark.parametrize(
    ("subdir", "platforms", "machine", "sys_platform"),
    [
        ("linux-aarch64", "linux_aarch64", "aarch64", "linux"),
        ("osx-64", "macosx_10_9_x86_64", "x86_64", "darwin"),
        ("osx-arm64", "macosx_11_0_arm64", "arm64", "darwin"),
        ("win-64", "win_amd64", "AMD64", "win32"),
    ],
)
def test_an_environment_for_another_machine_takes_that_machines_wheels(
    tmp_path: Path, subdir: str, platforms: str, machine: str, sys_platform: str
) -> None:
    if subdir == target.machine_subdir():
        pytest.skip("this machine")
    found = target.planned(tmp_path / "env", "3.12", subdir)
    assert f"cp312-cp312-{platforms}" in map(str, found.tags)
    assert not any("x86_64" in tag.platform for tag in found.tags if machine not in ("x86_64", "AMD64"))
    assert (found.markers["platform_machine"], found.markers["sys_platform"]) == (machine, sys_platform)


def test_a_planned_environment_has_what_it_will_have(tmp_path: Path) -> None:
    planned = target.planned(tmp_path / "env", HERE)
    assert planned.is_conda and not planned.prefix.exists()
    assert planned.subdir == target.machine_subdir()
    assert planned.markers["python_full_version"] == f"{HERE}.0"
    assert planned.tags == target.running().tags


@pytest.mark.parametrize(
    "what", ["nothing", "a file", "an empty directory", "a directory with a broken python"]
)
def test_what_is_no_environment_is_a_clear_error(tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    match what:
        case "a file":
            place.touch()
        case "an empty directory":
            place.mkdir()
        case "a directory with a broken python":
            (place / "bin").mkdir(parents=True)
            (place / "bin/python").write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
            (place / "bin/python").chmod(0o755)
    with pytest.raises(PrefixError) as raised:
        target.read(place)
    assert str(place) in raised.value.message
    assert raised.value.data["prefix"] == str(place)


def test_a_python_that_belongs_elsewhere_makes_no_environment(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "bin/python").chmod(0o755)
    with pytest.raises(PrefixError, match="is not an environment"):
        target.read(tmp_path)


def test_targets_are_values(tmp_path: Path) -> None:
    one, other = target.planned(tmp_path, "3.12"), target.planned(tmp_path, "3.12")
    assert one == other and hash(one) == hash(other)
    assert isinstance(one, Target)


@pytest.mark.parametrize(
    ("glibc", "accepted", "refused"),
    [
        (
            "2.17",
            ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64"],
            ["manylinux_2_18_x86_64"],
        ),
        ("2.5", ["manylinux1_x86_64"], ["manylinux2010_x86_64", "manylinux2014_x86_64"]),
        ("2.99", ["manylinux_2_99_x86_64", "manylinux_2_17_x86_64"], ["manylinux_2_100_x86_64"]),
        ("", ["linux_x86_64"], ["manylinux_2_17_x86_64", "manylinux1_x86_64"]),
        ("new", ["manylinux_2_17_x86_64"], []),
    ],
)
def test_an_overridden_glibc_counts_for_wheels_too(
    glibc: str, accepted: list[str], refused: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", glibc)
    platforms = {tag.platform for tag in target.planned(tmp_path, "3.12.4", "linux-64").tags}
    assert {*accepted} <= platforms
    assert platforms.isdisjoint(refused)
    assert "any" in platforms


@pytest.mark.parametrize(
    ("osx", "accepted", "refused"),
    [
        ("11", ["macosx_11_0_arm64"], ["macosx_12_0_arm64"]),
        ("12.6.1", ["macosx_12_0_arm64"], ["macosx_13_0_arm64"]),
        ("", [], ["macosx_11_0_arm64"]),
        ("new", ["macosx_11_0_arm64"], []),
    ],
)
def test_an_overridden_macos_counts_for_wheels_too(
    osx: str, accepted: list[str], refused: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_OSX", osx)
    platforms = {tag.platform for tag in target.planned(tmp_path, "3.12.4", "osx-arm64").tags}
    assert {*accepted, "any"} <= platforms
    assert platforms.isdisjoint(refused)


def test_a_variable_weighs_more_than_condas_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = replace(target.planned(tmp_path, "3.12.4", "linux-64"), overrides={"__glibc": "2.12"})
    assert not any(tag.platform == "manylinux_2_17_x86_64" for tag in configured.tags)
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.17")
    again = configured.with_python("3.13.1")
    assert any(tag.platform == "manylinux_2_17_x86_64" for tag in again.tags)
