"""A plan as rows, one a name: the order, words and sizes that every way of showing it shares."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from condadeps.names.namespaces import ProjectName
from condadeps.solve.plan import Artifact, Link, Package, Plan
from condadeps.values import dataclass

Kind = Literal["new", "up", "down", "same", "gone", "run"]

MARKS: dict[Kind, str] = {"new": "+", "up": "↑", "down": "↓", "same": "~", "gone": "-", "run": "$"}
"""``same``: another build, or another manager, of one version. ``run``: a command."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one name."""

    kind: Kind
    name: str
    old: str | None
    new: str | None
    source: str
    """The channel, ``PyPI``, or the kind of direct reference; where it was, for what goes."""
    reason: str
    size: int | None = None

    @property
    def versions(self) -> str:
        """``3.1.1``, or ``1.26.4 → 2.1.0``."""
        return " → ".join(dict.fromkeys(filter(None, (self.old, self.new))))


def changes(plan: Plan) -> list[Change]:
    """Every change of ``plan``: commands first, then what was asked for, then by name; removals last."""
    taken = {ProjectName(item.project): item for item in plan.uninstall}
    unlinked = {str(item.package.name): item for item in plan.unlink}
    rows = []
    for link in plan.link:
        project = _project(link)
        before = taken.pop(project, None) if link.previous is None and project is not None else None
        rows.append(_linked(link, f"{before.version} (pip)" if before else None, plan))
    for item in plan.install:
        previous = unlinked.pop(str(item.artifact.project), None) if item.previous is None else None
        old = f"{previous.package.version} (conda)" if previous else item.previous
        kind = _kind(item.previous or (previous.package.version if previous else None), item.artifact.version)
        rows.append(
            Change(
                kind,
                item.artifact.project,
                old,
                item.artifact.version,
                artifact_source(item.artifact),
                item.reason,
                item.artifact.size,
            )
        )
    rows.sort(key=lambda row: (not row.reason.startswith("asked"), row.name))
    gone = [
        Change(
            "gone", item.package.name, item.package.version, None, channel(item.package, plan), item.reason
        )
        for item in unlinked.values()
    ]
    gone += [Change("gone", item.project, item.version, None, "pip", item.reason) for item in taken.values()]
    run = [Change("run", str(one), None, None, "overrides", f"for {one.name}") for one in plan.commands]
    return run + rows + sorted(gone, key=lambda row: row.name)


def channel(package: Package, plan: Plan) -> str:
    """The channel's name as the user wrote it, when it is one of the plan's; else what its URL ends with."""
    base = base_url(package)
    for written in plan.channels:
        if base == written.rstrip("/") or base.endswith(f"/{written.strip('/')}"):
            return written if "://" not in written else _last(written)
    return _last(base)


def base_url(package: Package) -> str:
    """The channel's URL without subdirectory and last slash."""
    return package.channel.rstrip("/").removesuffix(f"/{package.subdir}").rstrip("/")


def artifact_source(artifact: Artifact) -> str:
    """``PyPI``, or the kind of place a direct reference names."""
    if artifact.editable:
        return "editable"
    scheme = urlsplit(artifact.url).scheme
    if not artifact.direct and scheme != "file":
        return "PyPI"
    return {"file": "local file", "http": "URL", "https": "URL"}.get(
        scheme, scheme.partition("+")[0] or "local file"
    )


def _linked(link: Link, taken_over: str | None, plan: Plan) -> Change:
    package, previous = link.package, link.previous
    old, new = (previous.version if previous else taken_over), package.version
    kind = _kind(previous.version if previous else taken_over and taken_over.partition(" ")[0], new)
    if previous and previous.version == package.version and previous.build != package.build:
        old, new = f"{previous.version} {previous.build}", f"{package.version} {package.build}"
    return Change(kind, package.name, old, new, channel(package, plan), link.reason, package.size)


def _project(link: Link) -> ProjectName | None:
    try:
        return ProjectName(link.package.name)
    except ValueError:
        return None


def _kind(old: str | None, new: str) -> Kind:
    if old is None:
        return "new"
    from condadeps.prefix.conda_version import CondaVersion

    try:
        before, after = CondaVersion(old), CondaVersion(new)
    except ValueError:
        return "same"
    return "up" if before < after else "down" if after < before else "same"


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2] or url
