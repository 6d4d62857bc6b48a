"""A record survives the trip into a plan and back, and carries no secret there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condadeps.names.namespaces import PackageName
from condadeps.solve.plan import Link, Plan
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.records import all_to_rattler, from_documents, package, to_rattler
from tests.sources.handmade import source

if TYPE_CHECKING:
    from tests.channel.fixture import Channel

FULL: dict[str, Any] = {
    "arch": "x86_64",
    "build": "py311_3",
    "build_number": 3,
    "constrains": ["other >1"],
    "depends": ["python >=3.10", 'foo[when="__win"]'],
    "extra_depends": {"all": ["x"]},
    "features": "f",
    "flags": ["cuda:12"],
    "indexed_timestamp": 1700000000124,
    "legacy_bz2_md5": "d41d8cd98f00b204e9800998ecf8427e",
    "legacy_bz2_size": 3,
    "license": "MIT",
    "license_family": "MIT",
    "md5": "d41d8cd98f00b204e9800998ecf8427e",
    "name": "foo",
    "noarch": "python",
    "platform": "linux",
    "purls": ["pkg:pypi/foo@1.0"],
    "python_site_packages_path": "lib/python3.11/site-packages",
    "run_exports": {"weak": ["a"]},
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "size": 22,
    "subdir": "noarch",
    "timestamp": 1700000000123,
    "track_features": "zz yy",
    "version": "1.00",
}
PLACED = {
    **FULL,
    "fn": "foo-1.00-py311_3.conda",
    "url": "https://host/team/noarch/foo-1.00-py311_3.conda",
    "channel": "https://host/team/",
}


def test_nothing_of_a_record_is_lost_on_the_way_there_and_back() -> None:
    (record,) = from_documents([PLACED])
    there = package(record)
    assert there.record == PLACED
    assert there.channel == "https://host/team"
    assert there.filename == "foo-1.00-py311_3.conda"
    assert there.dist_name == "foo-1.00-py311_3"
    back = to_rattler(there)
    assert back == record
    assert (back.url, back.channel, back.file_name) == (record.url, record.channel, record.file_name)
    assert json.loads(back.to_json()) == json.loads(record.to_json())


def test_many_come_back_in_their_order_even_when_alike() -> None:
    (record,) = from_documents([PLACED])
    first = package(record)
    (elsewhere,) = from_documents([{**PLACED, "url": "https://b/noarch/foo.conda", "channel": "https://b/"}])
    packages = [first, package(elsewhere), first]
    assert [package(item) for item in all_to_rattler(packages)] == packages
    assert all_to_rattler([]) == []


def test_a_plan_with_a_whole_record_survives_json() -> None:
    (record,) = from_documents([PLACED])
    plan = Plan("/p", "linux-64", link=(Link(package(record), "asked"),))
    restored = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert restored == plan
    assert to_rattler(restored.link[0].package) == record


def test_credentials_stay_behind() -> None:
    (record,) = from_documents(
        [
            {
                **PLACED,
                "url": "https://me:hush@host/t/tk-hush/c/noarch/foo.conda",
                "channel": "https://u:hush@host/c",
            }
        ]
    )
    assert "hush" not in json.dumps(Plan("/p", "x", link=(Link(package(record), ""),)).to_json())
    assert package(record).url == "https://host/c/noarch/foo.conda"


@settings(max_examples=settings.default.max_examples * 2 // 5)
@given(
    version=st.from_regex(
        r"([0-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|rc|\.post|\.dev)[0-9])?(\+[0-9])?", fullmatch=True
    ),
    build=st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True),
    number=st.integers(0, 10_000),
    size=st.none() | st.integers(0, 2**40),
    extension=st.sampled_from([".conda", ".tar.bz2"]),
)
def test_versions_builds_and_sizes_of_all_kinds_survive(
    version: str, build: str, number: int, size: int | None, extension: str
) -> None:
    filename = f"x-{version}-{build}{extension}"
    document = {
        "name": "x",
        "version": version,
        "build": build,
        "build_number": number,
        "depends": [],
        "subdir": "linux-64",
        "fn": filename,
        "url": f"https://host/c/linux-64/{filename}",
        "channel": "https://host/c/",
    } | ({"size": size} if size is not None else {})
    (record,) = from_documents([document])
    there = package(record)
    assert (there.version, there.build, there.build_number, there.size) == (version, build, number, size)
    assert package(to_rattler(there)) == there


@pytest.mark.slow
def test_every_record_of_a_real_channel_survives(channel: Channel, tmp_path: Path) -> None:
    conda = source(CondaConfig(channels=(channel.url,)), tmp_path)

    async def everything() -> list[Any]:
        names = await conda.names()
        found = await conda.records([PackageName(name) for name in names])
        return [record for records in found.values() for record in records]

    records = asyncio.run(everything())
    assert len(records) > 30
    packages = [package(record) for record in records]
    assert all_to_rattler(packages) == records
    assert {item.channel for item in packages} == {channel.url}


@pytest.mark.slow
def test_a_real_channel_is_read_in_every_form_alike(channel: Channel, tmp_path: Path) -> None:
    def names(**given: Any) -> frozenset[str]:
        return asyncio.run(source(CondaConfig(**given), tmp_path).names())

    sharded = names(channels=(channel.url,))
    assert "python" in sharded
    assert names(channels=(channel.url,), repodata_use_shards=False) == sharded
    assert names(channels=(channel.url,), repodata_use_shards=False, repodata_use_zst=False) == sharded
    assert names(channels=(channel.file_url,)) == sharded
