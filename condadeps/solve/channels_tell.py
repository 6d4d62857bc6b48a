"""What channels tell of their own packages: the projects these ship, by the ``purls`` of their records.

A package that is in no table (a site's own, one newer than the table) can then be a project's home. Channels
are not read for it: only packages that are likely by their names, and that the table does not settle, are
looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.purls import from_purls, likely
from condadeps.solve.seams import CondaCandidates

if TYPE_CHECKING:
    from rattler import RepoDataRecord

TABLE_S = "conda-forge"
"""The channel that the table of names is about: its word on its own packages is the table."""


class ChannelsTell:
    """Asks the channels, each package once, and lets ``homes`` know."""

    def __init__(self, conda: CondaCandidates, homes: Homes) -> None:
        self._conda = conda
        self._homes = homes
        self._asked: set[PackageName] = set()
        self._others = any(_last(name) != TABLE_S for name in conda.written)

    async def about(self, projects: Iterable[ProjectName]) -> bool:
        """Look for packages that say they ship one of ``projects``; whether any did. Raises SourceError."""
        ask = {project: likely(project) for project in projects}
        if not ask:
            return False
        there = await self._conda.having(package for names in ask.values() for package in names)
        # Few of them exist, and to look in the table takes longer than to ask.
        found = {p: None for project in ask for p in ask[project] if p in there and self._open(p, project)}
        packages = [package for package in found if package not in self._asked]
        self._asked.update(packages)
        if not packages:
            return False
        records = await self._conda.records(packages)
        told = {package: self._told(package, records.get(package, ())) for package in packages}
        ships = {package: projects for package, projects in told.items() if projects}
        self._homes.learn(ships)
        return bool(ships)

    def _told(self, package: PackageName, records: Iterable[RepoDataRecord]) -> frozenset[ProjectName]:
        """What all the channels that have the package agree that it ships."""
        by_channel: dict[str, list[RepoDataRecord]] = {}
        for record in records:
            by_channel.setdefault(str(record.channel), []).append(record)
        agreed: frozenset[ProjectName] | None = None
        for channel, here in by_channel.items():
            known = self._homes.table.ships(package) if _last(channel) == TABLE_S else None
            said = frozenset(from_purls(here).get(package, ()) if known is None else known)
            agreed = said if agreed is None else agreed & said
        return agreed or frozenset()

    def _open(self, package: PackageName, project: ProjectName) -> bool:
        """Whether a package's own record could say something new about ``project``."""
        ships = self._homes.ships(package)
        return ships is None or (self._others and project not in ships)


def _last(channel: str) -> str:
    return channel.rstrip("/").rpartition("/")[2]
