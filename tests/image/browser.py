"""JupyterLab in Debian's Chromium, driven by playwright."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

SLOW = 120_000
"""Milliseconds that a busy machine may take for what a person would wait for."""


class Served(Protocol):
    """A server that runs: the image's (:class:`tests.image.containers.Container`), or another."""

    @property
    def url(self) -> str: ...

    def token(self) -> str: ...


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        # Root, as the tests are, has no sandbox; proxies are not for what is on this machine.
        options = ["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Lab:
    """One page with JupyterLab in it."""

    page: Page
    screenshots: Path

    @classmethod
    def enter(cls, browser: Browser, container: Served, screenshots: Path) -> Lab:
        """Go past the certificate, log in with the printed token, and wait for the launcher."""
        context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
        context.set_default_timeout(SLOW)
        page = context.new_page()
        page.goto(f"{container.url}/lab")
        page.fill("#password_input", container.token())
        page.click("#login_submit")
        lab = cls(page, screenshots)
        expect(lab.cards("Notebook").first).to_be_visible(timeout=SLOW)
        return lab

    def cards(self, category: str, title: str | None = None) -> Locator:
        """The launcher's cards of a category, or the one that says ``title``."""
        cards = self.page.locator(f'.jp-LauncherCard[data-category="{category}"]')
        return cards if title is None else cards.filter(has_text=title)

    def notebook(self, kernel: str) -> None:
        """Choose ``kernel`` in the launcher; wait for the notebook's first cell and the kernel's answer."""
        self.cards("Notebook", kernel).first.click()
        self._answers()

    def open(self, file: str) -> None:
        """Open a notebook that the file browser lists; wait as :meth:`notebook` does."""
        self.page.locator(".jp-DirListing-item", has_text=file).dblclick()
        self._answers()

    def _answers(self) -> None:
        expect(self.page.locator(".jp-Notebook .jp-CodeCell .cm-content").first).to_be_visible(timeout=SLOW)
        # One that installs itself meanwhile is busy.
        answered = re.compile(r"\| (Idle|Busy)")
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text(answered, timeout=SLOW)

    def cell(self, number: int) -> Locator:
        """A cell of the open notebook, the first is 0."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run(self, number: int, code: str) -> Locator:
        """Type ``code`` into a cell and run it; where its output will be. The next cell is then there."""
        editor = self.cell(number).locator(".cm-content")
        editor.click()
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        expect(self.cell(number + 1)).to_be_attached(timeout=SLOW)
        return self.cell(number).locator(".jp-OutputArea")

    def again(self, number: int) -> Locator:
        """Run a cell as it is; where its output will be."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        return self.cell(number).locator(".jp-OutputArea")

    def picture(self, name: str) -> None:
        """Keep what is seen, as ``name``.png, where :func:`screenshots_directory` says."""
        self.page.screenshot(path=self.screenshots / f"{name}.png")


_TOLD = os.environ.get("CONDADEPS_SCREENSHOTS")  # before a test's settings are put aside


def screenshots_directory(otherwise: Path) -> Path:
    """``CONDADEPS_SCREENSHOTS`` (docs/images, to take the documentation's pictures anew), else elsewhere."""
    directory = Path(_TOLD).absolute() if _TOLD else otherwise
    directory.mkdir(parents=True, exist_ok=True)
    return directory
