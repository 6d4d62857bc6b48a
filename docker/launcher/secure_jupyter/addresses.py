"""The names and addresses of this machine, for a certificate of our own."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from secure_jupyter.errors import LaunchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")


def this_machine() -> tuple[str, ...]:
    """Its host name, its full name, and the addresses of its interfaces; ``localhost`` and loopback first.

    No name server is asked: a container's start must not wait for one.
    """
    found = ["localhost", "127.0.0.1", "::1"]
    name = socket.gethostname().lower()
    if _NAME.fullmatch(name):
        found.append(name)
    found += [word for word in _named_in_hosts(name) if word not in found]
    found += [str(address) for address in _interfaces() if str(address) not in found]
    return tuple(found)


def asked(hosts: Iterable[str]) -> tuple[str, ...]:
    """``hosts`` (``CERT_HOSTS``) as a certificate has them: addresses in short form, names in lower case
    ASCII.
    """
    return tuple(_normal(host) for host in hosts)


def _normal(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise LaunchError(
            f"CERT_HOSTS: {host} is neither a host name nor an address.",
            "Name hosts without scheme or port: CERT_HOSTS=jupyter.example.org,192.0.2.7",
        )
    return name


def _named_in_hosts(name: str) -> list[str]:
    """The other names ``/etc/hosts`` gives it: container engines write the full name there."""
    try:
        lines = Path("/etc/hosts").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    names: list[str] = []
    for line in lines:
        words = line.partition("#")[0].lower().split()[1:]
        if name in words:
            names += [word for word in words if _NAME.fullmatch(word)]
    return names


def _interfaces() -> list[Address]:
    """The addresses of all interfaces, from the kernel; link-local ones are of no use in a browser."""
    addresses: list[Address] = []
    for text in (*_ipv4(), *_ipv6()):
        address = ipaddress.ip_address(text)
        if not (address.is_link_local or address.is_loopback or address.is_unspecified):
            addresses.append(address)
    return list(dict.fromkeys(addresses))


def _ipv4() -> list[str]:
    """``/proc/net/fib_trie`` lists an address, and below it what it is: ``/32 host LOCAL`` is one of ours."""
    try:
        lines = Path("/proc/net/fib_trie").read_text("ascii").splitlines()
    except OSError:
        return []
    found = []
    for above, line in pairwise(lines):
        if line.strip() == "/32 host LOCAL":
            found.append(above.split()[-1])
    return found


def _ipv6() -> list[str]:
    try:
        lines = Path("/proc/net/if_inet6").read_text("ascii").splitlines()
    except OSError:
        return []
    return [str(ipaddress.IPv6Address(int(line.split()[0], 16))) for line in lines]
