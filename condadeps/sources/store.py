"""Files of indexes on this machine: downloaded once, checked by hash, kept by hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

from condadeps.errors import HashError, SourceError
from condadeps.sources.credentials import masked

if TYPE_CHECKING:
    from condadeps.sources.transport import Transport

_STRONGEST: Final = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
_TRIES: Final = 3
_CHUNK: Final = 1024 * 1024

Progress = Callable[[int, "int | None"], None]
"""Told bytes done and bytes in all."""


class Store:
    """The downloaded files, ``<directory>/<first two>/<sha256>/<filename>``."""

    def __init__(self, directory: Path, transport: Callable[[], Transport], *, offline: bool = False) -> None:
        self._directory = directory
        self._transport = transport
        self._offline = offline

    def path(self, sha256: str, filename: str) -> Path:
        """Where a file of that hash is, if it is kept."""
        return self._directory / sha256[:2] / sha256[2:] / filename

    def has(self, sha256: str | None, filename: str) -> bool:
        """Whether it is kept, unchecked."""
        return sha256 is not None and self.path(sha256, filename).is_file()

    def obtain(
        self,
        url: str,
        filename: str,
        hashes: Mapping[str, str],
        size: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Path, str]:
        """The file and its SHA-256: a local one where it is, another from the store or downloaded into it.

        Every hash known is checked, each time. Raises HashError, SourceError.
        """
        if url.startswith("file:"):
            return self._local(url, hashes)
        promised = hashes.get("sha256")
        if promised is not None and self.has(promised, filename):
            kept = self.path(promised, filename)
            if _sha256(kept) == promised:
                return kept, promised
            kept.unlink(missing_ok=True)  # damaged on disk; the index has a good one
        if self._offline:
            raise SourceError(
                f"offline, and {filename} is not in the cache",
                help="run it once with a connection, or leave out --offline",
                url=masked(url),
                status=None,
            )
        return self._download(url, filename, hashes, size, progress)

    def keep(self, path: Path) -> tuple[Path, str]:
        """Move a file that was made here into the store: its new place and its SHA-256."""
        digest = _sha256(path)
        target = self.path(digest, path.name)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _move(path, target)
        return target, digest

    def built(self, sha256: str, variant: str) -> Path | None:
        """The wheel an earlier run built of the sdist with that hash."""
        directory = self._directory / sha256[:2] / f"{sha256[2:]}-{variant}"
        return next(directory.glob("*.whl"), None)

    def keep_built(self, wheel: Path, sha256: str, variant: str) -> Path:
        """Move a built wheel to where :meth:`built` finds it."""
        directory = self._directory / sha256[:2] / f"{sha256[2:]}-{variant}"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = _move(wheel, directory / f".{wheel.name}")
        return temporary.replace(directory / wheel.name)

    def _local(self, url: str, hashes: Mapping[str, str]) -> tuple[Path, str]:
        path = local_path(url)
        try:
            digests = _digests_of(path, {*_checked(hashes), "sha256"})
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}", url=url, status=None) from error
        _check(url, hashes, digests)
        return path, digests["sha256"]

    def _download(
        self,
        url: str,
        filename: str,
        hashes: Mapping[str, str],
        size: int | None,
        progress: Progress | None,
    ) -> tuple[Path, str]:
        temporary = self._temporary(url)
        try:
            with temporary.open("wb") as stream:
                digests = self._into(stream, url, hashes, size, progress)
            _check(url, hashes, digests)
            target = self.path(digests["sha256"], filename)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.replace(target)
        except OSError as error:
            raise SourceError(
                f"{filename} cannot be kept: {error.strerror or error}",
                help="make room, or name another directory in CONDADEPS_CACHE_DIR",
                url=masked(url),
                status=None,
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return target, digests["sha256"]

    def _temporary(self, url: str) -> Path:
        import tempfile

        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._directory, prefix=".new-")
        except OSError as error:
            raise SourceError(
                f"the cache {self._directory} cannot be written: {error.strerror}",
                help="name another directory in CONDADEPS_CACHE_DIR",
                url=masked(url),
                status=None,
            ) from error
        os.close(handle)
        return Path(name)

    def _into(
        self,
        stream: BinaryIO,
        url: str,
        hashes: Mapping[str, str],
        size: int | None,
        progress: Progress | None,
    ) -> dict[str, str]:
        """Download into an empty file; the digests of what came. What breaks off is tried again."""
        from condadeps.sources.transport import Broken

        transport = self._transport()
        promised = _checked(hashes)
        for attempt in range(_TRIES):
            stream.seek(0)
            stream.truncate()
            hashers = {name: hashlib.new(name, usedforsecurity=False) for name in {*promised, "sha256"}}
            done = 0
            try:
                for chunk, total in transport.download(url, promised=bool(promised)):
                    stream.write(chunk)
                    for hasher in hashers.values():
                        hasher.update(chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total or size)
            except Broken:
                if attempt + 1 == _TRIES:
                    raise
                time.sleep(0.2 * 4**attempt)
                continue
            return {name: hasher.hexdigest() for name, hasher in hashers.items()}
        raise AssertionError("unreachable")


def _move(path: Path, target: Path) -> Path:
    """From a temporary directory, perhaps of another file system."""
    import shutil  # a plan from a warm cache needs nothing of what it imports

    return Path(shutil.move(path, target))


def place(path: Path, directory: Path, filename: str) -> Path:
    """Put a kept file into ``directory`` under its name, sharing its bytes where the disk can.

    Raises SourceError when ``directory`` cannot be written.
    """
    target = directory / filename
    temporary = directory / f".{filename}.new"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            os.link(path, temporary)
        except OSError:
            import shutil

            shutil.copyfile(path, temporary)
        temporary.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise SourceError(
            f"{filename} cannot be put into {directory}: {error.strerror}", status=None
        ) from error
    return target


def local_path(url: str) -> Path:
    """The path of a ``file:`` URL."""
    parts = urlsplit(url)
    host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
    from urllib.request import url2pathname  # takes 15 ms to import

    return Path(url2pathname(host + parts.path))


def parse_hashes(texts: Sequence[str]) -> dict[str, str]:
    """``sha256:…`` or ``sha256=…`` texts as algorithm → digest; what is neither is left out."""
    found = (re.fullmatch(r"(\w+)[:=]([0-9a-fA-F]+)", text.strip()) for text in texts)
    return {match[1].lower(): match[2].lower() for match in found if match and match[1].lower() in _STRONGEST}


def check_any(url: str, path: Path, hashes: Sequence[str]) -> None:
    """Raises HashError unless one of ``hashes`` (``sha256:…`` texts) is the file's."""
    allowed = [parse_hashes([text]) for text in hashes]
    digests = _digests_of(path, {name for one in allowed for name in one} | {"sha256"})
    if not any(one.items() <= digests.items() for one in allowed if one):
        raise _mismatch(url, "sha256", " or ".join(hashes), digests["sha256"])


def _checked(hashes: Mapping[str, str]) -> set[str]:
    """The strongest algorithm among those promised: a weaker one adds nothing."""
    return {next(name for name in _STRONGEST if name in hashes)} if set(hashes) & set(_STRONGEST) else set()


def _check(url: str, hashes: Mapping[str, str], actual: Mapping[str, str]) -> None:
    for algorithm in _checked(hashes):
        if hashes[algorithm].lower() != actual[algorithm]:
            raise _mismatch(url, algorithm, hashes[algorithm], actual[algorithm])


def _mismatch(url: str, algorithm: str, expected: str, actual: str) -> HashError:
    return HashError(
        f"{masked(url)} is not the file that was promised",
        detail=[f"promised {algorithm} {expected}", f"received {algorithm} {actual}"],
        help="the index, a proxy or a mirror gave another file; do not install it",
        url=masked(url),
        status=None,
        expected=expected,
        actual=actual,
    )


def _digests_of(path: Path, algorithms: set[str]) -> dict[str, str]:
    hashers = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for hasher in hashers.values():
                hasher.update(chunk)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}


def _sha256(path: Path) -> str:
    return _digests_of(path, {"sha256"})["sha256"]
