"""Wheels, paths, URLs and VCS references come to a wheel of known hash, and remember where they are from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import HashError, RequestError, SourceError
from condadeps.sources.direct import Direct
from condadeps.sources.metadata import MetadataError
from condadeps.sources.pip_config import PipConfig
from tests.conftest import Serve
from tests.sources import simple_index as made


def resolve(location: str, cache: Path, settings: PipConfig | None = None, **options: Any) -> Direct:
    return made.use(settings or made.config(), cache, lambda source: source.direct(location, **options))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that builds with nothing but itself: its backend is in its own tree."""
    directory = tmp_path / "a project"
    directory.mkdir()
    (directory / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (directory / "backend.py").write_text(_BACKEND)
    return directory


_BACKEND = """
import os, zipfile

META = '''Metadata-Version: 2.1
Name: Foo.Bar
Version: 1.2
Requires-Dist: six>=1
Provides-Extra: all
Requires-Dist: numpy; extra == "all"
'''
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def _files(archive):
    archive.writestr("foo_bar-1.2.dist-info/METADATA", META)
    archive.writestr("foo_bar-1.2.dist-info/WHEEL", WHEEL)
    archive.writestr("foo_bar-1.2.dist-info/RECORD", "")

def build_wheel(directory, config_settings=None, metadata_directory=None):
    if os.environ.get("PIP_TARGET") or os.environ.get("SECRET"):
        raise SystemExit("the environment leaked")
    with zipfile.ZipFile(os.path.join(directory, "foo_bar-1.2-py3-none-any.whl"), "w") as archive:
        archive.writestr("foo_bar.py", "")
        _files(archive)
    return "foo_bar-1.2-py3-none-any.whl"

build_editable = build_wheel
"""


def assert_is_foo_bar(found: Direct) -> None:
    assert (found.metadata.name, str(found.metadata.version)) == ("foo-bar", "1.2")
    assert [str(item) for item in found.metadata.requires] == ["six>=1", 'numpy; extra == "all"']
    assert found.metadata.extras == {"all"}
    assert found.built


def test_a_local_wheel_is_read_where_it_is(tmp_path: Path) -> None:
    path = made.wheel(tmp_path / "my wheels", "foo", "1.0", requires=["six"], tag="cp311-cp311-linux_x86_64")
    found = resolve(path.as_uri(), tmp_path / "cache")
    assert (found.metadata.name, found.filename, found.url) == ("foo", path.name, path.as_uri())
    assert (found.sha256, found.size) == (made.sha256(path), path.stat().st_size)
    assert found.compiled
    assert not found.built
    assert found.direct_url == {
        "url": path.as_uri(),
        "archive_info": {"hash": f"sha256={found.sha256}", "hashes": {"sha256": found.sha256}},
    }


def test_a_wheel_by_url_remembers_its_url(serve: Serve, tmp_path: Path) -> None:
    path = made.wheel(tmp_path / "files", "foo", "1.0")
    url = f"{serve(tmp_path).url}/files/{path.name}"
    found = resolve(f"{url}#sha256={made.sha256(path)}", tmp_path / "cache")
    assert found.url.startswith("file:")
    assert found.direct_url["url"] == url


@pytest.mark.parametrize("with_hashes", [True, False])
def test_a_wheel_with_another_hash_is_refused(tmp_path: Path, with_hashes: bool) -> None:
    path = made.wheel(tmp_path, "foo", "1.0")
    wrong = "0" * 64
    with pytest.raises(HashError):
        if with_hashes:
            resolve(path.as_uri(), tmp_path / "cache", hashes=[f"sha256:{wrong}"])
        else:
            resolve(f"{path.as_uri()}#sha256={wrong}", tmp_path / "cache")


def test_one_of_several_hashes_suffices(tmp_path: Path) -> None:
    path = made.wheel(tmp_path, "foo", "1.0")
    hashes = [f"sha256:{'0' * 64}", f"sha256:{made.sha256(path)}"]
    assert resolve(path.as_uri(), tmp_path / "cache", hashes=hashes).sha256 == made.sha256(path)


def test_credentials_of_a_url_are_used_and_not_remembered(serve: Serve, tmp_path: Path) -> None:
    path = made.wheel(tmp_path / "files", "foo", "1.0")
    server = serve(tmp_path)
    server.authorization = "Basic bWU6czNjcmV0"
    url = f"{server.url}/files/{path.name}"
    found = resolve(url.replace("http://", "http://me:s3cret@"), tmp_path / "cache")
    assert "s3cret" not in repr(found)
    assert found.direct_url["url"] == url


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("file:///nowhere/foo-1.0-py3-none-any.whl", RequestError),
        ("ftp://host/foo-1.0-py3-none-any.whl", RequestError),
        ("http://127.0.0.1:9/foo-1.0-py3-none-any.whl", SourceError),
        ("http://elsewhere.invalid/foo-1.0-py3-none-any.whl", SourceError),
    ],
)
def test_what_cannot_be_had_is_an_error(tmp_path: Path, location: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        resolve(location, tmp_path / "cache")


@pytest.mark.slow
def test_a_directory_is_built_in_staging(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    found = resolve(project.as_uri(), tmp_path / "cache")
    assert_is_foo_bar(found)
    assert found.filename == "foo_bar-1.2-py3-none-any.whl"
    assert found.sha256
    assert found.direct_url == {"url": project.as_uri(), "dir_info": {}}
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.slow
def test_an_editable_has_metadata_and_no_hash(project: Path, tmp_path: Path) -> None:
    found = resolve(project.as_uri(), tmp_path / "cache", editable=True)
    assert_is_foo_bar(found)
    assert (found.sha256, found.filename, found.editable) == (None, "", True)
    assert found.direct_url == {"url": project.as_uri(), "dir_info": {"editable": True}}


@pytest.mark.slow
def test_a_vcs_reference_remembers_its_commit(project: Path, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "All"], ["tag", "v1"]):
        subprocess.run([*git, *command], cwd=project, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True
    )
    found = resolve(f"git+{project.as_uri()}@v1", tmp_path / "cache")
    assert_is_foo_bar(found)
    assert found.direct_url == {
        "url": project.as_uri(),
        "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": head.stdout.strip()},
    }


@pytest.mark.slow
def test_a_build_that_fails_says_why(project: Path, tmp_path: Path) -> None:
    (project / "backend.py").write_text("def build_wheel(*_): raise RuntimeError('the reason why')")
    with pytest.raises(MetadataError) as raised:
        resolve(project.as_uri(), tmp_path / "cache")
    assert any("the reason why" in line for line in raised.value.detail)


@pytest.mark.slow
def test_a_repository_that_cannot_be_had_is_not_called_a_failing_build(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="cannot be fetched") as raised:
        resolve(f"git+{(tmp_path / 'nowhere').as_uri()}", tmp_path / "cache")
    assert any("does not exist" in line or "not appear to be a git" in line for line in raised.value.detail)
    assert "can it be reached" in str(raised.value.help) and "build code" not in str(raised.value)


@pytest.mark.slow
def test_no_variable_is_expanded_in_a_reference(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "s3cret")
    with pytest.raises(MetadataError) as raised:
        resolve(f"git+{project.as_uri()}-${{LEAK}}", tmp_path / "cache")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("location", ["git+file:///x\n--index-url=http://evil", "-r"])
def test_a_reference_is_never_an_option(tmp_path: Path, location: str) -> None:
    with pytest.raises((MetadataError, RequestError)):
        resolve(location, tmp_path / "cache")
