"""Running another program while staging: no shell, no configuration of the user's, stoppable."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from condadeps.sources.credentials import masked
from condadeps.transaction.cancel import Cancel


async def run(
    arguments: Sequence[str], environ: Mapping[str, str], directory: Path, cancel: Cancel
) -> tuple[int, list[str]]:
    """Run one program to its end; returns its exit status and the lines it wrote, without secrets.

    Raises CancelledError as soon as somebody asks to stop, OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environ),
        cwd=directory,
    )
    output = asyncio.ensure_future(process.communicate())
    while not output.done():
        await asyncio.wait([output], timeout=0.05)
        if cancel.requested and not output.done():
            process.terminate()
            await output
            cancel.check()
    told = masked(output.result()[0].decode(errors="replace")).strip().splitlines()
    return process.returncode or 0, told


def closed() -> dict[str, str]:
    """An environment in which pip and uv find no configuration, and Python nothing but the environment."""
    clean = {key: value for key, value in os.environ.items() if not key.upper().startswith(("PIP_", "UV_"))}
    return tamed({**clean, "PIP_CONFIG_FILE": os.devnull})


def tamed(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` for a Python that is to read and write nothing but what it was told."""
    clean = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
    clean.pop("__PYVENV_LAUNCHER__", None)
    clean.pop("SOURCE_DATE_EPOCH", None)  # it would make bytecode of another kind
    # Python would leave bytecode of its own library in the environment, which is not to be touched yet.
    return {**clean, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
