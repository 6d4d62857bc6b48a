"""How channels are reached: the engine's client, and requests, both as conda's configuration says."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from condadeps.sources import credentials
from condadeps.sources.channels import Channel
from condadeps.sources.condarc import CondaConfig

if TYPE_CHECKING:
    import ssl

    import requests
    from rattler.networking import Client

    from condadeps.sources.relay import Relay

_LONGEST = 1800
"""Seconds one request may take in all. The engine's client has no limit on silence, only on the
whole, so this must let a large package through a slow line; silence is watched for elsewhere."""


Tls = Callable[[bool | str], "ssl.SSLContext | None"]
"""From conda's ``ssl_verify`` to the TLS of its requests, with a client certificate; None: without one."""


class Transport:
    """The engine's client for some channels, and what it needs beside it. Close it when done."""

    def __init__(
        self,
        config: CondaConfig,
        channels: Sequence[Channel],
        environ: Mapping[str, str] | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._config = config
        # Made once, and now: what is wrong with it is to be told before anything is asked.
        self._tls = tls(config.ssl_verify) if tls is not None else None
        self._environ = os.environ if environ is None else environ
        self._remote = [channel for channel in channels if _is_http(channel.base_url)]
        self.relay = self._start_relay() if self._needs_relay() else None
        self.client = self._client()

    def close(self) -> None:
        """Ends the relay, if there is one."""
        if self.relay is not None:
            self.relay.close()
            self.relay = None

    def session(self) -> requests.Session:
        """A requests session set up as conda's would be."""
        return session(self._config, self._tls)

    def timeout(self) -> tuple[float, float]:
        """Seconds for connecting, and between two bytes."""
        return self._config.remote_connect_timeout_secs, self._config.remote_read_timeout_secs

    def _needs_relay(self) -> bool:
        config = self._config
        if any(_is_http(channel.base_url) for channel in self._remote) and config.proxy_servers:
            return True
        # Conda heeds requests' variables; the engine's client knows only SSL_CERT_FILE.
        bundle = self._environ.get("REQUESTS_CA_BUNDLE") or self._environ.get("CURL_CA_BUNDLE")
        foreign_bundle = bundle and not self._environ.get("SSL_CERT_FILE")
        special = config.ssl_verify not in (True, "truststore") or config.client_ssl_cert or foreign_bundle
        secure = any(channel.base_url.startswith("https:") for channel in self._remote)
        return bool(special or self._tls) and secure

    def _start_relay(self) -> Relay:
        from condadeps.sources.relay import Relay  # what it imports is slow, and few need it

        targets = {with_credentials(channel) for channel in self._remote}
        targets |= {_origin(channel.base_url) for channel in self._remote}
        return Relay(sorted(targets), self.session, self.timeout())

    def _client(self) -> Client:
        from rattler.networking import (
            AddHeadersMiddleware,
            AuthenticationMiddleware,
            Client,
            GCSMiddleware,
            MirrorMiddleware,
            OciMiddleware,
            RetryMiddleware,
            S3Middleware,
        )

        from condadeps import __version__

        stack: list[
            AddHeadersMiddleware
            | AuthenticationMiddleware
            | RetryMiddleware
            | MirrorMiddleware
            | OciMiddleware
            | GCSMiddleware
            | S3Middleware
        ] = [RetryMiddleware(self._config.remote_max_retries)]
        passwords = [channel for channel in self._remote if channel.credentials.username]
        if passwords and self.relay is None:
            stack.append(AddHeadersMiddleware(_basic_authentication(passwords)))
        stack.append(AuthenticationMiddleware())
        if mirrors := self._mirrors():
            stack.append(MirrorMiddleware(mirrors))
        stack += [OciMiddleware(), GCSMiddleware(), S3Middleware()]
        with _loopback_is_no_proxy_matter(self.relay is not None):
            return Client(stack, user_agent=f"condadeps/{__version__}", timeout=_LONGEST)

    def _mirrors(self) -> dict[str, list[str]]:
        """Where requests really go, by what they are for: the engine itself never sees a secret."""
        if self.relay is not None:
            origins = {_origin(channel.base_url) for channel in self._remote}
            return {
                **{f"{origin}/": [self.relay.url(origin)] for origin in origins},
                **{
                    f"{channel.base_url}/": [self.relay.url(with_credentials(channel))]
                    for channel in self._remote
                },
            }
        return {
            f"{channel.base_url}/": [f"{_with_token(channel)}/"]
            for channel in self._remote
            if channel.credentials.token
        }


def session(config: CondaConfig, tls: ssl.SSLContext | None = None) -> requests.Session:
    """A requests session with conda's TLS, certificate and proxy settings; ``tls`` in place of the first two.

    Pass its ``verify`` with each request: otherwise requests lets REQUESTS_CA_BUNDLE overrule a False.
    """
    import requests

    made = requests.Session()
    if tls is not None:
        _speak(made, tls)
        made.verify = config.ssl_verify is not False
    elif config.ssl_verify == "truststore":
        import ssl

        _speak(made, ssl.create_default_context())
    else:
        made.verify = config.ssl_verify
    if config.ssl_verify is False:
        import urllib3

        # Whoever switched it off knows; a warning for each request helps nobody.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if config.client_ssl_cert and tls is None:
        key = config.client_ssl_cert_key
        made.cert = (config.client_ssl_cert, key) if key else config.client_ssl_cert
    if config.proxy_servers:
        made.proxies.update({name: url for name, url in config.proxy_servers.items() if url})
        # As conda does: configured proxies replace those of the variables.
        made.trust_env = False
    return made


def with_credentials(channel: Channel) -> str:
    """The URL to send a request to, secrets and all. Never to be shown or kept."""
    return credentials.with_credentials(channel.base_url, channel.credentials)


def _with_token(channel: Channel) -> str:
    only_token = replace(channel.credentials, username=None, password=None)
    return credentials.with_credentials(channel.base_url, only_token)


def _basic_authentication(channels: Sequence[Channel]) -> Callable[[str, str], dict[str, str] | None]:
    """What py-rattler calls for each request's host and path, to learn of further headers."""
    known = []
    for channel in channels:
        parts = urlsplit(channel.base_url)
        secret = f"{channel.credentials.username}:{channel.credentials.password or ''}".encode()
        header = {"Authorization": f"Basic {base64.b64encode(secret).decode()}"}
        known.append((parts.hostname or "", f"{parts.path}/", header))

    def headers(host: str, path: str) -> dict[str, str] | None:
        found = [header for name, start, header in known if host == name and path.startswith(start)]
        return found[0] if found else None

    return headers


def _speak(made: requests.Session, context: ssl.SSLContext) -> None:
    """Have ``made`` use ``context``, which says whom to trust and what to show."""
    from requests.adapters import HTTPAdapter

    class Speaking(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, **kwargs, ssl_context=context)

    made.mount("https://", Speaking())


def _is_http(url: str) -> bool:
    return url.startswith(("http:", "https:"))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@contextlib.contextmanager
def _loopback_is_no_proxy_matter(relayed: bool) -> Iterator[None]:
    """The engine's client reads the proxy variables when it is made; the relay is never behind one."""
    if not relayed:
        yield
        return
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    both = ",".join([value for value in before.values() if value] + ["127.0.0.1"])
    os.environ.update(dict.fromkeys(before, both))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
