"""What a file says of itself, found in the cheapest way that can be trusted.

For a wheel: what is kept, the METADATA beside it when the index advertises that (PEP 658), else the
one inside, by byte ranges; a server without ranges has the wheel fetched whole. For an sdist: its
PKG-INFO where that is static (metadata 2.2); else it must be built, which is not done here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from condadeps.errors import SourceError
from condadeps.sources.cache import read_bytes, write_bytes
from condadeps.sources.credentials import masked
from condadeps.sources.files import File
from condadeps.sources.metadata import (
    Metadata,
    MetadataError,
    from_bytes,
    in_sdist,
    in_wheel,
    is_static,
    to_bytes,
)
from condadeps.sources.metadata import parse as parse_metadata
from condadeps.sources.store import Store

if TYPE_CHECKING:
    from condadeps.sources.ranges import RangeReader
    from condadeps.sources.transport import Transport

_SMALL: Final = 48 * 1024
"""A wheel of up to so many bytes costs no more whole than in pieces."""
_LEAST_TAIL: Final = 24 * 1024
_LARGEST_TAIL: Final = 512 * 1024


class Inspector:
    """Reads metadata; what it found is kept by the file's SHA-256, forever."""

    def __init__(
        self, directory: Path, store: Store, transport: Callable[[], Transport], *, offline: bool = False
    ) -> None:
        self._directory = directory
        self._store = store
        self._transport = transport
        self._offline = offline

    def kept(self, file: File, variant: str = "") -> Metadata | None:
        """What an earlier run found. ``variant`` tells builds for several interpreters apart."""
        path = self._path(file, variant)
        content = read_bytes(path) if path is not None else None
        return from_bytes(content) if content is not None else None

    def keep(self, file: File, metadata: Metadata, variant: str = "") -> None:
        """Remember it for the next run."""
        path = self._path(file, variant)
        if path is not None:
            write_bytes(path, to_bytes(metadata))

    def read(self, file: File) -> Metadata | None:
        """The file's metadata; None for an sdist that must be built to tell.

        Raises MetadataError when it is unusable, SourceError when the index fails.
        """
        found = self.kept(file)
        if found is None:
            text = self._wheel_text(file) if file.is_wheel else self._static_text(file)
            if text is None:
                return None
            found = checked(file, text)
            self.keep(file, found)
        return found

    def _path(self, file: File, variant: str) -> Path | None:
        if file.sha256 is None:
            return None
        return self._directory / file.sha256[:2] / f"{file.sha256[2:]}{variant}.json"

    def _wheel_text(self, file: File) -> str:
        if self._may_ask(file):
            if file.core_metadata and (text := self._beside(file)) is not None:
                return text
            if file.size is None or file.size > _SMALL:
                reader = self._pieces(file)
                if reader is not None:
                    return _text(file, lambda: in_wheel(cast(IO[bytes], reader), file.project))
        path, _ = self._store.obtain(file.url, file.filename, file.hashes, file.size)
        return _text(file, lambda: in_wheel(path, file.project))

    def _may_ask(self, file: File) -> bool:
        """Whether a piece of the file is worth asking for: what is not checked by hash must come securely."""
        if self._offline or file.local or self._store.has(file.sha256, file.filename):
            return False
        return self._transport().is_secure(file.url)

    def _beside(self, file: File) -> str | None:
        """The METADATA the index advertises; None when it has not got it after all."""
        reply = self._transport().get(file.url + ".metadata")
        if reply.status != 200:
            return None
        for algorithm, digest in file.metadata_hashes.items():
            if hashlib.new(algorithm, reply.content, usedforsecurity=False).hexdigest() != digest:
                return None
        return reply.content.decode("utf-8", "replace")

    def _pieces(self, file: File) -> RangeReader | None:
        """The remote wheel as a stream, its end read already; None when it must be fetched whole."""
        from condadeps.sources.ranges import RangeReader

        transport = self._transport()
        size = file.size
        if size is None:
            probe = transport.piece(file.url, 0, 1)
            if probe is None:
                return None
            size = probe[1]
        start = max(0, size - min(max(size // 100, _LEAST_TAIL), _LARGEST_TAIL))
        tail = transport.piece(file.url, start, size)
        if tail is None or tail[1] != size:
            return None

        def fetch(start: int, stop: int) -> bytes:
            found = transport.piece(file.url, start, stop)
            if found is None:
                raise _unusable(file, "its server gave a range once and not again")
            return found[0]

        reader = RangeReader(size, fetch)
        reader.add(start, tail[0])
        return reader

    def _static_text(self, file: File) -> str | None:
        path, _ = self._store.obtain(file.url, file.filename, file.hashes, file.size)
        text = _text(file, lambda: in_sdist(path) or "")
        return text if text and is_static(text) else None


def checked(file: File, text: str, *, built: bool = False) -> Metadata:
    """The metadata in ``text``. Raises MetadataError when it cannot be read or is another file's."""
    try:
        metadata = parse_metadata(text, built=built)
    except ValueError as error:
        raise _unusable(file, str(error)) from error
    if metadata.name != file.project or metadata.version != file.version:
        raise _unusable(file, f"it says it is {metadata.name} {metadata.version}")
    return metadata


def _text(file: File, read: Callable[[], str]) -> str:
    try:
        return read()
    except ValueError as error:
        raise _unusable(file, str(error)) from error
    except OSError as error:
        raise SourceError(
            f"{masked(file.url)} broke off: {error}", url=masked(file.url), status=None
        ) from error


def _unusable(file: File, problem: str) -> MetadataError:
    return MetadataError(
        f"{file.filename} is unusable: {problem}", url=masked(file.url), status=None, filename=file.filename
    )
