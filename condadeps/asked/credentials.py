"""Secrets inside URLs: user names with passwords, conda's ``/t/<token>/``, signed query strings.

They are needed to fetch a thing and belong in no file, log or error.
"""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)[^/\s@\"'?#]+(?=@)")
_TOKEN = re.compile(r"(?<=/t/)[^/\s\"']+")
_FILE = re.compile(r"(?<![a-z])file:/[^\s\"']*", re.IGNORECASE)
_QUERY = re.compile(
    r"(?<=[?&;])((?:[\w.-]*(?:token|secret|password|passwd|signature|credential|api[_-]?key|access[_-]?key)"
    r"[\w.-]*|sig|auth|key)=)([^&\s\"'#;]+)",
    re.IGNORECASE,
)
_WHO_ONLY = re.compile(r"[A-Za-z0-9._-]+")


def masked(text: str) -> str:
    """``text`` with every secret of the URLs in it starred out, length and positions unchanged."""
    text = _USERINFO.sub(lambda found: _stars(found.group()), text)
    files = [found.span() for found in _FILE.finditer(text)]

    def starred(found: re.Match[str]) -> str:
        """A directory called ``t`` has no tokens in it."""
        in_file = any(start <= found.start() < end for start, end in files)
        return found.group() if in_file else "*" * len(found.group())

    text = _TOKEN.sub(starred, text)
    return _QUERY.sub(lambda found: found.group(1) + "*" * len(found.group(2)), text)


def without(url: str) -> str:
    """``url`` without its secrets: it can be written down and, by who has the secrets, be used.

    A bare user name of an SSH reference (``git+ssh://git@host``) is no secret and stays.
    """
    ssh = re.match(r"[a-z+]*ssh://", url) is not None
    bare = re.sub(
        r"(?<=://)([^/\s@\"'?#]+)@",
        lambda found: f"{found.group(1)}@" if ssh and _WHO_ONLY.fullmatch(found.group(1)) else "",
        url,
    )
    if not re.match(r"file:|[/.~]|[a-z]:[\\/]", url, re.IGNORECASE):  # a directory may be called "t"
        bare = re.sub(r"/t/[^/\s\"']+(?=/|$)", "", bare)
    bare = _QUERY.sub("", bare)
    return re.sub(r"[?&;]+(?=#|$|\s)|(?<=[?&])[&;]+", "", bare)


def _stars(userinfo: str) -> str:
    """An SSH user (``git``) says nothing; what has a password or looks like a token is hidden."""
    return userinfo if userinfo == "git" else "*" * len(userinfo)
