"""environment.yml as it is read (CEP 24)."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.asked.files import Listing, read
from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Direct, Spec
from condadeps.errors import RequestError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "environment.yml"
    path.write_text(text)
    return path


def texts(listing: Listing) -> list[str]:
    return [asked.text for asked in listing.asked]


def test_dependencies_are_conda_specs_and_the_pip_list_projects(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool/pyproject.toml").touch()
    (tmp_path / "more.txt").write_text("rich  # nice\n")
    path = written(
        tmp_path,
        "name: demo\nchannels: [conda-forge, nodefaults]\ndependencies:\n- python =3.11\n- numpy>=2\n"
        "- bioconda::samtools\n- pip\n- pip:\n  - seaborn==0.13.2\n  - -r more.txt\n  - -e ./tool\n"
        "  - --extra-index-url https://host/simple\nvariables: {A: b}\nprefix: /x\nowner: me\n",
    )
    listing = read(path)
    assert (listing.name, listing.channels) == ("demo", ("conda-forge", "nodefaults"))
    assert listing.asked[0] == Asked("conda:python =3.11", str(path), 4)
    assert texts(listing)[1:] == [
        *("conda:numpy>=2", "conda:bioconda::samtools", "conda:pip", "seaborn==0.13.2", "rich"),
        str(tmp_path / "./tool"),
    ]
    assert [asked.line for asked in listing.asked][4:] == [9, 1, 11]
    assert [asked.metadata for asked in listing.asked] == [False] * 4 + [True] * 3
    assert listing.indexes.extra_index_urls == ("https://host/simple",)
    assert any("owner" in warning for warning in listing.warnings)
    assert any("variables" in warning for warning in listing.warnings)
    kinds = [type(parse(asked, "/elsewhere")) for asked in listing.asked]
    assert kinds[:4] == [Spec] * 4
    assert kinds[-1] is Direct


def test_selectors_choose_what_is_for_this_platform(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "dependencies:\n- a  # [win]\n- b  # [linux and not aarch64]\n- c  # [osx or (unix and arm64)]\n"
        "- d  # [see the wiki]\n- sel(unix): e\n- sel(win): f\n- g  # plain\n",
    )
    assert texts(read(path, subdir="linux-64")) == ["conda:b", "conda:d", "conda:e", "conda:g"]
    assert texts(read(path, subdir="win-64")) == ["conda:a", "conda:d", "conda:f", "conda:g"]
    assert texts(read(path, subdir="osx-arm64")) == ["conda:c", "conda:d", "conda:e", "conda:g"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no mapping"),
        ("- a\n", "no mapping"),
        ("name: x\n", "has no 'dependencies:'"),
        ("dependencies: numpy\n", "'dependencies:' is not a list"),
        ("dependencies:\n- npm:\n  - left-pad\n", ":2: 'npm:' is a section only another installer knows"),
        ("dependencies:\n- pip: seaborn\n", "'pip:' is not a list"),
        ("dependencies:\n- [a, b]\n", ":2: has a list inside"),
        ("dependencies:\n- sel(atari): a\n", "no selector"),
        ("dependencies:\n- a\n b: {\n", "is not YAML"),
        ("name: a\nname: b\ndependencies: []\n", "twice"),
        ("dependencies: []\nchannels: {a: b}\n", "'channels:' is not a list"),
        ("dependencies:\n- pip:\n  - -r nowhere.txt\n", ":3: there is no file"),
        ("dependencies:\n- pip:\n  - --no-binary :all:\n", ":3: 'pip:' has an item that is no text"),
        ("base: &b {dependencies: [a]}\n<<: *b\n", "merges keys by '<<:'"),
        ("dependencies: [a]\n---\ndependencies: [b]\n", "is not YAML"),
    ],
)
def test_a_file_that_is_no_environment_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(written(tmp_path, text))
    assert why in caught.value.message


def test_an_empty_list_asks_for_nothing(tmp_path: Path) -> None:
    assert read(written(tmp_path, "dependencies:\n")).asked == ()
    assert read(written(tmp_path, "dependencies: []\n")).asked == ()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("c: &c a\ndependencies:\n  - &py python=3.11  # why\n  - *c\n", ["conda:python=3.11", "conda:a"]),
        ("\ufeffname: x\r\ndependencies:\r\n  - a\r\n  - pip:\r\n    - b\r\n", ["conda:a", "b"]),
        ("prefix: /opt/x\ndependencies: [a]\n", ["conda:a"]),
        ("dependencies:\n- pip:\n  - -r more.txt\n  - d  # why\n", ["b", "c>=4", "d"]),
        ("dependencies:\n- pip:\n  - -c more.txt\n  - b\n", ["b"]),
        ("dependencies:\n- pip:\n  - '--no-binary :all:'\n  - --pre\n  - b\n", ["b"]),
        ("dependencies:\n- pip: [b]\n- pip: [c]\n", ["b", "c"]),
        ("dependencies: [a, 3.1]\n", ["conda:a", "conda:3.1"]),
        ("name: ~\nchannels:\ndependencies:\n- a\n- pip:\n", ["conda:a"]),
        ("dependencies: !!python/object/apply:os.abort []\n", []),
    ],
)
def test_files_of_many_shapes_are_read(tmp_path: Path, text: str, asked: list[str]) -> None:
    (tmp_path / "more.txt").write_text("b\nc>=4  # why\n")
    path = tmp_path / "environment.yml"
    path.write_bytes(text.encode())
    assert texts(read(path)) == asked
