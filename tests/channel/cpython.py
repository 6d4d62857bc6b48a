"""The CPython that runs this, as conda's package ``python``: relocatable, without tests and site-packages.

Known to work for builds of one's own (pyenv, docker's ``python`` images), uv's, and Debian's and Ubuntu's,
whose ``dist-packages`` are turned back to what CPython does. :func:`check` runs it from another prefix.
"""

from __future__ import annotations

import json
import platform
import re
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.channel import recipe
from tests.channel.package import PLACEHOLDER, File, Package

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE_PACKAGES = f"lib/python{VERSION}/site-packages"
_TIMESTAMP = 1_735_689_600_000

_ASKED = """
import json, sqlite3, ssl, sys, sysconfig, zlib
print(json.dumps([sys.prefix, sysconfig.get_path("purelib"), sysconfig.get_path("scripts"), sys.path]))
"""
_LEFT_OUT = frozenset(
    {"__pycache__", "site-packages", "dist-packages", "sitecustomize.py", "EXTERNALLY-MANAGED", "LICENSE.txt"}
    | {"test", "tests", "idle_test", "idlelib", "turtledemo"}
)
_PROGRAMS = re.compile(rf"(pydoc|2to3|python{re.escape(VERSION)}-config)(-?{re.escape(VERSION)})?")


def package() -> Package:
    """This interpreter's installation as a package, unchecked."""
    base = Path(sys.base_prefix)
    parts = (_library(base), _programs(base), _headers(), _shared(base), _site_packages())
    files = {file.path: file for part in parts for file in part}
    return Package(
        name="python",
        version=platform.python_version(),
        build="h0_0_cpython",
        subdir=recipe.subdir(),
        license="Python-2.0",
        timestamp=_TIMESTAMP,
        depends=["tzdata"],
        files=list(files.values()),
        about={"summary": "General purpose programming language", "home": "https://www.python.org/"},
        index={"python_site_packages_path": SITE_PACKAGES},
    )


def check(python: Package, scratch: Path) -> None:
    """Unpacks ``python`` into ``scratch``/prefix and asks it where it thinks it lives.

    Raises RuntimeError, with what it said, when it is not relocatable: the channel would be of no use.
    """
    prefix = (scratch / "prefix").resolve()
    for file in python.files:
        target = prefix / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.link is not None:
            target.symlink_to(file.link)
            continue
        target.write_bytes(file.content.replace(PLACEHOLDER.encode(), str(prefix).encode()))
        target.chmod(0o755 if file.executable else 0o644)
    command = [str(prefix / "bin" / "python"), "-I", "-c", _ASKED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    site_packages = str(prefix / SITE_PACKAGES)
    try:
        found, purelib, scripts, path = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"the copied CPython does not run: {done.stderr or done.returncode}") from None
    if found != str(prefix) or purelib != site_packages or site_packages not in path:
        raise RuntimeError(
            f"{sys.executable} cannot be made relocatable: copied to {prefix} it takes "
            f"{found} for its prefix and {purelib} for its site-packages"
        )
    if scripts != str(prefix / "bin"):
        raise RuntimeError(f"the copied CPython puts scripts into {scripts}")


def _library(base: Path) -> Iterator[File]:
    library = Path(sysconfig.get_path("stdlib"))
    for path in _walk(library):
        relative = path.relative_to(library).as_posix()
        content = path.read_bytes()
        if "sysconfig" in relative:
            content = _undebianised(content)
        yield _relocatable(f"{sys.platlibdir}/python{VERSION}/{relative}", content, base, _is_program(path))


def _walk(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name in _LEFT_OUT or path.suffix in (".a", ".pyc", ".exe"):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path


def _programs(base: Path) -> Iterator[File]:
    real = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    name = f"python{VERSION}"
    content = _with_origin_rpath(real.read_bytes(), base)
    yield File(f"bin/{name}", content, executable=True)
    yield File("bin/python3", link=name)
    yield File("bin/python", link=name)
    for path in sorted(real.parent.iterdir()):
        if _PROGRAMS.fullmatch(path.name) and path.is_file():
            text = re.sub(rb"\A#!\S*python\S*", f"#!{base}/bin/{name}".encode(), path.read_bytes())
            yield _relocatable(f"bin/{path.name}", text, base, executable=True)


def _headers() -> Iterator[File]:
    include = Path(sysconfig.get_path("include"))
    if (include / "Python.h").is_file():
        for path in _walk(include):
            relative = path.relative_to(include).as_posix()
            yield File(f"include/python{VERSION}/{relative}", path.read_bytes())


def _shared(base: Path) -> Iterator[File]:
    """libpython, when the interpreter is linked to one."""
    names = {sysconfig.get_config_var(key) for key in ("INSTSONAME", "LDLIBRARY", "PY3LIBRARY")}
    for name in sorted(name for name in names if name and re.search(r"\.(so|dylib)", name)):
        places = (Path(sysconfig.get_config_var("LIBDIR") or base / "lib"), base / "lib")
        found = next((place / name for place in places if (place / name).is_file()), None)
        if found is None:
            continue
        if found.is_symlink() and (found.parent / found.readlink().name).is_file():
            yield File(f"lib/{name}", link=found.readlink().name)
        else:
            yield File(f"lib/{name}", _with_origin_rpath(found.read_bytes(), base), executable=True)


def _is_program(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o111)


def _relocatable(path: str, content: bytes, base: Path, executable: bool) -> File:
    """``content`` with the base prefix as a placeholder, if it is text that mentions it."""
    if b"\0" in content:
        return File(path, content, executable)
    pattern = re.escape(str(base).encode()) + rb"(?=[/'\"\s:;,]|$)"
    if len(base.parts) < 4:
        # With a prefix such as /usr only Python's own files: the system's programs stay where they are.
        pattern = rb"(?<![\w./-])" + re.escape(str(base).encode()) + rb"(?=['\"]|/(lib|include|bin)/python)"
    mentioned = re.compile(pattern, re.MULTILINE)
    changed = mentioned.sub(PLACEHOLDER.encode(), content)
    return File(path, changed, executable, prefix=None if changed == content else "text")


def _undebianised(content: bytes) -> bytes:
    """sysconfig as CPython has it: Debian's installs elsewhere unless it is in a venv."""
    return re.sub(
        rb"if sys\.base_prefix != sys\.prefix or hasattr\(sys, ['\"]real_prefix['\"]\):", b"if True:", content
    )


def _site_packages() -> Iterator[File]:
    yield File(f"{SITE_PACKAGES}/README.txt", b"For other packages.\n")
    if "dist-packages" in (Path(sysconfig.get_path("stdlib")) / "site.py").read_text("utf-8"):
        # Debian's site is frozen into its interpreter and looks at dist-packages only: lead it on from there.
        lead = f"import os, site, sys; site.addsitedir(os.path.join(sys.prefix, {SITE_PACKAGES!r}))\n"
        yield File(f"lib/python{VERSION}/dist-packages/site-packages.pth", lead.encode())


def _with_origin_rpath(binary: bytes, base: Path) -> bytes:
    """An ELF file whose run path names ``base``/lib looks beside itself instead; anything else unchanged."""
    changed = bytearray(binary)
    for start in _run_paths(binary):
        end = binary.index(b"\0", start)
        entries = binary[start:end].split(b":")
        here = [b"$ORIGIN/../lib" if one.startswith(str(base).encode()) else one for one in entries]
        new = b":".join(here)
        if len(new) <= end - start:
            changed[start:end] = new.ljust(end - start, b"\0")
    return bytes(changed)


def _run_paths(binary: bytes) -> Iterable[int]:
    """Offsets of DT_RPATH's and DT_RUNPATH's strings in a 64-bit little-endian ELF file."""
    if binary[:6] != b"\x7fELF\x02\x01":
        return []
    (table,) = struct.unpack_from("<Q", binary, 32)
    size, count = struct.unpack_from("<HH", binary, 54)
    segments = [struct.unpack_from("<IIQQQQ", binary, table + size * number) for number in range(count)]
    dynamic = next((segment for segment in segments if segment[0] == 2), None)
    if dynamic is None:
        return []
    _, _, offset, _, _, length = dynamic
    tags = [struct.unpack_from("<QQ", binary, offset + step) for step in range(0, length, 16)]
    address = next((value for tag, value in tags if tag == 5), 0)
    strings = next(
        (
            seg[2] + address - seg[3]
            for seg in segments
            if seg[0] == 1 and seg[3] <= address < seg[3] + seg[5]
        ),
        None,
    )
    return [] if strings is None else [strings + value for tag, value in tags if tag in (15, 29)]
