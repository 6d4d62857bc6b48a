"""Channels of any size, by their repodata alone: from them everything can be planned and nothing installed.

Every name has the same number of versions. The packages that are asked for, and all those below them, are the
same in a channel of any size: what grows is what lies around them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
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


def asked(count: int = 20) -> list[str]:
    """conda requests for ``count`` names of the top level."""
    return [f"conda:{_name(number)}" for number in range(count)]


def write(directory: Path, records: int, *, sharded: bool) -> Path:
    """Write a channel of ``records`` records (noarch), as shards (CEP 16) or as one ``repodata.json.zst``."""
    names = max(records // VERSIONS, _CORE)
    noarch, platform = directory / "noarch", directory / recipe.subdir()
    for place in (noarch, platform):
        place.mkdir(parents=True)
    _plain(platform, ())
    if sharded:
        _shards(noarch, names)
    else:
        _plain(noarch, (_records(number) for number in range(names)))
    return directory


def _name(number: int) -> str:
    return f"synthetic-{number:06d}"


def _records(number: int) -> dict[str, dict[str, Any]]:
    """The records of one name, by file name."""
    name = _name(number)
    depends = _depends(number)
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
            "sha256": hashlib.sha256(stem.encode()).hexdigest(),
            "size": 100_000 + version,
            "subdir": "noarch",
            "timestamp": 1_700_000_000_000 + version * 86_400_000,
        }
    return found


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
    for number in range(names):
        shard = {"packages": {}, "packages.conda": _hashed(_records(number)), "removed": []}
        packed = compress(_packed(shard))
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


def _hashed(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Shards have hashes as bytes."""
    return {name: {**one, "sha256": bytes.fromhex(one["sha256"])} for name, one in records.items()}


def _plain(directory: Path, parts: Iterable[dict[str, dict[str, Any]]]) -> None:
    compressor = zstandard.ZstdCompressor(level=1)
    with (directory / "repodata.json.zst").open("wb") as file, compressor.stream_writer(file) as out:
        head = {"info": {"subdir": directory.name}, "packages": {}, "removed": [], "repodata_version": 1}
        out.write(json.dumps(head)[:-1].encode() + b', "packages.conda": {')
        for number, part in enumerate(parts):
            lines = ",".join(f"{json.dumps(name)}:{json.dumps(record)}" for name, record in part.items())
            out.write(f"{',' if number else ''}{lines}".encode())
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
