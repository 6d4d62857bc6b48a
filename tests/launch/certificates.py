"""Certificates as a site might mount them, good and bad, and the authority that signs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(timezone.utc)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


@dataclass(frozen=True)
class Mounted:
    """Two files as a site would mount them, and the authority's certificate that a client needs."""

    cert_file: Path
    key_file: Path
    authority: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"CERT_FILE": str(self.cert_file), "KEY_FILE": str(self.key_file)}


def mount(
    directory: Path,
    key: Key | None = None,
    starts: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + timedelta(days=90),
    for_servers: bool = True,
    hosts: tuple[str, ...] = ("localhost", "jupyter.example.org"),
) -> Mounted:
    """A certificate by an authority of its own, written to ``directory``; good unless told otherwise."""
    directory.mkdir(parents=True, exist_ok=True)
    key = key or ec.generate_private_key(ec.SECP256R1())
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("A test authority")
    authority = (
        x509.CertificateBuilder()
        .subject_name(authority_name)
        .issuer_name(authority_name)
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(NOW + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(hosts[0] if hosts else "nobody"))
        .issuer_name(authority_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        leaf = leaf.add_extension(names, critical=False)
    use = ExtendedKeyUsageOID.SERVER_AUTH if for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    signed = leaf.sign(authority_key, hashes.SHA256())
    mounted = Mounted(directory / "server.crt", directory / "server.key", directory / "authority.crt")
    mounted.cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    mounted.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    write_key(mounted.key_file, key)
    return mounted


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write_key(path: Path, key: Key, password: bytes | None = None) -> None:
    """Writes ``key`` as PEM for its owner alone."""
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    path.chmod(0o600)
