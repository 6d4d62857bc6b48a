"""Connections as pip's configuration says: proxy, certificates, credentials, retries."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
import requests
import urllib3

from condadeps.errors import ConfigError
from condadeps.sources.authentication import Authentication
from condadeps.sources.pip_config import PipConfig

THREADS: Final = 16
"""How many requests may be under way at once."""

_RETRIED: Final = (429, 500, 502, 503, 504, 520, 527)
_LONGEST_WAIT: Final = 30
"""Seconds an index may make us wait by Retry-After."""
_SYSTEM_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def make_session(config: PipConfig) -> requests.Session:
    """Connections as ``config`` says.

    Their first https request raises ConfigError when the CA bundle cannot be read.
    """
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
    session.mount("https://", _Verified(config.retries, _bundle(config)))
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
    """Checks certificates against one context, filled by its first request: that takes longer than one."""

    def __init__(self, retries: int, bundle: str | None) -> None:
        self._bundle = bundle
        self._context: ssl.SSLContext | None = None
        self._filling = threading.Lock()
        super().__init__(retries)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._filled())

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.poolmanager.connection_pool_kw["ssl_context"] = self._filled()
        return super().send(request, *args, **{**kwargs, "verify": True})

    def _filled(self) -> ssl.SSLContext:
        with self._filling:
            if self._context is None:
                self._context = trusted(self._bundle)
            return self._context

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
