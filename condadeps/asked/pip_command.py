"""The arguments of ``pip install``, and what of them condadeps has a counterpart for.

Two kinds of text come here: the words of a command (``pip install -U "rich>=13"``), and the looser text that
``ipydeps.pip()`` takes, where several requirements stand in one string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from condadeps.asked.job import Asked

_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
    "-U": "--upgrade",
    "-q": "--quiet",
    "-v": "--verbose",
    "-t": "--target",
    "-b": "--build",
    "-I": "--ignore-installed",
    "-C": "--config-settings",
    "-y": "--yes",
}
_FOLLOWED = {
    "--requirement",
    "--constraint",
    "--editable",
    "--index-url",
    "--extra-index-url",
    "--find-links",
}
_NEEDLESS_VALUED = {
    *("--cache-dir", "--progress-bar", "--root-user-action", "--use-feature", "--use-deprecated"),
    *("--upgrade-strategy", "--log", "--exists-action", "--timeout", "--default-timeout", "--retries"),
    *("--resume-retries", "--src", "--report", "--keyring-provider"),
}
_NEEDLESS = {
    *(
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--no-input",
        "--no-color",
    ),
    *("--no-warn-conflicts", "--break-system-packages", "--prefer-binary", "--no-python-version-warning"),
    *("--user", "--no-user", "--yes", "--use-pep517", "--compile", "--no-compile", "--debug", "--no-clean"),
    *("--isolated", "--require-virtualenv"),
}
_REFUSED_VALUED = {
    *("--target", "--prefix", "--root", "--platform", "--python-version", "--implementation", "--abi"),
    *("--no-binary", "--only-binary", "--global-option", "--config-settings", "--config-setting", "--build"),
    *("--proxy", "--cert", "--client-cert", "--trusted-host", "--python", "--group", "--install-option"),
    *("--build-option", "--uploaded-prior-to"),
}
_VALUED = _FOLLOWED | _NEEDLESS_VALUED | _REFUSED_VALUED


@dataclass(frozen=True, slots=True)
class PipInstall:
    """What a ``pip install`` asks for."""

    asked: tuple[Asked, ...] = ()
    requirements: tuple[str, ...] = ()
    """Files of requirements (``-r``)."""
    constraints: tuple[str, ...] = ()
    update: bool = False
    quiet: bool = False
    verbose: bool = False
    dry_run: bool = False
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()
    """Options that change nothing about what is installed here."""
    refused: tuple[str, ...] = ()
    """Options that condadeps has nothing for."""


def read(words: Sequence[str], place: str = "command", line: int | None = None) -> PipInstall:
    """What the words after ``pip install`` ask for. Nothing is parsed as a requirement yet.

    Raises ValueError for an option that lacks its value.
    """
    found = PipInstall()
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            found = replace(found, asked=(*found.asked, Asked(word, place, line, metadata=True)))
            continue
        for option, value in _options(word):
            if option in _VALUED and value is None:
                value = next(rest, None)
                if value is None:
                    raise ValueError(f"{option} has no value")
            found = _with(found, option, value or "", Asked(value or "", place, line, metadata=True))
    return found


def _options(word: str) -> list[tuple[str, str | None]]:
    """``--name=value``, ``-rfile``, ``-qU``: the options in one word; None for a value still to come."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return [(name, value if equals else None)]
    options: list[tuple[str, str | None]] = []
    letters = word[1:]
    while letters:
        name = _SHORT.get("-" + letters[0], "-" + letters[0])
        letters = letters[1:]
        if name in _VALUED:
            return [*options, (name, letters.removeprefix("=") or None)]
        options.append((name, None))
    return options


def _with(found: PipInstall, option: str, value: str, asked: Asked) -> PipInstall:
    match option:
        case "--requirement":
            return replace(found, requirements=(*found.requirements, value))
        case "--constraint":
            return replace(found, constraints=(*found.constraints, value))
        case "--editable":
            return replace(found, asked=(*found.asked, replace(asked, editable=True)))
        case "--upgrade":
            return replace(found, update=True)
        case "--quiet":
            return replace(found, quiet=True)
        case "--verbose":
            return replace(found, verbose=True)
        case "--dry-run":
            return replace(found, dry_run=True)
        case "--index-url":
            return replace(found, index_url=value)
        case "--extra-index-url":
            return replace(found, extra_index_urls=(*found.extra_index_urls, value))
        case "--find-links":
            return replace(found, find_links=(*found.find_links, value))
        case _ if option in _NEEDLESS | _NEEDLESS_VALUED:
            return replace(found, needless=(*found.needless, option))
    return replace(found, refused=(*found.refused, option))


_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"(?:===|[=<>!~]=|[<>])\s*[A-Za-z0-9.*+!_-]+"
_CONDITION = r"\(*\s*(?:python_|os_name|sys_platform|platform_|implementation_|extra\b|['\"])[^\n]*"
_REQUIREMENT = re.compile(
    rf"{_NAME}(?:\s*\[[^\]\n]*\])?"
    rf"(?:\s*@\s*\S+|\s*\(\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*\s*\)|\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?"
    rf"(?:\s*;\s*{_CONDITION})?(?=[\s,;]|$)"
)
_PLACE = re.compile(
    r"(?:(?:(?:git|hg|svn|bzr)\+)?[A-Za-z][A-Za-z0-9+.-]*://|file:|\.{0,2}[/\\]|~[/\\]|[A-Za-z]:[/\\]"
    rf"|\.{{1,2}}(?=[\s\[]|$))\S*(?:\s+;\s*{_CONDITION})?"
)
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_SEPARATOR = re.compile(r"[\s,;]+")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(slots=True)
class _Scanner:
    """Takes one text apart."""

    text: str
    at: int = 0
    words: list[str] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if not found or not found[0]:
            return None
        self.at = found.end()
        return found[0]

    def scan(self) -> list[str]:
        takes_value = False
        while self.at < len(self.text):
            if self.take(_SEPARATOR):
                continue
            if takes_value:
                word = self.take(_QUOTED) or self.take(_ANY) or ""
                self.words.append(word[1:-1] if _QUOTED.fullmatch(word) else word)
                takes_value = False
                continue
            if quoted := self.take(_QUOTED):
                self.words.append(quoted[1:-1])
            elif self.text[self.at] == "-":
                word = self.take(_ANY) or "-"
                self.words.append(word)
                takes_value = any(name in _VALUED and value is None for name, value in _options(word))
            else:
                word = self.take(_PLACE) or self.take(_REQUIREMENT) or self.take(_ANY) or ""
                self.words.append(word.strip())
        return self.words


_ANY = re.compile(r"\S+")


def words(requested: str | Iterable[str]) -> list[str]:
    """The requirements and options in what ``ipydeps.pip()`` was given, each in one word.

    A text may hold several, apart by blanks, commas, semicolons or lines; versions, ranges, extras,
    markers and URLs stay whole. What is no requirement comes out as it is, to be refused when it is parsed.
    Raises TypeError for anything but texts.

    >>> words("pandas>=1.20,<2.0 zope.interface, uvicorn[standard] ~= 0.30")
    ['pandas>=1.20,<2.0', 'zope.interface', 'uvicorn[standard] ~= 0.30']
    >>> words(["-r", "more.txt", "git+https://host/x@v1"])
    ['-r', 'more.txt', 'git+https://host/x@v1']
    """
    parts = [requested] if isinstance(requested, str) else list(requested)
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"a requirement is a string, not {type(part).__name__}")
    found: list[str] = []
    waiting = False
    for part in parts:
        if waiting:  # ["-r", "my file.txt"]: the option's value is an item of its own
            found.append(part)
            waiting = False
            continue
        for line in part.splitlines():
            found.extend(_Scanner(_COMMENT.sub("", line)).scan())
        last = found[-1] if found else ""
        waiting = last.startswith("-") and any(n in _VALUED and v is None for n, v in _options(last))
    return found
