"""A site behind TLS that talks to nobody without a client certificate, and a person who has one."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    load_pem_private_key,
    pkcs12,
)

from tests.channel.server import Server, serve
from tests.sources.simple_index import entry, html_page, json_page, wheel

PASSWORD = "correct-horse-battery"
KEY = b"PRIVATE KEY"


@dataclass(frozen=True)
class Person:
    """Somebody's pypki3 configuration."""

    directory: Path
    authority: trustme.CA

    def config(self, *, password: str | None = PASSWORD, pem: bool = False) -> Path:
        """A ``config.ini`` of a ``.p12`` (encrypted unless ``password`` is None), or of a plain ``.pem``."""
        # pypki3 opens only RSA keys from a .pem.
        leaf = self.authority.issue_cert("me@example.org", key_type=trustme.KeyType.RSA)
        certificate = leaf.cert_chain_pems[0].bytes()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.authority.cert_pem.write_to_path(self.directory / "ca.pem")
        kept = self.directory / ("me.pem" if pem else "me.p12")
        if pem:
            kept.write_bytes(leaf.private_key_pem.bytes() + certificate)
        else:
            key: Any = load_pem_private_key(leaf.private_key_pem.bytes(), None)
            how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
            loaded = x509.load_pem_x509_certificate(certificate)
            kept.write_bytes(pkcs12.serialize_key_and_certificates(b"me", key, loaded, None, how))
        kept.chmod(0o600)
        (self.directory / "password").write_text(password or "")
        path = self.directory / "config.ini"
        path.write_text(f"[global]\n{kept.suffix[1:]} = {kept}\nca = {self.directory / 'ca.pem'}\n")
        return path


@dataclass(frozen=True)
class Site:
    """The running site: ``/channel``, ``/simple`` and ``/overrides.json`` below its URL."""

    server: Server
    directory: Path
    person: Person

    def says(self, rules: Mapping[str, Any]) -> None:
        (self.directory / "overrides.json").write_text(json.dumps({"python-3": rules}))

    def environment(self) -> dict[str, str | None]:
        """Variables for a process that is to use all of it, and nothing else."""
        url = self.server.url
        return {
            "CONDA_CHANNELS": f"{url}/channel",
            "PIP_INDEX_URL": f"{url}/simple",
            "PIP_EXTRA_INDEX_URL": None,
            "PIP_FIND_LINKS": None,
            "PIP_NO_INDEX": None,
            "PIP_RETRIES": "0",
            "CONDADEPS_OVERRIDES": f"{url}/overrides.json",
            "REQUESTS_CA_BUNDLE": str(self.person.directory / "ca.pem"),
            "SSL_CERT_FILE": str(self.person.directory / "ca.pem"),
        }


@contextmanager
def running(root: Path, channel: Path | None = None) -> Iterator[Site]:
    """A site with the projects ``small`` (a PEP 691 page) and ``other`` (PEP 503), and ``channel``."""
    directory = root / "site"
    directory.mkdir()
    files = directory / "files"
    json_page(directory, "small", [entry(wheel(files, "small", "1.0")), entry(wheel(files, "small", "2.0"))])
    html_page(directory, "other", [wheel(files, "other", "3.0")])
    if channel is not None:
        (directory / "channel").symlink_to(channel)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with serve(directory, mount="/site", tls=context) as server:
        site = Site(server, directory, Person(root / "person", authority))
        site.says({})
        yield site


def with_pypki3(prefix: Path) -> None:
    """Let a conda environment of this Python import the pypki3 that these tests have."""
    shared = prefix.parent / "pypki3-for-it"
    here = Path(sysconfig.get_path("purelib"))
    shared.mkdir(exist_ok=True)
    for name in ("pypki3", "pem", "temppath", "cryptography", "cffi", "_cffi_backend*"):
        for found in here.glob(name):
            target = shared / found.name
            if not target.exists():
                shutil.copytree(found, target) if found.is_dir() else shutil.copy2(found, target)
    [packages] = (prefix / "lib").glob("python3.*/site-packages")
    (packages / "pypki3-for-it.pth").write_text(f"{shared}\n")


def holding_keys(*directories: Path) -> list[Path]:
    """Every file below that holds a private key or the password in the clear."""
    found = []
    for directory in directories:
        for folder, _, names in os.walk(directory):
            for path in (Path(folder, name) for name in names):
                try:
                    content = path.read_bytes() if path.is_file() else b""
                except OSError:
                    continue
                if KEY in content or PASSWORD.encode() in content:
                    found.append(path)
    return found
