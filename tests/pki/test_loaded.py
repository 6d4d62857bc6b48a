"""What pypki3 is asked for, and what is said when it cannot give it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from condadeps.errors import ConfigError, EngineError
from condadeps.pki import identity, loaded, wanted
from condadeps.pki.identity import Identity, Missing
from tests.pki.site import PASSWORD, Person


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pypki3 reads its configuration when it is imported."""
    for name in ("PYPKI3_CONFIG", "MYPKI_CONFIG", "NBGALLERY_CLIENT_VERSION"):
        monkeypatch.delenv(name, raising=False)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "pypki3"]:
        del sys.modules[name]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "person", trustme.CA())


def opened(monkeypatch: pytest.MonkeyPatch, path: Path) -> Identity:
    monkeypatch.setenv("PYPKI3_CONFIG", str(path))
    return loaded.identity()


def test_a_key_comes_open_out_of_either_kind_of_file(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(monkeypatch, person.config(password=None))
    assert found.pem.startswith("-----BEGIN PRIVATE KEY-----") and "BEGIN CERTIFICATE" in found.pem
    assert found.authorities == (person.directory / "ca.pem").read_text()
    assert "PRIVATE" not in repr(found) and "PRIVATE" not in str(found)


def test_a_pem_is_opened_too(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "BEGIN PRIVATE KEY" in opened(monkeypatch, person.config(pem=True)).pem


def test_a_pem_that_pypki3_cannot_open_is_said_to_be_one(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = person.config(pem=True)
    leaf = person.authority.issue_cert("me@example.org", key_type=trustme.KeyType.ECDSA)
    leaf.private_key_and_cert_chain_pem.write_to_path(person.directory / "me.pem")
    with pytest.raises(ConfigError, match="RSA keys only"):
        opened(monkeypatch, path)


def test_what_was_prepared_before_needs_no_password_again(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYPKI3_CONFIG", str(person.config()))
    import pypki3

    pypki3.prepare(PASSWORD)
    assert "BEGIN PRIVATE KEY" in loaded.identity().pem


def test_where_nobody_can_be_asked_for_the_password_that_is_said(person: Person) -> None:
    code = "from condadeps.pki import loaded; loaded.identity()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYPKI3_CONFIG": str(person.config()), "HOME": str(person.directory)},
        input=f"{PASSWORD}\n",  # a pipe is no person
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )
    assert "nobody can be asked for its password here" in done.stderr and "pypki3.prepare()" in done.stderr
    assert PASSWORD not in done.stderr + done.stdout


def test_without_a_configuration_nothing_waits_and_the_places_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NBGALLERY_CLIENT_VERSION", "1")  # where pypki3 itself would wait for a dialogue
    with pytest.raises(ConfigError, match="pypki3 is not configured") as raised:
        loaded.identity()
    assert str(Path("~/.config/pypki3/config.ini").expanduser()) in raised.value.detail[0]
    assert str(Path("~/.mypki").expanduser()) in raised.value.detail[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[global]\nca = /nowhere/ca.pem\n", 'either "p12" or "pem"'),
        ("[global]\np12 = /nowhere/me.p12\nca = /nowhere/ca.pem\n", "p12 does not exist at /nowhere/me.p12"),
        ("no ini at all", "MissingSectionHeaderError"),
    ],
)
def test_what_is_wrong_with_its_configuration_is_told(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.ini").write_text(text)
    with pytest.raises(ConfigError, match="pypki3 has no certificate to show") as raised:
        opened(monkeypatch, tmp_path / "config.ini")
    assert told in str(raised.value)


def test_without_pypki3_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pypki3, which holds it, is not installed"):
        loaded.identity()


def test_what_crosses_the_pipe_is_what_was_sent_and_nothing_else_is_repeated() -> None:
    for sent in (Identity("key", "ca"), Missing("because")):
        assert identity.from_json(sent.to_json()) == sent
    with pytest.raises(EngineError) as raised:
        identity.from_json({"pem": "PRIVATE", "more": 1})
    assert "PRIVATE" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "it wants"),
        ("received fatal alert: CertificateRequired", "it wants"),
        ("[SSL: SSLV3_ALERT_BAD_CERTIFICATE] ssl/tls alert bad certificate", "it wants"),
        ("received fatal alert: UnknownCA", "it wants"),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure", "perhaps it wants"),
        ("EOF occurred in violation of protocol (_ssl.c:2427)", "perhaps it wants"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer", None),
        ("invalid peer certificate: UnknownIssuer", None),
        ("Connection refused", None),
    ],
)
def test_a_server_that_wants_a_certificate_is_told_from_one_whose_own_is_not_trusted(
    text: str, told: str | None
) -> None:
    try:
        try:
            raise OSError(text)
        except OSError as error:
            raise ValueError("it broke off") from error
    except ValueError as error:
        for words in (wanted.words(error), wanted.words(text)):
            assert words is None if told is None else told in (words or "")
