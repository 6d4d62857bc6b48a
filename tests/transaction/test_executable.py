"""``installer = "conda"`` (or mamba, micromamba): what it is handed, and what its failures are called."""

from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import (
    CancelledError,
    CondadepsError,
    ConfigError,
    HashError,
    SourceError,
    SpaceError,
    TransactionError,
)
from condadeps.solve.plan import Link, Plan, Unlink
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.executable import Executable, carry_out, error_of, find
from tests.transaction import tiny

CONDA = Executable("conda", Path("/opt/conda/bin/conda"))
PLAN = Plan(prefix="/env", subdir="linux-64")


def made(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_executable_is_found_by_variable_then_history_then_path(tmp_path: Path) -> None:
    by_variable = made(tmp_path / "a" / "conda")
    by_history = made(tmp_path / "b" / "conda")
    on_path = made(tmp_path / "c" / "conda")
    history = tmp_path / "env" / "conda-meta" / "history"
    history.parent.mkdir(parents=True)
    history.write_text(f"# cmd: {by_history} install x\n# cmd: condadeps install y\n")
    environ = {"PATH": str(on_path.parent)}

    env = tmp_path / "env"
    assert find("conda", env, {**environ, "CONDA_EXE": str(by_variable)}).path == by_variable
    assert find("conda", env, {**environ, "CONDA_EXE": str(tmp_path / "gone" / "conda")}).path == by_history
    assert find("conda", tmp_path, environ).path == on_path
    with pytest.raises(ConfigError, match="there is no micromamba here"):
        find("micromamba", env, {**environ, "MAMBA_EXE": str(by_variable)})


def test_its_errors_are_told_as_ours() -> None:
    def told(**document: object) -> object:
        return error_of(document, "", 1, CONDA, PLAN)

    http = told(exception_name="CondaHTTPError", message="HTTP 403", url="https://me:pw@h/x", status_code=403)
    assert isinstance(http, SourceError) and http.data["status"] == 403
    assert "pw" not in str(http.to_json())
    assert isinstance(told(exception_name="ChecksumMismatchError", message="x"), HashError)
    assert isinstance(told(exception_name="NoSpaceLeftError", message="x"), SpaceError)
    several = told(exception_name="CondaMultiError", errors=[{"exception_name": "NoSpaceLeftError"}])
    assert isinstance(several, SpaceError)
    other = error_of({}, "usage: conda\nconda: error: no such option\n", 2, CONDA, PLAN)
    assert isinstance(other, TransactionError)
    assert other.detail[-1] == "conda: error: no such option" and other.data["exit_code"] == 2


def test_what_mamba_says_is_told_as_ours(tmp_path: Path) -> None:
    """mamba 2.8's own words; its JSON says no more than that it failed."""
    foo = tiny.package(tmp_path, "foo", "1")
    plan = Plan("/env", "linux-64", link=(Link(foo, "asked"),))

    def told(lines: str, offline: bool = False) -> CondadepsError:
        mamba = Executable("mamba", Path("/mamba"), offline=offline)
        return error_of({"success": False}, lines, 1, mamba, plan)

    wrong = told(
        'error    libmamba File not valid: SHA256 doesn\'t match expectation "/pkgs/foo-1-0.conda"\n'
    )
    assert isinstance(wrong, HashError) and wrong.data["url"] == foo.url
    gone = told("critical libmamba Transfer finalized, status: 404 [http://h/foo-1-0.conda] 335 bytes\n")
    assert isinstance(gone, SourceError) and gone.data["status"] == 404
    dead = "critical libmamba Download error (7) Couldn't connect to server [http://h/foo-1-0.conda]\n"
    assert isinstance(told(dead), SourceError) and "offline" in told(dead, offline=True).message
    assert isinstance(told("critical libmamba filesystem error: No space left on device\n"), SpaceError)


def test_it_is_stopped_when_somebody_asks(tmp_path: Path) -> None:
    fake, cancel = made(tmp_path / "conda"), Cancel()
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 100 & wait\n")
    plan = Plan("/env", "linux-64", link=(Link(tiny.package(tmp_path, "foo", "1"), "asked"),))
    threading.Timer(0.5, cancel.request).start()
    with pytest.raises(CancelledError, match="put back"):
        carry_out(Executable("conda", fake), plan, tmp_path / "work", cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
echo "$@" >> {log}
for word; do case "$word" in */explicit.txt) cat "$word" >> {log};; esac; done
echo '{{"success": true}}'
"""


def handed(tmp_path: Path, kind: Any, version: str) -> list[str]:
    """The words, and the lines of the list, that a FakeMamba is handed for an upgrade and a removal."""
    fake, log = made(tmp_path / version / kind), tmp_path / f"log-{version}"
    fake.write_text(FAKE.format(version=version, log=log))
    old, new = (tiny.package(tmp_path, "foo", version) for version in ("1", "2"))
    gone = tiny.package(tmp_path, "gone", "1")
    plan = Plan("/env", "linux-64", link=(Link(new, "asked", old),), unlink=(Unlink(gone, "asked"),))
    carry_out(Executable(kind, fake), plan, tmp_path / "work", Cancel())
    return log.read_text().splitlines()


def test_mamba_is_told_to_remove_what_is_replaced_and_given_the_hash_it_knows(tmp_path: Path) -> None:
    """As its sources have it: an explicit install replaces nothing, and sha256 is heeded from 2.1 on."""
    foo = tiny.package(tmp_path, "foo", "2")
    for kind, version, digest in (
        ("mamba", "2.0.5", foo.record["md5"]),
        ("micromamba", "2.1.0", f"sha256:{foo.sha256}"),
    ):
        removed, installed, head, line = handed(tmp_path, kind, version)
        assert removed == "remove --prefix /env --yes --json --force gone foo"
        assert installed.startswith("install --prefix /env --yes --json --file ")
        assert (head, line) == ("@EXPLICIT", f"{foo.url}#{digest}")


def test_conda_replaces_by_itself(tmp_path: Path) -> None:
    removed, _, _, line = handed(tmp_path, "conda", "26.7.1")
    assert removed.endswith("--force gone") and "#sha256:" in line


def test_a_mamba_that_would_check_nothing_is_refused(tmp_path: Path) -> None:
    fake = made(tmp_path / "mamba")
    fake.write_text(FAKE.format(version="2.0.5", log=tmp_path / "log"))
    foo = tiny.package(tmp_path, "foo", "1")
    bare = {key: value for key, value in foo.record.items() if key != "md5"}
    plan = Plan("/env", "linux-64", link=(Link(dataclasses.replace(foo, record=bare), "asked"),))
    with pytest.raises(TransactionError, match=r"would not check foo-1-0\.conda"):
        carry_out(Executable("mamba", fake), plan, tmp_path / "work", Cancel())
