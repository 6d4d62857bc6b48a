"""A table fetched on the user's own word is used from then on; a broken or partial one never is."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from condadeps.errors import CondadepsError, SourceError, UsageError
from condadeps.names import PackageName, ProjectName, table
from condadeps.names import refresh as refreshing
from condadeps.names.homes import Homes
from condadeps.names.pack import mapping as packed
from condadeps.names.pack import pack
from condadeps.names.refresh import main, refresh
from condadeps.names.table import SHIPPED, Table, forget, refreshed_path
from tests.names import whole_table


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONDADEPS_DATA_DIR", str(tmp_path / "data"))
    forget()
    yield
    forget()


NEW = {"acme-quux-py": ["acme-quux"]}


@pytest.fixture
def mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that the shipped table knows, which is little, and a package it does not."""
    known = dict(list(whole_table.ships().items())[::300])
    known |= {name: ships for name, ships in whole_table.ships().items() if "torch" in ships}
    shipped, path = tmp_path / "shipped.names", tmp_path / "mapping.json"
    shipped.write_bytes(pack(packed(known), Table.load(SHIPPED).date))
    for module in (table, refreshing):
        monkeypatch.setattr(module, "SHIPPED", shipped)
    path.write_text(json.dumps({**known, **NEW}))
    return path


@pytest.fixture
def whole_mapping(tmp_path: Path) -> Path:
    """All that the table that is really shipped knows, and a package it does not."""
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({**whole_table.ships(), **NEW}))
    return path


@pytest.fixture
def server(mapping: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.startswith("/mapping.json")
            body = mapping.read_bytes() if known else b"no"
            self.send_response(200 if known else 503)
            self.send_header("Last-Modified", "Fri, 01 Jan 2027 10:00:00 GMT")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def test_a_refreshed_table_is_used_from_then_on(mapping: Path) -> None:
    assert Homes().home(ProjectName("acme-quux")).package is None
    found = refresh(mapping, made=date(2027, 1, 1))
    assert (found.date, found.path) == ("2027-01-01", refreshed_path())
    assert Homes().home(ProjectName("acme-quux")).package == PackageName("acme-quux-py")
    assert Homes().home(ProjectName("torch")).package == "pytorch"


def test_a_table_is_fetched_over_http_with_its_day(server: str) -> None:
    found = refresh(f"http://{server}/mapping.json")
    assert found.date == "2027-01-01"
    assert Table.load().path == refreshed_path()


def test_a_file_url_is_a_file(mapping: Path) -> None:
    os.utime(mapping, (1.8e9, 1.8e9))
    assert refresh(mapping.as_uri()).date == "2027-01-15"


def test_a_server_that_does_not_answer_changes_nothing_and_shows_no_secret(server: str) -> None:
    for address in (
        f"http://me:s3cret@{server}/other?token=s3cret",
        "http://me:s3cret@127.0.0.1:1/x?t=s3cret",
    ):
        with pytest.raises(SourceError) as caught:
            refresh(address)
        assert "s3cret" not in f"{caught.value}{caught.value.data}{caught.value.__cause__}"
    assert not refreshed_path().exists()


def test_a_mapping_that_knows_too_little_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text('{"numpy": ["numpy"]}')
    with pytest.raises(SourceError, match="knows 1 packages where the table in use knows 33909"):
        refresh(tmp_path / "part.json", made=date(2027, 1, 1))
    assert not refreshed_path().exists()


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"numpy": 1}'])
def test_what_is_no_mapping_is_not_taken(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(SourceError, match="is no mapping of names"):
        refresh(tmp_path / "bad.json", made=date(2027, 1, 1))


def test_an_older_mapping_is_not_taken(mapping: Path) -> None:
    with pytest.raises(UsageError, match="of 2026-01-01, no newer"):
        refresh(mapping, made=date(2026, 1, 1))


def test_an_absent_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.json cannot be read"):
        refresh(tmp_path / "absent.json")


def test_a_place_that_cannot_be_written_is_an_error(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a directory")
    with pytest.raises(CondadepsError, match="cannot be written"):
        refresh(mapping, made=date(2027, 1, 1))


def test_a_torn_refreshed_table_is_passed_over_with_a_warning(mapping: Path) -> None:
    refresh(mapping, made=date(2027, 1, 1))
    refreshed_path().write_bytes(refreshed_path().read_bytes()[:1000])
    forget()
    with pytest.warns(RuntimeWarning, match="refreshed table of names is not used"):
        assert Table.load().path == table.SHIPPED


def test_a_newer_condadeps_brings_its_own_newer_table(mapping: Path) -> None:
    refresh(mapping, made=date(2027, 1, 1))
    refreshed_path().write_bytes(
        refreshed_path().read_bytes().replace(b"date=2027-01-01", b"date=2020-01-01")
    )
    forget()
    assert Table.load().path == table.SHIPPED


@pytest.mark.slow
def test_the_refreshing_command_says_what_it_did(
    whole_mapping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(whole_mapping), "--date", "2027-01-01"]) == 0
    assert "now of 2027-01-01" in capsys.readouterr().out
    assert main([str(whole_mapping), "--date", "2020-01-01"]) == 2
    assert main([str(whole_mapping.parent / "absent")]) == 1
