"""The identity that this engine holds: it has one job, and what it may show it may show for all of that.

What is configured for everything (the setting ``pki``) goes into :func:`for_indexes` and
:func:`for_channels`; an overrides document that wants a certificate is asked with it in any case.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from pathlib import Path

from condadeps.errors import ConfigError
from condadeps.pki import keyfile
from condadeps.pki.identity import Identity, Missing
from condadeps.pki.keyfile import KeyFile
from condadeps.sources.pip_config import PipConfig

_held: Identity | Missing | None = None
_files: dict[str, KeyFile] = {}


def hold(identity: Identity | Missing | None) -> None:
    """From now on this process shows ``identity``; None: nothing. What an earlier one left is swept."""
    global _held
    release()
    keyfile.sweep()
    _held = identity


def release() -> None:
    """Nothing is held any more, in memory or in a file."""
    global _held
    _held = None
    while _files:
        _files.popitem()[1].close()


def missing() -> str | None:
    """Why there is no certificate though one is wanted."""
    return _held.why if isinstance(_held, Missing) else None


def for_indexes(config: PipConfig) -> PipConfig:
    """``config`` with the certificate in the place of pip's own, and its authorities trusted besides."""
    if not isinstance(_held, Identity):
        return config
    trusted = _held.authorities
    for bundle in (config.cert, *_variables(config)):
        if bundle and Path(bundle).is_file():
            trusted = f"{trusted.rstrip()}\n{Path(bundle).read_text('utf-8', 'replace')}"
    return replace(config, client_cert=_path(_held.pem), cert=_path(trusted))


def for_channels(verify: bool | str) -> ssl.SSLContext | None:
    """TLS with the certificate, for requests to channels; None when none is held.

    ``verify`` is conda's ``ssl_verify``: a bundle in place of the usual ones, ``"truststore"``, or a flag.
    Raises ConfigError when the key and its certificate do not go together.
    """
    if not isinstance(_held, Identity):
        return None
    context = _context(verify)
    try:
        context.load_verify_locations(cadata=_held.authorities)
        context.load_cert_chain(_path(_held.pem))
    except ssl.SSLError as error:
        raise ConfigError(
            f"pypki3's certificate cannot be used: {error.reason or 'it is none'}", setting="pki"
        ) from None
    return context


def for_conda(kind: str, verify: bool | str) -> dict[str, str]:
    """Variables for the program that fetches in our stead (``installer``): paths, no secrets.

    ``verify`` is conda's ``ssl_verify``. Raises ConfigError for a program that shows no certificates.
    """
    if not isinstance(_held, Identity):
        return {}
    if kind != "conda":
        raise ConfigError(
            f"{kind} cannot show the client certificate (PKI) that is asked for",
            help="CONDADEPS_INSTALLER=rattler, or conda",
            setting="pki",
        )
    shown = {"CONDA_CLIENT_SSL_CERT": _path(_held.pem)}
    if verify is True or (isinstance(verify, str) and Path(verify).is_file()):
        import certifi

        # requests, by which conda fetches, lets this variable overrule conda's own setting.
        overruling = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or ""
        bundles = [overruling] if Path(overruling).is_file() else []
        bundles.append(certifi.where() if verify is True else str(verify))
        texts = [Path(one).read_text("utf-8", "replace").rstrip() for one in bundles]
        path = _path("\n".join([*texts, _held.authorities]))
        shown |= {"CONDA_SSL_VERIFY": path, "REQUESTS_CA_BUNDLE": path}
    return shown


def _context(verify: bool | str) -> ssl.SSLContext:
    import certifi

    if verify == "truststore":
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    bundle = certifi.where() if verify is True else str(verify)
    directory = Path(bundle).is_dir()
    context.load_verify_locations(None if directory else bundle, bundle if directory else None)
    return context


def _variables(config: PipConfig) -> tuple[str | None, ...]:
    """requests' bundles, where pip would heed them."""
    if config.cert or config.proxy is not None or config.no_proxy_env:
        return ()
    return (os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"),)


def _path(content: str) -> str:
    """Where a file with ``content`` is, while this process lives."""
    if content not in _files:
        _files[content] = KeyFile(content)
    return str(_files[content].path)
