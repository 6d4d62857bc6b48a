"""Certificates and proxies count as pip's configuration says, and nothing else does."""

from __future__ import annotations

import functools
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme

from condadeps.errors import ConfigError, SourceError
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.sources import simple_index as made

_NOT_SET = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bundle and no proxy of this machine's environment."""
    for name in _NOT_SET:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    """The port of a server that runs meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def tls_index(root: Path, authority: trustme.CA, *, wants_client: bool = False) -> Iterator[str]:
    """The URL of an https index of six 1.0, with a certificate of ``authority``."""
    made.html_page(root, "six", [made.wheel(root / "files", "six", "1.0")])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    if wants_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(root)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as port:
        yield f"https://localhost:{port}/simple"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def found(settings: PipConfig, cache: Path) -> str:
    async def ask(source: PypiSource) -> str:
        page = await source.page(made.project("six"))
        assert page is not None
        path = await source.fetch(page.files[0], cache / "out")
        return path.name

    return made.use(settings, cache, ask)


def test_an_unknown_authority_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    with tls_index(tmp_path / "root", authority) as url, pytest.raises(SourceError, match="TLS"):
        found(made.config(url), tmp_path)


def test_the_configured_bundle_is_trusted(authority: trustme.CA, bundle: str, tmp_path: Path) -> None:
    with tls_index(tmp_path / "root", authority) as url:
        assert found(made.config(url, cert=bundle), tmp_path)


def test_the_configured_bundle_counts_beside_the_environments(
    authority: trustme.CA, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with tls_index(tmp_path / "root", authority) as url:
        assert found(made.config(url, cert=bundle), tmp_path)


def test_the_environments_bundle_is_trusted(
    authority: trustme.CA, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with tls_index(tmp_path / "root", authority) as url:
        assert found(made.config(url), tmp_path)


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.pem"):
        found(made.config("https://localhost:9/simple", cert=str(tmp_path / "gone.pem")), tmp_path)


def test_a_trusted_host_needs_no_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    with tls_index(tmp_path / "root", authority) as url:
        assert found(made.config(url, trusted_hosts=("localhost",)), tmp_path)


def test_the_client_certificate_is_shown(authority: trustme.CA, bundle: str, tmp_path: Path) -> None:
    mine = tmp_path / "me.pem"
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(mine)
    with tls_index(tmp_path / "root", authority, wants_client=True) as url:
        assert found(made.config(url, cert=bundle, client_cert=str(mine)), tmp_path)
        with pytest.raises(SourceError):
            found(made.config(url, cert=bundle), tmp_path / "other")


def test_the_configured_proxy_is_used_and_an_empty_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    made.html_page(root, "six", [made.wheel(root / "files", "six", "1.0")])
    passed: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed.append(self.path)
            with urlopen(self.path) as response:
                body = response.read()
                self.send_response(200)
                self.send_header("Content-Type", response.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to say."""

    files = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(root)))
    with running(files) as port, running(ThreadingHTTPServer(("127.0.0.1", 0), Proxy)) as proxy_port:
        url, proxy = f"http://127.0.0.1:{port}/simple", f"http://127.0.0.1:{proxy_port}"
        assert found(made.config(url, proxy=proxy), tmp_path / "one")
        assert passed[0] == f"{url}/six/"
        passed.clear()
        monkeypatch.setenv("HTTP_PROXY", proxy)
        assert found(made.config(url), tmp_path / "two")
        assert len(passed) == 2
        assert found(made.config(url, no_proxy_env=True), tmp_path / "three")
        assert found(made.config(url, proxy=""), tmp_path / "four")
        assert len(passed) == 2
    with pytest.raises(SourceError, match="proxy"):
        found(made.config("http://127.0.0.1:9/simple", proxy="http://127.0.0.1:9"), tmp_path / "five")
