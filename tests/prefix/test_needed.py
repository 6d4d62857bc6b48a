"""What pip's projects stand on is told from what is installed, whoever asked and whenever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condadeps.names.homes import Homes
from condadeps.names.namespaces import ProjectName
from condadeps.prefix.needed import needed
from condadeps.prefix.target import Target, read
from condadeps.solve.plan import Answer


def answer(name: str, manager: str = "pip", extras: tuple[str, ...] = ()) -> Answer:
    assert manager in ("pip", "conda")
    kind = "pip" if manager == "pip" else "conda"
    return Answer(name, "cell", kind, name, "1.0", "", extras, ProjectName(name))  # type: ignore[arg-type]


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """``plots`` (pip) needs ``lib`` (pip), which needs numpy (conda); its extra needs pandas (conda)."""
    (tmp_path / "conda-meta").mkdir()
    put(tmp_path, "python", "3.11.7")
    put(tmp_path, "numpy", "2.0", "conda")
    put(tmp_path, "pandas", "3.0", "conda", "numpy")
    put(tmp_path, "lib", "1.0", "pip", 'numpy>=1 ; python_version > "3"', 'six ; python_version < "3"')
    put(tmp_path, "plots", "1.0", "pip", "lib", 'pandas ; extra == "tables"')
    return read(tmp_path)


def put(prefix: Path, name: str, version: str, installer: str | None = None, *requires: str) -> None:
    site = prefix / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True, exist_ok=True)
    files = []
    if installer:
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Provides-Extra: tables"]
        (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {r}" for r in requires), ""]))
        (info / "INSTALLER").write_text(installer)
        files = [path.relative_to(prefix).as_posix() for path in info.iterdir()]
    if installer != "pip":
        record = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "files": files,
            "depends": [],
        }
        (prefix / "conda-meta" / f"{name}-{version}-0.json").write_text(json.dumps(record))


def test_what_lies_behind_other_pip_projects_is_needed_by_the_one_asked_for(target: Target) -> None:
    [numpy] = needed([answer("plots")], target, Homes())
    assert (numpy.name, numpy.version, numpy.needed_by) == ("numpy", "2.0", ("plots",))


def test_an_extra_asked_for_counts(target: Target) -> None:
    found = needed([answer("plots", extras=("tables",))], target, Homes())
    assert [one.name for one in found] == ["numpy", "pandas"]


def test_what_was_itself_asked_for_is_not_said_again(target: Target) -> None:
    assert needed([answer("plots"), answer("numpy", "conda")], target, Homes()) == ()


def test_condas_projects_need_nothing_said_but_for_their_extras(target: Target) -> None:
    assert needed([answer("pandas", "conda")], target, Homes()) == ()
