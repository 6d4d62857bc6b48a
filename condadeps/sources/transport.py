"""Requests to indexes, made as pip's configuration says: proxy, certificates, credentials, retries.

Every failure to get an answer is a SourceError that names the URL (without secrets) and the status.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import requests

from condadeps.errors import CancelledError, SourceError
from condadeps.pki import wanted
from condadeps.sources.authentication import without_userinfo
from condadeps.sources.credentials import masked, split_credentials
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.session import make_session

_BODY_TRIES: Final = 3
_CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    content: bytes
    url: str
    """Where it came from in the end, after redirects; without credentials."""


class Transport:
    """One set of connections for all indexes; may be used from several threads."""

    def __init__(self, config: PipConfig) -> None:
        self._config = config
        self._session: requests.Session | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._tokens = tuple(filter(None, map(_token_prefix, (*config.index_urls, *config.find_links))))

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """The answer to a GET, whatever its status. Raises SourceError when there is none."""
        for attempt in range(_BODY_TRIES):
            with self.open(url, headers) as response:
                try:
                    content = response.content
                except OSError as error:  # all of requests' errors are: the body broke off
                    if attempt + 1 == _BODY_TRIES:
                        raise no_answer(url, error) from error
                    time.sleep(0.1 * 4**attempt)
                    continue
                return Reply(response.status_code, response.headers, content, self.shown(response.url))
        raise AssertionError("unreachable")

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str] | None = None, *, promised: bool = False
    ) -> Iterator[requests.Response]:
        """A GET whose body is not read yet. Raises SourceError when there is no answer."""
        self.check()
        if not self.is_secure(url) and not (promised and url.startswith("http:")):
            raise _insecure(url)
        session = self._connected()
        config = self._config
        try:
            response = session.get(
                self._real(url),
                headers={"Accept-Encoding": "gzip, deflate", **(headers or {})},
                timeout=config.timeout,
                stream=True,
            )
        except (OSError, ValueError) as error:
            raise no_answer(url, error) from error
        try:
            yield response
        finally:
            response.close()

    def download(self, url: str, *, promised: bool) -> Iterator[tuple[bytes, int | None]]:
        """A file's bytes piece by piece, each with the size in all when it is said.

        ``promised``: its hash is known, so that it does not matter which way it comes.
        Raises :class:`Broken` when the connection breaks off, SourceError for any status but 200.
        """
        with self.open(url, {"Accept-Encoding": "identity"}, promised=promised) as response:
            if response.status_code != 200:
                raise bad_status(url, response.status_code, response.reason)
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            pieces = response.iter_content(_CHUNK)
            while True:
                self.check()
                try:
                    piece = next(pieces, None)
                except OSError as error:  # all of requests' errors are
                    raise Broken.during(url, error) from error
                if piece is None:
                    return
                yield piece, total

    def piece(self, url: str, start: int, stop: int) -> tuple[bytes, int] | None:
        """The bytes from ``start`` to before ``stop``, and the file's size; None where there are no ranges.

        Raises SourceError for any other answer.
        """
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={start}-{stop - 1}"}
        with self.open(url, headers) as response:
            if response.status_code in (200, 416):
                return None  # its body, which may be huge, stays unread
            if response.status_code != 206:
                raise bad_status(url, response.status_code, response.reason)
            span = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
            if span is None or int(span[1]) != start:
                return None
            try:
                return response.content, int(span[3])
            except OSError as error:
                raise Broken.during(url, error) from error

    def is_secure(self, url: str) -> bool:
        """Whether what comes from there may be believed, as in pip: https, this machine, a trusted host."""
        parts = urlsplit(url)
        if parts.scheme == "https" or _is_trusted(parts.hostname, parts.port, self._config.trusted_hosts):
            return True
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))

    def check(self) -> None:
        """Raises CancelledError once :meth:`stop` was called."""
        if self._stopped.is_set():
            raise CancelledError("interrupted while talking to an index")

    def stop(self) -> None:
        """Break off what is under way; from any thread."""
        self._stopped.set()
        with self._lock:
            if self._session is not None:
                self._session.close()

    def shown(self, url: str) -> str:
        """``url`` without credentials, whether of its host or a token in its path."""
        for real, clean in self._tokens:
            if without_userinfo(url).startswith(real):
                return clean + without_userinfo(url)[len(real) :]
        return without_userinfo(url)

    def _real(self, url: str) -> str:
        """The URL to ask: with the path's token, where the configured index has one."""
        for real, clean in self._tokens:
            if url.startswith(clean):
                return real + url[len(clean) :]
        return url

    def _connected(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = make_session(self._config)
            return self._session


class Broken(SourceError):
    """An answer that began and broke off; asking again may help."""

    @staticmethod
    def during(url: str, error: BaseException) -> Broken:
        """Made of what the connection raised."""
        return Broken(f"{masked(url)} broke off: {_reason(error)}", url=masked(url), status=None)


def no_answer(url: str, error: BaseException) -> SourceError:
    """The error for an index that cannot be reached."""
    certificate = wanted.words(error)
    reason = certificate or _reason(error)
    return SourceError(
        f"{masked(url)} did not answer: {reason}",
        help=wanted.HELP
        if certificate
        else "check the connection, or pip's index, proxy and cert settings (pip config debug)",
        url=masked(url),
        status=None,
    )


def bad_status(url: str, status: int, reason: str = "") -> SourceError:
    """The error for an answer that is neither the file nor a plain "not here"."""
    said = f"{masked(url)} answered {status}{f' ({reason})' if reason else ''}"
    if status in (401, 403, 407):
        advice = f"give credentials in pip's index-url, netrc or keyring; {wanted.HELP}"
    elif status == 400:  # how some servers say it (nginx: "No required SSL certificate was sent")
        advice = f"check pip's index-url (pip config debug); {wanted.HELP}"
    else:
        advice = "try again later, or check pip's index-url (pip config debug)"
    return SourceError(said, help=advice, url=masked(url), status=status)


def _token_prefix(url: str) -> tuple[str, str] | None:
    """For ``https://host/t/TOKEN/org/simple``: where its real URLs begin, and how they are shown."""
    credentials = split_credentials(url)[1] if "://" in url else None
    if credentials is None or credentials.token is None:
        return None
    parts = urlsplit(without_userinfo(url))
    before, _, after = parts.path.partition(f"/t/{credentials.token}")
    organisation = after.strip("/").partition("/")[0]
    real = urlunsplit(parts._replace(path=f"{before}/t/{credentials.token}/{organisation}", query=""))
    return real, urlunsplit(parts._replace(path=f"{before}/{organisation}", query=""))


def _insecure(url: str) -> SourceError:
    parts = urlsplit(url)
    if parts.scheme == "http":
        problem = f"{masked(url)} is not asked: it is plain http and no trusted host"
        advice = f"use https, or name the host in pip's trusted-host: {parts.hostname}"
    else:
        problem, advice = f"{masked(url)} is no http address", "check pip's index-url (pip config debug)"
    return SourceError(problem, help=advice, url=masked(url), status=None)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_trusted(host: str | None, port: int | None, trusted: tuple[str, ...]) -> bool:
    for entry in trusted:
        parts = urlsplit(f"//{entry}")
        if parts.hostname == host and parts.port in (None, port):
            return True
    return False


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words, with no URL of ours in it."""
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or is not there"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.Timeout):
        return "it took too long"
    found: BaseException | None = error
    seen: list[BaseException] = []
    while found is not None and found not in seen:
        seen.append(found)
        inner = found.args[0] if found.args and isinstance(found.args[0], BaseException) else None
        found = getattr(found, "reason", None) or inner or found.__cause__ or found.__context__
        if not isinstance(found, BaseException):
            break
    for cause in reversed(seen):
        if isinstance(cause, ssl.SSLError):
            return f"its TLS certificate or connection is refused ({cause.reason or cause})"
    for cause in reversed(seen):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return masked(str(seen[-1])) or type(error).__name__
