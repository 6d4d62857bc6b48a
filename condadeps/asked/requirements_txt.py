"""pip's requirements files: nested files, constraints, hashes, and options about indexes.

Read as pip reads them: backslash continuations, `` #`` comments, ``${NAME}`` from the
environment (and no other expansion), nested files relative to the file that names them,
local paths relative to the caller's directory.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from condadeps.asked import direct
from condadeps.asked.files import Indexes, Listing, bytes_of, decoded, failure
from condadeps.asked.job import Asked

_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_DEEPEST = 50

_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}
_VALUED = {
    "--requirement",
    "--constraint",
    "--editable",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
} | {
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--hash",
    "--config-settings",
    "--config-setting",
    "--global-option",
}
_FLAGS = {"--no-index", "--pre", "--prefer-binary", "--require-hashes"}
_BUILD = {"--config-settings", "--config-setting", "--global-option"}


def read(path: Path, environ: Mapping[str, str] | None = None) -> Listing:
    """What the requirements file at ``path`` asks for. Raises RequestError with file and line."""
    reader = Reader(os.environ if environ is None else environ)
    reader.file(path)
    return reader.listing()


@dataclass(slots=True)
class Reader:
    """Takes in lines and files, in order."""

    environ: Mapping[str, str]
    asked: list[Asked] = field(default_factory=list)
    constraints: list[Asked] = field(default_factory=list)
    indexes: Indexes = field(default_factory=Indexes)
    warnings: list[str] = field(default_factory=list)
    paths_from: Path | None = None
    """Where relative local paths are meant from, when it is not the caller's directory."""
    _open: list[Path] = field(default_factory=list)

    def listing(self) -> Listing:
        """All that was taken in. Raises RequestError where ``--require-hashes`` is not obeyed."""
        for asked in self.asked if self.indexes.require_hashes else ():
            if not asked.hashes:
                why = f"{asked.text} has no --hash, and --require-hashes asks for one"
                raise failure(asked.place, why, asked.line)
        return Listing(
            tuple(self.asked), tuple(self.constraints), indexes=self.indexes, warnings=tuple(self.warnings)
        )

    def file(self, path: Path, *, constraint: bool = False, by: tuple[Path, int] | None = None) -> None:
        """Take in a whole file; ``by`` is the file and line that names it."""
        real = path.resolve()
        namer, number = by or (path, None)
        if real in self._open or len(self._open) >= _DEEPEST:
            raise failure(namer, f"{path} includes itself", number)
        if not path.is_file():
            raise failure(
                namer, "there is no such file" if by is None else f"there is no file {path}", number
            )
        self._open.append(real)
        for first, line in _logical_lines(_text(path)):
            self.line(line, path, first, constraint=constraint)
        self._open.pop()

    def line(self, line: str, path: Path, number: int, *, constraint: bool = False) -> None:
        """Take in one logical line of ``path``."""
        line = _VARIABLE.sub(lambda found: self.environ.get(found[1]) or found[0], line)
        text, options = _parted(line)
        try:
            settings = list(_settings(options))
        except ValueError as error:
            raise failure(path, str(error), number) from None
        if text:
            self._requirement(text, settings, path, number, constraint)
            return
        for option, value in settings:
            self._option(option, value, path, number, constraint)

    def _requirement(
        self, text: str, settings: list[tuple[str, str]], path: Path, number: int, constraint: bool
    ) -> None:
        hashes: list[str] = []
        for option, value in settings:
            if option == "--hash":
                if not re.fullmatch(r"(sha256|sha384|sha512):[0-9a-fA-F]+", value):
                    raise failure(path, f"'{value}' is no hash pip would take", number, help="sha256:…")
                hashes.append(value.lower())
            elif option in _BUILD:
                self.warnings.append(f"{path}:{number}: {option} is not passed on")
            else:
                raise failure(path, f"{option} cannot stand behind a requirement", number)
        self._add(Asked(text, str(path), number, metadata=True, hashes=tuple(hashes)), constraint)

    def _add(self, asked: Asked, constraint: bool) -> None:
        if self.paths_from is not None and _is_relative_path(asked):
            asked = replace(asked, text=str(self.paths_from / asked.text))
        (self.constraints if constraint else self.asked).append(asked)

    def _option(self, option: str, value: str, path: Path, number: int, constraint: bool) -> None:
        if option in ("--requirement", "--constraint"):
            if "://" in value:
                raise failure(path, f"{value} is not fetched", number, help="download it, and name the file")
            nested = option == "--constraint" or constraint
            self.file(path.parent / value, constraint=nested, by=(path, number))
        elif option == "--editable":
            self._add(Asked(value, str(path), number, metadata=True, editable=True), constraint)
        elif option == "--use-feature":
            self.warnings.append(f"{path}:{number}: {option} is not passed on")
        elif option == "--find-links" and (path.parent / value).exists():
            self.indexes = _INDEX[option](self.indexes, os.path.abspath(path.parent / value))  # noqa: PTH100 keeps symlinks
        elif option in _INDEX:
            self.indexes = _INDEX[option](self.indexes, value)
        else:
            raise failure(path, f"{option} stands behind a requirement, not on a line of its own", number)


_INDEX: Mapping[str, Callable[[Indexes, str], Indexes]] = {
    "--index-url": lambda all, value: replace(all, index_url=value),
    "--pypi-url": lambda all, value: replace(all, index_url=value),
    "--extra-index-url": lambda all, value: replace(all, extra_index_urls=(*all.extra_index_urls, value)),
    "--find-links": lambda all, value: replace(all, find_links=(*all.find_links, value)),
    "--trusted-host": lambda all, value: replace(all, trusted_hosts=(*all.trusted_hosts, value)),
    "--no-binary": lambda all, value: replace(all, no_binary=(*all.no_binary, *value.split(","))),
    "--only-binary": lambda all, value: replace(all, only_binary=(*all.only_binary, *value.split(","))),
    "--no-index": lambda all, value: replace(all, no_index=True),
    "--pre": lambda all, value: replace(all, pre=True),
    "--prefer-binary": lambda all, value: replace(all, prefer_binary=True),
    "--require-hashes": lambda all, value: replace(all, require_hashes=True),
}


def _text(path: Path) -> str:
    """The file's text: by its byte order mark or coding line (PEP 263), else UTF-8."""
    content = bytes_of(path)
    for line in content.split(b"\n", 2)[:2]:
        if found := _CODING.match(line):
            try:
                return content.decode(found[1].decode("ascii"))
            except (LookupError, UnicodeDecodeError):
                raise failure(path, f"is not {found[1].decode()} text") from None
    return decoded(path, content)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, joined where a backslash ends one, with the number of their first."""
    joined: list[str] = []
    first = 0
    for number, line in enumerate([*re.split(r"\r\n|\r|\n", text), ""], 1):
        first = first if joined else number
        if _COMMENT.match(line):
            line = " " + line  # pip: a comment line ends a continuation
            continues = False
        else:
            continues = line.endswith("\\")
        joined.append(line[:-1] if continues else line)
        if continues:
            continue
        whole = _COMMENT.sub("", "".join(joined)).strip()
        joined = []
        if whole:
            yield first, whole


def _parted(line: str) -> tuple[str, str]:
    """A requirement and the options behind it; either may be empty."""
    words = line.split(" ")
    at = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:at]).strip(), " ".join(words[at:])


def _settings(options: str) -> Iterator[tuple[str, str]]:
    """The options of a line with their values. Raises ValueError for what pip has not."""
    words = shlex.split(options)
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name, equals, value = word.partition("=")
        if word[:2] in _SHORT and not word.startswith("--"):
            name, value = _SHORT[word[:2]], word[2:].removeprefix("=")
            equals = value
        if name in _FLAGS and not equals:
            yield name, ""
            continue
        if name not in _VALUED:
            raise ValueError(f"'{word}' is no option a requirements file has")
        if not equals:
            if at >= len(words):
                raise ValueError(f"{name} has no value")
            value = words[at]
            at += 1
        yield name, value


def _is_relative_path(asked: Asked) -> bool:
    text = asked.text
    if "://" in text or text.startswith("file:") or " @ " in text:
        return False
    return (asked.editable or direct.is_direct(text, paths=True)) and not re.match(r"[/\\~]|[A-Za-z]:", text)
