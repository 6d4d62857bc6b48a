"""Whether a channel or index that a project's file names is one the user or the site trusts it to name."""

from __future__ import annotations

import re
from collections.abc import Iterable


def trusted(trust: Iterable[str], *names: str) -> bool:
    """Whether one of ``names`` (the source as written, its URL) is on the list ``trust``.

    A name is on it when it is there as it is. A URL is compared without credentials, with scheme and host in
    lower case; an entry ending in ``/`` stands for all URLs below it too.
    """
    return any(_covers(entry, name) for entry in trust for name in names)


def _covers(entry: str, name: str) -> bool:
    ours, theirs = _split(entry), _split(name)
    if ours is None or theirs is None:
        return ours is None and theirs is None and entry.rstrip("/") == name.rstrip("/")
    if ours[0] != theirs[0]:
        return False
    if ours[1].rstrip("/") == theirs[1].rstrip("/"):
        return True
    # A server may read "..", a backslash or an escape in its own way: such a path has to be there itself.
    plain = not re.search(r"(?:^|/)\.\.?(?:/|$)|[%\\?#;]", theirs[1])
    return entry.endswith("/") and plain and theirs[1].startswith(ours[1])


def _split(text: str) -> tuple[tuple[str, str], str] | None:
    """Scheme and server, and the rest; None for what is no URL."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return None
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        server = parts.hostname or ""
        port = parts.port
    except ValueError:
        return None
    if port is not None and (parts.scheme, port) not in (("https", 443), ("http", 80)):
        server = f"{server}:{port}"
    rest = text.split("://", 1)[1]
    path = re.sub(r"^[^/?#\\]*", "", rest)
    path = re.sub(r"^/t/[^/]+(?=/)", "", path)
    return (parts.scheme.lower(), server.lower()), path or "/"
