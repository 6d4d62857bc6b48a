"""The overrides on the road: one document is read, and steers what was asked for before it is looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condadeps import ipydeps_config
from condadeps.asked.job import IMPLIED, Job
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.engine import locked
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.overrides import source
from condadeps.overrides.document import Document, Place
from condadeps.overrides.steer import Commands, Steered, steer
from condadeps.prefix.target import Target
from condadeps.sources.cache import cache_root

_STEERED = ("install", "update", "create")


@dataclass(frozen=True, slots=True)
class Overrides:
    """The document that one job heeds; without one, everything is as it was asked for."""

    document: Document | None = None
    site: str | None = None
    allow_commands: bool = False
    """The site's word alone."""
    warnings: tuple[str, ...] = ()

    def steer(self, requests: Sequence[Request], target: Target, homes: Homes) -> Steered:
        """``requests`` as they are to be in ``target``. Raises ConfigError for one that is refused.

        What a kernel needs and nobody asked for stays as it is, but for the bounds, which hold for all.
        """
        if self.document is None:
            return Steered(tuple(requests), warnings=self.warnings)
        asked = [one for one in requests if one.origin.place != IMPLIED]
        implied = [one for one in requests if one.origin.place == IMPLIED]
        place = Place(target.python_version, target.subdir, self.site)
        found = steer(asked, self.document, place, homes, allow_commands=self.allow_commands)
        return replace(
            found,
            requests=(*found.requests, *implied),
            warnings=(*self.warnings, *found.warnings, *map(_not_run, found.commands)),
        )


async def overrides(job: Job, configuration: Configuration, *, offline: bool) -> Overrides:
    """The overrides that ``job`` heeds, fetched. A lock is followed as it is.

    Raises ConfigError when they are required and cannot be had.
    """
    if job.verb not in _STEERED or not job.options.overrides or locked.lock_of(job) is not None:
        return Overrides()
    settings = configuration.settings
    link, told = _link(job, configuration)
    if link is None:
        if settings.overrides_required:
            raise ConfigError("overrides are required here, and none are configured", setting="overrides")
        return Overrides()
    fetched = await asyncio.to_thread(
        source.read,
        link,
        cache=cache_root() / "overrides",
        required=settings.overrides_required,
        offline=offline,
    )
    return Overrides(fetched.document, settings.site, settings.allow_commands, (*told, *fetched.warnings))


def _not_run(commands: Commands) -> str:
    return f"the overrides' commands for {commands.name} were not run: this release runs none: {commands}"


def _link(job: Job, configuration: Configuration) -> tuple[str | None, tuple[str, ...]]:
    """Where the overrides are, by our configuration or else by ipydeps'; and what to say of that."""
    ours = configuration.settings.overrides
    if ours is not None:
        return ours, ()
    theirs = ipydeps_config.read()
    if "overrides" in configuration.finals and theirs.scope != "site":
        return None, ()  # the site's last word is that there are none
    chosen = Path(job.options.pip_config) if job.options.pip_config else None
    if chosen is not None and chosen.parent == theirs.directory:
        theirs, _ = ipydeps_config.chosen(theirs, chosen.name)  # it may have a link of its own
    if theirs.dependencies_link is None or not (theirs.requires_pki or theirs.use_pki):
        return theirs.dependencies_link, ()
    told = "ipydeps' configuration has the overrides asked for with a client certificate (PKI): not built yet"
    return theirs.dependencies_link, (told,)
