"""Building wheels by pip, in staging, with pip's own configuration neutralised.

Build code is the project's own and runs as it would in ``pip install``: in an isolated
environment with the build requirements from the configured indexes. The environment worked on
is not touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from condadeps.sources.credentials import masked
from condadeps.sources.metadata import MetadataError
from condadeps.sources.pip_config import PipConfig

_LINES: Final = 12
"""Of a failed build's output, shown to a person."""


@dataclass(frozen=True, slots=True)
class Built:
    """What pip made of one reference."""

    wheel: Path
    commit: str | None
    """The revision a VCS reference came to."""


class Builder:
    """Runs pip for one target interpreter, two builds at a time at most."""

    def __init__(self, config: PipConfig, python: Path, *, offline: bool = False) -> None:
        """``python``: the target's interpreter; while that does not exist, this one takes its place."""
        self._config = config
        self._python = python
        self._offline = offline
        self._turn = asyncio.Semaphore(2)

    @asynccontextmanager
    async def wheel(self, location: str) -> AsyncIterator[Built]:
        """The wheel of a sdist, directory or VCS reference (a URL), while the block lasts.

        Raises MetadataError when it does not build.
        """
        async with self._turn, _staging() as staging:
            out = Path(staging, "wheels")
            listing = _listing(staging, location)
            options = ["--no-deps", "--wheel-dir", str(out), "--requirement", str(listing)]
            said = await self._pip(staging, "wheel", *options, what=location)
            wheels = sorted(out.glob("*.whl"))
            if len(wheels) != 1:
                raise _failed(location, f"pip left {len(wheels)} wheels", "")
            commit = re.search(r"^\s*Resolved .* to commit (\S+)\s*$", said, re.MULTILINE)
            yield Built(wheels[0], commit.group(1) if commit else None)

    async def report(self, location: str, *, editable: bool) -> Mapping[str, Any]:
        """pip's installation report on one reference: its ``metadata`` and ``download_info`` (PEP 610)."""
        async with self._turn, _staging() as staging:
            out = Path(staging, "report.json")
            listing = _listing(staging, location, editable=editable)
            options = ["--dry-run", "--ignore-installed", "--no-deps", "--report", str(out), "--src", staging]
            await self._pip(staging, "install", *options, "--requirement", str(listing), what=location)
            try:
                item = json.loads(out.read_text(encoding="utf-8"))["install"][0]
                return dict(item)
            except (OSError, ValueError, LookupError, TypeError) as error:
                raise _failed(location, "pip made no report of it", "") from error

    async def _pip(self, directory: str, *arguments: str, what: str) -> str:
        """pip's output. Raises MetadataError when it fails."""
        environ = self._config.environ()
        environ["GIT_TERMINAL_PROMPT"] = "0"
        if self._offline:
            environ["PIP_NO_INDEX"] = "1"
        target = ["--python", str(self._python)] if self._elsewhere() else []
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pip", *target, *arguments),
            cwd=directory,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
        try:
            output, _ = await process.communicate()
        finally:
            _end(process)
        text = output.decode("utf-8", "replace")
        if process.returncode != 0:
            raise _failed(what, f"pip ended with {process.returncode}", text)
        return text

    def _elsewhere(self) -> bool:
        """Whether the target's interpreter exists and is another than this one."""
        with contextlib.suppress(OSError):
            if self._python.is_file():
                return Path(sys.executable).absolute() != self._python.absolute()
        return False


@asynccontextmanager
async def _staging() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="condadeps-build-", ignore_cleanup_errors=True) as directory:
        yield directory


def _listing(directory: str, location: str, *, editable: bool = False) -> Path:
    """A requirements file of one line: what is in the URL stays out of the process list.

    Raises MetadataError for a location that would be more than one line, or not a URL.
    """
    if re.search(r"[\s\x00-\x1f]", location) or not re.match(r"[a-z][a-z0-9.+-]*:", location, re.IGNORECASE):
        raise _failed(location, "it is no URL", "")
    path = Path(directory, "requirement.txt")
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as stream:
        # pip replaces ${NAME} by the environment's value: nobody's text may ask for that.
        stream.write(("--editable " if editable else "") + location.replace("$", "%24") + "\n")
    return path


def _end(process: asyncio.subprocess.Process) -> None:
    """A build that is not waited for any more must not go on."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


_NOT_FETCHED: Final = re.compile(
    r"^\s*× (?:git|hg|svn|bzr) .* did not run successfully|^ERROR: (?:HTTP error|.* because of HTTP error)"
    r"|^ERROR: Error .* while executing command (?:git|hg|svn|bzr)"
    r"|^ERROR: Cannot find command '(?:git|hg|svn|bzr)'",
    re.MULTILINE,
)
"""pip's words when it never came to building: the repository, the revision or the file was not to be had."""
_PIP_S_OWN: Final = ("Looking in ", "note: This error originates from a subprocess", "hint: See above for")
"""Lines that tell nothing of this failure."""


def _failed(location: str, problem: str, output: str) -> MetadataError:
    said = (masked(line.rstrip()) for line in output.splitlines())
    lines = [line for line in said if line.strip(" │╰─>") and not line.strip().startswith(_PIP_S_OWN)]
    shown = masked(location)
    name = urlsplit(shown).path.rpartition("/")[2]
    what = (
        name if shown.startswith("file:") and name.endswith((".gz", ".zip", ".bz2", ".xz", ".tgz")) else shown
    )
    fetched = _NOT_FETCHED.search(output) is None
    return MetadataError(
        f"{what} cannot be built: {problem}" if fetched else f"{what} cannot be fetched",
        detail=lines[-_LINES:],
        help="its build code failed; a wheel of another version may do, or a compiler may be missing"
        if fetched
        else "is the address right, is there such a revision, and can it be reached from here?",
        url=shown,
        status=None,
        filename=name,
    )
