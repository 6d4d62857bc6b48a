"""What a file requires is found without fetching more than needed, and never guessed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import SourceError
from condadeps.sources import metadata
from condadeps.sources.metadata import Metadata, MetadataError
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.channel.server import Fault, Server
from tests.conftest import Serve
from tests.sources import simple_index as made

NEEDS = ("six>=1.0; python_version >= '3'", "numpy[all] ~=1.2 ; extra == 'Fast_Path'")


def read(settings: PipConfig, cache: Path, name: str = "foo", **options: Any) -> Metadata:
    """The metadata of the newest version's first file."""

    async def ask(source: PypiSource) -> Metadata:
        page = await source.page(made.project(name))
        assert page is not None
        return await source.metadata(page.files[0])

    return made.use(settings, cache, ask, **options)


def served(
    serve: Serve, root: Path, path: Path, faults: Sequence[Fault] = (), **said: Any
) -> tuple[Server, PipConfig]:
    """An index of one project with one file."""
    made.json_page(root, path.name.partition("-")[0], [made.entry(path, **said)])
    server = serve(root, faults)
    return server, made.config(f"{server.url}/simple")


def large_wheel(root: Path, **options: Any) -> Path:
    return made.wheel(
        root / "files",
        "foo",
        "1.0",
        requires=NEEDS,
        fields=["Provides-Extra: Fast_Path"],
        ballast=2_000_000,
        **options,
    )


def sent(server: Server, ending: str) -> list[Mapping[str, str]]:
    return [hit.headers for hit in server.hits if hit.path.endswith(ending)]


def assert_is_foo(found: Metadata) -> None:
    assert (found.name, str(found.version)) == ("foo", "1.0")
    assert [str(item) for item in found.requires] == [
        'six>=1.0; python_version >= "3"',
        'numpy[all]~=1.2; extra == "fast-path"',
    ]
    assert found.extras == {"fast-path"}
    assert not found.built


def test_a_large_wheel_is_read_by_pieces(serve: Serve, tmp_path: Path) -> None:
    server, settings = served(serve, tmp_path, large_wheel(tmp_path))
    assert_is_foo(read(settings, tmp_path / "cache"))
    asked = sent(server, ".whl")
    assert asked and all("Range" in headers for headers in asked)
    assert len(asked) <= 2


def test_pieces_suffice_when_the_index_says_no_size(serve: Serve, tmp_path: Path) -> None:
    made.html_page(tmp_path, "foo", [large_wheel(tmp_path)])
    server = serve(tmp_path)
    assert_is_foo(read(made.config(f"{server.url}/simple"), tmp_path / "cache"))
    assert all("Range" in headers for headers in sent(server, ".whl"))


@pytest.mark.parametrize("status", [200, 416])
def test_a_server_without_ranges_gives_the_whole_wheel(serve: Serve, tmp_path: Path, status: int) -> None:
    path = large_wheel(tmp_path)
    fault = Fault(
        "*.whl",
        status=status,
        body=path.read_bytes() if status == 200 else b"",
        times=None if status == 200 else 1,
    )
    server, settings = served(serve, tmp_path, path, [fault])
    assert_is_foo(read(settings, tmp_path / "cache"))
    assert made.use(settings, tmp_path / "cache", lambda source: _fetch(source, tmp_path / "out")).is_file()
    assert len(sent(server, ".whl")) == 2


async def _fetch(source: PypiSource, directory: Path) -> Path:
    page = await source.page(made.project("foo"))
    assert page is not None
    return await source.fetch(page.files[0], directory)


def test_advertised_metadata_is_all_that_is_fetched(serve: Serve, tmp_path: Path) -> None:
    path = large_wheel(tmp_path)
    beside = path.with_name(path.name + ".metadata")
    beside.write_text(made.metadata("foo", "1.0", NEEDS, ["Provides-Extra: Fast_Path"]))
    server, settings = served(serve, tmp_path, path, core_metadata={"sha256": made.sha256(beside)})
    assert_is_foo(read(settings, tmp_path / "cache"))
    assert not sent(server, ".whl")


@pytest.mark.parametrize("said", [True, {"sha256": "0" * 64}])
def test_advertised_metadata_that_is_missing_or_false_is_not_believed(
    serve: Serve, tmp_path: Path, said: object
) -> None:
    path = large_wheel(tmp_path)
    if said is not True:
        path.with_name(path.name + ".metadata").write_text(made.metadata("foo", "1.0", ["evil"]))
    _, settings = served(serve, tmp_path, path, core_metadata=said)
    assert_is_foo(read(settings, tmp_path / "cache"))


def test_metadata_is_asked_for_once_and_for_all(serve: Serve, tmp_path: Path) -> None:
    server, settings = served(serve, tmp_path, large_wheel(tmp_path))
    first = read(settings, tmp_path / "cache")
    server.forget()
    assert read(settings, tmp_path / "cache") == first
    assert read(settings, tmp_path / "cache", offline=True) == first
    assert not sent(server, ".whl")


def test_a_small_wheel_comes_whole_and_is_there_for_the_install(serve: Serve, tmp_path: Path) -> None:
    server, settings = served(serve, tmp_path, made.wheel(tmp_path / "files", "foo", "1.0"))
    read(settings, tmp_path / "cache")
    made.use(settings, tmp_path / "cache", lambda source: _fetch(source, tmp_path / "out"))
    assert len(sent(server, ".whl")) == 1


def test_a_static_sdist_is_read_and_not_built(serve: Serve, tmp_path: Path) -> None:
    path = made.sdist(tmp_path / "files", "foo", "1.0", requires=["six>=1"])
    _, settings = served(serve, tmp_path, path)
    found = read(settings, tmp_path / "cache", builds=False)
    assert [str(item) for item in found.requires] == ["six>=1"]
    assert not found.built


def test_an_sdist_that_does_not_tell_is_not_guessed_at(serve: Serve, tmp_path: Path) -> None:
    path = made.sdist(tmp_path / "files", "foo", "1.0", requires=["six>=1"], static=False)
    _, settings = served(serve, tmp_path, path)
    with pytest.raises(MetadataError, match="must be built"):
        read(settings, tmp_path / "cache", builds=False)


@pytest.mark.parametrize(
    "fields",
    [["Requires-Dist: six (>dev)"], ["Requires-Dist: =="], ["Name: other"]],
)
def test_a_file_with_unusable_metadata_is_only_that_files_fault(
    serve: Serve, tmp_path: Path, fields: list[str]
) -> None:
    path = made.wheel(tmp_path / "files", "foo", "1.0", fields=fields)
    if fields == ["Name: other"]:
        path = path.rename(path.with_name("bar-1.0-py3-none-any.whl"))
    _, settings = served(serve, tmp_path, path)
    with pytest.raises(MetadataError) as raised:
        read(settings, tmp_path / "cache", path.name[:3])
    assert raised.value.data["filename"] == path.name


def test_a_wheel_that_is_no_zip_is_only_that_files_fault(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "files" / "foo-1.0-py3-none-any.whl"
    path.parent.mkdir()
    path.write_bytes(b"no zip" * 100_000)
    _, settings = served(serve, tmp_path, path)
    with pytest.raises(MetadataError, match="zip"):
        read(settings, tmp_path / "cache")


def test_an_index_that_fails_is_not_the_files_fault(serve: Serve, tmp_path: Path) -> None:
    _, settings = served(serve, tmp_path, large_wheel(tmp_path), [Fault("*.whl", status=500)])
    with pytest.raises(SourceError) as raised:
        read(settings, tmp_path / "cache")
    assert not isinstance(raised.value, MetadataError)
    assert raised.value.data["status"] == 500


@pytest.mark.slow
def test_five_thousand_requirements_do_not_hurt() -> None:
    lines = [
        f"project-{number}[a,b] >=1.{number}, !=2.* ; python_version >= '3.8' and extra == 'x{number}'"
        for number in range(5000)
    ]
    text = made.metadata("foo", "1.0", lines) + "\n".join("a line of the description" for _ in range(5000))
    start = time.process_time()
    found = metadata.parse(text)
    assert time.process_time() - start < 4
    assert len(found.requires) == 5000
    assert metadata.from_bytes(metadata.to_bytes(found)) == found


def test_folded_fields_are_one_value() -> None:
    lines = [
        "Metadata-Version: 2.1",
        "Name: Foo.Bar",
        "Version: 1.0",
        "Requires-Dist: six",
        "  >=1.0",
        "Summary: a",
    ]
    found = metadata.parse("\n".join([*lines, "", "Requires-Dist: not-a-field"]))
    assert (found.name, [str(item) for item in found.requires]) == ("foo-bar", ["six>=1.0"])


@pytest.mark.slow
@pytest.mark.network
def test_an_sdist_is_built_once_in_staging(serve: Serve, tmp_path: Path) -> None:
    path = made.sdist(tmp_path / "files", "foo", "1.0", requires=["six>=1"], static=False)
    _, local = served(serve, tmp_path, path)
    default = PipConfig.read()
    settings = default.with_indexes(extra_index_urls=local.index_urls)

    async def build(source: PypiSource) -> tuple[Metadata, Path, float]:
        page = await source.page(made.project("foo"))
        assert page is not None
        file = next(
            file for file in page.files if file.url.startswith(local.index_urls[0].rpartition("/")[0])
        )
        with pytest.raises(MetadataError, match="must be built"):
            await source.metadata(dataclasses.replace(file, hashes={}), build=False)
        start = time.monotonic()
        found = await source.metadata(file)
        return found, await source.wheel(file, tmp_path / "out"), time.monotonic() - start

    found, wheel, _ = made.use(settings, tmp_path / "cache", build)
    assert found.built
    assert [str(item) for item in found.requires] == ["six>=1"]
    assert wheel.name == "foo-1.0-py3-none-any.whl"
    again, _, seconds = made.use(settings, tmp_path / "cache", build)
    assert again == found
    assert seconds < 1
