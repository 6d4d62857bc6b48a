"""Requirements files, pyproject.toml, scripts: what they ask for, and where in them it stands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from condadeps.asked.files import Indexes, Listing, read
from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Direct, Project
from condadeps.errors import RequestError


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def texts(listing: Listing) -> list[str]:
    return [asked.text for asked in listing.asked]


def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELS", "host/wheels")
    monkeypatch.setenv("HOME_", "never")
    path = written(
        tmp_path / "requirements.txt",
        "# a comment\r\n"
        "requests [security] >= 2.8.1, == 2.8.* ; python_version >= '3.8'  # why\r\n"
        "numpy \\\r\n    >=2\r\n"
        "\r\n"
        "tool @ https://${WHEELS}/tool-1.0-py3-none-any.whl\r\n"
        "attrs==24.1 --hash=sha256:aa \\\r\n  --hash sha256:BB\r\n"
        "not-$HOME_ #x\r\n".replace("not-$HOME_", "plain"),
    )
    listing = read(path)
    assert listing.asked == (
        Asked(
            "requests [security] >= 2.8.1, == 2.8.* ; python_version >= '3.8'", str(path), 2, metadata=True
        ),
        Asked("numpy     >=2", str(path), 3, metadata=True),
        Asked("tool @ https://host/wheels/tool-1.0-py3-none-any.whl", str(path), 6, metadata=True),
        Asked("attrs==24.1", str(path), 7, metadata=True, hashes=("sha256:aa", "sha256:bb")),
        Asked("plain", str(path), 9, metadata=True),
    )
    request = parse(listing.asked[3])
    assert isinstance(request, Project)
    assert request.hashes == ("sha256:aa", "sha256:bb")


def test_nested_requirements_and_constraints_are_meant_from_the_file_that_names_them(tmp_path: Path) -> None:
    main = written(tmp_path / "requirements.txt", "-r more/base.txt\n-c limits.txt\nb\n")
    base = written(tmp_path / "more/base.txt", "a\n--requirement=deep.txt\n")
    deep = written(tmp_path / "more/deep.txt", "d\n")
    limits = written(tmp_path / "limits.txt", "a<2\n-r more/deep.txt\n")
    listing = read(main)
    assert [(asked.text, asked.place) for asked in listing.asked] == [
        ("a", str(base)),
        ("d", str(deep)),
        ("b", str(main)),
    ]
    assert [(asked.text, asked.place) for asked in listing.constraints] == [
        ("a<2", str(limits)),
        ("d", str(deep)),
    ]


def test_index_options_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path / "requirements.txt",
        "-i https://one/simple\n--extra-index-url=https://two/simple\n--extra-index-url https://three\n"
        "-f ./wheels\n--trusted-host two\n--no-binary a,b\n--only-binary :all:\n--pre\n--prefer-binary\n"
        "--require-hashes\n--no-index\n--use-feature x\nc --config-settings k=v --hash sha256:ab\n",
    )
    listing = read(path)
    assert listing.indexes == Indexes(
        index_url="https://one/simple",
        extra_index_urls=("https://two/simple", "https://three"),
        find_links=("./wheels",),
        no_index=True,
        trusted_hosts=("two",),
        pre=True,
        prefer_binary=True,
        no_binary=("a", "b"),
        only_binary=(":all:",),
        require_hashes=True,
    )
    assert listing.indexes.sources == (
        *("https://one/simple", "https://two/simple", "https://three", "./wheels", "two"),
    )
    assert texts(listing) == ["c"]
    assert len(listing.warnings) == 2


def test_editables_and_local_paths_in_a_requirements_file(tmp_path: Path) -> None:
    written(tmp_path / "lib/tool/pyproject.toml", "")
    path = written(tmp_path / "requirements.txt", "-e lib/tool[x]\n./lib/tool ; os_name=='posix'\nlib/tool\n")
    requests = [parse(asked, tmp_path) for asked in read(path).asked]
    assert all(isinstance(request, Direct) for request in requests)
    assert {request.location for request in requests if isinstance(request, Direct)} == {
        (tmp_path / "lib/tool").as_uri()
    }
    assert [getattr(request, "editable", None) for request in requests] == [True, False, False]


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "nosuch.txt"
    with pytest.raises(RequestError) as error:
        read(path)
    assert error.value.message == f"{path}: there is no such file"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a\n-r nowhere.txt\n", 2, "there is no file"),
        ("-r requirements.txt\n", 1, "includes itself"),
        ("-r https://host/r.txt\n", 1, "is not fetched"),
        ("--install-option=x\n", 1, "is no option"),
        ("a\nb --pre\n", 2, "cannot stand behind"),
        ("a --hash=md5:00\n", 1, "is no hash"),
        ("-i\n", 1, "has no value"),
        ("a --hash='x\n", 1, "No closing quotation"),
    ],
)
def test_a_requirements_file_that_pip_would_refuse_is_refused(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    path = written(tmp_path / "requirements.txt", text)
    with pytest.raises(RequestError) as caught:
        read(path)
    assert caught.value.message.startswith(f"{path}:{line}: ")
    assert why in caught.value.message


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "latin.txt").write_bytes("# -*- coding: latin-1 -*-\na # é\n".encode("latin-1"))
    for name in ("binary.txt", "nowhere.txt", "file.exe", "."):
        with pytest.raises(RequestError):
            read(tmp_path / name)
    assert texts(read(tmp_path / "latin.txt")) == ["a"]


PYPROJECT = """
[project]
name = "My.Tool"
version = "1"
requires-python = ">=3.10"
dependencies = ["numpy>=2", "tomli; python_version < '3.11'"]

[project.optional-dependencies]
plot = ["matplotlib"]
Web_UI = ["flask"]
all = ["my-tool[plot,web-ui]; python_version < '4'", "rich"]

[dependency-groups]
test = ["pytest", {include-group = "Typing"}]
typing = ["mypy"]
loop = [{include-group = "pool"}]
pool = [{include-group = "loop"}]
"""


def test_a_pyproject_gives_its_dependencies_and_the_extras_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "pyproject.toml", PYPROJECT)
    listing = read(path)
    assert texts(listing) == ["numpy>=2", "tomli; python_version < '3.11'"]
    assert (listing.name, listing.requires_python) == ("My.Tool", ">=3.10")
    assert all(asked.metadata and asked.place == str(path) for asked in listing.asked)
    assert texts(read(path, extras=["web-ui"]))[2:] == ["flask"]


def test_an_extra_that_names_the_projects_own_extras_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path / "pyproject.toml", PYPROJECT)
    assert texts(read(path, extras=["all"]))[2:] == [
        'matplotlib ; python_version < "4"',
        'flask ; python_version < "4"',
        "rich",
    ]


def test_a_dependency_group_includes_others(tmp_path: Path) -> None:
    path = written(tmp_path / "pyproject.toml", PYPROJECT)
    assert texts(read(path, groups=["Test"])) == ["pytest", "mypy"]
    assert texts(read(path, groups=["typing"], extras=["plot"]))[2:] == ["matplotlib", "mypy"]


@pytest.mark.parametrize(
    ("text", "chosen", "why"),
    [
        (PYPROJECT, {"groups": ["loop"]}, "include each other: loop → pool → loop"),
        (PYPROJECT, {"groups": ["docs"]}, "no dependency group 'docs'"),
        (PYPROJECT, {"extras": ["docs"]}, "no extra 'docs'"),
        ("[project]\nname='x'\ndynamic=['dependencies']", {}, "are dynamic"),
        ("[tool.x]\n", {}, "has no [project] table"),
        ("[project\n", {}, "is not TOML"),
        ("[project]\ndependencies = 'numpy'\n", {}, "no list of requirements"),
        ("[dependency-groups]\nx = [1]\n", {"groups": ["x"]}, "no requirement"),
        ("[dependency-groups]\nx = []\nX = []\n", {"groups": ["x"]}, "twice"),
    ],
)
def test_a_pyproject_that_does_not_tell_is_refused(
    tmp_path: Path, text: str, chosen: dict[str, list[str]], why: str
) -> None:
    path = written(tmp_path / "pyproject.toml", text)
    with pytest.raises(RequestError) as caught:
        read(path, extras=chosen.get("extras", ()), groups=chosen.get("groups", ()))
    assert why in caught.value.message


def test_a_script_says_what_it_needs(tmp_path: Path) -> None:
    path = written(
        tmp_path / "script.py",
        '#!/usr/bin/env python\r\n# /// script\r\n# requires-python = ">=3.11"\r\n# dependencies = [\r\n'
        '#   "requests<3",\r\n#\r\n#   "rich",\r\n# ]\r\n# ///\r\nimport requests\r\n',
    )
    listing = read(path)
    assert listing.asked == (
        Asked("requests<3", str(path), 5, metadata=True),
        Asked("rich", str(path), 7, metadata=True),
    )
    assert listing.requires_python == ">=3.11"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import os\n", "has no '# /// script' block"),
        ("# /// script\n# x = 1\n# ///\n\n# /// script\n# x = 1\n# ///\n", "more than one"),
        ("# /// script\n# x = \n# ///\n", "is not TOML"),
        ("# /// script\n# dependencies = [1]\n# ///\n", "no list of requirements"),
    ],
)
def test_a_script_that_does_not_say_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(written(tmp_path / "script.py", text))
    assert why in caught.value.message


def test_tomllib_is_the_standard_librarys_where_there_is_one() -> None:
    import condadeps.asked.pyproject as module

    assert module.tomllib.__name__ == ("tomllib" if sys.version_info >= (3, 11) else "tomli")
