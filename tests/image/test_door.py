"""The image's door, tried by clients that are not ours: openssl and curl."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from filelock import FileLock

from tests.channel import cached
from tests.image.conftest import Start

GALLERY = "https://gallery.example.org"


@pytest.fixture
def the_ports() -> Iterator[None]:
    """443 and 8443 of this machine: one test at a time has them."""
    with FileLock(cached.root() / "image-ports.lock"):
        yield


def openssl(port: int, *options: str) -> str:
    """What ``openssl s_client`` says."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    done = subprocess.run(command, input="", capture_output=True, text=True)
    return done.stdout + done.stderr


def curl(*words: str) -> str:
    """The answer's status line and headers, and the body."""
    done = subprocess.run(["curl", "-sik", "--noproxy", "*", *words], capture_output=True, text=True)
    return f"{done.stdout}\nexit {done.returncode}"


def test_port_443_where_users_may_have_it_and_what_is_behind_it(container: Start, the_ports: None) -> None:
    running = container(
        "--cap-add=NET_BIND_SERVICE",
        env={"JUPYTER_PORT": "443", "CERT_HOSTS": "jupyter.example.org", "NBGALLERY_URL": GALLERY},
    )
    assert "https on port 443" in running.logs()
    assert "TLSv1.3" in openssl(443, "-tls1_3")
    assert "TLSv1.2" in openssl(443, "-tls1_2")
    for old in ("-tls1", "-tls1_1"):
        assert "Cipher is (NONE)" in openssl(443, old, "-cipher", "ALL:@SECLEVEL=0")
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-text"], input=openssl(443), capture_output=True, text=True
    ).stdout
    assert "prime256v1" in shown and "DNS:jupyter.example.org" in shown and "IP Address:127.0.0.1" in shown
    assert "HTTP/1.1 200" not in curl("http://127.0.0.1:443/lab")
    url, token = "https://127.0.0.1:443", running.token()
    assert "302" in curl(f"{url}/lab").splitlines()[0]
    assert "403" in curl(f"{url}/api/contents").splitlines()[0]
    entered = curl("-H", f"Authorization: token {token}", f"{url}/api/contents")
    assert "200" in entered.splitlines()[0]
    assert "strict-transport-security" not in entered.lower()  # it would lock browsers out of the host
    said = curl("-H", f"Origin: {GALLERY}", "-H", f"Authorization: token {token}", f"{url}/api/contents/work")
    assert f"access-control-allow-origin: {GALLERY}" in said.lower()
    other = curl(
        "-H", "Origin: https://evil.example", "-H", f"Authorization: token {token}", f"{url}/api/contents"
    )
    assert "access-control-allow-origin: https://evil.example" not in other.lower()
    key = running.exec("stat", "-c", "%a %U", "/etc/jupyter/certificate/server.key").stdout
    assert key.split() == ["600", "jovyan"]


def test_port_8443_where_users_may_not_have_443(container: Start, the_ports: None) -> None:
    """The host's network: there a user needs a right for ports below 1024."""
    running = container(
        env={}, wait=False, command=["env", "-u", "JUPYTER_PORT", "jupyter-notebook-secure", "--check"]
    )
    assert running.finish() == 0, running.logs()
    assert "-p 443:8443" in running.logs()


def test_the_certificate_is_kept_in_its_volume(container: Start) -> None:
    from tests.image.podman import podman

    volume = podman("volume", "create").stdout.strip()
    try:
        told: list[str] = []
        for _ in range(2):
            running = container(
                volumes={volume: "/etc/jupyter/certificate"},
                command=["jupyter-notebook-secure", "--check"],
                wait=False,
            )
            assert running.finish() == 0, running.logs()
            told += [line for line in running.logs().splitlines() if "SHA-256" in line]
            running.remove()
        assert len(told) == 2 and len(set(told)) == 1
    finally:
        podman("volume", "rm", "-f", volume, check=False)
