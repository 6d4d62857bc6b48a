"""A certificate and its key: what they are, whether they may be used, and making them (X.509, RFC 5280)."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = timedelta(days=365)
"""How long a certificate of our own lasts: browsers refuse server certificates of more than 398 days."""
RSA_BITS = 2048
CURVE_BITS = 256
_BROKEN = (hashes.MD5, hashes.SHA1)
_LONGEST_NAME = 64


class Unusable(ValueError):
    """What is wrong with a certificate or (``of_key``) its key, as a sentence goes on: "has expired on …"."""

    def __init__(self, problem: str, of_key: bool = False) -> None:
        super().__init__(problem)
        self.of_key = of_key


@dataclass(frozen=True)
class Certificate:
    """A certificate that was read: the ``hosts`` it is for, its SHA-256 as browsers show it."""

    hosts: tuple[str, ...]
    starts: datetime
    ends: datetime
    fingerprint: str
    self_signed: bool


def read(pem: bytes, key_pem: bytes, now: datetime) -> Certificate:
    """The certificate in ``pem`` (the first; its chain may follow) if a server may use it with ``key_pem``
    ``now``.

    Raises :class:`Unusable` when either is no PEM, they do not belong together, the time is wrong, or one of
    them is too weak.
    """
    leaf = _certificate(pem)
    key = _key(key_pem)
    if _public(key.public_key()) != _public(leaf.public_key()):
        raise Unusable("does not belong to the key that was given with it")
    _check_strength(key, leaf)
    _check_time(leaf, now)
    _check_use(leaf)
    fingerprint = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return Certificate(
        hosts=_hosts(leaf),
        starts=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
        fingerprint=":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)),
        self_signed=leaf.issuer == leaf.subject,
    )


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise Unusable("is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)") from None


def _key(pem: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise Unusable("is encrypted, and nobody is there to type its password", of_key=True) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable("has no private key in PEM form (-----BEGIN PRIVATE KEY-----)", of_key=True) from None


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]  # every public key has it, no type says so
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _check_strength(key: PrivateKeyTypes, leaf: x509.Certificate) -> None:
    match key:
        case rsa.RSAPrivateKey() if key.key_size < RSA_BITS:
            raise Unusable(
                f"has a key that is too weak: RSA with {key.key_size} bits, {RSA_BITS} are the least"
            )
        case ec.EllipticCurvePrivateKey() if key.key_size < CURVE_BITS:
            raise Unusable(
                f"has a key that is too weak: a curve of {key.key_size} bits, {CURVE_BITS} are the least"
            )
        case (
            rsa.RSAPrivateKey()
            | ec.EllipticCurvePrivateKey()
            | ed25519.Ed25519PrivateKey()
            | ed448.Ed448PrivateKey()
        ):
            pass
        case _:
            raise Unusable("has a key that TLS cannot use: neither RSA nor an elliptic curve")
    try:
        algorithm = leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if isinstance(algorithm, _BROKEN):
        raise Unusable(f"is signed with {algorithm.name.upper()}, which is broken")


def _check_time(leaf: x509.Certificate, now: datetime) -> None:
    if now < leaf.not_valid_before_utc:
        raise Unusable(f"is not valid yet: from {day(leaf.not_valid_before_utc)} (it is {day(now)} here)")
    if now > leaf.not_valid_after_utc:
        raise Unusable(f"has expired on {day(leaf.not_valid_after_utc)}")


def day(moment: datetime) -> str:
    """The moment as errors and notes write it."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _check_use(leaf: x509.Certificate) -> None:
    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(uses):
        raise Unusable("is not for servers: its extended key usage has no serverAuth")


def _hosts(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *(str(address) for address in addresses))


def make(hosts: Sequence[str], now: datetime) -> tuple[bytes, bytes]:
    """A new key on P-256 and its self-signed certificate for ``hosts``, valid for a year: (certificate, key),
    PEM.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common_name(hosts))])
    # Clocks differ a little: valid from a while ago.
    starts = now - timedelta(minutes=10)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + VALID)
        .add_extension(x509.SubjectAlternativeName(_general_names(hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_for_signatures(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signed = builder.sign(key, hashes.SHA256())
    return (
        signed.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _common_name(hosts: Sequence[str]) -> str:
    """People see it in the browser's warning; machines look at the alternative names."""
    return next((host for host in hosts if len(host) <= _LONGEST_NAME), "jupyter")


def _general_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _for_signatures() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
