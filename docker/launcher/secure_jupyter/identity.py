"""The files that say who this server is: mounted ones, checked, or our own, kept and renewed."""

from __future__ import annotations

import fcntl
import os
import ssl
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from secure_jupyter import addresses, certificate, tls
from secure_jupyter.certificate import Certificate, Unusable
from secure_jupyter.errors import LaunchError

RENEW = timedelta(days=30)
"""A certificate of our own that ends within this time is replaced at the next start."""
SOON = timedelta(days=14)
"""A mounted certificate that ends within this time is told of."""


@dataclass(frozen=True)
class Identity:
    """A certificate and its key in files that may be used; ``notes`` for who starts the server."""

    cert_file: Path
    key_file: Path
    certificate: Certificate
    mounted: bool
    notes: tuple[str, ...] = ()

    @property
    def lasting(self) -> bool:
        """Whether browsers may be told to insist on it (RFC 6797): mounted, and others vouch for it."""
        return self.mounted and not self.certificate.self_signed


# ---------------------------------------------------------------- mounted


def mounted(cert_file: Path | None, key_file: Path | None, now: datetime) -> Identity | None:
    """The mounted certificate, checked; None when none was named.

    One file may hold both. Raises :class:`LaunchError` for a file that cannot be read, a key that others can
    read, and whatever :func:`certificate.read` and OpenSSL object to.
    """
    if cert_file is None:
        if key_file is not None:
            raise LaunchError(
                f"KEY_FILE={key_file} is set and CERT_FILE is not.",
                "Name both: CERT_FILE=/etc/ssl/server.crt",
            )
        return None
    pem = _read(cert_file, "CERT_FILE")
    if key_file is None and b"PRIVATE KEY-----" not in pem:
        raise LaunchError(
            f"CERT_FILE={cert_file} has no key in it and KEY_FILE is not set.",
            "Name the key's file: KEY_FILE=/etc/ssl/server.key",
        )
    setting, key_file = ("CERT_FILE", cert_file) if key_file is None else ("KEY_FILE", key_file)
    _refuse_open_key(key_file, setting)
    try:
        found = certificate.read(pem, _read(key_file, setting), now)
        tls.context(cert_file, key_file)
    except Unusable as problem:
        named = f"{setting}={key_file}" if problem.of_key else f"CERT_FILE={cert_file}"
        raise LaunchError(f"{named} {problem}.", "Mount another, or neither: one is made then.") from None
    except ssl.SSLError as problem:
        reason = problem.reason or str(problem)
        raise LaunchError(f"CERT_FILE={cert_file}: OpenSSL refuses it: {reason}.") from None
    notes = []
    if found.ends - now < SOON:
        notes.append(f"the certificate in {cert_file} expires on {certificate.day(found.ends)}")
    if not found.hosts:
        notes.append(
            f"the certificate in {cert_file} names no host (no subjectAltName): browsers will not take it"
        )
    return Identity(cert_file, key_file, found, True, tuple(notes))


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise LaunchError(
            f"{setting}={path}: there is no such file.", f"Mount it: -v /on/your/machine/file.pem:{path}:ro"
        ) from None
    except OSError as error:
        raise LaunchError(
            f"{setting}={path} cannot be read by user {os.getuid()}: {error.strerror}.",
            f"Give the file to that user: chown {os.getuid()} FILE && chmod 400 FILE",
        ) from None


def _refuse_open_key(path: Path, setting: str) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return  # told better by who reads it
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise LaunchError(
            f"{setting}={path} holds a private key that others can read or write (mode {mode:04o}).",
            "Close it: chmod 400 FILE (docker secret: mode=0400; Kubernetes: defaultMode: 0400)",
        )


# ---------------------------------------------------------------- our own


def own(directory: Path, hosts: Sequence[str], now: datetime) -> Identity:
    """Our own certificate in ``directory``: the kept one while it is good, else a new one.

    ``hosts`` (``CERT_HOSTS``) are in it whatever happens, with this machine's names and addresses of when it
    was made: those change with every container, and a certificate that changes with them could not be trusted
    once. Where ``directory`` cannot be used, the certificate lives as long as the machine, and a note says
    so.
    """
    wanted = addresses.asked(hosts)
    try:
        with _alone_in(directory):
            return _kept(directory, wanted, now) or _made(directory, wanted, now)
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="jupyter-certificate-"))
        identity = _made(elsewhere, wanted, now)
        note = (
            f"the certificate is not kept: user {os.getuid()} cannot use {directory} ({error.strerror}).\n"
            "Name a directory that can: CERT_DIR=…"
        )
        return Identity(identity.cert_file, identity.key_file, identity.certificate, False, (note,))


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """``directory``, made if need be, with nobody else making a certificate in it: volumes are shared."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # To be locked it need not be written, and who shares the directory may be another user.
    descriptor = os.open(directory / ".lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _files(directory: Path) -> tuple[Path, Path]:
    return directory / "server.crt", directory / "server.key"


def _kept(directory: Path, hosts: Sequence[str], now: datetime) -> Identity | None:
    """The certificate in ``directory`` if it can go on being used."""
    cert_file, key_file = _files(directory)
    try:
        status = key_file.stat()
        if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
            return None  # others may have it
        found = certificate.read(cert_file.read_bytes(), key_file.read_bytes(), now)
    except FileNotFoundError:
        return None
    except Unusable:
        return None
    if found.ends - now < RENEW or not set(hosts) <= set(found.hosts):
        return None
    return Identity(cert_file, key_file, found, False)


def _made(directory: Path, hosts: Sequence[str], now: datetime) -> Identity:
    cert_file, key_file = _files(directory)
    before = cert_file.exists()
    here = addresses.this_machine()
    pem, key_pem = certificate.make(tuple(dict.fromkeys([*hosts, *here])), now)
    # The key first: a certificate without its key is seen and made again.
    _write(key_file, key_pem, 0o600)
    _write(cert_file, pem, 0o644)
    note = f"a new certificate was made in {directory}" + (
        ": the one before could not be used on" if before else ""
    )
    return Identity(cert_file, key_file, certificate.read(pem, key_pem, now), False, (note,))


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never open to others, not for a moment."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
