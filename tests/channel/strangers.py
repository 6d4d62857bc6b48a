"""Packages that are no Python projects, some of them namesakes of one: what ``conda:NAME`` is for.

``tzdata`` is the real one (the data of PyPI's project, at conda's place). ``tree`` and ``graphviz`` are small
programs written here: no wheel has the real ones, and a test only needs that they run and are not PyPI's.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.channel.package import PLACEHOLDER, File, Package
from tests.channel.wheel import Wheel

_TREE = f"""\
#!/bin/sh
# Lists a directory's tree. Prefix: {PLACEHOLDER}
cd -- "${{1:-.}}" && find . | sort | sed -e 's;[^/]*/;|   ;g;s;|   \\([^|]\\);|-- \\1;'
"""
_DOT = f"""\
#!/bin/sh
# Reads its plugins' list where graphviz has it.
test -f "{PLACEHOLDER}/lib/graphviz/config6" || exit 1
echo "dot - graphviz version 12.2.1 (test channel)" >&2
"""
_CONFIG6 = f"{PLACEHOLDER}/lib/graphviz/libgvplugin_core.so.6 core {{\n}}\n"
_PLUGINS = b"\x7fplugins\0" + f"{PLACEHOLDER}/lib/graphviz".encode() + b"\0end\0"
_TIMESTAMP = 1_735_689_600_000


def tzdata(wheel: Wheel) -> Package:
    """conda's ``tzdata``, 2025b where PyPI says 2025.2, from PyPI's wheel."""
    year, _, number = wheel.version.partition(".")
    inside = "tzdata/zoneinfo/"
    files = [
        File(f"share/zoneinfo/{name[len(inside) :]}", content)
        for name, content in wheel.members.items()
        if name.startswith(inside) and not name.endswith(".py")
    ]
    return _generic(
        "tzdata", year + chr(ord("a") + int(number.split(".")[0]) - 1), "LicenseRef-Public-Domain", files
    )


def written_here() -> Iterable[Package]:
    """``tree`` and ``graphviz``."""
    yield _generic("tree", "2.2.1", "GPL-2.0-or-later", [_program("bin/tree", _TREE)])
    yield _generic(
        "graphviz",
        "12.2.1",
        "EPL-1.0",
        [
            _program("bin/dot", _DOT),
            File("lib/graphviz/config6", _CONFIG6.encode(), prefix="text"),
            File("lib/graphviz/plugins.bin", _PLUGINS, prefix="binary"),
        ],
    )


def _program(path: str, text: str) -> File:
    return File(path, text.encode(), executable=True, prefix="text")


def _generic(name: str, version: str, license: str, files: list[File]) -> Package:
    return Package(
        name=name,
        version=version,
        build="h0_0",
        subdir="noarch",
        license=license,
        timestamp=_TIMESTAMP,
        noarch="generic",
        files=files,
        about={"summary": f"{name} of the test channel"},
    )
