"""What conda reads in its configuration, with no conda installed.

Conda reads every file of a list of places (:mod:`condadeps.prefix.condarc_places`), the later ones
weightier, then the ``CONDA_*`` variables. Comments are part of the language: ``#!final``, ``#!top`` and
``#!bottom`` say how a value is merged (:mod:`condadeps.sources.condarc_merge`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from condadeps.errors import ConfigError
from condadeps.prefix.condarc_places import search


class Flag(Enum):
    """A mark on a setting or on one item of it."""

    FINAL = "final"
    """No weightier place may change it."""
    TOP = "top"
    """Before all unmarked items of the merged list."""
    BOTTOM = "bottom"
    """After all of them."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One value as a file or variable has it: a scalar, a tuple of Marked or a dict of Marked."""

    value: Any = field(repr=False)
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """The settings of one file, or of the variables."""

    place: str
    settings: Mapping[str, Marked]


def layers(prefix: Path | None, environ: Mapping[str, str]) -> list[Layer]:
    """Every layer there is, the weightiest last; ``prefix`` is the environment to be worked on.

    Raises ConfigError, naming the file, for one that cannot be read. (Conda warns and goes on
    without it; a file that sets the site's channels must not be passed over so lightly.)
    """
    found = [read_file(path) for path in search(prefix, environ)]
    found.append(variables(environ))
    return [layer for layer in found if layer.settings]


def read_file(path: Path) -> Layer:
    """One file's settings. Raises ConfigError when it is not readable, not YAML or not a mapping."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    place = str(path)
    try:
        text = path.read_text(encoding="utf-8")
        # Only the round-trip loader keeps comments; without marks the safe one does, and is faster.
        document = YAML(typ="rt" if "#!" in text else "safe", pure=True).load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"conda's configuration file {path} cannot be read: {error}", place=place
        ) from error
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = str(getattr(error, "problem", "") or error).splitlines()[0]
        raise ConfigError(
            f"conda's configuration file {path}{where} is not valid YAML: {problem}",
            help=f"mend or remove {path}",
            place=place,
            line=mark.line + 1 if mark else None,
        ) from error
    if document is None:
        return Layer(place, {})
    if not isinstance(document, Mapping):
        raise ConfigError(f"conda's configuration file {path} holds no settings (KEY: VALUE)", place=place)
    return Layer(place, _marked(document, None).value)


def variables(environ: Mapping[str, str]) -> Layer:
    """The ``CONDA_*`` variables as settings, each still one string (``!important`` marks it final)."""
    settings: dict[str, Marked] = {}
    for name, text in environ.items():
        if name.startswith("CONDA_"):
            value, final, _ = text.partition("!important")
            settings[name.removeprefix("CONDA_").lower()] = Marked(value, Flag.FINAL if final else None)
    return Layer("CONDA_*", settings)


def _marked(value: Any, comment: str | None) -> Marked:
    """``value`` and all within it, with the marks that ruamel keeps as comments."""
    flag = _flag(comment)
    if isinstance(value, Mapping):
        return Marked({str(key): _marked(item, _comment(value, key, 2)) for key, item in value.items()}, flag)
    if isinstance(value, (list, tuple)):
        return Marked(
            tuple(_marked(item, _comment(value, index, 0)) for index, item in enumerate(value)), flag
        )
    return Marked(value, flag)


def _comment(container: Any, key: Any, slot: int) -> str | None:
    """The comment at the end of one item's line, as ruamel's round-trip loader files it."""
    tokens = getattr(getattr(container, "ca", None), "items", {}).get(key)
    token = tokens[slot] if tokens and len(tokens) > slot else None
    if token is None and tokens and len(tokens) > 1 and tokens[1]:
        token = tokens[1][0] if isinstance(tokens[1], list) else tokens[1]
    return token.value if token is not None else None


def _flag(comment: str | None) -> Flag | None:
    first = (comment or "").strip().splitlines()[:1]
    try:
        return Flag(first[0].strip("!# ")) if first else None
    except ValueError:
        return None
