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


@dataclass(frozen=True, slots=True)
class Configured(Shown):
    """What holds for work on one environment. Prints and shows as tables."""

    configuration: Configuration
    channels: tuple[Asked, ...]
    """First come first; none for an environment that is not conda's."""

    def to_json(self) -> dict[str, Any]:
        """The configuration's plain data, and ``channels`` (``name``, ``url``, ``origin``)."""
        return {**self.configuration.to_json(), "channels": [asdict(one) for one in self.channels]}

    def __str__(self) -> str:
        rows = [(one.name, one.url, one.origin) for one in self.channels]
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        lines = [f"  {name:<{widths[0]}}  {url:<{widths[1]}}  {origin}" for name, url, origin in rows]
        return "\n".join([str(self.configuration), "", self._head, *lines])

    @property
    def _head(self) -> str:
        known = "channels, first come first:"
        return known if self.channels else "channels: none, since this is not a conda environment"

    def _repr_html_(self) -> str:
        from condadeps.show.notebook import TABLE, cell, heading

        head = "".join(map(heading, ("channel", "", "from")))
        rows = ((one.name, one.url, one.origin) for one in self.channels)
        body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
        table = f"<table {TABLE}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{self.configuration._repr_html_()}<div>{self._head}{table if self.channels else ''}</div>"


def configured(prefix: Path, directory: Path) -> Configured:
    """What holds for work on ``prefix`` asked for from ``directory``. Raises ConfigError, UsageError."""
    configuration = config.read(prefix, directory)
    is_conda = (prefix / "conda-meta").is_dir()
    return Configured(configuration, _channels(configuration, prefix, directory) if is_conda else ())


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
