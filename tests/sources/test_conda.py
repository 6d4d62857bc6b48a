"""Channels answer with what counts, and a channel that does not answer is never an empty one."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from condadeps.errors import ConfigError, SourceError
from condadeps.names.namespaces import PackageName
from condadeps.sources.conda import CondaSource, package_cache
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.subdirs import Subdir
from tests.channel.server import Fault, Server, serve
from tests.sources.handmade import Made, channel, source

_T = TypeVar("_T")

Ask = Callable[[CondaSource], Coroutine[Any, Any, object]]

FOO, BAR = PackageName("foo"), PackageName("bar")
NEWER = 1_750_000_000_000


def run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return channel(
        tmp_path_factory.mktemp("first"),
        Made("foo", "1.0", ["bar"]),
        Made("bar", "1.0", subdir="noarch"),
        Made("only-here", "1.0"),
    )


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return channel(
        tmp_path_factory.mktemp("second"),
        Made("foo", "2.0", ["bar"]),
        Made("foo", "3.0", ["bar >=2"], timestamp=NEWER),
        Made("bar", "2.0", subdir="noarch"),
        Made("undated", "1.0", timestamp=None),
    )


@contextmanager
def serving(directory: Path, *faults: Fault, **options: Any) -> Iterator[Server]:
    with serve(directory, faults, **options) as server:
        yield server


def config(*channels: str, **settings: Any) -> CondaConfig:
    """Quick to give up, so that failures do not take the time they take a person."""
    settings.setdefault("remote_max_retries", 0)
    return CondaConfig(channels=channels, **settings)


def versions(source: CondaSource, *names: str) -> dict[str, list[str]]:
    found = run(source.records([PackageName(name) for name in names]))
    return {str(name): sorted(str(record.version) for record in records) for name, records in found.items()}


async def solved(source: CondaSource, *specs: str) -> list[str]:
    """What the engine's solver makes of the source, as a solve would ask it."""
    import rattler

    await source.names()
    work = rattler.solve(
        source.solver_sources(),
        list(specs),
        gateway=source.gateway,
        platforms=source.platforms,
        channel_priority=source.solver_priority,
        virtual_packages=source.virtual_packages(),
        channel_relations="disabled",
    )
    records = await source.asking(work)
    return sorted(f"{record.name.normalized} {record.version}" for record in records)


def test_names_and_records_come_from_the_platform_and_noarch(first: Path, tmp_path: Path) -> None:
    with serving(first) as server:
        conda = source(config(server.url), tmp_path)
        assert run(conda.names()) == {"foo", "bar", "only-here"}
        assert versions(conda, "foo", "bar", "nobody") == {"foo": ["1.0"], "bar": ["1.0"], "nobody": []}
        assert run(solved(conda, "foo")) == ["bar 1.0", "foo 1.0"]
        assert conda.written == (server.url,)


def test_indexes_asked_for_beforehand_are_asked_for_once(first: Path, tmp_path: Path) -> None:
    async def later(conda: CondaSource) -> frozenset[str]:
        conda.begin()
        conda.begin()
        return await conda.names()

    with serving(first) as server:
        once, twice = (source(config(server.url), tmp_path / name) for name in ("once", "twice"))
        run(once.names())
        asked = sorted(server.paths("GET"))
        server.forget()
        assert run(later(twice)) == {"foo", "bar", "only-here"}
        assert sorted(server.paths("GET")) == asked


def test_a_channel_asked_beforehand_that_fails_is_told_when_the_names_are_wanted(tmp_path: Path) -> None:
    async def later(conda: CondaSource) -> None:
        conda.begin()
        await asyncio.sleep(0.2)
        with pytest.raises(SourceError):
            await conda.names()
        conda.begin()
        conda.close()

    run(later(source(config("http://127.0.0.1:9/channel"), tmp_path)))


def test_a_directory_is_a_channel_even_offline(first: Path, tmp_path: Path) -> None:
    for written in (first.as_uri(), str(first), f"./{first.name}"):
        conda = source(config(written), tmp_path, directory=first.parent, offline=True)
        assert versions(conda, "foo") == {"foo": ["1.0"]}


@pytest.mark.parametrize("broken", ["*shards.msgpack.zst", "*.zst"])
def test_sharded_zst_and_plain_repodata_give_the_same(first: Path, tmp_path: Path, broken: str) -> None:
    with serving(first, Fault(broken, status=404)) as server:
        conda = source(config(server.url), tmp_path)
        assert run(solved(conda, "foo")) == ["bar 1.0", "foo 1.0"]


def test_forms_of_repodata_can_be_switched_off(first: Path, tmp_path: Path) -> None:
    with serving(first) as server:
        plain = config(server.url, repodata_use_shards=False, repodata_use_zst=False)
        run(source(plain, tmp_path).names())
        assert {path.rpartition("/")[2] for path in server.paths("GET")} == {"repodata.json"}


def test_flexible_priority_keeps_all_candidates_the_first_channels_first(
    first: Path, second: Path, tmp_path: Path
) -> None:
    with serving(first) as one, serving(second) as two:
        conda = source(config(one.url, two.url), tmp_path)
        assert versions(conda, "foo") == {"foo": ["1.0", "2.0", "3.0"]}
        records = run(conda.records([FOO]))[FOO]
        assert records[0].url.startswith(one.url)
        assert run(solved(conda, "foo")) == ["bar 1.0", "foo 1.0"]
        assert run(solved(conda, "foo >1")) == ["bar 2.0", "foo 3.0"]


def test_strict_priority_knows_only_the_first_channel_that_has_the_name(
    first: Path, second: Path, tmp_path: Path
) -> None:
    from rattler.exceptions import SolverError

    with serving(first) as one, serving(second) as two:
        conda = source(config(one.url, two.url, channel_priority="strict"), tmp_path)
        assert versions(conda, "foo", "bar", "undated") == {
            "foo": ["1.0"],
            "bar": ["1.0"],
            "undated": ["1.0"],
        }
        assert run(solved(conda, "foo", "undated")) == ["bar 1.0", "foo 1.0", "undated 1.0"]
        # The engine's own strict rule would take a direct spec from the second channel here.
        with pytest.raises(SolverError):
            run(solved(conda, "foo >1"))


def test_disabled_priority_takes_the_newest_of_any_channel(first: Path, second: Path, tmp_path: Path) -> None:
    with serving(first) as one, serving(second) as two:
        conda = source(config(one.url, two.url, channel_priority="disabled"), tmp_path)
        assert run(solved(conda, "foo")) == ["bar 2.0", "foo 3.0"]


def test_the_members_of_a_multichannel_share_their_priority(
    first: Path, second: Path, tmp_path: Path
) -> None:
    settings = {"custom_multichannels": {"both": (first.as_uri(), second.as_uri())}}
    conda = source(config("both", channel_priority="strict", **settings), tmp_path)
    assert versions(conda, "foo") == {"foo": ["1.0", "2.0", "3.0"]}
    assert run(solved(conda, "foo")) == ["bar 2.0", "foo 3.0"]
    assert conda.written == ("both",)


def test_a_package_whose_channel_was_written_comes_from_there_alone(
    first: Path, second: Path, tmp_path: Path
) -> None:
    for priority in ("strict", "flexible"):
        settings = config(first.as_uri(), channel_priority=priority)
        conda = source(settings, tmp_path, named={FOO: second.as_uri()})
        assert versions(conda, "foo", "bar")["foo"] == ["2.0", "3.0"]
        assert [item.base_url for item in run(conda.where(FOO))] == [first.as_uri(), second.as_uri()]
        assert run(solved(conda, "foo 2.*")) == ["bar 1.0", "foo 2.0"]


def test_what_was_published_after_the_cut_off_does_not_exist(second: Path, tmp_path: Path) -> None:
    dated = shutil.copytree(second, tmp_path / "dated")
    for path in dated.glob("*/repodata.json"):
        # The indexer notes when it saw a package, which is today; an archive's index has old dates.
        path.write_text(re.sub(r'"indexed_timestamp": ?\d+, ?', "", path.read_text()))
    conda = source(config(dated.as_uri()), tmp_path, exclude_newer="2025-01-01")
    assert versions(conda, "foo", "undated") == {"foo": ["2.0"], "undated": ["1.0"]}
    assert run(solved(conda, "foo")) == ["bar 2.0", "foo 2.0"]


def test_disallowed_packages_are_left_out(second: Path, tmp_path: Path) -> None:
    conda = source(config(second.as_uri(), disallowed_packages=("foo >=3",)), tmp_path)
    assert versions(conda, "foo") == {"foo": ["2.0"]}
    assert run(solved(conda, "foo")) == ["bar 2.0", "foo 2.0"]


def test_a_channel_the_site_denies_is_refused_even_when_written_in_a_spec(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="denied"):
        source(config("a", denylist_channels=("b",)), tmp_path, named={FOO: "b"})


def test_near_names_are_offered_for_a_misspelt_one(first: Path, tmp_path: Path) -> None:
    conda = source(config(first.as_uri()), tmp_path)
    assert run(conda.near("only_here")) == ("only-here",)
    assert run(conda.near("fooo"))[0] == "foo"
    assert run(conda.near("xyzzy")) == ()


HTML = b"<html><body>Please log in to the hotel's network</body></html>"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("*", status=404), 404),
        (Fault("*", status=401), 401),
        (Fault("*", status=403), 403),
        (Fault("*", status=500), 500),
        (Fault("*", status=503), 503),
        (Fault("*/noarch/*", status=404), 404),
        (Fault("*/linux-64/*", status=500), 500),
        (Fault("*/linux-64/*", status=403), 403),
        (Fault("*", body=HTML), None),
        (Fault("*", body=b""), None),
        (Fault("*", cut=0), None),
        (Fault("*repodata*", cut=20), None),
    ],
    ids=repr,
)
@pytest.mark.parametrize("ask", [lambda one: one.names(), lambda one: one.having([FOO])], ids=["all", "foo"])
def test_a_channel_that_does_not_answer_sensibly_is_an_error_not_an_empty_channel(
    first: Path, tmp_path: Path, fault: Fault, status: int | None, ask: Ask
) -> None:
    with serving(first, fault) as server, pytest.raises(SourceError) as caught:
        run(ask(source(config(server.url), tmp_path)))
    assert caught.value.data["channel"] == server.url
    assert caught.value.data["url"].startswith(server.url)
    assert caught.value.data["reason"]
    if status is not None:
        assert caught.value.data["status"] == status


@pytest.mark.parametrize("subdir", ["noarch", "linux-64"])
@pytest.mark.parametrize("body", [b"[]", b'{"error": "not found"}', b"{}", b'{"packages": {', HTML])
@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.names(),
        lambda one: one.having([FOO]),
        lambda one: one.having([]),
        lambda one: one.records([FOO]),
        lambda one: one.records([PackageName("nobody")]),
    ],
    ids=["names", "foo", "nothing", "foo's", "nobody's"],
)
def test_json_that_is_no_repodata_is_not_an_empty_channel(
    first: Path, tmp_path: Path, body: bytes, subdir: str, ask: Ask
) -> None:
    faults = (Fault("*.zst", status=404), Fault(f"*/{subdir}/repodata.json", body=body))
    with serving(first, *faults) as server, pytest.raises(SourceError) as caught:
        run(ask(source(config(server.url), tmp_path)))
    assert caught.value.data["channel"] == server.url


def test_a_channel_tells_of_single_names_and_lists_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = channel(
        tmp_path / "made",
        Made("foo", subdir="linux-64"),
        Made("python", subdir="linux-64"),
        Made("pip", subdir="noarch"),
    )
    listed: list[str] = []

    async def names(subdir: Subdir, gateway: object) -> frozenset[str]:
        listed.append(subdir.platform)
        return frozenset()

    monkeypatch.setattr(Subdir, "names", names)
    with serving(made) as server:
        conda = source(config(server.url), tmp_path)
        assert run(conda.having([FOO, PackageName("nobody")])) == {"foo"}
        assert versions(conda, "foo", "nobody") == {"foo": ["1.0"], "nobody": []}
        assert listed == []


def test_each_rule_of_channels_leaves_the_same_names_there(first: Path, second: Path, tmp_path: Path) -> None:
    asked = [PackageName(name) for name in ("foo", "bar", "only-here", "undated", "nobody")]
    with serving(first) as one, serving(second) as two:
        for settings in ({}, {"channel_priority": "strict"}, {"disallowed_packages": ("undated",)}):
            conda = source(config(one.url, two.url, **settings), tmp_path)
            assert run(conda.having(asked)) == run(conda.names()) & {*asked}
            assert run(conda.having([])) == frozenset()


def test_a_shard_that_only_a_landmark_needs_may_be_missing(tmp_path: Path) -> None:
    made = channel(tmp_path / "made", Made("foo", subdir="linux-64"), Made("pip", subdir="noarch"))
    with serving(made, Fault("*/noarch/shards/*", status=404)) as server:
        assert run(source(config(server.url), tmp_path).having([FOO])) == {"foo"}


def test_an_empty_channel_is_one_that_says_so(tmp_path: Path) -> None:
    with serving(channel(tmp_path / "empty", Made("foo", subdir="osx-64"))) as server:
        assert run(source(config(server.url), tmp_path).names()) == frozenset()


def test_a_platform_that_a_channel_has_not_is_no_error_when_it_has_noarch(tmp_path: Path) -> None:
    with serving(channel(tmp_path / "pure", Made("pure", subdir="noarch"))) as server:
        assert run(source(config(server.url), tmp_path).names()) == {"pure"}


def test_a_host_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        run(source(config("http://127.0.0.1:9/channel"), tmp_path).names())
    assert caught.value.data["url"].startswith("http://127.0.0.1:9/channel")
    assert "Connection refused" in caught.value.data["reason"]


def test_what_is_no_channel_is_an_error_that_says_so(first: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with serving(first) as server:
        for place, why in {
            str(tmp_path / "nowhere"): "is no channel: there is no such directory",
            str(tmp_path / "pictures"): "is no channel: the directory has no noarch/repodata.json",
            f"{server.url}/pictures": "is no channel: its server answers, and",
        }.items():
            with pytest.raises(SourceError, match=re.escape(f"{place} {why}")):
                run(source(config(place), tmp_path).names())


def test_an_outage_is_not_called_no_channel(first: Path, tmp_path: Path) -> None:
    for fault in (Fault("*", status=503), Fault("*/linux-64/*", status=500), Fault("*", status=401)):
        with serving(first, fault) as server, pytest.raises(SourceError, match="did not answer sensibly"):
            run(source(config(server.url), tmp_path).names())


def test_a_channel_that_stays_silent_is_given_up(first: Path, tmp_path: Path) -> None:
    with (
        serving(first, Fault("*", delay=20)) as server,
        pytest.raises(SourceError, match="no answer in time"),
    ):
        run(source(config(server.url, remote_read_timeout_secs=0.5), tmp_path).names())


def test_a_channel_that_falls_silent_during_a_solve_is_given_up(first: Path, tmp_path: Path) -> None:
    with serving(first) as server:
        conda = source(config(server.url, remote_read_timeout_secs=0.5), tmp_path)
        run(conda.names())
        server.faults.append(Fault("*", delay=20))
        with pytest.raises(SourceError, match="no answer in time"):
            run(solved(conda, "foo"))


def test_a_channel_that_is_slow_but_alive_is_waited_for(first: Path, tmp_path: Path) -> None:
    with serving(first, Fault("*/noarch/*.zst", delay=1.5, times=1)) as server:
        conda = source(config(server.url, remote_read_timeout_secs=0.5), tmp_path)
        assert "foo" in run(conda.names())


def test_a_passing_fault_is_retried(first: Path, tmp_path: Path) -> None:
    with serving(first, Fault("*/noarch/*", status=503, times=1)) as server:
        conda = source(config(server.url, remote_max_retries=2), tmp_path)
        assert "bar" in run(conda.names())


def test_a_shard_that_is_missing_is_an_error_not_a_missing_package(first: Path, tmp_path: Path) -> None:
    with serving(first, Fault("*/shards/*", status=404)) as server:
        conda = source(config(server.url), tmp_path)
        assert "foo" in run(conda.names())
        with pytest.raises(SourceError):
            run(conda.records([FOO]))
        with pytest.raises(SourceError) as caught:
            run(solved(conda, "foo"))
        assert caught.value.data["status"] == 404
        with pytest.raises(SourceError), conda.answering():
            run(conda.gateway.query(conda.solver_sources(), conda.platforms, ["foo"]))


def test_a_304_without_last_modified_does_not_stop_anything(first: Path, tmp_path: Path) -> None:
    with serving(first, Fault("*", omit=("Last-Modified",))) as server:
        for _ in range(3):
            conda = source(config(server.url), tmp_path)
            assert run(solved(conda, "foo")) == ["bar 1.0", "foo 1.0"]


def test_offline_answers_from_the_cache_and_asks_nobody(first: Path, tmp_path: Path) -> None:
    with serving(first) as server:
        online = source(config(server.url), tmp_path)
        assert run(solved(online, "foo")) == ["bar 1.0", "foo 1.0"]
        server.forget()
        offline = source(config(server.url, offline=True), tmp_path)
        assert run(solved(offline, "foo")) == ["bar 1.0", "foo 1.0"]
        assert server.paths() == []


def test_offline_with_nothing_cached_is_an_error_that_says_so(first: Path, tmp_path: Path) -> None:
    with serving(first) as server, pytest.raises(SourceError, match="offline, and the cache") as caught:
        run(source(config(server.url), tmp_path, offline=True).having([FOO]))
    assert server.paths() == []
    assert caught.value.help and "online" in caught.value.help


def test_offline_with_a_hole_in_the_cache_is_an_error_not_absence(first: Path, tmp_path: Path) -> None:
    with serving(first) as server:
        run(source(config(server.url), tmp_path).names())  # the indexes, no shard
        offline = source(config(server.url), tmp_path, offline=True)
        with pytest.raises(SourceError, match="offline"):
            run(offline.records([FOO]))


def test_a_token_opens_a_channel_and_shows_nowhere(first: Path, tmp_path: Path) -> None:
    with serving(first, mount="/t/tk-hush-1/channel") as server:
        conda = source(config(server.url), tmp_path)
        record = run(conda.records([FOO]))[FOO][0]
        assert record.url == f"{server.url.replace('/t/tk-hush-1', '')}/linux-64/foo-1.0-0.tar.bz2"
        assert "hush" not in record.channel
        assert all("hush" not in name for name in conda.written)
        server.faults.append(Fault("*", status=403))
        with pytest.raises(SourceError) as caught:
            run(source(config(server.url), tmp_path / "other").names())
        assert "hush" not in f"{caught.value} {caught.value.data}"
        assert _download(conda, record.url, tmp_path) == 403


def test_user_and_password_open_a_channel_and_show_nowhere(first: Path, tmp_path: Path) -> None:
    secret = "Basic " + base64.b64encode(b"me:hu/sh").decode()
    with serving(first, authorization=secret) as server:
        with pytest.raises(SourceError):
            run(source(config(server.url), tmp_path / "refused").names())
        conda = source(config(server.url.replace("://", "://me:hu%2Fsh@")), tmp_path)
        record = run(conda.records([FOO]))[FOO][0]
        assert record.url.startswith(f"{server.url}/")
        assert _download(conda, record.url, tmp_path) == 200


def test_netrc_opens_a_channel(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    secret = "Basic " + base64.b64encode(b"me:hush").decode()
    with serving(first, authorization=secret) as server:
        assert "foo" in run(source(config(server.url), tmp_path).names())


def _download(conda: CondaSource, url: str, tmp_path: Path) -> int:
    """The status the installer's client gets for a package of the channel."""
    from rattler.package_streaming import download_to_path

    async def fetch() -> int:
        try:
            await download_to_path(conda.client, url, tmp_path / "package")
        except Exception as error:
            return int(str(error).split("(")[1][:3])
        return 200

    return run(fetch())


def test_packages_are_kept_where_conda_says_or_in_our_own_cache(tmp_path: Path) -> None:
    environ = {"CONDADEPS_CACHE_DIR": str(tmp_path / "cache")}
    assert package_cache(CondaConfig(), environ) == tmp_path / "cache" / "pkgs"
    configured = CondaConfig(pkgs_dirs=(tmp_path / "deep" / "pkgs", tmp_path / "other"))
    assert package_cache(configured, environ) == tmp_path / "deep" / "pkgs"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_package_directory_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    site.chmod(0o555)
    configured = CondaConfig(pkgs_dirs=(site / "pkgs", tmp_path / "mine"))
    assert package_cache(configured, {}) == tmp_path / "mine"


def test_progress_is_told_for_every_subdir(first: Path, second: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    class Listening:
        def phase(self, phase: Any, message: str = "") -> None: ...
        def notice(self, message: str) -> None: ...
        def progress(self, item: str, done: int, total: int | None, unit: str = "items") -> None:
            told.append((item, done, total))

    run(source(config(first.as_uri(), second.as_uri()), tmp_path, reporter=Listening()).names())
    assert told == [("repodata", number, 4) for number in (1, 2, 3, 4)]


OVERRIDES: list[tuple[str, dict[str, str], Callable[[dict[str, str]], bool]]] = [
    ("linux-64", {"CONDA_OVERRIDE_CUDA": "12.4"}, lambda found: found["__cuda"] == "12.4"),
    ("linux-64", {"CONDA_OVERRIDE_CUDA": ""}, lambda found: "__cuda" not in found),
    ("linux-64", {"CONDA_OVERRIDE_GLIBC": "2.17"}, lambda found: found["__glibc"] == "2.17"),
    ("linux-64", {"CONDA_OVERRIDE_GLIBC": ""}, lambda found: "__glibc" not in found),
    ("linux-64", {"CONDA_OVERRIDE_LINUX": "5.10.1-vendor"}, lambda found: found["__linux"] == "5.10.1"),
    ("linux-64", {"CONDA_OVERRIDE_LINUX": ""}, lambda found: found["__linux"] == "0"),
    ("linux-64", {"CONDA_OVERRIDE_OSX": "14"}, lambda found: "__osx" not in found),
    ("osx-arm64", {"CONDA_OVERRIDE_OSX": "14.1"}, lambda found: found["__osx"] == "14.1"),
    ("osx-arm64", {}, lambda found: {"__osx", "__unix", "__archspec"} == set(found)),
    ("win-64", {}, lambda found: {"__win", "__archspec"} == set(found)),
    ("linux-aarch64", {}, lambda found: found["__glibc"] == "2.28" and "__linux" in found),
]


@pytest.mark.parametrize(("subdir", "environ", "holds"), OVERRIDES)
def test_virtual_packages_are_the_platforms_and_can_be_overridden(
    subdir: str, environ: dict[str, str], holds: Callable[[dict[str, str]], bool], tmp_path: Path
) -> None:
    conda = CondaSource(CondaConfig(), subdir, cache_dir=tmp_path, environ=environ)
    found = {package.name.normalized: str(package.version) for package in conda.virtual_packages()}
    assert holds(found), found


def test_an_override_in_the_configuration_counts_less_than_the_variable(tmp_path: Path) -> None:
    settings = CondaConfig(override_virtual_packages={"__cuda": "11.8", "glibc": "2.12"})
    conda = CondaSource(settings, "linux-64", cache_dir=tmp_path, environ={"CONDA_OVERRIDE_GLIBC": "2.31"})
    found = {package.name.normalized: str(package.version) for package in conda.virtual_packages()}
    assert (found["__cuda"], found["__glibc"]) == ("11.8", "2.31")


def test_an_override_that_is_no_version_is_an_error(tmp_path: Path) -> None:
    environ = {"CONDA_OVERRIDE_CUDA": "new one"}
    with pytest.raises(ConfigError, match="CONDA_OVERRIDE_CUDA"):
        CondaSource(CondaConfig(), "linux-64", cache_dir=tmp_path, environ=environ).virtual_packages()
