"""The settings: what each is called, what it can be, what it is when nobody sets it, who may set it.

This is the one place where a setting is added: a field of :class:`Settings` (or of one of its
tables), with what :func:`_said` says of it. Reading, ``condadeps config`` and ``docs/configuration.md``
follow from :data:`SETTINGS`, the table made of the fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from condadeps.config.kinds import (
    Channels,
    Choice,
    Count,
    Directory,
    Executable,
    Flag,
    Homes,
    Kind,
    Link,
    Moment,
    Name,
    Projects,
    RecordFile,
    Seconds,
    Sources,
)
from condadeps.config.places import EVERYONE, OWNERS, Scope
from condadeps.names.namespaces import ProjectName
from condadeps.values import dataclass

PipPolicy = Literal["auto", "known", "never"]
Pin = Literal["exact", "minor", "compatible", "none"]
Installer = Literal["rattler", "conda", "mamba", "micromamba"]
PipInstaller = Literal["pip", "uv"]

PREFIX = "CONDADEPS_"
"""How the variables begin."""

_META = "condadeps"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as the table has it."""

    key: str
    """As in a file: ``"record.pin"``."""
    kind: Kind
    default: Any
    about: str
    """For a person, a line of Markdown."""
    by: frozenset[Scope] = EVERYONE
    """Whose word counts."""
    tightens: bool = False
    """The others may make it stricter, which is all they may do; nor does that override a final setting."""
    variable: str = ""
    """The environment variable."""
    part_of: str = ""
    """The setting whose being final makes this one final."""
    apart_from: str = ""
    """The list that may not have the same items; the weightier place's word counts."""
    unset: str = ""
    """What holds when it is not set, for a person."""

    def of(self, settings: Settings) -> Any:
        """Its value among ``settings``."""
        value: Any = settings
        for name in self.key.split("."):
            value = getattr(value, name)
        return value


def _said(kind: Kind, about: str, **more: Any) -> Mapping[str, Any]:
    return {_META: {"kind": kind, "about": about, **more}}


@dataclass(frozen=True, slots=True)
class Record:
    """How requests are written down: the table ``record``."""

    enabled: bool = field(
        default=True,
        metadata=_said(Flag(), "whether what was asked for is recorded (`--no-record`: not this time)"),
    )
    pin: Pin = field(
        default="exact",
        metadata=_said(
            Choice(("exact", "minor", "compatible", "none")),
            "how the version of a bare request is recorded: `=3.1.1`, `=3.1`, `>=3.1.1,<4`, nothing",
        ),
    )
    env_file: str | None = field(
        default=None,
        metadata=_said(
            RecordFile(),
            "the environment file (`--env-file`); relative to the working directory; a project's or "
            "environment's file names one within its own directory",
            variable="CONDADEPS_ENV_FILE",
            unset="`environment.yml` beside the notebook, where the front end tells its path; else in the "
            "working directory",
        ),
    )


@dataclass(frozen=True, slots=True)
class Undo:
    """What is kept of past changes, so that they can be undone: the table ``undo``."""

    keep: int = field(
        default=100,
        metadata=_said(
            Count(),
            "how many of an environment's last changes can be undone; of older ones only the history stays",
            by=OWNERS,
        ),
    )
    megabytes: int = field(
        default=1000,
        metadata=_said(
            Count(),
            "how much disk that may take in each environment; the last change is always kept",
            by=OWNERS,
        ),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting's value. The order is the one in which they are read and shown."""

    override_channels: bool = field(
        default=False,
        metadata=_said(
            Flag(),
            "the channels of lighter places and of `.condarc` are not used (`--override-channels`)",
            by=OWNERS,
            part_of="channels",
        ),
    )
    channels: tuple[str, ...] = field(
        default=(),
        repr=False,  # may carry a credential
        metadata=_said(
            Channels(),
            "channels before those of `.condarc`, the weightiest place's first (`-c`); a path is relative to "
            "the file",
            by=OWNERS,
        ),
    )
    trust: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata=_said(
            Sources(),
            "channels and indexes that a project's or notebook's file may name without `--trust`; a URL "
            "ending in `/` stands for all below it",
            by=OWNERS,
        ),
    )
    pip: PipPolicy = field(
        default="auto",
        metadata=_said(
            Choice(("auto", "known", "never"), ordered=True),
            "PyPI for what no channel has: always, for `known_projects` only, never (`--no-pip`)",
            by=OWNERS,
            tightens=True,
        ),
    )
    known_projects: tuple[ProjectName, ...] = field(
        default=(),
        metadata=_said(
            Projects(), 'the projects that may come from PyPI with `pip = "known"`', by=OWNERS, part_of="pip"
        ),
    )
    only_conda: tuple[ProjectName, ...] = field(
        default=(),
        metadata=_said(Projects(), "projects that never come from PyPI", apart_from="only_pypi"),
    )
    only_pypi: tuple[ProjectName, ...] = field(
        default=(),
        metadata=_said(Projects(), "projects that never come from a channel", apart_from="only_conda"),
    )
    homes: Mapping[ProjectName, str | None] = field(
        default_factory=dict,
        metadata=_said(
            Homes(),
            'conda packages that ship a project, before what the table of names says: `torch = "pytorch"`, '
            '`pyqt5 = "pyqt =5"`, `fiat = false` for none',
            by=OWNERS,
        ),
    )
    exclude_newer: str | None = field(
        default=None,
        metadata=_said(
            Moment(),
            "nothing that was published later, on channels and PyPI",
            by=OWNERS,
            tightens=True,
            unset="no limit",
        ),
    )
    offline: bool = field(
        default=False,
        metadata=_said(
            Flag(strict=True), "ask no server, use what is cached (`--offline`)", by=OWNERS, tightens=True
        ),
    )
    record: Record = field(default_factory=Record)
    undo: Undo = field(default_factory=Undo)
    lock_timeout: float = field(
        default=600.0,
        metadata=_said(Seconds(), "how long to wait for another change to the same environment to end"),
    )
    link_scripts: bool = field(
        default=True,
        metadata=_said(Flag(), "run the scripts that conda packages bring, as conda does", by=OWNERS),
    )
    installer: Installer = field(
        default="rattler",
        metadata=_said(
            Choice(("rattler", "conda", "mamba", "micromamba")),
            "what applies a plan",
            by=OWNERS,
        ),
    )
    pip_installer: PipInstaller = field(
        default="pip",
        metadata=_said(
            Choice(("pip", "uv")),
            "what installs the files from PyPI (`--pip-installer`); uv is looked for beside the Python that "
            "runs condadeps, in the environment, on PATH",
            by=OWNERS,
        ),
    )
    overrides: str | None = field(
        default=None,
        repr=False,
        metadata=_said(
            Link(),
            "the document that steers what is installed "
            "([its page](from-ipydeps.md#overrides); `--no-overrides`: not this time)",
            by=OWNERS,
            unset="ipydeps' `dependencies_link`, where it is configured",
        ),
    )
    overrides_required: bool = field(
        default=False,
        metadata=_said(
            Flag(),
            "nothing is installed when that document cannot be had",
            by=OWNERS,
            part_of="overrides",
        ),
    )
    allow_commands: bool = field(
        default=False,
        metadata=_said(
            Flag(),
            "the overrides' commands of ipydeps' form may run "
            "([what that means](from-ipydeps.md#who-can-write-the-document-can-run-code-as-you))",
            by=frozenset({Scope.SITE}),
        ),
    )
    pki: bool = field(
        default=False,
        metadata=_said(
            Flag(),
            "show the client certificate that `pypki3` holds to channels, indexes and the overrides' server "
            "([its page](from-ipydeps.md#pki); `--pki`)",
            by=OWNERS,
        ),
    )
    site: str | None = field(
        default=None,
        metadata=_said(
            Name(),
            "what the overrides call the site this is",
            by=OWNERS,
            unset="rules for a site do not hold",
        ),
    )
    ipydeps_alias: bool = field(
        default=False,
        metadata=_said(Flag(), "`import ipydeps` means `condadeps.ipydeps`", by=OWNERS),
    )
    engine_python: str | None = field(
        default=None,
        metadata=_said(
            Executable(),
            "the Python that runs the engine; it needs py-rattler",
            by=OWNERS,
            unset="the one that runs condadeps",
        ),
    )
    cache_dir: Path | None = field(
        default=None,
        metadata=_said(
            Directory(),
            "where fetched things are kept; a path is relative to the file",
            by=OWNERS,
            unset="the platform's cache directory",
        ),
    )
    data_dir: Path | None = field(
        default=None,
        metadata=_said(
            Directory(),
            "where a refreshed table of names is kept; a path is relative to the file",
            by=OWNERS,
            unset="the platform's data directory",
        ),
    )
    kernels_dir: Path | None = field(
        default=None,
        metadata=_said(
            Directory(),
            "where the environments of [kernels that install themselves](kernels.md) are; a path is relative "
            "to the file",
            by=OWNERS,
            unset="`kernels` in `data_dir`, or in the platform's data directory",
        ),
    )


def _table(kind: type[Any], above: str = "") -> Iterator[Setting]:
    for one in dataclasses.fields(kind):
        key = above + one.name
        default = one.default if one.default_factory is dataclasses.MISSING else one.default_factory()
        if _META in one.metadata:
            said = dict(one.metadata[_META])
            said.setdefault("variable", f"{PREFIX}{key.upper().replace('.', '_')}")
            yield Setting(key, default=default, **said)
        else:
            yield from _table(type(default), f"{key}.")


SETTINGS: Mapping[str, Setting] = {setting.key: setting for setting in _table(Settings)}
"""Every setting by its key, in order."""
GROUPS = frozenset(key.partition(".")[0] for key in SETTINGS if "." in key)
"""The tables of a file that hold settings, such as ``record``."""
VARIABLES: Mapping[str, Setting] = {setting.variable: setting for setting in SETTINGS.values()}


def settings(values: Mapping[str, Any]) -> Settings:
    """The settings of these ``values`` by key, and the defaults of the others."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        table, _, name = key.rpartition(".")
        tables.setdefault(table, {})[name] = value
    blank = Settings()
    groups = {name: dataclasses.replace(getattr(blank, name), **tables.get(name, {})) for name in GROUPS}
    return dataclasses.replace(blank, **tables.get("", {}), **groups)
