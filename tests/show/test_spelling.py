"""Commands in messages are spelled as they are typed where the message is read."""

from __future__ import annotations

import pytest

from condadeps.errors import PrefixError
from condadeps.show import notebook
from condadeps.show.spelling import as_magic, repeating


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


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "`condadeps install 'numpy>=2' numba` lets numba move",
            "`condadeps install -p '/my env' -c lab -c https://c/x --override-channels 'numpy>=2' numba` "
            "lets numba move",
        ),
        (
            "condadeps undo 3 && condadeps undo 2",
            "condadeps undo -p '/my env' 3 && condadeps undo -p '/my env' 2",
        ),
        (
            "condadeps history; or condadeps list",
            "condadeps history -p '/my env'; or condadeps list -p '/my env'",
        ),
        ("condadeps restore -p /other numpy", "condadeps restore -p /other numpy"),
        (
            "`condadeps create -p DIR python=3.12 x`",
            "`condadeps create -c lab -c https://c/x --override-channels -p DIR python=3.12 x`",
        ),
        (
            "condadeps has not changed it; condadeps kernels",
            "condadeps has not changed it; condadeps kernels",
        ),
    ],
)
def test_a_command_that_is_proposed_is_for_the_environment_and_channels_of_the_call(
    text: str, whole: str
) -> None:
    assert repeating(text, "/my env", ["-c", "lab", "-c", "https://c/x", "--override-channels"]) == whole
    assert repeating(text, None) == text


@pytest.mark.parametrize("verb", ["install", "export", "bundle", "undo"])
def test_the_magics_help_has_magics_in_its_examples(verb: str) -> None:
    from condadeps.arguments import read

    help = as_magic(read([verb, "--help"], program="%condadeps").help or "")
    assert f"%condadeps {verb}" in help
    assert f" condadeps {verb}" not in help
