"""The TLS the server speaks: 1.2 and 1.3, forward secrecy and authenticated encryption only."""

from __future__ import annotations

import ssl
from pathlib import Path

CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
"""For TLS 1.2 (RFC 9325); those of TLS 1.3 are all good and are OpenSSL's choice."""


def context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    """What connections are made with. Raises ``ssl.SSLError`` when OpenSSL refuses the certificate or the
    key.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    made.set_alpn_protocols(["http/1.1"])
    made.load_cert_chain(cert_file, key_file, password=_nobody_to_ask)
    return made


def _nobody_to_ask() -> bytes:
    """OpenSSL's own question for a key's password would wait at a terminal that nobody sees."""
    return b""
