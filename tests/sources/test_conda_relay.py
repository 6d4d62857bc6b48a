"""TLS and proxy settings of conda's hold for repodata and packages alike."""

from __future__ import annotations

import asyncio
import functools
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import SourceError
from condadeps.names.namespaces import PackageName
from condadeps.sources.condarc import CondaConfig
from tests.channel.server import Fault, serve
from tests.sources.handmade import Made, channel, source

FOO = PackageName("foo")
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl to make certificates with"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return channel(tmp_path_factory.mktemp("made"), Made("foo"), Made("bar", subdir="noarch"))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and a server's and a client's certificate of it."""
    folder = tmp_path_factory.mktemp("pki")
    for arguments in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2"
        " -copy_extensions copy",
        "req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /CN=me",
        "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out client.pem -days 2",
    ):
        subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)
    return folder


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def listening(server: ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving_tls(directory: Path, pki: Path, client_needed: bool = False) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(directory)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    if client_needed:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki / "ca.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with listening(server) as port:
        yield f"https://localhost:{port}"


def use(config: CondaConfig, tmp_path: Path, environ: dict[str, str] | None = None) -> None:
    """Reads repodata and fetches a package; the record must not tell of any relay."""
    from rattler.package_streaming import download_to_path

    conda = source(config, tmp_path, environ=environ or {})

    async def everything() -> None:
        assert await conda.names() == {"foo", "bar"}
        record = (await conda.records([FOO]))[FOO][0]
        assert record.url == f"{config.channels[0]}/linux-64/foo-1.0-0.tar.bz2"
        await download_to_path(conda.client, record.url, tmp_path / "package")

    try:
        asyncio.run(everything())
    finally:
        conda.close()


def config(url: str, **settings: Any) -> CondaConfig:
    return CondaConfig(channels=(url,), remote_max_retries=0, **settings)


@needs_openssl
def test_a_ca_bundle_is_trusted(made: Path, pki: Path, tmp_path: Path) -> None:
    with serving_tls(made, pki) as url:
        use(config(url, ssl_verify=str(pki / "ca.pem")), tmp_path)


@needs_openssl
def test_requests_variable_for_a_ca_bundle_is_heeded(
    made: Path, pki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pki / "ca.pem"))
    with serving_tls(made, pki) as url:
        use(config(url), tmp_path, {"REQUESTS_CA_BUNDLE": str(pki / "ca.pem")})


@needs_openssl
def test_verification_can_be_switched_off_whatever_the_variables_say(
    made: Path, pki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pki / "client.pem"))
    with serving_tls(made, pki) as url:
        use(config(url, ssl_verify=False), tmp_path)


@needs_openssl
def test_a_certificate_nobody_vouches_for_is_refused(made: Path, pki: Path, tmp_path: Path) -> None:
    with serving_tls(made, pki) as url:
        for settings in ({}, {"ssl_verify": str(pki / "client.pem")}, {"ssl_verify": "truststore"}):
            with pytest.raises(SourceError):
                use(config(url, **settings), tmp_path)


@needs_openssl
def test_a_client_certificate_opens_a_channel(made: Path, pki: Path, tmp_path: Path) -> None:
    with serving_tls(made, pki, client_needed=True) as url:
        verify = {"ssl_verify": str(pki / "ca.pem")}
        with pytest.raises(SourceError):
            use(config(url, **verify), tmp_path / "without")
        certificate = {
            "client_ssl_cert": str(pki / "client.pem"),
            "client_ssl_cert_key": str(pki / "client.key"),
        }
        use(config(url, **verify, **certificate), tmp_path / "with")


class Proxy(BaseHTTPRequestHandler):
    """Forwards plain GETs, and keeps what it was asked for."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.path) as response:
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def proxying() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Proxy", (Proxy,), {"asked": asked})
    with listening(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}", asked


def test_configured_proxies_are_used_by_scheme_and_by_host(made: Path, tmp_path: Path) -> None:
    with serve(made) as server, proxying() as (proxy, asked):
        use(config(server.url, proxy_servers={"http": proxy}), tmp_path / "scheme")
        assert any(url.endswith("/foo-1.0-0.tar.bz2") for url in asked)
        asked.clear()
        use(
            config(server.url, proxy_servers={"http://127.0.0.1": proxy, "http": "http://127.0.0.1:9"}),
            tmp_path,
        )
        assert asked
        asked.clear()
        use(config(server.url, proxy_servers={"https": proxy}), tmp_path / "other")
        assert not asked


def test_a_proxy_that_is_not_there_is_an_error_that_says_so(made: Path, tmp_path: Path) -> None:
    with serve(made) as server, pytest.raises(SourceError) as caught:
        use(config(server.url, proxy_servers={"http": "http://me:hush@127.0.0.1:9"}), tmp_path)
    assert caught.value.data["url"].startswith(server.url)
    assert "hush" not in f"{caught.value} {caught.value.data}"
    assert server.paths() == []


def test_a_proxy_of_the_variables_does_not_stand_before_the_relay(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serve(made) as server, proxying() as (proxy, asked):
        use(config(server.url, proxy_servers={"http": proxy}), tmp_path)
        assert asked


def test_credentials_pass_the_relay_and_show_nowhere(made: Path, tmp_path: Path) -> None:
    with serve(made, mount="/t/tk-hush/channel") as server, proxying() as (proxy, asked):
        clean = server.url.replace("/t/tk-hush", "")
        conda = source(config(server.url, proxy_servers={"http": proxy}), tmp_path)
        found = asyncio.run(conda.records([FOO]))[FOO]
        assert found[0].url.startswith(clean)
        assert all("/t/tk-hush/" in url for url in asked)
        server.faults.append(Fault("*", status=403))
        other = source(config(server.url, proxy_servers={"http": proxy}), tmp_path / "other")
        with pytest.raises(SourceError) as caught:
            asyncio.run(other.names())
        assert caught.value.data["status"] == 403
        assert caught.value.data["channel"] == clean
        assert "hush" not in f"{caught.value} {caught.value.data}"


def test_nobody_without_the_secret_can_use_the_relay(made: Path, tmp_path: Path) -> None:
    from condadeps.sources.relay import Relay

    with serve(made) as server:
        import requests

        relay = Relay([server.url], requests.Session, (1, 1))
        inside = relay.url(server.url)
        assert requests.get(f"{inside}noarch/repodata.json", timeout=5).status_code == 200
        root = inside.split("/", 3)
        for path in (
            "0/noarch/repodata.json",
            "x/0/noarch/repodata.json",
            "",
            f"{root[3].split('/')[0]}/7/x",
        ):
            assert requests.get("/".join((*root[:3], path)), timeout=5).status_code == 403
        relay.close()


def test_a_package_cut_short_behind_the_relay_is_not_taken_for_whole(made: Path, tmp_path: Path) -> None:
    import requests

    from condadeps.sources.relay import Relay

    with serve(made, [Fault("*.bz2", cut=50)]) as server:
        relay = Relay([server.url], requests.Session, (1, 1))
        with pytest.raises(requests.RequestException):
            requests.get(f"{relay.url(server.url)}linux-64/foo-1.0-0.tar.bz2", timeout=5)
        relay.close()
