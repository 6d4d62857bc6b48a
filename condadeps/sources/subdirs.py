"""What one channel has for one platform, as far as it was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condadeps.sources.channels import Channel

if TYPE_CHECKING:
    from rattler import Gateway, RepoDataRecord

LANDMARKS = ("python", "pip", "tzdata")
"""Packages of which most subdirs of most channels have one, and that most solves read anyway."""
_NOBODY = "condadeps--nobody"
"""A name that no package has (CEP 26): to ask for it reads the index and no shard."""


@dataclass(eq=False)
class Subdir:
    """A channel's packages for a platform, or its noarch ones.

    To list all the names of a large channel takes longer than to solve, so it is asked for single ones.
    The gateway's errors come through.
    """

    channel: Channel
    platform: str
    found: dict[str, list[RepoDataRecord]] = field(default_factory=dict)
    """The records of each name that was asked for; an empty list where it has none."""
    sure: bool = False
    """Whether it is repodata indeed, and absence known: the gateway takes any JSON object for some."""

    async def open(self, gateway: Gateway) -> None:
        """Have its index read."""
        await self._query(gateway, [_NOBODY])

    async def ask(self, gateway: Gateway, names: Iterable[str]) -> None:
        """Have the records of these names in :attr:`found`."""
        asked = [name for name in names if name not in self.found]
        if not asked:
            return
        found: dict[str, list[RepoDataRecord]] = {name: [] for name in asked}
        for record in await self._query(gateway, asked):
            found[record.name.normalized].append(record)
            self.sure = True
        self.found.update(found)

    async def names(self, gateway: Gateway) -> frozenset[str]:
        """Every name it has."""
        from rattler import Channel as RattlerChannel
        from rattler import Subdir as RattlerSubdir

        channel, platform = RattlerChannel(self.channel.base_url), RattlerSubdir(self.platform)
        found = await gateway.names([channel], [platform], channel_relations="disabled")
        return frozenset(name.normalized for name in found)

    async def _query(self, gateway: Gateway, names: Iterable[str]) -> list[RepoDataRecord]:
        from rattler import Channel as RattlerChannel
        from rattler import Subdir as RattlerSubdir

        channel, platform = RattlerChannel(self.channel.base_url), RattlerSubdir(self.platform)
        asked = list(names)
        found = await gateway.query(
            [channel], [platform], asked, recursive=False, channel_relations="disabled"
        )
        return [record for records in found for record in records]
