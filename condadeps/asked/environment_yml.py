"""conda's environment.yml (CEP 24): channels, conda specs, and its ``pip:`` list."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condadeps.asked.files import Listing, failure, text_of
from condadeps.asked.job import Asked
from condadeps.asked.requirements_txt import Reader
from condadeps.asked.yaml_nodes import InvalidYaml, compose, is_list, is_mapping, is_null

_KNOWN = {"name", "prefix", "channels", "dependencies", "variables", "platforms", "category"}
_SELECTOR = re.compile(r"#\s*\[([^\[\]]+)\]\s*$")
_DICT_SELECTOR = re.compile(r"sel\(\s*([a-z0-9_]+)\s*\)")
_TOKENS = re.compile(r"\s*(\(|\)|[A-Za-z0-9_]+)")
_SELECTORS = frozenset(
    {"unix", "linux", "linux32", "linux64", "osx", "osx64", "win", "win32", "win64", "x86", "x86_64", "arm64"}
    | {"aarch64", "armv6l", "armv7l", "ppc64le", "s390x", "riscv64"}
)


def read(path: Path, subdir: str | None = None) -> Listing:
    """What the file asks for, for the platform ``subdir``. Raises RequestError with file and line."""
    return parsed(text_of(path), path, subdir)


def parsed(text: str, path: Path, subdir: str | None = None) -> Listing:
    """What ``text`` asks for, which stands in ``path``. Raises RequestError with file and line."""
    return _File(path, subdir or running_subdir(), text.splitlines()).listing(text)


def running_subdir() -> str:
    """conda's name of the platform this process runs on."""
    system = {"darwin": "osx", "win32": "win"}.get(sys.platform, "linux")
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        return f"{system}-64"
    if machine in ("aarch64", "arm64"):
        return f"{system}-{'aarch64' if system == 'linux' else 'arm64'}"
    return f"{system}-{machine}"


class _File:
    """One file being read."""

    def __init__(self, path: Path, subdir: str, lines: list[str]) -> None:
        self.path = path
        self.true = _variables(subdir)
        self.lines = lines
        self.reader = Reader(os.environ, paths_from=path.absolute().parent)

    def listing(self, text: str) -> Listing:
        try:
            root = compose(text)
        except InvalidYaml as error:
            raise failure(self.path, str(error), error.line) from None
        fields = self._fields(root)
        name = fields.get("name")
        channels = tuple(item.value for item in self._strings(fields.get("channels"), "channels"))
        for item in self._items(fields.get("dependencies"), "dependencies"):
            self._dependency(item)
        warnings = [f"{self.path}: '{key}:' is not known and ignored" for key in fields if key not in _KNOWN]
        if "variables" in fields:
            warnings.append(f"{self.path}: 'variables:' are not set")
        return Listing(
            asked=tuple(self.reader.asked),
            constraints=tuple(self.reader.constraints),
            channels=channels,
            name=name.value
            if name is not None and isinstance(name.value, str) and not is_null(name)
            else None,
            indexes=self.reader.indexes,
            warnings=(*warnings, *self.reader.warnings),
        )

    def _fields(self, root: Any) -> dict[str, Any]:
        if root is None or not is_mapping(root):
            raise failure(self.path, "is not an environment file: it is no mapping")
        found: dict[str, Any] = {}
        for key, value in root.value:
            if not isinstance(key.value, str) or key.value in found:
                raise failure(self.path, "has a key that is no text, or twice", key.start_mark.line + 1)
            found[key.value] = value
        if "<<" in found:
            raise failure(self.path, "merges keys by '<<:', which is not read here: write them out")
        if "dependencies" not in found:
            raise failure(self.path, "has no 'dependencies:' (CEP 24)")
        return found

    def _items(self, node: Any, what: str) -> Iterator[Any]:
        """The items of a list that its selectors let through; a key without value is an empty list."""
        if node is None or is_null(node):
            return
        if not is_list(node):
            raise failure(self.path, f"'{what}:' is not a list", node.start_mark.line + 1)
        for item in node.value:
            line = self.lines[item.start_mark.line] if item.start_mark.line < len(self.lines) else ""
            found = _SELECTOR.search(line)
            if found is None or _holds(found[1], self.true) is not False:
                yield item

    def _strings(self, node: Any, what: str) -> Iterator[Any]:
        for item in self._items(node, what):
            if not isinstance(item.value, str) or not item.value:
                line = item.start_mark.line + 1
                why = f"'{what}:' has an item that is no text (with a colon at its end, it wants quotes)"
                raise failure(self.path, why, line)
            yield item

    def _dependency(self, item: Any) -> None:
        line = item.start_mark.line + 1
        if isinstance(item.value, str):
            if not item.value:
                raise failure(self.path, "has an empty dependency", line)
            self.reader.asked.append(self._spec(item.value, line))
            return
        if not is_mapping(item):
            raise failure(self.path, "has a list inside the list of dependencies", line)
        for key, value in item.value:
            self._subsection(str(key.value), value, key.start_mark.line + 1)

    def _subsection(self, key: str, value: Any, line: int) -> None:
        if key == "pip":
            for requirement in self._strings(value, "pip"):
                self.reader.line(requirement.value, self.path, requirement.start_mark.line + 1)
        elif found := _DICT_SELECTOR.fullmatch(key):
            if _holds(found[1], self.true) is None or not isinstance(value.value, str):
                raise failure(
                    self.path,
                    f"'{key}' is no selector",
                    line,
                    help="sel(linux), sel(osx), sel(win), sel(unix)",
                )
            if _holds(found[1], self.true):
                self.reader.asked.append(self._spec(value.value, line))
        else:
            raise failure(
                self.path,
                f"'{key}:' is a section only another installer knows",
                line,
                help="'pip:' is known here",
            )

    def _spec(self, text: str, line: int) -> Asked:
        return Asked(f"conda:{text.strip()}", str(self.path), line)


def _variables(subdir: str) -> frozenset[str]:
    """The selector variables that are true for a platform (those of conda-build, and CEP 24's)."""
    system, _, machine = subdir.partition("-")
    found = {system, *({"unix"} if system != "win" else set())}
    if machine in ("64", "32"):
        found |= {f"{system}{machine}", "x86", *({"x86_64"} if machine == "64" else set())}
    else:
        found.add(machine)
    return frozenset(found)


def _holds(expression: str, true: frozenset[str]) -> bool | None:
    """Whether a selector holds; None when the words in brackets are no selector but a remark."""
    words = _TOKENS.findall(expression)
    if _TOKENS.sub("", expression).strip() or len(words) > 60:
        return None
    names = [word for word in words if word not in ("and", "or", "not", "(", ")")]
    if not names or not all(name in _SELECTORS for name in names):
        return None
    value, rest = _either(words, true)
    return None if rest else value


def _either(words: list[str], true: frozenset[str]) -> tuple[bool | None, list[str]]:
    value, rest = _both(words, true)
    while rest[:1] == ["or"] and value is not None:
        more, rest = _both(rest[1:], true)
        value = None if more is None else value or more
    return value, rest


def _both(words: list[str], true: frozenset[str]) -> tuple[bool | None, list[str]]:
    value, rest = _one(words, true)
    while rest[:1] == ["and"] and value is not None:
        more, rest = _one(rest[1:], true)
        value = None if more is None else value and more
    return value, rest


def _one(words: list[str], true: frozenset[str]) -> tuple[bool | None, list[str]]:
    if not words:
        return None, words
    first, rest = words[0], words[1:]
    if first == "not":
        value, rest = _one(rest, true)
        return (None if value is None else not value), rest
    if first == "(":
        value, rest = _either(rest, true)
        return (value, rest[1:]) if rest[:1] == [")"] else (None, rest)
    return (first in true if first in _SELECTORS else None), rest
