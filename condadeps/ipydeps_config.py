"""ipydeps' own configuration: its directories, its INI files, its variables, read as they were documented.

A directory counts when it exists: ``$IPYDEPS_CONFIG_DIR``, else ``~/.config/ipydeps``, else ``/etc/ipydeps``.
In it, ``ipydeps.conf`` holds ``[ipydeps]`` with ``dependencies_link`` and ``dependencies_link_requires_pki``;
releases before 2020 had pip options there, one a line, and the link in ``dependencies.link``.
A file chosen by ``config="repo1.conf"`` may hold ``[ipydeps]`` too, beside what pip reads of it.

Everything found is told together with the condadeps setting that replaces it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as InvalidIni
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from condadeps.errors import ConfigError

FILES = ("ipydeps.conf", "config.ini")
SITE = Path("/etc/ipydeps")
REPLACED_BY: Mapping[str, str] = {
    "dependencies_link": 'overrides = "URL"',
    "dependencies_link_requires_pki": "pki = true, for channels and indexes too",
    "IPYDEPS_CONFIG_DIR": "CONDADEPS_OVERRIDES",
    "--use-pypki2": "pki = true",
}
"""Each old setting, and what stands for it in condadeps.toml (or among the variables)."""


@dataclass(frozen=True, slots=True)
class IpydepsConfig:
    """What ipydeps was configured to do."""

    directory: Path | None = None
    """The one directory that counts; None when there is none."""
    scope: Literal["site", "user"] = "user"
    """Whose word it is. A variable is the user's."""
    dependencies_link: str | None = None
    requires_pki: bool = False
    """For the overrides document."""
    use_pki: bool = False
    """For pip too (``--use-pypki2``)."""
    notes: tuple[str, ...] = ()
    """For a person: what was read where, and the setting that replaces it."""


def read(environ: Mapping[str, str] | None = None, *, site: Path = SITE) -> IpydepsConfig:
    """What the configuration of ipydeps says; all of it unset when there is none.

    A file that cannot be read is named in ``notes`` and passed over, as ipydeps' users expect.
    """
    environ = os.environ if environ is None else environ
    found = IpydepsConfig()
    if named := environ.get("IPYDEPS_CONFIG_DIR"):
        path = Path(named).expanduser()
        exists = path.is_dir()
        what = _told("IPYDEPS_CONFIG_DIR", f"is set to {path}{'' if exists else ', which is no directory'}")
        found = replace(found, notes=(what,))
        if exists:
            return _directory(found, path)
    user = _home(environ) / ".config" / "ipydeps"
    if user.is_dir():
        return _directory(found, user)
    if site.is_dir():
        return _directory(replace(found, scope="site"), site)
    return found


def chosen(found: IpydepsConfig, name: str) -> tuple[IpydepsConfig, Path]:
    """``found`` with what the file ``name`` of its directory adds, and that file's path, which is pip's too.

    Raises ConfigError when there is no such file, or when ``name`` leads out of the directory.
    """
    directory = Path("~/.config/ipydeps") if found.directory is None else found.directory
    if found.directory is None or Path(name).name != name or not (directory / name).is_file():
        where = directory / name
        raise ConfigError(
            f"could not find pip config named {name} at {where}",
            help="PIP_CONFIG_FILE names a pip configuration anywhere",
            place=str(where),
        )
    return _file(found, directory / name), directory / name


def _directory(found: IpydepsConfig, directory: Path) -> IpydepsConfig:
    found = replace(found, directory=directory)
    for name in FILES:
        found = _file(found, directory / name)
    link = directory / "dependencies.link"
    text = (_text(link) or "").strip()
    if text and not found.dependencies_link:
        note = f"{link} is read as ipydeps did; in condadeps.toml: {REPLACED_BY['dependencies_link']}"
        found = replace(found, dependencies_link=text, notes=(*found.notes, note))
    return found


def _file(found: IpydepsConfig, path: Path) -> IpydepsConfig:
    text = _text(path)
    if text is None:
        return found
    if any(line.lstrip().startswith("--") for line in text.splitlines()):
        return _pip_options(found, path, text)
    # Quoted values occur in ipydeps' own README, '%' in URLs.
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
        link = parser.get("ipydeps", "dependencies_link", fallback="").strip().strip("\"'")
        required = parser.get("ipydeps", "dependencies_link_requires_pki", fallback="")
        pki = _flag(required) if required else None
    except (InvalidIni, ValueError) as error:
        note = f"{path} cannot be read: {str(error).splitlines()[0]}"
        return replace(found, notes=(*found.notes, note))
    if link:
        note = _told("dependencies_link", f"is read from {path}")
        found = replace(found, dependencies_link=link, notes=(*found.notes, note))
    if pki is not None:
        note = _told("dependencies_link_requires_pki", f"is read from {path}")
        found = replace(found, requires_pki=pki, notes=(*found.notes, note))
    return found


def _pip_options(found: IpydepsConfig, path: Path, text: str) -> IpydepsConfig:
    """An ipydeps.conf of before 2020; pip's options belong into pip's configuration and are only named."""
    options = [line.strip() for line in text.splitlines() if line.strip().startswith("--")]
    notes = list(found.notes)
    if "--use-pypki2" in options:
        notes.append(_told("--use-pypki2", f"is read from {path}"))
    names = sorted({option.partition("=")[0] for option in options} - {"--use-pypki2"})
    if names:
        notes.append(f"{path}: {', '.join(names)} not read; pip's options belong into pip.conf")
    return replace(found, use_pki=found.use_pki or "--use-pypki2" in options, notes=tuple(notes))


def _told(old: str, what: str) -> str:
    return f"{old} {what}; in condadeps: {REPLACED_BY[old]}"


def _flag(text: str) -> bool:
    lowered = text.strip().strip("\"'").lower()
    if lowered not in ConfigParser.BOOLEAN_STATES:
        raise ValueError(f"{text!r} is neither true nor false")
    return ConfigParser.BOOLEAN_STATES[lowered]


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("HOME") or (environ.get("USERPROFILE") if os.name == "nt" else None)
    return Path(named) if named else Path("~").expanduser()
