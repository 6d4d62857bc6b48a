"""One grammar for the command and the magic: words in, a call out, or a clear refusal."""

from __future__ import annotations

import pytest

from condadeps.arguments import built, read
from condadeps.asked.verbs import VERBS
from condadeps.errors import UsageError


def test_options_may_stand_anywhere_among_the_requests() -> None:
    call = read(["install", "pandas", "--no-pip", "numpy>=2", "-c", "bioconda", "seaborn", "-c", "mine"])
    assert call.requests == ("pandas", "numpy>=2", "seaborn")
    assert call.options.channels == ("bioconda", "mine")
    assert call.options.pip == "never"


def test_every_option_reaches_the_call() -> None:
    line = "update -p /x --override-channels -c a -U --no-record --offline --dry-run --json -q -vv six"
    line += " --no-overrides"
    call = read(line.split(" "))
    assert (call.verb, call.prefix, call.json, call.quiet) == ("update", "/x", True, True)
    options = call.options
    assert (options.update, options.record, options.offline, options.dry_run) == (True, False, True, True)
    assert (options.override_channels, options.verbosity, options.overrides) == (True, 2, False)


def test_plan_is_an_install_that_changes_nothing() -> None:
    call = read(["plan", "six"])
    assert call.verb == "install" and call.options.dry_run


def test_every_reserved_verb_is_built_and_a_package_of_its_name_can_be_reached() -> None:
    assert built() == VERBS
    for verb in VERBS:
        assert read(["install", verb]).requests == (verb,)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pip install tqdm", "%condadeps install tqdm;"),
        ("conda update tqdm", "%condadeps update tqdm;"),
        ("uninstall tqdm", "%condadeps remove tqdm;"),
        ("upgrade 'tqdm>=4'", "%condadeps update 'tqdm>=4';"),
    ],
)
def test_another_programs_words_are_no_list_of_packages(typed: str, meant: str) -> None:
    from condadeps.asked.parse import split
    from condadeps.magic import _call

    with pytest.raises(UsageError) as refused:
        _call(split(typed))
    assert meant in str(refused.value.help)
    assert _call(["install", *split(typed)]).requests == tuple(split(typed))
    for fine in ("pip", "pip tqdm", "upgrade"):
        assert _call(split(fine)).requests == tuple(split(fine))


def test_a_mistyped_verb_is_told_the_verb() -> None:
    for typed, meant in {
        "instal six": "install six",
        "histroy": "history",
        "uninstall six": "remove six",
    }.items():
        with pytest.raises(UsageError) as refused:
            read(typed.split())
        assert f"did you mean condadeps {meant}?" in str(refused.value.help)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb: str) -> None:
    help = read([verb, "--help"]).help
    assert help and f"condadeps {verb}" in help


def test_help_tells_what_may_be_left_out_and_where_a_new_environment_goes() -> None:
    assert "[REQUEST…]" in str(read(["install", "--help"]).help)
    assert " NAME…" in str(read(["which", "--help"]).help)
    assert "the one running this" in str(read(["install", "--help"]).help)
    assert "the one running this" not in str(read(["create", "--help"]).help)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["frobnicate"], "no verb 'frobnicate'"),
        (["install", "-x", "six"], "no option -x"),
        (["install", "--dry", "six"], r"no option --dry \(near: --dry-run"),
        (["config", "x"], "^got unexpected extra argument"),
        (["embed"], "^missing argument"),
        (["cache", "foo"], "'foo' is neither info nor clean"),
        (["kernels", "foo"], "'foo' is not one of list"),
        (["kernels", "add"], "say what to add"),
        (["kernels", "list", "x"], "list takes no names"),
        (["install", "--target=/etc", "six"], "no option --target"),
        (["install", "--override-channels", "six"], "needs a channel"),
        (["create", "python"], "say where"),
        (["undo", "x"], "'x' is not the number of a change"),
        (["export", "--format", "doc"], "doc"),
    ],
)
def test_wrong_words_are_a_usage_error_that_helps(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read(words)
    assert caught.value.exit_code == 2
    assert caught.value.help


@pytest.mark.parametrize(
    "line",
    ["--json plan six", "-q list", "--dry-run remove pandas", "-p /somewhere history", "-U update six"],
)
def test_a_verb_after_options_is_never_taken_for_a_package(line: str) -> None:
    from condadeps.magic import _call

    with pytest.raises(UsageError, match="what to do, or a package's name") as caught:
        _call(line.split())
    assert "%condadeps install" in str(caught.value)
    assert _call(["install", *line.split()]).verb == "install"


def test_the_command_says_that_the_verb_comes_first() -> None:
    with pytest.raises(UsageError, match="verb comes first"):
        read(["--json", "plan", "six"])
