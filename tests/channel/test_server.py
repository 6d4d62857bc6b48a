"""The test server behaves, and misbehaves only when told."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.channel.server import Fault

if TYPE_CHECKING:
    from tests.channel.server import Server
    from tests.conftest import Serve

BODY = bytes(range(256)) * 1000


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Server:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "a.conda").write_bytes(BODY)
    (tmp_path / "noarch" / "index.html").write_text("<a href='a.conda'>a</a>")
    return serve(tmp_path)


def test_a_file_is_served_whole_and_by_range(server: Server) -> None:
    url = f"{server.url}/noarch/a.conda"
    assert requests.get(url).content == BODY
    part = requests.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, BODY[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(BODY)}"
    assert requests.get(url, headers={"Range": "bytes=-5"}).content == BODY[-5:]
    assert requests.get(url, headers={"Range": f"bytes={len(BODY)}-"}).status_code == 416
    assert requests.head(url).headers["Content-Length"] == str(len(BODY))


def test_an_unchanged_file_is_304_with_its_last_modified_and_etag(server: Server) -> None:
    url = f"{server.url}/noarch/a.conda"
    first = requests.get(url)
    for asked in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = requests.get(url, headers=asked)
        assert again.status_code == 304
        assert again.headers["Last-Modified"] == first.headers["Last-Modified"]
        assert again.headers["ETag"] == first.headers["ETag"]
    assert requests.get(url, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_directory_answers_with_its_index_and_nothing_outside_is_reachable(server: Server) -> None:
    assert "a.conda" in requests.get(f"{server.url}/noarch/").text
    assert requests.get(f"{server.url}/absent").status_code == 404
    outside = requests.Request("GET", f"{server.url}/x").prepare()
    outside.url = f"{server.url}/../../etc/passwd"
    assert requests.Session().send(outside).status_code == 404


def test_faults_befall_what_they_name_and_as_often_as_they_say(server: Server) -> None:
    url = f"{server.url}/noarch/a.conda"
    server.faults.append(Fault("*/a.conda", status=503, times=1))
    assert [requests.get(url).status_code for _ in range(2)] == [503, 200]
    server.faults[:] = [Fault(corrupt=True)]
    corrupt = requests.get(url).content
    assert len(corrupt) == len(BODY) and corrupt != BODY
    server.faults[:] = [Fault(delay=0.2)]
    begun = time.monotonic()
    requests.get(url)
    assert time.monotonic() - begun >= 0.2
    server.faults[:] = [Fault(status=302, headers={"Location": f"{server.url}/noarch/"}, times=1)]
    assert "href" in requests.get(url).text


@pytest.mark.parametrize("after", [0, 1000])
def test_a_cut_connection_is_an_error_for_the_client(server: Server, after: int) -> None:
    server.faults.append(Fault(cut=after))
    with pytest.raises(requests.RequestException):
        assert requests.get(f"{server.url}/noarch/a.conda").content == BODY


def test_requests_are_logged_and_credentials_can_be_demanded(server: Server) -> None:
    url = f"{server.url}/noarch/a.conda"
    server.authorization = "Bearer right"
    assert requests.get(url).status_code == 401
    assert requests.get(url, headers={"Authorization": "Bearer right"}).status_code == 200
    assert [hit.status for hit in server.hits] == [401, 200]
    assert server.paths("GET") == ["/channel/noarch/a.conda"] * 2
    server.forget()
    assert server.paths() == []
