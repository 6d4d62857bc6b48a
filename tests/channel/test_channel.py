"""The test channel is what conda-forge would be: its packages are complete, described and right."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from packaging.requirements import Requirement

from tests.channel import recipe
from tests.channel.package import PLACEHOLDER, File, Package, write
from tests.channel.wheel import conda_spec

if TYPE_CHECKING:
    from tests.channel.fixture import Channel
    from tests.conftest import CondaPrefix


def _unpacked(path: Path) -> dict[str, bytes]:
    """Every regular file of a .conda, info/ and the rest."""
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".tar.zst"):
                tar = zstandard.ZstdDecompressor().stream_reader(archive.read(name)).read()
                with tarfile.open(fileobj=io.BytesIO(tar)) as members:
                    for member in members:
                        reader = members.extractfile(member) if member.isfile() else None
                        if reader:
                            files[member.name] = reader.read()
    return files


def _records(channel: Channel) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for subdir in ("noarch", recipe.subdir()):
        document = json.loads((channel.directory / subdir / "repodata.json").read_text())
        found |= {f"{subdir}/{name}": record for name, record in document["packages.conda"].items()}
    return found


def _one(channel: Channel, pattern: str) -> dict[str, bytes]:
    (path,) = channel.directory.glob(f"*/{pattern}.conda")
    return _unpacked(path)


@pytest.mark.parametrize(
    ("asked", "spec"),
    [
        ("Jupyter-Client>=8.9.0", "jupyter_client >=8.9.0"),
        ("jupyter-core!=6.0.*,>=5.1", "jupyter_core !=6.0.*,>=5.1"),
        ("numpy==1.26.*", "numpy 1.26.*"),
        ("tzdata", "python-tzdata"),
        ("a~=1.4.2", "a ~=1.4.2"),
    ],
)
def test_requirements_become_conda_specs_under_conda_names(asked: str, spec: str) -> None:
    assert conda_spec(Requirement(asked)) == spec


def test_the_same_package_is_written_to_the_same_bytes(tmp_path: Path) -> None:
    package = Package(
        "a",
        "1.0",
        "h0_0",
        "noarch",
        "MIT",
        1_700_000_000_000,
        noarch="generic",
        files=[File("share/a", b"x")],
    )
    first, second = (write(package, tmp_path / part) for part in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert first.name == "a-1.0-h0_0.conda"


@pytest.mark.slow
class TestWhole:
    """What the built channel holds."""

    def test_it_holds_what_the_tests_and_the_demo_ask_for_and_not_seaborn(self, channel: Channel) -> None:
        names = {record["name"] for record in _records(channel).values()}
        assert names >= {"python", "pip", "ipykernel", "numpy", "pandas", "matplotlib", "matplotlib-base"}
        assert names >= {
            "click",
            "filelock",
            "ipython",
            "packaging",
            "platformdirs",
            "py-rattler",
            "requests",
        }
        assert names >= {"rich", "ruamel.yaml", "graphviz", "python-graphviz", "tree", "ninja", "tzdata"}
        assert not {name for name in names if "seaborn" in name}

    def test_every_dependency_is_in_it(self, channel: Channel) -> None:
        records = _records(channel).values()
        names = {record["name"] for record in records}
        for record in records:
            assert {spec.split()[0] for spec in record["depends"]} <= names, record["name"]
            assert record["license"] and record["timestamp"] and record["sha256"] and record["size"]

    def test_paths_json_tells_the_truth(self, channel: Channel) -> None:
        for pattern in ("packaging-26*", "numpy-2*", "python-3*", "graphviz-*"):
            files = _one(channel, pattern)
            listed = json.loads(files["info/paths.json"])["paths"]
            assert {entry["_path"] for entry in listed if entry["path_type"] == "hardlink"} == {
                name for name in files if not name.startswith("info/")
            }
            for entry in listed:
                if entry["path_type"] == "hardlink":
                    content = files[entry["_path"]]
                    assert entry["size_in_bytes"] == len(content)
                    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
                    assert ("prefix_placeholder" in entry) == (PLACEHOLDER.encode() in content)

    def test_no_package_names_the_python_it_was_made_from(self, channel: Channel) -> None:
        if len(Path(sys.base_prefix).parts) < 4:
            pytest.skip(f"{sys.base_prefix} is in everybody's paths")
        for name, content in _one(channel, "python-3*").items():
            if b"\0" not in content:
                assert sys.base_prefix.encode() not in content, name

    def test_a_pure_wheel_is_noarch_python_with_conda_as_its_installer(self, channel: Channel) -> None:
        files = _one(channel, "ipython-*")
        link = json.loads(files["info/link.json"])
        assert link["noarch"]["type"] == "python"
        assert "ipython = IPython:start_ipython" in link["noarch"]["entry_points"]
        info = next(name for name in files if name.endswith(".dist-info/INSTALLER"))
        assert files[info] == b"conda\n"
        directory = info.rpartition("/")[0]
        record = files[f"{directory}/RECORD"].decode()
        assert f"{directory.split('/')[-1]}/INSTALLER,," in record
        assert f"{directory}/REQUESTED" not in files and f"{directory}/direct_url.json" not in files

    def test_a_compiled_wheel_is_bound_to_this_python_and_has_its_scripts(self, channel: Channel) -> None:
        files = _one(channel, "numpy-2*")
        index = json.loads(files["info/index.json"])
        major, minor = sys.version_info[:2]
        assert index["depends"][0] == f"python >={major}.{minor},<{major}.{minor + 1}.0a0"
        assert index["subdir"] == recipe.subdir()
        assert files["bin/f2py"].startswith(f"#!{PLACEHOLDER}/bin/python".encode())

    def test_it_is_indexed_plain_zst_and_in_shards(self, channel: Channel) -> None:
        for subdir in ("noarch", recipe.subdir()):
            for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
                assert (channel.directory / subdir / name).stat().st_size

    def test_everything_in_it_can_be_installed_together(
        self, channel: Channel, conda_prefix: CondaPrefix
    ) -> None:
        names = {record["name"] for record in _records(channel).values()}
        # The newest rich leaves no need for what older ones want; all the same it must install.
        prefix = conda_prefix(*sorted(names))
        python = str(prefix / "bin" / "python")
        subprocess.run([python, "-m", "pip", "check"], check=True)
        subprocess.run(
            [python, "-c", "import matplotlib.pyplot, pandas, rattler, ruamel.yaml, rich"], check=True
        )

    def test_its_programs_know_their_prefix(self, conda_prefix: CondaPrefix, tmp_path: Path) -> None:
        prefix = conda_prefix("graphviz", "tree", "ninja")
        assert b"12.2.1" in subprocess.run([prefix / "bin/dot"], check=True, stderr=subprocess.PIPE).stderr
        assert str(prefix).encode() in (prefix / "lib/graphviz/plugins.bin").read_bytes()
        (tmp_path / "inside").touch()
        listed = subprocess.run([prefix / "bin/tree", tmp_path], check=True, stdout=subprocess.PIPE).stdout
        assert b"|-- inside" in listed
        assert subprocess.run([prefix / "bin/ninja", "--version"], check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.slow
@pytest.mark.network
def test_a_channel_of_some_names_holds_those_and_what_they_need(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.channel", str(tmp_path / "out"), "rich", "tree"]
    subprocess.run(command, check=True, cwd=recipe.HERE.parent.parent)
    made = {path.name.rsplit("-", 2)[0] for path in tmp_path.glob("out/*/*.conda")}
    assert made >= {"python", "rich", "pygments", "markdown-it-py", "mdurl", "tree", "tzdata"}
    assert "numpy" not in made
    command[-2] = "no-such-package"
    failed = subprocess.run(
        [*command[:3], str(tmp_path / "other"), "no-such"], capture_output=True, text=True
    )
    assert failed.returncode == 1 and "no-such" in failed.stderr


@pytest.mark.slow
def test_the_kept_channel_is_there_at_once_the_second_time(channel: Channel) -> None:
    command = [sys.executable, "-m", "tests.channel", "--cached"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == str(channel.directory)
    assert done.stderr == ""
