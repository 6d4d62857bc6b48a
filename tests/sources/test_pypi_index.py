"""An index is asked for what it has; only "not here" means absent, everything else is an error."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condadeps.errors import HashError, SourceError
from condadeps.show.reporter import Reporter
from condadeps.sources.pages import Page
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.channel.server import Fault, Server
from tests.conftest import Serve
from tests.sources import simple_index as made

SIX = made.project("six")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An index with one project, six, of one wheel and one sdist."""
    root = tmp_path / "root"
    files = [made.wheel(root / "files", "six", "1.0"), made.sdist(root / "files", "six", "0.9")]
    made.json_page(root, "six", [made.entry(path) for path in files])
    return root


def index(server: Server) -> str:
    return f"{server.url}/simple"


def look(settings: PipConfig, cache: Path, name: str = "six", **options: object) -> Page | None:
    return made.use(settings, cache, lambda source: source.page(made.project(name)), **options)


def versions(page: Page | None) -> list[str] | None:
    return None if page is None else [str(version) for version in page.versions]


def refused(settings: PipConfig, cache: Path, name: str = "six", **options: object) -> SourceError:
    with pytest.raises(SourceError) as raised:
        look(settings, cache, name, **options)
    return raised.value


def test_a_project_is_found_and_an_unknown_one_is_absent(root: Path, serve: Serve, tmp_path: Path) -> None:
    settings = made.config(index(serve(root)))
    assert versions(look(settings, tmp_path)) == ["1.0", "0.9"]
    assert look(settings, tmp_path, "seven") is None


def test_a_removed_project_is_absent(root: Path, serve: Serve, tmp_path: Path) -> None:
    assert look(made.config(index(serve(root, [Fault("*", status=410)]))), tmp_path) is None


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503, 504])
def test_an_index_that_fails_is_never_read_as_absence(
    root: Path, serve: Serve, tmp_path: Path, status: int
) -> None:
    error = refused(made.config(index(serve(root, [Fault("*", status=status)]))), tmp_path)
    assert error.data["status"] == status
    assert error.data["url"].endswith("/simple/six/")
    assert str(status) in error.message


@pytest.mark.parametrize(
    "fault",
    [
        Fault("*", body=b"{"),
        Fault("*", body=b"[]"),
        Fault("*", headers={"Content-Type": "text/plain"}, omit=["Content-Type"]),
        Fault("*", cut=0),
        Fault("*", cut=10),
        Fault("*", delay=3),
        Fault("*", status=302, headers={"Location": "file:///etc/passwd"}),
        Fault("*", status=302, headers={"Location": "/channel/simple/six/"}),
    ],
    ids=["broken", "list", "text", "hangs up", "breaks off", "slow", "to a file", "in circles"],
)
def test_an_index_that_makes_no_sense_is_never_read_as_absence(
    root: Path, serve: Serve, tmp_path: Path, fault: Fault
) -> None:
    error = refused(made.config(index(serve(root, [fault])), timeout=1), tmp_path)
    assert error.data["url"]
    assert error.help


def test_an_index_nobody_serves_is_never_read_as_absence(tmp_path: Path) -> None:
    error = refused(made.config("http://127.0.0.1:9/simple"), tmp_path)
    assert "refused" in error.message
    assert error.data["status"] is None


def test_one_of_several_indexes_failing_is_an_error(root: Path, serve: Serve, tmp_path: Path) -> None:
    good, bad = serve(root), serve(root, [Fault("*", status=500)])
    assert refused(made.config(index(good), index(bad)), tmp_path).data["status"] == 500


def test_a_short_failure_is_survived(root: Path, serve: Serve, tmp_path: Path) -> None:
    faults = [Fault("*", status=503, times=1), Fault("*", cut=5, times=1), Fault("*", status=429, times=1)]
    assert versions(look(made.config(index(serve(root, faults)), retries=3), tmp_path)) == ["1.0", "0.9"]


def test_several_indexes_are_merged_and_the_first_one_wins(root: Path, serve: Serve, tmp_path: Path) -> None:
    other = tmp_path / "other"
    files = [made.wheel(other / "files", "six", version) for version in ("1.0", "2.0")]
    made.html_page(other, "six", files)
    first, second = serve(root), serve(other)
    page = look(made.config(index(first), index(second)), tmp_path)
    assert versions(page) == ["2.0", "1.0", "0.9"]
    assert page is not None
    assert [file.url.startswith(first.url) for file in page.at(page.versions[1])] == [True, False]


def test_an_html_index_and_redirects_are_followed(root: Path, serve: Serve, tmp_path: Path) -> None:
    old = tmp_path / "old"
    made.html_page(old, "six", [made.wheel(old / "files", "six", "3.0")])
    there = serve(old)
    here = serve(root, [Fault("*/six/", status=301, headers={"Location": f"{index(there)}/six/"})])
    page = look(made.config(index(here)), tmp_path)
    assert page is not None
    assert page.files[0].url == f"{there.url}/files/six-3.0-py3-none-any.whl"


def test_an_unchanged_page_is_not_sent_again(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root)
    settings = made.config(index(server))
    look(settings, tmp_path)
    assert versions(look(settings, tmp_path)) == ["1.0", "0.9"]
    assert [hit.status for hit in server.hits] == [200, 304]


def test_a_changed_page_is_seen(root: Path, serve: Serve, tmp_path: Path) -> None:
    settings = made.config(index(serve(root)))
    look(settings, tmp_path)
    made.json_page(root, "six", [made.entry(made.wheel(root / "files", "six", "1.1"))])
    assert versions(look(settings, tmp_path)) == ["1.1"]


def test_a_page_without_validators_is_fresh_for_a_while(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root, [Fault("*", omit=["ETag", "Last-Modified", "Cache-Control"])])
    settings = made.config(index(server))
    look(settings, tmp_path)
    look(settings, tmp_path)
    assert len(server.hits) == 1
    look(settings, tmp_path, refresh=True)
    assert len(server.hits) == 2


def test_a_page_with_signed_urls_is_not_kept(root: Path, serve: Serve, tmp_path: Path) -> None:
    path = next((root / "files").glob("*.whl"))
    made.json_page(root, "six", [made.entry(path, url=f"../../files/{path.name}?signature=secret")])
    cache = tmp_path / "cache"
    assert versions(look(made.config(index(serve(root))), cache)) == ["1.0"]
    assert not any(b"secret" in kept.read_bytes() for kept in cache.rglob("*") if kept.is_file())


def test_a_damaged_cache_is_fetched_again(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root, [Fault("*", headers={"Cache-Control": "max-age=500"}, omit=["Cache-Control"])])
    settings, cache = made.config(index(server)), tmp_path / "cache"
    look(settings, cache)
    [kept] = [path for path in cache.rglob("*") if path.is_file()]
    kept.write_bytes(kept.read_bytes()[:-200])
    assert versions(look(settings, cache)) == ["1.0", "0.9"]
    kept.write_bytes(b"\xff\x00")
    assert versions(look(settings, cache)) == ["1.0", "0.9"]


def test_offline_uses_what_is_kept_and_says_what_is_not(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root)
    settings = made.config(index(server))
    look(settings, tmp_path)
    server.forget()
    assert versions(look(settings, tmp_path, offline=True)) == ["1.0", "0.9"]
    assert "offline" in refused(settings, tmp_path, "seven", offline=True).message
    assert server.hits == []


def test_projects_are_asked_for_in_parallel_and_each_once(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root, [Fault("*", delay=0.3)])

    async def ask(source: PypiSource) -> Sequence[object]:
        names = [made.project(f"unknown-{number}") for number in range(12)]
        return await asyncio.gather(*(source.page(name) for name in [*names, *names, SIX]))

    start = time.monotonic()
    answers = made.use(made.config(index(server)), tmp_path, ask)
    assert time.monotonic() - start < 2.5
    assert answers[:-1] == [None] * 24
    assert len(server.hits) == 13


def test_credentials_of_the_index_are_sent_and_never_shown(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root)
    server.authorization = "Basic " + base64.b64encode(b"me:s3cret").decode()
    url = index(server).replace("http://", "http://me:s3cret@")

    async def fetch(source: PypiSource) -> Page:
        page = await source.page(SIX)
        assert page is not None
        await source.fetch(page.files[0], tmp_path / "out")
        return page

    cache = tmp_path / "cache"
    page = made.use(made.config(url), cache, fetch)
    assert "s3cret" not in page.files[0].url
    assert not any(b"s3cret" in kept.read_bytes() for kept in cache.rglob("*") if kept.is_file())
    error = refused(made.config(url.replace("s3cret", "wr0ng")), tmp_path / "other")
    assert error.data["status"] == 401
    assert "wr0ng" not in json.dumps(error.to_json())
    assert "netrc" in (error.help or "")


def test_netrc_is_used(root: Path, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(root)
    server.authorization = "Basic " + base64.b64encode(b"me:s3cret").decode()
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert versions(look(made.config(index(server)), tmp_path)) == ["1.0", "0.9"]


def test_the_keyring_is_asked_when_an_index_refuses(
    root: Path, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(root)
    server.authorization = "Basic " + base64.b64encode(b"me:s3cret").decode()
    executable = tmp_path / "bin" / "keyring"
    executable.parent.mkdir()
    executable.write_text('#!/bin/sh\necho \'{"username": "me", "password": "s3cret"}\'\n')
    executable.chmod(0o755)
    monkeypatch.setenv("PATH", str(executable.parent), prepend=":")
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert versions(look(made.config(index(server), keyring="subprocess"), tmp_path)) == ["1.0", "0.9"]
    error = refused(made.config(index(server), keyring="disabled"), tmp_path / "other")
    assert error.data["status"] == 401


def test_a_token_in_the_path_of_an_index_is_never_shown(root: Path, serve: Serve, tmp_path: Path) -> None:
    (root / "t" / "tk-s3cret").mkdir(parents=True)
    (root / "t" / "tk-s3cret" / "org").symlink_to(root)
    server = serve(root)
    url = f"{server.url}/t/tk-s3cret/org/simple"

    async def fetch(source: PypiSource) -> str:
        page = await source.page(SIX)
        assert page is not None
        await source.fetch(page.files[0], tmp_path / "out")
        return page.files[0].url

    shown = made.use(made.config(url), tmp_path / "cache", fetch)
    assert shown == f"{server.url}/org/files/six-1.0-py3-none-any.whl"
    assert all("/t/tk-s3cret/" in path for path in server.paths())
    server.faults.append(Fault("*", status=500))
    assert "s3cret" not in json.dumps(refused(made.config(url), tmp_path / "other").to_json())


def test_plain_http_elsewhere_is_refused_unless_trusted(tmp_path: Path) -> None:
    error = refused(made.config("http://index.invalid/simple"), tmp_path)
    assert "plain http" in error.message
    assert "trusted-host" in (error.help or "")
    trusted = made.config("http://index.invalid/simple", trusted_hosts=("index.invalid",))
    assert "plain http" not in refused(trusted, tmp_path).message


def test_an_index_in_a_directory_is_read(tmp_path: Path) -> None:
    root = tmp_path / "a b"
    made.html_page(root, "six", [made.wheel(root / "files", "six", "1.0")])
    url = (root / "simple").as_uri()
    page = look(made.config(url), tmp_path)
    assert page is not None
    assert page.files[0].local
    assert look(made.config(url), tmp_path, "seven") is None
    assert "is not there" in refused(made.config(url + "-gone"), tmp_path).message
    (root / "simple" / "eight").mkdir()
    assert "eight" in refused(made.config(url), tmp_path, "eight").message


def test_an_index_that_tells_no_dates_is_never_read_as_absence(serve: Serve, tmp_path: Path) -> None:
    root = tmp_path / "root"
    made.html_page(root, "six", [made.wheel(root / "files", "six", "1.0")])
    moment = datetime(2021, 1, 1, tzinfo=timezone.utc)
    error = refused(made.config(index(serve(root))), tmp_path, exclude_newer=moment)
    assert "--exclude-newer" in (error.help or "")


def test_what_is_newer_than_asked_is_not_shown(root: Path, serve: Serve, tmp_path: Path) -> None:
    settings = made.config(index(serve(root)))
    for year, expected in ((2024, []), (2025, ["1.0", "0.9"])):
        moment = datetime(year, 1, 1, tzinfo=timezone.utc)
        assert versions(look(settings, tmp_path, exclude_newer=moment)) == expected


def test_find_links_are_looked_at_first(root: Path, serve: Serve, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    made.wheel(wheels, "six", "1.0")
    made.wheel(wheels, "six-extra", "7.0")
    (wheels / "README.txt").write_text("not a file of any project")
    elsewhere = tmp_path / "elsewhere"
    made.html_page(elsewhere, "all", [made.wheel(elsewhere / "files", "six", "4.0")])
    page_url = f"{serve(elsewhere).url}/simple/all/"
    settings = made.config(index(serve(root)), find_links=(str(wheels), page_url))
    page = look(settings, tmp_path)
    assert versions(page) == ["4.0", "1.0", "0.9"]
    assert page is not None
    assert page.at(page.versions[1])[0].local
    assert versions(look(settings, tmp_path, "six-extra")) == ["7.0"]


def test_find_links_that_are_not_there_are_named_once(tmp_path: Path) -> None:
    class Heard(Reporter):
        notices: list[str] = []

        def notice(self, message: str) -> None:
            self.notices.append(message)

    async def ask(source: PypiSource) -> None:
        assert await source.page(SIX) is None
        assert await source.page(made.project("seven")) is None
        await asyncio.sleep(0)

    made.use(made.config(find_links=(str(tmp_path / "gone"),)), tmp_path, ask, reporter=Heard())
    assert len(Heard.notices) == 1
    assert "gone" in Heard.notices[0]


def test_a_file_is_fetched_once_with_progress(root: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(root)

    class Heard(Reporter):
        seen: list[tuple[str, int, int | None]] = []

        def progress(self, item: str, done: int, total: int | None, unit: str = "items") -> None:
            self.seen.append((item, done, total))

    async def fetch(source: PypiSource) -> Path:
        page = await source.page(SIX)
        assert page is not None
        first = await source.fetch(page.files[0], tmp_path / "one")
        again = await source.fetch(page.files[0], tmp_path / "two")
        assert first.read_bytes() == again.read_bytes()
        return first

    path = made.use(made.config(index(server)), tmp_path / "cache", fetch, reporter=Heard())
    assert path == tmp_path / "one" / "six-1.0-py3-none-any.whl"
    assert sum(path.endswith(".whl") for path in server.paths()) == 1
    assert Heard.seen[-1] == (path.name, path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize("hashes", [{"sha256": "0" * 64}, {"md5": "0" * 32}, {"sha512": "0" * 128}])
def test_a_file_that_is_not_the_promised_one_is_refused(
    root: Path, serve: Serve, tmp_path: Path, hashes: dict[str, str]
) -> None:
    path = next((root / "files").glob("*.whl"))
    made.json_page(root, "six", [made.entry(path, hashes=hashes)])

    async def fetch(source: PypiSource) -> Path:
        page = await source.page(SIX)
        assert page is not None
        return await source.fetch(page.files[0], tmp_path / "out")

    with pytest.raises(HashError) as raised:
        made.use(made.config(index(serve(root))), tmp_path / "cache", fetch)
    assert raised.value.data["expected"] in hashes.values()
    assert not (tmp_path / "out").exists()
    assert not [kept for kept in (tmp_path / "cache" / "pypi" / "files").rglob("*") if kept.is_file()]


def test_a_download_that_breaks_off_is_tried_again(root: Path, serve: Serve, tmp_path: Path) -> None:
    faults = [Fault("*.whl", cut=50, times=2)]

    async def fetch(source: PypiSource) -> Path:
        page = await source.page(SIX)
        assert page is not None
        return await source.fetch(page.files[0], tmp_path / "out")

    path = made.use(made.config(index(serve(root, faults))), tmp_path / "cache", fetch)
    assert path.stat().st_size == next((root / "files").glob("*.whl")).stat().st_size
    with pytest.raises(SourceError, match="broke off"):
        made.use(
            made.config(index(serve(root, [Fault("*.whl", cut=50)]))),
            tmp_path / "other",
            fetch,
        )


def test_a_damaged_kept_file_is_fetched_again(root: Path, serve: Serve, tmp_path: Path) -> None:
    settings, cache = made.config(index(serve(root))), tmp_path / "cache"

    async def fetch(source: PypiSource) -> bytes:
        page = await source.page(SIX)
        assert page is not None
        return (await source.fetch(page.files[0], tmp_path / "out")).read_bytes()

    whole = made.use(settings, cache, fetch)
    [kept] = cache.rglob("*.whl")
    kept.unlink()
    kept.write_bytes(b"damaged")
    assert made.use(settings, cache, fetch) == whole


def test_a_file_whose_hash_the_index_does_not_say_gets_one(serve: Serve, tmp_path: Path) -> None:
    root = tmp_path / "root"
    path = made.wheel(root / "files", "six", "1.0")
    made.html_page(root, "six", [path], hashed=False)

    async def pin(source: PypiSource) -> str | None:
        page = await source.page(SIX)
        assert page is not None
        assert page.files[0].sha256 is None
        return (await source.pinned(page.files[0])).sha256

    assert made.use(made.config(index(serve(root))), tmp_path / "cache", pin) == made.sha256(path)
