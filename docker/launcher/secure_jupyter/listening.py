"""The port: the one asked for, else 443 where the kernel lets us, else 8443."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from secure_jupyter.errors import LaunchError

HTTPS = 443
INSTEAD = 8443


@dataclass(frozen=True)
class Port:
    """A port that could be bound a moment ago; ``note`` says what its user must know."""

    number: int
    note: str = ""


def choose(wanted: int | None, address: str) -> Port:
    """The port to listen on at ``address`` ("" is all). Raises when it is taken or out of reach."""
    if wanted is not None:
        _need(wanted, address, f"JUPYTER_PORT={wanted}")
        return Port(wanted)
    try:
        _try(HTTPS, address)
        return Port(HTTPS)
    except PermissionError:
        pass
    except OSError as error:
        raise _refused(error, HTTPS, address, f"port {HTTPS}") from None
    _need(INSTEAD, address, f"port {INSTEAD}")
    return Port(
        INSTEAD,
        f"port {HTTPS} is closed to user {os.getuid()}, so this is {INSTEAD}. In a container, use\n"
        f"  -p {HTTPS}:{INSTEAD}\n"
        f"instead of -p {HTTPS}:{HTTPS}, or add --sysctl net.ipv4.ip_unprivileged_port_start=0",
    )


def _need(number: int, address: str, asked: str) -> None:
    try:
        _try(number, address)
    except OSError as error:
        raise _refused(error, number, address, asked) from None


def _refused(error: OSError, number: int, address: str, asked: str) -> LaunchError:
    at = address or "any address"
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return LaunchError(
                f"{asked}: the kernel does not let user {os.getuid()} listen on port {number}.",
                f"Use JUPYTER_PORT={INSTEAD} with -p {number}:{INSTEAD}, "
                "or add --sysctl net.ipv4.ip_unprivileged_port_start=0",
            )
        case errno.EADDRINUSE:
            return LaunchError(
                f"{asked} at {at}: another process listens there.", "Use another: JUPYTER_PORT=8444"
            )
        case errno.EADDRNOTAVAIL:
            return LaunchError(
                f"JUPYTER_IP={address} is no address of this machine.", "Leave it out to listen on all."
            )
        case _:
            return LaunchError(f"{asked} at {at} cannot be used: {error.strerror or error}.")


def _try(number: int, address: str) -> None:
    """Binds as the server will, and lets go. Raises OSError."""
    try:
        found = socket.getaddrinfo(address or None, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise LaunchError(f"JUPYTER_IP={address} is no address: {error.strerror}.") from None
    tried = False
    for family, kind, protocol, _name, at in dict.fromkeys(found):
        try:
            with socket.socket(family, kind, protocol) as candidate:
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    candidate.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                candidate.bind(at)
        except OSError as error:
            # No IPv6 on this machine; the server leaves it out too.
            if not address and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue
            raise
        tried = True
    if not tried:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
