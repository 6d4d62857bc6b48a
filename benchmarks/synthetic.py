"""Channels of any size, by their repodata alone: from them everything can be planned and nothing installed.

Every name has the same number of versions. The packages that are asked for, and all those below them, are the
same in a channel of any size: what grows is what lies around them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import zstandard

from tests.channel import recipe

VERSIONS = 30
"""Records a name."""
_LEVELS = 8
_WIDTH = 40
"""Names a level, in the part that is alike in all channels."""
_CORE = _LEVELS * _WIDTH
_CUT = b"@cut@"

Records = dict[str, dict[str, Any]]


def asked(count: int = 20) -> list[str]:
    """conda requests for ``count`` names of the top level."""
    return [f"conda:{_name(number)}" for number in range(count)]


def write(directory: Path, records: int, *, sharded: bool) -> Path:
    """Write a channel of ``records`` records (noarch), as shards (CEP 16) or as one ``repodata.json.zst``."""
    names = max(records // VERSIONS, _CORE)
    noarch, platform = directory / "noarch", directory / recipe.subdir()
    for place in (noarch, platform):
        place.mkdir(parents=True)
    _plain(platform, range(0))
    if sharded:
        _shards(noarch, names)
    else:
        _plain(noarch, range(names))
    return directory


def _name(number: int) -> str:
    return f"synthetic-{number:06d}"


def _records(name: str, depends: Sequence[str]) -> Records:
    """The records of one name, by file name."""
    found = {}
    for version in range(1, VERSIONS + 1):
        stem = f"{name}-1.{version}.0-py_0"
        found[f"{stem}.conda"] = {
            "name": name,
            "version": f"1.{version}.0",
            "build": "py_0",
            "build_number": 0,
            "depends": [f"{one} >=1.{max(1, version - 5)}" for one in depends],
            "license": "MIT",
            "noarch": "generic",
            "sha256": _digest(name, version),
            "size": 100_000 + version,
            "subdir": "noarch",
            "timestamp": 1_700_000_000_000 + version * 86_400_000,
        }
    return found


def _digest(name: str, version: int) -> str:
    return hashlib.sha256(f"{name} {version}".encode()).hexdigest()


class _Writer:
    """The records of one name after another, filled into templates: a million of them in seconds."""

    def __init__(self, write: Callable[[Records], bytes], digest: Callable[[str], bytes]) -> None:
        """``write`` writes records down; ``digest`` is how it writes a hash."""
        self._digest = digest
        self._templates: dict[int, tuple[bytes, list[str]]] = {}
        for number in (0, _CORE - 1):  # one with dependencies, one without
            marks = [_name(number), *(f"dependency-{place:05d}" for place, _ in enumerate(_depends(number)))]
            text = write(_records(marks[0], marks[1:]))
            for version in range(1, VERSIONS + 1):
                text = text.replace(digest(_digest(marks[0], version)), _CUT)
            self._templates[len(marks)] = text, marks

    def records(self, number: int) -> bytes:
        """Those of one name."""
        names = [_name(number), *_depends(number)]
        text, marks = self._templates[len(names)]
        for mark, name in zip(marks, names, strict=True):
            text = text.replace(mark.encode(), name.encode())
        digests = [self._digest(_digest(names[0], version)) for version in range(1, VERSIONS + 1)]
        pieces = zip(text.split(_CUT), [*digests, b""], strict=True)
        return b"".join(one for both in pieces for one in both)


def _depends(number: int) -> list[str]:
    """Three names of the next level, none below the last; outside the core, three of its last levels."""
    if number >= _CORE:
        return [_name(_CORE - 1 - (number * step) % (2 * _WIDTH)) for step in (1, 3, 7)]
    level, place = divmod(number, _WIDTH)
    if level == _LEVELS - 1:
        return []
    return [_name((level + 1) * _WIDTH + (place * 3 + step) % _WIDTH) for step in (0, 1, 11)]


def _shards(directory: Path, names: int) -> None:
    folder = directory / "shards"
    folder.mkdir()
    compress = zstandard.ZstdCompressor(level=1).compress
    index: dict[str, bytes] = {}
    writer = _Writer(_shard, lambda digest: _packed(bytes.fromhex(digest)))
    for number in range(names):
        packed = compress(writer.records(number))
        digest = hashlib.sha256(packed)
        (folder / f"{digest.hexdigest()}.msgpack.zst").write_bytes(packed)
        index[_name(number)] = digest.digest()
    info = {
        "subdir": directory.name,
        "base_url": "",
        "shards_base_url": "./shards/",
        "created_at": "2026-01-01T00:00:00Z",
    }
    document = {"info": info, "shards": index}
    (directory / "repodata_shards.msgpack.zst").write_bytes(compress(_packed(document)))


def _shard(records: Records) -> bytes:
    # Shards have hashes as bytes.
    hashed = {name: {**one, "sha256": bytes.fromhex(one["sha256"])} for name, one in records.items()}
    return _packed({"packages": {}, "packages.conda": hashed, "removed": []})


def _plain(directory: Path, numbers: range) -> None:
    writer = _Writer(lambda records: json.dumps(records).encode()[1:-1], str.encode)
    compressor = zstandard.ZstdCompressor(level=1)
    with (directory / "repodata.json.zst").open("wb") as file, compressor.stream_writer(file) as out:
        head = {"info": {"subdir": directory.name}, "packages": {}, "removed": [], "repodata_version": 1}
        out.write(json.dumps(head)[:-1].encode() + b', "packages.conda": {')
        for number in numbers:
            out.write((b"," if number else b"") + writer.records(number))
        out.write(b"}}")


def _packed(value: Any) -> bytes:
    """msgpack of what repodata is made of."""
    match value:
        case str():
            data = value.encode()
            return _head(len(data), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + data
        case bytes():
            return _head(len(value), 0, 0, (0xC4, 0xC5, 0xC6)) + value
        case int():
            return bytes([value]) if 0 <= value < 128 else b"\xcf" + value.to_bytes(8, "big")
        case list():
            return _head(len(value), 0x90, 16, (0, 0xDC, 0xDD)) + b"".join(map(_packed, value))
        case dict():
            items = b"".join(_packed(key) + _packed(one) for key, one in value.items())
            return _head(len(value), 0x80, 16, (0, 0xDE, 0xDF)) + items
        case _:
            raise TypeError(f"no msgpack for {value!r}")


def _head(length: int, short: int, limit: int, codes: tuple[int, int, int]) -> bytes:
    if length < limit:
        return bytes([short | length])
    for code, size in zip(codes, (1, 2, 4), strict=True):
        if code and length < 1 << (8 * size):
            return bytes([code]) + length.to_bytes(size, "big")
    raise ValueError("too long for msgpack")
