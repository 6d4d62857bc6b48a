"""What a kernel that installs itself is made of: one TOML file, read.

``docs/kernels.md`` tells what may stand in it. The file's name, without ``.toml``, is the definition's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from condadeps.errors import ConfigError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""A definition's name, which is its environment's directory too."""
_KERNEL = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)
"""What jupyter_client accepts."""
_MAX_BYTES = 1 << 20
CONNECTION_FILE = "{connection_file}"

Interrupt = Literal["signal", "message"]


@dataclass(frozen=True, slots=True)
class Check:
    """The first cell that shows that the kernel works."""

    code: str
    expects: str
    """What has to be somewhere in its output."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One language: what is installed, and how its kernel starts."""

    name: str
    file: Path
    kernel: str
    """The kernelspec's name, which notebooks carry: the one their authors' kernel has."""
    display_name: str
    language: str
    argv: tuple[str, ...]
    """How the kernel starts in its environment; ``{connection_file}`` and ``{prefix}`` are filled in."""
    about: str = ""
    conda: tuple[str, ...] = ()
    """Specs of conda packages."""
    pip: tuple[str, ...] = ()
    """Requirements on Python projects: their conda packages first, as always."""
    channels: tuple[str, ...] = ()
    condadeps: bool = False
    """Whether ``%condadeps`` is to work in it: a Python with ipykernel."""
    steps: tuple[tuple[str, ...], ...] = ()
    """Commands to run in the environment afterwards, in order; each may be run again."""
    env: Mapping[str, str] = field(default_factory=dict)
    """For the steps and the kernel; ``{prefix}`` is filled in."""
    interrupt_mode: Interrupt = "signal"
    encryption: bool = False
    """Whether the kernel understands CurveZMQ keys in its connection file."""
    debugger: bool = False
    """Whether the kernel has a debugger; front ends have to be told so from the start."""
    language_info: Mapping[str, Any] = field(default_factory=dict)
    """What front ends are told of the language until the kernel itself can."""
    logo: Path | None = None
    check: Check | None = None

    def filled(self, text: str, prefix: Path, connection_file: str = CONNECTION_FILE) -> str:
        """``text`` with what stands in braces filled in; other braces are left alone."""
        return text.replace("{prefix}", str(prefix)).replace(CONNECTION_FILE, connection_file)


def read(path: Path) -> Definition:
    """The definition in a file. Raises ConfigError, naming file and key, for one that cannot be read."""
    table = _Table(_parsed(path), path)
    name = path.stem
    if not NAME.fullmatch(name):
        raise table.wrong("the file's name", "small letters, digits, '.', '_' and '-'")
    definition = Definition(
        name=name,
        file=path,
        kernel=table.text("kernel", name),
        display_name=table.text("display_name"),
        language=table.text("language"),
        argv=table.texts("argv"),
        about=table.text("about", ""),
        conda=table.texts("conda", ()),
        pip=table.texts("pip", ()),
        channels=table.texts("channels", ()),
        condadeps=table.flag("condadeps"),
        steps=table.lists("steps"),
        env=table.mapping("env"),
        interrupt_mode=table.choice("interrupt_mode", ("signal", "message")),
        encryption=table.flag("encryption"),
        debugger=table.flag("debugger"),
        language_info=table.table("language_info"),
        logo=table.beside("logo"),
        check=table.check(),
    )
    table.all_known()
    if not _KERNEL.fullmatch(definition.kernel):
        raise table.wrong("kernel", "letters, digits, '.', '_' and '-'")
    if not any(CONNECTION_FILE in word for word in definition.argv):
        raise table.wrong("argv", f"a command with {CONNECTION_FILE} in it")
    if not (definition.conda or definition.pip):
        raise table.wrong("conda", "a list of packages to install, or pip one of projects")
    return definition


def _parsed(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError(f"larger than {_MAX_BYTES >> 20} MiB")
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", place=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no kernel's definition: {error}", place=str(path)) from None


class _Table:
    """A file's keys, each read once."""

    def __init__(self, table: Mapping[str, Any], path: Path) -> None:
        self._table = table
        self._path = path
        self._known: set[str] = set()

    def wrong(self, key: str, wanted: str) -> ConfigError:
        return ConfigError(
            f"{self._path}: {key} has to be {wanted}",
            help="docs/kernels.md has the keys",
            place=str(self._path),
            setting=key,
        )

    def all_known(self) -> None:
        """Raises ConfigError for a key that nobody reads: a typing mistake must not pass in silence."""
        for key in self._table.keys() - self._known:
            raise ConfigError(
                f"{self._path}: there is no key {key!r} in a kernel's definition",
                help=f"the keys: {', '.join(sorted(self._known))}",
                place=str(self._path),
                setting=key,
            )

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(key, "a text")
        return value

    def flag(self, key: str) -> bool:
        value = self._get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def choice(self, key: str, words: Sequence[Interrupt]) -> Interrupt:
        value = self._get(key, words[0])
        for word in words:
            if word == value:
                return word
        raise self.wrong(key, " or ".join(f'"{word}"' for word in words))

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._get(key, default)
        return self._texts(key, value, empty=default is not None)

    def lists(self, key: str) -> tuple[tuple[str, ...], ...]:
        value = self._get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "a list of commands, each a list of words")
        return tuple(self._texts(key, item, empty=False) for item in value)

    def table(self, key: str) -> Mapping[str, Any]:
        value = self._get(key, {})
        if not isinstance(value, Mapping):
            raise self.wrong(key, "a table")
        return dict(value)

    def mapping(self, key: str) -> Mapping[str, str]:
        value = self.table(key)
        for name, item in value.items():
            if not isinstance(item, str):
                raise self.wrong(f"{key}.{name}", "a text")
        return value

    def beside(self, key: str) -> Path | None:
        """A picture in the same directory."""
        name = self.text(key, "")
        if not name:
            return None
        if Path(name).name != name or Path(name).suffix not in (".svg", ".png"):
            raise self.wrong(key, "an .svg or .png file in the same directory")
        path = self._path.parent / name
        if not path.is_file():
            raise self.wrong(key, f"a file that is there: {path} is not")
        return path

    def check(self) -> Check | None:
        value = self.table("check")
        if not value:
            return None
        if value.keys() != {"code", "expects"} or not all(isinstance(one, str) for one in value.values()):
            raise self.wrong("check", "a table of two texts, code and expects")
        return Check(value["code"], value["expects"])

    def _get(self, key: str, default: Any) -> Any:
        self._known.add(key)
        return self._table.get(key, default)

    def _texts(self, key: str, value: Any, *, empty: bool) -> tuple[str, ...]:
        good = isinstance(value, list | tuple) and all(isinstance(one, str) and one for one in value)
        if not good or (not value and not empty):
            raise self.wrong(key, "a list of texts")
        return tuple(value)
