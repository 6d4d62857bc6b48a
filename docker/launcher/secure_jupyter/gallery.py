"""nbgallery's settings: from the environment to where its extensions look for them.

Its server extension reads the environment of the server, its JupyterLab extensions read their settings and
take only "1" for a switch, its extensions of the classic notebook read ``nbconfig``. The names documented for
people (``NBGALLERY_…``) reach all of these from here. Values are data: they go through the environment and
through JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from secure_jupyter import words
from secure_jupyter.errors import LaunchError

SCOPE = "@jupyterlab-nbgallery"
_PORTS = {"http": 80, "https": 443}
_TIMES = ("NBGALLERY_CREATION_TIME", "NBGALLERY_TERMINATION_TIME")


@dataclass(frozen=True)
class Gallery:
    """The gallery this server works with. ``url`` and ``origin`` are empty without one."""

    url: str
    origin: str
    client_name: str
    client_type: str
    client_version: str
    autodownload: bool
    instrumentation: bool
    notes: tuple[str, ...] = ()


def read(environ: Mapping[str, str]) -> Gallery:
    """The gallery of ``NBGALLERY_*``. Raises :class:`LaunchError` for a URL or a switch that is none."""
    text = environ.get("NBGALLERY_URL", "").strip()
    parts = _url(text) if text else None
    autodownload = words.switch(environ, "NBGALLERY_ENABLE_AUTODOWNLOAD")
    instrumentation = words.switch(environ, "NBGALLERY_ENABLE_INSTRUMENTATION")
    notes = []
    if parts is None and (autodownload or instrumentation):
        notes.append("NBGALLERY_ENABLE_… does nothing: NBGALLERY_URL is not set")
    if (
        parts is not None
        and parts.scheme == "http"
        and parts.hostname not in ("localhost", "127.0.0.1", "::1")
    ):
        notes.append(f"{text} is not https: browsers do not let a page from this server talk to it")
    return Gallery(
        url=text.rstrip("/"),
        origin=_origin(parts) if parts else "",
        client_name=environ.get("NBGALLERY_CLIENT_NAME", ""),
        client_type=environ.get("NBGALLERY_CLIENT_TYPE", ""),
        client_version=environ.get("NBGALLERY_CLIENT_VERSION", ""),
        autodownload=autodownload,
        instrumentation=instrumentation,
        notes=tuple(notes),
    )


def _url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise LaunchError(f"NBGALLERY_URL={text} is not a URL: {error}.") from None
    if parts.username is not None or parts.password is not None:
        raise LaunchError(
            "NBGALLERY_URL has a user or a password in it.", "Leave them out: every page would show them."
        )
    odd = any(character.isspace() or character in "\"'<>\\" for character in text)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or odd:
        raise LaunchError(
            f"NBGALLERY_URL={text} is not the address of a gallery.",
            "Use its http or https address: NBGALLERY_URL=https://gallery.example.org",
        )
    return parts


def _origin(parts: SplitResult) -> str:
    """The origin as browsers write it (RFC 6454): lower case, no port when it is the scheme's own."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii") if not host.isascii() else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def environment(environ: Mapping[str, str], gallery: Gallery) -> dict[str, str]:
    """``environ`` as nbgallery's code needs it: one slash less, "1" for yes, dates it can read, a user's
    name.
    """
    said = {name: value for name, value in environ.items() if name != "NBGALLERY_URL"}
    if gallery.url:
        said["NBGALLERY_URL"] = gallery.url
    for name, on in (
        ("NBGALLERY_ENABLE_AUTODOWNLOAD", gallery.autodownload),
        ("NBGALLERY_ENABLE_INSTRUMENTATION", gallery.instrumentation),
    ):
        said.pop(name, None)
        if on:
            said[name] = "1"
    for name in _TIMES:
        if said.get(name):
            said[name] = _time(said[name])
    # Its preferences are kept below /home/$NB_USER and fail without the name.
    said.setdefault("NB_USER", Path(said.get("HOME") or "/").name or "jovyan")
    return said


def _time(text: str) -> str:
    """The time without a zone, which the extension takes for UTC; what is not ISO 8601 stays."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return text
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def write(directory: Path, gallery: Gallery) -> None:
    """Puts what nbgallery's browser side reads into ``directory``, one of Jupyter's configuration paths."""
    for name, content in _files(gallery).items():
        path = directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        path.chmod(0o600)


def _files(gallery: Gallery) -> dict[str, dict[str, Any]]:
    registration = {"nbgallery_url": gallery.url, "nbgallery_client_name": gallery.client_name}
    client = {"name": gallery.client_name, "type": gallery.client_type, "version": gallery.client_version}
    classic = {
        "common": ("environment", bool(gallery.url)),
        "notebook": ("gallery_menu", bool(gallery.url)),
        "tree": ("autodownload", bool(gallery.url) and gallery.autodownload),
    }
    files: dict[str, dict[str, Any]] = {
        f"nbconfig/{section}.json": {"load_extensions": {f"jupyter_nbgallery/{name}/{name}": on}}
        for section, (name, on) in classic.items()
    }
    instrumentation = bool(gallery.url) and gallery.instrumentation
    notebook = files["nbconfig/notebook.json"]["load_extensions"]
    notebook["jupyter_nbgallery/instrumentation/instrumentation"] = instrumentation
    files["nbconfig/common.json"]["nbgallery"] = {"url": gallery.url, "client": _said(client)}
    files["labconfig/default_setting_overrides.json"] = {
        f"{SCOPE}/environment-registration:environment-registration": _said(registration)
    }
    # Without a gallery its menus throw: they are left out.
    menus = {} if gallery.url else {f"{SCOPE}/gallerymenu": True, f"{SCOPE}/userpreferences": True}
    files["labconfig/page_config.json"] = {"disabledExtensions": menus}
    return files


def _said(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
