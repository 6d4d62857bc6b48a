"""Secrets inside URLs: user names with passwords, conda's ``/t/<token>/``, signed query strings.

They are needed to fetch a thing and belong in no file, log or error.
"""

from __future__ import annotations

import re

# Patterns are texts here and in other modules of a door: compiling takes longer than loading the module, and
# most calls need none of these. The standard library keeps what was compiled.
_USERINFO = r"(?<=://)[^/\s@\"'?#]+(?=@)"
_TOKEN = r"(?<=/t/)[^/\s\"']+"
_FILE = r"(?i)(?<![a-z])file:/[^\s\"']*"
_QUERY = (
    r"(?i)(?<=[?&;])"
    r"((?:[\w.-]*(?:token|secret|password|passwd|signature|credential|api[_-]?key|access[_-]?key)"
    r"[\w.-]*|sig|auth|key)=)([^&\s\"'#;]+)"
)
_WHO_ONLY = r"[A-Za-z0-9._-]+"


def masked(text: str) -> str:
    """``text`` with every secret of the URLs in it starred out, length and positions unchanged."""
    text = re.sub(_USERINFO, lambda found: _stars(found.group()), text)
    files = [found.span() for found in re.finditer(_FILE, text)]

    def starred(found: re.Match[str]) -> str:
        """A directory called ``t`` has no tokens in it."""
        in_file = any(start <= found.start() < end for start, end in files)
        return found.group() if in_file else "*" * len(found.group())

    text = re.sub(_TOKEN, starred, text)
    return re.sub(_QUERY, lambda found: found.group(1) + "*" * len(found.group(2)), text)


def without(url: str) -> str:
    """``url`` without its secrets: it can be written down and, by who has the secrets, be used.

    A bare user name of an SSH reference (``git+ssh://git@host``) is no secret and stays.
    """
    ssh = re.match(r"[a-z+]*ssh://", url) is not None
    bare = re.sub(
        r"(?<=://)([^/\s@\"'?#]+)@",
        lambda found: f"{found.group(1)}@" if ssh and re.fullmatch(_WHO_ONLY, found.group(1)) else "",
        url,
    )
    if not re.match(r"file:|[/.~]|[a-z]:[\\/]", url, re.IGNORECASE):  # a directory may be called "t"
        bare = re.sub(r"/t/[^/\s\"']+(?=/|$)", "", bare)
    bare = re.sub(_QUERY, "", bare)
    return re.sub(r"[?&;]+(?=#|$|\s)|(?<=[?&])[&;]+", "", bare)


def _stars(userinfo: str) -> str:
    """An SSH user (``git``) says nothing; what has a password or looks like a token is hidden."""
    return userinfo if userinfo == "git" else "*" * len(userinfo)
