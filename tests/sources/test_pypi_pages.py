"""What an index's page says of a project's files is read as pip reads it, and cheaply."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

import pytest
from packaging.version import Version

from condadeps.names.namespaces import ProjectName
from condadeps.prefix import target
from condadeps.sources.files import read_name
from condadeps.sources.links import JSON, Link, read_page
from condadeps.sources.pages import Page, Part, Rules, part

SIX = ProjectName("six")
URL = "https://index.example/simple/six/"


def page_of(*names: str, project: ProjectName = SIX, rules: Rules | None = None, **said: Any) -> Page:
    links = [Link(filename=name, url=f"https://files.example/{name}", **said) for name in names]
    return Page(project, [part(links, project)], rules)


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("six-1.17.0-py2.py3-none-any.whl", "six", "1.17.0"),
        ("six-1.17.0-1build-py3-none-any.whl", "six", "1.17.0"),
        ("zope.interface-5.0-cp311-cp311-manylinux_2_17_x86_64.whl", "zope-interface", "5.0"),
        ("zope-interface-5.0.tar.gz", "zope-interface", "5.0"),
        ("Zope.Interface-5.0.zip", "zope-interface", "5.0"),
        ("python-dateutil-2.1.tar.gz", "python-dateutil", "2.1"),
        ("foo-2-bar-1.0.tar.bz2", "foo-2-bar", "1.0"),
        ("foo-1.0-py3.tar.gz", "foo", "1.0"),
        ("foo-1!2.0+cu118.post1-py3-none-any.whl", "foo", "1!2.0+cu118.post1"),
    ],
)
def test_a_file_name_says_its_version(filename: str, project: str, version: str) -> None:
    name = read_name(filename, ProjectName(project))
    assert name is not None
    assert name.version == Version(version)


@pytest.mark.parametrize(
    "filename",
    [
        "pydantic-0.18-py36+-none-any.whl",
        "pydantic-0.18.whl",
        "pydantic-abc.tar.gz",
        "pydantic-1.0.win32-py2.7.exe",
        "pydantic-1.0-py2.7.egg",
        "pydantic-1.0.macosx10.9.zip",
        "pydantic_core-1.0-py3-none-any.whl",
        "pydantic-core-1.0.tar.gz",
        "pydantic-1.0.tar.gz.asc",
        "../pydantic-1.0.tar.gz",
        "pydantic.tar.gz",
        "",
    ],
)
def test_old_and_odd_files_are_skipped(filename: str) -> None:
    assert read_name(filename, ProjectName("pydantic")) is None


def test_versions_come_newest_first_by_pep_440() -> None:
    page = page_of(
        *(f"six-{text}.tar.gz" for text in ["1.9", "1.10", "1.10rc1", "1.10.post1", "1!0.1", "1.10.dev1"])
    )
    assert [str(version) for version in page.versions] == [
        "1!0.1",
        "1.10.post1",
        "1.10",
        "1.10rc1",
        "1.10.dev1",
        "1.9",
    ]


def test_the_best_file_is_the_wheel_the_interpreter_likes_most() -> None:
    tags = [str(tag) for tag in target.running().tags]
    names = [f"six-1.0-{tag}.whl" for tag in (tags[50], "py3-none-any", tags[3], "cp27-cp27m-win32")]
    page = page_of(*names, "six-1.0.tar.gz")
    assert page.best(target.running())[Version("1.0")].filename == f"six-1.0-{tags[3]}.whl"


def test_an_sdist_is_used_when_no_wheel_fits() -> None:
    page = page_of("six-1.0-cp27-cp27m-win32.whl", "six-1.0.tar.gz", "six-2.0-cp27-cp27m-win32.whl")
    best = page.best(target.running())
    assert best[Version("1.0")].filename == "six-1.0.tar.gz"
    assert Version("2.0") not in best
    assert list(best) == [Version("1.0")]


def test_the_higher_build_of_a_wheel_is_used() -> None:
    page = page_of(*(f"six-1.0{build}-py3-none-any.whl" for build in ("-2", "", "-10", "-9a")))
    assert page.best(target.running())[Version("1.0")].build_tag == "10"


def test_files_for_another_python_are_left_out_and_nonsense_admits_all() -> None:
    assert not page_of("six-1.0.tar.gz", requires_python=">=99").best(target.running())
    assert page_of("six-1.0.tar.gz", requires_python="three").best(target.running())


def test_yanked_files_are_kept_apart() -> None:
    links = [
        Link("six-2.0.tar.gz", "https://files.example/six-2.0.tar.gz", yanked="broken"),
        Link("six-1.0-py3-none-any.whl", "https://files.example/six-1.0-py3-none-any.whl", yanked=True),
        Link("six-1.0.tar.gz", "https://files.example/six-1.0.tar.gz"),
    ]
    page = Page(SIX, [part(links, SIX)])
    assert list(page.best(target.running())) == [Version("1.0")]
    both = page.best(target.running(), yanked=True)
    assert both[Version("2.0")].yanked_reason == "broken"
    assert both[Version("1.0")].filename == "six-1.0.tar.gz"


def test_equal_files_of_two_indexes_count_in_the_order_of_the_indexes() -> None:
    first, second = (
        part([Link("six-1.0.tar.gz", f"https://{host}.example/six-1.0.tar.gz")], SIX) for host in "ab"
    )
    page = Page(SIX, [first, second])
    assert page.best(target.running())[Version("1.0")].url == "https://a.example/six-1.0.tar.gz"
    assert len(page.at(Version("1.0"))) == 2


def test_nothing_newer_than_asked_is_shown() -> None:
    links = [
        Link("six-1.0.tar.gz", "https://f.example/1", upload_time="2020-01-01T00:00:00Z"),
        Link("six-1.0-py3-none-any.whl", "https://f.example/2", upload_time="2021-06-01T00:00:00.5Z"),
        Link("six-2.0.tar.gz", "https://f.example/3", upload_time="2022-01-01T00:00:00.000001Z"),
        Link("six-3.0.tar.gz", "https://f.example/4"),
        Link("six-4.0.tar.gz", "file:///wheels/six-4.0.tar.gz"),
    ]
    moment = datetime(2021, 1, 1, tzinfo=timezone.utc)
    page = Page(SIX, [part(links, SIX)], Rules(before=moment))
    assert [str(version) for version in page.versions] == ["4.0", "1.0"]
    assert [file.filename for file in page.files] == ["six-4.0.tar.gz", "six-1.0.tar.gz"]


def test_forbidden_formats_are_not_shown() -> None:
    names = ["six-1.0.tar.gz", "six-1.0-py3-none-any.whl", "six-2.0.tar.gz"]
    assert [str(v) for v in page_of(*names, rules=Rules(sdists=False)).versions] == ["1.0"]
    assert [f.kind for f in page_of(*names, rules=Rules(wheels=False)).files] == ["sdist", "sdist"]


def test_a_json_page_is_read_in_full() -> None:
    entry = {
        "filename": "six-1.0-py3-none-any.whl",
        "url": "../../files/six-1.0-py3-none-any.whl",
        "hashes": {"sha256": "AB12", "blake2b": "ff"},
        "size": 11,
        "requires-python": ">=3.8",
        "upload-time": "2024-05-06T07:08:09.25Z",
        "yanked": "because",
        "core-metadata": {"sha256": "cd34"},
    }
    content = json.dumps({"meta": {"api-version": "1.4"}, "name": "six", "files": [entry, {"url": 1}, 7]})
    links = read_page(content.encode(), f"{JSON}; charset=utf-8", URL)
    [file] = Page(SIX, [Part.from_bytes(part(links, SIX).to_bytes())]).files
    assert file.url == "https://index.example/files/six-1.0-py3-none-any.whl"
    assert (file.hashes, file.sha256, file.size) == ({"sha256": "ab12"}, "ab12", 11)
    assert (file.requires_python, file.yanked, file.yanked_reason) == (">=3.8", True, "because")
    assert (file.core_metadata, file.metadata_hashes) == (True, {"sha256": "cd34"})
    assert file.upload_time == datetime(2024, 5, 6, 7, 8, 9, 250_000, timezone.utc)


def test_an_html_page_is_read_in_full() -> None:
    content = b"""<html><head><base href="https://mirror.example/x/"></head><body>
      <a href="six-1.0-py3-none-any.whl#sha256=AB12" data-requires-python="&gt;=3.8" data-yanked
         data-dist-info-metadata="sha256=cd34">six</a>
      <a href="https://me:secret@other.example/six-2.0.tar.gz">six</a>
      <a href="file:///etc/six-3.0.tar.gz">no</a><a>nothing</a><a href="mailto:x">no</a>
    </body></html>"""
    newer, older = Page(SIX, [part(read_page(content, "text/html", URL), SIX)]).files
    assert older.url == "https://mirror.example/x/six-1.0-py3-none-any.whl"
    assert (older.sha256, older.requires_python, older.yanked, older.yanked_reason) == (
        "ab12",
        ">=3.8",
        True,
        "",
    )
    assert older.metadata_hashes == {"sha256": "cd34"}
    assert newer.url == "https://other.example/six-2.0.tar.gz"
    assert newer.hashes == {}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"files": 7}', JSON),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON),
        (b'<meta name="pypi:repository-version" content="2.0">', "text/html"),
        (b"hello", "text/plain"),
        (b"hello", ""),
    ],
)
def test_what_is_no_index_page_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(ValueError):
        read_page(content, kind, URL)


def test_a_kept_page_that_is_damaged_is_not_read() -> None:
    links = [
        Link(f"six-1.{minor}.tar.gz", f"https://files.example/six-1.{minor}.tar.gz") for minor in range(3)
    ]
    kept = part(links, SIX).to_bytes()
    assert Part.from_bytes(memoryview(kept)).versions == ("1.2", "1.1", "1.0")
    for damaged in (kept[:-1], kept + b"x", kept[:20], b"", kept.replace(b'"format":', b'"former":')):
        with pytest.raises((ValueError, KeyError)):
            Part.from_bytes(damaged)


@pytest.mark.slow
def test_a_page_of_ten_thousand_files_does_not_hurt() -> None:
    entries = [
        {
            "filename": f"six-{number // 20}.{number % 20}-cp311-cp311-manylinux_2_17_x86_64.whl",
            "url": f"https://files.example/{number:064d}/six-{number // 20}.{number % 20}.whl",
            "hashes": {"sha256": f"{number:064d}"},
            "size": number,
            "upload-time": "2024-05-06T07:08:09.123456Z",
            "yanked": False,
        }
        for number in range(10_000)
    ]
    content = json.dumps({"meta": {"api-version": "1.1"}, "files": entries}).encode()
    start = time.process_time()
    kept = part(read_page(content, JSON, URL), SIX).to_bytes()
    cold = time.process_time() - start
    assert len(kept) < len(content)
    start = time.process_time()
    page = Page(SIX, [Part.from_bytes(kept)])
    newest = page.versions[0]
    [file] = page.at(newest)
    warm = time.process_time() - start
    assert len(page.versions) == 10_000
    assert file.sha256 == f"{9_999:064d}"
    assert cold < 2
    assert warm < 0.3
