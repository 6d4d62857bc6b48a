"""When a channel does not answer, or not sensibly: said as what it is, never taken for absence.

The engine tells of failures by text alone; :func:`source_error` reads the status and the URL
back out of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from condadeps.errors import SourceError
from condadeps.pki import wanted
from condadeps.sources.channels import Channel
from condadeps.sources.credentials import masked, without_credentials

_CERTIFICATE = "client certificate"
_STATUS = re.compile(r"HTTP status \w+ error \((\d{3})([^)]*)\) for url \((\S+?)\)")
_UNEXPECTED = re.compile(r"unexpected status code \((\d{3})([^)]*)\) when fetching (\S+?)\.?\s")
_URL = re.compile(r"(?:https?|file|s3|oci|gcs)://[^\s'\")>]+")
_RELAYED = re.compile(r"http://127\.0\.0\.1:\d+/[\w-]{32}/\d+/")


def source_error(
    error: Exception, channels: Sequence[Channel], relayed: Mapping[str, str] | None = None
) -> SourceError:
    """The error for a person and a program, made from the engine's.

    ``channels`` were asked; the one that is to blame is found by its URL. ``relayed`` are the relay's
    reasons by URL (:attr:`condadeps.sources.relay.Relay.failures`), better than the 502 the engine saw.
    """
    text = masked(_RELAYED.sub("", str(error)))
    if "no usable repodata cache" in text or "is not in the cache" in text:
        return _incomplete_cache(text, channels)
    status, reason, url = _read(text)
    if relayed and status == 502:
        url, reason = next(iter(relayed.items()))
        status = None
    elif status is None:
        reason = wanted.words(text) or reason
    channel = _to_blame(url, channels)
    none = _no_channel(status, url, text)
    return SourceError(
        f"{channel} is no channel: {none}"
        if none
        else f"the channel {channel} did not answer sensibly: {reason}",
        detail=[url] if url else [],
        help=wanted.HELP if _CERTIFICATE in reason else _help(status, url, channel, none),
        url=url or channel,
        status=status,
        reason=reason,
        channel=channel,
    )


def unreachable(channel: Channel, url: str, reason: str) -> SourceError:
    """The error for a channel that was asked directly and stayed silent or spoke nonsense."""
    url = without_credentials(url)
    return SourceError(
        f"the channel {channel} did not answer sensibly: {reason}",
        detail=[url],
        help=wanted.HELP if _CERTIFICATE in reason else _help(None, url, channel.name),
        url=url,
        status=None,
        reason=reason,
        channel=channel.name,
    )


def reason(error: Exception) -> str:
    """Why a request of requests' own failed, in a few words and without a URL."""
    import requests

    match error:
        case requests.exceptions.ProxyError():
            return "the proxy does not answer"
        case _ if told := wanted.words(error):
            return told
        case requests.exceptions.SSLError():
            return "its TLS certificate cannot be verified"
        case requests.Timeout():
            return "no answer in time"
        case requests.ConnectionError():
            return "no connection"
        case _:
            return masked(str(error))


def is_stale_answer(error: Exception) -> bool:
    """Whether the engine stumbled over a ``304`` that lacks what it wants (Python's own server's do)."""
    return "304 Not Modified" in str(error)


def _read(text: str) -> tuple[int | None, str, str]:
    """Status, reason and URL out of the engine's words, without secrets."""
    for pattern in (_STATUS, _UNEXPECTED):
        if found := pattern.search(text):
            status, words, url = found.groups()
            return int(status), f"{status}{words}".strip(), without_credentials(url)
    urls = _URL.findall(text)
    url = without_credentials(urls[0].rstrip(".,:")) if urls else ""
    lines = [line.removeprefix("Caused by: ").strip() for line in text.splitlines() if line.strip()]
    if any("for url (" in line for line in lines[:-1]):
        # The innermost cause is the one that says something: "operation timed out".
        return None, lines[-1], url
    return None, ": ".join(lines), url


def _incomplete_cache(text: str, channels: Sequence[Channel]) -> SourceError:
    urls = _URL.findall(text)
    url = without_credentials(urls[0].rstrip(".,:")) if urls else ""
    channel = _to_blame(url, channels)
    return SourceError(
        f"offline, and the cache of the channel {channel} is not complete enough to say what it has",
        detail=[url] if url else [],
        help="do it once online (without --offline, and without conda's setting offline)",
        url=url,
        status=None,
        reason="not in the cache",
        channel=channel,
    )


def _to_blame(url: str, channels: Sequence[Channel]) -> str:
    for channel in channels:
        if (url.rstrip("/") + "/").startswith(f"{channel.base_url}/"):
            return channel.name
    return channels[0].name if len(channels) == 1 else ", ".join(channel.name for channel in channels)


def _no_channel(status: int | None, url: str, text: str) -> str:
    """Why what was found is no channel, where something was found or certainly nothing is there.

    An error like silence, and never an empty channel: only a channel can say that a package is not there.
    """
    if status == 404 and "/noarch/" in url:
        return f"its server answers, and there is no noarch/repodata.json ({status})"
    missing = "could not find subdir 'noarch'" in text and "No such file" in text
    if not url.startswith("file:") or not missing:
        return ""
    from urllib.request import url2pathname  # with http.client and more, which a plan does not need

    directory = Path(url2pathname(urlsplit(url).path))
    if not directory.is_dir():
        return "there is no such directory"
    return "the directory has no noarch/repodata.json"


def _help(status: int | None, url: str, channel: str, none: str = "") -> str:
    if none:
        return f"check the name or place {channel}: a channel has a noarch/repodata.json"
    if status in (401, 403):
        return f"check the credentials for {channel} (a token in its URL, netrc, or the system's keyring)"
    return "check the network, and conda's channels, proxy_servers and ssl_verify; or try again later"
