"""The kinds of values that settings have: how each is written, in TOML and in a variable, and read.

A kind reads one value where it was written and raises ValueError when it is none of its own;
the message, if any, adds to what :attr:`Kind.wanted` says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands, as far as its meaning depends on that."""

    base: Path
    """Relative paths are meant from here."""
    home: Path | None = None
    """What ``~`` means."""
    file: bool = True
    """In a file, not in a variable or a call."""
    confined: bool = False
    """A path may not lead out of ``base``: the file is a project's or an environment's."""

    def path(self, text: str) -> Path:
        """The absolute path that ``text`` means here."""
        if self.home is not None and re.match(r"~(?:[/\\]|$)", text):
            text = str(self.home) + text[1:]
        return Path(self.base, text).absolute()


class NotYoursError(ValueError):
    """The value is one that whoever wrote it has no say over."""


class Kind:
    """A kind of value. As it is, one text."""

    wanted: str = "text"
    """What a value has to be, for errors and the docs."""
    joins: ClassVar[bool] = False
    """Several places' values count together; otherwise the weightiest place's does."""

    def of_toml(self, value: object, spot: Spot) -> Any:
        """The value that a file (or a call) has. Raises ValueError."""
        return self.of_text(_text(value), spot)

    def of_text(self, text: str, spot: Spot) -> Any:
        """The value that a variable has, which is never empty. Raises ValueError."""
        return text

    def joined(self, lighter: Any, weightier: Any) -> Any:
        """What two places' values come to."""
        return weightier

    def no_laxer(self, value: Any, than: Any) -> bool:
        """Whether ``value`` allows nothing that ``than`` does not; without an order, its equal only."""
        return bool(value == than)

    def shown(self, value: Any) -> str:
        """The value as a file would have it, as far as one line can."""
        match value:
            case None:
                return "not set"
            case bool():
                return "true" if value else "false"
            case tuple():
                return f"[{', '.join(map(self.shown, value))}]"
            case Mapping():
                items = (f"{_key(key)} = {self.shown(item or False)}" for key, item in value.items())
                return f"{{{', '.join(items)}}}"
            case int() | float():
                return f"{value:g}"
        return f'"{value}"'


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of some words; with ``ordered``, the later ones are the stricter."""

    words: tuple[str, ...]
    ordered: bool = False

    @property
    def wanted(self) -> str:  # type: ignore[override]  # computed here, a constant elsewhere
        """The words."""
        *most, last = (f'"{word}"' for word in self.words)
        return f"{', '.join(most)} or {last}"

    def of_text(self, text: str, spot: Spot) -> str:
        if text not in self.words:
            raise ValueError
        return text

    def no_laxer(self, value: Any, than: Any) -> bool:
        if not self.ordered:
            return bool(value == than)
        return self.words.index(value) >= self.words.index(than)


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """True or false; ``strict`` says which of them is the stricter, if one is."""

    strict: bool | None = None
    wanted = "true or false"

    def of_toml(self, value: object, spot: Spot) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def of_text(self, text: str, spot: Spot) -> bool:
        lowered = text.lower()
        if lowered in ("true", "yes", "on", "y", "1"):
            return True
        if lowered in ("false", "no", "off", "n", "0"):
            return False
        raise ValueError

    def no_laxer(self, value: Any, than: Any) -> bool:
        return bool(value == than or (self.strict is not None and value == self.strict))


class Seconds(Kind):
    """A span of time, a float."""

    wanted = "a number of seconds, 0 or more"

    def of_toml(self, value: object, spot: Spot) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError
        return float(value)

    def of_text(self, text: str, spot: Spot) -> float:
        return self.of_toml(float(text), spot)


class Count(Kind):
    """How many, an int."""

    wanted = "a whole number, 0 or more"

    def of_toml(self, value: object, spot: Spot) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError
        return value

    def of_text(self, text: str, spot: Spot) -> int:
        return self.of_toml(int(text), spot)


class Moment(Kind):
    """A date, a time or an age, kept as it is written; the earlier is the stricter."""

    wanted = "a date, a time or an age, such as 2026-04-01, 2026-04-01T12:00:00Z or 7d"

    def of_toml(self, value: object, spot: Spot) -> str:
        if not isinstance(value, str) and (written := getattr(value, "isoformat", None)):
            value = written()  # TOML has dates and times of its own
        return self.of_text(_text(value), spot)

    def of_text(self, text: str, spot: Spot) -> str:
        self._moment(text)
        return text

    def no_laxer(self, value: Any, than: Any) -> bool:
        return than is None or self._moment(value) <= self._moment(than)

    @staticmethod
    def _moment(text: str) -> datetime:
        from condadeps.errors import ConfigError
        from condadeps.sources.cutoff import moment

        try:
            return moment(text)
        except (ConfigError, OverflowError):
            raise ValueError from None


class Directory(Kind):
    """A directory, an absolute Path; it need not exist."""

    wanted = "a directory"

    def of_text(self, text: str, spot: Spot) -> Path:
        return spot.path(text)


class Executable(Kind):
    """A program, by its path or by a name that is looked up on PATH."""

    wanted = "a program's path or name"

    def of_text(self, text: str, spot: Spot) -> str:
        return text if re.fullmatch(r"[^/\\~]+", text) else str(spot.path(text))


class Link(Kind):
    """A document's URL, or a file's absolute path."""

    wanted = "a URL (https://, file://) or the path of a file"

    def of_text(self, text: str, spot: Spot) -> str:
        if text.startswith("file:"):
            return text
        if "://" not in text:
            return str(spot.path(text))
        if not re.match(r"https?://[^/\s]", text):  # what is fetched by http:// is for the reader to say
            raise ValueError
        return text


class Name(Kind):
    """A name somebody made up."""

    wanted = "a name"

    def of_text(self, text: str, spot: Spot) -> str:
        if not text.strip():
            raise ValueError
        return text.strip()


class RecordFile(Kind):
    """A file to write, an absolute path. Whoever is not trusted names one of their own directory."""

    wanted = "the path of a file"

    def of_text(self, text: str, spot: Spot) -> str:
        path = spot.path(text)
        if spot.confined:
            inside = ".." not in path.parts and path.is_relative_to(spot.base) and path != spot.base
            if not inside or path.suffix not in (".yml", ".yaml"):
                raise NotYoursError(f"only a .yml file within {spot.base}")
        return str(path)


class Projects(Kind):
    """Names of PyPI's projects, joined over all places."""

    wanted = "a list of projects' names"
    joins = True

    def of_toml(self, value: object, spot: Spot) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError
        return tuple(dict.fromkeys(self._item(_text(item), spot) for item in value))

    def of_text(self, text: str, spot: Spot) -> tuple[Any, ...]:
        return self.of_toml([item.strip() for item in text.split(",") if item.strip()], spot)

    def joined(self, lighter: Any, weightier: Any) -> Any:
        return tuple(dict.fromkeys((*lighter, *weightier)))

    def _item(self, text: str, spot: Spot) -> Any:
        return ProjectName(text.strip())


class Channels(Projects):
    """Channels, the weightiest place's first."""

    wanted = "a list of channels (names, URLs, paths)"

    def joined(self, lighter: Any, weightier: Any) -> Any:
        return tuple(dict.fromkeys((*weightier, *lighter)))

    def _item(self, text: str, spot: Spot) -> Any:
        if not text or re.search(r"\s", text):
            raise ValueError
        # As the road has it, a call's relative path is meant from where the call is.
        return str(spot.path(text)) if spot.file and re.match(r"(\.{1,2}|~)(?:[/\\]|$)", text) else text


class Sources(Projects):
    """Channels and indexes that may be named by others."""

    wanted = "a list of channels' names and of channels' and indexes' URLs"

    def _item(self, text: str, spot: Spot) -> Any:
        if not text or re.search(r"\s", text):
            raise ValueError
        return text


class Homes(Kind):
    """Conda packages by project: ``"package"``, ``"package =5"``, false (None) for none."""

    wanted = "a table of projects, each with a conda package or false"
    joins = True

    def of_toml(self, value: object, spot: Spot) -> dict[ProjectName, str | None]:
        if not isinstance(value, Mapping):
            raise ValueError
        found: dict[ProjectName, str | None] = {}
        for name, home in value.items():
            if isinstance(home, Mapping):
                raise ValueError(f'a name with a dot is quoted: "{name}.{next(iter(home), "…")}"')
            project = ProjectName(str(name))
            if project in found:
                raise ValueError(f"{project} is there twice")
            found[project] = None if home is False else self._home(_text(home))
        return found

    def of_text(self, text: str, spot: Spot) -> dict[ProjectName, str | None]:
        pairs: Iterable[list[str]] = (item.split("=", 1) for item in text.split(",") if item.strip())
        found: dict[str, str | bool] = {}
        for pair in pairs:
            if len(pair) != 2 or pair[0].strip() in found:
                raise ValueError("written PROJECT=PACKAGE,PROJECT=false")
            home = pair[1].strip()
            found[pair[0].strip()] = False if home.lower() in ("false", "") else home
        return self.of_toml(found, spot)

    def joined(self, lighter: Any, weightier: Any) -> Any:
        return {**lighter, **weightier}

    @staticmethod
    def _home(text: str) -> str | None:
        name, _, constraint = text.strip().partition(" ")
        return f"{PackageName(name)} {constraint.strip()}".rstrip() if name else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
