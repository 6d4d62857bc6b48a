"""The configuration of one call: every setting, where each value came from, and what was not obeyed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from condadeps.asked.credentials import masked
from condadeps.config import files, places
from condadeps.config.files import Content
from condadeps.config.kinds import Spot
from condadeps.config.merge import Merged, Origin, Said, forbidden, merge
from condadeps.config.places import Place, Scope
from condadeps.config.settings import GROUPS, PREFIX, SETTINGS, VARIABLES, Setting, Settings, settings
from condadeps.values import dataclass


@dataclass(frozen=True, slots=True)
class Configuration:
    """What holds, and why. Prints, and shows in a notebook, as ``condadeps config`` does."""

    settings: Settings
    origins: Mapping[str, tuple[Origin, ...]]
    """By key; the lightest first, several where values were joined, none for a default."""
    finals: Mapping[str, Origin]
    """By key: where the site made it final."""
    warnings: tuple[str, ...] = ()
    """What was not obeyed or not understood, a line each."""
    places: tuple[tuple[Place, bool], ...] = ()
    """Every file that was looked for, the lightest first, and whether it was there."""

    @property
    def written(self) -> dict[str, str]:
        """Where each setting was made, by key, for messages: ``"/etc/condadeps/condadeps.toml:3"``."""
        return {key: ", ".join(map(str, found)) for key, found in self.origins.items()}

    def require_free(self, key: str) -> None:
        """Raises ConfigError when ``key`` is final: for what a call asks for in other ways, such as
        ``--trust`` (``trust``) or ``bioconda::samtools`` (``channels``)."""
        if key in self.finals:
            raise forbidden(key, self.finals[key])

    def shown(self, setting: Setting) -> str:
        """A setting's value on one line, without secrets."""
        return masked(setting.kind.shown(setting.of(self.settings)))

    def origin(self, setting: Setting) -> str:
        """Where a setting's value came from, on one line."""
        said = self.written.get(setting.key, "default")
        final = self.finals.get(setting.key)
        return said if final is None else f"{said} (final: {final})"

    def to_json(self) -> dict[str, Any]:
        """Plain data without secrets: ``settings`` (``value``, ``default``, ``from``, ``final``), ``places``,
        ``warnings``, ``notes`` (what ipydeps' own files still say)."""
        return {
            "settings": {key: self._plain(setting) for key, setting in SETTINGS.items()},
            "places": [
                {
                    "scope": place.scope.value,
                    "path": str(place.path),
                    "table": ".".join(place.table),
                    "read": read,
                }
                for place, read in self.places
            ],
            "warnings": list(self.warnings),
            "notes": list(_of_ipydeps()),
        }

    def _plain(self, setting: Setting) -> dict[str, Any]:
        return {
            "value": _without_secrets(setting.of(self.settings)),
            "default": _without_secrets(setting.default),
            "from": [origin.to_json() for origin in self.origins.get(setting.key, ())],
            "final": setting.key in self.finals,
        }

    def __str__(self) -> str:
        rows = [(key, self.shown(setting), self.origin(setting)) for key, setting in SETTINGS.items()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}" for key, value, origin in rows]
        lines += ["", "files, the lightest first:"]
        lines += [
            f"  {place.scope.value:<8} {place}{'' if read else ' (none)'}" for place, read in self.places
        ]
        lines += [f"warning: {line}" for line in self.warnings]
        lines += [f"note: {line}" for line in _of_ipydeps()]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        import html

        from condadeps.show.notebook import TABLE, cell, heading

        head = "".join(map(heading, ("setting", "value", "from")))
        body = "".join(
            f"<tr>{cell(key)}{cell(self.shown(setting))}{cell(self.origin(setting))}</tr>"
            for key, setting in SETTINGS.items()
        )
        read = html.escape(", ".join(str(place) for place, read in self.places if read) or "no file")
        warnings = "".join(f"<div><b>Warning</b>: {html.escape(line)}</div>" for line in self.warnings)
        warnings += "".join(f"<div>Note: {html.escape(line)}</div>" for line in _of_ipydeps())
        table = f"<table {TABLE}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div>{table}<div>read: {read}</div>{warnings}</div>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


_Key = tuple[Any, ...]
_last: dict[_Key, tuple[_Key, Configuration]] = {}


def read(
    prefix: str | Path | None = None,
    directory: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    call: Mapping[str, object] | None = None,
    site: Sequence[Path] | None = None,
) -> Configuration:
    """The configuration that counts for work on ``prefix``, asked for from ``directory``.

    None leaves an environment's, or the project's, files out. ``call`` is what the call itself says, by key
    (:func:`condadeps.config.call.said`). ``site`` are directories in place of the site's own. The result is
    shared between calls while no file and no variable changed.

    Raises ConfigError, naming file, line and key, for a file that cannot be read, a value that cannot
    be, and a call that asks for what the site has made final.
    """
    environ = os.environ if environ is None else environ
    prefix = None if prefix is None else Path(prefix).absolute()
    base = _here() if directory is None else Path(directory).absolute()
    found = [
        (place, files.load(place, GROUPS))
        for place in places.fixed(prefix, environ, None if site is None else tuple(site))
    ]
    if directory is not None:
        found += _project(base, environ)
    variables = {name: environ[name] for name in environ if name.startswith(PREFIX)}
    home = places.home(environ)
    state = (tuple(content for _, content in found), variables, dict(call or {}), home)
    known = _last.get((prefix, base))
    if known and known[0] == state and known[1].places == _looked_at(found):
        return known[1]
    layers = [_file(place, content, base, home) for place, content in found if content is not None]
    layers += [_variables(variables, base, home), _call(call or {}, base, home)]
    configuration = _configuration(merge(layers), _looked_at(found))
    if len(_last) >= 64:
        _last.clear()
    _last[prefix, base] = (state, configuration)
    return configuration


def own(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings as far as they do not depend on an environment or a project: the site's and the user's.

    For what is the user's alone, such as ``cache_dir``. Raises as :func:`read`.
    """
    return read(None, None, environ).settings


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody removed it: nothing is meant from there
        return Path(os.sep)


def _project(directory: Path, environ: Mapping[str, str]) -> list[tuple[Place, Content | None]]:
    """The nearest directory's files that have settings; the working directory's own, when there are none."""
    nearest: list[tuple[Place, Content | None]] = []
    for candidates in places.projects(directory, environ):
        found = [(place, files.load(place, GROUPS)) for place in candidates]
        if any(content is not None for _, content in found):
            return found
        nearest = nearest or found
    return nearest


def _looked_at(found: Sequence[tuple[Place, Content | None]]) -> tuple[tuple[Place, bool], ...]:
    return tuple((place, content is not None) for place, content in found)


def _file(place: Place, content: Content, directory: Path, home: Path | None) -> Iterator[Said]:
    confined = place.base is not None
    spot = Spot(place.base or place.path.parent, home, confined=confined)
    beside_the_caller = Spot(directory, home, confined=False)
    for key, value in content.values.items():
        origin = Origin(place.scope, str(place), content.lines.get(key))
        # A user's or a site's name for the environment file is one for every directory.
        here = beside_the_caller if key == "record.env_file" and not confined else spot
        yield Said(key, value, origin, here)


_FOR_TESTS = f"{PREFIX}TEST_"


def _variables(variables: Mapping[str, str], directory: Path, home: Path | None) -> Iterator[Said]:
    """The variables that are set; an empty one is not."""
    for name, text in variables.items():
        if text.strip() and not name.startswith(_FOR_TESTS):
            key = VARIABLES[name].key if name in VARIABLES else name
            origin = Origin(Scope.VARIABLE, name)
            yield Said(key, text.strip(), origin, Spot(directory, home, file=False), text=True)


def _call(call: Mapping[str, object], directory: Path, home: Path | None) -> Iterator[Said]:
    for key, value in call.items():
        yield Said(key, value, Origin(Scope.CALL, "the call"), Spot(directory, home, file=False))


def _configuration(merged: Merged, looked_at: tuple[tuple[Place, bool], ...]) -> Configuration:
    found = settings(merged.values)
    return Configuration(found, merged.origins, merged.finals, merged.warnings, looked_at)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_without_secrets(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked(str(value))


def _of_ipydeps() -> tuple[str, ...]:
    """What ipydeps' configuration has that still counts, each with the setting that replaces it."""
    from condadeps import ipydeps_config

    return tuple(map(masked, ipydeps_config.read().notes))
