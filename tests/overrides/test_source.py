"""Overrides from real servers: kept with their ETag, and what happens when a server does not do its part."""

from __future__ import annotations

import json
import ssl
import stat
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import ConfigError
from condadeps.names.namespaces import ProjectName
from condadeps.overrides.document import Place
from condadeps.overrides.source import Fetched, read
from tests.channel.server import Fault, Server
from tests.conftest import Serve

HERE = Place("3.11.4", "linux-64")


class Clock:
    """A clock that stands until it is moved."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def says(fetched: Fetched) -> str | None:
    assert fetched.document is not None
    rule = fetched.document.rule(ProjectName("x"), HERE)
    return rule.refuse if rule else None


@pytest.fixture
def served(tmp_path: Path, serve: Serve) -> Server:
    (tmp_path / "site").mkdir()
    write(tmp_path, "one")
    return serve(tmp_path / "site")


def write(tmp_path: Path, text: str) -> None:
    document = {"python-3": {"x": {"refuse": text}}}
    (tmp_path / "site" / "overrides.json").write_text(json.dumps(document))


def test_a_document_is_fetched_once_and_asked_about_by_its_etag(served: Server, tmp_path: Path) -> None:
    clock = Clock()
    how: dict[str, Any] = {"cache": tmp_path / "cache", "clock": clock}
    link = f"{served.url}/overrides.json"
    assert says(read(link, **how)) == "one"
    assert says(read(link, **how)) == "one"
    assert len(served.hits) == 1  # a minute is nothing
    clock.now += 100
    assert says(read(link, **how)) == "one" and served.hits[-1].status == 304
    write(tmp_path, "another")
    clock.now += 100
    fetched = read(link, **how)
    assert says(fetched) == "another" and served.hits[-1].status == 200 and fetched.age is None
    [kept] = (tmp_path / "cache").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(status=503), "answered 503"),
        (Fault(status=403), "answered 403"),
        (Fault(cut=0), "cannot be reached"),
        (Fault(cut=5), "cannot be reached"),
        (Fault(delay=3), "no answer within 1 s"),
        (Fault(body=b"<html>Please log in</html>"), "it is not JSON"),
        (Fault(body=b"\xff\xfe\x00"), "not UTF-8"),
        (Fault(body=b'{"python": {"x": '), "it is not JSON"),
    ],
)
def test_a_server_that_is_away_or_broken_leaves_the_kept_copy_and_its_age_is_said(
    served: Server, tmp_path: Path, fault: Fault, why: str
) -> None:
    clock = Clock()
    how: dict[str, Any] = {"cache": tmp_path / "cache", "clock": clock, "timeout": 1}
    link = f"{served.url}/overrides.json"
    served.faults.append(fault)
    fetched = read(link, **how)
    assert fetched.document is None and why in fetched.warnings[0] and "not heeded" in fetched.warnings[0]
    with pytest.raises(ConfigError, match="required here"):
        read(link, required=True, **how)
    served.faults.clear()
    assert says(read(link, **how)) == "one"
    served.faults.append(fault)
    write(tmp_path, "not to be had")
    clock.now += 3 * 3600 + 5
    fetched = read(link, **how)
    assert says(fetched) == "one" and fetched.age == 3 * 3600 + 5
    assert "3 hours ago" in fetched.warnings[0] and why in fetched.warnings[0]
    assert says(read(link, required=True, **how)) == "one"


def test_a_document_that_is_gone_is_not_replaced_by_a_copy(served: Server, tmp_path: Path) -> None:
    clock = Clock()
    how: dict[str, Any] = {"cache": tmp_path / "cache", "clock": clock}
    link = f"{served.url}/overrides.json"
    read(link, **how)
    clock.now += 100
    (tmp_path / "site" / "overrides.json").unlink()
    fetched = read(link, **how)
    assert fetched.document is None and "answered 404" in fetched.warnings[0]
    with pytest.raises(ConfigError, match="answered 404"):
        read(link, required=True, **how)


def test_offline_asks_nobody(served: Server, tmp_path: Path) -> None:
    clock = Clock()
    how: dict[str, Any] = {"cache": tmp_path / "cache", "clock": clock}
    link = f"{served.url}/overrides.json"
    assert read(link, offline=True, **how).document is None
    read(link, **how)
    served.forget()
    clock.now += 7200
    assert says(read(link, offline=True, **how)) == "one" and served.hits == []


def test_a_slow_drip_does_not_hold_the_work_up(served: Server, tmp_path: Path) -> None:
    body = json.dumps({"python": {}, "_": "x" * 400_000}).encode()
    served.faults.append(Fault(body=body, pace=0.7))
    fetched = read(f"{served.url}/overrides.json", cache=tmp_path / "cache", timeout=1)
    assert fetched.document is None and "not all of it came within 1 s" in fetched.warnings[0]


def test_files_are_read_each_time(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    write(tmp_path, "file")
    path = tmp_path / "site" / "overrides.json"
    cache = tmp_path / "cache"
    assert says(read(path.as_uri(), cache=cache)) == says(read(str(path), cache=cache)) == "file"
    assert not cache.exists()
    path.unlink()
    fetched = read(path.as_uri(), cache=cache)
    assert fetched.document is None and "No such file" in fetched.warnings[0]
    with pytest.raises(ConfigError):
        read(path.as_uri(), cache=cache, required=True)


def test_plain_http_is_not_taken_from_elsewhere_nor_by_a_redirect(served: Server, tmp_path: Path) -> None:
    fetched = read("http://trusted.example/overrides.json", cache=tmp_path / "cache")
    assert fetched.document is None and "https://" in fetched.warnings[0]
    headers = {"Location": "http://127.0.0.2:9/overrides.json"}
    served.faults.append(Fault(path="*/moved.json", status=302, headers=headers, body=b""))
    fetched = read(f"{served.url}/moved.json", cache=tmp_path / "cache", timeout=2)
    assert fetched.document is None


def test_no_secret_of_the_link_is_told_or_kept(tmp_path: Path) -> None:
    link = "https://me:hunter2@127.0.0.1:9/overrides.json?token=tk-123"
    fetched = read(link, cache=tmp_path / "cache", timeout=1)
    assert fetched.document is None and "hunter2" not in fetched.warnings[0]
    assert "tk-123" not in fetched.warnings[0]


def test_with_required_an_entry_that_cannot_be_read_refuses(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_text('{"python": {"x": {"refus": "typed wrong"}}}')
    assert read(str(path), cache=tmp_path).document is not None
    with pytest.raises(ConfigError, match="refus"):
        read(str(path), cache=tmp_path, required=True)


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URL of a document behind TLS, and the CA that vouches for it."""
    trustme = pytest.importorskip("trustme")
    (tmp_path / "site").mkdir()
    write(tmp_path, "tls")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def handler(*args: Any) -> SimpleHTTPRequestHandler:
        return SimpleHTTPRequestHandler(*args, directory=str(tmp_path / "site"))

    server = HTTPServer(("localhost", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/overrides.json", str(tmp_path / "ca.pem")
    server.shutdown()
    server.server_close()


def test_https_is_verified(https: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, authority = https
    fetched = read(link, cache=tmp_path / "cache")
    assert fetched.document is None and "certificate is not trusted" in fetched.warnings[0]
    monkeypatch.setenv("PIP_CERT", authority)
    assert says(read(link, cache=tmp_path / "cache")) == "tls"
