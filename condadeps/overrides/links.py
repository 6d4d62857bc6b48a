"""Where the overrides of a job are: by our configuration, or else by ipydeps'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from condadeps import ipydeps_config
from condadeps.asked.job import Job
from condadeps.config import Configuration

_STEERED = ("install", "update", "create", "sync", "lock", "bundle")


@dataclass(frozen=True, slots=True)
class Link:
    """A document's address, and how it is to be asked for."""

    address: str | None = None
    """A URL or a path; None: there is none."""
    pki: bool = False
    """It is asked for with a client certificate, whatever the rest is asked for with."""


def heeded(job: Job) -> bool:
    """Whether ``job`` heeds overrides at all: not when it follows a lock, which says everything."""
    return job.verb in _STEERED and job.options.overrides and not job.settings.get("lock")


def of(job: Job, configuration: Configuration) -> Link:
    """The document that ``job`` heeds."""
    ours = configuration.settings.overrides
    if ours is not None:
        return Link(ours, job.options.pki)
    theirs = ipydeps_config.read()
    if "overrides" in configuration.finals and theirs.scope != "site":
        return Link()  # the site's last word is that there are none
    chosen = Path(job.options.pip_config) if job.options.pip_config else None
    if chosen is not None and chosen.parent == theirs.directory:
        theirs, _ = ipydeps_config.chosen(theirs, chosen.name)  # it may have a link of its own
    address = theirs.dependencies_link
    remote = address is not None and address.startswith("https:")
    return Link(address, job.options.pki or (remote and (theirs.requires_pki or theirs.use_pki)))
