"""The universe in the solver's terms.

A requirement on a project is a dependency on a proxy, ``project--N``, whose versions are numbers
(:mod:`condadeps.solve.versions`). The proxy has one record per candidate:

* a conda one depends on the package at exactly that version, any build;
* a pip one depends on ``pypi--N`` at that number and carries ``track_features``, so that
  any acceptable conda version beats any PyPI one.

``pypi--N`` carries what the version needs, and excludes every conda package that would bring
the same project. CEP 26 forbids two separators in a row, so these names meet no real package's.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.names.namespaces import ProjectName
from condadeps.solve.needs import Need, Needs
from condadeps.solve.universe import Candidate, CondaCandidate, Entry, PipCandidate, Universe

if TYPE_CHECKING:
    from rattler import RepoDataRecord, SparseRepoData

PROXY = "project--"
PIP = "pypi--"
CHANNEL = "https://condadeps.invalid/pypi/"
NEVER = "condadeps_never"
"""A build no package has: "constrains: name * condadeps_never" keeps all of ``name`` out."""
ELSEWHERE = "elsewhere--"
"""What a need that names a place comes to while nobody follows it: packages nobody has."""
UNREAD = "condadeps--unread"
"""A package nobody has: what an extra needs is not known for this version (yet)."""


@dataclass
class Encoded:
    """Records for the solver, and the way back from them."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The records as repodata has them (CEP 36), by file name."""
    candidates: dict[tuple[str, str], tuple[Entry, Candidate]] = field(default_factory=dict)
    """From a proxy record's (name, build) to what it stands for; the build is unique within its name."""
    kept: dict[ProjectName, RepoDataRecord] = field(default_factory=dict)
    """For each installed project, the proxy's record for what is installed."""
    meanings: dict[tuple[str, str], Need] = field(default_factory=dict)
    """From who asks (``pypi--N 3``; ``""`` for a request) and the text of its spec to the need behind it."""

    def add(self, record: Virtual) -> None:
        """Offer one more record."""
        self.documents[record.file_name] = record.document

    @contextlib.contextmanager
    def source(self) -> Iterator[list[SparseRepoData]]:
        """The records as a source of the solver's, for as long as it works; none where there are none.

        A source in Python would be called for every name that comes up, each of conda's too; a file of
        repodata the engine reads itself.
        """
        if not self.documents:
            yield []
            return
        import tempfile

        from rattler import Channel, SparseRepoData

        with tempfile.TemporaryDirectory(prefix="condadeps-") as directory:
            path = Path(directory, "repodata.json")
            path.write_bytes(self._repodata)
            found = SparseRepoData(Channel(CHANNEL), "noarch", path)
            try:
                yield [found]
            finally:
                found.close()

    @functools.cached_property
    def _repodata(self) -> bytes:
        document = {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": self.documents}
        return json.dumps(document, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Virtual:
    """A record of ours, as repodata has it (CEP 36)."""

    document: dict[str, Any]

    @property
    def file_name(self) -> str:
        """Name, version and build, which tell it from any other."""
        return f"{self.document['name']}-{self.document['version']}-{self.document['build']}.conda"

    def to_rattler(self) -> RepoDataRecord:
        """The same as the engine has it, to be preferred or held."""
        from rattler import BuildString, PackageRecord, RepoDataRecord

        told = self.document
        inner = PackageRecord(
            told["name"],
            told["version"],
            BuildString(told["build"]),
            0,
            "noarch",
            noarch="generic",
            depends=told["depends"],
            constrains=told["constrains"],
            extra_depends=told.get("extra_depends"),
        )
        if "track_features" in told:
            inner.track_features = [told["track_features"]]
        url = f"{CHANNEL}noarch/{self.file_name}"
        return RepoDataRecord(inner, file_name=self.file_name, url=url, channel=CHANNEL)


def encode(universe: Universe, *, python: str | None = None) -> Encoded:
    """Every candidate of every project as records.

    ``python`` is the version of an interpreter that conda does not manage: it becomes a record of its own.
    """
    encoded = Encoded()
    for entry in universe.entries.values():
        _Encoder(universe, encoded, entry).add()
    if python is not None:
        encoded.add(record("python", python, "present"))
    return encoded


def spec(universe: Universe, need: Need, encoded: Encoded, asker: str = "") -> str:
    """A need as a MatchSpec on the project's proxy; ``asker`` is the record that has it."""
    if need.url is not None and not universe.follows(need):
        text = f"{ELSEWHERE}{need.project}"
        encoded.meanings[asker, text] = need
        return text
    entry = universe.entries[need.project]
    numbers = entry.admitted(need.specifier)
    text = f"{PROXY}{need.project} {entry.order.ranges(numbers)}".rstrip()
    if need.url is not None and entry.direct is None and entry.kept is not None:
        number = entry.order.numbers[entry.kept.version]
        text = f"{PROXY}{need.project} =={number} kept_{number}"
    encoded.meanings[asker, text] = need
    if need.extras:
        text += f"[extras=[{','.join(sorted(need.extras))}]]"
    return text


def record(
    name: str,
    version: str,
    build: str,
    depends: Sequence[str] = (),
    constrains: Sequence[str] = (),
    extras: dict[str, list[str]] | None = None,
    demoted: bool = False,
) -> Virtual:
    """A virtual record. ``demoted``: every candidate of the name that is not is preferred."""
    document: dict[str, Any] = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "subdir": "noarch",
        "noarch": "generic",
        "depends": list(depends),
        "constrains": list(constrains),
    }
    if extras:
        document["extra_depends"] = extras
    if demoted:
        document["track_features"] = "pypi"
    return Virtual(document)


class _Encoder:
    """One project's candidates."""

    def __init__(self, universe: Universe, encoded: Encoded, entry: Entry) -> None:
        self._universe, self._encoded, self._entry = universe, encoded, entry
        self._proxy = f"{PROXY}{entry.project}"

    def add(self) -> None:
        for position, candidate in enumerate(self._entry.conda):
            self._add_conda(position, candidate)
        for pip_candidate in self._entry.pip_candidates():
            self._add_pip(pip_candidate)

    def _add_conda(self, position: int, candidate: CondaCandidate) -> None:
        number = self._entry.order.numbers[candidate.version or candidate.text]
        made = record(
            self._proxy,
            str(number),
            f"conda_{position}",
            depends=[f"{candidate.package} =={candidate.text}"],
            extras=self._extras(self._conda_extras(candidate), number),
            demoted=self._entry.stays_pip_s,
        )
        self._register(made, f"conda_{position}", candidate)
        if candidate == self._entry.owned:
            self._encoded.kept[self._entry.project] = made.to_rattler()

    def _add_pip(self, candidate: PipCandidate) -> None:
        number = self._entry.order.numbers[candidate.version]
        build = f"{candidate.source}_{number}"
        made = record(
            self._proxy,
            str(number),
            build,
            depends=[f"{PIP}{self._entry.project} =={number}"],
            extras=self._extras(candidate.needs, number),
            demoted=not self._entry.stays_pip_s,
        )
        self._register(made, build, candidate)
        if candidate.source == "kept":
            self._encoded.kept[self._entry.project] = made.to_rattler()
        asker = f"{PIP}{self._entry.project} {number}"
        others = [need for need in candidate.needs.always if need.project != self._entry.project]
        depends = [self._spec(need, asker) for need in others]
        inner = record(
            f"{PIP}{self._entry.project}",
            str(number),
            build,
            depends=[*depends, python_spec(candidate.requires_python)],
            constrains=[f"{package} * {NEVER}" for package in self._entry.excluded],
        )
        self._encoded.add(inner)
        self._encoded.candidates[f"{PIP}{self._entry.project}", build] = (self._entry, candidate)

    def _register(self, made: Virtual, build: str, candidate: Candidate) -> None:
        self._encoded.add(made)
        self._encoded.candidates[self._proxy, build] = (self._entry, candidate)

    def _conda_extras(self, candidate: CondaCandidate) -> Needs | None:
        entry = self._entry
        if candidate.version is None:
            return Needs()
        known = entry.metadata.get(candidate.version)
        if known is None and (candidate.version not in entry.files or candidate.version in entry.unreadable):
            return Needs()
        return known

    def _extras(self, needs: Needs | None, number: int) -> dict[str, list[str]] | None:
        """What each extra somebody asked for needs. An extra the version does not have needs nothing."""
        if not self._entry.extras:
            return None
        if needs is None:
            return {extra: [UNREAD] for extra in sorted(self._entry.extras)}
        return {
            extra: [self._spec(need, f"{self._proxy} {number}") for need in needs.extras.get(extra, ())]
            for extra in sorted(self._entry.extras)
        }

    def _spec(self, need: Need, asker: str) -> str:
        return spec(self._universe, need, self._encoded, asker)


def python_spec(requires_python: str) -> str:
    """Requires-Python as a dependency.

    Files that the target's Python does not suit were left out before. What remains to say is what
    Python must stay: only patch levels matter, since the minor version never moves.
    """
    try:
        specifiers = list(SpecifierSet(requires_python))
    except InvalidSpecifier:
        return "python"
    kept = [
        f"{s.operator}{s.version}"
        for s in sorted(specifiers, key=str)
        if s.operator in (">=", ">", "<=", "<", "!=") and s.version.count(".") >= 2 and "*" not in s.version
    ]
    return f"python {','.join(kept)}".rstrip()
