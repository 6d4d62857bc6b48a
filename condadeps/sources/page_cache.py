"""Answers of indexes, kept between runs until the index says (or time has it) that they are old.

A page that came with an ETag or a Last-Modified is asked for again with them; one with
``max-age`` is taken as it is while that lasts, at most ten minutes; one with none of these for
ten minutes, which is what public indexes allow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from condadeps.sources.cache import read_bytes, write_bytes

LONGEST: Final = 600
"""Seconds a page may be taken for fresh without asking."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A page in the cache."""

    payload: memoryview
    etag: str | None
    modified: str | None
    fresh: bool
    """It need not be asked for."""

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for it only if it has changed."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value}


class PageCache:
    """Pages by URL. A cache that cannot be read or written is an empty one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, key: str) -> Kept | None:
        """What is kept under ``key`` (an URL, and whose it is)."""
        path = self._path(key)
        content = read_bytes(path)
        if content is None:
            return None
        end = content.find(b"\n")
        payload = memoryview(content)[end + 1 :]
        try:
            said = json.loads(content[:end])
            age = time.time() - path.stat().st_mtime
            fresh = 0 <= age < said["seconds"]
            return Kept(payload, said["etag"], said["modified"], fresh)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, key: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Keep what came with ``headers`` (case-insensitive)."""
        seconds = _seconds(headers)
        if seconds is None:
            return
        head = {"etag": headers.get("ETag"), "modified": headers.get("Last-Modified"), "seconds": seconds}
        write_bytes(self._path(key), json.dumps(head).encode() + b"\n" + payload)

    def confirm(self, key: str) -> None:
        """The index said that it has not changed (304): it is as fresh as on the day it came."""
        with contextlib.suppress(OSError):
            os.utime(self._path(key))

    def forget(self, key: str) -> None:
        """Drop what is kept under ``key``."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._directory / digest[:2] / digest[2:]


def _seconds(headers: Mapping[str, str]) -> int | None:
    """How long an answer may be taken as it is; None when it may not be kept at all."""
    control = headers.get("Cache-Control", "").lower()
    if "no-store" in control:
        return None
    if "no-cache" in control:
        return 0
    if said := re.search(r"max-age=\"?(\d+)", control):
        return min(int(said.group(1)), LONGEST)
    return 0 if "ETag" in headers or "Last-Modified" in headers else LONGEST
