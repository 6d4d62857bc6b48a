"""Who gets in over HTTP: the token, cookies, XSRF, and what pages of other sites may do. All with curl."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.servers import TOKEN, Server, launch, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.network]

GALLERY = "https://gallery.example.org"
ELSEWHERE = "https://evil.example"
CLIENT = """it's "mine" <\\u0000> $(id) `id` {{c}} __import__("os")"""
NOTEBOOK = json.dumps(
    {"type": "notebook", "content": {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}
)


@pytest.fixture(scope="module")
def server(jupyter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a gallery and everything that can be said of one."""
    home = tmp_path_factory.mktemp("gallery")
    said = {
        "JUPYTER_TOKEN": TOKEN,
        "NBGALLERY_URL": f"{GALLERY}/",
        "NBGALLERY_CLIENT_NAME": CLIENT,
        "NBGALLERY_CLIENT_TYPE": "a type",
        "NBGALLERY_CLIENT_VERSION": "7.8",
        "NBGALLERY_ENABLE_AUTODOWNLOAD": "yes",
        "NBGALLERY_ENABLE_INSTRUMENTATION": "true",
        "NBGALLERY_DEFAULT_TAGS": 'a,b"c',
        "NBGALLERY_CREATION_TIME": "2026-11-23T10:00:00Z",
        "NBGALLERY_TERMINATION_TIME": "2026-11-24T12:00:00+02:00",
        "NBGALLERY_CONFIG_MAX_BODY_SIZE": "1048576",
        "NOTEBOOK_DIR": str(home / "notebooks"),
    }
    with serving(jupyter, home, "--debug", **said) as running:
        yield running


@pytest.fixture(scope="module")
def alone(jupyter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without a gallery, the token generated, at another base URL."""
    with serving(jupyter, tmp_path_factory.mktemp("alone"), "--ServerApp.base_url=/alone/") as running:
        yield running


@pytest.fixture
def browser(server: Server, tmp_path: Path) -> tuple[Path, str]:
    """A jar with the cookies of someone who logged in, and their XSRF token."""
    jar = tmp_path / "cookies"
    return jar, server.log_in(jar, TOKEN)


# ---------------------------------------------------------------- the token


@pytest.mark.parametrize(
    "path", ["/api/contents", "/api/kernels", "/api/status", "/lsp/status", "/terminals/x"]
)
def test_nobody_gets_in_without_the_token(server: Server, path: str) -> None:
    assert server.curl(path).status in (302, 403)
    assert server.curl(path, token="guessed-guessed-guessed").status in (302, 403)


def test_pages_send_the_stranger_to_the_login(server: Server) -> None:
    answer = server.curl("/lab")
    assert answer.status == 302
    assert (answer.header("Location") or "").startswith("/login")


def test_the_token_lets_in_by_header_and_by_url(server: Server) -> None:
    assert server.curl("/api/status", token=TOKEN).status == 200
    assert server.curl(f"/lab?token={TOKEN}").status == 200


def test_a_given_token_is_in_no_log_and_on_no_command_line(server: Server) -> None:
    server.curl(f"/api/contents/nowhere?token={TOKEN}")
    server.curl(f"/nowhere?token={TOKEN}")
    assert TOKEN not in server.said
    assert TOKEN not in Path(f"/proc/{server.process.pid}/cmdline").read_text()


def test_kernels_and_terminals_get_neither_the_token_nor_the_plan(server: Server) -> None:
    name = json.loads(server.curl("/api/terminals", "--request", "POST", token=TOKEN).body)["name"]
    try:
        shells = [
            pid
            for pid in Path("/proc").iterdir()
            if pid.name.isdigit() and _parent(pid) == server.process.pid
        ]
        seen = [environment for pid in shells if (environment := _environment(pid))]
        assert seen
        assert not any(TOKEN.encode() in one or b"SECURE_JUPYTER=" in one for one in seen)
    finally:
        server.curl(f"/api/terminals/{name}", "--request", "DELETE", token=TOKEN)


def _environment(pid: Path) -> bytes:
    """Empty for a process that has ended meanwhile."""
    try:
        return (pid / "environ").read_bytes()
    except OSError:
        return b""


def _parent(pid: Path) -> int | None:
    try:
        return int((pid / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_a_generated_token_is_printed_and_lets_in(alone: Server) -> None:
    token = alone.said.partition("?token=")[2].split()[0]
    assert len(token) == 48
    assert alone.curl("/alone/api/status", token=token).status == 200


def test_a_token_from_a_file_and_a_password_let_in_and_are_in_no_log(
    jupyter: Path, home: Path, tmp_path: Path
) -> None:
    (home / "token").write_text(f"{TOKEN}\n")
    hashed = f"sha256:0123456789ab:{hashlib.sha256(b'open sesame' + b'0123456789ab').hexdigest()}"
    given = {"JUPYTER_TOKEN_FILE": str(home / "token"), "JUPYTER_HASHED_PASSWORD": hashed}
    with serving(jupyter, home, "--debug", **given) as server:
        assert server.curl("/api/status").status == 403
        assert server.curl("/api/status", token=TOKEN).status == 200
        server.log_in(tmp_path / "cookies", "open sesame")
        assert server.curl("/api/status", "--cookie", str(tmp_path / "cookies")).status == 200
        arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
        for secret in (TOKEN, hashed):
            assert secret not in server.said
            assert secret not in arguments


# ---------------------------------------------------------------- cookies


def test_with_a_gallery_the_cookie_comes_from_its_pages_too_over_tls_only(
    server: Server, tmp_path: Path
) -> None:
    (login,) = [one for one in server.curl(f"/lab?token={TOKEN}").cookies() if one.startswith("username-")]
    assert {"Secure", "HttpOnly", "SameSite=None"} <= set(login.split("; "))


def test_without_one_it_comes_from_our_own_only(alone: Server) -> None:
    token = alone.said.partition("?token=")[2].split()[0]
    (login,) = [
        one for one in alone.curl(f"/alone/lab?token={token}").cookies() if one.startswith("username-")
    ]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(login.split("; "))


def test_the_xsrf_cookie_is_for_our_own_pages_over_tls(server: Server) -> None:
    (xsrf,) = [one for one in server.curl("/login").cookies() if one.startswith("_xsrf=")]
    assert {"Secure", "SameSite=Lax"} <= set(xsrf.split("; "))


# ---------------------------------------------------------------- XSRF


def post(server: Server, jar: Path, path: str, *options: str, origin: str | None = None) -> int:
    return server.curl(path, "--cookie", str(jar), "--data", NOTEBOOK, *options, origin=origin).status


def test_xsrf_protection_is_on(server: Server, browser: tuple[Path, str]) -> None:
    jar, xsrf = browser
    kernels = ("/api/sessions", "--header", "Content-Type: application/json")
    assert post(server, jar, *kernels) == 403
    assert post(server, jar, *kernels, origin=GALLERY) in (403, 404)
    assert post(server, jar, *kernels, origin=f"https://127.0.0.1:{server.port}") == 403
    assert post(server, jar, *kernels, "--header", f"X-XSRFToken: {xsrf}") != 403


def test_the_gallery_posts_a_notebook_with_the_cookie_alone(
    server: Server, browser: tuple[Path, str]
) -> None:
    jar, _ = browser
    assert post(server, jar, "/post/from%20the%20gallery.ipynb", origin=GALLERY) == 201
    assert (server.home / "notebooks" / "from the gallery.ipynb").is_file()
    # Once more: it is there now.
    assert post(server, jar, "/post/from%20the%20gallery.ipynb", origin=GALLERY.upper()) in (200, 201)


def test_our_own_pages_post_for_autodownload(server: Server, browser: tuple[Path, str]) -> None:
    jar, _ = browser
    assert post(server, jar, "/post/starred.ipynb", origin=f"https://127.0.0.1:{server.port}") == 201


@pytest.mark.parametrize(
    "origin",
    [None, ELSEWHERE, "null", "http://gallery.example.org", f"{GALLERY}:8443", f"{GALLERY}.evil.example"],
)
def test_nobody_else_posts_with_the_cookie_alone(
    server: Server, browser: tuple[Path, str], origin: str | None
) -> None:
    jar, _ = browser
    assert post(server, jar, "/post/evil.ipynb", origin=origin) in (403, 404)
    assert not (server.home / "notebooks" / "evil.ipynb").exists()


def test_the_gallery_posts_nothing_without_the_cookie(server: Server, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert post(server, tmp_path / "empty", "/post/evil.ipynb", origin=GALLERY) == 403
    assert not (server.home / "notebooks" / "evil.ipynb").exists()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("environment.yml", "file"),  # would be installed at the next start
        ("environment.yml", "notebook"),  # JSON is YAML
        ("sitecustomize.py", "file"),
        ("a-directory", "directory"),
        ("a%20notebook.ipynb", "file"),
        (".hidden/a.ipynb", "notebook"),
        ("..%2foutside.ipynb", "notebook"),
    ],
)
def test_the_gallery_puts_notebooks_and_nothing_else(
    server: Server, browser: tuple[Path, str], path: str, kind: str
) -> None:
    before = sorted(server.home.rglob("*.ipynb"))
    model = (
        {"type": kind, "format": "text", "content": "x"}
        if kind == "file"
        else {**json.loads(NOTEBOOK), "type": kind}
    )
    sent = ("--cookie", str(browser[0]), "--data", json.dumps(model))
    assert server.curl(f"/post/{path}", *sent, origin=GALLERY).status in (400, 403, 404)
    assert not (server.home / "notebooks" / path).exists()
    assert sorted(server.home.rglob("*.ipynb")) == before


def test_our_own_pages_alone_set_and_reset_nbgallery_s_preferences(
    server: Server, browser: tuple[Path, str]
) -> None:
    """Its extension sends no XSRF token; the gallery's pages have no business there."""
    cookies = ("--cookie", str(browser[0]))
    own = f"https://127.0.0.1:{server.port}"
    place = "/jupyterlab_nbgallery/preferences"
    for origin in (None, ELSEWHERE, "null", GALLERY, f"{own}.evil.example"):
        for sent in (("--data", "{}"), ("--request", "DELETE")):
            assert server.curl(place, *cookies, *sent, origin=origin).status in (403, 404), origin
    assert server.curl(place, *cookies, "--data", "{}", origin=own).status == 200
    assert server.curl(place, "--data", "{}", origin=own).status == 403  # nobody logged in


@pytest.mark.parametrize("path", ["/post/../api/kernels", "/api/kernels", "/api/terminals", "/posting"])
def test_the_gallery_starts_nothing(server: Server, browser: tuple[Path, str], path: str) -> None:
    jar, _ = browser
    assert post(server, jar, path, "--path-as-is", origin=GALLERY) in (403, 404, 405, 500)
    assert json.loads(server.curl("/api/kernels", token=TOKEN).body) == []
    assert json.loads(server.curl("/api/terminals", token=TOKEN).body) == []


def test_without_a_gallery_nobody_posts(alone: Server, tmp_path: Path) -> None:
    token = alone.said.partition("?token=")[2].split()[0]
    jar = tmp_path / "cookies"
    alone.curl(f"/alone/lab?token={token}", "--cookie-jar", str(jar))
    own = f"https://127.0.0.1:{alone.port}"
    assert post(alone, jar, "/alone/post/x.ipynb", origin=own) == 403
    assert post(alone, jar, "/alone/post/x.ipynb", origin=GALLERY) in (403, 404)


# ---------------------------------------------------------------- CORS


def allowed(
    server: Server, path: str, *options: str, origin: str = GALLERY, token: str | None = None
) -> tuple[str | None, str | None]:
    answer = server.curl(path, *options, origin=origin, token=token)
    return answer.header("Access-Control-Allow-Origin"), answer.header("Access-Control-Allow-Credentials")


def test_the_gallery_sees_whether_a_notebook_is_there(server: Server, browser: tuple[Path, str]) -> None:
    cookies = ("--cookie", str(browser[0]))
    assert allowed(server, "/api/contents/from%20the%20gallery.ipynb", *cookies) == (GALLERY, "true")
    assert allowed(server, "/api/contents/nowhere.ipynb", *cookies) == (GALLERY, "true")


def test_the_gallery_does_not_see_what_is_in_it(server: Server, browser: tuple[Path, str]) -> None:
    (server.home / "notebooks" / "data.csv").write_text("mine")
    cookies = ("--cookie", str(browser[0]))
    for path in (
        "/api/contents/data.csv",
        "/api/contents/data.csv?content=1",
        "/api/contents?content=1&hash=1",
    ):
        told = json.loads(server.curl(path, *cookies, origin=GALLERY).body)
        assert told["content"] is None and not told.get("hash"), path
    assert json.loads(server.curl("/api/contents/data.csv", token=TOKEN).body)["content"] == "mine"
    assert json.loads(server.curl("/api/contents", *cookies).body)["content"]


def test_the_gallery_sees_nothing_else(server: Server, browser: tuple[Path, str]) -> None:
    cookies = ("--cookie", str(browser[0]))
    for path in ("/lab", "/tree", "/api/kernels", "/api/contentsx", "/jupyterlab_nbgallery/preferences"):
        assert allowed(server, path, *cookies) == (None, None), path
    assert allowed(server, "/api/contents/x", "--request", "DELETE", *cookies) == (None, None)


@pytest.mark.parametrize("path", ["/api/contents", "/api/kernels", "/lab", "/post/x"])
def test_no_other_site_sees_anything(server: Server, browser: tuple[Path, str], path: str) -> None:
    for token in (None, TOKEN):
        seen, _ = allowed(server, path, "--cookie", str(browser[0]), origin=ELSEWHERE, token=token)
        assert seen in (None, GALLERY)


def test_a_page_of_the_gallery_gets_no_socket_to_a_kernel(server: Server, browser: tuple[Path, str]) -> None:
    upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    upgrade += ["Sec-WebSocket-Key: c2VjdXJlLWp1cHl0ZXIhIQ=="]
    options = [word for header in upgrade for word in ("--header", header)]
    for origin in (GALLERY, ELSEWHERE):
        answer = server.curl(
            "/api/events/subscribe",
            "--http1.1",
            "--max-time",
            "5",
            "--cookie",
            str(browser[0]),
            *options,
            origin=origin,
        )
        assert answer.status == 403


def test_pages_cannot_be_framed(server: Server) -> None:
    assert "frame-ancestors 'self'" in (server.curl("/login").header("Content-Security-Policy") or "")


# ---------------------------------------------------------------- what nbgallery is told


def told(server: Server, path: str) -> dict[str, str | None]:
    found: dict[str, str | None] = json.loads(server.curl(f"/jupyterlab_nbgallery/{path}", token=TOKEN).body)
    return found


def test_nbgallery_s_own_answers_hold_what_was_said(server: Server) -> None:
    assert told(server, "environment") == {
        "NBGALLERY_URL": GALLERY,
        "NBGALLERY_CLIENT_NAME": CLIENT,
        "NBGALLERY_CLIENT_TYPE": "a type",
        "NBGALLERY_CLIENT_VERSION": "7.8",
        "NBGALLERY_ENABLE_AUTODOWNLOAD": "1",
        "DEFAULT_TAGS": 'a,b"c',
    }
    assert told(server, "instrumentation") == {"NBGALLERY_ENABLE_INSTRUMENTATION": "1"}
    assert told(server, "expiration") == {
        "NBGALLERY_CREATION_TIME": "2026-11-23 10:00:00",
        "NBGALLERY_TERMINATION_TIME": "2026-11-24 10:00:00",
    }
    assert server.curl("/jupyterlab_nbgallery/preferences", token=TOKEN).status == 200


def test_the_environment_is_registered_under_the_name_that_was_said(server: Server) -> None:
    name = "@jupyterlab-nbgallery/environment-registration:environment-registration"
    schema = json.loads(server.curl(f"/lab/api/settings/{name}", token=TOKEN).body)["schema"]
    assert schema["properties"]["nbgallery_client_name"]["default"] == CLIENT
    assert schema["properties"]["nbgallery_url"]["default"] == GALLERY


def test_the_classic_extensions_read_the_same(server: Server) -> None:
    common = json.loads(server.curl("/api/config/common", token=TOKEN).body)
    assert common["nbgallery"]["url"] == GALLERY
    assert common["nbgallery"]["client"] == {"name": CLIENT, "type": "a type", "version": "7.8"}
    tree = json.loads(server.curl("/api/config/tree", token=TOKEN).body)
    assert tree["load_extensions"]["jupyter_nbgallery/autodownload/autodownload"] is True


def page(server: Server, path: str, token: str) -> dict[str, list[str]]:
    body = server.curl(path, token=token).body
    text = body.partition('<script id="jupyter-config-data" type="application/json">')[2].partition(
        "</script>"
    )[0]
    found: dict[str, list[str]] = json.loads(text)
    return found


def test_all_seven_extensions_are_in_the_page_by_their_real_names(server: Server) -> None:
    config = page(server, "/lab", TOKEN)
    names = {one["name"] for one in config["federated_extensions"]}  # type: ignore[call-overload, index]
    short = ("autodownload", "environment-life", "environment-registration", "gallerymenu")
    short += ("inject-uuid", "instrumentation", "userpreferences")
    assert {f"@jupyterlab-nbgallery/{one}" for one in short} <= names
    assert not [one for one in config["disabledExtensions"] if "nbgallery" in one]


def test_without_a_gallery_its_menus_are_left_out(alone: Server) -> None:
    token = alone.said.partition("?token=")[2].split()[0]
    disabled = page(alone, "/alone/lab", token)["disabledExtensions"]
    assert {"@jupyterlab-nbgallery/gallerymenu", "@jupyterlab-nbgallery/userpreferences"} <= set(disabled)


@pytest.mark.parametrize(
    ("uuid", "arrives"),
    [("0b4e2d3c-aaaa-4bbb-8ccc-1234567890ab", True), ("'; open('/tmp/evil', 'w'); '", False), (["x"], False)],
)
def test_a_notebook_cannot_have_code_run_by_being_opened(server: Server, uuid: object, arrives: bool) -> None:
    metadata = {"gallery": {"uuid": uuid, "git_commit_id": "abc123", "link": "kept"}}
    content = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (server.home / "notebooks" / "opened.ipynb").write_text(json.dumps(content))
    seen = json.loads(server.curl("/api/contents/opened.ipynb?type=notebook&content=1", token=TOKEN).body)
    kept = {"git_commit_id": "abc123", "link": "kept"}
    assert seen["content"]["metadata"]["gallery"] == ({"uuid": uuid, **kept} if arrives else kept)


def test_an_option_of_nbgallery_config_is_one_of_the_server(
    server: Server, browser: tuple[Path, str]
) -> None:
    too_much = server.home / "too-much"
    too_much.write_bytes(b"x" * 1048577)
    words = ["curl", "--silent", "--insecure", "--request", "PUT", "--data-binary", f"@{too_much}"]
    words += ["--header", f"Authorization: token {TOKEN}", server.url("/api/contents/x")]
    subprocess.run(words, check=False, timeout=60)
    wait_until(lambda: "Content-Length too long" in server.said)


def test_a_bad_option_of_nbgallery_config_starts_nothing(jupyter: Path, home: Path) -> None:
    done = launch(jupyter, home, JUPYTER_PORT="18443", NBGALLERY_CONFIG_TOKEN="")
    assert done.returncode == 1
    assert "NBGALLERY_CONFIG_TOKEN is refused" in done.stderr


# ---------------------------------------------------------------- nothing is left behind


def test_the_launcher_writes_for_its_user_alone(server: Server) -> None:
    written = [*(server.home / ".local").rglob("secure-jupyter-*"), *(server.home / ".local").rglob("*.json")]
    assert written
    assert not [path for path in written if path.stat().st_mode & 0o077]
