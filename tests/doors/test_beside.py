"""The environment file lies beside the notebook, as a real Jupyter Server tells where that is."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.channel.fixture import Channel
from tests.kernel import _environment
from tests.launch import environments

pytestmark = [pytest.mark.slow, pytest.mark.network]

KERNEL = "under-test"


@dataclass
class Jupyter:
    """A running Jupyter Server."""

    url: str
    root: Path
    runtime: Path

    def open(self, notebook: Path) -> BlockingKernelClient:
        """The kernel of a new session for ``notebook``, opened as JupyterLab opens it."""
        path = notebook.relative_to(self.root).as_posix()
        asked = {"path": path, "name": notebook.name, "type": "notebook", "kernel": {"name": KERNEL}}
        session = self._post("api/sessions", asked)
        file = self.runtime / f"kernel-{session['kernel']['id']}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels(hb=False)  # a busy machine may be slow to beat
        client.wait_for_ready(timeout=200)
        return client

    def _post(self, what: str, document: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{what}", json.dumps(document).encode(), {"Authorization": "token t"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=200) as answer:
            return json.load(answer)


@pytest.fixture
def jupyter(
    kernel_prefix: Path, channel: Channel, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> Iterator[Jupyter]:
    home = tmp_path_factory.mktemp("jupyter")
    python = environments.made(environments.JUPYTER) / "bin" / "python"
    spec = home / "data" / "kernels" / KERNEL
    spec.mkdir(parents=True)
    argv = [str(kernel_prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": KERNEL, "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(told))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "CONDA_CHANNELS": channel.url,
    }
    words = ["--no-browser", "--allow-root", "--IdentityProvider.token=t", "--ServerApp.port_retries=0"]
    server = subprocess.Popen(
        [python, "-m", "jupyter_server", *words, f"--port={port}", f"--ServerApp.root_dir={tmp_path}"],
        env=_environment(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield Jupyter(f"http://127.0.0.1:{port}", tmp_path, home / "run")
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server does not listen")


def run(client: BlockingKernelClient, code: str) -> str:
    """What a cell prints and shows; it must not fail."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(str(content.get("text") or content.get("data", {}).get("text/plain", "")))

    reply = client.execute_interactive(code, timeout=200, output_hook=hear)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(said)


def test_a_notebook_that_changed_its_directory_is_recorded_beside_itself(jupyter: Jupyter) -> None:
    notebook, data = jupyter.root / "reports" / "analysis.ipynb", jupyter.root / "data"
    for directory in (notebook.parent, data):
        directory.mkdir()
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    kernel = jupyter.open(notebook)
    try:
        run(kernel, f"import condadeps, os\nos.chdir({str(data)!r})")
        run(kernel, "%condadeps click")
        run(kernel, "condadeps.install('colorama')")
        assert str(notebook) in run(kernel, "print(condadeps.history())")
    finally:
        kernel.stop_channels()
    record = (notebook.parent / "environment.yml").read_text()
    assert "- click=" in record and "- colorama=" in record
    assert not any(data.iterdir())
