"""TLS as clients see it that are not ours: openssl's, sslyze's, curl's, and Python's with an authority."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from secure_jupyter import certificate

from tests.launch.certificates import Mounted, mount
from tests.launch.servers import TOKEN, Server, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def server(jupyter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a certificate of its own and nothing else said."""
    home = tmp_path_factory.mktemp("own")
    with serving(jupyter, home, JUPYTER_TOKEN=TOKEN, CERT_HOSTS="jupyter.example.org,192.0.2.7") as running:
        yield running


@pytest.fixture(scope="module")
def mounted(jupyter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Mounted]]:
    """With a mounted certificate."""
    home = tmp_path_factory.mktemp("mounted")
    files = mount(home / "tls")
    with serving(jupyter, home, JUPYTER_TOKEN=TOKEN, **files.environ) as running:
        yield running, files


def openssl(server: Server, *options: str) -> str:
    """What ``openssl s_client`` says of a handshake."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_tls_1_2_and_1_3_are_spoken(server: Server, version: str) -> None:
    said = openssl(server, version)
    assert (
        f"Protocol  : TLSv{version[-3:].replace('_', '.')}" in said
        or f"New, TLSv{version[-3:].replace('_', '.')}" in said
    )
    assert "Cipher is (NONE)" not in said


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_ones_are_not(server: Server, version: str) -> None:
    # Security level 0, so that it is the server that says no.
    assert "Cipher is (NONE)" in openssl(server, version, "-cipher", "DEFAULT:@SECLEVEL=0")


@pytest.mark.parametrize(
    "cipher", ["ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-SHA"]
)
def test_ciphers_without_forward_secrecy_or_authentication_are_not(server: Server, cipher: str) -> None:
    assert "Cipher is (NONE)" in openssl(server, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")


def test_the_certificate_served_is_the_one_that_was_told(server: Server) -> None:
    pem = ssl.get_server_certificate(("127.0.0.1", server.port)).encode()
    leaf = x509.load_pem_x509_certificate(pem)
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "jupyter.example.org", socket.gethostname().lower()} <= set(
        names.get_values_for_type(x509.DNSName)
    )
    assert {"127.0.0.1", "::1", "192.0.2.7"} <= {
        str(one) for one in names.get_values_for_type(x509.IPAddress)
    }
    kept = server.home / ".jupyter" / "certificate"
    read = certificate.read(pem, (kept / "server.key").read_bytes(), leaf.not_valid_before_utc)
    assert f"SHA-256 {read.fingerprint}" in server.said
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem, capture_output=True, check=True
    )
    assert read.fingerprint in shown.stdout.decode()


def test_a_scanner_finds_what_mozilla_calls_intermediate(
    server: Server, scanner: Path, tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    command = [scanner / "bin" / "python", "-m", "sslyze", "--mozilla_config", "intermediate"]
    done = subprocess.run(
        [*command, f"--json_out={result}", f"127.0.0.1:{server.port}"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(result.read_text())["server_scan_results"][0]["scan_result"]
    accepted = {
        name: [
            suite["cipher_suite"]["name"]
            for suite in found[f"{name}_cipher_suites"]["result"]["accepted_cipher_suites"]
        ]
        for name in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3")
    }
    assert [name for name, suites in accepted.items() if suites] == ["tls_1_2", "tls_1_3"]
    assert all(
        "_ECDHE_" in suite and ("_GCM_" in suite or "_CHACHA20_" in suite) for suite in accepted["tls_1_2"]
    )
    assert not found["tls_compression"]["result"]["supports_compression"]
    assert not found["session_renegotiation"]["result"]["is_vulnerable_to_client_renegotiation_dos"]
    # Nobody vouches for a self-signed certificate, and Python cannot leave out curves that are only unusual.
    verdict = done.stdout.partition("COMPLIANCE AGAINST")[2]
    objections = {
        line.strip(" *").split(":")[0] for line in verdict.splitlines() if line.strip().startswith("*")
    }
    assert verdict
    assert objections <= {"certificate_path_validation", "tls_curves"}


def test_plain_http_is_not_served(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"HTTP")


def test_browsers_are_not_told_to_insist_on_a_self_signed_certificate(server: Server) -> None:
    assert server.curl("/login").header("Strict-Transport-Security") is None


def test_a_mounted_certificate_is_served_and_insisted_on(mounted: tuple[Server, Mounted]) -> None:
    server, files = mounted
    trusting = ssl.create_default_context(cafile=str(files.authority))
    with (
        socket.create_connection(("127.0.0.1", server.port)) as raw,
        trusting.wrap_socket(raw, server_hostname="jupyter.example.org") as connection,
    ):
        assert connection.version() == "TLSv1.3"
    assert "self-signed" not in server.said
    assert server.curl("/login").header("Strict-Transport-Security") == "max-age=31536000"
    assert server.curl("/api").header("Strict-Transport-Security") == "max-age=31536000"
    assert not (server.home / ".jupyter" / "certificate").exists()


def test_a_renewed_mounted_certificate_is_served_without_a_restart(jupyter: Path, home: Path) -> None:
    files = mount(home / "tls")
    with serving(jupyter, home, JUPYTER_TOKEN=TOKEN, **files.environ) as server:
        assert ssl.get_server_certificate(("127.0.0.1", server.port)) == files.cert_file.read_text()
        renewed = mount(home / "renewed")
        renewed.key_file.replace(files.key_file)
        renewed.cert_file.replace(files.cert_file)
        wait_until(lambda: "has changed: new connections use it" in server.said)
        assert ssl.get_server_certificate(("127.0.0.1", server.port)) == files.cert_file.read_text()
        # One that cannot be used changes nothing but the log.
        now = files.cert_file.read_text()
        files.cert_file.write_text("torn")
        wait_until(lambda: "has changed and cannot be used" in server.said)
        assert ssl.get_server_certificate(("127.0.0.1", server.port)) == now
