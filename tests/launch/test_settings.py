"""What the environment and the arguments say, and the error for each setting that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import traitlets
from secure_jupyter import access, gallery, settings, traits
from secure_jupyter.errors import LaunchError

ARGON2 = "argon2:$argon2id$v=19$m=10240,t=10,p=8$JdAN3fe9J45NvK/EPuGCvA$O/tbxglbwRpOFuBNTYrymAEH6370Q2z"


def test_nothing_said_is_jupyterlab_on_all_addresses(tmp_path: Path) -> None:
    found = settings.read({"HOME": str(tmp_path)}, ())
    assert (found.application, found.address, found.port) == ("lab", "", None)
    assert (
        found.cert_dir == tmp_path / ".jupyter" / "certificate" or found.cert_dir == settings.IMAGE_CERT_DIR
    )
    assert not found.allow_root and not found.restartable and found.arguments == ()


def test_notebook_args_come_before_the_arguments() -> None:
    found = settings.read({"NOTEBOOK_ARGS": "--debug '--ServerApp.x=a b'"}, ["--collaborative"])
    assert found.arguments == ("--debug", "--ServerApp.x=a b", "--collaborative")


def test_arguments_that_jupyter_documents_count_as_the_settings_they_are() -> None:
    argv = ["--port", "9443", "--ServerApp.ip=0.0.0.0", "--certfile=/c", "--ServerApp.keyfile=/k", "--debug"]
    found = settings.read({"JUPYTER_PORT": "1"}, [*argv, "--IdentityProvider.token=abc"])
    assert (found.port, found.address, found.token) == (9443, "", "abc")
    assert (found.cert_file, found.key_file) == (Path("/c"), Path("/k"))
    assert found.arguments == ("--debug",)


@pytest.mark.parametrize(
    "word", ["--ServerApp.token=", "--IdentityProvider.token=''", "--NotebookApp.token="]
)
def test_an_empty_token_among_the_arguments_is_seen(word: str) -> None:
    assert settings.read({}, [word]).token == ""


@pytest.mark.parametrize("word", ["--allow-root", "--ServerApp.allow_root=True"])
def test_root_is_allowed_by_saying_so(word: str) -> None:
    assert settings.read({}, [word]).allow_root
    assert not settings.read({}, ["--ServerApp.allow_root=False"]).allow_root


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"NOTEBOOK_ARGS": "--x='"}, "NOTEBOOK_ARGS cannot be read: no closing quotation"),
        ({"JUPYTER_PORT": "https"}, "JUPYTER_PORT=https is not a port"),
        ({"JUPYTER_PORT": "70000"}, "JUPYTER_PORT=70000 is not a port"),
        ({"RESTARTABLE": "maybe"}, "RESTARTABLE=maybe is neither yes nor no"),
        ({"DOCKER_STACKS_JUPYTER_CMD": "lab; id"}, "is not the name of a Jupyter application"),
        ({"JUPYTER_TOKEN_FILE": "/nowhere"}, "JUPYTER_TOKEN_FILE=/nowhere cannot be read: No such file"),
        (
            {"JUPYTER_TOKEN_FILE": "/x", "JUPYTER_TOKEN": "y"},
            "Both JUPYTER_TOKEN and JUPYTER_TOKEN_FILE are set",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(environ: dict[str, str], why: str) -> None:
    with pytest.raises(LaunchError) as refused:
        settings.read(environ, ())
    assert why in str(refused.value)


def test_an_option_without_its_value_is_named() -> None:
    with pytest.raises(LaunchError, match=r"--port has no value"):
        settings.read({}, ["--port"])


def test_a_secret_in_a_file_may_end_its_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    assert settings.read({"JUPYTER_TOKEN_FILE": str(tmp_path / "secret")}, ()).token == "from-a-file"
    password = settings.read({"JUPYTER_HASHED_PASSWORD_FILE": str(tmp_path / "secret")}, ()).password
    assert password == "from-a-file"


# ---------------------------------------------------------------- who gets in


@pytest.mark.parametrize("token", ["", "  "])
def test_an_empty_token_is_refused(token: str) -> None:
    with pytest.raises(LaunchError, match="The token given is empty"):
        access.check(token, None)


def test_a_short_token_is_told() -> None:
    assert "can be guessed" in access.check("short", None).notes[0]
    assert access.check("x" * access.SHORT, None).notes == ()


@pytest.mark.parametrize("hashed", [ARGON2, "sha256:0123456789ab:" + "0" * 64])
def test_a_hash_is_taken(hashed: str) -> None:
    assert access.check(None, hashed).hashed_password == hashed


@pytest.mark.parametrize("given", ["hunter2", "sha1:abc:def", "md5:x:y", "argon2:hunter2", ""])
def test_a_password_that_is_no_good_hash_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(LaunchError) as refused:
        access.check(None, given)
    assert "passwd()" in str(refused.value)
    assert not given or given not in str(refused.value)


def test_a_token_with_white_space_is_refused_and_not_repeated() -> None:
    with pytest.raises(LaunchError) as refused:
        access.check("my token", None)
    assert "my token" not in str(refused.value)


# ---------------------------------------------------------------- the gallery


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Gallery.Example.org/", "https://gallery.example.org"),
        ("https://gallery.example.org:443/nb/", "https://gallery.example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_origin_is_written_as_browsers_do(url: str, origin: str) -> None:
    assert gallery.read({"NBGALLERY_URL": url}).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "gallery.example.org",
        "javascript:alert(1)",
        "https://",
        "https://g/?a=b",
        "https://g x",
        'https://g"',
        "https://g:x",
    ],
)
def test_what_is_no_gallery_is_refused(url: str) -> None:
    with pytest.raises(LaunchError, match="NBGALLERY_URL="):
        gallery.read({"NBGALLERY_URL": url})


def test_a_password_in_the_gallery_s_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(LaunchError) as refused:
        gallery.read({"NBGALLERY_URL": "https://me:hunter2@g.example"})
    assert "hunter2" not in str(refused.value)


def said_to_nbgallery(**environ: str) -> dict[str, str]:
    return gallery.environment(environ, gallery.read(environ))


@pytest.mark.parametrize("name", ["AUTODOWNLOAD", "INSTRUMENTATION"])
def test_any_yes_reaches_nbgallery_as_the_1_it_takes(name: str) -> None:
    variable = f"NBGALLERY_ENABLE_{name}"
    assert said_to_nbgallery(**{variable: "yes"})[variable] == "1"
    assert variable not in said_to_nbgallery(**{variable: "no"})
    with pytest.raises(LaunchError, match=f"{variable}=soon is neither yes nor no"):
        gallery.read({variable: "soon"})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23 10:00:00"),
        ("2026-11-23 12:30+02:30", "2026-11-23 10:00:00"),
        ("2026-11-23 10:00", "2026-11-23 10:00:00"),
        ("Nov 23, 2026 10:00", "Nov 23, 2026 10:00"),
    ],
)
@pytest.mark.parametrize("name", ["NBGALLERY_TERMINATION_TIME", "NBGALLERY_CREATION_TIME"])
def test_a_time_reaches_nbgallery_in_utc(name: str, given: str, read: str) -> None:
    assert said_to_nbgallery(**{name: given})[name] == read


def test_values_are_escaped_where_they_are_written(tmp_path: Path) -> None:
    name = 'x", "evil": "\n\\u0000__import__("os")'
    gallery.write(
        tmp_path, gallery.read({"NBGALLERY_URL": "https://g.example", "NBGALLERY_CLIENT_NAME": name})
    )
    common = json.loads((tmp_path / "nbconfig" / "common.json").read_text())
    assert common["nbgallery"]["client"] == {"name": name}
    overrides = json.loads((tmp_path / "labconfig" / "default_setting_overrides.json").read_text())
    (registration,) = overrides.values()
    assert registration == {"nbgallery_url": "https://g.example", "nbgallery_client_name": name}


def test_the_classic_extensions_are_on_as_asked(tmp_path: Path) -> None:
    environ = {
        "NBGALLERY_URL": "https://g.example",
        "NBGALLERY_CLIENT_TYPE": "t",
        "NBGALLERY_CLIENT_VERSION": "7",
    }
    gallery.write(tmp_path, gallery.read({**environ, "NBGALLERY_ENABLE_AUTODOWNLOAD": "1"}))
    tree = json.loads((tmp_path / "nbconfig" / "tree.json").read_text())
    assert tree["load_extensions"] == {"jupyter_nbgallery/autodownload/autodownload": True}
    notebook = json.loads((tmp_path / "nbconfig" / "notebook.json").read_text())["load_extensions"]
    assert notebook["jupyter_nbgallery/instrumentation/instrumentation"] is False
    common = json.loads((tmp_path / "nbconfig" / "common.json").read_text())
    assert common["nbgallery"]["client"] == {"type": "t", "version": "7"}


# ---------------------------------------------------------------- NBGALLERY_CONFIG_<TRAIT>

OPTIONS = {
    "base_url": traitlets.Unicode(),
    "max_body_size": traitlets.Int(),
    "shutdown_no_activity_timeout": traitlets.Float(),
    "quit_button": traitlets.Bool(),
    "extra_static_paths": traitlets.List(),
    "terminado_settings": traitlets.Dict(),
    "contents_manager_class": traitlets.Type(),
    "token": traitlets.Unicode(),
    "ssl_options": traitlets.Dict(),
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("BASE_URL", "/x/' + open('/etc/passwd').read() + '", "/x/' + open('/etc/passwd').read() + '"),
        ("MAX_BODY_SIZE", "1048576", 1048576),
        ("SHUTDOWN_NO_ACTIVITY_TIMEOUT", "1.5", 1.5),
        ("QUIT_BUTTON", "false", False),
        ("EXTRA_STATIC_PATHS", '["/a", "/b"]', ["/a", "/b"]),
        ("TERMINADO_SETTINGS", '{"shell_command": ["bash"]}', {"shell_command": ["bash"]}),
    ],
)
def test_an_option_is_read_by_its_kind_and_never_evaluated(name: str, text: str, value: object) -> None:
    assert traits.read({f"NBGALLERY_CONFIG_{name}": text, "OTHER": "x"}, OPTIONS) == {name.lower(): value}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("NOSUCH", "1", "Jupyter Server has no option nosuch"),
        ("MAX_BODY_SIZE", "__import__('os').getpid()", "is not a whole number"),
        ("QUIT_BUTTON", "not True", "is neither yes nor no"),
        ("EXTRA_STATIC_PATHS", "['/a']", "is not a JSON list"),
        ("TERMINADO_SETTINGS", "[]", "is not a JSON dict"),
        ("CONTENTS_MANAGER_CLASS", "os.system", "its value would be code"),
        ("TOKEN", "", "it decides who gets in"),
        ("SSL_OPTIONS", "{}", "it decides who gets in"),
    ],
)
def test_an_option_that_cannot_be_is_refused(name: str, text: str, why: str) -> None:
    with pytest.raises(LaunchError) as refused:
        traits.read({f"NBGALLERY_CONFIG_{name}": text}, OPTIONS)
    assert f"NBGALLERY_CONFIG_{name}" in str(refused.value)
    assert why in str(refused.value)
