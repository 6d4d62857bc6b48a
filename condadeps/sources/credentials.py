"""Secrets in URLs: taken out for showing, recording and comparing; kept only for requests.

Two kinds occur in conda's and pip's worlds: ``https://user:password@host/…`` and
anaconda's ``https://host/t/TOKEN/channel``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

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
    token_at: int = field(default=0, repr=False)
    """Where in the clean URL's path ``/t/TOKEN`` belongs."""

    def __bool__(self) -> bool:
        return bool(self.username or self.password or self.token)


def split_credentials(url: str) -> tuple[str, Credentials]:
    """The URL with no secret in it, and the secrets.

    >>> split_credentials("https://me:pw@host/t/tk-1/team/main")[0]
    'https://host/team/main'
    """
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    path, token, token_at = parts.path, None, 0
    if parts.scheme in ("http", "https") and (found := _TOKEN.search(path)):
        token, token_at = found.group(1), found.start()
        path = path[: found.start()] + path[found.end() :]
    if not at and token is None:
        return url, Credentials()
    username, colon, password = userinfo.partition(":")
    secret = unquote(password) if colon else None
    credentials = Credentials(unquote(username) or None, secret, token, token_at)
    return urlunsplit(parts._replace(netloc=host, path=path)), credentials


def with_credentials(url: str, credentials: Credentials) -> str:
    """The inverse of :func:`split_credentials`: a URL to send a request to, never to be shown or kept."""
    parts = urlsplit(url)
    if credentials.token:
        at = credentials.token_at
        parts = parts._replace(path=f"{parts.path[:at]}/t/{credentials.token}{parts.path[at:]}")
    if credentials.username:
        secret = f":{quote(credentials.password, safe='')}" if credentials.password is not None else ""
        parts = parts._replace(netloc=f"{quote(credentials.username, safe='')}{secret}@{parts.netloc}")
    return urlunsplit(parts)


def without_credentials(url: str) -> str:
    """The URL with user, password and token left out; what is no URL comes back as it is."""
    if "@" not in url and "/t/" not in url and url.isprintable():
        return url  # as nearly all of a plan's hundreds are
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
    _, at, host = authority.rpartition("@")
    path = _TOKEN.sub("/t/<TOKEN>", slash + path)
    return f"{scheme}://{'***@' if at else ''}{host}{path}"
