"""The running condadeps, as a wheel: a new environment gets the very copy that made it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import condadeps
from condadeps.errors import UsageError

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The same files give the same wheel, hash and all."""


def pack(directory: Path) -> Path:
    """Write the wheel (Wheel-Version 1.0, PEP 427) into ``directory`` and return its path.

    Works for an installed condadeps and for an editable one. Raises UsageError when this copy
    has no metadata to take along.
    """
    try:
        installed = distribution("condadeps")
    except PackageNotFoundError:
        raise UsageError(
            "this condadeps was not installed, so it cannot put itself into another environment",
            help="pip install it first, or leave it out: --bare",
        ) from None
    info = f"condadeps-{installed.version}.dist-info"
    files = _package_files()
    files[f"{info}/METADATA"] = _text(installed, "METADATA")
    files[f"{info}/entry_points.txt"] = _text(installed, "entry_points.txt")
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: condadeps\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    wheel = directory / f"condadeps-{installed.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return wheel


def _package_files() -> dict[str, bytes]:
    package = Path(condadeps.__file__).parent
    return {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _text(installed: Distribution, name: str) -> bytes:
    return (installed.read_text(name) or "").encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
