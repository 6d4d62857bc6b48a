"""A gallery and this server in a real browser: nbgallery's pages and extensions, with XSRF protection on.

The gallery is a stand-in that answers as nbgallery does and writes down what it was asked; the browser, its
rules, the server and nbgallery's seven extensions are real.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.gallery import NOTEBOOK, FakeGallery, standing
from tests.launch.servers import TOKEN, Server, serving, wait_until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium"),
]
SLOW = 120_000


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGallery]:
    with standing(tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture(scope="module")
def server(jupyter: Path, gallery: FakeGallery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    said = {
        "JUPYTER_TOKEN": TOKEN,
        "NBGALLERY_URL": gallery.url,
        "NBGALLERY_CLIENT_NAME": "My environment",
        "NBGALLERY_ENABLE_AUTODOWNLOAD": "yes",
        "NBGALLERY_TERMINATION_TIME": "2126-12-01T10:00:00Z",
        "NOTEBOOK_DIR": str(home / "notebooks"),
    }
    with serving(jupyter, home, **said) as running:
        yield running


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[playwright.Page]:
    """JupyterLab, entered by token."""
    with playwright.sync_playwright() as running:
        # Root has no sandbox; proxies are not for what is on this machine.
        options = ["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"]
        browser = running.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_context(ignore_https_errors=True, timezone_id="UTC", locale="en-GB").new_page()
        page.set_default_timeout(SLOW)
        page.goto(f"https://localhost:{server.port}/lab?token={TOKEN}")
        page.wait_for_selector(".jp-Launcher")
        yield page
        browser.close()


def test_the_gallery_s_menu_and_the_end_are_shown(lab: playwright.Page) -> None:
    playwright.expect(lab.locator(".lm-MenuBar-itemLabel", has_text="Gallery").first).to_be_visible(
        timeout=SLOW
    )
    playwright.expect(lab.locator("#environment_expires")).to_contain_text(
        "01/12/2126, 10:00:00", timeout=SLOW
    )


def test_the_server_registers_itself_under_its_name(
    lab: playwright.Page, server: Server, gallery: FakeGallery
) -> None:
    wait_until(lambda: any(path == "/environments" for _, path, _ in gallery.asked), 60)
    (form,) = gallery.forms("POST", "/environments")
    assert form["name"] == ["My environment"]
    assert form["url"] == [f"https://localhost:{server.port}/"]


def test_starred_notebooks_are_downloaded(lab: playwright.Page, server: Server) -> None:
    wait_until((server.home / "notebooks" / "Starred" / "A star.ipynb").is_file, 60)


def test_a_notebook_runs_in_the_browser_and_terminals_open(lab: playwright.Page) -> None:
    lab.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
    idle = lab.locator("#jp-main-statusbar", has_text="Python 3 (ipykernel) | Idle")
    playwright.expect(idle).to_be_visible(timeout=SLOW)
    cell = lab.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    cell.fill("print(6 * 7)")
    playwright.expect(cell).to_have_text("print(6 * 7)")
    cell.press("Shift+Enter")
    playwright.expect(lab.locator(".jp-OutputArea-output", has_text="42").first).to_be_visible(timeout=SLOW)
    opened = """async () => {
        const headers = {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]+)/)[1]};
        const made = await (await fetch('/api/terminals', {method: 'POST', headers})).json();
        const socket = new WebSocket(`wss://${location.host}/terminals/websocket/${made.name}`);
        return await new Promise(said => {
            socket.onmessage = message => said(message.data); socket.onerror = () => said('refused') })
    }"""
    assert lab.evaluate(opened) == '["setup", {}]'


def test_the_gallery_s_page_puts_a_notebook_here_and_can_do_nothing_else(
    lab: playwright.Page, server: Server, gallery: FakeGallery
) -> None:
    page = lab.context.new_page()
    page.goto(gallery.url)
    here = f"https://localhost:{server.port}"

    def fetched(path: str, method: str = "GET", body: str | None = None) -> int | str:
        """The status that the page sees, or ``blocked`` when the browser shows it nothing."""
        script = """async ([url, options]) => {
            try { return (await fetch(url, {credentials: 'include', ...options})).status }
            catch { return 'blocked' }
        }"""
        found: int | str = page.evaluate(
            script, [here + path, {"method": method, **({"body": body} if body else {})}]
        )
        return found

    # As nbgallery's "Run in Jupyter" does: is it there, and if not, here it is.
    assert fetched("/api/contents/sent.ipynb") == 404
    assert fetched("/post/sent.ipynb", "POST", json.dumps({"type": "notebook", "content": NOTEBOOK})) == 201
    assert (server.home / "notebooks" / "sent.ipynb").is_file()
    assert fetched("/api/contents/sent.ipynb") == 200
    # The page that has the token in it, and what runs code.
    for path, method in (
        ("/lab", "GET"),
        ("/api/kernels", "GET"),
        ("/api/kernels", "POST"),
        ("/api/terminals", "POST"),
    ):
        assert fetched(path, method) == "blocked", path
    socket = """url => new Promise(said => {
        const socket = new WebSocket(url)
        socket.onopen = () => said('open')
        socket.onerror = () => said('refused')
    })"""
    assert page.evaluate(socket, f"wss://localhost:{server.port}/api/events/subscribe") == "refused"
    page.close()


def test_a_page_of_another_origin_puts_nothing_here(
    lab: playwright.Page, server: Server, tmp_path: Path
) -> None:
    page = lab.context.new_page()
    body = json.dumps({"type": "notebook", "content": NOTEBOOK})
    script = """async ([url, body]) => {
        const options = {method: 'POST', credentials: 'include', body};
        try { return (await fetch(url, options)).status } catch { return 'blocked' }
    }"""
    # On the same site, so that the cookie is sent: what keeps it out is its origin alone.
    with standing(tmp_path) as other:
        page.goto(other.url)
        assert page.evaluate(script, [f"https://localhost:{server.port}/post/evil.ipynb", body]) == "blocked"
    assert not (server.home / "notebooks" / "evil.ipynb").exists()
    wait_until(lambda: "POST /post/evil.ipynb" in server.said)
    page.close()
