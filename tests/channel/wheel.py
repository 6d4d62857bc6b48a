"""A PyPI wheel, repacked as the conda package that conda-forge would make of it."""

from __future__ import annotations

import configparser
import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.utils import parse_wheel_filename

from tests.channel import recipe
from tests.channel.package import PLACEHOLDER, File, Package

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
_EPOCH = int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp() * 1000)
_LAUNCHER = """\
#!{prefix}/bin/python
import re
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit({call}())
"""


@dataclass(frozen=True)
class _Layout:
    """Where a wheel's parts go in a package: conda's generic names when it is noarch, else the real ones."""

    site_packages: str
    scripts: str
    from_site_packages: str
    """The way from site-packages back to the prefix, as RECORD writes it."""


_NOARCH = _Layout("site-packages", "python-scripts", "../../..")
_ARCH = _Layout(f"lib/python{PYTHON}/site-packages", "bin", "../../..")


class Wheel:
    """One wheel on disk, read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        project, version, _, tags = parse_wheel_filename(path.name)
        self.name = recipe.package_name(project)
        self.version = str(version)
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            self.members = {member.filename: archive.read(member) for member in members}
            self.executables = {m.filename for m in members if (m.external_attr >> 16) & 0o111}
            newest = max(member.date_time for member in members)
        stamped = datetime(*newest, tzinfo=timezone.utc)
        # Reproducible builds stamp 1980, 2016 or 2020: no date of publishing.
        self.timestamp = int(stamped.timestamp() * 1000) if stamped.year > 2020 else _EPOCH
        self.dist_info = next(n.split("/")[0] for n in self.members if n.endswith(".dist-info/METADATA"))
        self.metadata: Message = message_from_bytes(self.members[f"{self.dist_info}/METADATA"])
        described = message_from_bytes(self.members[f"{self.dist_info}/WHEEL"])
        pure = str(described.get("Root-Is-Purelib", "true")).lower() == "true"
        self.pure = pure and all(tag.platform == "any" for tag in tags)

    def requires(self) -> list[Requirement]:
        """What the project needs on this interpreter, without extras."""
        here = recipe.environment()
        found = [Requirement(text) for text in self.metadata.get_all("Requires-Dist", [])]
        return [one for one in found if one.marker is None or one.marker.evaluate(here)]

    def packages(self) -> list[Package]:
        """The conda packages it becomes: itself, and its metapackage if it has one."""
        if self.name in recipe.BINARIES:
            return [self._binary()]
        package = self._python()
        if package.name not in recipe.METAPACKAGES:
            return [package]
        name, further = recipe.METAPACKAGES[package.name]
        return [package, _metapackage(name, package, further)]

    def _python(self) -> Package:
        layout = _NOARCH if self.pure else _ARCH
        entry_points = self._entry_points()
        files = list(self._files(layout))
        if not self.pure:
            files += [_launcher(line) for line in entry_points]
        files.append(self._record(layout, files, entry_points))
        return Package(
            name=self.name,
            version=self.version,
            build="py_0" if self.pure else f"py{PYTHON.replace('.', '')}_0",
            subdir="noarch" if self.pure else recipe.subdir(),
            license=self._license(),
            timestamp=self.timestamp,
            depends=[*self._depends(), *recipe.EXTRA_DEPENDS.get(self.name, ())],
            noarch="python" if self.pure else None,
            entry_points=entry_points if self.pure else (),
            files=files,
            licenses=self._licenses(),
            about=self._about(),
        )

    def _binary(self) -> Package:
        """Only the program: conda-forge's package of that name ships no Python project."""
        name = next(n for n in self.members if n.endswith(f"data/scripts/{self.name}"))
        return Package(
            name=self.name,
            version=self.version,
            build="h0_0",
            subdir=recipe.subdir(),
            license=self._license(),
            timestamp=self.timestamp,
            files=[File(f"bin/{self.name}", self.members[name], executable=True)],
            licenses=self._licenses(),
            about=self._about(),
        )

    def _depends(self) -> list[str]:
        if self.pure:
            wanted = str(self.metadata.get("Requires-Python", "")).replace(" ", "")
            python = f"python {wanted}" if wanted else "python"
        else:
            python = f"python >={PYTHON},<{sys.version_info[0]}.{sys.version_info[1] + 1}.0a0"
        needed = {recipe.package_name(one.name): conda_spec(one) for one in self.requires()}
        return [python, *(needed[name] for name in sorted(needed))]

    def _entry_points(self) -> list[str]:
        text = self.members.get(f"{self.dist_info}/entry_points.txt", b"").decode()
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of scripts keep their case
        parser.read_string(text)
        scripts = [*_section(parser, "console_scripts"), *_section(parser, "gui_scripts")]
        # An extra after the function ("a:b [x]") means nothing to conda.
        return [f"{name} = {target.partition('[')[0].strip()}" for name, target in scripts]

    def _files(self, layout: _Layout) -> Iterable[File]:
        for name, content in self.members.items():
            if name in (f"{self.dist_info}/{gone}" for gone in ("RECORD", "RECORD.jws", "RECORD.p7s")):
                continue
            parts = PurePosixPath(name).parts
            executable = name in self.executables
            if not parts[0].endswith(".data"):
                yield File(f"{layout.site_packages}/{name}", content, executable)
                continue
            rest = "/".join(parts[2:])
            match parts[1]:
                case "purelib" | "platlib":
                    yield File(f"{layout.site_packages}/{rest}", content, executable)
                case "scripts":
                    yield _script(f"{layout.scripts}/{rest}", content)
                case "data":
                    yield File(rest, content, executable)
                case "headers":
                    yield File(f"include/python{PYTHON}/{self.name}/{rest}", content)
        yield File(f"{layout.site_packages}/{self.dist_info}/INSTALLER", b"conda\n")

    def _record(self, layout: _Layout, files: Iterable[File], entry_points: Iterable[str]) -> File:
        """RECORD as pip leaves it in a conda package: the wheel's sums, and what installing added."""
        original = self.members[f"{self.dist_info}/RECORD"].decode()
        sums = {row[0]: row[1:3] for row in csv.reader(io.StringIO(original)) if row}
        paths = {_recorded(file.path, layout) for file in files}
        paths |= {f"{layout.from_site_packages}/bin/{line.split(' = ')[0]}" for line in entry_points}
        record = f"{self.dist_info}/RECORD"
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for path in sorted({*paths, record}):
            writer.writerow([path, *(["", ""] if path == record else sums.get(path, ["", ""]))])
        return File(f"{layout.site_packages}/{record}", out.getvalue().encode())

    def _license(self) -> str:
        stated = self.metadata.get("License-Expression") or self.metadata.get("License") or ""
        if 0 < len(str(stated)) < 80 and "\n" not in str(stated):
            return str(stated)
        classified = [
            text.rpartition("::")[2].strip()
            for text in self.metadata.get_all("Classifier", [])
            if text.startswith("License ::")
        ]
        return " AND ".join(classified) or "LicenseRef-Unstated"

    def _licenses(self) -> dict[str, bytes]:
        inside = f"{self.dist_info}/"
        return {
            name[len(inside) :].replace("/", "_"): content
            for name, content in self.members.items()
            if name.startswith(inside) and re.search(r"licen[sc]e|copying|notice", name, re.IGNORECASE)
        }

    def _about(self) -> dict[str, str]:
        stated = {"summary": self.metadata.get("Summary"), "home": self.metadata.get("Home-page")}
        return {key: str(value) for key, value in stated.items() if value} | {"license": self._license()}


def conda_spec(requirement: Requirement) -> str:
    """A PEP 508 requirement without extras and marker as a MatchSpec ("name >=1,<2")."""
    parts = [_conda_version(one) for one in sorted(requirement.specifier, key=str)]
    return " ".join([recipe.package_name(requirement.name), ",".join(parts)]).strip()


def _conda_version(specifier: Specifier) -> str:
    if specifier.operator == "==" and specifier.version.endswith(".*"):
        return specifier.version
    if specifier.operator == "===":
        return f"=={specifier.version}"
    return str(specifier)


def _metapackage(name: str, of: Package, further: Iterable[str]) -> Package:
    return Package(
        name=name,
        version=of.version,
        build=of.build,
        subdir=of.subdir,
        license=of.license,
        timestamp=of.timestamp,
        depends=[f"{of.name} =={of.version}", *(one for one in of.depends if one[:6] == "python"), *further],
        about=of.about,
    )


def _section(parser: configparser.ConfigParser, name: str) -> list[tuple[str, str]]:
    return list(parser.items(name)) if parser.has_section(name) else []


def _launcher(entry_point: str) -> File:
    command, _, target = entry_point.partition(" = ")
    module, _, call = target.partition(":")
    text = _LAUNCHER.format(prefix=PLACEHOLDER, module=module, name=call.split(".")[0], call=call)
    return File(f"bin/{command}", text.encode(), executable=True, prefix="text")


def _script(path: str, content: bytes) -> File:
    """A wheel's script; ``#!python`` becomes the prefix's Python, as every installer makes it."""
    if not content.startswith(b"#!python"):
        return File(path, content, executable=True)
    _, _, rest = content.partition(b"\n")
    return File(path, f"#!{PLACEHOLDER}/bin/python\n".encode() + rest, executable=True, prefix="text")


def _recorded(path: str, layout: _Layout) -> str:
    if path.startswith(f"{layout.site_packages}/"):
        return path[len(layout.site_packages) + 1 :]
    if path.startswith(f"{layout.scripts}/"):
        path = f"bin/{path[len(layout.scripts) + 1 :]}"
    return f"{layout.from_site_packages}/{path}"
