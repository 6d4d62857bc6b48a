"""``%condadeps --restart``: the kernel restarts, by its own protocol, when the change needs it; only then."""

from __future__ import annotations

import asyncio
import json
import os
import queue
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.ioloop import AsyncIOLoopKernelManager
from jupyter_client.kernelspec import KernelSpecManager

from tests.transaction import tiny

pytestmark = pytest.mark.slow


class Session:
    """A kernel and what restarts it, as a Jupyter server has them."""

    def __init__(self, prefix: Path, directory: Path, environ: dict[str, str]) -> None:
        argv = [str(prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (directory / "under-test").mkdir(parents=True)
        spec = {"argv": argv, "display_name": "x", "language": "python"}
        (directory / "under-test" / "kernel.json").write_text(json.dumps(spec))
        specs = KernelSpecManager(kernel_dirs=[str(directory)], ensure_native_kernel=False)
        self.manager = AsyncIOLoopKernelManager(kernel_name="under-test", kernel_spec_manager=specs)
        self.environ = environ
        self.restarts = 0
        self.goodbyes: list[Any] = []

    async def start(self, directory: Path) -> None:
        await self.manager.start_kernel(env=self.environ, cwd=str(directory))
        self.manager.add_restart_callback(self._restarted)
        await self.connect()

    def _restarted(self) -> None:
        self.restarts += 1

    async def connect(self) -> None:
        self.client: Any = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)

    async def run(self, code: str) -> str:
        """What ``code`` prints and shows, and then how it ended."""
        asked = self.client.execute(code)
        shown = ""
        while True:
            message = await self.client.get_iopub_msg(timeout=90)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            shown += content.get("text", "") + content.get("data", {}).get("text/plain", "")
            shown += "\n".join(content.get("traceback", ()))
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return shown

    async def watch(self, seconds: float) -> None:
        """Wait for a restart, and for what the kernel says when it goes."""
        for _ in range(round(seconds / 0.2)):
            try:
                message = await self.client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                message = {"msg_type": ""}
            if message["msg_type"] == "shutdown_reply":
                self.goodbyes.append(message["content"])
            if self.restarts:
                return


@pytest.mark.timeout(240)
def test_the_kernel_restarts_itself_when_what_it_imported_was_replaced_and_only_then(
    kernel_prefix: Path, tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        tiny.wheel(tmp_path / "wheels", "tinytool", version)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = {
        **ours,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "CONDA_CHANNELS": _empty_channel(tmp_path / "channel"),
    }

    async def all_of_it() -> None:
        session = Session(kernel_prefix, tmp_path / "kernels", environ)
        await session.start(tmp_path)
        try:
            shown = await session.run("%load_ext condadeps\n%condadeps --restart pypi:tinytool==1.0")
            assert "tinytool" in shown
            await session.watch(1)
            assert not session.restarts, "nothing imported was replaced"

            shown = await session.run(
                "import tinytool; mine = tinytool.version\n%condadeps --restart pypi:tinytool==2.0"
            )
            assert "1.0 → 2.0" in shown
            await session.watch(20)
            assert session.restarts == 1
            assert session.goodbyes == [{"status": "ok", "restart": True}]
            session.client.stop_channels()
            await session.connect()
            shown = await session.run("import tinytool; print(tinytool.version, 'mine' in dir())")
            assert shown == "2.0 False\n"

            await session.run("%load_ext condadeps\n%condadeps --restart pypi:tinytool==2.0")
            await session.watch(1)
            assert session.restarts == 1, "the same cell again does not restart again"
        finally:
            session.client.stop_channels()
            await session.manager.shutdown_kernel(now=True)

    asyncio.run(all_of_it())


def _empty_channel(directory: Path) -> str:
    (directory / "noarch").mkdir(parents=True)
    (directory / "noarch" / "repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
    return directory.as_uri()
