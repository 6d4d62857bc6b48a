"""A bundle is a channel and an index in one directory, and all that a machine without a network needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from condadeps import verbs
from condadeps.arguments import read
from condadeps.asked.job import Asked
from condadeps.errors import HashError, RecordError, SourceError, UsageError
from condadeps.locks.bundled import Bundle
from tests.channel.fixture import Channel
from tests.channel.server import Fault
from tests.conftest import Serve
from tests.doors.test_command import condadeps
from tests.kernel import _environment
from tests.locks.conftest import _index_anew
from tests.locks.test_rebuild import call, changed, contents, locked
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow


def bundle(*words: str | Path) -> Bundle:
    made = read(["bundle", *map(str, words)])
    done = verbs.carry_out(made, [Asked(text) for text in made.requests], Path.cwd(), None)
    assert isinstance(done, Bundle)
    return done


def manifest(directory: Path) -> dict[str, Any]:
    found = json.loads((directory / "condadeps-bundle.json").read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture
def mixed(road: Road) -> Road:
    """conda's app and six, PyPI's tool."""
    road.install("app", "six=1.0", "tool==1.0", record=False)
    return road


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a channel nor an index that answers, and nothing cached."""
    monkeypatch.setenv("CONDA_CHANNELS", "http://127.0.0.1:1/channel")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_a_bundle_of_a_lock_has_every_file_with_its_hash(mixed: Road) -> None:
    made = bundle("-f", locked(mixed, "conda-lock"), "-o", "bundle")
    directory = mixed.work / "bundle"
    names = {"linux-64/python", "noarch/app-1.0-py_0.conda", "noarch/six-1.0-py_0.conda"}
    files = manifest(directory)["files"]
    assert {name.partition("-3.")[0] for name in files} == {*names, "pypi/tool-1.0-py3-none-any.whl"}
    assert (made.files, made.fetched, made.platforms) == (4, 4, ("linux-64",))
    assert made.size == sum(one["size"] for one in files.values())
    for file in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
        assert (directory / "noarch" / file).exists()


def test_the_index_of_a_bundle_is_one_that_pip_reads(mixed: Road, serve: Serve) -> None:
    bundle("-f", locked(mixed, "conda-lock"), "-o", "bundle")
    url = serve(mixed.work / "bundle").url
    for source in (["--index-url", f"{url}/simple"], ["--no-index", "--find-links", "bundle/pypi"]):
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--isolated", "download", "-q", "--no-deps", "tool", "-d", "got",
             *source],
            capture_output=True, text=True, cwd=mixed.work,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (mixed.work / "got" / "tool-1.0-py3-none-any.whl").exists()
        shutil.rmtree(mixed.work / "got")


@pytest.mark.usefixtures("nowhere")
def test_an_environment_is_rebuilt_from_a_bundle_and_nothing_else(
    mixed: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = locked(mixed, "conda-lock")
    with monkeypatch.context() as online:
        online.setenv("CONDA_CHANNELS", mixed.channel.as_uri())
        online.setenv("PIP_NO_INDEX", "1")
        online.setenv("PIP_FIND_LINKS", str(mixed.wheels))
        bundle("-f", lock, "-o", "bundle")
    mixed.channel.rename(mixed.root / "gone")
    mixed.wheels.rename(mixed.root / "gone-too")
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(mixed.root / "empty-cache"))

    offline = ("--offline", "-c", "./bundle")
    call("create", "-p", mixed.root / "locked", "--bare", *offline, "-f", "bundle/conda-lock.yml")
    there = contents(mixed.prefix)
    again = contents(mixed.root / "locked")
    assert {name: what[1:] for name, what in again.items()} == {
        name: what[1:] for name, what in there.items()
    }

    asked = read(["create", "-p", str(mixed.root / "asked"), "--bare", *offline, "python", "tool", "app"])
    outcome = verbs.carry_out(asked, [Asked(text) for text in asked.requests], Path.cwd(), None)
    assert {"+tool 1.0", "+app 1.0", "+six 1.0"} <= changed(outcome)  # type: ignore[arg-type]


def test_a_bundle_cut_short_goes_on_where_it_stopped(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    app = mixed.channel / "noarch" / "app-1.0-py_0.conda"
    app.rename(app.with_suffix(".away"))
    with pytest.raises(SourceError, match="could not be fetched"):
        bundle("-f", lock, "-o", "bundle")
    assert not (mixed.work / "bundle" / "condadeps-bundle.json").exists()
    app.with_suffix(".away").rename(app)
    made = bundle("-f", lock, "-o", "bundle")
    assert made.files == 4 and made.fetched < 4
    assert bundle("-f", lock, "-o", "bundle").fetched == 0
    (mixed.work / "bundle" / "noarch" / "app-1.0-py_0.conda").write_bytes(b"damaged")
    assert bundle("-f", lock, "-o", "bundle").fetched == 1


def test_a_file_that_is_not_the_promised_one_is_not_bundled(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    (mixed.channel / "noarch" / "app-1.0-py_0.conda").write_bytes(b"another")
    with pytest.raises(HashError):
        bundle("-f", lock, "-o", "bundle")
    assert not (mixed.work / "bundle" / "noarch" / "app-1.0-py_0.conda").exists()


def test_a_bundle_is_made_of_requests_too_and_can_be_added_to(mixed: Road) -> None:
    bundle("app", "-o", "bundle")
    made = bundle("tool==2.0", "extra", "-o", "bundle")
    files = manifest(mixed.work / "bundle")["files"]
    assert {
        "noarch/app-1.0-py_0.conda",
        "noarch/extra-1.0-py_0.conda",
        "pypi/tool-2.0-py3-none-any.whl",
    } <= set(files)
    assert made.platforms == ("linux-64",)


def test_a_directory_of_something_else_is_no_place_for_a_bundle(mixed: Road) -> None:
    (mixed.work / "mine").mkdir()
    (mixed.work / "mine" / "thesis.txt").write_text("…")
    with pytest.raises(RecordError, match="there is something there"):
        bundle("app", "-o", "mine")
    with pytest.raises(UsageError, match="no conda packages"):
        bundle("-f", locked(mixed, "pylock"), "-o", "bundle")


def test_packages_come_over_http_with_progress(
    mixed: Road, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(mixed.channel)
    monkeypatch.setenv("CONDA_CHANNELS", server.url)
    _index_anew(mixed.channel)
    seen: list[str] = []

    class Seen:
        def phase(self, phase: str, message: str = "") -> None: ...
        def notice(self, message: str) -> None: ...
        def progress(self, item: str, done: int, total: int | None, unit: str = "items") -> None:
            seen.append(item)

    made = read(["bundle", "app", "-o", "bundle"])
    verbs.carry_out(made, [Asked("app")], Path.cwd(), Seen())  # type: ignore[arg-type]
    assert "app-1.0-py_0.conda" in seen and "files" in seen


def test_many_are_fetched_at_a_time(mixed: Road, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other would take thirty seconds of waiting alone."""
    names = [f"p{number}" for number in range(10)]
    for name in names:
        tiny.package(mixed.channel, name, "1.0", {f"share/{name}": name})
    _index_anew(mixed.channel)
    monkeypatch.setenv("CONDA_CHANNELS", serve(mixed.channel, [Fault("*/p?-1.0-*.conda", delay=3)]).url)
    started = time.monotonic()
    made = bundle(*names, "-o", "bundle")
    assert made.fetched >= 10 and time.monotonic() - started < 30


NOTEBOOK = """
import json, sys, nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
folder, cells = sys.argv[1], json.loads(sys.argv[2])
new = nbformat.v4
notebook = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])
specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
manager = AsyncKernelManager(kernel_name="offline", kernel_spec_manager=specs)
NotebookClient(notebook, km=manager, timeout=200).execute(cleanup_kc=True)
print(json.dumps([cell.outputs for cell in notebook.cells]))
"""


@pytest.mark.network
@pytest.mark.skipif(shutil.which("unshare") is None, reason="takes unshare, to be without a network")
def test_with_no_network_at_all_a_kernel_is_made_and_a_notebook_runs(
    channel: Channel, tmp_path: Path
) -> None:
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("a network namespace may not be made here")
    env = {"CONDA_CHANNELS": channel.url}
    (tmp_path / "environment.yml").write_text(
        "name: away\ndependencies:\n  - python=3.11\n  - numpy\n  - pip:\n      - humanize\n"
    )
    done = condadeps("bundle", "--kernel", "-f", "environment.yml", "-o", "bundle", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr

    create = ["create", "--offline", "-c", "./bundle", "-f", "bundle/conda-lock.yml", "-p", "env",
              "--kernel", "offline", "--kernel-prefix", "jupyter"]  # fmt: skip
    made = alone([sys.executable, "-m", "condadeps", *create], tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr

    cells = [
        "import numpy, humanize; print(humanize.intcomma(1234567))",
        "%condadeps --offline -c ./bundle click humanize",
        "import click; print(click.__name__)",
    ]
    folder = tmp_path / "jupyter" / "share" / "jupyter" / "kernels"
    ran = alone([sys.executable, "-c", NOTEBOOK, str(folder), json.dumps(cells)], tmp_path)
    assert ran.returncode == 0, ran.stderr
    outputs = json.loads(ran.stdout.splitlines()[-1])
    assert "1,234,567" in str(outputs[0]) and "click" in str(outputs[2])


def alone(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` where there is no network but the loopback, and nothing is cached."""
    environ = {
        **_environment({}),
        "CONDADEPS_CACHE_DIR": str(cwd / "cache"),
        "PIP_CACHE_DIR": str(cwd / "pip-cache"),
    }
    script = 'ip link set lo up; exec "$@"'
    return subprocess.run(
        ["unshare", "-n", "sh", "-c", script, "sh", *command],
        capture_output=True, text=True, cwd=cwd, env=environ, timeout=250,
    )  # fmt: skip
