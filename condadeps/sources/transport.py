"""Requests to indexes, made as pip's configuration says: proxy, certificates, credentials, retries.

Every failure to get an answer is a SourceError that names the URL (without secrets) and the status.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import certifi
import requests
import urllib3

from condadeps.errors import CancelledError, ConfigError, SourceError
from condadeps.sources.authentication import Authentication
from condadeps.sources.credentials import masked, split_credentials
from condadeps.sources.pip_config import PipConfig

THREADS: Final = 16
_RETRIED: Final = (429, 500, 502, 503, 504, 520, 527)
_BODY_TRIES: Final = 3
_LONGEST_WAIT: Final = 30  # seconds an index may make us wait by Retry-After
_CHUNK: Final = 256 * 1024
_SYSTEM_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


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
    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """A GET whose body is not read yet. Raises SourceError when there is no answer."""
        self.check()
        _check_origin(url, self._config.trusted_hosts)
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

    def download(self, url: str) -> Iterator[tuple[bytes, int | None]]:
        """A file's bytes piece by piece, each with the size in all when it is said.

        Raises :class:`Broken` when the connection breaks off, SourceError for any status but 200.
        """
        with self.open(url, {"Accept-Encoding": "identity"}) as response:
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
            if _plain(url).startswith(real):
                return clean + _plain(url)[len(real) :]
        return _plain(url)

    def _real(self, url: str) -> str:
        """The URL to ask: with the path's token, where the configured index has one."""
        for real, clean in self._tokens:
            if url.startswith(clean):
                return real + url[len(clean) :]
        return url

    def _connected(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = _session(self._config)
            return self._session


class Broken(SourceError):
    """An answer that began and broke off; asking again may help."""

    @staticmethod
    def during(url: str, error: BaseException) -> Broken:
        """Made of what the connection raised."""
        return Broken(f"{masked(url)} broke off: {_reason(error)}", url=masked(url), status=None)


def no_answer(url: str, error: BaseException) -> SourceError:
    """The error for an index that cannot be reached."""
    reason = _reason(error)
    return SourceError(
        f"{masked(url)} did not answer: {reason}",
        help="check the connection, or pip's index, proxy and cert settings (pip config debug)",
        url=masked(url),
        status=None,
    )


def bad_status(url: str, status: int, reason: str = "") -> SourceError:
    """The error for an answer that is neither the file nor a plain "not here"."""
    said = f"{masked(url)} answered {status}{f' ({reason})' if reason else ''}"
    if status in (401, 403, 407):
        advice = "give credentials in pip's index-url, netrc or keyring"
    else:
        advice = "try again later, or check pip's index-url (pip config debug)"
    return SourceError(said, help=advice, url=masked(url), status=status)


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def _token_prefix(url: str) -> tuple[str, str] | None:
    """For ``https://host/t/TOKEN/org/simple``: where its real URLs begin, and how they are shown."""
    credentials = split_credentials(url)[1] if "://" in url else None
    if credentials is None or credentials.token is None:
        return None
    parts = urlsplit(_plain(url))
    before, _, after = parts.path.partition(f"/t/{credentials.token}")
    organisation = after.strip("/").partition("/")[0]
    real = urlunsplit(parts._replace(path=f"{before}/t/{credentials.token}/{organisation}", query=""))
    return real, urlunsplit(parts._replace(path=f"{before}/{organisation}", query=""))


def _check_origin(url: str, trusted: tuple[str, ...]) -> None:
    """pip looks at no plain-http index but this machine's and the trusted ones; neither do we."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_trusted(parts.hostname, parts.port, trusted):
        return
    if parts.scheme == "http":
        if parts.hostname == "localhost" or _is_loopback(parts.hostname or ""):
            return
        problem = f"{masked(url)} is not asked: it is plain http and no trusted host"
        advice = f"use https, or name the host in pip's trusted-host: {parts.hostname}"
    else:
        problem, advice = f"{masked(url)} is no http address", "check pip's index-url (pip config debug)"
    raise SourceError(problem, help=advice, url=masked(url), status=None)


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


def _session(config: PipConfig) -> requests.Session:
    session = requests.Session()
    session.auth = Authentication((*config.index_urls, *config.find_links), config.keyring)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # no state shared by threads
    session.headers["User-Agent"] = f"condadeps (requests {requests.__version__})"
    session.cert = config.client_cert
    if config.proxy is not None or config.no_proxy_env:
        session.trust_env = False
        if config.proxy:
            session.proxies = {"http": config.proxy, "https": config.proxy}
    insecure = _Unverified(config.retries)
    session.mount("https://", _Verified(config.retries, trusted(_bundle(config))))
    session.mount("http://", insecure)
    for host in config.trusted_hosts:
        session.mount(f"https://{host}/", insecure)
        if urlsplit(f"//{host}").port is None:
            session.mount(f"https://{host}:", insecure)
    return session


class _Retry(urllib3.Retry):
    def get_retry_after(self, response: Any) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, _LONGEST_WAIT)


class _Adapter(requests.adapters.HTTPAdapter):
    def __init__(self, retries: int) -> None:
        retry = _Retry(
            total=max(0, retries),
            status_forcelist=_RETRIED,
            allowed_methods=("GET", "HEAD"),
            backoff_factor=0.25,
            raise_on_status=False,
        )
        super().__init__(pool_connections=THREADS, pool_maxsize=THREADS, max_retries=retry)


class _Verified(_Adapter):
    """Checks certificates against one context, filled once: reading a bundle takes longer than a request."""

    def __init__(self, retries: int, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(retries)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        return super().send(request, *args, **{**kwargs, "verify": True})

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        verify = False  # True would name a bundle, to be read again for each connection
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # requests has no types
        conn.cert_reqs = "CERT_REQUIRED"


class _Unverified(_Adapter):
    """For plain http and for pip's trusted hosts, whose certificates are not looked at."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the site trusts it
        return super().send(request, *args, **{**kwargs, "verify": False})


def _bundle(config: PipConfig) -> str | None:
    """The CA bundle that pip's configuration or, where that counts, the environment names."""
    if config.cert or config.proxy is not None or config.no_proxy_env:
        return config.cert
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


def trusted(bundle: str | None) -> ssl.SSLContext:
    """What pip trusts: the system's certificates, the ones requests brings, and ``bundle``.

    Raises ConfigError when ``bundle`` cannot be read.
    """
    context: ssl.SSLContext
    if sys.platform in ("darwin", "win32"):
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:  # here truststore would read the same files, again for each connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        usual = next((path for path in _SYSTEM_BUNDLES if Path(path).is_file()), None)
        if usual is not None and ssl.get_default_verify_paths().cafile is None:
            context.load_verify_locations(usual)
    context.load_verify_locations(certifi.where())
    if bundle:
        try:
            directory = Path(bundle).is_dir()
            context.load_verify_locations(None if directory else bundle, bundle if directory else None)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(
                f"the CA bundle {bundle} cannot be read",
                help="check pip's cert setting, or REQUESTS_CA_BUNDLE",
                place=bundle,
            ) from error
    return context


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
