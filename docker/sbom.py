"""The image's bill of materials, out of the locks of its environments: CycloneDX 1.6, as JSON.

    sbom.py DIRECTORY      reads DIRECTORY/*.conda-lock.yml, writes DIRECTORY/sbom.cdx.json

conda's packages and pip's, each with its file's SHA-256, as package URLs, and condadeps itself. What the base
image brings is in that image's rpm database, where scanners look. The same locks give the same bytes.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

Locked = Mapping[str, Any]


def main(directory: Path) -> None:
    """Write it."""
    from ruamel.yaml import YAML

    entries: list[tuple[str, Locked]] = []
    for lock in sorted(directory.glob("*.conda-lock.yml")):
        document = YAML(typ="safe").load(lock.read_text("utf-8"))
        environment = lock.name.removesuffix(".conda-lock.yml")
        entries += [(environment, one) for one in document["package"]]
        # Built from the sources at hand: no lock can say where it is.
        entries.append(
            (environment, {"name": "condadeps", "version": version("condadeps"), "manager": "pip"})
        )
    text = json.dumps(bill(entries), indent=1, sort_keys=True) + "\n"
    (directory / "sbom.cdx.json").write_text(text, "utf-8")


def bill(entries: Iterable[tuple[str, Locked]]) -> dict[str, Any]:
    """The document for ``entries``: the name of an environment, and what is locked in it."""
    environments: dict[str, set[str]] = {}
    locked: dict[str, Locked] = {}
    for environment, one in entries:
        identity = purl(one)
        locked[identity] = one
        environments.setdefault(identity, set()).add(environment)
    components = [component(locked[one], one, sorted(environments[one])) for one in sorted(locked)]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "jupyter-centos", "bom-ref": "image"}},
        "components": components,
        "dependencies": [{"ref": "image", "dependsOn": sorted(locked)}],
    }


def component(one: Locked, identity: str, environments: Iterable[str]) -> dict[str, Any]:
    """One package, and the environments it is in."""
    found: dict[str, Any] = {
        "type": "library",
        "name": one["name"],
        "version": str(one["version"]),
        "purl": identity,
        "bom-ref": identity,
        "properties": [{"name": "condadeps:environment", "value": name} for name in environments],
    }
    sha256 = (one.get("hash") or {}).get("sha256")
    if sha256:
        found["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    return found


def purl(one: Locked) -> str:
    """Its package URL: ``pkg:conda/…`` with build, channel and subdir, or ``pkg:pypi/…``."""
    name, version = quote(str(one["name"]).lower()), quote(str(one["version"]))
    if one["manager"] != "conda":
        return f"pkg:pypi/{name.replace('_', '-')}@{version}"
    *_, channel, subdir, file = urlsplit(str(one["url"])).path.split("/")
    build = file.removesuffix(".conda").removesuffix(".tar.bz2").rpartition("-")[2]
    told = {"build": build, "channel": channel, "subdir": subdir}
    return f"pkg:conda/{name}@{version}?" + "&".join(f"{key}={quote(value)}" for key, value in told.items())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
