"""``pip install`` and ``conda install`` in ``%condadeps``' words, meaning the same things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from condadeps import config
from condadeps.asked import direct, pip_command
from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Bare, Project, Spec
from condadeps.asked.verbs import VERBS, meant
from condadeps.errors import CondadepsError, RequestError
from condadeps.migration.shell import Expand, Part, Unknowable, parts
from condadeps.names.homes import Homes
from condadeps.names.imports import standard_library
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import Reading, read

WIDTH = 88
"""Characters a line may have before it is continued on the next."""

_PIP = re.compile(r"(?:\S*/)?pip[0-9.]*(?:\.exe)?")
_PYTHON = re.compile(r"(?:\S*/)?(?:python[0-9.]*|py)(?:\.exe)?")
_CONDA = re.compile(r"(?:\S*/)?(?:conda|mamba|micromamba)(?:\.exe)?")
_FILTERS = frozenset({"grep", "egrep", "tail", "head", "cat"})
_THIS_PREFIX = frozenset({"{sys.prefix}", "$CONDA_PREFIX"})
_CONDA_NEEDLESS = frozenset(
    {"-y", "--yes", "--freeze-installed", "--no-update-deps", "--update-deps", "--satisfied-skip-solve", "-S"}
    | {
        "--no-update-dependencies",
        "--show-channel-urls",
        "--strict-channel-priority",
        "--use-index-cache",
        "-C",
    }
)
_CONDA_NEEDLESS_VALUED = frozenset({"--solver", "--experimental-solver", "--repodata-fn"})


@dataclass(frozen=True, slots=True)
class Ours:
    """One ``%condadeps``."""

    requests: tuple[str, ...] = ()
    """As they are typed, without quotes."""
    options: tuple[str, ...] = ()
    verb: str = "install"
    remarks: tuple[str, ...] = ()
    """What is not as it was, for a person."""

    def line(self, indent: str = "") -> str:
        """The magic, with the requests quoted that need it; long ones go on after a backslash."""
        words = [*map(_quoted, self.options), *map(_quoted, self.requests)]
        reserved = not self.options and self.requests and (self.requests[0] in VERBS or meant(self.requests))
        head = "%condadeps" + (f" {self.verb}" if self.verb != "install" or reserved else "")
        lines, current = [], head
        for word in words:
            if len(indent) + len(current) + 1 + len(word) > WIDTH and current.strip() != head:
                lines.append(current + " \\\n")
                current = f"{indent}    {word}"
            else:
                current += f" {word}"
        return "".join([*lines, current])

    def __add__(self, other: Ours) -> Ours:
        """Both in one; only what has the same verb and options is joined (:func:`joined`)."""
        requests = tuple(dict.fromkeys((*self.requests, *other.requests)))
        return replace(self, requests=requests, remarks=(*self.remarks, *other.remarks))


def translated(text: str, expand: Expand) -> list[Ours] | None:
    """What a magic or command is in our words; None for one that installs nothing.

    ``text`` begins with ``%``, ``!`` or a program's name. Raises Unknowable for one that
    installs and cannot be rewritten.
    """
    if not _may_install(text):
        return None
    body = text.lstrip("%! \t")
    if re.search(r"\bcondadeps\b", body):  # ours already, or how it comes here
        return None
    found, _ = parts(body, expand)
    found = _without_confirmations(found)
    installs = [_program(part.words) for part in found]
    if not any(installs):
        return None
    found, installs = _without_filters(found, installs)
    if not all(installs):
        raise Unknowable("it does more than install")
    ours = [_ours(part, install) for part, install in zip(found, installs, strict=True) if install]
    return joined(ours)


def called(texts: Sequence[str]) -> Ours:
    """What ``ipydeps.pip(texts)`` is in our words. Raises Unknowable."""
    theirs = standard_library()
    words = pip_command.words(texts)
    kept = [word for word in words if not _is_project(word, theirs)]
    if not kept:
        raise Unknowable("it names only what Python itself has" if words else "it names nothing")
    skipped = [f"{word} is Python's own" for word in words if word not in kept]
    return replace(_pip(kept), remarks=tuple(skipped))


def _is_project(word: str, names: frozenset[ProjectName]) -> bool:
    found = re.match(r"[A-Za-z0-9][\w.-]*", word)
    try:
        return found is not None and "@" not in word and "/" not in word and ProjectName(found[0]) in names
    except ValueError:
        return False


def comment_at(text: str, expand: Expand) -> int:
    """Where the comment at the end of a command begins; the command's length when there is none."""
    body = text.lstrip("%! \t")
    return len(text) - len(body) + parts(body, expand)[1]


def joined(several: Iterable[Ours]) -> list[Ours]:
    """Neighbours with the same verb and options as one: one solve for both."""
    done: list[Ours] = []
    for ours in several:
        if done and (done[-1].verb, done[-1].options) == (ours.verb, ours.options):
            done[-1] = done[-1] + ours
        else:
            done.append(ours)
    return done


def _may_install(text: str) -> bool:
    return bool(re.search(r"\b(?:pip[0-9.]*|conda|mamba|micromamba)\b", text)) and (
        "install" in text or "update" in text or "upgrade" in text
    )


def _without_confirmations(found: list[Part]) -> list[Part]:
    """``yes | conda install``: nothing asks here."""
    if len(found) > 1 and found[0].words == ("yes",) and found[1].joined_by == "|":
        return [replace(found[1], joined_by=""), *found[2:]]
    return found


def _without_filters(
    found: list[Part], installs: list[_Install | None]
) -> tuple[list[Part], list[_Install | None]]:
    """Without what only shortens the output (``| tail -1``)."""
    kept = [
        at
        for at, part in enumerate(found)
        if not (part.joined_by == "|" and part.words and part.words[0] in _FILTERS and not part.redirected)
    ]
    kept = [at for at in kept if found[at].words or not found[at].joined_by]
    return [found[at] for at in kept], [installs[at] for at in kept]


@dataclass(frozen=True, slots=True)
class _Install:
    """A program that installs, and its arguments."""

    by: Callable[[Sequence[str]], Ours]
    arguments: tuple[str, ...]


def _program(words: Sequence[str]) -> _Install | None:
    """The install that ``words`` are, if they are one."""
    words = list(words)
    sudo = words[:1] == ["sudo"]
    if sudo:
        words = [word for word in words[1:] if word != "-H"]
    if words[:2] == ["uv", "pip"]:
        words = ["pip", *(word for word in words[2:] if word != "--system")]
    if words and (words[0] == "{sys.executable}" or _PYTHON.fullmatch(words[0])) and words[1:2] == ["-m"]:
        words = words[2:]
    if not words:
        return None
    pip, conda = _PIP.fullmatch(words[0]), _CONDA.fullmatch(words[0])
    before = [word for word in words[1:] if word.startswith("-")][: _leading(words[1:])]
    rest = words[1 + len(before) :]
    if not (pip or conda) or not rest:
        return None
    verb, arguments = rest[0], (*before, *rest[1:])
    if sudo and verb in ("install", "update", "upgrade"):
        raise Unknowable("another user's rights are asked for (sudo)")
    if pip and verb == "install":
        return _Install(_pip, arguments)
    if conda and verb == "install":
        return _Install(_conda, arguments)
    if conda and verb in ("update", "upgrade"):
        return _Install(_conda_update, arguments)
    return None


def _leading(words: Sequence[str]) -> int:
    """How many options stand first."""
    return next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))


def _ours(part: Part, install: _Install) -> Ours:
    if part.redirected:
        raise Unknowable("its output is kept in a file")
    if part.joined_by in ("||", "&"):
        raise Unknowable("whether it runs depends on another command")
    ours = install.by(install.arguments)
    if part.silent and "-q" not in ours.options:
        ours = replace(ours, options=("-q", *ours.options))
    mended = [f"a shell took '{text}' for a file; it is a version now" for text in part.mended]
    return replace(ours, remarks=(*ours.remarks, *mended))


def _pip(words: Sequence[str]) -> Ours:
    """The arguments of ``pip install``."""
    try:
        found = pip_command.read(words)
    except ValueError as error:
        raise Unknowable(str(error)) from None
    if found.refused:
        raise Unknowable(f"%condadeps has no {', '.join(found.refused)}")
    if any(asked.editable for asked in found.asked):
        raise Unknowable("%condadeps has no -e")
    options = ["-q"] if found.quiet else []
    options += ["-v"] if found.verbose else []
    options += ["-U"] if found.update else []
    options += ["--dry-run"] if found.dry_run else []
    options += [word for path in found.requirements for word in ("-r", path)]
    options += [word for path in found.constraints for word in ("--constraint", path)]
    options += ["--index-url", found.index_url] if found.index_url else []
    options += [word for url in found.extra_index_urls for word in ("--extra-index-url", url)]
    options += [word for link in found.find_links for word in ("--find-links", link)]
    requests = tuple(from_pip(asked.text) for asked in found.asked)
    if not requests and not found.requirements:
        raise Unknowable("it names nothing")
    return Ours(requests, tuple(options))


def _conda(words: Sequence[str]) -> Ours:
    """The arguments of ``conda install``."""
    options: list[str] = []
    requests: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            requests.append(word)
        elif name in ("-c", "--channel"):
            options += ["-c", value if equals else next(rest, "")]
        elif name in ("-p", "--prefix"):
            if (value if equals else next(rest, "")) not in _THIS_PREFIX:
                raise Unknowable("it installs into another environment")
        elif name in ("-n", "--name"):
            raise Unknowable("it installs into an environment by name")
        elif name in (
            "-q",
            "--quiet",
            "-v",
            "--verbose",
            "-d",
            "--dry-run",
            "--override-channels",
            "--offline",
        ):
            options.append({"--quiet": "-q", "--verbose": "-v", "-d": "--dry-run"}.get(name, name))
        elif name in _CONDA_NEEDLESS_VALUED:
            value = value if equals else next(rest, "")
        elif name in ("-yq", "-qy"):
            options.append("-q")
        elif name not in _CONDA_NEEDLESS:
            raise Unknowable(f"%condadeps has no {name}")
    if not requests:
        raise Unknowable("it names nothing")
    return Ours(tuple(map(_from_conda, requests)), tuple(options))


def _conda_update(words: Sequence[str]) -> Ours:
    return replace(_conda(words), verb="update")


def from_pip(text: str) -> str:
    """A requirement of pip's, as it is typed to mean the same. Raises Unknowable when it is none."""
    if direct.is_direct(text, paths=True):
        return text if direct.is_direct(text) else f"./{text}"
    try:
        project = parse(Asked(text, metadata=True))
    except RequestError as error:
        raise Unknowable(str(error.message)) from None
    if not isinstance(project, Project):
        return text
    try:
        typed = parse(Asked(text))
    except RequestError:
        return f"pypi:{text}"
    if isinstance(typed, Project):
        return text
    if isinstance(typed, Bare) and _reading(typed.name).means != "package":
        return text
    return f"pypi:{text}"


def _from_conda(text: str) -> str:
    """A spec of conda's, as it is typed to mean the same."""
    try:
        spec = parse(Asked(text if "::" in text else f"conda:{text}"))
        typed = parse(Asked(text))
    except RequestError as error:
        raise Unknowable(str(error.message)) from None
    assert isinstance(spec, Spec)
    if isinstance(typed, Spec):
        return text
    if isinstance(typed, Bare):
        reading = _reading(typed.name)
        if reading.package == spec.name and reading.means != "pypi":
            return text
    return f"conda:{text}"


def _homes() -> Homes:
    """The configured ones, as where the notebook will run; made anew when the configuration is another."""
    overrides = config.own().homes
    if not _known or _known[0][0] is not overrides:
        _known[:] = [(overrides, Homes(overrides=overrides))]
    return _known[0][1]


_known: list[tuple[Mapping[ProjectName, str | None], Homes]] = []


def _reading(name: str) -> Reading:
    homes = _homes()

    def in_channel(package: PackageName) -> bool:
        return homes.ships(package) is not None

    try:
        return read(name, homes, in_channel)
    except CondadepsError as error:
        raise Unknowable(error.message) from None


_SPECIAL = re.compile(r"[\s<>|;#&$*\"'(){}\\!?`\[\]]")


def _quoted(word: str) -> str:
    """``word`` as one word of a magic's line. Raises Unknowable for what IPython would expand."""
    if re.search(r"[{}$]", word):
        raise Unknowable(f"IPython would expand {word}")
    if not _SPECIAL.search(word):
        return word
    if '"' not in word:
        return f'"{word}"'
    return f"'{word}'" if "'" not in word else '"' + word.replace('"', '\\"') + '"'
