"""Where conda's configuration for an environment lies: the files that exist, in conda's order."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from condadeps.errors import ConfigError


def search(prefix: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    """The configuration files that exist, in conda's order, none twice."""
    known = dict(environ)
    known.pop("CONDA_PREFIX", None)
    if prefix is not None:
        known["CONDA_PREFIX"] = str(prefix)
    root = root_prefix(prefix, environ)
    if root is not None:
        known["CONDA_ROOT"] = str(root)
    seen: set[Path] = set()
    for place in _PLACES:
        path = _home(expand(place, known), environ)
        for file in _files_at(path):
            if file not in seen:
                seen.add(file)
                yield file


def root_prefix(prefix: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Conda's own environment ("base"), when there is one on this machine; None otherwise."""
    if root := environ.get("CONDA_ROOT") or environ.get("_CONDA_ROOT"):
        return Path(root)
    if executable := environ.get("CONDA_EXE"):
        candidate = Path(executable).parent.parent
        if (candidate / "conda-meta").is_dir():
            return candidate
    if prefix is not None and prefix.parent.name == "envs" and (prefix.parent.parent / "conda-meta").is_dir():
        return prefix.parent.parent
    mamba = environ.get("MAMBA_ROOT_PREFIX")
    return Path(mamba) if mamba else None


def expand(text: str, environ: Mapping[str, str]) -> str:
    """``$NAME``, ``${NAME}`` and ``%NAME%`` replaced; what is not set stays as it is written."""

    def value(match: re.Match[str]) -> str:
        name = match.group("named") or match.group("braced") or match.group("padded")
        return environ.get(name, match.group())

    return _VARIABLE.sub(value, text)


_PLACES = (
    *(
        ("C:/ProgramData/conda/.condarc", "C:/ProgramData/conda/condarc", "C:/ProgramData/conda/condarc.d")
        if os.name == "nt"
        else (
            f"{directory}/{name}"
            for directory in ("/etc/conda", "/var/lib/conda")
            for name in (".condarc", "condarc", "condarc.d")
        )
    ),
    *(
        f"{directory}/{name}"
        for directory in ("$CONDA_ROOT", "$XDG_CONFIG_HOME/conda", "~/.config/conda", "~/.conda")
        for name in (".condarc", "condarc", "condarc.d")
    ),
    "~/.condarc",
    "$CONDA_PREFIX/.condarc",
    "$CONDA_PREFIX/condarc",
    "$CONDA_PREFIX/condarc.d",
    "$CONDARC",
)
_NAMES = (".condarc", "condarc")
_YAML = (".yml", ".yaml")
_NAME = r"[_a-zA-Z][_a-zA-Z0-9]*"
_VARIABLE = re.compile(rf"\$(?P<named>{_NAME})|\$\{{(?P<braced>{_NAME})\}}|%(?P<padded>{_NAME})%")


def _home(text: str, environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and (text == "~" or text.startswith(("~/", "~\\"))):
        return Path(home + text[1:])
    return Path(text).expanduser()


def _files_at(path: Path) -> Iterator[Path]:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if stat.S_ISREG(mode):
        if path.name in _NAMES or path.suffix in _YAML:
            yield path
    elif stat.S_ISDIR(mode):
        try:
            entries = sorted(path.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            raise ConfigError(
                f"conda's configuration in {path} cannot be read: {error}", place=str(path)
            ) from error
        yield from (entry for entry in entries if entry.suffix in _YAML and entry.is_file())
