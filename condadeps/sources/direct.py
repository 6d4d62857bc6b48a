"""Direct references: a wheel, an sdist, a directory, a URL, a VCS, instead of a name on an index."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit, urlunsplit

from condadeps.asked.credentials import without
from condadeps.errors import RequestError
from condadeps.sources.credentials import masked
from condadeps.sources.files import name_in_url, read_wheel_name
from condadeps.sources.metadata import Metadata, MetadataError, in_wheel, parse
from condadeps.sources.store import Store, check_any, local_path, parse_hashes

if TYPE_CHECKING:
    from condadeps.sources.build import Builder


@dataclass(frozen=True, slots=True)
class Direct:
    """What a direct reference came to."""

    metadata: Metadata
    location: str
    """As asked, without credentials."""
    filename: str
    """The wheel to install: the one referred to, or the one built of it; empty for an editable."""
    url: str
    """Where that wheel is now: a ``file:`` URL (the cache's, or the user's own file); for an editable its
    location."""
    sha256: str | None
    """None only for an editable."""
    size: int | None
    compiled: bool
    editable: bool
    built: bool
    """Build code ran."""
    direct_url: Mapping[str, Any]
    """What its ``direct_url.json`` must say (PEP 610): where it came from, not where it was staged."""


class References:
    """Resolves direct references."""

    def __init__(self, store: Store, builder: Builder) -> None:
        self._store = store
        self._builder = builder

    async def resolve(self, location: str, *, editable: bool = False, hashes: Sequence[str] = ()) -> Direct:
        """What ``location`` (a URL) comes to. Build code runs for all but wheels.

        Raises RequestError for what is no reference, MetadataError for what is unusable, SourceError.
        """
        url, fragment = urldefrag(location)
        parts = urlsplit(url)
        if editable:
            return await self._editable(location)
        if "+" in parts.scheme:
            return await self._vcs(location, url, fragment)
        if parts.scheme == "file" and local_path(url).is_dir():
            return await self._directory(location, url, fragment)
        if parts.scheme not in ("file", "http", "https"):
            raise RequestError(
                f"{masked(location)} is neither a wheel, a directory, a URL nor a VCS reference",
                help="name a .whl, a directory, https://… or git+https://…",
                text=masked(location),
                position=None,
            )
        if parts.scheme == "file" and not local_path(url).is_file():
            raise RequestError(f"{local_path(url)} is not there", text=masked(location), position=None)
        return await self._archive(location, url, fragment, hashes)

    async def _archive(self, location: str, url: str, fragment: str, hashes: Sequence[str]) -> Direct:
        filename = name_in_url(url)
        promised = parse_hashes(fragment.split("&"))
        path, digest = await asyncio.to_thread(self._store.obtain, url, filename, promised)
        if hashes:
            await asyncio.to_thread(check_any, location, path, hashes)
        direct_url: dict[str, Any] = {
            "url": without(url),
            "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}},
        }
        if filename.endswith(".whl"):
            return self._of_wheel(path, digest, location, direct_url, built=False)
        direct_url |= _subdirectory(fragment)
        staged = path.as_uri() + _subdirectory_fragment(fragment)
        return await self._built(staged, location, lambda _: direct_url)

    async def _directory(self, location: str, url: str, fragment: str) -> Direct:
        direct_url = {"url": url, "dir_info": {}, **_subdirectory(fragment)}
        return await self._built(location, location, lambda _: direct_url)

    async def _vcs(self, location: str, url: str, fragment: str) -> Direct:
        def direct_url(commit: str | None) -> dict[str, Any]:
            return _vcs_url(url, fragment, commit)

        return await self._built(location, location, direct_url)

    async def _built(
        self, source: str, location: str, direct_url: Callable[[str | None], Mapping[str, Any]]
    ) -> Direct:
        async with self._builder.wheel(source) as built:
            path, digest = await asyncio.to_thread(self._store.keep, built.wheel)
            return self._of_wheel(path, digest, location, direct_url(built.commit), built=True)

    def _of_wheel(
        self, path: Path, digest: str, location: str, direct_url: Mapping[str, Any], *, built: bool
    ) -> Direct:
        try:
            metadata = parse(in_wheel(path), built=built)
        except ValueError as error:
            raise _unusable(location, str(error)) from error
        name = read_wheel_name(path.name)
        return Direct(
            metadata=metadata,
            location=without(location),
            filename=path.name,
            url=path.as_uri(),
            sha256=digest,
            size=path.stat().st_size,
            compiled=name is not None and not name.tags.endswith("-any"),
            editable=False,
            built=built,
            direct_url=direct_url,
        )

    async def _editable(self, location: str) -> Direct:
        report = await self._builder.report(location, editable=True)
        try:
            metadata = parse(_as_text(report["metadata"]), built=True)
        except (ValueError, KeyError, TypeError) as error:
            raise _unusable(location, str(error)) from error
        return Direct(
            metadata=metadata,
            location=without(location),
            filename="",
            url=without(location),
            sha256=None,
            size=None,
            compiled=False,
            editable=True,
            built=True,
            direct_url=dict(report.get("download_info") or {}),
        )


def _as_text(metadata: Mapping[str, Any]) -> str:
    """The fields of pip's report (PEP 566 JSON) as the METADATA they were read from."""
    fields = [("Name", metadata["name"]), ("Version", metadata["version"])]
    fields += [("Requires-Dist", text) for text in metadata.get("requires_dist", ())]
    fields += [("Provides-Extra", text) for text in metadata.get("provides_extra", ())]
    if metadata.get("requires_python"):
        fields.append(("Requires-Python", metadata["requires_python"]))
    return "\n".join(f"{key}: {value}" for key, value in fields)


def _vcs_url(url: str, fragment: str, commit: str | None) -> dict[str, Any]:
    parts = urlsplit(url)
    kind, _, scheme = parts.scheme.partition("+")
    path, at, revision = parts.path.rpartition("@")
    info: dict[str, Any] = {"vcs": kind}
    if at:
        info["requested_revision"] = revision
    if commit or revision:
        info["commit_id"] = commit or revision
    clean = without(urlunsplit(parts._replace(scheme=scheme, path=path if at else parts.path)))
    return {"url": clean, "vcs_info": info, **_subdirectory(fragment)}


def _subdirectory(fragment: str) -> dict[str, str]:
    found = re.search(r"(?:^|&)subdirectory=([^&]+)", fragment)
    return {"subdirectory": found.group(1)} if found else {}


def _subdirectory_fragment(fragment: str) -> str:
    said = _subdirectory(fragment)
    return f"#subdirectory={said['subdirectory']}" if said else ""


def _unusable(location: str, problem: str) -> MetadataError:
    shown = masked(location)
    return MetadataError(
        f"{shown} is unusable: {problem}", url=shown, status=None, filename=name_in_url(urldefrag(shown)[0])
    )
