"""Files that ask for things: which kind one is, and what all kinds come to, a :class:`Listing`.

A file may name packages and versions. Channels, indexes and the like that it names are
reported, not obeyed: whether they count is a question of trust (design, rule 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from condadeps.asked.job import Asked
from condadeps.errors import RequestError

Kind = Literal["requirements", "environment", "pyproject", "script", "notebook"]

MAX_BYTES = 16 * 2**20
MAX_NOTEBOOK_BYTES = 256 * 2**20
"""Notebooks carry their pictures."""

_SUFFIXES: Mapping[str, Kind] = {
    ".ipynb": "notebook",
    ".yml": "environment",
    ".yaml": "environment",
    ".txt": "requirements",
    ".in": "requirements",
    ".py": "script",
    ".toml": "pyproject",
}


@dataclass(frozen=True, slots=True)
class Indexes:
    """What a file says about where PyPI's projects come from, in pip's words. Subject to trust."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    pre: bool = False
    prefer_binary: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    require_hashes: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The servers, directories and hosts it names: what trust is needed for."""
        index = (self.index_url,) if self.index_url else ()
        return (*index, *self.extra_index_urls, *self.find_links, *self.trusted_hosts)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a file asks for."""

    asked: tuple[Asked, ...] = ()
    constraints: tuple[Asked, ...] = ()
    """Requirements that hold for whatever is installed, and install nothing (pip's ``-c``)."""
    guesses: tuple[Asked, ...] = ()
    """Projects that a notebook's imports may mean, for a person to confirm."""
    channels: tuple[str, ...] = ()
    """In order, as written, ``nodefaults`` among them. Subject to trust."""
    name: str | None = None
    """The environment's or project's name."""
    requires_python: str | None = None
    """The versions of Python it is for (PEP 440)."""
    indexes: Indexes = field(default_factory=Indexes)
    warnings: tuple[str, ...] = ()


def kind_of(path: Path) -> Kind:
    """What kind of file ``path`` is, by its name. Raises RequestError when that does not tell."""
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise RequestError(
            f"{path}: it cannot be told what kind of file this is",
            help="requirements.txt, environment.yml, pyproject.toml, a script (.py) or a notebook (.ipynb)",
            text=str(path),
            position=None,
            origin=str(path),
        )
    return kind


def read(
    path: str | Path,
    kind: Kind | None = None,
    *,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    subdir: str | None = None,
) -> Listing:
    """What the file at ``path`` asks for; ``kind`` is told by its name when not given.

    ``extras`` and ``groups`` choose optional dependencies (PEP 621) and dependency groups
    (PEP 735) of a pyproject.toml. ``subdir`` (``"linux-64"``) is the platform that an
    environment.yml's selectors are read for, this machine's by default. Nothing is parsed as a
    request yet, beyond what the file's own format needs.

    Raises RequestError, which names the file and the line, for what cannot be read.
    """
    from condadeps.asked import environment_yml, notebook, pyproject, requirements_txt, script

    path = Path(path)
    kind = kind or kind_of(path)
    if kind != "pyproject" and (extras or groups):
        raise failure(path, "only a pyproject.toml has extras and groups")
    match kind:
        case "requirements":
            return requirements_txt.read(path)
        case "environment":
            return environment_yml.read(path, subdir)
        case "pyproject":
            return pyproject.read(path, extras, groups)
        case "script":
            return script.read(path)
        case "notebook":
            return notebook.read(path)


def text_of(path: Path, most: int = MAX_BYTES) -> str:
    """The text of a file, UTF-8 or as its mark says. Raises RequestError when it cannot be read."""
    return decoded(path, bytes_of(path, most))


def bytes_of(path: Path, most: int = MAX_BYTES) -> bytes:
    """The content of a file of at most ``most`` bytes. Raises RequestError when it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise failure(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > most:
        raise failure(path, f"is larger than {most // 2**20} MB")
    return content


def decoded(path: Path, content: bytes) -> str:
    """``content`` as text. Raises RequestError when it is none."""
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise failure(path, "is not UTF-8 text") from None


def failure(path: Path | str, why: str, line: int | None = None, *, help: str | None = None) -> RequestError:
    """The error for a file that cannot be read, or for a line of it (counted from 1)."""
    from condadeps.asked.credentials import masked

    where = str(path) if line is None else f"{path}:{line}"
    return RequestError(f"{where}: {masked(why)}", help=help, text="", position=None, origin=where)
