"""``condadeps config``: every setting, and the channels that come of all of them, each with its origin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from condadeps import config
from condadeps.config import Configuration
from condadeps.show.shown import Shown


@dataclass(frozen=True, slots=True)
class Asked:
    """One channel that is asked."""

    name: str
    url: str
    origin: str
    """The file or variable that names it, or ``default``."""

    @property
    def written(self) -> str:
        """Its name and where that is; once, for one that is written as its URL."""
        return self.url if self.name == self.url else f"{self.name}  {self.url}"


@dataclass(frozen=True, slots=True)
class Configured(Shown):
    """What holds for work on one environment. Prints and shows as tables."""

    configuration: Configuration
    channels: tuple[Asked, ...]
    """First come first; none for an environment that is not conda's."""
    directories: Mapping[str, str]
    """Where things are kept, by the setting that names another place."""

    def to_json(self) -> dict[str, Any]:
        """The configuration's plain data, ``channels`` (``name``, ``url``, ``origin``), ``directories``."""
        channels = [asdict(one) for one in self.channels]
        return {**self.configuration.to_json(), "channels": channels, "directories": dict(self.directories)}

    def __str__(self) -> str:
        places = [f"  {key:<11}  {path}" for key, path in self.directories.items()]
        rows = [(one.written, one.origin) for one in self.channels]
        width = max((len(written) for written, _ in rows), default=0)
        lines = [f"  {written:<{width}}  {origin}" for written, origin in rows]
        shown = [str(self.configuration), "", "directories:", *places, "", self._head, *lines]
        return "\n".join(shown)

    @property
    def _head(self) -> str:
        known = "channels, first come first:"
        return known if self.channels else "channels: none, since this is not a conda environment"

    def _repr_html_(self) -> str:
        from condadeps.show.notebook import TABLE, cell, heading

        head = "".join(map(heading, ("channel", "from")))
        rows = ((one.written, one.origin) for one in self.channels)
        body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
        table = f"<table {TABLE}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{self.configuration._repr_html_()}<div>{self._head}{table if self.channels else ''}</div>"


def configured(prefix: Path, directory: Path) -> Configured:
    """What holds for work on ``prefix`` asked for from ``directory``. Raises ConfigError, UsageError."""
    configuration = config.read(prefix, directory)
    is_conda = (prefix / "conda-meta").is_dir()
    channels = _channels(configuration, prefix, directory) if is_conda else ()
    return Configured(configuration, channels, _directories())


def _directories() -> dict[str, str]:
    from condadeps.kernels import place
    from condadeps.names.table import refreshed_path
    from condadeps.sources.cache import cache_root

    kept = {"cache_dir": cache_root(), "data_dir": refreshed_path().parent, "kernels_dir": place.directory()}
    return {key: str(path) for key, path in kept.items()}


def _channels(configuration: Configuration, prefix: Path, directory: Path) -> tuple[Asked, ...]:
    from condadeps.sources.channels import effective, resolve
    from condadeps.sources.condarc import CondaConfig
    from condadeps.sources.condarc_files import layers

    conda, settings = CondaConfig.read(prefix), configuration.settings
    origins: dict[str, str] = {}
    for layer in layers(prefix, os.environ):
        for text in _listed(layer.settings):
            origins |= {one.base_url: layer.place for one in resolve(text, conda, directory)}
    ours = configuration.written.get("channels", "")
    for text in settings.channels:
        origins |= {one.base_url: ours for one in resolve(text, conda, directory)}
    found = effective(conda, settings.channels, settings.override_channels, directory)
    return tuple(Asked(one.name, one.base_url, origins.get(one.base_url, "default")) for one in found)


def _listed(settings: Mapping[str, Any]) -> list[str]:
    """The channels that one layer of conda's configuration names, as it writes them."""
    marked = settings.get("channels") or settings.get("channel")
    value = marked.value if marked is not None else ()
    items = value.split(",") if isinstance(value, str) else [str(one.value) for one in value or ()]
    return [text for item in items if (text := os.path.expandvars(item.strip())) and text != "nodefaults"]
