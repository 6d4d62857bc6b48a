"""Where conda's own words point when nobody configured them. No host is written here; who knows is asked.

The alias, under which a name such as ``conda-forge`` is looked up, is the engine's library's own. What
``defaults`` stands for is told by a conda on this machine, and kept for as long as that conda is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from condadeps.errors import ConfigError
from condadeps.sources.cache import cache_root, read_bytes, write_bytes

_SECONDS = 60
_HELP = "write them into .condarc as default_channels, or name the channels themselves instead of defaults"


@cache
def alias() -> str:
    """The URL under which channels' names are looked up, without a slash at its end. Loads rattler."""
    from rattler import Channel

    name = "conda-forge"
    return Channel(name).base_url.rstrip("/").removesuffix(f"/{name}")


def default_channels(root: Path | None, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The URLs that ``defaults`` stands for, as a conda on this machine says.

    ``root`` is conda's own environment, where that is known. Raises ConfigError when there is no conda,
    or it does not say.
    """
    environ = os.environ if environ is None else environ
    for conda in _condas(root, environ):
        if conda.name.removesuffix(".exe") == "conda" and os.access(conda, os.X_OK):
            return _told(conda.absolute(), environ)
    raise ConfigError(
        "which channels 'defaults' means is not known here",
        detail=["default_channels is not configured, and there is no conda to ask"],
        help=_HELP,
        place="default_channels",
    )


def _condas(root: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("CONDA_EXE"):
        yield Path(named)
    if root is not None:
        yield root / ("Scripts/conda.exe" if os.name == "nt" else "bin/conda")
    if on_path := shutil.which("conda", path=environ.get("PATH")):
        yield Path(on_path)


def _told(conda: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    status = conda.stat()
    key = hashlib.sha256(f"{conda} {status.st_mtime_ns} {status.st_size}".encode()).hexdigest()[:20]
    kept = cache_root(environ) / "repodata" / f"defaults-{key}.json"
    with contextlib.suppress(ValueError, TypeError):
        return tuple(map(str, json.loads(read_bytes(kept) or b"")))
    found = _said(conda)
    write_bytes(kept, json.dumps(found).encode())
    return found


def _said(conda: Path) -> tuple[str, ...]:
    try:
        done = subprocess.run(
            [str(conda), "config", "--show", "default_channels", "--json"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
        return tuple(_url(item) for item in json.loads(done.stdout)["default_channels"])
    except (OSError, ValueError, LookupError, TypeError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"{conda} does not say which channels 'defaults' means",
            detail=str(error).splitlines()[:1],
            help=_HELP,
            place="default_channels",
        ) from error


def _url(item: Any) -> str:
    """A channel as ``conda config --show --json`` has it, a URL or its parts; its secrets are left out."""
    return item if isinstance(item, str) else f"{item['scheme']}://{item['location']}/{item['name']}"
