"""A light reading of conda's MatchSpec (CEP 29), good enough to tell a person what is wrong with one.

The engine parses every spec again with its own parser; whatever is accepted here it
accepts too. Left out on purpose: regular expressions, globs inside a version, names
with globs, namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from condadeps.names.namespaces import PackageName
from condadeps.values import dataclass

_CHANNEL = re.compile(r"(?P<channel>[^\s'\"]+?)::(?=\s*[A-Za-z0-9_*][\w.*-]*\s*(?:$|[=<>!~,|\[\s]))")
_NAME = re.compile(r"[A-Za-z0-9_*][A-Za-z0-9_.*-]*")
_OPERATOR = re.compile(r"===|==|>=|<=|!=|~=|=|<|>")
_LITERAL = re.compile(r"[0-9A-Za-z_.!+*-]+")
_VERSION = re.compile(
    r"(?:[0-9]+!)?[0-9A-Za-z]+(?:(?:\.|_)[0-9A-Za-z]+)*(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?_?"
    r"(?:\+[0-9A-Za-z]+(?:[._][0-9A-Za-z]+)*)?"
)
_BUILD = re.compile(r"[0-9A-Za-z_.+*]+")
_KEY = re.compile(r"[a-z_0-9]+")
_SUBDIR = r"noarch|(?:linux|osx|win|freebsd|netbsd|emscripten|wasi|zos|android|ios)-[a-z0-9_]+"
_HEX = {"md5": r"[0-9a-fA-F]{32}", "sha256": r"[0-9a-fA-F]{64}"}
_KEYS = frozenset(
    {"version", "build", "build_number", "channel", "subdir", "fn", "url", "md5", "sha256", "license"}
    | {"license_family", "track_features", "extras", "when"}
)


class InvalidMatchSpec(ValueError):
    """The text is no MatchSpec; ``position`` counts its characters from 0."""

    def __init__(self, why: str, position: int, help: str | None = None) -> None:
        super().__init__(why)
        self.position = position
        self.help = help


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """The parts of one spec, as they were written."""

    name: PackageName
    channel: str | None = None
    """A channel's name or URL, with ``/subdir`` when that was written."""
    version: str = ""
    """Without spaces, in one spelling: ``"=2"`` (fuzzy), ``"2.*"``, ``"==1.26.0"``, ``">=2,<3"``."""
    build: str | None = None
    brackets: Mapping[str, str] = field(default_factory=dict)
    """What was written as ``[key=value]``."""

    @property
    def text(self) -> str:
        """The spec in one spelling: ``channel::name version build[key='value']``."""
        head = f"{self.channel}::{self.name}" if self.channel else str(self.name)
        version = self.version or ("*" if self.build else "")
        return " ".join(part for part in (head, version, self.build) if part) + self._tail

    @property
    def constraint(self) -> str:
        """What stands right after the name in an environment file: ``"=2"``, ``"=1.26.0=py312_0"``."""
        version = self.version
        if self.build is not None:
            plain = version.removeprefix("==") or "*"
            joined = plain[0] not in "=<>!~(" and not any(char in plain for char in ",|")
            return (f"={plain}={self.build}" if joined else f" {version} {self.build}") + self._tail
        if version and version[0] not in "=<>!~":
            version = f"={version}" if not any(char in version for char in ",|(") else f" {version}"
        return version + self._tail

    @property
    def _tail(self) -> str:
        if not self.brackets:
            return ""
        return "[" + ",".join(f"{key}={_quoted(value)}" for key, value in self.brackets.items()) + "]"


def channel_of(text: str) -> str | None:
    """The channel that ``text`` names before ``::``, or None when it names none."""
    found = _CHANNEL.match(text)
    return found["channel"] if found else None


def read(text: str) -> MatchSpec:
    """The parts of ``text``. Raises InvalidMatchSpec, which says where reading stopped."""
    return _Reading(text).spec()


class _Reading:
    """One pass over one text, a position at a time."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.at = start

    def spec(self) -> MatchSpec:
        self.spaces()
        channel = None
        if found := _CHANNEL.match(self.text, self.at):
            channel, self.at = found["channel"], found.end()
            self.spaces()
        name = self.name()
        version, build = self.version_and_build()
        brackets = self.brackets()
        self.spaces()
        if not self.done():
            raise InvalidMatchSpec(f"'{self.peek()}' is not expected here", self.at)
        return MatchSpec(name, channel, version, build, brackets)

    def name(self) -> PackageName:
        start = self.at
        found = _NAME.match(self.text, start)
        if not found:
            raise InvalidMatchSpec("the name of a package is missing", start)
        self.at = found.end()
        if "*" in found.group():
            raise InvalidMatchSpec("a package's name has no '*' here: name one package", start)
        try:
            return PackageName(found.group())
        except ValueError:
            raise InvalidMatchSpec(f"'{found.group()}' is not the name of a conda package", start) from None

    def version_and_build(self) -> tuple[str, str | None]:
        spaced = self.spaces()
        if self.done() or self.peek() == "[":
            return "", None
        if not spaced and self.peek() not in "=<>!~":
            raise InvalidMatchSpec(f"'{self.peek()}' cannot be part of a package's name", self.at)
        version = self.alternatives(0)
        end = self.at
        spaced = self.spaces()
        if self.done() or self.peek() == "[":
            return version, None
        if self.peek() == "=" and not spaced:
            self.at += 1
            if re.match(r"=[^=]", version):  # name=1.2=build is exact (CEP 29), name =1.2 build is not
                version = f"={version}"
        elif not spaced:
            raise InvalidMatchSpec(f"'{self.peek()}' is not expected after a version", end)
        return version, self.build(version, spaced)

    def build(self, version: str, spaced: bool) -> str:
        start = self.at
        found = _BUILD.match(self.text, start)
        if not found:
            if self.peek() and self.peek() in "<>!~":
                raise InvalidMatchSpec("a comma is missing between two versions", start, "such as '>=1,<2'")
            raise InvalidMatchSpec("a build string is missing or has a character it cannot have", start)
        word = found.group()
        if spaced and version[:1] in ("<", ">", "!", "~") and word.isalpha():
            raise InvalidMatchSpec(
                f"'{word}' looks like another request, and would be read as a build string",
                start,
                "give each request for itself; a build string can be written [build=…]",
            )
        self.at = found.end()
        return word

    def alternatives(self, depth: int) -> str:
        parts = [self.clauses(depth)]
        while self.ahead("|"):
            parts.append(self.clauses(depth))
        return "|".join(parts)

    def clauses(self, depth: int) -> str:
        parts = [self.clause(depth)]
        while self.ahead(","):
            parts.append(self.clause(depth))
        return ",".join(parts)

    def clause(self, depth: int) -> str:
        self.spaces()
        if self.peek() == "(":
            return self.parenthesis(depth)
        start = self.at
        operator = ""
        if found := _OPERATOR.match(self.text, start):
            operator, self.at = found.group(), found.end()
        self.operator_makes_sense(operator, start)
        self.spaces()
        literal = self.literal(operator)
        if literal.endswith("*"):
            return _globbed(operator, literal)
        return (operator or "==") + literal

    def parenthesis(self, depth: int) -> str:
        if depth >= 8:
            raise InvalidMatchSpec("parentheses are nested too deeply", self.at)
        self.at += 1
        inner = self.alternatives(depth + 1)
        if not self.ahead(")"):
            raise InvalidMatchSpec("a ')' is missing", self.at)
        return f"({inner})"

    def operator_makes_sense(self, operator: str, start: int) -> None:
        if operator == "===":
            raise InvalidMatchSpec("'===' is PyPI's; conda knows '=='", start)
        if operator == "=" and self.peek() and self.peek() in "<>!~":
            swapped = f"{self.peek()}="
            raise InvalidMatchSpec(f"there is no operator '={self.peek()}'", start, f"perhaps '{swapped}'")

    def literal(self, operator: str) -> str:
        start = self.at
        if self.peek() == "^":
            raise InvalidMatchSpec("regular expressions are not understood here", start)
        found = _LITERAL.match(self.text, start)
        if not found:
            after = f" after '{operator}'" if operator else ""
            raise InvalidMatchSpec(f"a version is missing{after}", start)
        word = found.group()
        if word != "*":
            self.check_version(word, operator, start)
        elif operator not in ("", "=", "=="):
            raise InvalidMatchSpec(f"'*' makes no sense after '{operator}'", start)
        self.at = found.end()
        return word

    def check_version(self, word: str, operator: str, start: int) -> None:
        if not operator and not word[0].isdigit():
            raise InvalidMatchSpec(
                f"'{word}' is no version", start, "give each request for itself, versions as name=1.2"
            )
        stem = word[:-2] if word.endswith(".*") else word[:-1] if word.endswith("*") else word
        if "*" in stem:
            raise InvalidMatchSpec("'*' can only end a version", start + stem.index("*"))
        if not _VERSION.fullmatch(stem):
            raise InvalidMatchSpec(f"'{word}' is no version", start)

    def brackets(self) -> Mapping[str, str]:
        self.spaces()
        if self.peek() != "[":
            return {}
        self.at += 1
        found: dict[str, str] = {}
        while not self.ahead("]"):
            if self.done():
                raise InvalidMatchSpec("a ']' is missing", self.at)
            start = self.at
            key = self.key()
            if key in found:
                raise InvalidMatchSpec(f"'{key}' is there twice", start)
            found[key] = self.value(key)
            self.ahead(",")
        return found

    def key(self) -> str:
        self.spaces()
        found = _KEY.match(self.text, self.at)
        start, word = self.at, found.group() if found else ""
        if word not in _KEYS:
            raise InvalidMatchSpec(f"'{word or self.peek()}' is no key of a conda spec", start)
        self.at += len(word)
        if not self.ahead("="):
            raise InvalidMatchSpec(f"'=' is missing after '{word}'", self.at)
        self.spaces()
        return word

    def value(self, key: str) -> str:
        start = self.at
        quote = self.peek()
        if quote and quote in "'\"":
            end = self.text.find(quote, start + 1)
            if end < 0:
                raise InvalidMatchSpec("a quotation mark is not closed", start)
            value, self.at = self.text[start + 1 : end], end + 1
            start += 1
        elif key == "extras" and quote == "[":
            end = self.text.find("]", start)
            if end < 0:
                raise InvalidMatchSpec("a ']' is missing", len(self.text))
            value, self.at = self.text[start : end + 1], end + 1
        else:
            found = re.compile(r"[^\],\s'\"\[=]*").match(self.text, start)
            assert found is not None  # the expression matches the empty string
            value, self.at = found.group(), found.end()
        self.check_value(key, value, start)
        return value

    def check_value(self, key: str, value: str, start: int) -> None:
        if not value.strip():
            raise InvalidMatchSpec(f"'{key}' has no value", start)
        if key == "version":
            inner = _Reading(value)
            try:
                inner.alternatives(0)
                if not inner.done():
                    raise InvalidMatchSpec(f"'{inner.peek()}' is not expected in a version", inner.at)
            except InvalidMatchSpec as error:
                raise InvalidMatchSpec(str(error), start + error.position, error.help) from None
        elif (
            (key == "build" and not _BUILD.fullmatch(value))
            or (key == "subdir" and not re.fullmatch(_SUBDIR, value))
            or (key in _HEX and not re.fullmatch(_HEX[key], value))
        ):
            raise InvalidMatchSpec(f"'{value}' is no {key}", start)
        elif key == "build_number" and not re.fullmatch(r"(?:[<>]=?|==?|!=)?\s*[0-9]+", value):
            raise InvalidMatchSpec(f"'{value}' is no build number", start)

    def ahead(self, char: str) -> bool:
        """Skip spaces and ``char`` if it comes next; says whether it did."""
        before = self.at
        self.spaces()
        if self.peek() == char:
            self.at += 1
            return True
        self.at = before if not self.done() else self.at
        return False

    def spaces(self) -> bool:
        before = self.at
        while self.peek() == " ":
            self.at += 1
        return self.at > before

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def done(self) -> bool:
        return self.at >= len(self.text)


def _globbed(operator: str, literal: str) -> str:
    """A glob as every parser takes it: conda reads ``==1.2.*`` as ``1.2.*`` and ``>=1.2.*`` as ``>=1.2``."""
    if operator in ("", "=", "=="):
        return literal
    return operator + (literal if operator == "!=" else literal.rstrip("*").rstrip("."))


def _quoted(value: str) -> str:
    return f'"{value}"' if "'" in value else f"'{value}'"
