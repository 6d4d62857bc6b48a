"""Who gets in: by a token that Jupyter makes, by a given one, or by a password of which we know the hash."""

from __future__ import annotations

import re
from dataclasses import dataclass

from secure_jupyter.errors import LaunchError

SHORT = 16
"""A given token with fewer characters than this can be guessed."""

_HASH = re.compile(r"argon2:\$argon2(?:id|i|d)\$.+|(?:sha256|sha384|sha512):[0-9a-f]{8,}:[0-9a-f]{64,128}")
_WEAK_HASH = re.compile(r"(?:md5|sha1):.*")
_MAKE_HASH = 'python -c "from jupyter_server.auth import passwd; print(passwd())"'


@dataclass(frozen=True)
class Access:
    """A given token and a given hash; with neither, Jupyter makes a token and prints it."""

    token: str | None
    hashed_password: str | None
    notes: tuple[str, ...] = ()


def check(token: str | None, password: str | None) -> Access:
    """The way in, if what was given is one. No error repeats a secret."""
    if token is not None and not token.strip():
        raise LaunchError(
            "The token given is empty: anyone who reaches the port could use this server.",
            "Leave JUPYTER_TOKEN out and one is made and printed, or make one: openssl rand -hex 24",
        )
    if token is not None and re.search(r"\s", token):
        raise LaunchError("The token given has white space in it, which no URL carries.", "Give one without.")
    if password is not None and not password.strip():
        raise LaunchError(
            "The hashed password given is empty.",
            "Leave it out and a token is made, or make a hash: " + _MAKE_HASH,
        )
    if password is not None and not _HASH.fullmatch(password):
        reason = "is of a kind that is broken" if _WEAK_HASH.fullmatch(password) else "is not a hash"
        raise LaunchError(
            f"JUPYTER_HASHED_PASSWORD {reason}. It takes what Jupyter makes of a password, not the password.",
            "Make one: " + _MAKE_HASH,
        )
    notes: tuple[str, ...] = ()
    if token is not None and len(token) < SHORT:
        notes = (
            f"the token given has fewer than {SHORT} characters and can be guessed; openssl rand -hex 24",
        )
    return Access(token, password, notes)
