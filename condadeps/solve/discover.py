"""Growing the universe: look up what each project is on conda and on PyPI, level by level.

All the I/O of a solve but the solver's own happens here. What one level needs is asked for
at once; what the answers require is the next level. A conda package's own dependencies are never looked
at: the solver meets them, from conda alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from condadeps.asked.request import Direct as DirectRequest
from condadeps.asked.request import Origin
from condadeps.errors import ConfigError, NoVersionError, UsageError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.direct import one_place, same
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter, Silent
from condadeps.solve.channels_tell import ChannelsTell
from condadeps.solve.hashes import Hashed
from condadeps.solve.installed import Installed
from condadeps.solve.limits import Limits
from condadeps.solve.needs import Need, Needs, read
from condadeps.solve.policy import Policy
from condadeps.solve.seams import CondaCandidates, Page, PypiCandidates
from condadeps.solve.universe import (
    GROWTH,
    Candidate,
    CondaCandidate,
    Entry,
    PipCandidate,
    Universe,
    conda_candidates,
)
from condadeps.sources.files import File, admits_python
from condadeps.sources.metadata import MetadataError, UnbuiltError

WIDEST = 64
"""A window no wider helps nobody: who needs an older release yet can name it."""


@dataclass
class Discovery:
    """Reads what the solve may choose from, no more than it must."""

    target: Target
    conda: CondaCandidates | None
    pypi: PypiCandidates | None
    homes: Homes
    installed: Installed
    asked: frozenset[ProjectName] = frozenset()
    """Projects asked for by name: all their requirements count, not only those that hold now."""
    reporter: Reporter = field(default_factory=Silent)
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    channels_tell: ChannelsTell | None = None
    updated: frozenset[ProjectName] = frozenset()
    """Projects that are to move to the newest version: what is installed is no reason to stay."""
    universe: Universe = field(default_factory=Universe)

    async def want(self, needs: Iterable[Need]) -> None:
        """Bring in these needs, and whatever their candidates need in turn."""
        for need in needs:
            self._ask(need)
        await self._settle()

    def entry(self, project: ProjectName) -> Entry:
        """The project's entry, made when it is new."""
        found = self.universe.entries.get(project)
        if found is None:
            found = Entry(
                project,
                self.homes.home(project),
                installed=self.installed.version(project),
                excluded=self._excluded(project),
                limit=self.limits.specifier(project),
                from_pypi=project in self.policy.only_pypi,
                closed=self.policy.closed(project) or self._placeholder(project),
                hashes=self.limits.hashes.get(project),
                wheels_first=self.pypi is not None and self.pypi.prefer_binary,
                pre=self.pypi is not None and self.pypi.pre,
            )
            self.universe.entries[project] = found
        return found

    def force(self, project: ProjectName) -> None:
        """``pypi:`` was written: conda is out of the question, and PyPI's is meant, placeholder or not."""
        entry = self.entry(project)
        entry.forced, entry.closed = True, self.policy.closed(project)

    def _placeholder(self, project: ProjectName) -> str:
        """Why PyPI's is not even looked at: its build would end with what is known already."""
        home = self.homes.home(project)
        return home.reason if home.placeholder and project not in self.policy.only_pypi else ""

    def _excluded(self, project: ProjectName) -> tuple[PackageName, ...]:
        home = self.homes.home(project).package
        return tuple(sorted({*self.homes.shippers(project), *([home] if home else [])}))

    async def direct(self, request: DirectRequest) -> Need:
        """Stage what a direct reference names; it becomes its project's one candidate.

        Raises SourceError, NoVersionError when it is for another Python, UsageError when PyPI is off.
        """
        if self.pypi is None:
            raise UsageError(f"{request.text} needs pip, which is switched off", help=self.switch)
        if request.name is not None:
            check_open(request.text, request.name, self.policy)
        self.reporter.phase("metadata")
        found = await self.pypi.direct(request.location, editable=request.editable, hashes=request.hashes)
        metadata = found.metadata
        check_open(request.text, metadata.name, self.policy)
        if not self._suits(metadata.requires_python):
            raise NoVersionError(
                f"{request.text} needs Python {metadata.requires_python}; "
                f"here is {self.target.python_version}",
                name=str(metadata.name),
                asked=request.text,
                available=[],
            )
        entry = self.entry(metadata.name)
        needs = read(metadata.lines, metadata.extras, self.target.markers)
        entry.direct = PipCandidate("direct", metadata.version, needs, found, metadata.requires_python or "")
        entry.metadata[metadata.version] = needs
        entry.forced = True
        entry.conda = ()
        entry.changed()
        specifier = SpecifierSet(f"=={metadata.version}")
        return Need(metadata.name, specifier, frozenset(canonicalize_name(e) for e in request.extras))

    def _suits(self, requires_python: str | None) -> bool:
        """Whether Requires-Python admits the target's."""
        return admits_python(requires_python, self.target.markers["python_full_version"])

    @property
    def switch(self) -> str:
        """What to do to have PyPI, when it is switched off."""
        return (
            "leave out --no-pip" if self.policy.pip != "never" else f"{self.policy.setting('pip')} forbids it"
        )

    async def grow(
        self, widen: Collection[ProjectName], open_: Collection[ProjectName] = (), widest: int = WIDEST
    ) -> bool:
        """Offer more: PyPI, for any of these it was closed for; a wider window, for those to ``widen``.

        No window gets wider than ``widest``. Returns whether anything came of it.
        """
        grew = False
        for project in dict.fromkeys((*widen, *open_)):
            entry = self.universe.entries.get(project)
            if entry is None or self.pypi is None or entry.closed or entry.direct is not None:
                continue
            if not entry.opened:
                entry.opened = grew = True
            elif project in widen and entry.window < widest and entry.growable():
                entry.window *= GROWTH
                grew = True
        if grew:
            await self._settle()
        return grew

    def _ask(self, need: Need) -> bool:
        entry = self.entry(need.project)
        text = str(need.specifier)
        news = text not in entry.specifiers or not need.extras <= entry.extras
        entry.specifiers.setdefault(text, need.specifier)
        entry.extras |= need.extras
        return news

    async def _settle(self) -> None:
        """Look until nothing new comes up."""
        while True:
            await self._place()
            await self._look([e for e in self.universe.entries.values() if not e.looked])
            await self._read_pages()
            await self._read_metadata()
            news = False
            for entry in list(self.universe.entries.values()):
                for need in self.universe.needs_of(entry):
                    if need.url is None or self._follows(need, entry):
                        news |= self._ask(need)
            if not news and not self._pending():
                return

    async def _place(self) -> None:
        """Stage what is bound to one place, by a constraint or by something staged, once it comes up."""
        entries = self.universe.entries
        requests = [request for project, request in self.limits.places.items() if project in entries]
        for request in (*requests, *self._placed_needs()):
            assert request.name is not None
            there = self.installed.by_pip.get(request.name)
            if self.entry(request.name).direct is None and not (there is not None and same(there, request)):
                await self.direct(request)

    def _placed_needs(self) -> Iterator[DirectRequest]:
        """The references among the requirements of what was itself asked for by reference."""
        for entry in list(self.universe.entries.values()):
            for need in self.universe.needs_of(entry) if entry.direct is not None else ():
                if need.url is not None:
                    yield _reference(need, entry)

    def _follows(self, need: Need, asker: Entry) -> bool:
        """Whether a need that names a place may be followed to it.

        What was itself asked for by reference may send people elsewhere. What an index has may not, but
        where they asked to go: by a request, a constraint, or when what is installed was taken from there.
        """
        assert need.url is not None
        there = self.installed.by_pip.get(need.project)
        if there is not None and same(there, _reference(need, asker)):
            self.entry(need.project).from_there.add(need.url)
        bound = self.limits.places.get(need.project)
        return (
            asker.direct is not None
            or (bound is not None and one_place(bound.location, need.url))
            or self.universe.follows(need)
        )

    def _pending(self) -> bool:
        entries = self.universe.entries.values()
        return any(not e.looked or self._wants_page(e) or self._unread(e) for e in entries)

    async def _look(self, entries: list[Entry]) -> None:
        if self.channels_tell is not None and await self.channels_tell.about([e.project for e in entries]):
            for entry in entries:
                entry.home, entry.excluded = self.homes.home(entry.project), self._excluded(entry.project)
        homes = {e.home.package for e in entries if e.home.package} if self.conda else set()
        records = await self.conda.records(sorted(homes)) if self.conda and homes else {}
        for entry in entries:
            entry.looked = True
            package = entry.home.package
            texts = _versions(records.get(package, ()), entry) if package else set()
            found = {c.text: c for c in conda_candidates(package, texts)} if package else {}
            owner = self.installed.owner(entry.project)
            if owner is not None:
                own = entry.owned = CondaCandidate(owner.name, owner.version, entry.installed)
                if owner.name == package:
                    found[own.text] = own
                else:
                    found[f"{own.package} {own.text}"] = own
            if entry.from_pypi:
                stays = entry.owned is not None and entry.project not in self.updated
                found = {c.text: c for c in found.values() if stays and c is entry.owned}
            entry.conda = () if entry.forced else tuple(found.values())
            self._keep(entry)
            entry.changed()

    def _keep(self, entry: Entry) -> None:
        """What pip installed takes part as it is, with those of its requirements that hold now."""
        found = self.installed.by_pip.get(entry.project)
        if found is None or entry.installed is None:
            return
        needs = read(found.lines, found.extras, self.target.markers, places=False)
        always = needs.always
        if entry.project not in self.asked:
            always = tuple(need for need in always if self._holds(need))
        entry.kept = PipCandidate("kept", entry.installed, Needs(always, needs.extras))

    def _holds(self, need: Need) -> bool:
        version = self.installed.version(need.project)
        return version is not None and need.specifier.contains(version, prereleases=True)

    def _wants_page(self, entry: Entry) -> bool:
        if self.pypi is None or entry.paged or entry.direct is not None:
            return False
        if entry.unmet() and not entry.closed:
            entry.opened = True
        return entry.opened or bool(self._extras_unread(entry))

    async def _read_pages(self) -> None:
        entries = [e for e in self.universe.entries.values() if self._wants_page(e)]
        if entries and self.pypi is not None:
            self.reporter.phase("metadata")
            pages = await asyncio.gather(*(self.pypi.page(entry.project) for entry in entries))
            for entry, page in zip(entries, pages, strict=True):
                entry.paged, entry.page = True, page
                if page is not None:
                    entry.versions = page.versions
                    entry.files, entry.yanked = self._files(page, entry.hashes)
                entry.changed()
        # A specifier that came up after the page was read may be one that conda does not meet.
        for entry in self.universe.entries.values():
            if entry.paged and not entry.opened and entry.unmet() and not entry.closed:
                entry.opened = True

    def _files(
        self, page: Page, hashes: frozenset[str] | None
    ) -> tuple[Mapping[Version, File], Mapping[Version, File]]:
        """The file to use of each version, and the same with yanked ones."""
        if hashes is None:
            return page.best(self.target), page.best(self.target, yanked=True)
        return Hashed(page, self.target, hashes), Hashed(page, self.target, hashes, yanked=True)

    def _extras_unread(self, entry: Entry) -> set[Version]:
        return {
            v for v in entry.extra_versions() if v not in entry.metadata and not self._own_extras(entry, v)
        }

    def _own_extras(self, entry: Entry, version: Version) -> bool:
        """Take the extras of an installed version from its own metadata, on disk."""
        if version != entry.installed or entry.project not in self.installed.distributions:
            return False
        found = self.installed.distributions[entry.project]
        entry.metadata[version] = read(found.lines, found.extras, self.target.markers, places=False)
        return True

    def _unread(self, entry: Entry) -> set[Version]:
        """Versions of an open page whose metadata is wanted and neither read nor known to be unreadable."""
        if not entry.paged:
            return set()
        wanted = entry.window_versions() if entry.opened and entry.direct is None else set()
        wanted |= {v for v in self._extras_unread(entry) if v in entry.files}
        missing = {v for v in wanted if v not in entry.metadata and v not in entry.unreadable}
        if entry.opened:
            entry.offered |= {v for v in wanted if v in entry.metadata}
        return missing

    async def _read_metadata(self) -> None:
        jobs = [
            (entry, version)
            for entry in self.universe.entries.values()
            for version in sorted(self._unread(entry), reverse=True)
        ]
        if not jobs or self.pypi is None:
            return
        await asyncio.gather(*(self._read_one(entry, version) for entry, version in jobs))
        for entry, _ in jobs:
            self._unread(entry)

    async def build(self, chosen: Iterable[tuple[Entry, Candidate]]) -> bool:
        """Learn what those of ``chosen`` need that only a build can tell; whether there were any."""
        jobs = [
            (entry, candidate.version)
            for entry, candidate in chosen
            if candidate.version in entry.unbuilt and (isinstance(candidate, PipCandidate) or entry.extras)
        ]
        for entry, version in jobs:
            entry.unbuilt.discard(version)
            del entry.metadata[version]
        await asyncio.gather(*(self._read_one(entry, version, build=True) for entry, version in jobs))
        if jobs:
            await self._settle()
        return bool(jobs)

    async def _read_one(self, entry: Entry, version: Version, build: bool = False) -> None:
        assert self.pypi is not None
        try:
            metadata = await self.pypi.metadata(entry.file(version), build=build)
        except MetadataError as error:
            if isinstance(error, UnbuiltError) and not build:
                entry.unbuilt.add(version)
                entry.metadata[version] = Needs()
            else:
                entry.unreadable[version] = error
                entry.offered.discard(version)
            return
        if not self._suits(metadata.requires_python):
            # Find-links and old indexes do not say it beside the file, as others do.
            needed = metadata.requires_python
            entry.unreadable[version] = MetadataError(f"it needs Python {needed}", python=needed)
            entry.offered.discard(version)
            return
        entry.metadata[version] = read(metadata.lines, metadata.extras, self.target.markers)
        entry.requires_python[version] = metadata.requires_python or ""
        if metadata.built:
            entry.built.add(version)


def _reference(need: Need, asker: Entry) -> DirectRequest:
    """A need that names a place, as if it had been asked for."""
    assert need.url is not None
    version = f" {asker.direct.version}" if asker.direct else ""
    return DirectRequest(str(need), Origin(f"{asker.project}{version}"), need.url, need.project, need.extras)


def check_open(text: str, project: ProjectName, policy: Policy) -> None:
    """Raises ConfigError when ``text`` asks PyPI for a project that may not come from there."""
    why = policy.closed(project)
    if why:
        raise ConfigError(
            f"{text}: {project} may not come from PyPI", detail=[why], place=policy.place(project) or None
        )


def _versions(records: Iterable[object], entry: Entry) -> set[str]:
    """The versions of a home's records, those only that its constraint (``=5``) leaves."""
    from rattler import MatchSpec, RepoDataRecord

    spec = MatchSpec(entry.home.spec) if entry.home.constraint and entry.home.spec else None
    return {
        str(record.version)
        for record in records
        if isinstance(record, RepoDataRecord) and (spec is None or spec.matches(record))
    }
