"""From a channel as written to where it is: names, URLs, paths, ``defaults``, ``local``, multichannels.

The rules are conda's, over a :class:`~condadeps.sources.condarc.CondaConfig`. Credentials that
a URL or the configuration carries are kept beside the base URL, never in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from condadeps.errors import ConfigError, RequestError, UsageError
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.credentials import Credentials, split_credentials

SUBDIRS: tuple[str, ...] = (
    "noarch",
    "emscripten-wasm32",
    "wasi-wasm32",
    "freebsd-64",
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv6l",
    "linux-armv7l",
    "linux-ppc64",
    "linux-ppc64le",
    "linux-riscv64",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
    "win-32",
    "win-64",
    "win-arm64",
    "zos-z",
)
"""The platforms conda knows; a channel written with one at its end means the channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One place with repodata. Two are the same when their ``base_url`` is."""

    name: str = field(compare=False)
    """As it was written, without credentials."""
    base_url: str
    """Without credentials, and without a slash at its end."""
    credentials: Credentials = field(default=Credentials(), compare=False, repr=False)
    group: str | None = field(default=None, compare=False)
    """The multichannel it was reached through; those of one group share their priority."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_file(self) -> bool:
        """Whether it is a directory of this machine."""
        return self.base_url.startswith("file:")


def resolve(written: str, config: CondaConfig, directory: str | Path = ".") -> tuple[Channel, ...]:
    """The channels that ``written`` stands for: one, or the members of a multichannel.

    Relative paths are meant from ``directory``. Raises RequestError for what is no channel.
    """
    text = written.strip()
    if not text or any(character.isspace() for character in text):
        raise RequestError(
            f"{written!r} is not a channel", help="such as conda-forge, or a URL", text=written
        )
    if _SCHEME.match(text):
        return (_from_url(text, config),)
    if _PATH.match(text):
        path = Path(os.path.abspath(Path(directory, Path(text).expanduser())))  # noqa: PTH100 keeps symlinks
        return (replace(_from_url(path.as_uri(), config), name=text),)
    name = _without_subdir(text)
    group = _multichannel(name, config)
    if group is not None:
        members = (_member(member, config) for member in group)
        return tuple(replace(member, name=name, group=name) for member in members)
    return (_from_name(name, config),)


def effective(
    config: CondaConfig,
    extra: Sequence[str] = (),
    override: bool = False,
    directory: str | Path = ".",
) -> tuple[Channel, ...]:
    """The channels to search, first come first, none twice.

    ``extra`` come before the configured ones, or with ``override`` are the only ones. ``nodefaults``
    among the extra ones leaves the configured ones out (as in an environment file), among the
    configured ones it leaves ``defaults`` out. Raises UsageError, and ConfigError for a channel the
    site does not allow.
    """
    texts = selected(config, extra, override)
    found = [channel for text in texts for channel in resolve(text, config, directory)]
    channels = tuple(dict.fromkeys(found))
    for channel in channels:
        check_allowed(channel, config, directory)
    return channels


def selected(config: CondaConfig, extra: Sequence[str] = (), override: bool = False) -> tuple[str, ...]:
    """The channels to search as they are written: those of :func:`effective`, not yet located.

    Raises UsageError, and ConfigError when the configured ones may not be overridden.
    """
    asked = [channel for channel in extra if channel != "nodefaults"]
    if override and not config.override_channels_enabled:
        raise ConfigError(
            "overriding the configured channels is disabled here (override_channels_enabled: false)",
            place="override_channels_enabled",
        )
    if override and not asked:
        raise UsageError("overriding the configured channels needs a channel", help="name one with --channel")
    configured = () if override or (asked and "nodefaults" in extra) else _configured(config)
    return tuple(dict.fromkeys((*asked, *configured)))


def name_of(written: str) -> str:
    """The name of the channel, or the multichannel, that ``written`` stands for; it is not located."""
    text = written.strip()
    if _SCHEME.match(text):
        return _base(split_credentials(text)[0])
    return text if _PATH.match(text) else _without_subdir(text).strip("/")


def check_allowed(channel: Channel, config: CondaConfig, directory: str | Path = ".") -> None:
    """Raises ConfigError when ``allowlist_channels`` or ``denylist_channels`` forbid ``channel``."""
    allowed = _urls(config.allowlist_channels, config, directory)
    if channel.base_url in _urls(config.denylist_channels, config, directory):
        why = "is on the site's list of denied channels (denylist_channels)"
    elif allowed and channel.base_url not in allowed:
        why = "is not on the site's list of allowed channels (allowlist_channels)"
    else:
        return
    raise ConfigError(f"the channel {channel.name} {why}", place="channels", channel=channel.name)


def tiers(channels: Iterable[Channel]) -> tuple[tuple[Channel, ...], ...]:
    """The channels by priority: those of one multichannel together, at the place of its first."""
    grouped: dict[str, list[Channel]] = {}
    for channel in channels:
        grouped.setdefault(channel.group or channel.base_url, []).append(channel)
    return tuple(tuple(members) for members in grouped.values())


_SCHEME = re.compile(r"[a-z][a-z0-9]{0,11}://")
_PATH = re.compile(r"\.{1,2}(?:[/\\]|$)|~|/|[a-zA-Z]:[/\\]|\\\\")
_SUBDIR_AT_END = re.compile(rf"/(?:{'|'.join(re.escape(subdir) for subdir in SUBDIRS)})/*$")


def _configured(config: CondaConfig) -> tuple[str, ...]:
    if "nodefaults" not in config.channels:
        return config.channels
    return tuple(name for name in config.channels if name not in ("nodefaults", "defaults")) or (
        "conda-forge",
    )


def _urls(written: Iterable[str], config: CondaConfig, directory: str | Path) -> frozenset[str]:
    return frozenset(channel.base_url for text in written for channel in resolve(text, config, directory))


def _multichannel(name: str, config: CondaConfig) -> Sequence[str] | None:
    """The members of the multichannel ``name``; None when it is none."""
    if name == "local":
        return config.local_channels
    if name == "defaults" and name not in config.custom_multichannels:
        return config.defaults
    return config.custom_multichannels.get(name)


def _member(written: str, config: CondaConfig) -> Channel:
    """A multichannel's member: a URL, or a name under the alias (conda asks no custom_channels here)."""
    if _SCHEME.match(written):
        return _from_url(written, config)
    return _joined(config.alias, written.strip("/"))


def _from_name(name: str, config: CondaConfig) -> Channel:
    """``team/label/dev`` is looked up as itself, then as ``team/label``, then ``team``; else the alias."""
    parts = name.strip("/").split("/")
    for end in range(len(parts), 0, -1):
        location = config.custom_channels.get("/".join(parts[:end]))
        if location is not None:
            if _PATH.match(location):
                location = Path(location).expanduser().absolute().as_uri()
            if _SCHEME.match(location):
                return _joined(location, "/".join(parts))
    return _joined(config.alias, "/".join(parts))


def _joined(location: str, name: str) -> Channel:
    base, credentials = split_credentials(location)
    return Channel(name, f"{base.rstrip('/')}/{name}", credentials)


def _from_url(url: str, config: CondaConfig) -> Channel:
    base, credentials = split_credentials(url)
    base = _base(base)
    return Channel(base, base, credentials or _configured_credentials(base, config))


def _configured_credentials(base: str, config: CondaConfig) -> Credentials:
    """What the configuration knows for a URL written without credentials."""
    located = [f"{location.rstrip('/')}/{name}" for name, location in config.custom_channels.items()]
    for known in (
        *sorted(located, key=len, reverse=True),
        *([config.channel_alias] if config.channel_alias else []),
    ):
        clean, credentials = split_credentials(known)
        if credentials and (base + "/").startswith(clean.rstrip("/") + "/"):
            return credentials
    return Credentials()


def _base(url: str) -> str:
    return _without_subdir(url.rstrip("/")).rstrip("/")


def _without_subdir(text: str) -> str:
    return _SUBDIR_AT_END.sub("", text)
