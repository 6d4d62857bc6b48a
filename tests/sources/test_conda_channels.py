"""A channel as written means what it means to conda."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConfigError, RequestError, UsageError
from condadeps.sources.channels import effective, resolve, tiers
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.credentials import masked, split_credentials, with_credentials
from condadeps.sources.known_places import alias

PLAIN = CondaConfig()
ALIAS = alias()


def urls(written: str, config: CondaConfig = PLAIN, directory: str = "/work") -> list[str]:
    return [channel.base_url for channel in resolve(written, config, directory)]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("conda-forge", f"{ALIAS}/conda-forge"),
        ("conda-forge/linux-64", f"{ALIAS}/conda-forge"),
        ("conda-forge/label/dev", f"{ALIAS}/conda-forge/label/dev"),
        ("https://host/team/main/", "https://host/team/main"),
        ("https://host/team/main/noarch", "https://host/team/main"),
        ("http://host:8080/a/osx-arm64/", "http://host:8080/a"),
        ("./local", "file:///work/local"),
        ("../up", "file:///up"),
        (".", "file:///work"),
        ("/srv/channel", "file:///srv/channel"),
        ("file:///srv/channel", "file:///srv/channel"),
        ("s3://bucket/channel", "s3://bucket/channel"),
    ],
)
def test_names_urls_and_paths_become_base_urls(written: str, url: str) -> None:
    assert urls(written) == [url]


def test_defaults_is_the_group_of_default_channels() -> None:
    config = CondaConfig(default_channels=("https://m/main", "r"), channel_alias="https://alias/x/")
    found = resolve("defaults", config)
    assert [channel.base_url for channel in found] == ["https://m/main", "https://alias/x/r"]
    assert {channel.group for channel in found} == {"defaults"}
    assert {channel.name for channel in found} == {"defaults"}


def test_a_multichannel_named_defaults_replaces_the_default_channels() -> None:
    config = CondaConfig(custom_multichannels={"defaults": ("https://mine/a",)})
    assert urls("defaults", config) == ["https://mine/a"]


def test_a_custom_channel_is_found_by_its_first_segments() -> None:
    config = CondaConfig(custom_channels={"team": "https://host/conda", "team/deep": "https://other"})
    assert urls("team", config) == ["https://host/conda/team"]
    assert urls("team/label/dev", config) == ["https://host/conda/team/label/dev"]
    assert urls("team/deep/x", config) == ["https://other/team/deep/x"]
    assert urls("teams", config) == [f"{ALIAS}/teams"]


def test_local_is_the_build_directories() -> None:
    config = CondaConfig(local_channels=("file:///home/me/conda-bld",))
    assert urls("local", config) == ["file:///home/me/conda-bld"]


@pytest.mark.parametrize("written", ["", "  ", "two words", "a\tb"])
def test_what_is_no_channel_is_refused(written: str) -> None:
    with pytest.raises(RequestError):
        resolve(written, PLAIN)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:p%40ss@host/c", "https://host/c"),
        ("https://host/t/tk-1-2/team/main", "https://host/team/main"),
        ("https://host/api/t/tk-1/main", "https://host/api/main"),
        ("https://me@host:444/c", "https://host:444/c"),
        ("https://host/plain", "https://host/plain"),
        ("file:///t/x/y", "file:///t/x/y"),
    ],
)
def test_credentials_are_kept_beside_the_url_and_go_back_where_they_were(url: str, clean: str) -> None:
    base, credentials = split_credentials(url)
    assert base == clean
    assert with_credentials(base, credentials) == url


def test_credentials_never_show() -> None:
    (channel,) = resolve("https://me:hush@host/t/tk-hush/team", PLAIN)
    assert channel.base_url == "https://host/team"
    assert channel.credentials.token == "tk-hush"
    for shown in (str(channel), repr(channel), channel.name, repr(channel.credentials)):
        assert "hush" not in shown
    assert masked("at https://me:hush@host/t/tk-hush/team: no") == "at https://***@host/t/<TOKEN>/team: no"


def test_the_aliass_and_custom_channels_credentials_are_used_for_plain_urls() -> None:
    config = CondaConfig(
        channel_alias="https://host/t/tk-9", custom_channels={"team": "https://a:b@other/conda"}
    )
    assert resolve("main", config)[0].credentials.token == "tk-9"
    assert resolve("https://host/main", config)[0].credentials.token == "tk-9"
    assert resolve("https://other/conda/team/x", config)[0].credentials.username == "a"
    assert not resolve("http://host/main", config)[0].credentials
    assert not resolve("https://hostile/main", config)[0].credentials


def names(config: CondaConfig, *extra: str, override: bool = False) -> list[str]:
    return [channel.name for channel in effective(config, extra, override)]


def test_extra_channels_come_before_the_configured_ones_and_none_twice() -> None:
    config = CondaConfig(channels=("a", "b"))
    assert names(config, "c", "b") == ["c", "b", "a"]
    assert names(config, f"{ALIAS}/a/") == [f"{ALIAS}/a", "b"]


def test_override_leaves_the_configured_channels_out() -> None:
    assert names(CondaConfig(channels=("a",)), "c", override=True) == ["c"]
    with pytest.raises(UsageError):
        names(CondaConfig(), override=True)


def test_a_site_can_disable_overriding() -> None:
    with pytest.raises(ConfigError, match="disabled"):
        names(CondaConfig(override_channels_enabled=False), "c", override=True)


def test_nodefaults_leaves_defaults_or_the_configured_channels_out() -> None:
    assert names(CondaConfig(channels=("a", "defaults", "nodefaults"))) == ["a"]
    assert names(CondaConfig(channels=("a", "defaults")), "b", "nodefaults") == ["b"]
    assert names(CondaConfig(channels=("a",)), "nodefaults") == ["a"]


def test_a_site_says_which_channels_are_allowed_and_denied() -> None:
    config = CondaConfig(channels=("a",), allowlist_channels=("a", "b"), denylist_channels=("b",))
    assert names(config) == ["a"]
    with pytest.raises(ConfigError, match="denied"):
        names(config, "b")
    with pytest.raises(ConfigError, match="not on the site's list of allowed"):
        names(config, "https://elsewhere/c")
    with pytest.raises(ConfigError):
        names(config, f"{ALIAS.replace('//', '//me:pw@')}/t/tk-1/b")


def test_the_members_of_a_multichannel_share_their_priority() -> None:
    config = CondaConfig(channels=("a", "defaults", "b"), default_channels=("https://m/1", "https://m/2"))
    grouped = [[channel.base_url for channel in tier] for tier in tiers(effective(config))]
    assert [len(tier) for tier in grouped] == [1, 2, 1]


def test_relative_paths_are_meant_from_the_callers_directory(tmp_path: Path) -> None:
    found = effective(CondaConfig(), ["./mine"], directory=tmp_path)
    assert found[0].base_url == (tmp_path / "mine").as_uri()
    assert found[0].name == "./mine"
