"""Secrets in URLs: taken out for showing, recording and comparing; kept only for requests.

Two kinds occur in conda's and pip's worlds: ``https://user:password@host/…`` and
anaconda's ``https://host/t/TOKEN/channel``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

_TOKEN = re.compile(r"/t/([a-zA-Z0-9_<>*-]+)(?=/|$)")
_URL_IN_TEXT = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>()\[\]{},]+(?:<TOKEN>[^\s\"'<>()]*)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a URL carried. It never prints its secrets."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.username or self.password or self.token)


def split_credentials(url: str) -> tuple[str, Credentials]:
    """The URL with no secret in it, and the secrets.

    >>> split_credentials("https://me:pw@host/t/tk-1/team/main")[0]
    'https://host/team/main'
    """
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    path, token = parts.path, None
    if parts.scheme in ("http", "https") and (found := _TOKEN.search(path)):
        token = found.group(1)
        path = path[: found.start()] + path[found.end() :]
    if not at and token is None:
        return url, Credentials()
    username, colon, password = userinfo.partition(":")
    credentials = Credentials(unquote(username) or None, unquote(password) if colon else None, token)
    return urlunsplit(parts._replace(netloc=host, path=path)), credentials


def without_credentials(url: str) -> str:
    """The URL with user, password and token left out; what is no URL comes back as it is."""
    return split_credentials(url)[0] if "://" in url else url


def masked(text: str) -> str:
    """Any text with the secrets of every URL in it replaced, for messages and logs.

    >>> masked("GET https://me:pw@host/t/tk-1/main failed")
    'GET https://***@host/t/<TOKEN>/main failed'
    """
    return _URL_IN_TEXT.sub(lambda match: _masked_url(match.group()), text)


def _masked_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    userinfo, at, host = authority.rpartition("@")
    del userinfo
    path = _TOKEN.sub("/t/<TOKEN>", slash + path)
    return f"{scheme}://{'***@' if at else ''}{host}{path}"
