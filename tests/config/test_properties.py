"""Whatever is in a file or a variable, the answer is a configuration or a ConfigError."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from condadeps.config import SETTINGS
from condadeps.config.trust import trusted
from condadeps.errors import ConfigError
from tests.config.conftest import Machine

VALUES = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | st.text("ab.=~/ -:@", max_size=8).map(repr),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)


@given(
    st.sampled_from(["site", "user", "prefix", "project"]),
    st.dictionaries(st.sampled_from([*SETTINGS, "final", "unknown"]), VALUES, max_size=4),
)
def test_any_values_give_settings_or_say_what_is_wrong(scope: str, values: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(Path(directory))
        machine.write(scope, "\n".join(f"{key} = {_toml(value)}" for key, value in values.items()))
        try:
            found = machine.read()
        except ConfigError as error:
            assert error.data["place"]
        else:
            assert str(found) and found.to_json() and found._repr_html_()


@given(st.binary(max_size=60))
def test_any_bytes_give_settings_or_say_what_is_wrong(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(Path(directory))
        path = machine.write("project", "")
        path.write_bytes(content)
        try:
            machine.read()
        except ConfigError as error:
            assert error.data["place"] == str(path)


@given(st.sampled_from([setting.variable for setting in SETTINGS.values()]), st.text(max_size=12))
def test_any_variable_gives_settings_or_says_what_is_wrong(name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(Path(directory))
        machine.environ[name] = text
        try:
            assert str(machine.read())
        except ConfigError as error:
            assert error.data["place"] == name


@given(st.text("htps:/.@\\%?#ab", max_size=20), st.text("htps:/.@\\%?#ab", max_size=20))
def test_trust_of_one_server_is_never_trust_of_another(head: str, tail: str) -> None:
    from urllib.parse import urlsplit

    url = f"https://{head}conda.example{tail}"
    if trusted(["https://conda.example/"], url):
        assert urlsplit(url).hostname == "conda.example"
