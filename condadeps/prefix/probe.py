"""A prefix that is no conda environment tells about itself: its own interpreter is asked, once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condadeps.errors import PrefixError
from condadeps.prefix import target

_QUESTION = """
import json, os, platform, site, sys, sysconfig
name = sys.implementation.name
version = sys.implementation.version
full = "%d.%d.%d" % version[:3]
if version.releaselevel != "final":
    full += version.releaselevel[0] + str(version.serial)
try:
    sites = site.getsitepackages()
except AttributeError:
    sites = []
print(json.dumps({
    "prefix": sys.prefix, "base_prefix": sys.base_prefix, "executable": sys.executable,
    "implementation": name, "version": platform.python_version().rstrip("+"),
    "soabi": sysconfig.get_config_var("SOABI") or "", "bits": 64 if sys.maxsize > 2**32 else 32,
    "purelib": sysconfig.get_path("purelib"), "platlib": sysconfig.get_path("platlib"),
    "stdlib": sysconfig.get_path("stdlib"), "sites": sites,
    "markers": {
        "implementation_name": name, "implementation_version": full, "os_name": os.name,
        "platform_machine": platform.machine(), "platform_release": platform.release(),
        "platform_system": platform.system(), "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]), "sys_platform": sys.platform,
    },
}))
"""
_SECONDS = 30


def ask(prefix: Path) -> target.Target:
    """The environment at ``prefix``, as its interpreter describes it.

    Raises PrefixError when there is no interpreter, it does not run, or it belongs elsewhere.
    """
    python = _python(prefix)
    if python is None:
        raise PrefixError(
            f"{prefix} is not an environment",
            detail=["it has neither a conda-meta directory nor a Python of its own"],
            help=f"condadeps create -p {_place(prefix)} python=3.12",
            prefix=str(prefix),
        )
    told = _answer(prefix, python)
    if Path(told["prefix"]).resolve() != prefix.resolve():
        raise PrefixError(
            f"{prefix} is not an environment",
            detail=[f"its Python, {python}, belongs to {told['prefix']}"],
            help=f"-p {told['prefix']}",
            prefix=str(prefix),
        )
    return target.described(prefix, python, told)


def _place(prefix: Path) -> str:
    """Where an environment can be made: one is never made over what is there."""
    try:
        return "DIR" if any(prefix.iterdir()) else str(prefix)
    except OSError:
        return "DIR"


def _python(prefix: Path) -> Path | None:
    names = ("Scripts/python.exe", "python.exe") if sys.platform == "win32" else ("bin/python", "bin/python3")
    return next((path for name in names if (path := prefix / name).is_file()), None)


def _answer(prefix: Path, python: Path) -> Mapping[str, Any]:
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise PrefixError(
            f"the Python of {prefix} does not run",
            detail=[f"{python}: {str(said).strip().splitlines()[-1] if str(said).strip() else 'no answer'}"],
            prefix=str(prefix),
        ) from error
    if not isinstance(answer, dict):
        raise PrefixError(
            f"the Python of {prefix} does not run", detail=[f"{python}: no answer"], prefix=str(prefix)
        )
    return answer
