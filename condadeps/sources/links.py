"""The links on an index page: PEP 691 JSON, PEP 503 HTML, or a directory of files, read alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from condadeps.sources.files import name_in_url

JSON: Final = "application/vnd.pypi.simple.v1+json"
ACCEPT: Final = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01"

_HASHES: Final = frozenset({"sha512", "sha384", "sha256", "sha224", "sha1", "md5"})
_PLAIN: Final = re.compile(r"https://[\w.:-]+/[^#\s]*")
"""An absolute URL with no user and no fragment, as large indexes send by the thousand."""
_FRAGMENT: Final = re.compile(r"(?:^|&)(sha512|sha384|sha256|sha224|sha1|md5)=([0-9a-fA-F]+)")


@dataclass(frozen=True, slots=True)
class Link:
    """A file an index page points to."""

    filename: str
    url: str
    """Absolute, without credentials or fragment."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    requires_python: str | None = None
    upload_time: str | None = None
    yanked: bool | str = False
    """True or the reason when yanked (PEP 592)."""
    core_metadata: bool | Mapping[str, str] = False
    """Whether METADATA is beside the file, or its hashes when they are known (PEP 658, 714)."""


def read_page(content: bytes, content_type: str, url: str) -> tuple[Link, ...]:
    """The links of a page that ``url`` answered with. Raises ValueError when it is no index page.

    Links that are no ``http:`` or ``https:`` (or, on a ``file:`` page, ``file:``) are left out.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON:
        found = _json_links(content, url)
    elif kind in ("text/html", "application/vnd.pypi.simple.v1+html"):
        found = _html_links(content, _charset(content_type), url)
    else:
        raise ValueError(f"it is {kind or 'of no type'}, not an index page")
    return tuple(found)


def _json_links(content: bytes, url: str) -> Iterator[Link]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is not the JSON it says it is") from None
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise ValueError("its JSON is no index page: it has no files")
    meta = document.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None)
    allowed = _schemes(url)
    for entry in document["files"]:
        link = _json_link(entry, url, allowed)
        if link is not None:
            yield link


def _json_link(entry: Any, base: str, allowed: tuple[str, ...]) -> Link | None:
    if not isinstance(entry, dict):
        return None
    filename, href = entry.get("filename"), entry.get("url")
    if not isinstance(filename, str) or not isinstance(href, str):
        return None
    target = _target(href, base, allowed)
    if target is None:
        return None
    url, fragment_hashes = target
    size, upload_time = entry.get("size"), entry.get("upload-time")
    requires_python, yanked = entry.get("requires-python"), entry.get("yanked", False)
    core = entry.get("core-metadata", entry.get("dist-info-metadata", False))
    return Link(
        filename=filename,
        url=url,
        hashes=_digests(entry.get("hashes")) or fragment_hashes,
        size=size if isinstance(size, int) else None,
        requires_python=requires_python if isinstance(requires_python, str) else None,
        upload_time=upload_time if isinstance(upload_time, str) else None,
        yanked=yanked if isinstance(yanked, str) else bool(yanked),
        core_metadata=(_digests(core) or True) if isinstance(core, dict) else bool(core),
    )


def _digests(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text.lower() for key, text in value.items() if key in _HASHES and isinstance(text, str)}


def _html_links(content: bytes, charset: str, url: str) -> Iterator[Link]:
    from condadeps.sources.anchors import Anchors  # most indexes speak JSON

    parser = Anchors()
    try:
        parser.feed(content.decode(charset, "replace"))
    except LookupError:
        raise ValueError(f"its encoding {charset} is unknown") from None
    _check_version(parser.repository_version)
    base = urljoin(url, parser.base) if parser.base else url
    allowed = _schemes(url)
    for anchor in parser.anchors:
        link = _html_link(anchor, base, allowed)
        if link is not None:
            yield link


def _html_link(anchor: Mapping[str, str | None], base: str, allowed: tuple[str, ...]) -> Link | None:
    href = anchor.get("href")
    target = _target(href, base, allowed) if href else None
    if target is None:
        return None
    url, hashes = target
    core = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata"))
    found = _FRAGMENT.search(core) if core else None
    return Link(
        filename=name_in_url(url),
        url=url,
        hashes=hashes,
        requires_python=anchor.get("data-requires-python") or None,
        yanked=(anchor["data-yanked"] or True) if "data-yanked" in anchor else False,
        core_metadata={found[1]: found[2].lower()} if found else core == "true",
    )


def _charset(content_type: str) -> str:
    found = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    return found.group(1) if found else "utf-8"


def _check_version(version: Any) -> None:
    """PEP 629: another major version is another format."""
    if isinstance(version, str) and version.partition(".")[0] not in ("1", ""):
        raise ValueError(f"its format is {version}, and only 1.x is known")


def _schemes(page_url: str) -> tuple[str, ...]:
    return ("http", "https", "file") if page_url.startswith("file:") else ("http", "https")


def _target(href: str, base: str, allowed: tuple[str, ...]) -> tuple[str, dict[str, str]] | None:
    """The absolute URL of a link and the hash in its fragment; None for what is not to be followed."""
    if _PLAIN.fullmatch(href):
        return href, {}
    try:
        absolute = href if href.startswith("https://") else urljoin(base, href.strip())
        url, fragment = urldefrag(absolute)
        parts = urlsplit(url)
        if parts.scheme not in allowed:
            return None
        if "@" in parts.netloc:
            url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        found = _FRAGMENT.search(fragment) if fragment else None
        return url, {found[1]: found[2].lower()} if found else {}
    except ValueError:
        return None
