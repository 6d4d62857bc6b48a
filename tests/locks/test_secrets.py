"""Tokens and passwords of channels and indexes fetch what is asked for, and are written nowhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from condadeps.locks import conda_lock
from tests.channel import server
from tests.doors.test_command import condadeps
from tests.sources.simple_index import html_page
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow

TOKEN, PASSWORD = "tk-5ecret-1234", "pa55w0rd"
BOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
FORMATS = ("environment-yaml", "explicit", "conda-lock", "pixi-lock", "requirements", "pylock")


@pytest.fixture
def guarded(road: Road, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    """The channel answers below a token only, the index to a password only."""
    for name in ("six", "tool", "app"):
        wheels = sorted(road.wheels.glob(f"{name}-*.whl"))
        html_page(road.root / "index", name, wheels)
    (road.root / "index" / "files").symlink_to(road.wheels)
    login = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    with (
        server.serve(road.channel, mount=f"/t/{TOKEN}/channel") as channel,
        server.serve(road.root / "index", mount="/pypi", authorization=login) as index,
    ):
        monkeypatch.setenv("CONDA_CHANNELS", channel.url)
        monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("://", f"://me:{PASSWORD}@") + "/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("CONDA_REMOTE_MAX_RETRIES", "0")
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        for variable in ("CONDADEPS_CACHE_DIR", "RATTLER_CACHE_DIR", "PIP_CACHE_DIR", "HOME"):
            monkeypatch.setenv(variable, str(road.root / variable.lower()))
        yield road


def shown(*words: str | Path, status: int = 0) -> str:
    """All that a command says, which must have ended so, and in which there is no secret."""
    done = condadeps(*words)
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert TOKEN not in said and PASSWORD not in said, said
    return said


def written(root: Path) -> list[str]:
    """The files with a secret in them."""
    found = []
    for path in root.rglob("*"):
        if path.is_file() and re.search(f"{TOKEN}|{PASSWORD}".encode(), path.read_bytes()):
            found.append(str(path.relative_to(root)))
    return found


def test_nothing_that_is_written_or_said_has_a_token_or_password_in_it(
    guarded: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ("-p", guarded.prefix)
    shown("install", *here, "--json", "--dry-run", "app", "tool==1.0")
    shown("install", *here, "-v", "app", "tool==1.0")
    for verb in ("list", "history", "config"):
        shown(verb, *here, "--json")
        shown(verb, *here)
    for format in FORMATS:
        shown("export", *here, "--format", format, "-o", format)
    shown("export", *here, "--format", "requirements", "--hashes", "--json")
    shown("lock", "app", "tool==1.0", "python", "-o", "solved.yml")
    shown("bundle", "app", "tool==1.0", "-o", "bundle")
    (guarded.work / "book.ipynb").write_text(BOOK)
    shown("embed", *here, "book.ipynb")
    shown("install", *here, "nosuchpackage", status=1)
    shown("install", *here, "--json", "app>9", status=1)
    with monkeypatch.context() as broken:
        broken.setenv("CONDA_CHANNELS", f"http://127.0.0.1:1/t/{TOKEN}/channel")
        shown("install", *here, "nosuchpackage", status=1)
        shown("install", *here, "--json", "nosuchpackage", status=1)
        broken.setenv("PIP_INDEX_URL", f"http://me:{PASSWORD}@127.0.0.1:1/simple")
        shown("install", *here, "pypi:other", status=1)
    assert written(guarded.root) == []
    record = guarded.file.read_text()
    assert "- tool==1.0" in record and re.search(r"- http://127\.0\.0\.1:\d+/channel\n", record)


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock", "explicit", "pylock"])
def test_a_lock_without_the_secrets_rebuilds_where_they_are_configured(guarded: Road, format: str) -> None:
    name = {"conda-lock": "conda-lock.yml", "pixi-lock": "pixi.lock", "pylock": "pylock.toml"}.get(format)
    shown("install", "-p", guarded.prefix, "app", "tool==1.0")
    shown("export", "-p", guarded.prefix, "--format", format, "-o", name or "spec.txt")
    shown("create", "-p", guarded.root / "again", "--bare", "-f", name or "spec.txt")
    assert written(guarded.root) == []


def test_the_secrets_in_anothers_lock_are_not_kept(guarded: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """`conda list --explicit` of another tool may write them; here they are the configuration's to tell."""
    shown("install", "-p", guarded.prefix, "app")
    shown("export", "-p", guarded.prefix, "--format", "explicit", "-o", "spec.txt")
    text = (guarded.work / "spec.txt").read_text()
    (guarded.work / "spec.txt").write_text(text.replace("/channel/", f"/t/{TOKEN}/channel/"))
    shown("create", "-p", guarded.root / "again", "--bare", "-f", "spec.txt")
    (guarded.work / "spec.txt").unlink()
    assert written(guarded.root) == []


def test_a_file_asked_for_by_a_url_with_a_password_is_locked_without_it(guarded: Road) -> None:
    index = f"http://me:{PASSWORD}@" + _index().removeprefix("http://")
    wheel = f"tool @ {index}/files/tool-1.0-py3-none-any.whl?X-Signature={TOKEN}"
    shown("install", "-p", guarded.prefix, wheel)
    shown("export", "-p", guarded.prefix, "--format", "conda-lock", "-o", "conda-lock")
    shown("export", "-p", guarded.prefix, "--format", "environment-yaml", "-o", "environment-yaml")
    shown("lock", "python", wheel, "-o", "solved.yml")
    assert written(guarded.root) == []
    digest = tiny.sha256((guarded.wheels / "tool-1.0-py3-none-any.whl").read_bytes())
    for name in ("conda-lock", "solved.yml"):
        path = guarded.work / name
        (locked,) = conda_lock.read(path.read_text(), path).platforms
        (file,) = [one for one in locked.files if one.project == "tool"]
        assert file.artifact.url == f"{_index()}/files/tool-1.0-py3-none-any.whl"
        assert file.artifact.sha256 == digest


def _index() -> str:
    import os

    return re.sub("//[^@/]*@", "//", os.environ["PIP_INDEX_URL"]).removesuffix("/simple")
