"""Where the overrides come from: ``https://``, ``file://``; kept with an ETag for when a server is away."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from condadeps.errors import ConfigError
from condadeps.overrides import document
from condadeps.overrides.document import Document, InvalidDocument
from condadeps.pki import held, wanted
from condadeps.sources.cache import read_bytes, write_bytes
from condadeps.sources.credentials import without_credentials

if TYPE_CHECKING:
    import requests

TIMEOUT = 10.0
"""Seconds that all of one fetch may take."""
FRESH = 60.0
"""Seconds in which a server is not asked again."""
MAX_BYTES = 8 * 2**20
_GONE = (404, 410)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What reading the overrides came to."""

    document: Document | None
    """None when there is none to go by: work goes on as configured."""
    age: float | None = None
    """Seconds since the server last stood by it, when it is a kept copy that could not be asked about."""
    warnings: tuple[str, ...] = ()


class _Unusable(Exception):
    """There is no document; ``away``: the server gave no answer about it, and a kept copy may stand in."""

    def __init__(self, why: str, *, away: bool) -> None:
        super().__init__(why)
        self.away = away


@dataclass(frozen=True, slots=True)
class _Kept:
    """The copy of one document in the cache."""

    text: str
    etag: str | None
    modified: str | None
    checked: float
    """When the server last gave it or stood by it (seconds since the epoch)."""


def read(
    link: str,
    *,
    cache: Path,
    required: bool = False,
    offline: bool = False,
    pki: bool = False,
    timeout: float = TIMEOUT,
    fresh: float = FRESH,
    clock: Callable[[], float] = time.time,
) -> Fetched:
    """The overrides at ``link``: a URL (``https://``, ``file://``) or a path.

    ``cache`` is a directory of its own. Connections are made by pip's configuration, with ``pki`` by the
    certificate that is held (:mod:`condadeps.pki.held`). Whatever goes wrong is a warning, and the kept
    copy counts when the server is away or what it sends is broken; its age is said. A document that is not
    there (404) is not replaced by a copy.

    With ``required``, raises ConfigError when there is nothing to go by, and for entries that cannot be read.
    """
    shown = _shown(link)
    try:
        fetched = _read(link, shown, cache, offline, pki, timeout, fresh, clock)
    except _Unusable as error:
        if required:
            raise _refusal(shown, str(error)) from None
        told = f"the overrides at {shown} are not heeded: {error}"
        return Fetched(None, warnings=(told,))
    if required and fetched.document is not None and fetched.document.problems:
        raise _refusal(shown, fetched.document.problems[0])
    return fetched


def _read(
    link: str,
    shown: str,
    cache: Path,
    offline: bool,
    pki: bool,
    timeout: float,
    fresh: float,
    clock: Callable[[], float],
) -> Fetched:
    path = _local(link)
    if path is not None:
        return Fetched(_parsed(_text_of(path), shown))
    _check(link)
    place = cache / f"{hashlib.sha256(link.encode()).hexdigest()}.json"
    kept = _kept(place)
    if kept is not None and 0 <= clock() - kept.checked < fresh:
        return Fetched(_parsed(kept.text, shown))
    try:
        if offline:
            raise _Unusable("this is offline", away=True)
        now = _asked(link, kept, pki, timeout, clock)
        found = _parsed(now.text, shown)
        write_bytes(place, json.dumps(_plain(now)).encode())
        return Fetched(found)
    except _Unusable as error:
        if kept is None or not error.away:
            raise
        age = max(0.0, clock() - kept.checked)
        told = f"the overrides at {shown} cannot be asked for ({error}); those of {_ago(age)} are used"
        return Fetched(_parsed(kept.text, shown), age, (told,))


def _asked(
    link: str,
    kept: _Kept | None,
    pki: bool,
    timeout: float,
    clock: Callable[[], float],
) -> _Kept:
    """What the server says now. Raises _Unusable."""
    import requests

    headers: dict[str, str] = {"Accept": "application/json"}
    if kept is not None and kept.etag:
        headers["If-None-Match"] = kept.etag
    if kept is not None and kept.modified:
        headers["If-Modified-Since"] = kept.modified
    if pki and (why := held.missing()):
        raise _Unusable(f"it is asked for with a client certificate: {why}", away=True)
    try:
        session = _session(pki)
        with session.get(link, headers=headers, timeout=timeout, stream=True) as answer:
            for step in (*answer.history, answer):
                _check(step.url)
            if answer.status_code == 304 and kept is not None:
                return replace(kept, checked=clock())
            if answer.status_code != 200:
                gone = answer.status_code in _GONE
                raise _Unusable(f"the server answered {answer.status_code}", away=not gone)
            text = _body(answer, timeout)
            etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
            return _Kept(text, etag, modified, clock())
    except (requests.RequestException, OSError) as error:
        raise _Unusable(_reason(error, timeout), away=True) from None


def _body(answer: requests.Response, timeout: float) -> str:
    """The body, within the time: a server that sends a byte now and then is away too."""
    started = time.monotonic()
    received = bytearray()
    for block in answer.iter_content(1 << 16):
        received += block
        if len(received) > MAX_BYTES:
            raise _Unusable(f"it is larger than {MAX_BYTES >> 20} MB", away=True)
        if time.monotonic() - started > timeout:
            raise _Unusable(f"not all of it came within {timeout:g} s", away=True)
    return _decoded(bytes(received))


def _session(pki: bool) -> requests.Session:
    from condadeps.sources.pip_config import PipConfig
    from condadeps.sources.session import make_session

    config = replace(PipConfig.read(), retries=0)
    return make_session(held.for_indexes(config) if pki else config)


def _parsed(text: str, shown: str) -> Document:
    try:
        return document.read(text, shown)
    except InvalidDocument as error:
        raise _Unusable(str(error), away=True) from None


def _kept(place: Path) -> _Kept | None:
    content = read_bytes(place)
    try:
        plain: Any = json.loads(content) if content else None
        return _Kept(**plain) if plain else None
    except (ValueError, TypeError):
        return None


def _plain(kept: _Kept) -> dict[str, Any]:
    return {"text": kept.text, "etag": kept.etag, "modified": kept.modified, "checked": kept.checked}


def _local(link: str) -> Path | None:
    if link.startswith("file:"):
        from urllib.request import url2pathname  # takes 15 ms to import

        return Path(url2pathname(urlsplit(link).path))
    return None if "://" in link else Path(link).expanduser()


def _text_of(path: Path) -> str:
    try:
        return _decoded(path.read_bytes())
    except OSError as error:
        raise _Unusable(error.strerror or str(error), away=False) from None


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unusable("it is not UTF-8 text", away=True) from None


def _check(link: str) -> None:
    """Whoever can change a document on its way steers what is installed: plain http is not taken."""
    parts = urlsplit(link)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise _Unusable(f"{parts.scheme}:// is not taken, https:// and file:// are", away=False)


def _refusal(shown: str, why: str) -> ConfigError:
    return ConfigError(
        f"the overrides at {shown} are required here, and there are none to go by: {why}",
        help="overrides_required = false goes on without them",
        place=shown,
    )


def _shown(link: str) -> str:
    return without_credentials(link).partition("?")[0]


def _reason(error: Exception, timeout: float) -> str:
    """Why there was no answer; the libraries' own words may have the URL in them, and are not repeated."""
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause).lower()
        if told := wanted.words(cause):
            return f"{told} ({wanted.HELP})"
        if "certificate" in text:
            return "its certificate is not trusted"
        if "timed out" in text:
            return f"no answer within {timeout:g} s"
        cause = cause.__cause__ or cause.__context__
    return f"it cannot be reached ({type(error).__name__})"


def _ago(seconds: float) -> str:
    """``3 hours ago``."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "a moment ago"
