"""What a channel can do wrong while packages are fetched: said plainly, and nothing is touched."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from condadeps.errors import CondadepsError, HashError, SourceError
from condadeps.solve.plan import Package
from tests.channel.server import Fault
from tests.conftest import Serve
from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import World, listing

pytestmark = pytest.mark.slow


def over_http(package: Package, url: str) -> Package:
    """The same package, at the channel that is served at ``url``."""
    where = f"{url}/{package.subdir}/{package.filename}"
    record = {**package.record, "url": where, "channel": url}
    return dataclasses.replace(package, channel=url, url=where, record=record)


def refused(world: World, serve: Serve, fault: Fault) -> CondadepsError:
    """The error of a change whose download of ``foo`` suffers ``fault``; ``bar`` would be fine."""
    old = tiny.noarch(world.channel, "foo", "0.9")
    world.create(old)
    before = listing(world.prefix)
    server = serve(world.channel, [fault])
    foo = over_http(tiny.noarch(world.channel, "foo", "1.0", {"foo/__init__.py": "#" * 5000}), server.url)
    bar = over_http(tiny.noarch(world.channel, "bar", "1.0"), server.url)
    came = world.apply(world.plan([(foo, old), bar]))
    assert came.error is not None
    assert listing(world.prefix) == before
    return came.error


def test_a_package_altered_on_the_way(world: World, serve: Serve) -> None:
    error = refused(world, serve, Fault("*foo-1.0*", corrupt=True))
    assert isinstance(error, HashError), error
    assert error.data["url"].endswith("foo-1.0-py_0.conda")


def test_a_package_that_is_not_there(world: World, serve: Serve) -> None:
    error = refused(world, serve, Fault("*foo-1.0*", status=404))
    assert isinstance(error, SourceError), error
    assert error.data["status"] == 404
    assert "foo-1.0-py_0.conda" in error.message


def test_a_channel_that_fails(world: World, serve: Serve) -> None:
    error = refused(world, serve, Fault("*foo-1.0*", status=500))
    assert isinstance(error, SourceError), error
    assert error.data["url"].endswith("foo-1.0-py_0.conda")


def test_a_connection_cut_mid_download(world: World, serve: Serve) -> None:
    error = refused(world, serve, Fault("*foo-1.0*", cut=300))
    assert isinstance(error, SourceError), error


def test_a_page_in_place_of_a_package(world: World, serve: Serve) -> None:
    error = refused(world, serve, Fault("*foo-1.0*", body=b"<html>please log in</html>"))
    assert isinstance(error, SourceError), error
    print(error)


def test_no_secret_is_told(world: World, serve: Serve) -> None:
    world.create()
    server = serve(world.channel, [Fault("*", status=403)])
    foo = over_http(tiny.noarch(world.channel, "foo", "1.0"), server.url.replace("//", "//me:hunter2@"))
    came = world.apply(world.plan([foo]))
    assert isinstance(came.error, SourceError)
    assert "hunter2" not in json.dumps({**came.error.to_json(), "output": came.output})


@pytest.mark.parametrize("over_a_network", [False, True])
def test_a_cache_that_cannot_be_written_is_named_with_the_variable_that_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve, over_a_network: bool
) -> None:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    road.open()
    if over_a_network:
        monkeypatch.setenv("CONDA_CHANNELS", serve(road.channel).url)
    before = listing(road.prefix)
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(SourceError, match="cannot be written") as refused:
        road.install("six")
    assert str(tmp_path / "file" / "cache") in refused.value.message
    assert "CONDADEPS_CACHE_DIR" in str(refused.value.help)
    assert listing(road.prefix) == before
