"""The solver's records, read back: which conda packages and which pip candidates should be there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.encode import CHANNEL, PIP, PROXY, Encoded
from condadeps.solve.plan import Artifact
from condadeps.solve.universe import Candidate, CondaCandidate, Entry, PipCandidate
from condadeps.sources.files import File

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from condadeps.sources.direct import Direct


@dataclass(frozen=True)
class Solution:
    """What should be there."""

    conda: Mapping[PackageName, RepoDataRecord]
    projects: Mapping[ProjectName, tuple[Entry, Candidate]]
    """For every project a proxy was chosen for, the candidate."""
    virtual: Mapping[str, RepoDataRecord]
    """The proxies and ``pypi--`` records, by name."""

    @property
    def pip(self) -> dict[ProjectName, PipCandidate]:
        """The projects that are pip's."""
        return {name: c for name, (_, c) in self.projects.items() if isinstance(c, PipCandidate)}

    def conda_version(self, project: ProjectName) -> str | None:
        """The version of the conda package a project is taken from, if it is."""
        _, candidate = self.projects.get(project, (None, None))
        return candidate.text if isinstance(candidate, CondaCandidate) else None


def decode(records: Iterable[RepoDataRecord], encoded: Encoded) -> Solution:
    """Tell the virtual records from the real ones."""
    conda: dict[PackageName, RepoDataRecord] = {}
    projects: dict[ProjectName, tuple[Entry, Candidate]] = {}
    virtual: dict[str, RepoDataRecord] = {}
    for record in records:
        name = record.name.normalized
        if record.channel != CHANNEL:
            conda[PackageName(name)] = record
            continue
        virtual[name] = record
        if name.startswith(PROXY):
            projects[ProjectName(name.removeprefix(PROXY))] = encoded.candidates[name, str(record.build)]
    return Solution(conda, projects, virtual)


def same(one: RepoDataRecord, other: RepoDataRecord) -> bool:
    """Whether two records are of one package file."""
    if one is other:
        return True
    first, second = (
        (r.name.normalized, str(r.version), str(r.build), r.build_number, str(r.subdir)) for r in (one, other)
    )
    if first != second:
        return False
    return one.sha256 is None or other.sha256 is None or one.sha256 == other.sha256


def artifact(entry: Entry, candidate: PipCandidate) -> Artifact:
    """What pip is to install for a candidate that is not kept."""
    source = entry.pinned or candidate.file
    if isinstance(source, File):
        return Artifact(
            project=entry.project,
            version=str(candidate.version),
            filename=source.filename,
            url=source.url,
            sha256=source.sha256,
            size=source.size,
            compiled=source.compiled,
            build=not source.is_wheel,
        )
    staged: Direct = source
    return Artifact(
        project=entry.project,
        version=str(candidate.version),
        filename=staged.filename,
        url=staged.location if staged.editable else staged.url,
        sha256=staged.sha256,
        size=staged.size,
        compiled=staged.compiled,
        editable=staged.editable,
        direct=True,
        direct_url=dict(staged.direct_url),
    )


def pip_record(project: ProjectName) -> str:
    """The name of the record that carries what a pip candidate needs."""
    return f"{PIP}{project}"
