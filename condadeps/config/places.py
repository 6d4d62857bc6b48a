"""Where configuration is looked for, the lightest place first, and whose word each place is.

1. the site: ``/etc/xdg/condadeps`` and ``/etc/condadeps`` (what the platform has in their stead);
2. the user: the directories of ``XDG_CONFIG_DIRS``, then the user's own configuration directory;
3. the environment that is worked on: ``etc/condadeps`` in its prefix;
4. the project: the nearest directory, from the working directory upward, that has a file for us;
5. the ``CONDADEPS_*`` variables; 6. the call.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from condadeps.values import dataclass

FILE = "condadeps.toml"
_APP = "condadeps"


class Scope(Enum):
    """Whose word a setting is."""

    SITE = "site"
    USER = "user"
    PREFIX = "prefix"
    PROJECT = "project"
    VARIABLE = "variable"
    CALL = "call"


OWNERS = frozenset({Scope.SITE, Scope.USER, Scope.VARIABLE, Scope.CALL})
"""Who may say where things come from and what is run (the design's rule 11)."""
EVERYONE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Place:
    """One file that may have settings."""

    scope: Scope
    path: Path
    base: Path | None = None
    """What the file speaks for: a project's directory, a prefix. None: the file's own directory."""
    table: tuple[str, ...] = ()
    """Where in the file the settings are; ``()``: the whole of it."""

    def __str__(self) -> str:
        return f"{self.path} [{'.'.join(self.table)}]" if self.table else str(self.path)


def home(environ: Mapping[str, str]) -> Path | None:
    """The user's home directory, None when there is none."""
    named = environ.get("HOME") or (environ.get("USERPROFILE") if os.name == "nt" else None)
    if named:
        return Path(named)
    try:
        return Path("~").expanduser()
    except RuntimeError:
        return None


def site_directories() -> tuple[Path, ...]:
    """The site's, lightest first. No variable moves them: a policy could be left behind otherwise."""
    if sys.platform == "win32":
        import platformdirs

        return (Path(platformdirs.site_config_dir(_APP, appauthor=False)),)
    shared = "/Library/Application Support" if sys.platform == "darwin" else "/etc/xdg"
    return (Path(shared, _APP), Path("/etc", _APP))


def user_directories(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The user's, lightest first. ``XDG_CONFIG_DIRS`` is the user's to set, so what it adds is theirs too."""
    if sys.platform in ("win32", "darwin"):
        import platformdirs

        return (Path(platformdirs.user_config_dir(_APP, appauthor=False)),)
    # What platformdirs does, without the cost of importing it in every door.
    shared = [
        text for text in environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep) if Path(text).is_absolute()
    ]
    own, at_home = environ.get("XDG_CONFIG_HOME", ""), home(environ)
    if not Path(own).is_absolute():
        own = str(at_home / ".config") if at_home else ""
    return tuple(Path(text, _APP) for text in (*reversed(shared), own) if text)


def fixed(
    prefix: Path | None, environ: Mapping[str, str], site: tuple[Path, ...] | None = None
) -> list[Place]:
    """The files of site, user and ``prefix``, there or not; ``site`` are directories for the site's own."""
    sites = site_directories() if site is None else site
    places = [Place(Scope.SITE, path / FILE) for path in sites]
    places += [Place(Scope.USER, path / FILE) for path in user_directories(environ) if path not in sites]
    if prefix is not None:
        places.append(Place(Scope.PREFIX, prefix / "etc" / _APP / FILE, base=prefix))
    return places


def projects(directory: Path, environ: Mapping[str, str]) -> Iterator[tuple[Place, ...]]:
    """The files that would be a project's, nearest directory first; the first with any has them all.

    The search ends with the home, with a directory that has a ``.git``, and before one that
    everybody may write to (such as ``/tmp``): a file there may be anybody's.
    """
    at_home = home(environ)
    for number, place in enumerate((directory, *directory.parents)):
        if number and _open_to_all(place):
            return
        yield (
            Place(Scope.PROJECT, place / "pyproject.toml", base=place, table=("tool", _APP)),
            Place(Scope.PROJECT, place / FILE, base=place),
        )
        if place == at_home or os.path.lexists(place / ".git"):
            return


def _open_to_all(directory: Path) -> bool:
    try:
        return os.name != "nt" and bool(directory.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True
