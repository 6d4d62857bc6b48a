"""What a person sees: JupyterLab of the image, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")

from tests.image.browser import SLOW, Lab, chromium, screenshots_directory  # noqa: E402
from tests.image.conftest import Start  # noqa: E402
from tests.image.containers import Container  # noqa: E402

expect = playwright.expect
GALLERY = "https://gallery.example.org"


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """One browser for the tests here."""
    with chromium() as running:
        yield running


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go."""
    return screenshots_directory(tmp_path / "screenshots")


def test_the_browser_warns_of_the_certificate_and_the_token_opens_the_launcher(
    container: Start, browser: playwright.Browser, screenshots: Path
) -> None:
    running = container()
    strict = browser.new_context().new_page()
    with pytest.raises(playwright.Error, match="ERR_CERT_AUTHORITY_INVALID"):
        strict.goto(f"{running.url}/lab")
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(f"{running.url}/lab")
    assert re.search(r"/login\b", page.url)
    page.fill("#password_input", "0" * 48)
    page.click("#login_submit")
    expect(page.get_by_text("Invalid credentials")).to_be_visible()
    assert "Launcher" not in page.content()
    lab = Lab.enter(browser, running, screenshots)
    for kernel in ("Python 3", "Bash", "R", "Julia"):
        expect(lab.cards("Notebook", kernel).first).to_be_visible()
    lab.picture("image-launcher")
    # Without a gallery its menu would throw: it is not there.
    assert lab.page.locator(".lm-MenuBar-itemLabel", has_text="Gallery").count() == 0


def test_a_cell_installs_into_the_image_and_the_next_imports(
    container: Start, browser: playwright.Browser, screenshots: Path, shared_directory: Path
) -> None:
    running = container(
        env={"NBGALLERY_URL": GALLERY, "NOTEBOOK_DIR": "/home/jovyan/work"},
        volumes={shared_directory: "/home/jovyan/work"},
    )
    lab = Lab.enter(browser, running, screenshots)
    expect(lab.page.locator(".lm-MenuBar-itemLabel", has_text="Gallery")).to_be_visible(timeout=SLOW)
    lab.notebook("Python 3")
    output = lab.run(0, "%condadeps pandas humanize")
    expect(output).to_contain_text("recorded in environment.yml", timeout=2 * SLOW)
    output = lab.run(1, "import humanize, pandas, sys; print(sys.prefix, humanize.intword(10**9))")
    expect(output).to_contain_text("/opt/conda/envs/python3 1.0 billion", timeout=SLOW)
    recorded = (shared_directory / "environment.yml").read_text("utf-8")
    assert "pandas" in recorded and "humanize" in recorded
    lab.page.locator(".lm-MenuBar-itemLabel", has_text="Gallery").click()
    lab.picture("image-gallery")


def test_bash_comes_on_first_use(container: Start, browser: playwright.Browser, screenshots: Path) -> None:
    lab = Lab.enter(browser, container(), screenshots)
    lab.notebook("Bash")
    output = lab.run(0, "echo $((6 * 7)) from $BASH")
    expect(output).to_contain_text("Installing Bash, once", timeout=SLOW)
    lab.picture("image-first-use")
    expect(output).to_contain_text("42 from", timeout=2 * SLOW)


def test_another_python_comes_on_first_use(
    container: Start, browser: playwright.Browser, screenshots: Path
) -> None:
    running: Container = container()
    lab = Lab.enter(browser, running, screenshots)
    listed = running.exec("jupyter", "kernelspec", "list").stdout
    (name,) = re.findall(r"python3\.\d+", listed.replace("/", " "))[:1]
    lab.notebook(f"Python {name.removeprefix('python')}")
    output = lab.run(0, "import sys; print('runs in', sys.prefix)")
    expect(output).to_contain_text(
        f"runs in /home/jovyan/.local/share/condadeps/kernels/{name}", timeout=2 * SLOW
    )
