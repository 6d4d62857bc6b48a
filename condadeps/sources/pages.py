"""One project's files as its indexes list them: a page, read lazily, kept compactly.

What an index sends (PEP 691 JSON or PEP 503 HTML) is turned once into a :class:`Part`: versions
newest first, and per version the bytes of its rows. Ten thousand files then cost nothing until a
version is looked at, in the process that fetched them as in the next one that reads the cache.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, Protocol, overload

from packaging.version import Version

from condadeps.names.namespaces import ProjectName
from condadeps.sources.files import Choice, File, Interpreter, read_name
from condadeps.sources.links import Link

FORMAT: Final = 2
"""Of the compact form; another number in a cached file makes it unread."""
_DIGITS: Final = 12
"""In which the compact form begins with the length of its head."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one index says of one project."""

    versions: tuple[str, ...]
    """As the file names spell them, newest first."""
    since: tuple[float | None, ...]
    """The first upload of each version's files (seconds since the epoch), None when not said."""
    rows: Sequence[bytes]
    """Each version's files, as a JSON list of rows."""
    base: str = ""
    """What all the URLs begin with."""

    def to_bytes(self) -> bytes:
        """The compact form, for the cache."""
        head = {
            "format": FORMAT,
            "base": self.base,
            "versions": self.versions,
            "since": self.since,
            "lengths": list(map(len, self.rows)),
        }
        text = json.dumps(head, separators=(",", ":")).encode()
        return b"".join([f"{len(text):0{_DIGITS}}".encode(), text, *self.rows])

    @staticmethod
    def from_bytes(content: bytes | memoryview) -> Part:
        """What :meth:`to_bytes` wrote. Raises ValueError when it is anything else."""
        view = memoryview(content)
        start = _DIGITS + int(bytes(view[:_DIGITS]))
        document = json.loads(bytes(view[_DIGITS:start]))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError("another format")
        versions, since = tuple(document["versions"]), tuple(document["since"])
        bounds = tuple(itertools.accumulate(document["lengths"], initial=start))
        if not len(bounds) - 1 == len(versions) == len(since) or bounds[-1] != len(view):
            raise ValueError("it is cut short")
        return Part(versions, since, _Rows(view, bounds), document["base"])


class _Rows(Sequence[bytes]):
    """The pieces of a buffer between bounds, each copied when it is looked at: some pages have megabytes."""

    def __init__(self, content: memoryview, bounds: Sequence[int]) -> None:
        self._content = content
        self._bounds = bounds

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        return bytes(self._content[self._bounds[at] : self._bounds[at + 1]])

    def __len__(self) -> int:
        return len(self._bounds) - 1


def part(links: Iterable[Link], project: ProjectName) -> Part:
    """The usable files of ``project`` among the links of an index page."""
    by_version: dict[Version, tuple[list[list[Any]], list[float | None]]] = {}
    kept = [(link, name) for link in links if (name := read_name(link.filename, project)) is not None]
    base = _common([link.url for link, _ in kept])
    for link, name in kept:
        rows, moments = by_version.get(name.version) or by_version.setdefault(name.version, ([], []))
        moment = _seconds(link.upload_time)
        rows.append(_row(link, len(base), moment))
        moments.append(moment)
    versions = sorted(by_version, reverse=True)
    ordered = [by_version[version] for version in versions]
    return Part(
        versions=tuple(map(str, versions)),
        since=tuple(
            None if None in moments else min(moment for moment in moments if moment is not None)
            for _, moments in ordered
        ),
        rows=tuple(json.dumps(rows, separators=(",", ":")).encode() for rows, _ in ordered),
        base=base,
    )


def _row(link: Link, skip: int, moment: float | None) -> list[Any]:
    row = [
        link.filename,
        link.url[skip:],
        dict(link.hashes),
        link.size,
        link.requires_python,
        moment,
        link.yanked,
        link.core_metadata if isinstance(link.core_metadata, bool) else dict(link.core_metadata),
    ]
    return row


def _common(urls: Sequence[str]) -> str:
    """The beginning that all URLs share, up to a slash."""
    if not urls:
        return ""
    first, last = min(urls), max(urls)
    length = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: first.rfind("/", 0, length) + 1]


def _seconds(text: str | None) -> float | None:
    """An ISO 8601 upload time as seconds since the epoch; None for none or nonsense."""
    if not text:
        return None
    whole, _, rest = text.removesuffix("Z").partition(".")
    try:
        moment = datetime.fromisoformat(whole if "+" in whole else f"{whole}+00:00")
    except ValueError:
        return None
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return moment.timestamp() + (float(f"0.{digits}") if digits else 0.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """Which files a page shows at all."""

    wheels: bool = True
    """``no-binary`` does not forbid them."""
    sdists: bool = True
    """``only-binary`` does not forbid them."""
    before: datetime | None = None
    """Nothing uploaded at this moment or later; files on this machine's disk are exempt, as in pip."""


class Page:
    """One project on all the indexes that have it: every version, every usable file.

    Pre-releases and yanked files are here too; the solve decides about them. Of equal files the
    earlier one counts: find-links first, then the indexes in pip's order.
    """

    def __init__(self, project: ProjectName, parts: Sequence[Part], rules: Rules | None = None) -> None:
        self.project = project
        self._offers = tuple(map(_Offer, parts))
        self._rules = rules or Rules()
        self._files: dict[Version, tuple[File, ...]] = {}

    def __repr__(self) -> str:
        return f"<Page {self.project}: {len(self.versions)} versions>"

    @functools.cached_property
    def versions(self) -> tuple[Version, ...]:
        """Every version that has a file here, newest first; pre-releases and yanked ones too."""
        rules = self._rules
        found = [list(offer.versions_before(rules.before)) for offer in self._offers]
        merged = found[0] if len(found) == 1 else sorted(set().union(*found), reverse=True)
        if rules.before is not None or not (rules.wheels and rules.sdists):
            merged = [version for version in merged if self.at(version)]
        return tuple(merged)

    @property
    def files(self) -> tuple[File, ...]:
        """Every file, newest version first. Costs a moment for thousands; :meth:`at` does not."""
        return tuple(file for version in self.versions for file in self.at(version))

    def at(self, version: Version) -> tuple[File, ...]:
        """The files of one version, none when it is not here."""
        if version not in self._files:
            self._files[version] = tuple(
                file
                for offer in self._offers
                for file in offer.at(version, self.project)
                if self._shown(file)
            )
        return self._files[version]

    def best(self, interpreter: Interpreter, *, yanked: bool = False) -> Best:
        """The file to use of each version that ``interpreter`` can use at all, by tags and Requires-Python.

        With ``yanked``, a version's yanked files count when it has no others; without, never (PEP 592).
        Looking up a few versions is cheap; iterating judges all, newest first.
        """
        return Best(self, interpreter, yanked)

    def _shown(self, file: File) -> bool:
        if not (self._rules.wheels if file.is_wheel else self._rules.sdists):
            return False
        before = self._rules.before
        return before is None or file.local or (file.upload_time is not None and file.upload_time < before)


class _Offer:
    """A part with its versions read: what one index has, found by bisection."""

    def __init__(self, part: Part) -> None:
        self._part = part

    @functools.cached_property
    def _oldest_first(self) -> list[Version]:
        return list(map(Version, reversed(self._part.versions)))

    def versions_before(self, moment: datetime | None) -> Iterator[Version]:
        """Its versions, newest first, without those that certainly have nothing older than ``moment``."""
        if moment is None:
            return reversed(self._oldest_first)
        limit = moment.timestamp()
        both = zip(reversed(self._oldest_first), self._part.since, strict=True)
        return (version for version, since in both if since is None or since < limit)

    def at(self, version: Version, project: ProjectName) -> Iterator[File]:
        """Its files of one version."""
        place = bisect.bisect_left(self._oldest_first, version)
        if place < len(self._oldest_first) and self._oldest_first[place] == version:
            for row in json.loads(self._part.rows[-1 - place]):
                yield from _file(row, self._part.base, version, project)


def _file(row: list[Any], base: str, version: Version, project: ProjectName) -> Iterator[File]:
    filename, url, hashes, size, requires_python, moment, yanked, core_metadata = row
    name = read_name(filename, project)
    if name is None:
        return
    yield File(
        project=project,
        version=version,
        filename=filename,
        url=base + url,
        kind=name.kind,
        hashes=hashes,
        size=size,
        requires_python=requires_python,
        yanked=yanked is not False,
        yanked_reason=yanked if isinstance(yanked, str) else "",
        upload_time=None if moment is None else datetime.fromtimestamp(moment, timezone.utc),
        core_metadata=core_metadata is not False,
        metadata_hashes=core_metadata if isinstance(core_metadata, dict) else {},
        tags=name.tags,
        build_tag=name.build_tag,
    )


class Listing(Protocol):
    """What :class:`Best` chooses from."""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Newest first."""

    def at(self, version: Version) -> Sequence[File]:
        """Every file of a version."""


class Best(Mapping[Version, File]):
    """Version → the file to use, judged when looked up. Made by :meth:`Page.best`."""

    def __init__(self, page: Listing, interpreter: Interpreter, yanked: bool) -> None:
        self._page = page
        self._choice = Choice.of(interpreter)
        self._yanked = yanked
        self._known: dict[Version, File | None] = {}

    def __getitem__(self, version: Version) -> File:
        if version not in self._known:
            files = self._files(version)
            found = self._choice.best([file for file in files if not file.yanked])
            if found is None and self._yanked:
                found = self._choice.best(files)
            self._known[version] = found
        file = self._known[version]
        if file is None:
            raise KeyError(version)
        return file

    def _files(self, version: Version) -> Sequence[File]:
        return self._page.at(version)

    def __iter__(self) -> Iterator[Version]:
        return (version for version in self._page.versions if version in self)

    def __contains__(self, version: object) -> bool:
        return isinstance(version, Version) and self.get(version) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self)
