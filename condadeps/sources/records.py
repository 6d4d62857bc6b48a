"""Between the engine's records and the plan's: the same facts, there and back, exactly.

A :class:`~condadeps.solve.plan.Package` is plain data for plans, journals and doors; a
``RepoDataRecord`` is what py-rattler solves with and installs. Neither carries a
credential: URLs are cleaned on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.names.namespaces import PackageName
from condadeps.solve.plan import Package
from condadeps.sources.credentials import without_credentials

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_LOCATION = ("fn", "url", "channel")


def package(record: RepoDataRecord) -> Package:
    """The plan's package for one record of a channel (CEP 36); :func:`to_rattler` is its inverse.

    ``channel`` is the base URL with no credential and no slash at its end. Of ``record`` nothing
    is left out but credentials. Prefix records are taken too: what only an installed package has
    (files, links, requested specs) is dropped.
    """
    document: dict[str, Any] = json.loads(record.to_json())
    for key in _INSTALLED_ONLY:
        document.pop(key, None)
    url = without_credentials(document.get("url") or "")
    channel = without_credentials(document.get("channel") or "")
    filename = document.get("fn") or url.rpartition("/")[2]
    document.update(url=url, channel=channel, fn=filename)
    return Package(
        name=PackageName(document["name"]),
        version=document["version"],
        build=document["build"],
        build_number=document["build_number"],
        subdir=document["subdir"],
        channel=channel.rstrip("/"),
        url=url,
        filename=filename,
        size=document.get("size"),
        sha256=document.get("sha256"),
        record=document,
    )


def to_rattler(package: Package) -> RepoDataRecord:
    """The engine's record for one package, equal to the one :func:`package` was given."""
    return all_to_rattler([package])[0]


def all_to_rattler(packages: Sequence[Package]) -> list[RepoDataRecord]:
    """:func:`to_rattler` for many at once, in their order; much cheaper than one by one."""
    return from_documents([item.record for item in packages])


def from_documents(documents: Iterable[Mapping[str, Any]]) -> list[RepoDataRecord]:
    """Records from whole repodata entries that also hold ``fn``, ``url`` and ``channel``."""
    import tempfile

    from rattler import Channel, SparseRepoData

    wanted = list(documents)
    if not wanted:
        return []
    # The engine reads records from repodata files only, so the entries travel through one.
    entries = {_key(number): _entry(document) for number, document in enumerate(wanted)}
    with tempfile.TemporaryDirectory(prefix="condadeps-") as directory:
        path = Path(directory, "repodata.json")
        path.write_text(json.dumps({"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": entries}))
        sparse = SparseRepoData(Channel("https://records.invalid/records"), "noarch", path)
        found = {record.file_name: record for record in sparse.load_all_records()}
        sparse.close()
    records = [found[_key(number)] for number in range(len(wanted))]
    for record, document in zip(records, wanted, strict=True):
        record.file_name, record.url, record.channel = (document[key] for key in _LOCATION)
    return records


_INSTALLED_ONLY = (
    "extracted_package_dir",
    "files",
    "link",
    "package_tarball_full_path",
    "paths_data",
    "requested_spec",
    "requested_specs",
)


def _key(number: int) -> str:
    return f"record-{number}-0.conda"


def _entry(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _LOCATION}
