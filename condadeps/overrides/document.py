"""The overrides document: ipydeps' old form, and a declarative one that needs no commands.

One JSON object. Its keys say for which Python: ``python-3.11.4``, ``python-3.11``, ``python-3``, ``python``
(any). Below each, a name and what holds for it. A name is a project's; ``conda:NAME`` is a conda package.
Case, and what PEP 503 makes equal, does not matter::

    {"python-3": {
        "numpy": [["yum", "install", "python3-numpy"]],
        "pandas": {"conda": "pandas >=2,<3", "channel": "lab"},
        "torch": [{"platform": "linux-64", "site": "cluster", "conda": "pytorch-gpu"},
                  {"pip": "torch==2.5.1"}],
        "simplejson": {"version": "<4"},
        "sklearn": {"instead": "scikit-learn"},
        "leftpad": {"refuse": "use acme-pad; ask the helpdesk"},
        "labtools": {"provided": "part of the lab's image"}}}

A list of lists is the old form: commands, as argument lists. An object is a rule, a list of objects several,
of which the one that fits most narrowly holds. For one name, the narrowest Python comes first, then a named
site, then a platform by its whole name, then one by its system.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Direct, Project
from condadeps.errors import RequestError
from condadeps.names.namespaces import PackageName, ProjectName

_PYTHON = re.compile(r"python(?:-(3(?:\.[0-9]+){0,2}|2(?:\.[0-9]+){0,2}))?", re.IGNORECASE)
_PLATFORM = re.compile(r"(?:linux|osx|win)(?:-[a-z0-9_]+)?")
_ACTIONS = ("conda", "pip", "instead", "refuse", "provided", "commands")
_SELECTORS = ("platform", "site")
_BESIDE = ("channel", "version", "reason")

Key = ProjectName | PackageName


class InvalidDocument(ValueError):
    """The text is no overrides document at all."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests are to be installed, as far as a document can tell places apart."""

    python: str
    """``3.11.4``; ``""`` where there is no Python."""
    platform: str
    """conda's name of it: ``linux-64``."""
    site: str | None = None
    """What the site's configuration calls itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one name, in the places it is for. Exactly one of the six actions, or a limit alone."""

    name: Key
    python: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    conda: str | None = None
    """A MatchSpec, in the request's place."""
    pip: str | None = None
    """A requirement from PyPI, in the request's place."""
    instead: tuple[str, ...] = ()
    """Other requests, as typed after ``%condadeps``, in the request's place."""
    refuse: str | None = None
    """Nobody gets it; the message says what to do."""
    provided: str | None = None
    """It is there already, though no package manager knows; the text says whence."""
    commands: tuple[tuple[str, ...], ...] = ()
    """ipydeps' old form."""
    channel: str | None = None
    """Where conda takes it from."""
    version: str | None = None
    """A bound (PEP 440) on whatever is installed of it."""
    reason: str | None = None
    """For a person."""

    def fits(self, place: Place) -> bool:
        """Whether it is for that place."""
        python = tuple(int(part) for part in re.findall(r"[0-9]+", place.python)[:3])
        return (
            python[: len(self.python)] == self.python
            and (not self.sites or (place.site or "").lower() in self.sites)
            and (not self.platforms or any(_on(place.platform, one) for one in self.platforms))
        )

    def narrowness(self, place: Place) -> tuple[int, int, int]:
        """How narrowly it is for ``place``: of two that fit, the greater holds."""
        platform = 2 if place.platform in self.platforms else int(bool(self.platforms))
        return len(self.python), int(bool(self.sites)), platform


@dataclass(frozen=True, slots=True)
class Document:
    """What one document says."""

    rules: tuple[Rule, ...] = ()
    origin: str = ""
    """Where it was read from, without secrets."""
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Entries that could not be read, and hold for nothing."""

    def rule(self, name: Key, place: Place) -> Rule | None:
        """The one rule that holds for ``name`` there: the narrowest; of equals, the last."""
        fitting = [
            rule
            for rule in self.rules
            if rule.name == name and type(rule.name) is type(name) and rule.fits(place)
        ]
        return max(reversed(fitting), key=lambda rule: rule.narrowness(place), default=None)

    def bounds(self, place: Place) -> Iterator[Rule]:
        """The rules that limit a version there, one a name: they hold for what comes unasked too."""
        names = {(type(rule.name), rule.name): rule.name for rule in self.rules}
        for name in names.values():
            rule = self.rule(name, place)
            if rule is not None and rule.version is not None:
                yield rule


def read(text: str, origin: str = "") -> Document:
    """The document that ``text`` is. Raises InvalidDocument when it is none; single bad entries are told."""
    reader = _Reader()
    try:
        root = json.loads(text, object_pairs_hook=reader.pairs)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(f"it is not JSON: {error}") from None
    if not isinstance(root, Mapping):
        raise InvalidDocument("it is not a JSON object")
    rules = [rule for key, names in root.items() for rule in reader.python(str(key), names)]
    return Document(tuple(rules), origin, tuple(reader.warnings), tuple(reader.problems))


class _Invalid(ValueError):
    """One entry cannot be read."""


class _Reader:
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.problems: list[str] = []

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; json would pass over a key that is there twice."""
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                self.warnings.append(f"{key!r} is there twice; the last one counts")
            found[key] = value
        return found

    def python(self, key: str, names: object) -> Iterator[Rule]:
        """What holds for one Python."""
        found = _PYTHON.fullmatch(key)
        if not found:
            if key.startswith(("$", "_")):
                return  # a schema's name, a comment
            self.problems.append(f"{key!r} names no Python; such as python-3.11")
            return
        if not isinstance(names, Mapping):
            self.problems.append(f"{key!r} is no object of names")
            return
        python = tuple(int(part) for part in (found[1] or "").split(".") if part)
        seen: dict[tuple[type, Key], str] = {}
        rules: dict[tuple[type, Key], list[Rule]] = {}
        for text, value in names.items():
            try:
                name = _name(str(text))
                apart = (type(name), name)
                if apart in seen:
                    self.warnings.append(
                        f"{key}: {seen[apart]!r} and {text!r} are the same name; the last one counts"
                    )
                seen[apart] = str(text)
                rules[apart] = list(_rules(name, python, value))
            except _Invalid as error:
                self.problems.append(f"{key}: {text!r}: {error}")
        for several in rules.values():
            yield from several


def _name(text: str) -> Key:
    try:
        if text.lower().startswith("conda:"):
            return PackageName(text[6:].strip())
        return ProjectName(text.strip())
    except ValueError as error:
        raise _Invalid(str(error)) from None


def _rules(name: Key, python: tuple[int, ...], value: object) -> Iterator[Rule]:
    if isinstance(value, Mapping):
        yield _rule(name, python, value)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for item in value:
            yield _rule(name, python, item)
    elif isinstance(value, list):
        yield Rule(name, python, commands=_commands(value))
    else:
        raise _Invalid("neither commands nor a rule")


def _rule(name: Key, python: tuple[int, ...], value: Mapping[str, object]) -> Rule:
    strange = [key for key in value if key not in (*_ACTIONS, *_SELECTORS, *_BESIDE)]
    if strange:
        raise _Invalid(f"{strange[0]!r} is no part of a rule")
    actions = [key for key in _ACTIONS if key in value]
    if len(actions) > 1:
        raise _Invalid(f"{' and '.join(actions)} exclude each other")
    if not actions and "channel" not in value and "version" not in value:
        raise _Invalid(f"it says nothing: one of {', '.join((*_ACTIONS, 'channel', 'version'))}")
    if "channel" in value and actions not in ([], ["conda"]):
        raise _Invalid(f"a channel says nothing about {actions[0]}")
    platforms = tuple(text.lower() for text in _texts(value.get("platform", [])))
    for platform in platforms:
        if not _PLATFORM.fullmatch(platform):
            raise _Invalid(f"{platform!r} is no platform; such as linux-64, or linux")
    provided = value.get("provided")
    if provided is False:
        raise _Invalid("provided is true, or says by what")
    return Rule(
        name=name,
        python=python,
        platforms=platforms,
        sites=tuple(text.lower() for text in _texts(value.get("site", []))),
        conda=_checked(value, "conda", _conda),
        pip=_checked(value, "pip", _pip),
        instead=tuple(_request(text) for text in _texts(value.get("instead", []))),
        refuse=_checked(value, "refuse", str),
        provided=None if provided is None else "" if provided is True else _text(provided),
        commands=_commands(value.get("commands", [])),
        channel=_checked(value, "channel", _channel),
        version=_checked(value, "version", _bound),
        reason=_checked(value, "reason", str),
    )


def _checked(value: Mapping[str, object], key: str, check: Any) -> str | None:
    return None if key not in value else str(check(_text(value[key])))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Invalid(f"{value!r} is no text")
    return value.strip()


def _texts(value: object) -> list[str]:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def _commands(value: object) -> tuple[tuple[str, ...], ...]:
    """Argument lists; a command in one text would need a shell, and there is none."""
    if not isinstance(value, list) or not all(isinstance(item, list) for item in value):
        raise _Invalid("commands are lists of arguments")
    if not all(isinstance(word, str) for item in value for word in item):
        raise _Invalid("a command's arguments are texts")
    return tuple(tuple(item) for item in value if item)


def _conda(text: str) -> str:
    try:
        parse(Asked(text if "::" in text else f"conda:{text}"))
    except RequestError as error:
        raise _Invalid(error.message) from None
    return text


def _pip(text: str) -> str:
    try:
        request = parse(Asked(text, metadata=True))
    except RequestError as error:
        raise _Invalid(error.message) from None
    if isinstance(request, Direct) and request.location.startswith("file:"):
        raise _Invalid("a local path means another thing on every machine")
    assert isinstance(request, Project | Direct)
    return text


def _request(text: str) -> str:
    try:
        parse(Asked(text))
    except RequestError as error:
        raise _Invalid(error.message) from None
    return text


def _bound(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        raise _Invalid(f"{text!r} is no version bound; such as >=1.2,<2") from None


def _channel(text: str) -> str:
    if re.search(r"[\s'\"\[\]]", text) or "::" in text:
        raise _Invalid(f"{text!r} is no channel")
    return text


def _on(platform: str, selector: str) -> bool:
    return platform == selector or platform.partition("-")[0] == selector
