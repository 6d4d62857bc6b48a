"""Reading one setting: a switch, a number, a secret in a file. Each says which setting was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from secure_jupyter.errors import LaunchError

_YES = frozenset({"1", "yes", "true", "on"})
_NO = frozenset({"", "0", "no", "false", "off"})


def switch(environ: Mapping[str, str], name: str) -> bool:
    """Whether the variable ``name`` says yes. Unset and empty mean no. Raises for any other word."""
    word = environ.get(name, "").strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise LaunchError(f"{name}={environ[name]} is neither yes nor no.", f"Use {name}=yes, or leave it out.")


def port(value: str, name: str) -> int:
    """A TCP port written in ``value``; ``name`` is the setting it comes from."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise LaunchError(f"{name}={value} is not a port.", f"Use a number from 1 to 65535: {name}=8443")
    return number


def secret(environ: Mapping[str, str], name: str) -> str | None:
    """The secret in the variable ``name``, or in the file that ``<name>_FILE`` names. None: neither is set.

    Never repeated in an error. Spaces around a secret from a file do not count: editors end lines.
    """
    from_file = f"{name}_FILE"
    if environ.get(from_file):
        if name in environ:
            raise LaunchError(
                f"Both {name} and {from_file} are set.", f"Leave one of them out: -e {from_file}=…"
            )
        path = Path(environ[from_file])
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise LaunchError(f"{from_file}={path} cannot be read: {reason}.") from None
    return environ.get(name)
