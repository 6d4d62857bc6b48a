"""What is installed is known from the files that say so, however they got into their state."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from condadeps.errors import PrefixError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import installed, target
from condadeps.prefix.metadata import parse
from tests.prefix import made


def test_everything_that_importlib_metadata_finds_is_found_with_the_same_version() -> None:
    import importlib.metadata

    here = target.running()
    theirs = {
        ProjectName(found.metadata["Name"]): found
        for found in importlib.metadata.distributions(path=[str(path) for path in here.paths])
    }
    ours = installed.distributions(here)
    assert set(ours) == set(theirs)
    for name, found in ours.items():
        assert found.version == theirs[name].version
        assert found.requires == tuple(map(_requirement, theirs[name].requires or ()))
        assert found.installer == (theirs[name].read_text("INSTALLER") or "").strip()


def _requirement(line: str) -> object:
    from packaging.requirements import Requirement

    return Requirement(line)


def test_names_are_normalised_and_files_that_are_no_distribution_are_passed_over(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "Zope.Interface", "6.0")
    made.distribution(at.site_packages, "ruamel_yaml", "0.18")
    (at.site_packages / "~andas-3.0.dist-info").mkdir()
    (at.site_packages / "notes.txt").touch()
    assert set(installed.distributions(at)) == {"zope-interface", "ruamel-yaml"}


def test_what_an_interrupted_removal_leaves_is_no_distribution(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    (at.site_packages / "numpy-1.26.4.dist-info" / "licenses").mkdir(parents=True)
    assert ProjectName("numpy") in installed.index(at)
    assert installed.distributions(at) == {}
    assert installed.distribution(at, ProjectName("numpy")) is None


def test_a_leftover_does_not_hide_the_real_one(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    (at.site_packages / "numpy-1.26.4.dist-info").mkdir(parents=True)
    made.distribution(at.site_packages, "numpy", "2.1.0")
    found = installed.distribution(at, ProjectName("numpy"))
    assert found is not None and found.version == "2.1.0"
    assert installed.distributions(at)[ProjectName("numpy")].version == "2.1.0"


def test_two_distributions_of_one_project_are_both_known(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "numpy", "1.26.4")
    made.distribution(at.site_packages, "numpy", "2.1.0")
    found = installed.distributions(at)[ProjectName("numpy")]
    assert [found.version, *(other.version for other in found.others)] == ["1.26.4", "2.1.0"]


def test_a_change_is_seen_at_the_next_look(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    for number in range(5):
        made.distribution(at.site_packages, f"project{number}", "1.0")
        made.package(tmp_path, f"package{number}", "1.0")
        assert len(installed.distributions(at)) == number + 1
        assert len(installed.packages(tmp_path)) == number + 2


def test_an_old_listing_is_kept_while_the_directory_is_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "numpy", "2.1.0")
    an_hour_ago = time.time() - 3600
    os.utime(at.site_packages, (an_hour_ago, an_hour_ago))
    before = installed.index(at)[ProjectName("numpy")]
    assert installed.index(at)[ProjectName("numpy")] is before
    made.distribution(at.site_packages, "scipy", "1.14.0")
    assert len(installed.index(at)) == 2


@pytest.mark.parametrize("content", ["", '{"name": "numpy", "vers', "[1]", "{}"])
def test_a_broken_record_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    made.conda(tmp_path)
    path = made.package(tmp_path, "numpy", "1.26.4", "py311_0")
    path.write_text(content)
    found = installed.packages(tmp_path)[PackageName("numpy")]
    assert (found.version, found.build) == ("1.26.4", "py311_0")
    with pytest.raises(PrefixError, match=r"numpy-1\.26\.4-py311_0\.json"):
        _ = found.record
    assert [one.path for one in installed.damaged(tmp_path)] == [path]


def test_a_record_of_another_package_is_damage(tmp_path: Path) -> None:
    made.conda(tmp_path)
    path = made.package(tmp_path, "numpy", "1.26.4")
    path.rename(path.with_name("scipy-1.0-0.json"))
    assert [one.why for one in installed.damaged(tmp_path)] == ["it is the record of numpy"]


def test_two_records_of_one_package_are_both_known(tmp_path: Path) -> None:
    made.conda(tmp_path)
    made.package(tmp_path, "numpy", "1.26.4")
    made.package(tmp_path, "numpy", "2.1.0")
    found = installed.packages(tmp_path)[PackageName("numpy")]
    assert [found.version, *(other.version for other in found.others)] == ["1.26.4", "2.1.0"]


def test_a_record_tells_what_was_asked_for_in_either_spelling(tmp_path: Path) -> None:
    made.conda(tmp_path)
    made.package(tmp_path, "numpy", "1", requested_specs=["numpy >=1"])
    made.package(tmp_path, "scipy", "1", requested_spec="scipy")
    made.package(tmp_path, "zlib", "1", requested_spec="None")
    specs = {name: found.requested_specs for name, found in installed.packages(tmp_path).items()}
    assert specs == {"numpy": ("numpy >=1",), "scipy": ("scipy",), "zlib": (), "python": ()}


def test_metadata_ends_at_the_description() -> None:
    core = parse(
        "Name: a\nVersion: 1\nRequires-Dist: b>=1;\n  python_version > '3'\nProvides-Extra: All\n\nName: z\n"
    )
    assert (core.name, core.extras) == ("a", {"all"})
    assert [str(requirement) for requirement in core.requires] == ['b>=1; python_version > "3"']


def test_an_egg_info_of_setuptools_tells_its_requirements(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    info = at.site_packages / "old_thing-1.0-py3.11.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: old-thing\nVersion: 1.0\n")
    (info / "requires.txt").write_text("six\n\n[fast]\nnumba>1\n\n[:python_version<'3']\nenum34\n")
    found = installed.distributions(at)[ProjectName("old-thing")]
    assert found.version == "1.0"
    assert found.extras == {"fast"}
    assert list(map(str, found.requires)) == [
        "six",
        'numba>1; extra == "fast"',
        'enum34; python_version < "3"',
    ]


def test_a_tree_linked_by_an_egg_link_is_editable(tmp_path: Path) -> None:
    at = made.conda(tmp_path / "env")
    tree = tmp_path / "tree"
    (tree / "mine.egg-info").mkdir(parents=True)
    (tree / "mine.egg-info" / "PKG-INFO").write_text("Name: mine\nVersion: 0.3\n")
    (at.site_packages / "mine.egg-link").write_text(f"{tree}\n.\n")
    found = installed.distributions(at)[ProjectName("mine")]
    assert (found.version, found.editable) == ("0.3", True)


@pytest.mark.slow
def test_what_pip_installs_is_read_as_pip_leaves_it(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    at = target.read(tmp_path / "env")
    tree = tmp_path / "tree"
    tree.mkdir()
    _editable(tree)
    wheel = _wheel(tmp_path)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(at.python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "-e", str(tree), str(wheel)], check=True)
    found = installed.distributions(at)
    assert found[ProjectName("plain")].installer == "pip"
    assert found[ProjectName("plain")].requested
    assert not found[ProjectName("plain")].editable
    assert (found[ProjectName("plain")].direct_url or {})["url"] == wheel.as_uri()
    assert found[ProjectName("editable-thing")].editable
    assert "plain.py" in found[ProjectName("plain")].files


def _editable(tree: Path) -> None:
    """A source tree with a build backend of its own, so that pip needs to fetch none."""
    (tree / "thing.py").write_text("x = 1\n")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    (tree / "own.py").write_text(
        "import pathlib, zipfile\n"
        "def build_editable(directory, config_settings=None, metadata_directory=None):\n"
        "    name = 'editable_thing-0.1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(pathlib.Path(directory, name), 'w') as wheel:\n"
        "        wheel.writestr('editable_thing.pth', str(pathlib.Path.cwd()) + '\\n')\n"
        "        for file, text in FILES.items():\n"
        "            wheel.writestr('editable_thing-0.1.dist-info/' + file, text)\n"
        "    return name\n"
        f"FILES = {_info('editable-thing', '0.1')!r}\n"
    )


def _wheel(directory: Path) -> Path:
    path = directory / "plain-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("plain.py", "x = 1\n")
        for file, text in _info("plain", "1.0").items():
            wheel.writestr(f"plain-1.0.dist-info/{file}", text)
    return path


def _info(name: str, version: str) -> dict[str, str]:
    return {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
