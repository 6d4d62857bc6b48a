"""A newer table of names, for one user: fetched on their own word, packed, and used from then on.

    python -m condadeps.names.refresh URL-OR-FILE

The source is parselmouth's mapping, or any of its shape (see :mod:`condadeps.names.pack`). Nothing here
runs unless a person asks for it, and no address is built in: names decide what is installed, so their
source is the user's or the site's to name. ``CONDADEPS_DATA_DIR`` moves the place the table is kept in.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from condadeps.errors import CondadepsError, SourceError, UsageError
from condadeps.names.pack import mapping, pack
from condadeps.names.table import SHIPPED, Table, forget, refreshed_path

LARGEST = 64 * 2**20
"""Bytes that a mapping may have; conda-forge's has one million."""
TIMEOUT = 30.0
"""Seconds to wait for a server's next word."""


def refresh(source: str | Path, *, made: date | None = None) -> Table:
    """Make the mapping at ``source``, a path or an http(s) or file URL, this user's table of names.

    ``made`` is its day: unless given, what the server says of its last change, the file's time stamp, or
    else today.

    Raises SourceError when ``source`` does not answer or is no such mapping, and when it knows fewer than
    half the packages of the table in use: names that are missing would go to PyPI. Raises UsageError when
    it is no newer than the shipped table, which would then be used all the same, and CondadepsError when
    the table cannot be written.
    """
    shown = _without_credentials(str(source))
    content, changed = _fetch(str(source)) if _is_remote(str(source)) else _read(source)
    day = (made or changed or date.today()).isoformat()
    try:
        ships = mapping(json.loads(content))
    except ValueError as error:
        raise SourceError(f"{shown} is no mapping of names: {error}", url=shown, status=None) from error
    shipped = Table.load(SHIPPED)
    _refuse_a_part(shown, len(ships), shipped)
    if day <= shipped.date:
        raise UsageError(
            f"{shown} is of {day}, no newer than the table condadeps came with, of {shipped.date}",
            help="say its day if that is wrong: --date YYYY-MM-DD",
        )
    path = refreshed_path()
    try:
        _write(path, pack(ships, day))
    except OSError as error:
        raise CondadepsError(
            f"{path} cannot be written: {error.strerror}", help="CONDADEPS_DATA_DIR names another directory"
        ) from error
    forget()
    return Table.load(path)


def _refuse_a_part(shown: str, known: int, shipped: Table) -> None:
    expected = sum(1 for _ in shipped.packages())
    if known * 2 < expected:
        raise SourceError(
            f"{shown} knows {known} packages where the table in use knows {expected}; it is not taken",
            url=shown,
            status=None,
        )


def _read(source: str | Path) -> tuple[bytes, date]:
    text = str(source)
    path = Path(url2pathname(urlsplit(text).path)) if text.startswith("file:") else Path(source)
    try:
        stamp = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
        return path.read_bytes(), stamp.date()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", url=str(path), status=None) from error


def _fetch(url: str) -> tuple[bytes, date | None]:
    import requests

    shown = _without_credentials(url)
    try:
        with requests.get(url, timeout=TIMEOUT, stream=True) as response:
            if response.status_code != 200:
                raise SourceError(
                    f"{shown} answered {response.status_code}", url=shown, status=response.status_code
                )
            content = bytearray()
            for chunk in response.iter_content(2**16):
                content += chunk
                if len(content) > LARGEST:
                    raise SourceError(f"{shown} is larger than {LARGEST} bytes", url=shown, status=200)
            return bytes(content), _day(response.headers.get("Last-Modified"))
    except requests.RequestException as error:
        # Not the exception's own text: it may show the URL with its credentials.
        raise SourceError(
            f"{shown} does not answer ({type(error).__name__})", url=shown, status=None
        ) from None


def _day(stamp: str | None) -> date | None:
    if stamp is None:
        return None
    try:
        return parsedate_to_datetime(stamp).date()
    except ValueError:
        return None


def _write(path: Path, content: bytes) -> None:
    """At once or not at all: a reader never sees half a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _is_remote(source: str) -> bool:
    return source.lower().startswith(("https://", "http://"))


def _without_credentials(source: str) -> str:
    """The source as it may be shown: without a URL's user, password and query."""
    if not _is_remote(source):
        return source
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def main(arguments: list[str] | None = None) -> int:
    """The command: exit 0, or 1 or 2 with the reason on standard error."""
    import argparse
    import sys

    parser = argparse.ArgumentParser(
        prog="python -m condadeps.names.refresh", description=__doc__.split("\n")[0]
    )
    parser.add_argument("source", help="the mapping's JSON: a file or a URL")
    parser.add_argument("--date", type=date.fromisoformat, help="its day, as in 2026-08-19")
    asked = parser.parse_args(arguments)
    try:
        table = refresh(asked.source, made=asked.date)
    except CondadepsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"the table of names is now of {table.date}: {table.path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
