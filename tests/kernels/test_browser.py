"""The first session in JupyterLab, in a real browser: widgets, the debugger, nothing left of the progress."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")

from tests.image.browser import SLOW, Lab, chromium, screenshots_directory  # noqa: E402
from tests.kernels.conftest import Small  # noqa: E402
from tests.kernels.jupyter import serving  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(
        (shutil.which("chromium") or shutil.which("chromium-browser")) is None,
        reason="needs the system's Chromium",
    ),
]

WIDGET = """
import ipywidgets
slider, label = ipywidgets.IntSlider(20), ipywidgets.Label()
slider.observe(lambda change: setattr(label, "value", f"twice is {2 * change.new}"), "value")
display(slider, label)
"""


def test_widgets_and_the_debugger_are_there_in_the_session_that_installs_the_kernel(
    small: Small, jupyter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect = playwright.expect
    small.define(debugger=True)
    small.slow(6)
    monkeypatch.setenv("JUPYTER_PATH", str(Path(sys.prefix, "share/jupyter")))  # ipywidgets' part in the page
    with serving(jupyter, small.cwd) as server, chromium() as browser:
        lab = Lab.enter(browser, server, screenshots_directory(tmp_path / "screenshots"))
        lab.notebook("Small")
        first = lab.run(0, "n = 1")
        shown = lab.run(1, WIDGET.strip())
        expect(first).to_contain_text("Installing Small, once", timeout=SLOW)
        expect(lab.page.get_by_title("Enable Debugger", exact=True).first).to_be_enabled(timeout=SLOW)
        handle = shown.locator(".noUi-handle")
        expect(handle).to_be_visible(timeout=SLOW)
        expect(first).to_have_text("", timeout=SLOW)
        handle.press("ArrowRight")
        expect(shown).to_contain_text("twice is 42", timeout=SLOW)
        lab.picture("first-session")
