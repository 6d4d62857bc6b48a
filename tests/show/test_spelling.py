"""Commands in messages are spelled as they are typed where the message is read."""

from __future__ import annotations

import pytest

from condadeps.errors import PrefixError
from condadeps.show import notebook
from condadeps.show.spelling import as_magic


@pytest.mark.parametrize(
    ("text", "magic"),
    [
        ("`condadeps create -p DIR` makes one", "`%condadeps create -p DIR` makes one"),
        ("help: condadeps undo 3; or condadeps history", "help: %condadeps undo 3; or %condadeps history"),
        ("%condadeps install x", "%condadeps install x"),
        ("condadeps is no verb; /etc/condadeps remove", "condadeps is no verb; /etc/condadeps remove"),
        ("condadeps installs", "condadeps installs"),
    ],
)
def test_a_command_is_a_magic_and_all_else_stays(text: str, magic: str) -> None:
    assert as_magic(text) == magic


def test_an_error_in_a_notebook_names_the_magic_and_on_a_terminal_the_command() -> None:
    error = PrefixError("there is none", help="condadeps create -p DIR python=3.12")
    assert error._render_traceback_()[0].endswith("help: %condadeps create -p DIR python=3.12")
    assert "<code>%condadeps create" in notebook.error(error)
    assert str(error).endswith("help: condadeps create -p DIR python=3.12")


@pytest.mark.parametrize("verb", ["install", "export", "bundle", "undo"])
def test_the_magics_help_has_magics_in_its_examples(verb: str) -> None:
    from condadeps.arguments import read

    help = as_magic(read([verb, "--help"], program="%condadeps").help or "")
    assert f"%condadeps {verb}" in help
    assert f" condadeps {verb}" not in help
