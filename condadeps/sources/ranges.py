"""Reading a piece of a remote file as if it were here: a seekable stream over byte ranges (RFC 9110)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

_AHEAD: Final = 16 * 1024


class RangeReader(io.RawIOBase):
    """A stream of ``size`` bytes that asks for what is read and not had yet.

    ``fetch(start, stop)`` gives exactly those bytes, or raises.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._position = 0
        self._had: list[tuple[int, bytes]] = []

    def add(self, start: int, content: bytes) -> None:
        """Bytes that are known already."""
        self._had.append((start, content))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        start = min(self._position, self._size)
        stop = self._size if size is None or size < 0 else min(self._size, start + size)
        pieces = []
        while start < stop:
            piece = self._piece(start, stop)
            pieces.append(piece)
            start += len(piece)
        self._position = start
        return b"".join(pieces)

    def _piece(self, start: int, stop: int) -> bytes:
        for at, content in self._had:
            if at <= start < at + len(content):
                return content[start - at : stop - at]
        end = min([self._size, *(at for at, _ in self._had if at > start)])
        end = min(end, max(stop, start + _AHEAD))
        content = self._fetch(start, end)
        if len(content) != end - start:
            raise OSError(f"asked for {end - start} bytes, got {len(content)}")
        self.add(start, content)
        return content[: stop - start]
