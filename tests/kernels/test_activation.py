"""A program of an environment runs as conda run would have it, and a kernel's key stays its owner's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from condadeps.errors import PrefixError
from condadeps.kernels import activation
from condadeps.kernels.channels import NAMES, Connection


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment whose one program tells what it was given."""
    made = tmp_path / "an env"
    (made / "bin").mkdir(parents=True)
    (made / "conda-meta").mkdir()
    program = made / "bin" / "tell"
    program.write_text('#!/bin/sh\nprintf "%s|" "$JAVA_HOME" "$CONDA_PREFIX" "$TOLD" "$VIRTUAL_ENV" "$@"\n')
    program.chmod(0o755)
    return made


def told(prefix: Path, *words: str, own: dict[str, str] | None = None) -> list[str]:
    """What the program was given."""
    variables = activation.environment(prefix, own or {}, {**os.environ, "VIRTUAL_ENV": "/else"})
    whole = activation.command(prefix, ["tell", *words], variables)
    said = subprocess.run(whole, env=variables, capture_output=True, text=True, check=True).stdout
    return said.split("|")[:-1]


def test_a_program_is_its_environments_and_knows_no_other(prefix: Path) -> None:
    assert told(prefix, "a b", "$HOME;", own={"TOLD": "yes"}) == ["", str(prefix), "yes", "", "a b", "$HOME;"]


def test_the_activation_scripts_of_packages_are_heeded_and_words_stay_words(prefix: Path) -> None:
    scripts = prefix / "etc/conda/activate.d"
    scripts.mkdir(parents=True)
    (scripts / "java.sh").write_text('export JAVA_HOME="$CONDA_PREFIX/lib/jvm"\n')
    words = ["a b", "$(touch x)", "*"]
    assert told(prefix, *words) == [f"{prefix}/lib/jvm", str(prefix), "", "", *words]


def test_variables_that_packages_and_conda_env_config_set_are_set(prefix: Path) -> None:
    (prefix / "etc/conda/env_vars.d").mkdir(parents=True)
    (prefix / "etc/conda/env_vars.d/java.json").write_text('{"JAVA_HOME": "/a", "TOLD": "package"}')
    state = {"env_vars": {"TOLD": "user", "JAVA_HOME": "***unset***"}}
    (prefix / "conda-meta/state").write_text(json.dumps(state))
    assert told(prefix)[:3] == ["/a", str(prefix), "user"]


def test_a_program_that_is_not_there_is_said(prefix: Path) -> None:
    with pytest.raises(PrefixError, match="there is no program xcpp in"):
        activation.command(prefix, ["xcpp"], activation.environment(prefix, {}))


def test_the_private_connection_has_the_same_key_other_ports_and_one_reader(tmp_path: Path) -> None:
    ports = {f"{name}_port": number for number, name in enumerate(NAMES, 50001)}
    more = {
        "key": "secret",
        "signature_scheme": "hmac-sha256",
        "curve_publickey": "p",
        "curve_secretkey": "s",
    }
    public = Connection({"transport": "tcp", "ip": "0.0.0.0", **ports, **more})
    private, path = public.private(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Connection.read(path) == private
    assert {name: private.info[name] for name in more} == more
    assert private.info["ip"] == "127.0.0.1"
    chosen = {private.info[f"{name}_port"] for name in NAMES}
    assert len(chosen) == len(NAMES) and not chosen & set(ports.values())
