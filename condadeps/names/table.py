"""Which conda packages ship which projects: a packed table, searched where it lies.

The file is text, one fact a line, in two sorted parts, so that it is its own index, compresses
well and can be read by eye and compared by git::

    condadeps-names 1 date=2026-08-19 projects-at=421337 size=513742
    graphviz                        a package that ships no Python project
    numpy⇥=                         one that ships the project of its own name (PEP 503)
    py-opencv⇥opencv-python opencv-python-headless
    …
    torch⇥pytorch pytorch-cpu       a project and its shippers, unless it is only its namesake

Opening reads the file at once (half a megabyte) and looks at its first line only; a question is
a binary search over lines. Nothing is kept mapped, so a refresh can replace the file anywhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from condadeps.names.namespaces import PackageName, ProjectName

MAGIC = "condadeps-names"
FORMAT = "1"
SHIPPED = Path(__file__).parent / "data" / "conda-forge.names"


class BrokenTableError(ValueError):
    """A file is no packed table, or a torn one."""


class Table:
    """conda-forge's packages and the projects they ship, as of one day.

    >>> table = Table.load()
    >>> table.shippers(ProjectName("torch"))
    (PackageName('pytorch'), PackageName('pytorch-cpu'))
    >>> table.ships(PackageName("graphviz")), table.ships(PackageName("no-such-package"))
    ((), None)
    """

    __slots__ = ("_packages_at", "_projects_at", "_text", "date", "path")

    def __init__(self, text: bytes, path: Path | None = None) -> None:
        """``text`` is a packed table's whole content. Raises BrokenTableError."""
        head, _, _ = text[:200].partition(b"\n")
        fields = _header(head, path)
        self._text = text
        self._packages_at = len(head) + 1
        try:
            self._projects_at = int(fields["projects-at"])
            size = int(fields["size"])
            self.date: str = fields["date"]
        except (KeyError, ValueError):
            raise BrokenTableError(f"{path or 'the table'}: its first line is not readable") from None
        if size != len(text) or not self._packages_at <= self._projects_at <= size:
            raise BrokenTableError(f"{path or 'the table'}: {len(text)} bytes, where {size} were written")
        self.path = path
        """Where it was read from."""

    @staticmethod
    def load(path: Path | None = None) -> Table:
        """The table to use: ``path`` if given, else the newer of the user's refreshed and the shipped one.

        The latter is read once in a process.
        Raises BrokenTableError for a broken ``path``; a broken refreshed table is warned of and passed over.
        """
        return Table(path.read_bytes(), path) if path is not None else _newest()

    def shippers(self, project: ProjectName) -> tuple[PackageName, ...]:
        """The packages that ship ``project``, in alphabetical order; none when the table has no shipper."""
        found = self._find(project, self._projects_at, len(self._text))
        if found is not None:
            return tuple(PackageName(name) for name in found.split(" "))
        namesake = PackageName(project)
        return (namesake,) if project in (self.ships(namesake) or ()) else ()

    def ships(self, package: PackageName) -> tuple[ProjectName, ...] | None:
        """The projects ``package`` ships; ``()`` for one that ships none, None for one not in the table."""
        found = self._find(package, self._packages_at, self._projects_at)
        if found is None:
            return None
        return _shipped(package, found)

    def shipped(self, package: PackageName) -> int:
        """How many projects ``package`` ships; none for one not in the table."""
        found = self._find(package, self._packages_at, self._projects_at)
        return 0 if not found else found.count(" ") + 1

    def packages(self) -> Iterator[tuple[PackageName, tuple[ProjectName, ...]]]:
        """Every package and what it ships, in alphabetical order (slow: reads the whole table)."""
        part = self._text[self._packages_at : self._projects_at].decode("ascii")
        for line in part.splitlines():
            name, _, ships = line.partition("\t")
            yield PackageName(name), _shipped(PackageName(name), ships)

    def mapping(self) -> Mapping[PackageName, tuple[ProjectName, ...]]:
        """The whole table at once, by package."""
        return dict(self.packages())

    def _find(self, name: str, start: int, end: int) -> str | None:
        """What follows ``name`` on its line between two line starts; None when there is no such line."""
        text = self._text
        try:
            key = name.encode("ascii")
        except UnicodeEncodeError:
            return None
        while start < end:
            line = text.rfind(b"\n", start, (start + end) // 2) + 1 or start
            stop = text.find(b"\n", line, end)
            here, _, rest = text[line:stop].partition(b"\t")
            if here == key:
                return rest.decode("ascii")
            if here < key:
                start = stop + 1
            else:
                end = line
        return None

    def __repr__(self) -> str:
        return f"<Table of {self.date} from {self.path}>"


def refreshed_path() -> Path:
    """Where a refreshed table lies: in ``data_dir`` of the configuration, or the user's data directory."""
    from condadeps import config

    if named := config.own().data_dir:
        return named / SHIPPED.name
    if sys.platform not in ("win32", "darwin"):  # what platformdirs does, without the cost of importing it
        base = Path(os.environ.get("XDG_DATA_HOME", ""))
        root = base if base.is_absolute() else Path("~/.local/share").expanduser()
        return root / "condadeps" / SHIPPED.name
    import platformdirs

    return Path(platformdirs.user_data_dir("condadeps", appauthor=False)) / SHIPPED.name


@cache
def _newest() -> Table:
    shipped = Table(SHIPPED.read_bytes(), SHIPPED)
    refreshed = _refreshed()
    return refreshed if refreshed is not None and refreshed.date > shipped.date else shipped


def forget() -> None:
    """Let the next :meth:`Table.load` look at the disk again."""
    _newest.cache_clear()


def _refreshed() -> Table | None:
    path = refreshed_path()
    try:
        return Table(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, BrokenTableError) as error:
        import warnings

        warnings.warn(f"the refreshed table of names is not used: {error}", RuntimeWarning, stacklevel=4)
        return None


def _header(line: bytes, path: Path | None) -> dict[str, str]:
    words = line.decode("ascii", "replace").split(" ")
    if words[:2] != [MAGIC, FORMAT]:
        raise BrokenTableError(f"{path or 'the table'} is not a packed table of names")
    return dict(word.split("=", 1) for word in words[2:] if "=" in word)


def _shipped(package: PackageName, text: str) -> tuple[ProjectName, ...]:
    if not text:
        return ()
    if text == "=":
        return (ProjectName(package),)
    return tuple(ProjectName(name) for name in text.split(" "))
