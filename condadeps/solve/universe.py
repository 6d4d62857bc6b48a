"""What the solve may choose from: every project that came up, with the versions each side offers.

A :class:`Universe` grows while metadata is read (:mod:`condadeps.solve.discover`) and is then
turned into the solver's terms (:mod:`condadeps.solve.encode`). Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from condadeps.names.homes import Home
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.direct import one_place
from condadeps.solve.needs import Need, Needs
from condadeps.solve.versions import Order, parsed
from condadeps.sources.files import File
from condadeps.sources.metadata import MetadataError

FIRST_WINDOW = 1
"""How many of the newest versions that meet a specifier are offered at first: each costs a request."""
FAILURES = 2
"""After so many sdists of a project that did not build, its older ones are not tried either."""
GROWTH = 4
"""How many times wider the window of offered versions gets when a conflict names a project."""


@dataclass(frozen=True, slots=True)
class CondaCandidate:
    """A version of a project as a conda package brings it, in whichever build."""

    package: PackageName
    text: str
    """The conda version, as the channel writes it."""
    version: Version | None
    """The project's version, None when PEP 440 cannot read it."""


@dataclass(frozen=True, slots=True)
class PipCandidate:
    """A version of a project as pip brings it, or has brought it already."""

    source: Literal["pypi", "kept", "direct"]
    version: Version
    needs: Needs
    file: Any = None
    """The index's file (``pypi``) or the staged one (``direct``); None for what is kept."""
    requires_python: str = ""


Candidate = CondaCandidate | PipCandidate


@dataclass(slots=True)
class Entry:
    """One project: who offers which versions of it, and who asked for what."""

    project: ProjectName
    home: Home
    conda: tuple[CondaCandidate, ...] = ()
    owned: CondaCandidate | None = None
    """The one of ``conda`` that is installed."""
    kept: PipCandidate | None = None
    direct: PipCandidate | None = None
    installed: Version | None = None
    """The version in the environment now, by whichever manager."""
    excluded: tuple[PackageName, ...] = ()
    """Conda packages that would bring the same project, its home among them."""
    limit: SpecifierSet = field(default_factory=SpecifierSet)
    """What constraints leave of its versions, whoever brings them."""
    forced: bool = False
    """Asked for as ``pypi:``: conda is out of the question."""
    from_pypi: bool = False
    """Conda is not to be asked, though what conda has installed may stay."""
    stays_pip_s: bool = False
    """What pip has installed is rather updated from PyPI than replaced by conda's."""
    from_there: set[str] = field(default_factory=set)
    """URLs that others need the project from, and that pip's installed copy was taken from."""
    closed: str = ""
    """Why PyPI may not be asked (a policy); empty when it may."""
    wheels_first: bool = False
    """An sdist counts only when no wheel will do (pip's ``prefer-binary``)."""
    pre: bool = False
    """Pre-releases count like final versions (pip's ``pre``)."""
    hashes: frozenset[str] | None = None
    """The digests one of which PyPI's file must have."""
    looked: bool = False
    opened: bool = False
    """PyPI's versions are candidates too."""
    page: Any = None
    """The index page, once read; None also when no index has the project."""
    paged: bool = False
    versions: tuple[Version, ...] = ()
    """Every version on the page, newest first, usable or not."""
    files: Mapping[Version, File] = field(default_factory=dict)
    """The file to use of each version, judged when looked up: never iterate, a page may have thousands."""
    yanked: Mapping[Version, File] = field(default_factory=dict)
    """The same with yanked files where a version has no others: for requirements that pin it (PEP 592)."""
    window: int = FIRST_WINDOW
    specifiers: dict[str, SpecifierSet] = field(default_factory=dict)
    extras: set[str] = field(default_factory=set)
    metadata: dict[Version, Needs] = field(default_factory=dict)
    requires_python: dict[Version, str] = field(default_factory=dict)
    unreadable: dict[Version, MetadataError] = field(default_factory=dict)
    """Versions whose metadata cannot be had, and why."""
    unbuilt: set[Version] = field(default_factory=set)
    """Versions that only a build can tell the needs of: they count as needing nothing until chosen."""
    built: set[Version] = field(default_factory=set)
    """Versions that had to be built for their metadata to be known."""
    offered: set[Version] = field(default_factory=set)
    """PyPI versions that are candidates."""
    pinned: File | None = None
    """The chosen file with its SHA-256, when the index did not say it."""
    _order: Order | None = None
    _exempt: tuple[int, frozenset[Version]] | None = None
    """Admitted pre-releases, for so many specifiers."""
    _windowed: tuple[tuple[int, int, int], frozenset[Version]] | None = None
    """The versions in the window, for one of such a width, so many specifiers and unreadable versions."""
    _brought: set[Version] = field(default_factory=set)
    """The versions there are without PyPI."""

    @property
    def order(self) -> Order:
        """All its known versions in PEP 440 order."""
        if self._order is None:
            self._order = _order(self)
            self._brought = {c.version for c in (*self.conda, self.kept, self.direct) if c and c.version}
        return self._order

    def changed(self) -> None:
        """Forget the order: versions have come in."""
        self._order = self._exempt = self._windowed = None

    def admitted(self, specifier: SpecifierSet) -> frozenset[int]:
        """The numbers (in :attr:`order`) of the versions ``specifier`` admits."""
        return self.order.admitted(specifier, self._always(), self.usable)

    def within(self, specifier: SpecifierSet) -> frozenset[int]:
        """The numbers of the versions that ``specifier`` admits and constraints leave."""
        admitted = self.admitted(specifier)
        return admitted & self.admitted(self.limit) if len(self.limit) else admitted

    def usable(self, version: Version) -> bool:
        """Whether somebody offers the version in a shape that the target can use."""
        return version in self._brought or version in self.files

    def _always(self) -> frozenset[Version]:
        """Versions that are admitted though they are pre-releases, as pip does.

        They are what is installed, and those that some requirement on the project, or all of them
        together, name outright or have nothing else to be met by.
        """
        order, count = self.order, len(self.specifiers)
        if self._exempt is None or self._exempt[0] != count:
            always = {self.installed} if self.installed else set()
            if self.pre:
                always.update(order.prereleases)
            elif order.prereleases:
                every = (*self.specifiers.values(), self.limit)
                together = SpecifierSet(",".join(filter(None, map(str, every))))
                for specifier in (*every, together):
                    admitted = order.admitted(specifier, usable=self.usable)
                    always.update(v for v in order.prereleases if order.numbers[v] in admitted)
            self._exempt = (count, frozenset(always))
        return self._exempt[1]

    def available(self) -> frozenset[int]:
        """The numbers of the versions something offers at present."""
        numbers = self.order.numbers
        found = {numbers[c.version or c.text] for c in self.conda}
        found.update(numbers[v] for v in self.offered)
        found.update(numbers[c.version] for c in (self.kept, self.direct) if c)
        return frozenset(found)

    def unmet(self) -> bool:
        """Whether a specifier that came up has nothing on offer to meet it."""
        if not self.specifiers:
            return not self.available()
        available = self.available()
        return any(not (self.within(s) & available) for s in self.specifiers.values())

    def growable(self) -> bool:
        """Whether the window hides versions that could be offered."""
        return any(v not in self.offered for v in self._newest(None))

    def window_versions(self) -> set[Version]:
        """The PyPI versions to offer: of those that meet a specifier the newest, a window of them."""
        seen = self.window, len(self.specifiers), len(self.unreadable)
        if self._windowed is None or self._windowed[0] != seen:
            self._windowed = seen, frozenset(self._newest(self.window))
        return set(self._windowed[1])

    def _newest(self, window: int | None) -> Iterator[Version]:
        for specifier in self.specifiers.values() or (SpecifierSet(),):
            files = self.yanked if pins(specifier & self.limit) else self.files
            usable = (
                v
                for v in self.order.newest_first(self.within(specifier))
                if v not in self.unreadable and not self._is_kept(v) and v in files
            )
            failed = sum(not self.file(version).is_wheel for version in self.unreadable)
            if self.wheels_first:
                yield from _wheels_first(usable, files, window, failed)
                continue
            for position, version in enumerate(islice(usable, window)):
                # Telling what an sdist needs may take a build: never of a release only tried for luck.
                if (position < FIRST_WINDOW and failed < FAILURES) or files[version].is_wheel:
                    yield version

    def _is_kept(self, version: Version) -> bool:
        return self.kept is not None and self.kept.version == version

    def file(self, version: Version) -> File:
        """The file of a version that is offered."""
        return self.files.get(version) or self.yanked[version]

    def extra_versions(self) -> set[Version]:
        """The conda versions whose extras should be known: extras are written in PyPI's metadata only."""
        if not self.extras:
            return set()
        numbers = self.order.numbers
        newest = sorted({c.version for c in self.conda if c.version}, reverse=True)
        chosen = {self.installed} if self.installed in newest else set()
        for specifier in self.specifiers.values() or (SpecifierSet(),):
            admitted = self.within(specifier)
            chosen.update([v for v in newest if numbers[v] in admitted][: max(self.window, 2)])
        return {v for v in chosen if v}

    def at(self, url: str) -> bool:
        """Whether the project is, or is to be, taken from ``url``."""
        return url in self.from_there or (
            self.direct is not None and one_place(self.direct.file.location, url)
        )

    @property
    def nowhere(self) -> bool:
        """Everything was asked and nobody has it."""
        return self.looked and not (self.conda or self.versions or self.kept or self.direct)

    def pip_candidates(self) -> list[PipCandidate]:
        """Everything pip could have there: kept, direct, and the PyPI versions on offer."""
        found = [c for c in (self.kept, self.direct) if c]
        if self.direct is not None:
            return [self.direct]
        for version in sorted(self.offered):
            needs = self.metadata.get(version)
            if needs is not None:
                found.append(
                    PipCandidate(
                        "pypi", version, needs, self.file(version), self.requires_python.get(version, "")
                    )
                )
        return found


def _wheels_first(
    usable: Iterator[Version], files: Mapping[Version, File], window: int | None, failed: int
) -> Iterator[Version]:
    """The versions with wheels, a window of them; the newest sdist's, once all wheels were tried in vain."""
    wheels, sdist = 0, None
    for version in usable:
        if files[version].is_wheel:
            wheels += 1
            yield version
            if wheels == window:
                return
        elif sdist is None:
            sdist = version
    if sdist is not None and failed < FAILURES and (window is None or wheels * GROWTH <= window):
        yield sdist


def pins(specifier: SpecifierSet) -> bool:
    """Whether a specifier names one exact version, which is what lets a yanked file be used (PEP 592)."""
    return any(
        s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*")) for s in specifier
    )


def _order(entry: Entry) -> Order:
    versions = [*reversed(entry.versions), *(c.version for c in entry.conda if c.version is not None)]
    versions += [c.version for c in (entry.kept, entry.direct) if c]
    return Order(versions, _unreadable(entry.conda))


def _unreadable(candidates: tuple[CondaCandidate, ...]) -> list[tuple[str, Version | None]]:
    """Conda versions PEP 440 does not read, each with the readable one before it in conda's order."""
    if all(c.version is not None for c in candidates):
        return []
    found: list[tuple[str, Version | None]] = []
    last: Version | None = None
    for candidate in sorted(candidates, key=lambda c: _conda_version(c.text)):
        if candidate.version is None:
            found.append((candidate.text, last))
        elif last is None or candidate.version > last:
            last = candidate.version
    return found


@lru_cache(maxsize=4096)
def _conda_version(text: str) -> Any:
    from rattler import Version as CondaVersion

    return CondaVersion(text)


def conda_candidates(package: PackageName, texts: set[str]) -> tuple[CondaCandidate, ...]:
    """A candidate for each conda version of a home, oldest first."""
    return tuple(
        CondaCandidate(package, text, parsed(text)) for text in sorted(texts, key=lambda t: _conda_version(t))
    )


@dataclass(slots=True)
class Universe:
    """Every project that came up."""

    entries: dict[ProjectName, Entry] = field(default_factory=dict)

    def follows(self, need: Need) -> bool:
        """Whether a need that names a place (``name @ URL``) can be met, from there."""
        entry = self.entries.get(need.project)
        return entry is not None and need.url is not None and entry.at(need.url)

    def needs_of(self, entry: Entry) -> list[Need]:
        """What the candidates of a project need, with the extras that were asked of it."""
        found: list[Need] = []
        for candidate in entry.pip_candidates():
            found += candidate.needs.always
            found += [n for e in entry.extras for n in candidate.needs.extras.get(e, ())]
        for version in {c.version for c in entry.conda if c.version} if entry.extras else ():
            needs = entry.metadata.get(version)
            if needs is not None:
                found += [n for e in entry.extras for n in needs.extras.get(e, ())]
        return found
