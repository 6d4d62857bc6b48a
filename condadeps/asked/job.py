"""One call to condadeps, as a door hands it to the road and the road to the engine: plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verb = Literal["install", "update", "create"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The text of one request and where it was asked.

    ``metadata`` is true for text that comes from Python metadata or a Python-only
    file (requirements.txt, pyproject.toml, the ipydeps drop-in): a bare name is
    then a project's, full stop.
    """

    text: str
    place: str = "command"
    line: int | None = None
    metadata: bool = False
    editable: bool = False
    """A local project or VCS reference to install in development mode (pip's ``-e``)."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex`` digests, any of which the installed file must have (pip's ``--hash``)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to do it. Every door offers these under the same names."""

    channels: tuple[str, ...] = ()
    """Extra channels, first come first; before the configured ones."""
    override_channels: bool = False
    """Use ``channels`` only, not the configured ones."""
    update: bool = False
    """Move what is asked for to the newest that fits, though an older one is installed."""
    pip: Literal["auto", "never"] = "auto"
    env_file: str | None = None
    record: bool = True
    offline: bool = False
    dry_run: bool = False
    trust: bool = False
    verbosity: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """What to do, in which environment."""

    verb: Verb
    prefix: str
    asked: tuple[Asked, ...] = ()
    options: Options = field(default_factory=Options)
    directory: str = "."
    """The caller's working directory: relative paths and the environment file are meant from there."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the engine's pipe."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Job:
        """The job :meth:`to_json` described. Raises KeyError or TypeError when it is another thing."""
        options = dict(document["options"])
        options["channels"] = tuple(options["channels"])
        return Job(
            verb=document["verb"],
            prefix=document["prefix"],
            asked=tuple(Asked(**{**item, "hashes": tuple(item["hashes"])}) for item in document["asked"]),
            options=Options(**options),
            directory=document["directory"],
        )
