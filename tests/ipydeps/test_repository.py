"""``git+https://…`` as ipydeps' users would write it: from a real repository, over TLS, in a real kernel."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.channel.server import serve
from tests.conftest import RunCells
from tests.doors.test_notebook import dist_infos
from tests.transaction.test_builds import BACKEND

pytestmark = [pytest.mark.slow]

PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def git(*words: str, cwd: Path) -> str:
    who = {
        f"GIT_{role}_{what}": "me@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *words], cwd=cwd, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, dict[str, str | None]]]:
    """A repository's URL, whose tag ``v1`` is version 1.0 and whose head is 2.0, and who vouches for it."""
    work, served = tmp_path / "source", tmp_path / "served"
    work.mkdir()
    served.mkdir()
    git("init", "-q", ".", cwd=work)
    (work / "pyproject.toml").write_text(PROJECT)
    for version in ("1.0", "2.0"):
        (work / "backend.py").write_text((BACKEND % "pass").replace('"1.0"', f'"{version}"', 1))
        git("add", ".", cwd=work)
        git("commit", "-qm", version, cwd=work)
        git("tag", f"v{version[0]}", cwd=work)
    git("clone", "-q", "--bare", str(work), str(served / "built.git"), cwd=tmp_path)
    git("update-server-info", cwd=served / "built.git")  # enough for git over a plain file server
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with serve(served, tls=context) as server:
        assert server.url.startswith("https://")
        yield f"git+{server.url}/built.git", {"GIT_SSL_CAINFO": str(tmp_path / "ca.pem"), "PIP_NO_INDEX": "1"}


def test_a_tag_of_a_repository_is_installed_and_recorded_as_what_it_is(
    repository: tuple[str, dict[str, str | None]], kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    url, env = repository
    cells = [
        "import condadeps.ipydeps as ipydeps",
        f"ipydeps.pip(['{url}@v1#egg=built'])\nimport built; print('imported', built.made > 0)",
        f"ipydeps.pip('built @ {url}@v1')",
        f"ipydeps.pip('{url}@no-such-tag')\nprint('went on')",
    ]
    _, first, again, wrong = run_cells(kernel_prefix, cells, env=env)
    assert first.error is None and "imported True" in first.text, first.text
    assert "New packages installed: built" in first.text
    [info] = dist_infos(kernel_prefix, "built")
    assert info.name == "built-1.0.dist-info"
    told = (info / "direct_url.json").read_text()
    assert url.removeprefix("git+") in told and git("rev-parse", "v1", cwd=tmp_path / "source") in told
    assert f"{url}@v1" in (tmp_path / "environment.yml").read_text()
    assert again.error is None and "No new packages installed" in again.text
    # ipydeps took it for projects called "git", "https" and more.
    for name in ("git", "https", "localhost", "egg"):
        assert not dist_infos(kernel_prefix, name)
    assert wrong.error is None and "went on" in wrong.text and "no-such-tag" in wrong.text
