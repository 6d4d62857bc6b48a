"""One configuration file, read: its settings by their dotted keys, with the lines they stand on.

A file is remembered while it stays as it is, since every call of a door asks anew.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from condadeps.config.places import Place
from condadeps.errors import ConfigError
from condadeps.values import dataclass

MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What one file says. Two are equal only when they are one: the file did not change."""

    values: Mapping[str, Any]
    """By key, ``"record.pin"``; a table that is one setting's value (``homes``) is left whole."""
    lines: Mapping[str, int]
    """By key too, as far as it can be told."""


_State = tuple[int, int, int, int]
_seen: dict[tuple[Path, tuple[str, ...]], tuple[_State, Content | None]] = {}


def load(place: Place, groups: frozenset[str]) -> Content | None:
    """The settings at ``place``; None when there is no such file, or no such table in it.

    ``groups`` are the tables that hold settings (``record``). Raises ConfigError, naming file and
    line, for a file that cannot be read: it may be the one that says what a site allows.
    """
    try:
        status = os.stat(place.path)  # noqa: PTH116 every call of a door asks for several: Path is slower
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _failure(place.path, f"cannot be looked at: {error}") from None
    if not stat.S_ISREG(status.st_mode):
        return None
    state = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    known = _seen.get((place.path, place.table))
    if known and known[0] == state:
        return known[1]
    content = _read(place, groups)
    if len(_seen) >= 64:
        _seen.clear()
    _seen[place.path, place.table] = state, content
    return content


def _read(place: Place, groups: frozenset[str]) -> Content | None:
    text = _content(place.path)
    if place.table and place.table[-1] not in text:
        return None  # most projects' pyproject.toml: no reason to parse it, nor to mind what is wrong with it
    table: Any = _parsed(text, place.path)
    for depth, name in enumerate(place.table, 1):
        table = table.get(name)
        if table is None:
            return None
        if not isinstance(table, dict):
            raise _failure(place.path, f"[{'.'.join(place.table[:depth])}] is no table")
    return Content(dict(_flat(table, groups, place)), _lines(text, ".".join((*place.table, ""))))


def _content(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _failure(path, f"is larger than {MAX_BYTES >> 20} MiB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise _failure(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _failure(path, f"is not UTF-8, line {line}", line=line) from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"at line (\d+)", str(error))
        raise _failure(path, f"is not TOML: {error}", line=int(found[1]) if found else None) from None


def _flat(table: Mapping[str, Any], groups: frozenset[str], place: Place) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if key not in groups:
            yield key, value
        elif isinstance(value, dict):
            yield from ((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            raise ConfigError(
                f"{place}: {key} must be a table", help=f"[{key}]", place=str(place.path), setting=key
            )


_HEADER = r"\s*\[([^\[\]]+)\]\s*(?:#.*)?"
_KEY = r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""


def _lines(text: str, above: str) -> dict[str, int]:
    """The line of each key under ``above`` (``"tool.condadeps."``), by how such files are laid out.

    For people to find the place; a text of several lines that looks like TOML itself may mislead it.
    """
    table, found = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.fullmatch(_HEADER, line):
            table = _plain(header[1]) + "."
            key = table[:-1]
        elif match := re.match(_KEY, line):
            key = table + _plain(match[1])
        else:
            continue
        if key.startswith(above):
            key = key[len(above) :]
            found.setdefault(key, number)
            found.setdefault(key.partition(".")[0], number)
    return found


def _plain(key: str) -> str:
    return re.sub(r"\s*\.\s*", ".", key.strip()).replace('"', "").replace("'", "")


def _failure(path: Path, what: str, line: int | None = None) -> ConfigError:
    return ConfigError(
        f"the configuration file {path} {what}", help=f"mend or remove {path}", place=str(path), line=line
    )
