"""One call to condadeps, as a door hands it to the road and the road to the engine: plain data."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from condadeps.values import dataclass

Verb = Literal["install", "update", "create", "remove", "undo", "restore", "sync", "export", "lock", "bundle"]

IMPLIED = "condadeps"
"""The place of what a kernel needs and nobody asked for: it has no answer, and is not recorded."""
LOCK = "lock"
"""The setting that names a job's lock."""


def located(prefix: str | os.PathLike[str] | None) -> Path:
    """Where ``prefix`` is, the running interpreter's without one; its last part is the directory's name.

    Only a path with ``..`` in it is followed through links: dropping ``link/..`` would lead elsewhere.
    """
    path = Path(prefix or sys.prefix).expanduser().absolute()
    return path.resolve() if ".." in path.parts else path


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
    update_all: bool = False
    """Move everything there is to the newest that fits what was asked for, now or earlier."""
    pip: Literal["auto", "never"] = "auto"
    env_file: str | None = None
    record: bool = True
    offline: bool = False
    dry_run: bool = False
    trust: bool = False
    """Let files name channels and indexes that are not configured (design, rule 11)."""
    index_url: str | None = None
    """In place of pip's configured index."""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    exclude_newer: str | None = None
    """A date or an age: nothing published later, in both worlds."""
    keep_dependencies: bool = False
    """``remove`` takes only what it was told, not what only that needed."""
    override_frozen: bool = False
    """Change an environment that is frozen (CEP 22) or externally managed (PEP 668) all the same."""
    allow_base: bool = False
    """Change conda's base environment though nothing of it is running this."""
    pip_installer: Literal["pip", "uv"] | None = None
    """What installs the files from PyPI; None: as configured."""
    verbosity: int = 0
    overrides: bool = True
    """Heed the site's overrides document (ipydeps' ``use_overrides``)."""
    pki: bool = False
    """Show the client certificate that pypki3 holds to servers that want one (ipydeps' ``use_pki``)."""
    pip_config: str | None = None
    """pip's configuration file in the place of ``PIP_CONFIG_FILE``'s (ipydeps' ``config``)."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a file says about where packages come from, in conda's and pip's words.

    Channels, indexes, find-links and hosts count when configured, or trusted (rule 11); the rest only
    chooses among what these offer.
    """

    file: str
    channels: tuple[str, ...] = ()
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    no_index: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    prefer_binary: bool = False
    pre: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What to do, in which environment."""

    verb: Verb
    prefix: str
    asked: tuple[Asked, ...] = ()
    options: Options = field(default_factory=Options)
    directory: str = "."
    """The caller's working directory: relative paths are meant from there."""
    notebook: str | None = None
    """The notebook that is calling, when its front end tells: the environment file goes beside it."""
    constraints: tuple[Asked, ...] = ()
    """They hold for whatever is installed, and install nothing (pip's ``-c``)."""
    named: tuple[Named, ...] = ()
    notes: tuple[str, ...] = ()
    """What reading the files left to say."""
    number: int | None = None
    """Which change of the history to undo; None: the last."""
    inside: bool = False
    """The caller's own Python is that of ``prefix``."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What only one verb knows (``format``, ``platforms`` …): plain data."""

    @property
    def lock(self) -> Path | None:
        """The lock that is to be followed, an absolute path."""
        path = self.settings.get(LOCK)
        return Path(path) if path else None

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the engine's pipe."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Job:
        """The job :meth:`to_json` described. Raises KeyError or TypeError when it is another thing."""
        return Job(
            verb=document["verb"],
            prefix=document["prefix"],
            asked=tuple(Asked(**_tuples(item)) for item in document["asked"]),
            options=Options(**_tuples(document["options"])),
            directory=document["directory"],
            notebook=document["notebook"],
            constraints=tuple(Asked(**_tuples(item)) for item in document["constraints"]),
            named=tuple(Named(**_tuples(item)) for item in document["named"]),
            notes=tuple(document["notes"]),
            number=document["number"],
            inside=document["inside"],
            settings=document["settings"],
        )


def _tuples(item: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; the fields here are tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
