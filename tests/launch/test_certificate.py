"""The certificate: a mounted one is checked, one of our own is made, kept and renewed."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from secure_jupyter import addresses, certificate, identity
from secure_jupyter.errors import LaunchError

from tests.launch.certificates import NOW, Key, Mounted, mount, write_key


def mounted(files: Mounted) -> identity.Identity:
    found = identity.mounted(files.cert_file, files.key_file, NOW)
    assert found is not None
    return found


def refusal(files: Mounted) -> str:
    with pytest.raises(LaunchError) as refused:
        mounted(files)
    return str(refused.value)


# ---------------------------------------------------------------- mounted


def test_a_mounted_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    found = mounted(mount(tmp_path))
    assert found.mounted
    assert found.certificate.hosts == ("localhost", "jupyter.example.org")
    assert found.notes == ()


def test_without_a_mounted_one_there_is_none() -> None:
    assert identity.mounted(None, None, NOW) is None


def test_one_file_may_hold_certificate_and_key(tmp_path: Path) -> None:
    files = mount(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(files.cert_file.read_bytes() + files.key_file.read_bytes())
    both.chmod(0o600)
    found = identity.mounted(both, None, NOW)
    assert found is not None
    assert found.key_file == both


def test_a_chain_may_follow_the_certificate(tmp_path: Path) -> None:
    files = mount(tmp_path)
    files.cert_file.write_bytes(files.cert_file.read_bytes() + files.authority.read_bytes())
    assert mounted(files).certificate.hosts[0] == "localhost"


def test_a_key_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"KEY_FILE=.* is set and CERT_FILE is not"):
        identity.mounted(None, tmp_path / "key", NOW)


def test_a_certificate_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="has no key in it and KEY_FILE is not set"):
        identity.mounted(mount(tmp_path).cert_file, None, NOW)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    files = mount(tmp_path)
    write_key(files.key_file, ec.generate_private_key(ec.SECP256R1()))
    assert "CERT_FILE=" in (said := refusal(files))
    assert "does not belong to the key that was given with it" in said


def test_an_expired_certificate_is_refused_with_its_date(tmp_path: Path) -> None:
    files = mount(
        tmp_path,
        starts=datetime(2025, 1, 2, tzinfo=timezone.utc),
        ends=datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc),
    )
    assert "has expired on 2026-01-02 03:04 UTC" in refusal(files)


def test_a_certificate_of_tomorrow_is_refused(tmp_path: Path) -> None:
    assert "is not valid yet" in refusal(mount(tmp_path, starts=NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "RSA with 1024 bits, 2048 are the least"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "a curve of 224 bits, 256 are the least"),
        (lambda: dsa.generate_private_key(2048), "neither RSA nor an elliptic curve"),
    ],
    ids=["rsa-1024", "p-224", "dsa"],
)
def test_a_weak_key_is_refused(tmp_path: Path, key: Callable[[], Key], why: str) -> None:
    assert why in refusal(mount(tmp_path, key=key()))


def test_a_certificate_signed_with_sha1_is_refused(tmp_path: Path) -> None:
    files = mount(tmp_path)
    # The library that makes the others does not sign with it any more.
    made = ["openssl", "req", "-x509", "-sha1", "-key", files.key_file, "-subj", "/CN=old"]
    subprocess.run([*made, "-out", files.cert_file], check=True, capture_output=True)
    assert "signed with SHA1, which is broken" in refusal(files)


def test_a_certificate_for_clients_is_refused(tmp_path: Path) -> None:
    assert "is not for servers" in refusal(mount(tmp_path, for_servers=False))


def test_an_encrypted_key_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    files = mount(tmp_path, key=key)
    write_key(files.key_file, key, password=b"secret-of-the-key")
    said = refusal(files)
    assert "KEY_FILE=" in said
    assert "is encrypted" in said
    assert "secret-of-the-key" not in said


@pytest.mark.parametrize(
    ("name", "why"),
    [("cert_file", "CERT_FILE=.* not a certificate"), ("key_file", "KEY_FILE=.* no private key")],
)
def test_a_file_that_is_something_else_is_refused_by_its_name(tmp_path: Path, name: str, why: str) -> None:
    files = mount(tmp_path)
    getattr(files, name).write_text("nothing of the kind")
    with pytest.raises(LaunchError, match=why):
        mounted(files)


def test_a_missing_file_is_told_with_how_to_mount_it(tmp_path: Path) -> None:
    files = mount(tmp_path)
    files.key_file.unlink()
    said = refusal(files)
    assert "KEY_FILE=" in said
    assert "there is no such file" in said
    assert "-v " in said


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602])
def test_a_key_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    files = mount(tmp_path)
    files.key_file.chmod(mode)
    said = refusal(files)
    assert f"mode {mode:04o}" in said
    assert "chmod 400" in said


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440])
def test_a_key_for_its_owner_or_group_to_read_is_taken(tmp_path: Path, mode: int) -> None:
    files = mount(tmp_path)
    files.key_file.chmod(mode)
    assert mounted(files).mounted


def test_a_certificate_that_ends_soon_or_names_nobody_is_told(tmp_path: Path) -> None:
    notes = mounted(mount(tmp_path, ends=NOW + timedelta(days=3), hosts=())).notes
    assert "expires on" in notes[0]
    assert "names no host" in notes[1]


def test_browsers_are_told_to_insist_only_on_a_certificate_that_others_vouch_for(tmp_path: Path) -> None:
    assert mounted(mount(tmp_path / "vouched")).lasting
    own = identity.own(tmp_path / "own", (), NOW)
    assert not own.lasting
    assert not mounted(Mounted(own.cert_file, own.key_file, own.cert_file)).lasting


# ---------------------------------------------------------------- our own


def load(found: identity.Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(found.cert_file.read_bytes())


def test_our_own_is_on_p256_for_servers_and_a_year(tmp_path: Path) -> None:
    found = identity.own(tmp_path / "certificate", (), NOW)
    leaf = load(found)
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=365)
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_our_own_key_is_for_nobody_else_from_its_first_moment(tmp_path: Path) -> None:
    directory = tmp_path / "certificate"
    before = os.umask(0)
    try:
        found = identity.own(directory, (), NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(found.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert sorted(path.name for path in directory.iterdir()) == [".lock", "server.crt", "server.key"]


def test_our_own_names_the_machine_and_what_was_asked(tmp_path: Path) -> None:
    asked = ("Jupyter.Example.org", "192.0.2.7", "[2001:db8::7]", "*.lab.example.org", "münchen.example")
    hosts = identity.own(tmp_path, asked, NOW).certificate.hosts
    wanted = {
        "jupyter.example.org",
        "192.0.2.7",
        "2001:db8::7",
        "*.lab.example.org",
        "xn--mnchen-3ya.example",
    }
    assert wanted <= set(hosts)
    assert {*addresses.this_machine(), "localhost", "127.0.0.1", "::1"} <= set(hosts)


@pytest.mark.parametrize("host", ["https://jupyter.example.org", "a b", "host:443", "-x", "é" * 70, ".."])
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(LaunchError, match=r"CERT_HOSTS: .* is neither a host name nor an address"):
        identity.own(tmp_path, [host], NOW)


def test_the_fingerprint_is_the_one_openssl_shows(tmp_path: Path) -> None:
    found = identity.own(tmp_path, (), NOW)
    digest = load(found).fingerprint(hashes.SHA256()).hex().upper()
    assert found.certificate.fingerprint.replace(":", "") == digest


def test_our_own_is_kept_over_restarts(tmp_path: Path) -> None:
    first = identity.own(tmp_path, ("a.example",), NOW)
    assert "a new certificate was made" in first.notes[0]
    again = identity.own(tmp_path, ("a.example",), NOW + timedelta(days=300))
    assert again.certificate == first.certificate
    assert again.notes == ()


def test_our_own_is_renewed_near_its_end(tmp_path: Path) -> None:
    first = identity.own(tmp_path, (), NOW)
    key = first.key_file.read_bytes()
    later = NOW + timedelta(days=336)
    again = identity.own(tmp_path, (), later)
    assert again.certificate.ends > later + timedelta(days=364)
    assert again.key_file.read_bytes() != key


def test_our_own_is_made_again_for_a_host_it_does_not_name(tmp_path: Path) -> None:
    first = identity.own(tmp_path, ("a.example",), NOW)
    assert identity.own(tmp_path, (), NOW).certificate == first.certificate
    assert identity.own(tmp_path, ("b.example",), NOW).certificate != first.certificate


def test_a_kept_key_that_others_could_read_is_never_used_again(tmp_path: Path) -> None:
    first = identity.own(tmp_path, (), NOW)
    first.key_file.chmod(0o644)
    again = identity.own(tmp_path, (), NOW)
    assert again.certificate.fingerprint != first.certificate.fingerprint
    assert stat.S_IMODE(again.key_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["server.crt", "server.key"])
def test_a_kept_certificate_that_is_broken_is_made_again(tmp_path: Path, name: str) -> None:
    first = identity.own(tmp_path, (), NOW)
    (tmp_path / name).write_text("torn")
    (tmp_path / name).chmod(0o600)
    again = identity.own(tmp_path, (), NOW)
    assert again.certificate.fingerprint != first.certificate.fingerprint
    certificate.read(again.cert_file.read_bytes(), again.key_file.read_bytes(), NOW)


def test_a_directory_that_cannot_be_used_is_told_and_the_key_kept_elsewhere(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    found = identity.own(in_the_way / "certificate", (), NOW)
    assert "the certificate is not kept" in found.notes[0]
    assert "CERT_DIR" in found.notes[0]
    assert stat.S_IMODE(found.key_file.parent.stat().st_mode) == 0o700


def test_two_that_start_at_once_share_one_certificate(tmp_path: Path) -> None:
    found: list[identity.Identity] = []
    threads = [
        threading.Thread(target=lambda: found.append(identity.own(tmp_path, (), NOW))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.certificate.fingerprint for one in found}) == 1


def test_a_killed_start_leaves_no_certificate_without_its_key(tmp_path: Path) -> None:
    pem, _ = certificate.make(["localhost"], NOW)
    (tmp_path / "server.crt").write_bytes(pem)
    found = identity.own(tmp_path, (), NOW)
    key = serialization.load_pem_private_key(found.key_file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == load(found).public_key()
