"""Bad input: each a clear error, exit 1, and not a byte of the environment or of the file touched."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.channel.fixture import Channel
from tests.channel.server import Fault
from tests.conftest import CondaPrefix, Serve
from tests.doors.test_command import condadeps
from tests.transaction.world import listing

pytestmark = [pytest.mark.slow]

_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@dataclass
class Case:
    """An environment, a channel, and a directory with whatever lies in it."""

    prefix: Path
    url: str
    directory: Path

    def refused(self, *requests: str, env: dict[str, str] | None = None) -> dict[str, Any]:
        """What an install of ``requests`` says, as data; it must fail with 1 and change nothing."""
        before = (listing(self.prefix), listing(self.directory))
        words = ["install", "-p", str(self.prefix), "-c", self.url, "--override-channels", "--json"]
        done = condadeps(*words, "--", *requests, cwd=self.directory, env=env)
        assert done.returncode == 1, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert isinstance(told, dict) and "success" not in told
        assert (listing(self.prefix), listing(self.directory)) == before
        return told


@pytest.fixture
def case(channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path) -> Case:
    directory = tmp_path / "work"
    directory.mkdir()
    return Case(conda_prefix("python", "pip"), channel.url, directory)


@pytest.mark.parametrize(
    ("request_", "position"),
    [("numpy>=", 7), ("uvicorn[standard", 16), ("foo bar", 4), ("numpy>>2", 6)],
)
def test_a_request_that_cannot_be_read_names_it_and_the_place_in_it(
    case: Case, request_: str, position: int
) -> None:
    told = case.refused("click", request_)
    assert told["exception_name"] == "RequestError"
    assert request_ in told["message"]
    assert told["text"] == request_
    assert isinstance(told["position"], int)


@pytest.mark.parametrize("request_", ["-e", "--target=/tmp", "-", "--", "-r requirements.txt"])
def test_a_request_that_begins_with_a_dash_is_never_an_option(case: Case, request_: str) -> None:
    told = case.refused("click", request_)
    assert told["exception_name"] == "RequestError"


@pytest.mark.parametrize("request_", ["", "   ", "#only a comment"])
def test_an_empty_request(case: Case, request_: str) -> None:
    assert case.refused(request_)["exception_name"] == "RequestError"


def test_a_request_of_a_megabyte_is_refused_in_a_few_words(case: Case) -> None:
    from condadeps import errors, plan

    with pytest.raises(errors.RequestError) as caught:
        plan("a" * 2**20, prefix=case.prefix)
    assert len(str(caught.value)) < 500


@pytest.mark.network
def test_an_unknown_name_says_where_it_was_looked_for_and_what_is_near(case: Case) -> None:
    told = case.refused("nunpy-that-nobody-made")
    assert told["exception_name"] == "NotFoundError"
    assert case.url in str(told) and "PyPI" in str(told)
    told = case.refused("conda:nunpy")
    assert "numpy" in told["near"]


@pytest.mark.network
def test_an_impossible_version_says_which_exist(case: Case) -> None:
    told = case.refused("numpy>=99")
    assert told["exception_name"] == "NoVersionError"
    assert "2.4.6" in str(told) and "1.26.4" in str(told)


def test_a_channel_that_is_not_there(case: Case) -> None:
    case.url = "http://127.0.0.1:1/nobody"
    told = case.refused("click")
    assert told["exception_name"] == "SourceError"
    assert "http://127.0.0.1:1/nobody" in told["url"]


def test_a_channel_that_fails_is_never_read_as_one_without_the_package(
    case: Case, channel: Channel, serve: Serve
) -> None:
    case.url = serve(channel.directory, [Fault("*repodata*", status=500)]).url
    told = case.refused("click")
    assert told["exception_name"] == "SourceError"
    assert told["status"] == 500
    assert told["url"].startswith(case.url)


def test_a_channel_of_broken_json(case: Case, channel: Channel, serve: Serve) -> None:
    broken = Fault("*/repodata.json", body=b'{"packages": {')
    case.url = serve(channel.directory, [broken, Fault("*.zst", status=404)]).url
    told = case.refused("click")
    assert told["exception_name"] == "SourceError"
    assert case.url in str(told)


def test_a_package_with_a_wrong_sha256(case: Case, channel: Channel, serve: Serve) -> None:
    case.url = serve(channel.directory, [Fault("*ninja-*.conda", corrupt=True)]).url
    told = case.refused("ninja", env={"CONDADEPS_CACHE_DIR": str(case.directory.parent / "empty-cache")})
    assert told["exception_name"] == "HashError"
    assert "ninja" in told["url"]


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Permissions do not bind root; a read-only mount does."""
    if _ROOT:
        subprocess.run(["mount", "--bind", directory, directory], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
            yield
        finally:
            subprocess.run(["umount", "-l", directory], check=True)
    else:
        modes = {path: path.stat().st_mode for path in (directory, *directory.rglob("*")) if path.is_dir()}
        for path in modes:
            path.chmod(0o555)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)


def test_a_read_only_environment(case: Case) -> None:
    with read_only(case.prefix):
        told = case.refused("ninja")
    assert told["exception_name"] == "PrefixError"
    assert "read-only" in told["message"] and "condadeps create" in str(told)


@pytest.mark.skipif(not _ROOT, reason="only root can mount a small disk")
def test_too_little_space(case: Case, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        prefix = disk / "env"
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
        small = Case(prefix, case.url, case.directory)
        told = small.refused("numpy")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert told["exception_name"] == "SpaceError"
    assert told["needed"] > told["free"]


def test_no_environment_at_all(case: Case) -> None:
    case.prefix = case.directory.parent / "nothing"
    assert case.refused("click")["exception_name"] == "PrefixError"
    assert not case.prefix.exists()


@pytest.mark.parametrize(
    "content",
    ["dependencies: [a, b", "- a\n- b\n", "just text", "dependencies: 7\n", "\x00\x01", "name: a\nname: b\n"],
)
def test_an_environment_file_that_is_none_is_an_error_before_anything_changes(
    case: Case, content: str
) -> None:
    (case.directory / "environment.yml").write_text(content)
    told = case.refused("ninja")
    assert told["exception_name"] == "RecordError"
    assert "environment.yml" in told["message"] and "--env-file" in told["help"]


@pytest.mark.parametrize("content", ["dependencies: [a, b", "- a\n- b\n", "just text"])
def test_an_environment_file_that_is_none_cannot_be_installed_from(case: Case, content: str) -> None:
    (case.directory / "environment.yml").write_text(content)
    words = ["install", "-p", str(case.prefix), "-c", case.url, "--override-channels", "--json"]
    done = condadeps(*words, "-f", "environment.yml", cwd=case.directory)
    assert done.returncode == 1
    assert json.loads(done.stdout)["exception_name"] == "RequestError"
    assert "environment.yml" in done.stdout
