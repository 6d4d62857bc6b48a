"""An overrides document that only a certificate opens, and what ipydeps' configuration asks for it alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from condadeps import config
from condadeps.asked.job import Job, Options
from condadeps.errors import ConfigError
from condadeps.overrides import links
from condadeps.overrides.links import Link
from condadeps.overrides.source import read
from condadeps.pki import held, loaded
from condadeps.pki.identity import Identity, Missing
from tests.pki import site as sites
from tests.pki.site import Site, holding_keys

LINK = "https://trusted.example/overrides.json"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with sites.running(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("PYPKI3_CONFIG", "MYPKI_CONFIG", "REQUESTS_CA_BUNDLE", "NBGALLERY_CLIENT_VERSION"):
        monkeypatch.delenv(name, raising=False)
    yield
    held.release()
    for name in [name for name in sys.modules if name.partition(".")[0] == "pypki3"]:
        del sys.modules[name]


def test_the_certificate_opens_it_and_its_authority_is_trusted(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYPKI3_CONFIG", str(site.person.config(password=None)))
    link, cache = f"{site.server.url}/overrides.json", tmp_path / "cache"
    held.hold(loaded.identity())
    assert read(link, cache=cache, pki=True).document is not None
    assert holding_keys(cache) == []
    held.release()
    monkeypatch.setenv("PIP_CERT", str(site.person.directory / "ca.pem"))
    closed = read(link, cache=tmp_path / "another")
    assert closed.document is None and "it wants a client certificate" in closed.warnings[0]


def test_without_a_certificate_the_kept_copy_stands_in_and_why_is_said(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYPKI3_CONFIG", str(site.person.config(password=None)))
    link, cache = f"{site.server.url}/overrides.json", tmp_path / "cache"
    held.hold(Missing("pypki3 is not configured"))
    told = read(link, cache=cache, pki=True)
    assert told.document is None and "pypki3 is not configured" in told.warnings[0]
    with pytest.raises(ConfigError, match="pypki3 is not configured"):
        read(link, cache=cache, pki=True, required=True)
    held.hold(loaded.identity())
    read(link, cache=cache, pki=True)
    held.hold(Missing("pypki3 is not configured"))
    kept = read(link, cache=cache, pki=True, fresh=0)
    assert kept.document is not None and "a moment ago" in kept.warnings[0]


def test_ipydeps_setting_is_for_its_document_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "ipydeps"
    directory.mkdir()
    monkeypatch.setenv("IPYDEPS_CONFIG_DIR", str(directory))
    job = Job("install", str(tmp_path), directory=str(tmp_path))
    configuration = config.read(tmp_path, tmp_path)
    (directory / "ipydeps.conf").write_text(
        f"[ipydeps]\ndependencies_link = {LINK}\ndependencies_link_requires_pki = true\n"
    )
    assert links.of(job, configuration) == Link(LINK, pki=True)
    found = loaded.of_job(job)
    assert isinstance(found, Missing) and "pypki3 is not configured" in found.why
    (directory / "ipydeps.conf").write_text(f"[ipydeps]\ndependencies_link = {LINK}\n")
    assert links.of(job, configuration) == Link(LINK, pki=False)
    assert loaded.of_job(job) is None
    for left_out in (Job("remove", "."), Job("install", ".", options=Options(overrides=False))):
        assert loaded.of_job(left_out) is None
    with pytest.raises(ConfigError, match="pypki3 is not configured"):
        loaded.of_job(Job("remove", ".", options=Options(pki=True)))


def test_a_key_that_is_not_the_certificates_is_refused_before_anything_is_asked() -> None:
    held.hold(Identity("no key at all", "no authority"))
    with pytest.raises(ConfigError, match="cannot be used"):
        held.for_channels(True)


def test_a_program_that_cannot_show_it_is_refused() -> None:
    held.hold(Identity("key", "ca"))
    with pytest.raises(ConfigError, match="mamba cannot show"):
        held.for_conda("mamba", True)
    told = held.for_conda("conda", True)
    assert Path(told["CONDA_CLIENT_SSL_CERT"]).read_text() == "key"
    assert Path(told["CONDA_SSL_VERIFY"]).read_text().endswith("\nca")
    assert "key" not in "".join(told.values())
    assert held.for_conda("conda", False).keys() == {"CONDA_CLIENT_SSL_CERT"}
