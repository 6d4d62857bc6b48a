"""A site that wants a client certificate everywhere: its overrides, its index, its conda channel."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.channel.server import Fault
from tests.conftest import CondaPrefix, RunCells
from tests.doors.test_notebook import conda_records, dist_infos
from tests.pki import site as sites
from tests.pki.site import KEY, PASSWORD, Site, holding_keys, with_pypki3
from tests.sources.simple_index import html_page, sdist

pytestmark = [pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path, channel: Channel) -> Iterator[Site]:
    with sites.running(tmp_path, channel.directory) as running:
        running.says({"labattrs": {"instead": "attrs"}})
        yield running


@pytest.fixture
def around(tmp_path: Path) -> dict[str, str | None]:
    """Directories of the test's own for all that may be left lying about."""
    for name in ("tmp", "run", "cache"):
        (tmp_path / name).mkdir(mode=0o700)
    return {
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "CONDADEPS_CACHE_DIR": str(tmp_path / "cache"),
    }


def environment(site: Site, around: dict[str, str | None], **more: str | None) -> dict[str, str | None]:
    return {**site.environment(), **around, **more}


def litter(tmp_path: Path, prefix: Path) -> list[Path]:
    places = [tmp_path / name for name in ("tmp", "run", "cache", "work")]
    found = holding_keys(*places, prefix / "conda-meta", Path(os.environ["HOME"]))
    found += [path for path in tmp_path.iterdir() if path.is_file() and KEY in path.read_bytes()]
    # OpenSSL's and other libraries' own files have the words, too.
    return [path for path in found if path.suffix not in (".so", ".py", ".pyc")]


def test_an_old_notebook_and_a_new_one_install_from_it(
    site: Site, around: dict[str, str | None], kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    with_pypki3(kernel_prefix)
    env = environment(site, around, PYPKI3_CONFIG=str(site.person.config()))
    (tmp_path / "work").mkdir()
    cells = [
        "import condadeps.ipydeps as ipydeps",
        "ipydeps.pip(['small'])\nprint('went on')",
        "ipydeps.pip(['small'], use_pki=True)\nprint('went on')",
        # Not in the cell: IPython keeps what was typed.
        f"import pypki3; pypki3.prepare(open({str(site.person.directory / 'password')!r}).read())",
        "ipydeps.pip(['labattrs', 'small<2'], use_pki=True)\nimport attr, small; print(small.__version__)",
        "%load_ext condadeps\n%condadeps --pki cycler other\nimport cycler, other",
        "%condadeps --pki conda:nothing-of-the-kind",
        "import os; print([name for name, value in os.environ.items() if 'PRIVATE' in value])",
    ]
    ran = run_cells(kernel_prefix, cells, cwd=tmp_path / "work", env=env)
    _, without, closed, prepared, old, new, wrong, variables = ran
    assert without.error is None and "went on" in without.text
    assert "wants a client certificate" in without.text and "use_pki=True" in without.text
    assert closed.error is None and "nobody can be asked for its password" in closed.text
    assert prepared.error is None
    assert old.error is None, old.text
    assert "New packages installed: attrs, small" in old.text and "labattrs is replaced by attrs" in old.text
    assert new.error is None, new.text
    assert {"attrs", "cycler"} <= conda_records(kernel_prefix).keys()
    assert [info.name for info in dist_infos(kernel_prefix, "small")] == ["small-1.0.dist-info"]
    assert dist_infos(kernel_prefix, "other")
    assert (wrong.error or "").startswith("NotFoundError")
    assert variables.text.strip() == "[]"
    everything = "".join(cell.text + cell.html for cell in ran if cell is not prepared)
    assert PASSWORD not in everything and "PRIVATE KEY" not in everything
    assert litter(tmp_path, kernel_prefix) == []


def command(prefix: Path, *words: str, env: dict[str, str | None], cwd: Path) -> subprocess.Popen[str]:
    merged = {**os.environ, **env}
    return subprocess.Popen(
        [sys.executable, "-m", "condadeps", words[0], "-p", str(prefix), *words[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in merged.items() if value is not None},
        cwd=cwd,
        text=True,
    )


def test_the_command_does_as_configured_and_without_the_setting_the_error_names_it(
    site: Site, around: dict[str, str | None], conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python", "pip")
    config = str(site.person.config(password=None))
    refused = command(prefix, "install", "attrs", env=environment(site, around), cwd=tmp_path)
    _, told = refused.communicate(timeout=100)
    assert refused.returncode == 1 and "wants a client certificate" in told and "pki" in told
    env = environment(site, around, PYPKI3_CONFIG=config, CONDADEPS_PKI="true")
    done = command(prefix, "install", "labattrs", "other", env=env, cwd=tmp_path)
    _, told = done.communicate(timeout=100)
    assert done.returncode == 0, told
    assert "attrs" in conda_records(prefix) and dist_infos(prefix, "other")
    assert litter(tmp_path, prefix) == []


def test_a_build_reaches_the_index_for_what_it_needs(
    site: Site, around: dict[str, str | None], conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    """pip is told a path to the certificate, and no secret; the path is nothing when the engine is gone."""
    prefix = conda_prefix("python", "pip")
    source = sdist(site.directory / "files", "built", "1.0", static=False)
    html_page(site.directory, "built", [source])
    env = environment(site, around, PYPKI3_CONFIG=str(site.person.config(pem=True)))
    doing = command(prefix, "install", "--pki", "pypi:built", env=env, cwd=tmp_path)
    _, told = doing.communicate(timeout=100)
    asked = site.server.paths()
    assert any(path.startswith("/site/simple/setuptools") for path in asked), (asked, told)
    assert litter(tmp_path, prefix) == []


@pytest.mark.conda
def test_a_conda_that_fetches_for_us_is_handed_it(
    site: Site, around: dict[str, str | None], conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    if "CONDA_EXE" not in os.environ:
        pytest.skip("CONDA_EXE names no conda executable")
    prefix = conda_prefix("python")
    config = str(site.person.config(password=None))
    more = {"PYPKI3_CONFIG": config, "CONDADEPS_INSTALLER": "conda"}
    env = environment(site, around, **more, CONDA_PKGS_DIRS=str(tmp_path / "pkgs"), CONDADEPS_OVERRIDES=None)
    del env["REQUESTS_CA_BUNDLE"], env["SSL_CERT_FILE"]
    done = command(prefix, "install", "--pki", "attrs", env=env, cwd=tmp_path)
    _, told = done.communicate(timeout=200)
    assert done.returncode == 0, told
    assert "attrs" in conda_records(prefix)
    assert litter(tmp_path, prefix) == []


def engine_of(door: subprocess.Popen[str]) -> int:
    """The door's engine, once it holds something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == door.pid:
                return int(entry.name)
        time.sleep(0.02)
    raise AssertionError("no engine")


def held_by(pid: int, directory: Path) -> list[Path]:
    """Files with a key that the process has, in memory or below ``directory``."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [path for path in directory.rglob("*") if path.is_file() and KEY in path.read_bytes()]
        for entry in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                if "memfd" in str(entry.readlink()) and KEY in entry.read_bytes():
                    found.append(entry)
            except OSError:
                continue
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it holds nothing")


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memory files are Linux'")
@pytest.mark.parametrize("in_memory", [True, False])
def test_after_a_kill_there_is_no_key_at_once_or_from_the_next_start_on(
    site: Site, around: dict[str, str | None], conda_prefix: CondaPrefix, tmp_path: Path, in_memory: bool
) -> None:
    prefix = conda_prefix("python", "pip")
    env = environment(site, around, PYPKI3_CONFIG=str(site.person.config(password=None)))
    if not in_memory:
        (tmp_path / "patched").mkdir()
        (tmp_path / "patched" / "sitecustomize.py").write_text("import os\ndel os.memfd_create\n")
        env["PYTHONPATH"] = str(tmp_path / "patched")
    site.server.faults.append(Fault(path="*/repodata*", delay=20))
    door = command(prefix, "install", "--pki", "attrs", env=env, cwd=tmp_path)
    engine = engine_of(door)
    held = held_by(engine, tmp_path / "run")
    assert all(("memfd" in str(path.readlink())) is in_memory for path in held if path.is_symlink())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in held)
    assert KEY not in Path(f"/proc/{engine}/environ").read_bytes()
    assert KEY not in Path(f"/proc/{engine}/cmdline").read_bytes()
    os.kill(engine, signal.SIGKILL)
    _, told = door.communicate(timeout=60)
    assert door.returncode == 1 and "the engine died (signal 9)" in told
    assert bool(litter(tmp_path, prefix)) is not in_memory
    site.server.faults.clear()
    # Any next engine does: this one is to show no certificate at all.
    again = command(prefix, "install", "attrs", env={**env, "CONDADEPS_OVERRIDES": None}, cwd=tmp_path)
    again.communicate(timeout=100)
    assert litter(tmp_path, prefix) == []
