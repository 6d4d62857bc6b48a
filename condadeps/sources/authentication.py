"""Who we are to an index, found as pip finds it: the index's URL, netrc, then the keyring."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_netrc_auth

from condadeps.sources.credentials import without_credentials

_KEYRING_SECONDS: Final = 30

Login = tuple[str, str]


class Authentication(AuthBase):
    """Adds basic authentication to a request, and asks the keyring when an index answers 401.

    Nobody is ever prompted. What was found is remembered by host while the process lives, nowhere else.
    """

    def __init__(self, urls: Sequence[str], keyring: str = "auto") -> None:
        """``urls``: the configured indexes and find-links, with credentials; ``keyring`` as in pip."""
        self._urls = tuple(url for url in urls if "://" in url)
        self._keyring = keyring
        self._known: dict[str, Login | None] = {}
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = request.url or ""
        request.url = without_userinfo(url)
        login = self._login(url, ask_keyring=self._keyring in ("import", "subprocess"))
        if login is not None:
            HTTPBasicAuth(*login)(request)
        request.hooks["response"].append(self._answered)
        return request

    def _answered(self, response: requests.Response, **kwargs: Any) -> requests.Response:
        """One more try with the keyring's credentials when the ones sent, if any, were refused."""
        if response.status_code != 401 or self._keyring == "disabled":
            return response
        login = self._login(response.url, ask_keyring=True)
        if login is None:
            return response
        request = response.request.copy()
        sent = request.headers.get("Authorization")
        HTTPBasicAuth(*login)(request)
        if request.headers.get("Authorization") == sent:
            return response
        response.content  # noqa: B018  # the connection is free again once the answer is read
        response.close()
        connection: Any = response.connection
        again: requests.Response = connection.send(request, **kwargs)
        again.history.append(response)
        again.request = request
        return again

    def _login(self, url: str, *, ask_keyring: bool) -> Login | None:
        host = urlsplit(url).netloc.rpartition("@")[2]
        index = self._index_of(url)
        username, password = _userinfo(url)
        if username is None:
            username, password = _userinfo(index)
        if username is not None and password is not None:
            return username, password
        with self._lock:
            known = self._known.get(host)
        if known is not None and username in (None, known[0]):
            return known
        netrc = get_netrc_auth(url)
        if netrc is not None and username in (None, netrc[0]):
            return netrc
        if ask_keyring:
            login = self._ask_keyring(index, host, username)
            if login is not None:
                return login
        return None if username is None else (username, password or "")

    def _index_of(self, url: str) -> str | None:
        """The configured URL of the same origin that shares most of the path with ``url``."""
        best: tuple[int, str] | None = None
        for candidate in self._urls:
            if _origin(candidate) != _origin(url):
                continue
            shared = _shared_segments(urlsplit(candidate).path, urlsplit(url).path)
            if best is None or shared > best[0]:
                best = shared, candidate
        return best[1] if best else None

    def _ask_keyring(self, index: str | None, host: str, username: str | None) -> Login | None:
        services = [without_credentials(index)] if index else []
        with self._lock:  # one question at a time: a keyring may show a window
            if host not in self._known:
                answers = (_keyring(self._keyring, service, username) for service in (*services, host))
                self._known[host] = next((answer for answer in answers if answer is not None), None)
            return self._known[host]


def without_userinfo(url: str) -> str:
    """The URL without the part before ``@``; a token in its path stays, since the host needs it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def _userinfo(url: str | None) -> tuple[str | None, str | None]:
    userinfo, at, _ = urlsplit(url).netloc.rpartition("@") if url else ("", "", "")
    if not at:
        return None, None
    username, colon, password = userinfo.partition(":")
    return unquote(username) or None, unquote(password) if colon else None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _shared_segments(first: str, second: str) -> int:
    count = 0
    for one, other in zip(first.split("/"), second.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _keyring(provider: str, service: str, username: str | None) -> Login | None:
    """What the keyring has for ``service``; a keyring that fails, or would ask a person, has nothing."""
    command = _keyring_command(provider)
    if command is None:
        return None
    question = ["--mode=creds", "--output=json", "get", service, *([username] if username else [])]
    try:
        said = subprocess.run(
            [*command, *question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_KEYRING_SECONDS,
            check=True,
            start_new_session=os.name == "posix",  # no terminal to ask for a password on
        )
        document = json.loads(said.stdout)
        return str(document["username"]), str(document["password"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def _keyring_command(provider: str) -> list[str] | None:
    """How to ask: the library beside us first, unless the executable is wanted; never in this process."""
    if provider in ("auto", "import") and importlib.util.find_spec("keyring") is not None:
        return [sys.executable, "-m", "keyring"]
    executable = shutil.which("keyring") if provider in ("auto", "subprocess") else None
    return [executable] if executable else None
