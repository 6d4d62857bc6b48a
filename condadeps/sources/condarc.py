"""Conda's configuration as this program honours it, read without conda.

:meth:`CondaConfig.read` gathers every place (:mod:`condadeps.sources.condarc_files`),
merges (:mod:`condadeps.sources.condarc_merge`) and types the settings of
:data:`SETTINGS`. Settings of conda's that matter and are not honoured end up in
:attr:`CondaConfig.notes`; ``docs/conda-configuration.md`` lists both kinds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from condadeps.errors import ConfigError
from condadeps.prefix.condarc_places import expand, root_prefix
from condadeps.sources import condarc_merge, known_places
from condadeps.sources.condarc_files import Layer, Marked, layers
from condadeps.sources.credentials import masked
from condadeps.sources.cutoff import Cutoff, cutoff

ChannelPriority = Literal["strict", "flexible", "disabled"]


@dataclass(frozen=True, slots=True)
class CondaConfig:
    """What conda's files and variables say, merged; the defaults are conda's, but for ``channels``.

    Attributes that may carry a credential are left out of ``repr``.
    """

    channels: tuple[str, ...] = field(default=("conda-forge",), repr=False)
    """As written, first come first. With nothing configured: conda-forge."""
    default_channels: tuple[str, ...] | None = field(default=None, repr=False)
    """What ``defaults`` means, when that is configured; :attr:`defaults` in any case."""
    channel_alias: str | None = field(default=None, repr=False)
    """Where names are looked up, when that is configured; :attr:`alias` in any case."""
    custom_channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    custom_multichannels: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    channel_priority: ChannelPriority = "flexible"
    override_channels_enabled: bool = True
    allowlist_channels: tuple[str, ...] = field(default=(), repr=False)
    denylist_channels: tuple[str, ...] = field(default=(), repr=False)
    local_channels: tuple[str, ...] = ()
    """``local``: the conda-build output directories that exist, as ``file:`` URLs."""
    offline: bool = False
    ssl_verify: bool | str = True
    """True, False, "truststore" (the system's store), or a CA bundle or directory."""
    client_ssl_cert: str | None = None
    client_ssl_cert_key: str | None = None
    proxy_servers: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    """By scheme, ``scheme://host`` or ``all``, as requests has it."""
    remote_connect_timeout_secs: float = 9.15
    remote_read_timeout_secs: float = 60.0
    remote_max_retries: int = 3
    remote_backoff_factor: float = 1.0
    repodata_threads: int = 0
    """Requests for metadata at once; 0 leaves it to the engine."""
    repodata_use_zst: bool = True
    repodata_use_shards: bool = True
    pkgs_dirs: tuple[Path, ...] = ()
    """Empty when not configured."""
    envs_dirs: tuple[Path, ...] = ()
    pinned_packages: tuple[str, ...] = ()
    """MatchSpecs that hold in every environment, beside ``conda-meta/pinned``."""
    disallowed_packages: tuple[str, ...] = ()
    """MatchSpecs never to be installed."""
    exclude_newer: Cutoff = field(default_factory=Cutoff)
    override_virtual_packages: Mapping[str, str | None] = field(default_factory=dict)
    """Versions by name without the underscores; ``CONDA_OVERRIDE_*`` is weightier."""
    register_envs: bool = True
    """List environments in ``~/.conda/environments.txt``."""
    always_copy: bool = False
    """Copy packages into environments, never link."""
    subdir: str | None = None
    """The platform to work for, when another than this machine's."""
    root_prefix: Path | None = None
    """Conda's own environment, when there is one."""
    places: tuple[str, ...] = ()
    """What was read, lightest first: file paths, and ``CONDA_*``."""
    notes: tuple[str, ...] = ()
    """Settings that were found and have no effect here, one line each."""

    @property
    def alias(self) -> str:
        """The URL under which channels' names are looked up."""
        return self.channel_alias or known_places.alias()

    @property
    def defaults(self) -> tuple[str, ...]:
        """The channels that ``defaults`` means. Raises ConfigError when nobody knows."""
        if self.default_channels is not None:
            return self.default_channels
        return known_places.default_channels(self.root_prefix)

    @staticmethod
    def read(prefix: Path | None, environ: Mapping[str, str] | None = None) -> CondaConfig:
        """The configuration that counts for work on ``prefix`` (None: on no environment in particular).

        Raises ConfigError for a file or variable that cannot be read, naming it.
        """
        environ = os.environ if environ is None else environ
        found = layers(prefix, environ)
        values = {
            setting.name: value
            for setting in SETTINGS
            if (value := setting.merged(found, environ)) is not None
        }
        root = root_prefix(prefix, environ)
        newer = cutoff(values.pop("exclude_newer", None), values.pop("exclude_newer_package", {}))
        if values.pop("use_local", False):
            values["channels"] = ("local", *values.get("channels", ("conda-forge",)))
        values["local_channels"] = _local_channels(values, root, environ)
        for name in ("pkgs_dirs", "envs_dirs"):
            if name in values:
                values[name] = tuple(_path(text, environ) for text in values[name])
        if not values.get("channels"):
            values.pop("channels", None)
        _check(values)
        return CondaConfig(
            **values,
            exclude_newer=newer,
            root_prefix=root,
            places=tuple(layer.place for layer in found if _counts(layer)),
            notes=_notes(found),
        )


Kind = Literal["text", "optional", "bool", "int", "float", "texts", "map", "map of texts", "verify"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One of conda's settings: its names, its kind, and whether variables in its value are expanded."""

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    expands: bool = False
    separator: str = ","
    """Between the items of a list in a ``CONDA_*`` variable."""

    def merged(self, found: Sequence[Layer], environ: Mapping[str, str]) -> Any:
        """The merged and typed value; None when no layer sets it."""
        raw = [(layer.place, marked) for layer in found if (marked := self._in(layer)) is not None]
        if not raw:
            return None
        shaped = [self._shaped(marked, place) for place, marked in raw]
        match self.kind:
            case "texts":
                value: Any = condarc_merge.sequence(shaped)
            case "map" | "map of texts":
                value = condarc_merge.mapping(shaped)
            case _:
                value = condarc_merge.scalar(shaped)
        value = _expanded(value, environ) if self.expands else value
        return _typed(self, value, raw[-1][0])

    def _in(self, layer: Layer) -> Marked | None:
        for name in (self.name, *self.aliases):
            marked = layer.settings.get(name)
            if marked is not None and not (marked.value is None and self.kind in _COLLECTIONS):
                return marked
        return None

    def _shaped(self, marked: Marked, place: str) -> Marked:
        """The value with the shape its kind wants; a variable's string is split into a list."""
        value, flag = marked.value, marked.flag
        if self.kind == "texts":
            if place == "CONDA_*" and isinstance(value, str):
                items = [item.strip() for item in value.split(self.separator)]
                return Marked(tuple(Marked(item) for item in items if item), flag)
            if not isinstance(value, tuple):
                raise self._wrong(place, "a list")
            for item in value:
                if isinstance(item.value, (tuple, dict)):
                    raise self._wrong(place, "a list of strings")
            return Marked(tuple(Marked(_text(item.value), item.flag) for item in value), flag)
        if self.kind in ("map", "map of texts"):
            if not isinstance(value, dict):
                raise self._wrong(place, "a map (KEY: VALUE)")
            return marked
        if isinstance(value, (tuple, dict)):
            raise self._wrong(place, "one value")
        return marked

    def _wrong(self, place: str, wanted: str) -> ConfigError:
        where = f"CONDA_{self.name.upper()}" if place == "CONDA_*" else place
        return ConfigError(
            f"conda's setting {self.name} must be {wanted}, in {where}", place=where, setting=self.name
        )


_COLLECTIONS = ("texts", "map", "map of texts")

SETTINGS: tuple[Setting, ...] = (
    Setting("channels", "texts", ("channel",), expands=True),
    Setting("default_channels", "texts", expands=True),
    Setting("channel_alias", "text", expands=True),
    Setting("custom_channels", "map", expands=True),
    Setting("custom_multichannels", "map of texts", expands=True),
    Setting("channel_priority", "text"),
    Setting("override_channels_enabled", "bool"),
    Setting("allowlist_channels", "texts", ("whitelist_channels",), expands=True),
    Setting("denylist_channels", "texts", expands=True),
    Setting("use_local", "bool"),
    Setting("offline", "bool"),
    Setting("ssl_verify", "verify", ("verify_ssl",), expands=True),
    Setting("client_ssl_cert", "optional", ("client_cert",), expands=True),
    Setting("client_ssl_cert_key", "optional", ("client_cert_key",), expands=True),
    Setting("proxy_servers", "map", expands=True),
    Setting("remote_connect_timeout_secs", "float"),
    Setting("remote_read_timeout_secs", "float"),
    Setting("remote_max_retries", "int"),
    Setting("remote_backoff_factor", "float"),
    Setting("repodata_threads", "int"),
    Setting("repodata_use_zst", "bool"),
    Setting("repodata_use_shards", "bool"),
    Setting("pkgs_dirs", "texts", expands=True),
    Setting("envs_dirs", "texts", ("envs_path",), expands=True, separator=os.pathsep),
    Setting("pinned_packages", "texts", separator="&"),
    Setting("disallowed_packages", "texts", ("disallow",), separator="&"),
    Setting("exclude_newer", "optional", ("cooldown",)),
    Setting("exclude_newer_package", "map", ("cooldown_exclude",)),
    Setting("override_virtual_packages", "map", ("virtual_packages",)),
    Setting("register_envs", "bool"),
    Setting("always_copy", "bool", ("copy",)),
    Setting("subdir", "optional"),
    Setting("croot", "optional"),
    Setting("bld_path", "optional"),
)

NOT_SUPPORTED: Mapping[str, str] = {
    "migrated_channel_aliases": "write the new URLs into channels or custom_channels",
    "migrated_custom_channels": "write the new URLs into custom_channels",
    "channel_settings": "per-channel authentication plugins are conda's own; use netrc, a token in the URL "
    "or the system's keyring",
    "repodata_fns": "the whole repodata.json is read (sharded or compressed where offered)",
    "use_only_tar_bz2": "the .conda file is taken where both are offered",
    "always_softlink": "packages are hard-linked, or copied with always_copy",
    "allow_softlinks": "packages are hard-linked, or copied with always_copy",
    "track_features": "features are read from packages, none can be turned on",
    "subdirs": "the platform and noarch are used",
    "signing_metadata_url_base": "repodata signatures are not verified",
    "local_repodata_ttl": "repodata is refreshed as its HTTP headers say",
    "use_index_cache": "use offline to work from the cache",
    "allow_non_channel_urls": "packages come from channels",
}
"""Settings that would change what is installed or from where, and are not honoured: what to do instead."""


def _counts(layer: Layer) -> bool:
    known = {name for setting in SETTINGS for name in (setting.name, *setting.aliases)}
    return layer.place != "CONDA_*" or not known.isdisjoint(layer.settings)


def _notes(found: Sequence[Layer]) -> tuple[str, ...]:
    return tuple(
        f"{'CONDA_' + name.upper() if layer.place == 'CONDA_*' else f'{name} in {layer.place}'}"
        f" has no effect here: {instead}"
        for layer in found
        for name, instead in NOT_SUPPORTED.items()
        if name in layer.settings
    )


def _check(values: Mapping[str, Any]) -> None:
    priority = values.get("channel_priority", "flexible")
    if priority not in ("strict", "flexible", "disabled"):
        raise ConfigError(
            f"conda's setting channel_priority is {priority!r}; it is strict, flexible or disabled",
            place="channel_priority",
        )
    alias = values.get("channel_alias")
    if alias is not None and "://" not in alias:
        raise ConfigError(
            f"conda's setting channel_alias must be a URL with a scheme, not {alias!r}", place="channel_alias"
        )
    for name in ("client_ssl_cert", "client_ssl_cert_key"):
        if (path := values.get(name)) is not None and not Path(path).expanduser().is_file():
            raise ConfigError(f"conda's setting {name} names a file that is not there: {path}", place=name)
    verify = values.get("ssl_verify", True)
    if isinstance(verify, str) and verify != "truststore" and not Path(verify).exists():
        raise ConfigError(
            f"conda's setting ssl_verify is {verify!r}: not true, false, truststore or an existing path",
            place="ssl_verify",
        )


def _typed(setting: Setting, value: Any, place: str) -> Any:
    where = f"CONDA_{setting.name.upper()}" if place == "CONDA_*" else place
    try:
        match setting.kind:
            case "bool":
                return _bool(value)
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "text":
                text = _text(value).strip()
                # YAML reads a bare true/false; conda once had booleans for the priority.
                return _PRIORITIES.get(text.lower(), text) if setting.name == "channel_priority" else text
            case "optional":
                text = _text(value).strip() if value is not None else ""
                return None if text.lower() in ("", "none", "null", "~") else text
            case "verify":
                return _verify(value)
            case "map":
                return {key: None if item is None else _text(item) for key, item in value.items()}
            case "map of texts":
                return {key: _text_items(item) for key, item in value.items()}
            case "texts":
                return value
    except (TypeError, ValueError) as error:
        shown = masked(str(value))
        raise ConfigError(
            f"conda's setting {setting.name} cannot be {shown!r}, in {where}",
            place=where,
            setting=setting.name,
        ) from error


_PRIORITIES = {"true": "flexible", "false": "disabled"}
_TRUE = ("true", "yes", "on", "y", "1")
_FALSE = ("false", "no", "off", "n", "0", "none", "non", "")


def _bool(value: Any) -> bool:
    if isinstance(value, (bool, int, float)):
        return bool(value)
    text = _text(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(text)


def _verify(value: Any) -> bool | str:
    try:
        return _bool(value)
    except ValueError:
        text = _text(value).strip()
        return text if text == "truststore" else str(Path(text).expanduser())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _text_items(value: Any) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise TypeError(value)
    return tuple(_text(item.value if isinstance(item, Marked) else item) for item in value)


def _expanded(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return expand(value, environ)
    if isinstance(value, tuple):
        return tuple(_expanded(item, environ) for item in value)
    if isinstance(value, dict):
        return {key: _expanded(item, environ) for key, item in value.items()}
    return value


def _path(text: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    if home and text.startswith("~/"):
        text = home + text[1:]
    return Path(text).expanduser().absolute()


def _local_channels(values: dict[str, Any], root: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    croot, bld_path = values.pop("croot", None), values.pop("bld_path", None)
    candidates = [croot, bld_path, str(root / "conda-bld") if root else None, "~/conda-bld"]
    found = [_path(text, environ) for text in candidates if text]
    return tuple(dict.fromkeys(path.as_uri() for path in found if path.is_dir()))
