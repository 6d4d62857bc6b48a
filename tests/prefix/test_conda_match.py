"""A conda spec meets an installed package exactly when the engine says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rattler
from rattler.package.build_string import BuildString

from condadeps.asked import matchspec
from condadeps.names.namespaces import PackageName
from condadeps.prefix.conda_match import matches
from condadeps.prefix.installed import InstalledPackage, packages

RECORD = {
    "name": "numpy",
    "version": "1.26.4",
    "build": "py311h64a7726_0",
    "build_number": 0,
    "subdir": "linux-64",
    "channel": "https://conda.example/conda-forge/",
    "url": "https://conda.example/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda",
    "fn": "numpy-1.26.4-py311h64a7726_0.conda",
    "sha256": "3f4365e11b28e244c95ba8579942b0802761ba7bb31c026f50d1a9ea9c728149",
    "md5": "a502d7aad449a1206efb366d6a12c52d",
    "depends": [],
    "files": [],
}
MET = [
    "numpy",
    "numpy=1.26",
    "numpy=1.26.4",
    "numpy==1.26.4",
    "numpy 1.26.*",
    "numpy>=1.20,<2",
    "numpy=1.26.4=py311h64a7726_0",
    "numpy 1.26.4 py311*",
    "numpy=1.26.*=*_0",
    "numpy[version='>=1.26', build='py311*']",
    "numpy[build_number=0]",
    "numpy[build_number='>=0']",
    "numpy[subdir=linux-64]",
    "numpy[md5=a502d7aad449a1206efb366d6a12c52d]",
    "numpy 1.25.*|1.26.*",
    "numpy~=1.26.0",
]
UNMET = [
    "numpy=2",
    "numpy=1.2",
    "numpy==1.26",
    "numpy=1.26=py311h64a7726_0",
    "numpy<1.26",
    "numpy 1.26.4 py312*",
    "numpy[build_number='>0']",
    "numpy[subdir=osx-64]",
    "numpy[md5=00000000000000000000000000000000]",
    "numpy!=1.26.4",
    "scipy",
]


@pytest.fixture
def numpy(tmp_path: Path) -> InstalledPackage:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    (meta / "numpy-1.26.4-py311h64a7726_0.json").write_text(json.dumps(RECORD))
    return packages(tmp_path)[PackageName("numpy")]


@pytest.mark.parametrize("spec", MET)
def test_a_spec_that_is_met_is_seen_to_be(numpy: InstalledPackage, spec: str) -> None:
    assert matches(matchspec.read(spec), numpy)


@pytest.mark.parametrize("spec", UNMET)
def test_a_spec_that_is_not_met_is_seen_not_to_be(numpy: InstalledPackage, spec: str) -> None:
    assert not matches(matchspec.read(spec), numpy)


# The engine leaves the subdir to whoever reads a channel, and so says yes to any.
@pytest.mark.parametrize("spec", [spec for spec in MET + UNMET if "subdir" not in spec])
def test_the_engine_says_the_same(spec: str) -> None:
    record = rattler.PackageRecord(
        name="numpy",
        version=RECORD["version"],
        build=BuildString(str(RECORD["build"])),
        build_number=0,
        subdir="linux-64",
        md5=bytes.fromhex(str(RECORD["md5"])),
    )
    assert rattler.MatchSpec(spec, strict=False).matches(record) == (spec in MET)


@pytest.mark.parametrize(
    "channel",
    [
        "conda-forge",
        "https://conda.example/conda-forge",
        "https://conda.example/conda-forge/",
        "conda-forge/linux-64",
    ],
)
def test_the_channel_it_came_from_is_known_by_name_and_by_url(numpy: InstalledPackage, channel: str) -> None:
    assert matches(matchspec.MatchSpec(PackageName("numpy"), channel), numpy)


@pytest.mark.parametrize("channel", ["bioconda", "forge", "https://example.org/conda-forge"])
def test_another_channel_is_not_taken_for_it(numpy: InstalledPackage, channel: str) -> None:
    assert not matches(matchspec.MatchSpec(PackageName("numpy"), channel), numpy)


def test_what_a_record_cannot_tell_is_not_met(numpy: InstalledPackage) -> None:
    assert not matches(matchspec.MatchSpec(PackageName("numpy"), brackets={"license": "BSD"}), numpy)
