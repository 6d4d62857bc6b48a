"""The overrides on the road: one document is read, and steers what was asked for before it is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condadeps.asked.job import IMPLIED, Job
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.overrides import links
from condadeps.overrides.steered import Steered
from condadeps.prefix.target import Target
from condadeps.sources.cache import cache_root

if TYPE_CHECKING:
    from condadeps.overrides.document import Document

_RUNNING = ("install", "update")
"""What may run commands: elsewhere there is no environment yet, or a file says all there is to be."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The document that one job heeds; without one, everything is as it was asked for."""

    document: Document | None = None
    site: str | None = None
    allow_commands: bool = False
    """The site's word alone."""
    verb: str = "install"
    """What they are heeded for."""
    offline: bool = False
    """No server is to be asked, and nobody knows whom a command asks."""
    warnings: tuple[str, ...] = ()

    def steer(self, requests: Sequence[Request], target: Target, homes: Homes) -> Steered:
        """``requests`` as they are to be in ``target``. Raises ConfigError for one that is refused.

        What a kernel needs and nobody asked for stays as it is, but for the bounds, which hold for all.
        """
        if self.document is None:
            return Steered(tuple(requests), warnings=self.warnings)
        from condadeps.overrides.document import Place
        from condadeps.overrides.steer import steer

        asked = [one for one in requests if one.origin.place != IMPLIED]
        implied = [one for one in requests if one.origin.place == IMPLIED]
        place = Place(target.python_version, target.subdir, self.site)
        unrun = self._unrun()
        found = steer(
            asked,
            self.document,
            place,
            homes,
            allow_commands=self.allow_commands and unrun is None,
            unrun=unrun if self.allow_commands else None,
        )
        return replace(
            found, requests=(*found.requests, *implied), warnings=(*self.warnings, *found.warnings)
        )

    def _unrun(self) -> str | None:
        """Why allowed commands are not run all the same."""
        if self.verb not in _RUNNING:
            return f"condadeps {self.verb} runs none"
        return "this is offline" if self.offline else None


async def overrides(job: Job, configuration: Configuration, *, offline: bool) -> Overrides:
    """The overrides that ``job`` heeds, fetched. A lock is followed as it is.

    Raises ConfigError when they are required and cannot be had.
    """
    if not links.heeded(job):
        return Overrides()
    settings = configuration.settings
    link = links.of(job, configuration)
    if link.address is None:
        if settings.overrides_required:
            raise ConfigError("overrides are required here, and none are configured", setting="overrides")
        return Overrides()
    from condadeps.overrides import source  # most sites have no overrides

    fetched = await asyncio.to_thread(
        source.read,
        link.address,
        cache=cache_root() / "overrides",
        required=settings.overrides_required,
        offline=offline,
        pki=link.pki,
    )
    return Overrides(
        fetched.document, settings.site, settings.allow_commands, job.verb, offline, fetched.warnings
    )
