"""Letting conda, mamba or micromamba link and unlink: for sites whose conda has plugins, policies or auth.

The plan stays condadeps'. The executable is handed explicit URLs with hashes in a file
(CEP 23) and names to remove, and asked for JSON; it solves nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from condadeps.errors import (
    CancelledError,
    CondadepsError,
    ConfigError,
    FrozenError,
    HashError,
    PrefixError,
    SourceError,
    SpaceError,
    TransactionError,
)
from condadeps.solve.plan import Link, Package, Plan
from condadeps.sources.credentials import masked
from condadeps.transaction.cancel import Cancel

Kind = Literal["conda", "mamba", "micromamba"]

_NOBODY = "http://127.0.0.1:1"
_OFFLINE = {
    "CONDA_OFFLINE": "true",
    "MAMBA_OFFLINE": "true",
    # To mamba offline means to ask for no index; packages it would still fetch.
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), _NOBODY),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOBODY),
    "no_proxy": "",
    "NO_PROXY": "",
    "MAMBA_REMOTE_MAX_RETRIES": "0",
}
_COMMAND = re.compile(r"# cmd:\s+(\S+)")
_LAST_LINES = 12
_LOOK_SECONDS = 0.1
_POLITE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Executable:
    """A program that applies conda's part of a plan."""

    kind: Kind
    path: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """What it is told beyond this process' environment."""
    offline: bool = False

    @property
    def environ(self) -> dict[str, str]:
        """The environment that it runs in."""
        found = {**_environ(), "MAMBA_LOG_LEVEL": "error", **self.variables}  # JSON would silence its errors
        return found | (_OFFLINE if self.offline else {})


def find(kind: Kind, prefix: Path, environ: Mapping[str, str] | None = None) -> Executable:
    """The executable of ``kind``: ``CONDA_EXE`` or ``MAMBA_EXE``, the one in the prefix's history, PATH.

    Raises ConfigError when there is none.
    """
    environ = os.environ if environ is None else environ
    for candidate in _candidates(kind, prefix, environ):
        if candidate.name.removesuffix(".exe") == kind and os.access(candidate, os.X_OK):
            return Executable(kind, candidate)
    variable = "CONDA_EXE" if kind == "conda" else "MAMBA_EXE"
    raise ConfigError(
        f"the installer is {kind}, and there is no {kind} here",
        detail=[f"looked at {variable}, the history of {prefix}, and PATH"],
        help=f"{variable} names it; or leave the installer out: condadeps needs none",
        place="CONDADEPS_INSTALLER",
    )


def _candidates(kind: Kind, prefix: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("CONDA_EXE" if kind == "conda" else "MAMBA_EXE")
    if named:
        yield Path(named)
    try:
        history = (prefix / "conda-meta" / "history").read_text("utf-8", "replace")
    except OSError:
        history = ""
    yield from (Path(found) for found in reversed(_COMMAND.findall(history)) if Path(found).is_absolute())
    on_path = shutil.which(kind, path=environ.get("PATH"))
    if on_path:
        yield Path(on_path)


def carry_out(executable: Executable, plan: Plan, work: Path, cancel: Cancel) -> None:
    """Unlink and link what ``plan`` says, in its environment, by ``executable``.

    Raises SourceError, HashError, SpaceError, PrefixError, FrozenError, TransactionError or, when somebody
    asked to stop meanwhile, CancelledError; what was done until then is for the caller to take back.
    """
    work.mkdir(parents=True, exist_ok=True)
    names = [str(one.package.name) for one in plan.unlink]
    if executable.kind != "conda":  # their explicit install links beside what is there, it replaces nothing
        names += [str(link.package.name) for link in plan.link if link.previous]
    if names:
        _run(executable, ["remove", *_common(plan), "--force", *names], plan, cancel)
    if plan.link:
        listing = work / "explicit.txt"
        sha256 = executable.kind == "conda" or _knows_sha256(executable)
        lines = ["@EXPLICIT", *(_explicit(link.package, executable, sha256) for link in plan.link)]
        listing.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        _run(executable, ["install", *_common(plan), "--file", str(listing)], plan, cancel)


def _common(plan: Plan) -> list[str]:
    return ["--prefix", plan.prefix, "--yes", "--json"]


def _explicit(package: Package, executable: Executable, sha256: bool) -> str:
    """The line that has ``package`` fetched and checked; TransactionError where it would not be checked."""
    if package.sha256 and sha256:
        return f"{package.url}#sha256:{package.sha256}"
    md5 = package.record.get("md5")
    if package.sha256 and not md5:
        raise TransactionError(
            f"this {executable.kind} would not check {package.filename}: it heeds no sha256",
            help=f"update {executable.path} to 2.1; or to do without it: CONDADEPS_INSTALLER=rattler",
            restored=True,
        )
    return f"{package.url}#{md5}" if md5 else package.url


def _knows_sha256(executable: Executable) -> bool:
    """Whether a mamba or micromamba heeds a sha256 behind a URL: those before 2.1 pass it over."""
    done = subprocess.run(
        [str(executable.path), "--version"], stdin=subprocess.DEVNULL, capture_output=True, env=_environ()
    )
    found = re.search(r"(\d+)\.(\d+)", done.stdout.decode(errors="replace"))
    return found is not None and (int(found[1]), int(found[2])) >= (2, 1)


def _environ() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


def _run(executable: Executable, words: Sequence[str], plan: Plan, cancel: Cancel) -> None:
    process = subprocess.Popen(
        [str(executable.path), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=executable.environ,
        start_new_session=os.name == "posix",
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
    )
    output, errors = _awaited(process, cancel)
    document, told = _document(output), errors.decode(errors="replace")
    if process.returncode != 0 or document.get("success") is False or "exception_name" in document:
        raise error_of(document, told, process.returncode, executable, plan)


def _awaited(process: subprocess.Popen[bytes], cancel: Cancel) -> tuple[bytes, bytes]:
    """What it printed. Raises CancelledError: it downloads, too, and that may take long."""
    while True:
        try:
            return process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if not cancel.requested:
                continue
        _stop(process)
        raise CancelledError("interrupted; the environment was put back as it was")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it started: politely, then not."""
    for how in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, how)
            else:
                process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_POLITE_SECONDS)


def die_with_parent() -> None:
    """It must not go on when nobody is left to take back what it does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _document(output: bytes) -> dict[str, Any]:
    """The JSON it printed, of several documents the first that tells an error, else the last.

    Nothing for what is none (conda with ``-vv``, a usage error). Under mamba the packages' scripts may have
    printed before it.
    """
    text = output.decode("utf-8", "replace")
    start = re.search(r"^\{", text, re.MULTILINE)
    text = text[start.start() :].strip() if start else ""
    found: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    while text.startswith("{") and "exception_name" not in found:
        try:
            found, end = decoder.raw_decode(text)
        except ValueError:
            break
        text = text[end:].strip()
    return found


_NO_ANSWER = {
    "CondaHTTPError",
    "CondaSSLError",
    "ConnectionFailedError",
    "ProxyError",
    "UnavailableInvalidChannel",
    "OfflineError",
    "CondaDependencyError",
}


def error_of(
    document: Mapping[str, Any], stderr: str, code: int, executable: Executable, plan: Plan
) -> CondadepsError:
    """What the executable's failure is among our errors: conda 26.7's JSON, mamba 2.8's lines."""
    name = str(document.get("exception_name", ""))
    inner = document.get("errors")
    if name == "CondaMultiError" and isinstance(inner, list) and inner and isinstance(inner[0], dict):
        return error_of(inner[0], stderr, code, executable, plan)
    message = masked(str(document.get("message") or document.get("error") or ""))
    told = [line.rstrip() for line in (message or masked(stderr)).splitlines() if line.strip()]
    detail = told[-_LAST_LINES:]
    said = f"{executable.kind} could not do it"
    match name or _mambas(stderr):
        case "ChecksumMismatchError":
            return HashError(
                f"{said}: a package is not the one its channel promises",
                detail=detail,
                url=masked(str(document.get("url") or _url(stderr, plan))),
                expected=document.get("expected_checksum"),
                actual=document.get("actual_checksum"),
            )
        case _ as kind if kind in _NO_ANSWER:
            status = document.get("status_code") or _status(stderr)
            why = (
                "it is offline, and has not kept a package"
                if executable.offline
                else "a channel did not answer"
            )
            return SourceError(
                f"{said}: {why}",
                detail=detail,
                url=masked(str(document.get("url") or _url(stderr, plan))),
                status=status if isinstance(status, int) else None,
            )
        case "NoSpaceLeftError":
            return SpaceError(f"{said}: the disk is full", detail=detail, prefix=plan.prefix)
        case "EnvironmentIsFrozenError":
            return FrozenError(f"{said}: the environment is frozen", detail=detail, prefix=plan.prefix)
        case "EnvironmentNotWritableError" | "NotWritableError" | "EnvironmentLocationNotFound":
            return PrefixError(f"{said}: {plan.prefix} cannot be changed", detail=detail, prefix=plan.prefix)
    gone = next(
        (link.package for link in plan.link if link.package.filename in message and _is_gone(link)), None
    )
    if gone:
        why = f"{said}: {gone.filename} is not there any more"
        return SourceError(why, detail=detail, url=masked(gone.url), status=None)
    return TransactionError(
        f"{said}; the environment was put back as it was",
        detail=detail or [f"it ended with {code} and said nothing"],
        help=f"to do without it: CONDADEPS_INSTALLER=rattler ({executable.path} was used)",
        restored=True,
        exit_code=code,
        exception_name=name or None,
    )


_MAMBAS = {
    "ChecksumMismatchError": r"File not valid: |Found incorrect downloads",
    "NoSpaceLeftError": r"No space left on device|Disk quota exceeded",
    "CondaHTTPError": r"Download error \(\d+\)|Transfer finalized, status: [45]\d\d",
}
"""What mamba says, which names no kinds of errors in its JSON, for each that conda names."""


def _mambas(stderr: str) -> str:
    return next((name for name, pattern in _MAMBAS.items() if re.search(pattern, stderr)), "")


def _url(stderr: str, plan: Plan) -> str:
    """The address of the package that the lines are about."""
    named = (link.package.url for link in plan.link if link.package.filename in stderr)
    return next(named, "")


def _status(stderr: str) -> int | None:
    found = re.search(r"status:? ([45]\d\d)", stderr)
    return int(found[1]) if found else None


def _is_gone(link: Link) -> bool:
    """Whether a package of a local channel is no longer there."""
    parts = urlsplit(link.package.url)
    return parts.scheme == "file" and not Path(url2pathname(parts.path)).exists()
