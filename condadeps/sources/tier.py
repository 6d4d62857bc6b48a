"""Channels of one priority, and which of their records count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condadeps.names.namespaces import PackageName
from condadeps.sources.channels import Channel
from condadeps.sources.cutoff import Cutoff

if TYPE_CHECKING:
    from rattler import Gateway, MatchSpec, RepoDataRecord


@dataclass(frozen=True)
class Tier:
    """One channel, or the members of one multichannel."""

    channels: tuple[Channel, ...]
    names: frozenset[str]
    """Every name they have."""
    barred: frozenset[str]
    """Those of them that must come from elsewhere: a weightier channel has them, or one was written."""
    cutoff: Cutoff
    disallowed: tuple[MatchSpec, ...] = ()

    @property
    def admits_all(self) -> bool:
        """Whether the engine may ask the channels itself, no record of theirs being left out."""
        return not (self.barred or self.cutoff or self.disallowed)

    def has(self, name: str) -> bool:
        """Whether this tier may give a package of that name."""
        return name in self.names and name not in self.barred

    async def query(
        self, gateway: Gateway, platforms: Sequence[Any], names: Sequence[PackageName]
    ) -> list[RepoDataRecord]:
        """The records of ``names`` that count, in the order of the channels."""
        from rattler import Channel as RattlerChannel

        found = await gateway.query(
            [RattlerChannel(channel.base_url) for channel in self.channels],
            platforms,
            list(names),
            recursive=False,
            channel_relations="disabled",
        )
        return [record for records in found for record in records if self._counts(record)]

    def as_source(self, gateway: Gateway) -> Source:
        """This tier as something the engine can ask by name and platform."""
        return Source(self, gateway)

    def _counts(self, record: RepoDataRecord) -> bool:
        if self.cutoff:
            published = record.indexed_timestamp or record.timestamp
            if not self.cutoff.allows(record.name.normalized, published):
                return False
        return not any(spec.matches(record) for spec in self.disallowed)


class Source:
    """A tier in the shape of py-rattler's ``RepoDataSource``."""

    def __init__(self, tier: Tier, gateway: Gateway) -> None:
        self._tier = tier
        self._gateway = gateway

    async def fetch_package_records(self, platform: Any, name: Any) -> list[RepoDataRecord]:
        """The records of one name on one platform that count."""
        normalized = PackageName(name.normalized)
        if not self._tier.has(normalized):
            return []
        return await self._tier.query(self._gateway, [platform], [normalized])

    def package_names(self, platform: Any) -> list[str]:
        """Every name the tier may give; the engine asks each platform for each."""
        return sorted(self._tier.names - self._tier.barred)
