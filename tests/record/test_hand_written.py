"""A file that a person wrote comes back with what is new, and otherwise as it was."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from condadeps.errors import RecordError
from condadeps.names.namespaces import ProjectName
from condadeps.sources.known_places import alias
from tests.record.test_environment import PANDAS, RICH, SEABORN, conda, needed, pip, record
from tests.record.test_environment import path as path

HAND = """\
# The analysis of 2026.  Ask Ada before you change it.

name: "demo"   # ours
prefix: /opt/demo
owner: &who
    - ada
channels:
    - defaults      # first, for the licence
    - conda-forge

dependencies:
    - &py python=3.11.*   # as on the cluster
    # plots
    - 'matplotlib >=3.5'

    - "numpy"             # any
    - pywin32  # [win]
    - git  # for versioneer
    # installers
    - pip
    - pip:
        - -r more.txt
        # pinned: 0.14 broke the legends
        - seaborn == 0.13.*
        - --find-links ./wheels

    # the end of the list
variables:
    A: b
also: *who
# the end
"""


def test_a_hand_written_file_gets_a_line_and_keeps_the_rest(path: Path) -> None:
    path.write_text(HAND)
    record(
        path,
        PANDAS,
        SEABORN,
        pip("attrs", "25.1", ">=24"),
        conda("numpy", "2.3.0"),
        needs=(needed("matplotlib", "3.10.7", "seaborn"), needed("scipy", "1.17", "seaborn")),
    )
    assert path.read_text() == HAND.replace(
        "    - git  # for versioneer\n",
        "    - git  # for versioneer\n    - pandas=3.1.1\n    - scipy=1.17  # for seaborn\n",
    ).replace("        - --find-links ./wheels\n", "        - --find-links ./wheels\n        - attrs>=24\n")


def test_windows_line_ends_and_a_byte_order_mark_stay(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + HAND.replace("\n", "\r\n").encode())
    record(path, PANDAS)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf#")
    assert content.count(b"\n") == content.count(b"\r\n") == HAND.count("\n") + 1
    assert b"    - pandas=3.1.1\r\n" in content


def test_hand_written_constraints_stay_while_they_hold(path: Path) -> None:
    path.write_text(
        "dependencies:\n- python >=3.10,<3.13\n- pandas 3.1.*\n- numpy\n- scipy=1.17=*_openblas\n- pip\n"
        "- pip:\n  - seaborn ~= 0.13.0\n  - rich\n"
    )
    before = path.read_text()
    record(
        path, PANDAS, SEABORN, conda("numpy", "2.3"), conda("scipy", "1.17"), pip("rich", "14"), channels=()
    )
    assert path.read_text() == before


def test_what_no_longer_holds_gives_way(path: Path) -> None:
    path.write_text(
        "dependencies:\n- python=3.9\n- 'pandas <3'  # old\n- numpy 1.*\n- pip:\n  - \"rich==12\"\n  - pip\n"
    )
    record(path, PANDAS, conda("numpy", "2.3", ">=2"), pip("rich", "14.0"), channels=())
    assert path.read_text() == (
        "dependencies:\n- python=3.11\n- 'pandas=3.1.1'  # old\n- numpy>=2\n- pip\n"
        '- pip:\n  - "rich==14.0"\n  - pip\n'
    )


@pytest.mark.parametrize(
    ("line", "asked", "version", "after"),
    [
        ("rich>=13", ">=14", "14.1", "rich>=14"),
        ("rich>=14", ">=13", "14.1", "rich>=14"),
        ("rich <15", ">=13", "14.1", "rich>=13,<15"),
        ("rich=14.1.0", ">=13", "14.1.0", "rich=14.1.0"),
        ("rich=14", "=14.1", "14.1.0", "rich=14.1"),
        ("rich 14.*", "<15", "14.1.0", "rich 14.*"),
        ("rich", ">=13", "14.1", "rich>=13"),
        ("rich>=13", "", "14.1", "rich>=13"),
        ("rich>=13|<1", ">=14", "14.1", "rich>=14"),
        ("rich !=14.0", ">=13", "14.1", "rich>=13,!=14.0"),
        ("rich=14.1=py_0", "", "14.1", "rich=14.1=py_0"),
        ("conda-forge::rich>=13", ">=14", "14.1", "conda-forge::rich>=14"),
    ],
)
def test_a_narrower_request_narrows_the_line_and_a_wider_one_leaves_it(
    path: Path, line: str, asked: str, version: str, after: str
) -> None:
    path.write_text(f"dependencies:\n- {line}\n")
    record(path, conda("rich", version, asked), python=None, channels=())
    assert path.read_text() == f"dependencies:\n- {after}\n"


def test_the_channels_of_the_file_keep_their_order(path: Path) -> None:
    where = alias()
    path.write_text(f"channels:\n- b\n- a/\n- {where}/c\ndependencies:\n- python\n")
    record(path, channels=("a", "c", "new", "b"))
    assert path.read_text().startswith(f"channels:\n- b\n- a/\n- {where}/c\n- new\ndependencies:\n")


def test_a_file_without_name_or_channels_is_anybodys(path: Path) -> None:
    path.write_text("# mine\ndependencies:\n  - python=3.11\n")
    assert record(path, PANDAS).changed
    assert path.read_text() == (
        "# mine\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pandas=3.1.1\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "name: demo",
        "name: demo\n",
        "---\nname: demo\n",
        "name: demo\ndependencies:\n",
        "name: demo\ndependencies: # none\n# yet\n",
        "name: demo\ndependencies: []\n",
        "name: demo\ndependencies: ~\nchannels: null\n",
        "name: demo\ndependencies: [python, pip]\nchannels: [conda-forge]\n",
        "name: demo\ndependencies: [ 'python', {pip: [rich]} ]\n",
        "name: demo\ndependencies:\n- pip:\n",
        "name: demo\ndependencies:\n- pip: []\n",
        "name: demo\ndependencies:\n- pip: [rich]\n",
        "name: demo\ndependencies:\n- python\n- pip:\n  - rich",
        "name: demo\ndependencies:\n-   python\n-   pip:\n    -   rich\n",
        "  name: demo\n  dependencies:\n  - python\n",
        "name: demo\ndependencies:\n- sel(win): pywin32\n- python\n...\n",
        "%YAML 1.2\n---\nname: demo\ndependencies:\n- python\n",
        'name: demo\ndependencies:\n- "pandas\n  >=2"\n- python\n',
        '{"name": "demo", "channels": ["conda-forge"], "dependencies": ["python", {"pip": ["rich"]}]}\n',
        "p: &p python\nname: demo\ndependencies:\n- *p\n- numpy\n",
        "d: &d\n- python\nname: demo\ndependencies: *d\n",
        "name: demo\ndependencies: &d\n- python\n",
        "name: demo\ndependencies:\n- !!str python\n- >-\n  numpy\n- rich\n",
    ],
)
def test_files_of_many_shapes_are_added_to(path: Path, text: str) -> None:
    from ruamel.yaml import YAML

    path.write_text(text)
    before = YAML(typ="safe").load(text) or {}
    assert record(path, PANDAS, SEABORN, RICH).changed
    after = YAML(typ="safe").load(path.read_text())
    packages = [item for item in after["dependencies"] if isinstance(item, str)]
    projects = next(item["pip"] for item in after["dependencies"] if isinstance(item, dict) and "pip" in item)
    assert "seaborn==0.13.2" in projects
    assert [item.partition("=")[0].partition(">")[0].strip() for item in packages].count("pandas") == 1
    assert {"rich>=13", "pip"} <= set(packages)
    assert any(item.startswith("python") for item in packages)
    assert "conda-forge" in after["channels"]
    assert len(packages) == len(set(packages))
    for key in before.keys() - {"dependencies", "channels", "d"}:
        assert after[key] == before[key]
    for item in before.get("dependencies") or ():
        assert isinstance(item, dict) or item.startswith(("pandas", "python", "rich")) or item in packages
    assert not record(path, PANDAS, SEABORN, RICH).changed


@pytest.mark.parametrize(
    "text",
    [
        "base: &b {dependencies: [python]}\n<<: *b\n",
        "dependencies: [python, # why\n  numpy]\n",
        "p: &p python\ndependencies:\n- *p\n",
        '{"name": "demo"}\n',
    ],
)
def test_a_layout_that_cannot_be_changed_safely_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(RecordError):
        record(path, PANDAS)
    assert path.read_text() == text


def test_a_comment_of_a_persons_is_no_mark_of_ours(path: Path) -> None:
    path.write_text(
        "dependencies:\n- python\n- git  # for seaborn-like things\n- tar  # for plotting\n- pip:\n  - rich\n"
    )
    record(path, conda("rich", "14", project=ProjectName("rich")), pip("seaborn", "1"), channels=())
    record(path, conda("seaborn", "1", project=ProjectName("seaborn")), channels=())
    text = path.read_text()
    assert "- git  # for seaborn-like things\n- tar  # for plotting\n" in text
    assert "pip:" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")
def test_the_files_mode_stays_and_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "shared.yml"
    real.write_text("dependencies: []\n")
    real.chmod(0o664)
    path.symlink_to(real)
    record(path, PANDAS)
    assert path.is_symlink()
    assert "pandas" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o664
    fresh = tmp_path / "fresh.yml"
    before = os.umask(0o027)
    try:
        record(fresh, PANDAS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
