"""Typed text read as the design says: one text, one :data:`~condadeps.asked.request.Request`.

The syntax alone decides the kind (design: "What typed text means"); nothing is looked up,
and of the disk only whether a local path is there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from condadeps.asked import direct, matchspec
from condadeps.asked.credentials import masked
from condadeps.asked.job import Asked
from condadeps.asked.refusal import refuse
from condadeps.asked.request import Bare, Direct, Origin, Project, Request, Spec
from condadeps.errors import RequestError
from condadeps.names.namespaces import ProjectName

if TYPE_CHECKING:
    from packaging.requirements import InvalidRequirement

MAX_LENGTH = 4096
"""The longest request there can be, in characters: a signed URL has room, a pasted file has not."""

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_PREFIX = re.compile(r"(conda|pypi):(?!:)\s*")
_OTHER_PREFIX = re.compile(r"([A-Za-z][\w.-]*):(?![:/\\])")
_LOOSE_BRACKET = re.compile(r"\s*\[[^\]]*=")
_ONLY_PYPI = frozenset({"~=", "==="})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*\*?")


def parse(asked: Asked, directory: str | Path = ".") -> Request:
    """What ``asked`` asks for. A relative path in it is meant from ``directory``.

    Raises RequestError, with the position where reading stopped, for anything that is
    no request: empty, over MAX_LENGTH, with control characters, an option, bad grammar.
    """
    text, start = _body(asked)
    try:
        if asked.editable:
            return _direct(asked, text, Path(directory))
        if asked.metadata:
            return _from_metadata(asked, text, Path(directory))
        return _typed(asked, text, Path(directory))
    except (matchspec.InvalidMatchSpec, direct.InvalidDirect) as error:
        position = None if error.position is None else start + error.position
        raise refuse(asked, str(error), position, help=error.help) from None
    except _Invalid as error:
        raise refuse(asked, str(error), start + error.position, help=error.help) from None


class _Invalid(ValueError):
    """Bad grammar at a position of the text without its margin."""

    def __init__(self, why: str, position: int, help: str | None = None) -> None:
        super().__init__(why)
        self.position = position
        self.help = help


def _body(asked: Asked) -> tuple[str, int]:
    """The text without margins and trailing comment, and where in the whole text it begins."""
    if len(asked.text) > MAX_LENGTH:
        raise refuse(
            asked, f"it has {len(asked.text):,} characters, and {MAX_LENGTH:,} is the most there can be"
        )
    text = asked.text.replace("\t", " ").replace("\u00a0", " ").rstrip()
    start = len(text) - len(text.lstrip())
    for position, char in enumerate(text[start:], start):
        if not char.isprintable():
            raise refuse(asked, f"the character U+{ord(char):04X} cannot be in a request", position)
    text = _COMMENT.sub("", text).strip()
    if not text:
        raise refuse(asked, "it is empty", help="a name, such as pandas or 'numpy>=2'")
    if text.startswith("-"):
        raise refuse(
            asked,
            "it begins with '-', which no name does",
            start,
            help="options stand before what is asked for",
        )
    return text, start


def _typed(asked: Asked, text: str, directory: Path) -> Request:
    if found := _PREFIX.match(text):
        if not text[found.end() :]:
            raise _Invalid(f"a name is missing after '{found[0]}'", found.end())
        if found[1] == "conda":
            return _spec(asked, text, found.end())
        return _project(asked, text, found.end(), forced=True)
    if matchspec.channel_of(text):
        return _spec(asked, text, 0)
    if direct.is_direct(text):
        return _direct(asked, text, directory)
    if found := _OTHER_PREFIX.match(text):
        raise _Invalid(
            f"'{found[0]}' is no prefix", 0, "conda: or pypi: before the name, channel:: for a channel"
        )
    return _by_what_follows(asked, text)


def _by_what_follows(asked: Asked, text: str) -> Request:
    """A request that begins with its name: what comes after tells its kind."""
    found = _NAME.match(text)
    if not found:
        raise _no_name(text)
    name, rest = found[0], text[found.end() :]
    after = rest.lstrip()
    if name.startswith("_") or name.endswith("_") or _LOOSE_BRACKET.match(rest):
        return _spec(asked, text, 0)
    if after[:1] in ("[", "@") or ";" in rest:
        return _project(asked, text, 0)
    if rest[:1] in ("/", "\\"):
        raise _Invalid(
            f"'{rest[0]}' cannot be part of a name",
            found.end(),
            "./ before a directory, channel::name for a channel",
        )
    if _NUMBER.fullmatch(name):
        raise _Invalid(
            f"'{name}' is a version, not a name", 0, 'quotes keep one request together: "numpy >=2"'
        )
    try:
        specifier = SpecifierSet(_without_parentheses(after))
    except ValueError:  # InvalidSpecifier, or a number too long for an int
        return _spec(asked, text, 0)
    if any(clause.operator in _ONLY_PYPI for clause in specifier):
        return _project(asked, text, 0)
    return Bare(asked.text, _origin(asked), name, specifier)


def _without_parentheses(versions: str) -> str:
    """``>=2`` of ``(>=2)``, as metadata of old wrote it."""
    return versions[1:-1] if versions.startswith("(") and versions.endswith(")") else versions


def _from_metadata(asked: Asked, text: str, directory: Path) -> Request:
    if direct.is_direct(text, paths=True):
        return _direct(asked, text, directory)
    return _project(asked, text, 0)


def _project(asked: Asked, text: str, start: int, *, forced: bool = False) -> Project | Direct:
    """A PEP 508 requirement, which begins at ``start`` of ``text``."""
    from packaging.requirements import InvalidRequirement, Requirement  # most calls have none

    try:
        requirement = Requirement(text[start:])
        ProjectName(requirement.name)
    except InvalidRequirement as error:
        raise _not_pep_508(text, start, error) from None
    except RecursionError:
        raise _Invalid("its marker is nested too deeply", start) from None
    except ValueError as error:
        raise _Invalid(str(error), start) from None
    if requirement.url is None:
        return Project(asked.text, _origin(asked), requirement, forced, asked.hashes)
    try:
        direct.check_url(requirement.url)
    except direct.InvalidDirect as error:
        raise _Invalid(str(error), text.index(requirement.url, start), error.help) from None
    return Direct(
        masked(asked.text),
        _origin(asked),
        requirement.url,
        ProjectName(requirement.name),
        frozenset(requirement.extras),
        hashes=asked.hashes,
        marker=requirement.marker,
    )


def _spec(asked: Asked, text: str, start: int) -> Spec:
    """A MatchSpec, which begins at ``start`` of ``text``."""
    try:
        spec = matchspec.read(text[start:])
    except matchspec.InvalidMatchSpec as error:
        raise _Invalid(str(error), start + error.position, error.help) from None
    channel = spec.channel or spec.brackets.get("channel")
    return Spec(masked(asked.text), _origin(asked), spec.name, spec.text, channel)


def _direct(asked: Asked, text: str, directory: Path) -> Direct:
    if found := re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*@\s", text):
        request = _project(asked, text, 0)
        assert isinstance(request, Direct), found  # a requirement with '@' has a URL, or is refused
        place = direct.Place(request.location, request.name, request.extras, request.marker)
    else:
        place = direct.read(text, directory)
    return Direct(
        masked(asked.text),
        _origin(asked),
        place.location,
        place.name,
        place.extras,
        asked.editable,
        asked.hashes,
        place.marker,
    )


def _no_name(text: str) -> _Invalid:
    if text[0] in "=<>!~":
        return _Invalid("a name is missing before it", 0, 'quotes keep one request together: "numpy >=2"')
    return _Invalid(f"'{text[0]}' cannot begin a name", 0)


def _not_pep_508(text: str, start: int, error: InvalidRequirement) -> _Invalid:
    """The refusal of a text that is no requirement, at the place where packaging's parser stopped."""
    span = getattr(error.__cause__, "span", None)
    position = start + int(span[0]) if isinstance(span, tuple) and span else start
    why = str(error).splitlines()[0].strip() if str(error) else "it is no requirement (PEP 508)"
    why = why[:1].lower() + why[1:]
    help = None
    if re.search(r"(?<![=<>!~])=(?![=])", text[start : position + 2].partition(";")[0]):
        help = "an exact version is '==' here; a single '=' is conda's: conda:name=1.2"
    elif ";" in text and position > text.index(";"):
        help = 'a marker is written: name ; python_version < "3.12"'
    return _Invalid(masked(why), min(position, len(text)), help)


def _origin(asked: Asked) -> Origin:
    return Origin(asked.place, asked.line)


def split(line: str) -> list[str]:
    """The words of one magic or command line, quotes as a shell has them, without anything expanded.

    Quotes keep a word together and go away; outside them `` #`` begins a comment; a
    backslash protects only a quote, a blank or ``#`` after it, so that Windows paths
    pass. ``>``, ``|``, ``;``, ``$`` and ``*`` are letters like others. Raises
    RequestError for a quote that is not closed.
    """
    words: list[str] = []
    word: list[str] | None = None
    at = 0
    while at < len(line):
        char = line[at]
        if char.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        elif char == "#" and word is None:
            break
        elif char in "'\"":
            inner, at = _quoted(line, at)
            word = [*(word or []), inner]
        else:
            if char == "\\" and line[at + 1 : at + 2] and line[at + 1] in "'\"# \t":
                at += 1
            word = [*(word or []), line[at]]
        at += 1
    if word is not None:
        words.append("".join(word))
    return words


def _quoted(line: str, start: int) -> tuple[str, int]:
    """What stands between the quote at ``start`` and its partner, and where the partner is."""
    quote = line[start]
    inner: list[str] = []
    at = start + 1
    while at < len(line) and line[at] != quote:
        if quote == '"' and line.startswith('\\"', at):
            at += 1
        inner.append(line[at])
        at += 1
    if at >= len(line):
        raise refuse(Asked(line), "a quotation mark is not closed", start)
    return "".join(inner), at


def lines(cell: str, *, place: str = "cell", first: int = 2) -> list[Asked]:
    """The requests of a ``%%condadeps`` body, one a line; blank lines and comments are none.

    A line is one request, with or without quotes around all of it. ``first`` is the number
    of the body's first line: the magic itself is line 1 of the cell. Nothing is parsed yet;
    raises RequestError only for a quote that is not closed.
    """
    found: list[Asked] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", cell), first):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text[0] in "'\"":
            text = _unquoted(text, place, number)
        found.append(Asked(text, place, number))
    return found


def _unquoted(text: str, place: str, line: int) -> str:
    try:
        words = split(text)
    except RequestError:
        raise refuse(Asked(text, place, line), "a quotation mark is not closed", 0) from None
    return words[0] if len(words) == 1 else text
